-- Figures of whole days. A stored day is a cache, never the truth: the overview takes it only while it still holds
-- (see dashboard.valid_days) and computes every other day from the dialogs themselves, by the same functions.

create table if not exists dashboard.metrics_dailies (
  id bigserial primary key,
  tenant_id uuid,
  day date not null,
  dialogs_started integer,
  bookings integer,
  conversion numeric,
  avg_response_ms integer,
  digest_sent_at timestamp,
  created_at timestamp not null,
  updated_at timestamp not null
);

-- response_*: a histogram in tenths of a second, so that medians of any period can be had from days.
-- gap_*: how many clients came on this day whose day with a dialog before it lies that many days back (0 = never).
--   A client counts once in a period when its gap reaches out of the period, so distinct clients add up from days too.
alter table dashboard.metrics_dailies
  alter column created_at set default (now() at time zone 'utc'),
  alter column updated_at set default (now() at time zone 'utc'),
  add column if not exists computed_at timestamptz,
  add column if not exists version smallint,
  add column if not exists timezone text,
  add column if not exists currency text,
  add column if not exists cancelled integer,
  add column if not exists revenue numeric,
  add column if not exists paid_bookings integer,
  add column if not exists other_amounts jsonb,
  add column if not exists wanted integer,
  add column if not exists service_chosen integer,
  add column if not exists staff_chosen integer,
  add column if not exists answered integer,
  add column if not exists response_count integer,
  add column if not exists response_ms_total numeric,
  add column if not exists response_tenths integer[],
  add column if not exists response_counts integer[],
  add column if not exists gap_days integer[],
  add column if not exists gap_counts integer[],
  add column if not exists duplicate_of bigint references dashboard.metrics_dailies (id);

update dashboard.metrics_dailies m
set duplicate_of = newest.id
from (select tenant_id, day, max(id) as id from dashboard.metrics_dailies where duplicate_of is null group by 1, 2) newest
where m.tenant_id is not distinct from newest.tenant_id and m.day = newest.day and m.id <> newest.id
  and m.duplicate_of is null;

create unique index if not exists metrics_dailies_tenant_id_day_key
  on dashboard.metrics_dailies (tenant_id, day) where duplicate_of is null;

create table if not exists dashboard.metrics_breakdowns (
  tenant_id uuid not null,
  day date not null,
  dimension text not null check (dimension in ('service', 'staff', 'hour')),
  key text not null,
  dialogs integer not null default 0,
  bookings integer not null default 0,
  revenue numeric not null default 0,
  primary key (tenant_id, day, dimension, key)
);

-- Up to which moment of archiving the stored days of a salon are complete.
create table if not exists dashboard.metrics_watermarks (
  tenant_id uuid primary key,
  collected_until timestamptz not null
);

do $$
declare
  name text;
begin
  foreach name in array array['metrics_dailies', 'metrics_breakdowns', 'metrics_watermarks'] loop
    execute format('alter table dashboard.%I enable row level security', name);
    execute format('grant select on dashboard.%I to dashboard_app', name);
    execute format('drop policy if exists %I on dashboard.%I', 'people read the figures of their salon', name);
    execute format($policy$
      create policy %I on dashboard.%I for select to dashboard_app using (
        tenant_id = (select dashboard.current_tenant()) or (select dashboard.current_role()) = 'system'
      )$policy$, 'people read the figures of their salon', name);
  end loop;
end
$$;

-- Rises whenever a definition changes: days that were stored under an older one are computed anew.
create or replace function dashboard.metrics_version() returns smallint
language sql immutable set search_path = '' as $$ select 1::smallint $$;

-- The moment at which a day of the salon begins: where clocks are put back at midnight, the first of the two.
create or replace function dashboard.day_start(day date, zone text) returns timestamptz
language sql immutable set search_path = ''
as $$
  select case when pg_catalog.timezone(zone, m.at - interval '1 hour') >= day::timestamp
    then m.at - interval '1 hour' else m.at end
  from (select pg_catalog.timezone(zone, day::timestamp) as at) m
$$;

-- The functions that compute days are planned once per connection: their plans do not depend on which days are asked for,
-- and planning them takes longer than running them for one day.

-- Response times of the dialogs started in [first, last]: from the first of a run of the client's messages to the
-- bot's first reply. Messages of other roles neither open nor close a run.
create or replace function dashboard.response_times(tenant uuid, zone text, first_day date, last_day date)
returns table (day date, session_id uuid, response_ms numeric)
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
  since timestamptz := dashboard.day_start(first_day, zone);
  until timestamptz := dashboard.day_start(last_day + 1, zone);
