-- Figures of each client: how often, when, for how much. A cache, never the truth: whoever reads it first has it brought
-- up to date (dashboard.refresh_clients), which costs as much as has changed. docs/METRICS.md explains them to users.

create table if not exists dashboard.client_figures (
  tenant_id uuid not null,
  client_id uuid not null,
  dialogs integer not null,
  active_dialogs integer not null,
  bookings integer not null,
  cancelled integer not null,
  revenue numeric not null,
  paid_bookings integer not null,
  first_dialog_at timestamptz,
  last_dialog_at timestamptz,
  channel text,
  visits integer not null,
  last_visit_at timestamptz,
  last_visit_day date,
  next_visit_at timestamptz,
  own_interval numeric,
  memory_interval numeric,
  visit_interval numeric,
  interval_source text check (interval_source in ('own', 'memory', 'salon')),
  due_day date,
  staff_key text not null,
  service_key text not null,
  opted_out boolean not null,
  yearly_value numeric not null,
  stale_at timestamptz,
  computed_at timestamptz not null,
  primary key (tenant_id, client_id)
);
comment on column dashboard.client_figures.stale_at is 'when the live feed heard that the bot changed what they rest on';
comment on column dashboard.client_figures.revenue is 'in the salon''s currency, of bookings that are not cancelled';
comment on column dashboard.client_figures.own_interval is 'days, median between days with a visit; null with fewer than two';
comment on column dashboard.client_figures.visit_interval is 'days; own_interval, else memory_interval, else the salon''s';
comment on column dashboard.client_figures.due_day is 'the first day on which the overdue ratio reaches 1';
comment on column dashboard.client_figures.yearly_value is 'average booking x 365 / visit_interval, of a visit a week at most';

create index if not exists client_figures_contact_idx on dashboard.client_figures
  (tenant_id, (coalesce(last_dialog_at, '-infinity')) desc, client_id desc);
create index if not exists client_figures_revenue_idx on dashboard.client_figures (tenant_id, revenue desc, client_id desc);
create index if not exists client_figures_visits_idx on dashboard.client_figures (tenant_id, visits desc, client_id desc);
create index if not exists client_figures_value_idx on dashboard.client_figures
  (tenant_id, yearly_value desc, client_id desc) include (due_day);
create index if not exists client_figures_next_idx on dashboard.client_figures (tenant_id, next_visit_at)
  where next_visit_at is not null;
create index if not exists client_figures_staff_idx on dashboard.client_figures (tenant_id, staff_key, client_id);
create index if not exists client_figures_active_idx on dashboard.client_figures (tenant_id, client_id)
  where active_dialogs > 0 or stale_at is not null;
create index if not exists client_figures_opted_out_idx on dashboard.client_figures (tenant_id, client_id) where opted_out;

-- Up to which moment the figures of a salon are complete, and what they rest on: when that changes, all are made anew.
create table if not exists dashboard.client_watermarks (
  tenant_id uuid primary key,
  refreshed_until timestamptz not null,
  timezone text not null,
  currency text not null,
  version smallint not null,
  salon_interval numeric,
  interval_day date,
  is_counting boolean not null default false,
  counted_to uuid,
  counted integer not null default 0,
  rechecked_on date,
  rechecked_to uuid
);
comment on column dashboard.client_watermarks.is_counting is 'all clients are being made anew, in the order of their ids';
comment on column dashboard.client_watermarks.counted_to is 'the last client of the parts that are done';
comment on column dashboard.client_watermarks.salon_interval is 'days; the median of all clients'' own intervals';

do $$
declare
  name text;
begin
  foreach name in array array['client_figures', 'client_watermarks'] loop
    execute format('alter table dashboard.%I enable row level security', name);
    execute format('grant select on dashboard.%I to dashboard_app', name);
    execute format('drop policy if exists %I on dashboard.%I', 'people read the figures of their salon''s clients', name);
    execute format($policy$
      create policy %I on dashboard.%I for select to dashboard_app using (
        tenant_id = (select dashboard.current_tenant()) or (select dashboard.current_role()) = 'system'
      )$policy$, 'people read the figures of their salon''s clients', name);
  end loop;
end
$$;

