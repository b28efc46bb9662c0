-- The waiting list costs no more when thousands wait: a day written in full is read without a call, only the rows of a
-- page are put together, and offers are looked up only where there are any. All answer what they answered before.

-- One entry = one row: the bot's with its odd values read, and what people decided. `version` is what somebody has seen.
-- Not granted to anybody: phones and names are given by the functions below, which know who asks.
create or replace view dashboard.waiting_entries with (security_invoker = true) as
select w.tenant_id, w.id, w.user_id as client_id,
  coalesce(nullif(btrim(c.full_name), ''), dashboard.note_of(w.meta, 'client_name')) as client_name,
  coalesce(nullif(btrim(c.phone), ''), nullif(btrim(c.whatsapp_id), ''), dashboard.note_of(w.meta, 'client_phone'))
    as client_phone,
  w.item_type, w.source, w.comment,
  coalesce('#' || dashboard.note_of(w.meta, 'service_id'), dashboard.note_of(w.meta, 'service_title'),
    case when w.item_type = 'service' then '#' || nullif(dashboard.key_of(w.item_id), '') end, '') as service_key,
  coalesce(dashboard.note_of(w.meta, 'service_title'), dashboard.note_of(w.meta, 'service_name')) as service,
  coalesce('#' || dashboard.note_of(w.meta, 'staff_id'), dashboard.note_of(w.meta, 'staff_name'), '') as staff_key,
  coalesce(dashboard.note_of(w.meta, 'staff_name'), dashboard.note_of(w.meta, 'staff_title')) as staff,
  -- Nearly all are written like this, and thousands may wait: they are read without the function, which knows the others.
  case when w.meta ->> 'date' ~ '^20\d\d-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])$' then (w.meta ->> 'date')::date
    else dashboard.wished_on(w.meta, (w.created_at at time zone coalesce(t.timezone, 'Europe/Moscow'))::date) end as wished_on,
  lower(dashboard.note_of(w.meta, 'time_preference')) as time_of_day,
  w.created_at, w.status as bot_status, coalesce(w.processed_at, w.updated_at) as bot_changed_at,
  -- The bot carrying out what was decided here is no news.
  coalesce(s.version, 0) || ':' || case when w.status = s.decision or r.is_put_back then s.bot_status else w.status end
    as version,
  case
    when s.decision in ('converted', 'cancelled') then s.decision
    when r.is_put_back or w.status = 'pending' then 'waiting'
    else w.status
  end as status,
  case
    when s.decision in ('converted', 'cancelled') then s.decided_at
    when w.status <> 'pending' then coalesce(w.processed_at, w.updated_at)
  end as decided_at,
  s.decision, s.decided_by, s.amount, s.currency, s.offer_at, s.offer_staff, s.offer_until, s.offer_answer, s.offer_command
from public.wishlist_v2 w
left join public.clients_v2 c on c.tenant_id = w.tenant_id and c.id = w.user_id
left join dashboard.wishlist_states s on s.tenant_id = w.tenant_id and s.wishlist_id = w.id
left join dashboard.tenant_settings t on t.tenant_id = w.tenant_id
-- Put back, and the bot has said nothing new since: its row says what it said then or what was undone, and it has not
-- been written since the bot carried the putting back out.
cross join lateral (
  select case when s.decision = 'reopened' then w.status = 'pending' or w.status in (s.bot_status, s.undone) and not exists (
    select from dashboard.bot_commands b where b.id = s.decided_command and b.status = 'delivered'
      and w.updated_at > b.finished_at) else false end as is_put_back
) r;

