-- Lists of clients and one client's card. The figures come from dashboard.client_figures, which is brought up to date
-- first; while that lasts, {pending, done, total} is the answer. Names and phones come from the bot's own row, as the one
-- who asks may see them.

-- A client as lists show it. `overdue_ratio` is the days since the last visit by the visit interval; below 1 there is no
-- risk, below 1.3 a low one, below 1.5 a medium one. `came_back_at` is the first dialog since the last invitation.
create or replace function dashboard.client_row(f dashboard.client_figures) returns jsonb
language sql stable security definer set search_path = ''
as $$
  select jsonb_build_object(
    'id', f.client_id, 'name', dashboard.shown_text(nullif(btrim(c.full_name), '')), 'phone', dashboard.phone_of(f.client_id),
    'channel', coalesce(nullif(f.channel, ''), 'unknown'), 'dialogs', f.dialogs, 'bookings', f.bookings,
    'cancelled', f.cancelled, 'revenue', f.revenue, 'paid_bookings', f.paid_bookings,
    'first_dialog_at', f.first_dialog_at, 'last_dialog_at', f.last_dialog_at, 'visits', f.visits,
    'last_visit_at', f.last_visit_at, 'next_visit_at', f.next_visit_at, 'own_interval', f.own_interval,
    'memory_interval', f.memory_interval, 'visit_interval', f.visit_interval, 'interval_source', f.interval_source,
    'due_day', f.due_day, 'overdue_ratio', round(r.ratio, 2),
    'risk', case when r.ratio is null then null when r.ratio < 1 then 'none' when r.ratio < 1.3 then 'low'
      when r.ratio < 1.5 then 'medium' else 'high' end,
    'staff', nullif(dashboard.label_of(f.tenant_id, 'staff', f.staff_key), ''),
    'service', nullif(dashboard.label_of(f.tenant_id, 'service', f.service_key), ''),
    'opted_out', f.opted_out, 'yearly_value', f.yearly_value, 'invited_at', i.at,
    'invitable_on', dashboard.invitable_on(f.tenant_id, i.at), 'came_back_at', b.at, 'came_back_booked', b.is_booked)
  from (select 1) one
  left join public.clients_v2 c on c.tenant_id = f.tenant_id and c.id = f.client_id
  cross join lateral (select ((now() at time zone dashboard.salon_timezone(f.tenant_id))::date - f.last_visit_day)
    / f.visit_interval as ratio) r
  cross join lateral (select dashboard.last_invitation(f.tenant_id, f.client_id) as at) i
  left join lateral (
    select min(d.started_at) as at, bool_or(d.is_booked) as is_booked from (
      select a.started_at, a.is_booked from dashboard.archived_dialogs a
      where a.tenant_id = f.tenant_id and a.client_id = f.client_id and a.started_at > i.at
      union all
      select s.created_at, false from public.active_sessions_v2 s
      where s.tenant_id = f.tenant_id and s.user_id = f.client_id and s.created_at > i.at
    ) d
  ) b on i.at is not null
$$;

-- The filter as a condition on `f` (a row of dashboard.client_figures), and with a search on `c` (of public.clients_v2).
-- 'new' and 'returning' are the clients of the last 30 days, today included, as the overview counts them.
create or replace function dashboard.clients_condition(search text, kind text, channel text, staff text) returns text
language plpgsql stable security definer set search_path = ''
as $$
declare
  tenant uuid := dashboard.current_tenant();
  zone text := dashboard.salon_timezone(tenant);
  today date := (now() at time zone zone)::date;
  since timestamptz := dashboard.day_start(today - 29, zone);
  wanted text := case kind
    when 'new' then format('coalesce(f.last_dialog_at, ''-infinity'') >= %L and f.first_dialog_at >= %1$L', since)
    when 'returning' then format('coalesce(f.last_dialog_at, ''-infinity'') >= %L and f.first_dialog_at < %1$L', since)
    when 'booked' then 'f.bookings > 0'
    when 'never_booked' then 'f.bookings = 0'
    when 'overdue' then format('f.due_day <= %L', today)
    when 'opted_out' then 'f.opted_out' end;