-- Rises whenever a definition changes: all figures are then made anew.
create or replace function dashboard.clients_version() returns smallint
language sql immutable set search_path = '' as $$ select 1::smallint $$;

-- The days between two visits as the bot remembers them; null for what is no number of days from 1 to 3,650.
create or replace function dashboard.remembered_interval(memory jsonb) returns numeric
language sql immutable set search_path = ''
as $$
  select case when v.days between 1 and 3650 then round(v.days, 2) end
  from (select case when m.words ~ '^[0-9]{1,5}(\.[0-9]{1,20})?$' then m.words::numeric end as days
    from (select memory ->> 'avg_visit_interval' as words) m) v
$$;

-- The figures of some clients of a salon, computed from their dialogs. `salon_interval` is for those whose rhythm is not
-- known. Planned anew for each call, but not by the setting for that: it would reach into the functions that read each row.
-- A booking counts in its earliest dialog; moments that no clock shows make no visit.
create or replace function dashboard.compute_clients(
  tenant uuid, zone text, home_currency text, salon_interval numeric, clients uuid[]
) returns setof dashboard.client_figures
language plpgsql stable security definer set search_path = '' set jit = off
as $$
begin
  return query execute $query$
  with fact as materialized (
    select d.client_id, d.is_active, d.channel, d.started_at, d.is_booked, d.booking_status, d.booking_at,
      case when d.is_booked and d.booking_status is distinct from 'cancelled'
        and coalesce(d.currency, $3) = $3 then d.amount end as amount,
      d.is_booked and d.booking_status is distinct from 'cancelled' and d.booking_at >= '2000-01-01'
        and d.booking_at <= now() as is_visit,
      case when d.is_booked then d.meta end as meta
    from dashboard.dialogs d
    where d.tenant_id = $1 and d.client_id = any ($5)
  ), total as (
    select f.client_id as whose, count(*)::int as dialogs, (count(*) filter (where f.is_active))::int as active_dialogs,
      (count(*) filter (where f.is_booked))::int as bookings,
      (count(*) filter (where f.is_booked and f.booking_status = 'cancelled'))::int as cancelled,
      coalesce(sum(f.amount), 0) as revenue, count(f.amount)::int as paid_bookings,
      min(f.started_at) as first_dialog_at, max(f.started_at) as last_dialog_at,
      (count(*) filter (where f.is_visit))::int as visits, max(f.booking_at) filter (where f.is_visit) as last_visit_at,
      min(f.booking_at) filter (where f.is_booked and f.booking_status is distinct from 'cancelled'
        and f.booking_at > now() and isfinite(f.booking_at)) as next_visit_at
    from fact f group by f.client_id
  ), last_channel as (
    select distinct on (f.client_id) f.client_id, f.channel from fact f
    order by f.client_id, f.started_at desc, f.channel
  ), visit_day as (
    select v.client_id, v.day - lag(v.day) over (partition by v.client_id order by v.day) as days
    from (select distinct f.client_id, (f.booking_at at time zone $2)::date as day from fact f where f.is_visit) v
  ), rhythm as (
    select v.client_id, round((percentile_cont(0.5) within group (order by v.days))::numeric, 1) as own_interval
    from visit_day v where v.days is not null group by v.client_id
  ), salon as (
    select $4 as days
  ), booking as materialized (
    select f.client_id, f.started_at, dashboard.staff_key(f.meta) as staff, dashboard.service_keys(f.meta) as services
    from fact f where f.is_booked
  ), staff as (
    select distinct on (b.client_id) b.client_id, b.staff as key from booking b where b.staff <> ''
    group by b.client_id, b.staff order by b.client_id, count(*) desc, max(b.started_at) desc, b.staff
  ), service as (
    select distinct on (b.client_id) b.client_id, s.key from booking b, unnest(b.services) s(key)
    group by b.client_id, s.key order by b.client_id, count(*) desc, max(b.started_at) desc, s.key
  ), known as (
    select c.id as client_id, t.*, (t.last_visit_at at time zone $2)::date as last_visit_day, r.own_interval,
      dashboard.remembered_interval(m.ltm_data) as memory_interval,
      not (coalesce(m.allow_notifications, true)
        and (o.opted_out_at is null or coalesce(m.updated_at > o.opted_out_at, false))) as opted_out
    from public.clients_v2 c
    left join total t on t.whose = c.id
    left join rhythm r on r.client_id = c.id
    left join public.user_ltm_v2 m on m.tenant_id = $1 and m.user_id = c.id
    left join dashboard.client_opt_outs o on o.tenant_id = $1 and o.client_id = c.id
    where c.tenant_id = $1 and c.id = any ($5)
  )
  select $1, k.client_id, coalesce(k.dialogs, 0), coalesce(k.active_dialogs, 0), coalesce(k.bookings, 0),
    coalesce(k.cancelled, 0), coalesce(k.revenue, 0), coalesce(k.paid_bookings, 0), k.first_dialog_at, k.last_dialog_at,
    l.channel, coalesce(k.visits, 0), k.last_visit_at, k.last_visit_day, k.next_visit_at, k.own_interval,
    k.memory_interval, i.days, case i.days when k.own_interval then 'own' when k.memory_interval then 'memory'
      when salon.days then 'salon' end,
    k.last_visit_day + ceil(i.days)::int, coalesce(s.key, ''), coalesce(v.key, ''), k.opted_out,
    coalesce(round(k.revenue / nullif(k.paid_bookings, 0) * 365 / case when i.days < 7 then 7 else i.days end, 2), 0), null::timestamptz, now()
  from known k
  cross join salon
  cross join lateral (select coalesce(k.own_interval, k.memory_interval,
    case when k.last_visit_day is not null then salon.days end) as days) i
  left join last_channel l on l.client_id = k.client_id
  left join staff s on s.client_id = k.client_id
  left join service v on v.client_id = k.client_id
  $query$ using tenant, zone, home_currency, salon_interval, clients;