-- One page of the waiting list. `sort`: asked (oldest wish first) or wished (by wished day, those without one last), both
-- with those last whose day has passed; or newest. Answers {rows, next}; `next` is the key of the last row, null at the end.
create or replace function dashboard.page_of_waiting_list(
  status text default null, is_missed boolean default null, first_day date default null, last_day date default null,
  service text default null, staff text default null, wished_from date default null, wished_to date default null,
  time_of_day text default null, source text default null, search text default null, client uuid default null,
  sort text default 'newest', after_missed boolean default null, after_day date default null,
  after_at timestamptz default null, after_id bigint default null, page_size integer default 50
) returns jsonb
language plpgsql stable security definer set search_path = '' set jit = off
as $$
declare
  tenant uuid := dashboard.current_tenant();
  condition text := dashboard.waiting_condition(row(status, is_missed, first_day, last_day, service, staff, wished_from,
    wished_to, time_of_day, source, search, client)::dashboard.waiting_filter, tenant);
  today date := (now() at time zone dashboard.salon_timezone(tenant))::date;
  size integer := least(greatest(page_size, 1), 500);
  missed text := format('coalesce(d.wished_on < %L, false)', today);
  order_by text := case sort when 'wished' then missed || ', coalesce(d.wished_on, ''infinity''), d.created_at, d.id'
    when 'asked' then missed || ', d.created_at, d.id' else 'd.created_at desc, d.id desc' end;
  found uuid[];
  entries jsonb;
begin
  if tenant is null then return jsonb_build_object('rows', '[]'::jsonb, 'next', null); end if;
  if sort not in ('asked', 'wished', 'newest') then raise sqlstate 'PT400' using message = 'no such order'; end if;
  if search is not null then select s.clients into found from dashboard.search(search) s; end if;
  if after_id is not null then
    condition := condition || ' and ' || case sort
      when 'wished' then format('(%s, coalesce(d.wished_on, ''infinity''), d.created_at, d.id) > (%L::boolean, %L::date,'
        ' %L::timestamptz, %L::bigint)', missed, coalesce(after_missed, false), coalesce(after_day, 'infinity'), after_at, after_id)
      when 'asked' then format('(%s, d.created_at, d.id) > (%L::boolean, %L::timestamptz, %L::bigint)', missed,
        coalesce(after_missed, false), after_at, after_id)
      else format('(d.created_at, d.id) < (%L::timestamptz, %L::bigint)', after_at, after_id) end;
  end if;
  -- The order is made of keys alone; whole rows are read for those of the page only.
  execute format('select jsonb_agg(dashboard.waiting_row(e, %L) order by r.place) from (select x.id, row_number() over () as place'
    ' from (select d.id from dashboard.waiting_entries d where %s order by %s limit %s) x) r'
    ' join dashboard.waiting_entries e on e.tenant_id = %L and e.id = r.id', today, condition, order_by, size + 1, tenant)
  into entries using found;
  return jsonb_build_object(
    'rows', coalesce(case when jsonb_array_length(entries) > size then entries - -1 else entries end, '[]'),
    'next', case when jsonb_array_length(entries) > size then jsonb_build_object(
      'missed', coalesce((entries -> -2 ->> 'wished_on')::date < today, false), 'day', entries -> -2 -> 'wished_on',
      'at', entries -> -2 -> 'created_at', 'id', entries -> -2 -> 'id') end);
end
$$;

-- The waiting list in figures (DATA.md, section 3): who waits now, and what was decided on the days [first_day, last_day]
-- of the salon. Waits are seconds from the wish to the conversion; amounts in other currencies are listed, never added.
-- `services`, `staff`, `sources`: what the newest of those who wait now, or were decided in the period, wish: for filters.
create or replace function dashboard.waiting_list_figures(first_day date, last_day date) returns jsonb
language plpgsql stable security definer set search_path = '' set jit = off
as $$
declare
  tenant uuid := dashboard.current_tenant();
  zone text := dashboard.salon_timezone(tenant);
  home_currency text := dashboard.salon_currency(tenant);
  today date := (now() at time zone zone)::date;
  since timestamptz := dashboard.day_start(first_day, zone);
  until timestamptz := dashboard.day_start(last_day + 1, zone);
  answer jsonb;