begin
  return query
  with dialog as materialized (
    select distinct on (d.session_id) d.session_id, d.started_at,
      case when d.is_active then 'infinity' else d.last_activity_at end as last_at
    from dashboard.dialogs d
    where d.tenant_id = tenant and d.started_at >= since and d.started_at < until
    order by d.session_id, d.started_at
  ), message as (
    select d.session_id, d.started_at, m.role, m.created_at, m.id
    from dialog d join public.recent_history_v2 m on m.tenant_id = tenant and m.session_id = d.session_id
    where m.role in ('user', 'assistant')
    union all
    select m.session_id, m.started_at, m.role, m.created_at, m.id
    from dashboard.unlinked_messages m
    where m.tenant_id = tenant and m.created_at >= since and m.started_at >= since and m.started_at < until
      and m.created_at <= (select max(d.last_at) from dialog d) and m.role in ('user', 'assistant')
  ), turn as (
    select m.*, lag(m.role) over dialog_order as before
    from message m window dialog_order as (partition by m.session_id order by m.created_at, m.id)
  ), run_start as (
    select t.*, lead(t.role) over dialog_order as next_role, lead(t.created_at) over dialog_order as next_at
    from turn t where t.role is distinct from t.before
    window dialog_order as (partition by t.session_id order by t.created_at, t.id)
  )
  select (r.started_at at time zone zone)::date, r.session_id,
    extract(epoch from r.next_at - r.created_at) * 1000
  from run_start r where r.role = 'user' and r.next_role = 'assistant' and isfinite(r.created_at) and isfinite(r.next_at);
end
$$;

-- The figures of each day in [first, last], computed from the dialogs.
create or replace function dashboard.compute_days(tenant uuid, zone text, home_currency text, first_day date, last_day date)
returns table (
  day date, dialogs_started integer, bookings integer, cancelled integer, revenue numeric, paid_bookings integer,
  other_amounts jsonb, wanted integer, service_chosen integer, staff_chosen integer, answered integer,
  response_count integer, response_ms_total numeric, response_tenths integer[], response_counts integer[],
  gap_days integer[], gap_counts integer[]
)
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
  return query
  with fact as materialized (
    select (d.started_at at time zone zone)::date as day, d.client_id, d.reached, d.is_booked,
      d.is_booked and d.booking_status is distinct from 'cancelled' and d.amount is not null as is_paid,
      d.booking_status, d.amount, coalesce(d.currency, home_currency) as currency
    from dashboard.dialogs d
    where d.tenant_id = tenant and d.started_at >= dashboard.day_start(first_day, zone)
      and d.started_at < dashboard.day_start(last_day + 1, zone)
  ), figures as (
    select f.day, count(*)::int as dialogs_started,
      (count(*) filter (where f.is_booked))::int as bookings,
      (count(*) filter (where f.is_booked and f.booking_status = 'cancelled'))::int as cancelled,
      coalesce(sum(f.amount) filter (where f.is_paid and f.currency = home_currency), 0) as revenue,
      (count(*) filter (where f.is_paid and f.currency = home_currency))::int as paid_bookings,
      (count(*) filter (where f.reached >= 2))::int as wanted,
      (count(*) filter (where f.reached >= 3))::int as service_chosen,
      (count(*) filter (where f.reached >= 4))::int as staff_chosen
    from fact f group by f.day
  ), other as (
    select o.day, jsonb_object_agg(o.currency, o.amount) as other_amounts
    from (select f.day, f.currency, sum(f.amount) as amount from fact f
      where f.is_paid and f.currency <> home_currency group by 1, 2) o
    group by o.day
  ), response as materialized (
    select * from dashboard.response_times(tenant, zone, first_day, last_day)
  ), response_total as (
    select r.day, count(*)::int as response_count, sum(r.response_ms) as response_ms_total,
      count(distinct r.session_id)::int as answered
    from response r group by r.day
  ), response_bucket as (
    select b.day, array_agg(b.tenths order by b.tenths) as response_tenths, array_agg(b.n order by b.tenths) as response_counts
    from (select r.day, least(round(r.response_ms / 100.0), 2147483647)::int as tenths, count(*)::int as n from response r group by 1, 2) b
    group by b.day
  ), client_day as (
    select c.day, c.client_id, lag(c.day) over (partition by c.client_id order by c.day) as before
    from (select distinct f.day, f.client_id from fact f where f.client_id is not null) c
  ), gap as (
    select c.day, coalesce(c.day - coalesce(c.before, (earlier.at at time zone zone)::date), 0) as days, count(*)::int as n
    from client_day c
    left join lateral (
      select max(e.at) as at from (
        (select d.started_at as at from public.conversation_sessions_v2 d
          where c.before is null and d.tenant_id = tenant and d.user_id = c.client_id
            and d.started_at < dashboard.day_start(first_day, zone)
          order by d.started_at desc limit 1)
        union all
        (select a.created_at from public.active_sessions_v2 a
          where c.before is null and a.tenant_id = tenant and a.user_id = c.client_id
            and a.created_at < dashboard.day_start(first_day, zone) and not exists (
              select from public.conversation_sessions_v2 d where d.tenant_id = tenant and d.session_id = a.session_id)
          order by a.created_at desc limit 1)
      ) e
    ) earlier on true
    group by 1, 2
  ), gap_bucket as (
    select g.day, array_agg(g.days order by g.days) as gap_days, array_agg(g.n order by g.days) as gap_counts
    from gap g group by g.day
  )
  select s.day, coalesce(f.dialogs_started, 0), coalesce(f.bookings, 0), coalesce(f.cancelled, 0),
    coalesce(f.revenue, 0), coalesce(f.paid_bookings, 0), coalesce(o.other_amounts, '{}'), coalesce(f.wanted, 0),
    coalesce(f.service_chosen, 0), coalesce(f.staff_chosen, 0), coalesce(r.answered, 0),
    coalesce(r.response_count, 0), coalesce(r.response_ms_total, 0), coalesce(b.response_tenths, '{}'),
    coalesce(b.response_counts, '{}'), coalesce(g.gap_days, '{}'), coalesce(g.gap_counts, '{}')
  from (select first_day + n as day from generate_series(0, last_day - first_day) n) s
  left join figures f on f.day = s.day
  left join other o on o.day = s.day
  left join response_total r on r.day = s.day
  left join response_bucket b on b.day = s.day
  left join gap_bucket g on g.day = s.day;