end
$$;

-- The right to write a salon's figures until the transaction ends; false when somebody else has it for long. With it there
-- is one who writes at a time, and nobody waits for rows of somebody who waits for one's own.
create or replace function dashboard.claim_clients(tenant uuid) returns boolean
language plpgsql security definer set search_path = '' set lock_timeout = '2s'
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('clients:' || tenant::text, 0));
  return true;
exception when lock_not_available then
  return false;
end
$$;

-- Computes some clients anew and keeps what differs from what is kept; for who has claimed the salon.
create or replace function dashboard.store_clients(
  tenant uuid, zone text, home_currency text, salon_interval numeric, clients uuid[]
) returns void
language sql security definer set search_path = ''
as $$
  insert into dashboard.client_figures as f
  select n.* from dashboard.compute_clients(tenant, zone, home_currency, salon_interval, clients) n
  where not exists (select from dashboard.client_figures k where k.tenant_id = n.tenant_id and k.client_id = n.client_id
    and to_jsonb(k) - 'computed_at' = to_jsonb(n) - 'computed_at')
  order by n.client_id
  on conflict (tenant_id, client_id) do update set
    (dialogs, active_dialogs, bookings, cancelled, revenue, paid_bookings, first_dialog_at, last_dialog_at, channel,
     visits, last_visit_at, last_visit_day, next_visit_at, own_interval, memory_interval, visit_interval,
     interval_source, due_day, staff_key, service_key, opted_out, yearly_value, stale_at, computed_at)
    = (excluded.dialogs, excluded.active_dialogs, excluded.bookings, excluded.cancelled, excluded.revenue,
     excluded.paid_bookings, excluded.first_dialog_at, excluded.last_dialog_at, excluded.channel, excluded.visits,
     excluded.last_visit_at, excluded.last_visit_day, excluded.next_visit_at, excluded.own_interval,
     excluded.memory_interval, excluded.visit_interval, excluded.interval_source, excluded.due_day, excluded.staff_key,
     excluded.service_key, excluded.opted_out, excluded.yearly_value,
     case when f.stale_at > excluded.computed_at then f.stale_at end, excluded.computed_at)
$$;

-- Clients whose figures may have changed since a moment, or wait for the clock: by what each of them rests on.
create or replace function dashboard.changed_clients(tenant uuid, since timestamptz) returns uuid[]
language plpgsql stable security definer set search_path = ''
as $$
declare
  found uuid[];