begin
  if tenant is null then return null; end if;
  if last_day - first_day not between 0 and 730 then
    raise sqlstate 'PT400' using message = 'a period has 1 to 731 days';
  end if;
  -- Planned for the salon and the days at hand, and not for what they call.
  execute $query$
  with candidate as (
    select w.id from public.wishlist_v2 w where w.tenant_id = $1 and w.status <> 'pending'
      and coalesce(w.processed_at, w.updated_at) >= $4 and coalesce(w.processed_at, w.updated_at) < $5
    union
    select s.wishlist_id from dashboard.wishlist_states s
    where s.tenant_id = $1 and s.decision in ('converted', 'cancelled') and s.decided_at >= $4 and s.decided_at < $5
  ), decided as materialized (
    select e.id, e.status, e.amount, coalesce(e.currency, $2) as currency, e.decided_at - e.created_at as waited
    from candidate k join dashboard.waiting_entries e on e.tenant_id = $1 and e.id = k.id
    where e.decided_at >= $4 and e.decided_at < $5
  ), waiting as materialized (
    select e.id, e.wished_on, case when e.offer_until > now() and e.offer_answer is null then not exists (
        select from dashboard.bot_commands b where b.id = e.offer_command and b.status in ('failed', 'dead'))
      else false end as is_offered
    from dashboard.waiting_entries e where e.tenant_id = $1 and e.status = 'waiting' and e.id in (
      select w.id from public.wishlist_v2 w where w.tenant_id = $1 and w.status = 'pending'
      union all
      select s.wishlist_id from dashboard.wishlist_states s where s.tenant_id = $1 and s.decision = 'reopened')
  ), shown as materialized (
    select e.service_key, e.service, e.staff_key, e.staff, e.source from (
      (select w.id from waiting w order by w.id desc limit 200) union (select d.id from decided d order by d.id desc limit 200)
    ) newest join dashboard.waiting_entries e on e.tenant_id = $1 and e.id = newest.id
  ), services as materialized (
    select w.service_key as key, max(w.service) as label, count(*) as n from shown w group by w.service_key
  ), specialists as materialized (
    select w.staff_key as key, max(w.staff) as label, count(*) as n from shown w group by w.staff_key
  )
  select jsonb_build_object(
    'waiting', (select count(*) from waiting),
    'missed', (select count(*) from waiting w where w.wished_on < $3),
    'offered', (select count(*) from waiting w where w.is_offered),
    'converted', count(*) filter (where d.status = 'converted'),
    'amount', coalesce(sum(d.amount) filter (where d.status = 'converted' and d.currency = $2), 0),
    'with_amount', count(d.amount) filter (where d.status = 'converted' and d.currency = $2),
    'other_currencies', (select coalesce(jsonb_agg(jsonb_build_object('amount', o.amount, 'currency', o.currency)
      order by o.currency), '[]') from (select x.currency, sum(x.amount) as amount from decided x
      where x.status = 'converted' and x.currency <> $2 and x.amount is not null group by x.currency) o),
    'cancelled', count(*) filter (where d.status = 'cancelled'),
    'expired', count(*) filter (where d.status = 'expired'),
    'median_wait', extract(epoch from percentile_cont(0.5) within group (order by d.waited)
      filter (where d.status = 'converted'))::bigint,
    'fill_rate', round(count(*) filter (where d.status = 'converted')::numeric
      / nullif(count(*) filter (where d.status in ('converted', 'cancelled', 'expired')), 0), 6),
    'services', (select coalesce(jsonb_agg(jsonb_build_array(f.key, f.label) order by f.n desc, f.key), '[]') from (
      select g.key, dashboard.shown_text(coalesce(g.label, g.key)) as label, g.n from services g
      where dashboard.shown_text(g.key) = g.key order by g.n desc limit 50) f),
    'staff', (select coalesce(jsonb_agg(jsonb_build_array(f.key, f.label) order by f.n desc, f.key), '[]') from (
      select g.key, dashboard.shown_text(coalesce(g.label, g.key)) as label, g.n from specialists g
      where dashboard.shown_text(g.key) = g.key order by g.n desc limit 50) f),
    'sources', (select coalesce(jsonb_agg(distinct left(w.source, 50)), '[]') from shown w where w.source is not null)
  ) from decided d
  $query$ into answer using tenant, home_currency, today, since, until;
  return answer;
end
$$;