end
$$;

-- The same days by service, by specialist and by hour. A booking's amount is split equally over its services; what
-- names none goes to the empty key, so that the amounts of each dimension add up to the revenue.
-- Keys of 'hour': 'W-HH', W = 1 (Monday) to 7, salon time.
create or replace function dashboard.compute_breakdowns(
  tenant uuid, zone text, home_currency text, first_day date, last_day date
)
returns table (day date, dimension text, key text, dialogs integer, bookings integer, revenue numeric)
language plpgsql stable set search_path = '' set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
  return query
  with fact as materialized (
    select d.started_at at time zone zone as started, d.is_booked, d.meta,
      case when d.is_booked and d.booking_status is distinct from 'cancelled'
        and coalesce(d.currency, home_currency) = home_currency then coalesce(d.amount, 0) else 0 end as revenue
    from dashboard.dialogs d
    where d.tenant_id = tenant and d.started_at >= dashboard.day_start(first_day, zone)
      and d.started_at < dashboard.day_start(last_day + 1, zone)
  ), booking as materialized (
    select f.started::date as day, f.revenue, dashboard.service_keys(f.meta) as services, dashboard.staff_key(f.meta) as staff
    from fact f where f.is_booked
  )
  select b.day, 'service', s.key, 0, count(*)::int, sum(b.revenue / greatest(cardinality(b.services), 1))
  from booking b, lateral unnest(case when b.services = '{}' then array[''] else b.services end) s(key)
  group by b.day, s.key
  union all
  select b.day, 'staff', b.staff, 0, count(*)::int, sum(b.revenue) from booking b group by b.day, b.staff
  union all
  select f.started::date, 'hour', to_char(f.started, 'ID-HH24'), count(*)::int, (count(*) filter (where f.is_booked))::int,
    sum(f.revenue)
  from fact f group by f.started::date, to_char(f.started, 'ID-HH24');
end
$$;