begin
  execute $query$
    with late as materialized (
      select c.user_id, c.booking_id, c.started_at from public.conversation_sessions_v2 c
      where c.tenant_id = $1 and c.created_at > $2
    ), going_on as (
      select a.user_id, count(*) as n, max(a.created_at) as at from public.active_sessions_v2 a
      where a.tenant_id = $1 and not exists (
        select from public.conversation_sessions_v2 c where c.tenant_id = $1 and c.session_id = a.session_id)
      group by a.user_id
    ), found as (
      select l.user_id as id from late l
      union
      select c.user_id from late l join public.conversation_sessions_v2 c
        on c.tenant_id = $1 and c.booking_id = l.booking_id and c.started_at >= l.started_at
      union
      select g.user_id from going_on g
        left join dashboard.client_figures f on f.tenant_id = $1 and f.client_id = g.user_id
      where f.active_dialogs is distinct from g.n or f.last_dialog_at is null or f.last_dialog_at < g.at
      union
      select f.client_id from dashboard.client_figures f
      where f.tenant_id = $1 and (f.active_dialogs > 0 or f.stale_at is not null)
        and (f.stale_at is not null or not exists (select from going_on g where g.user_id = f.client_id))
      union
      select f.client_id from dashboard.client_figures f where f.tenant_id = $1 and f.next_visit_at <= now()
      union
      select c.id from public.clients_v2 c where c.tenant_id = $1 and (c.updated_at > $2 or c.created_at > $2)
        and not exists (select from dashboard.client_figures f where f.tenant_id = $1 and f.client_id = c.id)
      union
      select m.user_id from public.user_ltm_v2 m
        left join dashboard.client_figures f on f.tenant_id = $1 and f.client_id = m.user_id
      where m.tenant_id = $1 and m.updated_at > $2
        and (m.ltm_data ->> 'avg_visit_interval' is distinct from trim_scale(f.memory_interval)::text
            and dashboard.remembered_interval(m.ltm_data) is distinct from f.memory_interval
          or f.opted_out is not distinct from m.allow_notifications or exists (
            select from dashboard.client_opt_outs o where o.tenant_id = $1 and o.client_id = m.user_id))
      union
      select o.client_id from dashboard.client_opt_outs o where o.tenant_id = $1 and o.opted_out_at > $2
    )
    select array_agg(f.id) from found f
  $query$ into found using tenant, since;
  return found;
end
$$;

-- Days; the median of the clients' own intervals as their bookings say it, before any figure is kept.
create or replace function dashboard.salon_rhythm(tenant uuid, zone text) returns numeric
language sql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan set jit = off
as $$
  select round((percentile_cont(0.5) within group (order by o.own_interval))::numeric, 1) from (
    select round((percentile_cont(0.5) within group (order by g.days))::numeric, 1) as own_interval from (
      select v.client_id, v.day - lag(v.day) over (partition by v.client_id order by v.day) as days from (
        select distinct d.client_id, (d.booking_at at time zone zone)::date as day from dashboard.archived_dialogs d
        where d.tenant_id = tenant and d.is_booked and d.booking_status is distinct from 'cancelled'
          and d.booking_at >= '2000-01-01' and d.booking_at <= now()) v) g
    where g.days is not null group by g.client_id) o
$$;

-- Once a day of the salon: the median of its clients' own rhythms, and what follows for those who have none; clients who
-- are gone go. For who has claimed the salon.
create or replace function dashboard.refresh_salon_interval(tenant uuid, today date) returns void
language plpgsql security definer set search_path = ''
as $$
declare
  days numeric := (select round((percentile_cont(0.5) within group (order by f.own_interval))::numeric, 1)
    from dashboard.client_figures f where f.tenant_id = tenant);
begin
  delete from dashboard.client_figures f where f.tenant_id = tenant and not exists (
    select from public.clients_v2 c where c.tenant_id = tenant and c.id = f.client_id);
  update dashboard.client_figures f set visit_interval = days, interval_source = case when days is not null then 'salon' end,
    due_day = f.last_visit_day + ceil(days)::int,
    yearly_value = coalesce(round(f.revenue / nullif(f.paid_bookings, 0) * 365 / case when days < 7 then 7 else days end, 2), 0)
  where f.tenant_id = tenant and f.own_interval is null and f.memory_interval is null and f.last_visit_day is not null
    and f.visit_interval is distinct from days;
  update dashboard.client_watermarks w set salon_interval = days, interval_day = today where w.tenant_id = tenant;
