-- Everything the overview shows, in one call: figures, the previous period, days, funnel, tables, what goes on now.
-- Its cost grows with the days of the period, not with the salon's dialogs: stored days that still hold are taken as
-- they are, only the others are computed.

-- p (0..1) of a histogram, between two values in proportion (as percentile_cont does over the single values).
create or replace function dashboard.percentile_of(vals integer[], counts bigint[], p numeric) returns numeric
language sql immutable set search_path = ''
as $$
  with bucket as (
    select v, sum(n) over (order by v) as upto, sum(n) over () as total
    from unnest(vals, counts) u(v, n)
  ), place as (select distinct (total - 1) * p as at from bucket)
  select min(v) filter (where upto > floor(at))
    + (at - floor(at)) * (min(v) filter (where upto > ceil(at)) - min(v) filter (where upto > floor(at)))
  from bucket, place group by at
$$;

-- The title of a service or specialist whose key is an id ('#12'), as waiting-list entries name it; else the key.
-- Security definer, because under row-level security no index on an expression is used; it therefore checks the salon
-- itself. The expressions are those of the indexes.
create or replace function dashboard.label_of(tenant uuid, dimension text, key text) returns text
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  wanted text := left(substr(key, 2), 100);
  title text;
begin
  if key not like '#%' or not (dashboard.is_system() or tenant is not distinct from dashboard.current_tenant()) then
    return key;
  end if;
  if dimension = 'service' then
    select coalesce(nullif(btrim(w.meta ->> 'service_title'), ''), btrim(w.meta ->> 'service_name')) into title
    from public.wishlist_v2 w
    where w.tenant_id = tenant and left(w.meta ->> 'service_id', 100) = wanted
      and coalesce(w.meta ->> 'service_title', w.meta ->> 'service_name') ~ '\S'
    order by w.id desc limit 1;
  else
    select coalesce(nullif(btrim(w.meta ->> 'staff_name'), ''), btrim(w.meta ->> 'staff_title')) into title
    from public.wishlist_v2 w
    where w.tenant_id = tenant and left(w.meta ->> 'staff_id', 100) = wanted
      and coalesce(w.meta ->> 'staff_name', w.meta ->> 'staff_title') ~ '\S'
    order by w.id desc limit 1;
  end if;
  return coalesce(nullif(title, '') || ' · № ' || substr(key, 2), key);
end
$$;

-- A dialog as lists show it. `with_preview`: the summary's or the last message's beginning.
create or replace function dashboard.dialog_row(d dashboard.dialogs) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'archive_id', d.archive_id, 'session_id', d.session_id, 'is_active', d.is_active,
    'client_id', d.client_id, 'client_name', nullif(btrim(c.full_name), ''),
    'client_phone', coalesce(nullif(btrim(c.phone), ''), nullif(btrim(c.whatsapp_id), '')),
    'channel', coalesce(nullif(d.channel, ''), 'unknown'), 'started_at', d.started_at, 'ended_at', d.ended_at,
    'last_activity_at', d.last_activity_at, 'status', d.status, 'intent', d.intent, 'drop_off', d.drop_off,
    'sentiment', d.sentiment,
    'services', (select coalesce(jsonb_agg(dashboard.label_of(d.tenant_id, 'service', k)), '[]')
      from unnest(dashboard.service_keys(d.meta)) k),
    'staff', nullif(dashboard.label_of(d.tenant_id, 'staff', dashboard.staff_key(d.meta)), ''),
    'is_booked', d.is_booked, 'booking_status', d.booking_status, 'booking_at', d.booking_at,
    'amount', d.amount, 'currency', d.currency, 'messages_count', d.messages_count,
    'preview', left(case when d.is_active then (
        select m.message from public.recent_history_v2 m
        where m.tenant_id = d.tenant_id and m.session_id = d.session_id order by m.created_at desc, m.id desc limit 1
      ) else d.summary end, 200)
  )
  from (select 1) one left join public.clients_v2 c on c.tenant_id = d.tenant_id and c.id = d.client_id
$$;