-- Days whose dialogs changed after they were stored: a dialog of that day was archived later or still goes on, or
-- such a dialog's client (or booking) appears again on a later day, where "new" or "counted before" may have changed,
-- or it began within another dialog of its client, whose messages without a session may be its own.
create or replace function dashboard.changed_days(tenant uuid, zone text, since timestamptz, before timestamptz)
returns setof date
language plpgsql stable set search_path = '' set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
begin
  return query
  with late as materialized (
    select c.user_id, c.booking_id, c.started_at from public.conversation_sessions_v2 c
    where c.tenant_id = tenant and c.created_at > since and c.started_at < before
    union all
    select a.user_id, null, a.created_at from public.active_sessions_v2 a
    where a.tenant_id = tenant and a.created_at < before and not exists (
      select from public.conversation_sessions_v2 c where c.tenant_id = tenant and c.session_id = a.session_id)
  )
  select (l.started_at at time zone zone)::date from late l
  union
  select (c.started_at at time zone zone)::date from late l join public.conversation_sessions_v2 c
    on c.tenant_id = tenant and c.user_id = l.user_id and c.started_at > l.started_at and c.started_at < before
  union
  select (c.started_at at time zone zone)::date from late l join public.conversation_sessions_v2 c
    on c.tenant_id = tenant and c.booking_id = l.booking_id and c.started_at > l.started_at and c.started_at < before
  union
  select (c.started_at at time zone zone)::date from late l join public.conversation_sessions_v2 c
    on c.tenant_id = tenant and c.user_id = l.user_id and c.started_at < l.started_at
    and l.started_at <= coalesce(c.ended_at, c.started_at + make_interval(secs => c.duration_sec), c.created_at);
end
$$;

-- The stored days of [first, last] that still hold.
create or replace function dashboard.valid_days(tenant uuid, zone text, home_currency text, first_day date, last_day date)
returns setof date
language plpgsql stable set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  stored date[];
  today date := (now() at time zone zone)::date;
  watermark timestamptz := (select w.collected_until from dashboard.metrics_watermarks w where w.tenant_id = tenant);
begin
  if watermark is null then return; end if;
  select array_agg(m.day) into stored from dashboard.metrics_dailies m
  where m.tenant_id = tenant and m.day between valid_days.first_day and valid_days.last_day and m.day < today
    and m.duplicate_of is null and m.computed_at >= dashboard.day_start(m.day + 1, zone)
    and m.version = dashboard.metrics_version() and m.timezone = zone and m.currency = home_currency;
  if stored is null then return; end if;
  return query
    select unnest(stored)
    except
    select dashboard.changed_days(tenant, zone, watermark, dashboard.day_start((select max(d) from unnest(stored) d) + 1, zone));
end
$$;

-- Stores the figures of the salon's complete days in [first, last], and with them every stored day that changed since
-- the last run; safe to run twice and at once with itself. Answers with the number of days stored.
-- A day with a dialog that still goes on is not valid yet (computed_at null): the bot may drop that dialog unarchived.
-- Days stored under another time zone, currency or definition never hold again (version 0): from now on the watermark
-- says nothing of them. They are stored anew when somebody collects them.
-- The watermark stays ten minutes behind for transactions that were under way.
create or replace function dashboard.collect_metrics(tenant uuid, first_day date, last_day date) returns integer
language plpgsql security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  zone text := dashboard.salon_timezone(tenant);
  home_currency text := dashboard.salon_currency(tenant);
  today date := (now() at time zone zone)::date;
  started timestamptz := clock_timestamp();
  watermark timestamptz;
  part record;
  stored integer := 0;
begin
  if not dashboard.is_system() then raise sqlstate 'PT403' using message = 'only jobs collect metrics'; end if;
  perform pg_advisory_xact_lock(hashtextextended('metrics:' || tenant::text, 0));
  select w.collected_until into watermark from dashboard.metrics_watermarks w where w.tenant_id = tenant;
  update dashboard.metrics_dailies m set version = 0 where m.tenant_id = tenant and m.version > 0
    and (m.timezone, m.currency, m.version) is distinct from (zone, home_currency, dashboard.metrics_version());
  for part in
    with due as (
      select first_day + n as day from generate_series(0, least(last_day, today - 1) - first_day) n
      union
      select c.day from dashboard.changed_days(tenant, zone, watermark, dashboard.day_start(today, zone)) c(day)
        join dashboard.metrics_dailies m on m.tenant_id = tenant and m.day = c.day and m.version > 0
        where watermark is not null
      union
      select m.day from dashboard.metrics_dailies m where m.tenant_id = tenant and m.version > 0
        and m.computed_at is null
    )
    select min(day) as first_day, max(day) as last_day
    from (select day, day - row_number() over (order by day)::int as island from due) d group by island order by 1
  loop
    perform dashboard.store_days(tenant, zone, home_currency, part.first_day, part.last_day, started);
    stored := stored + part.last_day - part.first_day + 1;
  end loop;
  update dashboard.metrics_dailies m set computed_at = null where m.tenant_id = tenant and m.version > 0
    and m.day in (select dashboard.changed_days(tenant, zone, 'infinity', 'infinity'));
  insert into dashboard.metrics_watermarks values (tenant, started - interval '10 minutes')
  on conflict (tenant_id) do update set collected_until = excluded.collected_until;
  return stored;