end
$$;

-- Once a day of the salon, `part` clients at each reading: those with a booking of the last 60 days or ahead, whatever of it
-- the bot changed without anybody hearing of it. For who has claimed the salon.
create or replace function dashboard.recheck_clients(w dashboard.client_watermarks, today date, part integer) returns void
language plpgsql security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  since timestamptz := dashboard.day_start(today - 60, w.timezone);
  clients uuid[] := array(
    select k.id from (
      select c.user_id as id from public.conversation_sessions_v2 c
      where c.tenant_id = w.tenant_id and c.booking_id is not null and c.started_at >= since
      union
      select c.user_id from public.conversation_sessions_v2 c
      where c.tenant_id = w.tenant_id and c.booking_id is not null and c.booking_datetime >= since
      union
      select f.client_id from dashboard.client_figures f where f.tenant_id = w.tenant_id and f.bookings > 0
        and (coalesce(f.last_dialog_at, '-infinity') >= since or f.last_visit_at >= since or f.next_visit_at is not null)
    ) k where w.rechecked_to is null or k.id > w.rechecked_to order by k.id limit part);
begin
  perform dashboard.store_clients(w.tenant_id, w.timezone, w.currency, w.salon_interval, clients);
  update dashboard.client_watermarks m set rechecked_to = case when cardinality(clients) = part then clients[part] end,
    rechecked_on = case when cardinality(clients) = part then m.rechecked_on else today end
  where m.tenant_id = w.tenant_id;
end
$$;

-- Begins to make all figures of a salon anew. What changes from now on is looked at when all are made.
create or replace function dashboard.begin_clients(tenant uuid, zone text, home_currency text)
returns dashboard.client_watermarks
language sql security definer set search_path = ''
as $$
  insert into dashboard.client_watermarks as m
    (tenant_id, refreshed_until, timezone, currency, version, salon_interval, is_counting, rechecked_on)
  values (tenant, now() - interval '10 minutes', zone, home_currency, dashboard.clients_version(),
    dashboard.salon_rhythm(tenant, zone), true, (now() at time zone zone)::date)
  on conflict (tenant_id) do update set
    (refreshed_until, timezone, currency, version, salon_interval, interval_day, is_counting, counted_to, counted,
     rechecked_on, rechecked_to)
    = (excluded.refreshed_until, excluded.timezone, excluded.currency, excluded.version, excluded.salon_interval, null,
      true, null, 0, excluded.rechecked_on, null)
  returning m.*
$$;

-- Makes the figures of the next `part` clients. Answers how far that is.
create or replace function dashboard.count_clients_on(w dashboard.client_watermarks, part integer)
returns dashboard.client_watermarks
language plpgsql security definer set search_path = ''
as $$
declare
  clients uuid[] := array(select c.id from public.clients_v2 c
    where c.tenant_id = w.tenant_id and (w.counted_to is null or c.id > w.counted_to) order by c.id limit part);
begin
  perform dashboard.store_clients(w.tenant_id, w.timezone, w.currency, w.salon_interval, clients);
  update dashboard.client_watermarks m set is_counting = cardinality(clients) = part,
    counted_to = case when cardinality(clients) = part then clients[part] end, counted = m.counted + cardinality(clients)
  where m.tenant_id = w.tenant_id returning m.* into w;
  return w;
end
$$;

-- Brings the figures of a salon's clients up to date; every function that reads them calls it first. Answers null when
-- they are, else what is to be answered instead of them: {pending, done, total}. What changed within the last ten minutes
-- is looked at again each time, for transactions that were under way; nothing is written and nobody waits when nothing
-- differs. The first time, and after a change of time zone or currency, all clients are made anew in parts of `part`; a
-- call makes parts until `budget` is used up, and those stay.
create or replace function dashboard.refresh_clients(
  tenant uuid, part integer default 20000, budget interval default '1.5 seconds'
) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  zone text := dashboard.salon_timezone(tenant);
  home_currency text := dashboard.salon_currency(tenant);
  today date := (now() at time zone zone)::date;
  ends timestamptz := clock_timestamp() + budget;
  w dashboard.client_watermarks;
  changed uuid[];