begin
  if kind is not null and wanted is null then raise sqlstate 'PT400' using message = 'no such kind', detail = 'kind'; end if;
  return concat_ws(' and ', format('f.tenant_id = %L', tenant), wanted,
    case when channel = 'unknown' then 'coalesce(f.channel, '''') not in (''telegram'', ''whatsapp'')'
      when channel is not null then format('f.channel = %L', channel) end,
    case when staff is not null then format('f.staff_key = %L', staff) end,
    case when search is not null then format('c.tenant_id = %L and %s', tenant, dashboard.client_condition(search)) end);
end
$$;

-- Specialists who are somebody's favourite, by their keys; found one after the other in the index, 100 at most.
create or replace function dashboard.favourite_staff(tenant uuid) returns jsonb
language sql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
  with recursive staff as (
    (select f.staff_key as key from dashboard.client_figures f where f.tenant_id = tenant and f.staff_key > ''
      order by f.staff_key limit 1)
    union all
    select (select f.staff_key from dashboard.client_figures f where f.tenant_id = tenant and f.staff_key > s.key
      order by f.staff_key limit 1) from staff s where s.key is not null
  )
  select coalesce(jsonb_agg(jsonb_build_array(s.key, dashboard.label_of(tenant, 'staff', s.key)) order by s.key), '[]')
  from (select key from staff where key is not null limit 100) s
$$;

-- One page of clients after the key (after_value, after_id), by `sort`: contact (the last dialog first), name, money,
-- visits or at_stake. Answers {rows, next, staff}; `next` is null on the last page, `staff` comes with the first one.
create or replace function dashboard.page_of_clients(
  search text default null, kind text default null, channel text default null, staff text default null,
  sort text default 'contact', after_value text default null, after_id uuid default null, page_size integer default 30
) returns jsonb
language plpgsql volatile security definer set search_path = '' set jit = off
as $$
declare
  tenant uuid := dashboard.current_tenant();
  size integer := least(greatest(page_size, 1), 500);
  name_missing text := '(coalesce(btrim(left(c.full_name, 100)), '''') = '''')';
  name_key text := '(translate(lower(coalesce(btrim(left(c.full_name, 100)), '''')), ''ё'', ''е''))';
  value text := case sort when 'contact' then 'coalesce(f.last_dialog_at, ''-infinity'')' when 'money' then 'f.revenue'
    when 'visits' then 'f.visits' when 'at_stake' then 'f.yearly_value' when 'name' then name_key end;
  kind_of_value text := case sort when 'contact' then 'timestamptz' when 'visits' then 'integer' else 'numeric' end;
  pending jsonb;
  condition text;
  found jsonb;
begin
  if tenant is null then return jsonb_build_object('rows', '[]'::jsonb, 'next', null, 'staff', '[]'::jsonb); end if;
  if value is null then raise sqlstate 'PT400' using message = 'no such order', detail = 'sort'; end if;
  pending := dashboard.refresh_clients(tenant);
  if pending is not null then return pending; end if;
  condition := dashboard.clients_condition(search, kind, channel, staff);
  if after_id is not null and sort = 'name' then
    condition := format('%s and (%s, %s, c.id) > (%L::boolean, %L, %L::uuid)', condition, name_missing, name_key,
      left(after_value, 1) = '1', substr(after_value, 2), after_id);
  elsif after_id is not null then
    condition := format('%s and (%s, f.client_id) < (%L::%s, %L::uuid)', condition, value, after_value, kind_of_value,
      after_id);
  end if;
  execute format($query$
    select jsonb_agg(dashboard.client_row(p.f) || jsonb_build_object('sort_value', p.value) order by p.place)
    from (
      select x.f, x.value, row_number() over () as place from (
        select f, %s as value from %s where %s order by %s limit %s
      ) x
    ) p
  $query$, case when sort = 'name' then format('%s::int::text || %s', name_missing, name_key) else format('(%s)::text', value) end,
    case when sort = 'name' or search is not null
      then 'public.clients_v2 c join dashboard.client_figures f on f.tenant_id = c.tenant_id and f.client_id = c.id'
      else 'dashboard.client_figures f' end,
    condition || case when sort = 'name' then format(' and c.tenant_id = %L', tenant) else '' end,
    case when sort = 'name' then format('c.tenant_id, %s, %s, c.id', name_missing, name_key)
      else format('f.tenant_id, %s desc, f.client_id desc', value) end,
    size + 1) into found;
  return jsonb_build_object(
    'rows', coalesce(case when jsonb_array_length(found) > size then found - -1 else found end, '[]'),
    'next', case when jsonb_array_length(found) > size then jsonb_build_object(
      'value', found -> -2 ->> 'sort_value', 'id', found -> -2 ->> 'id') end,
    'staff', case when after_id is null then dashboard.favourite_staff(tenant) else '[]' end);
end
$$;

-- How many clients the filter shows: exact up to 10,000, the planner's estimate beyond.
create or replace function dashboard.count_clients(
  search text default null, kind text default null, channel text default null, staff text default null
) returns jsonb
language plpgsql volatile security definer set search_path = '' set jit = off
as $$
declare
  tenant uuid := dashboard.current_tenant();
  pending jsonb;
  source text;
  n bigint;
  plan json;
begin
  if tenant is null then return jsonb_build_object('rows', 0, 'is_exact', true); end if;
  pending := dashboard.refresh_clients(tenant);
  if pending is not null then return pending; end if;
  source := case when search is null then 'dashboard.client_figures f' else
      'public.clients_v2 c join dashboard.client_figures f on f.tenant_id = c.tenant_id and f.client_id = c.id' end
    || ' where ' || dashboard.clients_condition(search, kind, channel, staff);
  execute format('select count(*) from (select 1 from %s limit 10001) x', source) into n;
  if n <= 10000 then return jsonb_build_object('rows', n, 'is_exact', true); end if;
  execute format('explain (format json) select 1 from %s', source) into plan;
  return jsonb_build_object('rows', greatest(10001, (plan -> 0 -> 'Plan' ->> 'Plan Rows')::numeric::bigint), 'is_exact', false);
end
$$;

-- What the bot remembers of a client; null when it remembers nothing.
create or replace function dashboard.client_memory(tenant uuid, client uuid) returns jsonb
language sql stable security definer set search_path = ''
as $$
  select jsonb_build_object(
    'staff', dashboard.label_of(tenant, 'staff', '#' || nullif(btrim(left(m.preferred_staff_id, 100)), '')),
    'service', dashboard.label_of(tenant, 'service', '#' || nullif(btrim(left(m.preferred_service_id, 100)), '')),
    'time', nullif(btrim(left(m.preferred_time, 100)), ''), 'language', nullif(btrim(left(m.language, 100)), ''),
    'allows_messages', m.allow_notifications, 'interval', dashboard.remembered_interval(m.ltm_data),
    'updated_at', m.updated_at)
  from public.user_ltm_v2 m where m.tenant_id = tenant and m.user_id = client
$$;

-- One client with everything but the dialogs, which the list of dialogs gives; null when the salon has no such client.
create or replace function dashboard.open_client(client uuid) returns jsonb
language plpgsql volatile security definer set search_path = '' set jit = off
as $$
declare
  tenant uuid := dashboard.current_tenant();
  pending jsonb;
  f dashboard.client_figures;
begin
  if tenant is null then return null; end if;
  pending := dashboard.refresh_clients(tenant);
  if pending is not null then return pending; end if;
  select k.* into f from dashboard.client_figures k where k.tenant_id = tenant and k.client_id = open_client.client;
  if not found or not exists (select from public.clients_v2 c where c.tenant_id = tenant and c.id = client) then
    return null;
  end if;
  return dashboard.client_contacts(client) || jsonb_build_object(
    'client', dashboard.client_row(f),
    'yclients_client_id', (select c.yclients_client_id from public.clients_v2 c where c.tenant_id = tenant and c.id = client),
    'wants_messages', dashboard.wants_messages(tenant, client),
    'memory', dashboard.client_memory(tenant, client),
    'commands', (select coalesce(jsonb_agg(dashboard.command_row(b.b) || jsonb_build_object(
        'text', dashboard.shown_text((b.b).data ->> 'text'), 'error', dashboard.shown_text((b.b).last_error))
        order by (b.b).number desc), '[]')
      from (select b from dashboard.bot_commands b where b.tenant_id = tenant and b.client_id = client
        and b.type = 'client.message' order by b.number desc limit 20) b),
    'notes', (select coalesce(jsonb_agg(jsonb_build_object('id', n.id, 'text', dashboard.shown_text(n.text),
        'by', dashboard.name_of_user(n.author_id), 'created_at', n.created_at) order by n.created_at desc, n.id), '[]')
      from (select * from dashboard.client_notes n where n.tenant_id = tenant and n.client_id = client
        and n.removed_at is null order by n.created_at desc limit 100) n),
    'wishes', (select coalesce(jsonb_agg(jsonb_build_object('id', w.id, 'status', w.status,
        'service', dashboard.shown_text(coalesce(w.service, nullif(w.service_key, ''))),
        'staff', dashboard.shown_text(coalesce(w.staff, nullif(w.staff_key, ''))), 'day', w.wished_on,
        'created_at', w.created_at) order by w.created_at desc, w.id desc), '[]')
      from (select * from dashboard.waiting_entries e where e.tenant_id = tenant and e.client_id = open_client.client
        order by e.created_at desc, e.id desc limit 20) w));
end
$$;

revoke execute on function dashboard.client_row(dashboard.client_figures),
  dashboard.clients_condition(text, text, text, text), dashboard.favourite_staff(uuid),
  dashboard.page_of_clients(text, text, text, text, text, text, uuid, integer),
  dashboard.count_clients(text, text, text, text), dashboard.client_memory(uuid, uuid), dashboard.open_client(uuid)
  from public;
grant execute on function dashboard.page_of_clients(text, text, text, text, text, text, uuid, integer),
  dashboard.count_clients(text, text, text, text), dashboard.open_client(uuid) to dashboard_app;