end
$$;

-- Writes the days [first, last] into the store.
create or replace function dashboard.store_days(
  tenant uuid, zone text, home_currency text, first_day date, last_day date, at timestamptz
) returns void
language plpgsql security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
begin
  insert into dashboard.metrics_dailies (tenant_id, day, dialogs_started, bookings, conversion, avg_response_ms,
    cancelled, revenue, paid_bookings, other_amounts, wanted, service_chosen, staff_chosen, answered, response_count,
    response_ms_total, response_tenths, response_counts, gap_days, gap_counts, computed_at, version, timezone, currency)
  select tenant, d.day, d.dialogs_started, d.bookings, round(d.bookings::numeric / nullif(d.dialogs_started, 0), 6),
    least(d.response_ms_total / nullif(d.response_count, 0), 2147483647)::int, d.cancelled, d.revenue, d.paid_bookings, d.other_amounts,
    d.wanted, d.service_chosen, d.staff_chosen, d.answered, d.response_count, d.response_ms_total, d.response_tenths,
    d.response_counts, d.gap_days, d.gap_counts, at, dashboard.metrics_version(), zone, home_currency
  from dashboard.compute_days(tenant, zone, home_currency, first_day, last_day) d
  on conflict (tenant_id, day) where duplicate_of is null do update set
    (dialogs_started, bookings, conversion, avg_response_ms, cancelled, revenue, paid_bookings, other_amounts, wanted,
     service_chosen, staff_chosen, answered, response_count, response_ms_total, response_tenths, response_counts,
     gap_days, gap_counts, computed_at, version, timezone, currency, updated_at)
    = (excluded.dialogs_started, excluded.bookings, excluded.conversion, excluded.avg_response_ms, excluded.cancelled,
     excluded.revenue, excluded.paid_bookings, excluded.other_amounts, excluded.wanted, excluded.service_chosen,
     excluded.staff_chosen, excluded.answered, excluded.response_count, excluded.response_ms_total,
     excluded.response_tenths, excluded.response_counts, excluded.gap_days, excluded.gap_counts, excluded.computed_at,
     excluded.version, excluded.timezone, excluded.currency, now() at time zone 'utc');
  delete from dashboard.metrics_breakdowns b
  where b.tenant_id = tenant and b.day between store_days.first_day and store_days.last_day;
  insert into dashboard.metrics_breakdowns
  select tenant, b.* from dashboard.compute_breakdowns(tenant, zone, home_currency, first_day, last_day) b;
end
$$;

-- A stored day whose archived dialog the bot changed afterwards (a cancelled booking) is computed anew from now on, and
-- with it the days of the other dialogs with that booking: it counts in the earliest of them.
create or replace function dashboard.forget_stored_day(tenant uuid, session uuid) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  if not dashboard.is_system() then
    raise sqlstate 'PT403' using message = 'only the live feed reports changes';
  end if;
  update dashboard.metrics_dailies m set computed_at = null
  from (
    select c.started_at from public.conversation_sessions_v2 c where c.tenant_id = tenant and c.session_id = session
    union
    select other.started_at from public.conversation_sessions_v2 c join public.conversation_sessions_v2 other
      on other.tenant_id = tenant and other.booking_id = c.booking_id
    where c.tenant_id = tenant and c.session_id = session
  ) changed
  where m.tenant_id = tenant and m.day = (changed.started_at at time zone m.timezone)::date;
end
$$;

do $$
declare
  signature text;
begin
  for signature in
    select p.oid::regprocedure::text from pg_proc p where p.pronamespace = 'dashboard'::regnamespace
  loop
    execute format('revoke execute on function %s from public', signature);
  end loop;
end
$$;
grant execute on function dashboard.metrics_version(), dashboard.day_start(date, text),
  dashboard.response_times(uuid, text, date, date), dashboard.compute_days(uuid, text, text, date, date),
  dashboard.compute_breakdowns(uuid, text, text, date, date),
  dashboard.changed_days(uuid, text, timestamptz, timestamptz),
  dashboard.valid_days(uuid, text, text, date, date), dashboard.collect_metrics(uuid, date, date),
  dashboard.forget_stored_day(uuid, uuid) to dashboard_app;