begin
  if tenant is null or not (dashboard.is_system() or tenant = dashboard.current_tenant()) then
    raise sqlstate 'PT403' using message = 'not a salon of this person';
  end if;
  select m.* into w from dashboard.client_watermarks m where m.tenant_id = tenant;
  if (w.timezone, w.currency, w.version, w.is_counting, w.interval_day, w.rechecked_on)
     is not distinct from (zone, home_currency, dashboard.clients_version(), false, today, today)
     and dashboard.changed_clients(tenant, w.refreshed_until) is null then
    perform dashboard.move_watermark(tenant);
    return null;
  end if;
  if not dashboard.claim_clients(tenant) then return dashboard.clients_pending(tenant); end if;
  select m.* into w from dashboard.client_watermarks m where m.tenant_id = tenant;
  if (w.timezone, w.currency, w.version) is distinct from (zone, home_currency, dashboard.clients_version()) then
    w := dashboard.begin_clients(tenant, zone, home_currency);
  end if;
  while w.is_counting loop
    w := dashboard.count_clients_on(w, part);
    exit when clock_timestamp() > ends;
  end loop;
  if w.is_counting then return dashboard.clients_pending(tenant); end if;
  changed := dashboard.changed_clients(tenant, w.refreshed_until);
  if changed is not null then
    perform dashboard.store_clients(tenant, zone, home_currency, w.salon_interval, changed);
  end if;
  perform dashboard.move_watermark(tenant);
  if w.rechecked_on is distinct from today then perform dashboard.recheck_clients(w, today, least(part, 5000)); end if;
  if w.interval_day is distinct from today then perform dashboard.refresh_salon_interval(tenant, today); end if;
  return null;
end
$$;

-- All that was committed ten minutes ago and more is in the figures.
create or replace function dashboard.move_watermark(tenant uuid) returns void
language sql security definer set search_path = ''
as $$
  update dashboard.client_watermarks m set refreshed_until = now() - interval '10 minutes'
  where m.tenant_id = tenant and m.refreshed_until < now() - interval '11 minutes'
$$;

-- The figures are being made: how many clients have theirs, of how many.
create or replace function dashboard.clients_pending(tenant uuid) returns jsonb
language sql stable security definer set search_path = ''
as $$
  select jsonb_build_object('pending', true,
    'done', coalesce((select w.counted from dashboard.client_watermarks w where w.tenant_id = tenant), 0),
    'total', (select count(*) from public.clients_v2 c where c.tenant_id = tenant))
$$;

-- A dialog of the archive that the bot changed afterwards: the days of its booking, as before, and the clients.
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
  perform pg_advisory_xact_lock(hashtextextended('clients:' || tenant::text, 0));
  update dashboard.client_figures f set stale_at = clock_timestamp()
  from (
    select c.user_id from public.conversation_sessions_v2 c where c.tenant_id = tenant and c.session_id = session
    union
    select other.user_id from public.conversation_sessions_v2 c join public.conversation_sessions_v2 other
      on other.tenant_id = tenant and other.booking_id = c.booking_id
    where c.tenant_id = tenant and c.session_id = session
  ) changed
  where f.tenant_id = tenant and f.client_id = changed.user_id;
end
$$;

revoke execute on function dashboard.clients_version(), dashboard.remembered_interval(jsonb),
  dashboard.compute_clients(uuid, text, text, numeric, uuid[]), dashboard.store_clients(uuid, text, text, numeric, uuid[]),
  dashboard.changed_clients(uuid, timestamptz), dashboard.refresh_salon_interval(uuid, date),
  dashboard.claim_clients(uuid), dashboard.salon_rhythm(uuid, text), dashboard.begin_clients(uuid, text, text),
  dashboard.count_clients_on(dashboard.client_watermarks, integer), dashboard.move_watermark(uuid),
  dashboard.recheck_clients(dashboard.client_watermarks, date, integer),
  dashboard.clients_pending(uuid), dashboard.refresh_clients(uuid, integer, interval) from public;