create or replace function dashboard.overview(first_day date, last_day date) returns jsonb
language plpgsql stable set search_path = '' set jit = off
as $$
declare
  tenant uuid := dashboard.current_tenant();
  zone text := dashboard.salon_timezone(tenant);
  home_currency text := dashboard.salon_currency(tenant);
  length integer := last_day - first_day + 1;
  previous_day date := first_day - length;
  valid date[];
  answer jsonb;
begin
  if length is null or length not between 1 and 731 then
    raise sqlstate 'PT400' using message = 'a period has 1 to 731 days';
  end if;
  select coalesce(array_agg(v), '{}') into valid
  from dashboard.valid_days(tenant, zone, home_currency, previous_day, last_day) v;
  with island as (
    select min(day) as first_day, max(day) as last_day from (
      select s.day, s.day - row_number() over (order by s.day)::int as part
      from (select previous_day + n as day from generate_series(0, last_day - previous_day) n) s
      where not s.day = any (valid)
    ) missing group by part
  ), figure as materialized (
    select m.day, m.dialogs_started, m.bookings, m.cancelled, m.revenue, m.paid_bookings, m.other_amounts, m.wanted,
      m.service_chosen, m.staff_chosen, m.answered, m.response_count, m.response_ms_total, m.response_tenths,
      m.response_counts, m.gap_days, m.gap_counts
    from dashboard.metrics_dailies m where m.tenant_id = tenant and m.day = any (valid) and m.duplicate_of is null
    union all
    select d.* from island i, lateral dashboard.compute_days(tenant, zone, home_currency, i.first_day, i.last_day) d
  ), part as (
    select m.dimension, m.key, m.dialogs, m.bookings, m.revenue
    from dashboard.metrics_breakdowns m
    where m.tenant_id = tenant and m.day = any (valid) and m.day >= overview.first_day
    union all
    select d.dimension, d.key, d.dialogs, d.bookings, d.revenue
    from island i, lateral dashboard.compute_breakdowns(tenant, zone, home_currency,
      greatest(i.first_day, overview.first_day), i.last_day) d
    where i.last_day >= overview.first_day
  ), breakdown as materialized (
    select p.dimension, p.key, sum(p.dialogs)::int as dialogs, sum(p.bookings)::int as bookings, sum(p.revenue) as revenue
    from part p group by p.dimension, p.key
  ), period(is_current, since) as (
    values (true, overview.first_day), (false, previous_day)
  ), total as (
    select p.is_current, sum(f.dialogs_started)::int as dialogs, sum(f.bookings)::int as bookings,
      sum(f.cancelled)::int as cancelled, sum(f.revenue) as revenue, sum(f.paid_bookings)::int as paid_bookings,
      sum(f.wanted)::int as wanted, sum(f.service_chosen)::int as service_chosen,
      sum(f.staff_chosen)::int as staff_chosen, sum(f.answered)::int as answered,
      sum(f.response_count)::int as response_count, sum(f.response_ms_total) as response_ms_total
    from period p join figure f on (f.day >= overview.first_day) = p.is_current group by p.is_current
  ), response as (
    select b.is_current, array_agg(b.tenths) as tenths, array_agg(b.n) as counts
    from (select f.day >= overview.first_day as is_current, u.tenths, sum(u.n)::bigint as n
      from figure f, unnest(f.response_tenths, f.response_counts) u(tenths, n) group by 1, 2) b
    group by b.is_current
  ), client as (
    select p.is_current, coalesce(sum(u.n) filter (where u.gap = 0 or u.gap > f.day - p.since), 0)::int as clients,
      coalesce(sum(u.n) filter (where u.gap = 0), 0)::int as new_clients
    from period p join figure f on (f.day >= overview.first_day) = p.is_current,
      unnest(f.gap_days, f.gap_counts) u(gap, n)
    group by p.is_current
  ), other as (
    select o.is_current, jsonb_agg(jsonb_build_object('amount', o.amount, 'currency', o.currency) order by o.currency) as amounts
    from (select f.day >= overview.first_day as is_current, e.key as currency, sum(e.value::numeric) as amount
      from figure f, jsonb_each_text(f.other_amounts) e group by 1, 2) o
    group by o.is_current
  ), figures as (
    select t.is_current, jsonb_build_object(
      'dialogs', t.dialogs, 'bookings', t.bookings, 'cancelled', t.cancelled,
      'conversion', round(t.bookings::numeric / nullif(t.dialogs, 0), 6), 'revenue', t.revenue,
      'average_booking', round(t.revenue / nullif(t.paid_bookings, 0), 4),
      'paid_bookings', t.paid_bookings, 'other_currencies', coalesce(o.amounts, '[]'),
      'clients', coalesce(c.clients, 0), 'new_clients', coalesce(c.new_clients, 0), 'answered', t.answered,
      'response_mean', round(t.response_ms_total / nullif(t.response_count, 0) / 1000.0, 3),
      'response_median', dashboard.percentile_of(r.tenths, r.counts, 0.5) / 10.0,
      'response_p95', dashboard.percentile_of(r.tenths, r.counts, 0.95) / 10.0
    ) as value
    from total t left join response r using (is_current) left join client c using (is_current)
      left join other o using (is_current)
  ), step as (
    select s.place, s.figure, s.n, lag(s.n) over (order by s.place) as before, first_value(s.n) over (order by s.place) as first
    from total t, lateral (values (1, 'dialogs', t.dialogs), (2, 'wanted', t.wanted),
      (3, 'service_chosen', t.service_chosen), (4, 'staff_chosen', t.staff_chosen), (5, 'time_chosen', t.bookings),
      (6, 'bookings', t.bookings)) s(place, figure, n)
    where t.is_current
  ), active as materialized (
    select d, d.last_activity_at from dashboard.dialogs d where d.tenant_id = tenant and d.is_active
  )
  select jsonb_build_object(
    'figures', (select value from figures where is_current),
    'previous', (select value from figures where not is_current),
    'days', (select jsonb_agg(jsonb_build_object('day', f.day, 'dialogs', f.dialogs_started, 'bookings', f.bookings,
      'revenue', f.revenue) order by f.day) from figure f where f.day >= overview.first_day),
    'funnel', (select jsonb_agg(jsonb_build_object('figure', s.figure, 'dialogs', s.n,
      'of_first', round(s.n::numeric / nullif(s.first, 0), 6),
      'of_previous', round(s.n::numeric / nullif(s.before, 0), 6)) order by s.place) from step s),
    'services', (select coalesce(jsonb_agg(jsonb_build_object('key', b.key,
      'label', dashboard.label_of(tenant, 'service', b.key), 'bookings', b.bookings, 'revenue', b.revenue)
      order by b.bookings desc, b.revenue desc, b.key), '[]') from breakdown b where b.dimension = 'service'),
    'staff', (select coalesce(jsonb_agg(jsonb_build_object('key', b.key,
      'label', dashboard.label_of(tenant, 'staff', b.key), 'bookings', b.bookings, 'revenue', b.revenue)
      order by b.bookings desc, b.revenue desc, b.key), '[]') from breakdown b where b.dimension = 'staff'),
    'hours', (select coalesce(jsonb_agg(jsonb_build_object('weekday', left(b.key, 1)::int,
      'hour', right(b.key, 2)::int, 'dialogs', b.dialogs, 'bookings', b.bookings) order by b.key), '[]')
      from breakdown b where b.dimension = 'hour'),
    'active', (select coalesce(jsonb_agg(dashboard.dialog_row(a.d) order by a.last_activity_at desc), '[]')
      from (select * from active order by last_activity_at desc limit 8) a),
    'active_count', (select count(*) from active),
    'freshness', jsonb_build_object('as_of', now(),
      'last_write', (select m.created_at from public.recent_history_v2 m where m.tenant_id = tenant
        order by m.created_at desc limit 1),
      'stored_days', (select count(*) from unnest(valid) v where v >= overview.first_day),
      'live_days', length - (select count(*) from unnest(valid) v where v >= overview.first_day))
  ) into answer;
  return answer;
end
$$;

revoke execute on function dashboard.percentile_of(integer[], bigint[], numeric),
  dashboard.label_of(uuid, text, text), dashboard.dialog_row(dashboard.dialogs), dashboard.overview(date, date)
  from public;
grant execute on function dashboard.percentile_of(integer[], bigint[], numeric),
  dashboard.label_of(uuid, text, text), dashboard.dialog_row(dashboard.dialogs), dashboard.overview(date, date)
  to dashboard_app;
