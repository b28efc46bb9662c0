-- Lists of dialogs, search, and one open dialog with its messages. Filters and figures share their definitions with
-- the overview, so that the rows behind a number add up to it.

do $$
begin
  if to_regtype('dashboard.dialog_filter') is null then
    create type dashboard.dialog_filter as (
      first_day date, last_day date, search text, status text, intent text, channel text, figure text, drop_off text,
      sentiment text, service text, staff text, hour integer, weekday integer, client uuid
    );
  end if;
end
$$;

-- Clients and dialogs that a search finds: names by the beginnings of their words, phones in any notation by their
-- first (with or without the country's +7 or 8) or last digits, messages by Russian word stems (the newest 5,000 of them). Security definer, because operators
-- of text search may not look past row-level security into an index; it therefore names the salon itself.
create or replace function dashboard.search(query text, out clients uuid[], out sessions uuid[])
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  tenant uuid := dashboard.current_tenant();
  plain text := translate(lower(query), 'ё', 'е');
  digits text := right(regexp_replace(query, '\D', '', 'g'), 10);
  national text := substring(regexp_replace(query, '[^+0-9]', '', 'g') from '^(?:\+7|[78](?=\d{4}))(\d+)$');
  name_query tsquery;
  word_query tsquery := websearch_to_tsquery('pg_catalog.russian', plain);
begin
  if query is null or tenant is null or dashboard.current_role() is null then return; end if;
  if query !~ '[[:alpha:]]' and length(digits) >= 4 then
    select array_agg(c.id) into clients from public.clients_v2 c
    where c.tenant_id = tenant
      and (right(regexp_replace(coalesce(nullif(btrim(c.phone), ''), c.whatsapp_id), '\D', '', 'g'), 10) like digits || '%'
        or right(regexp_replace(coalesce(nullif(btrim(c.phone), ''), c.whatsapp_id), '\D', '', 'g'), 10) like national || '%'
        or reverse(right(regexp_replace(coalesce(nullif(btrim(c.phone), ''), c.whatsapp_id), '\D', '', 'g'), 10)) like reverse(digits) || '%');
  else
    select to_tsquery('pg_catalog.simple', string_agg(quote_literal(w) || ':*', ' & ')) into name_query
    from regexp_split_to_table(plain, '[^[:alnum:]]+') w where w <> '';
    select array_agg(c.id) into clients from public.clients_v2 c
    where c.tenant_id = tenant
      and to_tsvector('pg_catalog.simple', translate(lower(left(c.full_name, 500)), 'ё', 'е')) @@ name_query;
  end if;
  if numnode(word_query) > 0 then
    with found as materialized (
      select m.id, m.session_id, m.created_at from public.recent_history_v2 m
      where m.tenant_id = tenant
        and to_tsvector('pg_catalog.russian', translate(left(m.message, 20000), 'ёЁ', 'еЕ')) @@ word_query
      order by m.created_at desc limit 5000
    )
    select array_agg(distinct s.session_id) into sessions from (
      select f.session_id from found f where f.session_id is not null
      union all
      select u.session_id from found f join dashboard.unlinked_messages u on u.id = f.id
      where f.session_id is null and u.tenant_id = tenant
    ) s;
  end if;
end
$$;

-- The condition that a message of the client in dialog `d` is followed by one of the bot, as dashboard.response_times
-- counts them: whether the message that names the dialog, or the one that only lies in its span, comes first.
create or replace function dashboard.answered_condition() returns text
language sql immutable set search_path = ''
as $$
  select format('exists (select from ((%s) union all (%s)) first where exists (%s) or exists (%s))',
    format(linked, 'user') || ' order by m.created_at, m.id limit 1',
    format(unlinked, 'user') || ' order by m.created_at, m.id limit 1',
    format(linked, 'assistant') || later, format(unlinked, 'assistant') || later)
  from (values (
    'select m.created_at, m.id from public.recent_history_v2 m'
    ' where m.tenant_id = d.tenant_id and m.session_id = d.session_id and m.role = %L',
    'select m.created_at, m.id from dashboard.unlinked_messages m'
    ' where m.tenant_id = d.tenant_id and m.client_id = d.client_id and m.session_id = d.session_id and m.role = %L'
    ' and m.created_at >= d.started_at and (d.is_active or m.created_at <= d.last_activity_at)',
    ' and (m.created_at, m.id) > (first.created_at, first.id)'
  )) v(linked, unlinked, later)
$$;

-- The condition on `d` (a row of dashboard.dialogs) that a figure of the overview stands for.
create or replace function dashboard.figure_condition(
  figure text, tenant uuid, zone text, home_currency text, first_day date, last_day date
) returns text
language plpgsql stable set search_path = ''
as $$
declare
  paid text := 'd.is_booked and d.booking_status is distinct from ''cancelled'' and d.amount is not null';
  earlier text := 'd.client_id is not null and not exists (select from public.conversation_sessions_v2 e'
    ' where e.tenant_id = d.tenant_id and e.user_id = d.client_id and e.started_at <= d.started_at and e.started_at >= %1$L'
    ' and (d.is_active or (e.started_at, e.id) < (d.started_at, d.archive_id)))'
    ' and not exists (select from dashboard.active_dialogs e'
    ' where e.tenant_id = d.tenant_id and e.client_id = d.client_id and e.started_at <= d.started_at and e.started_at >= %1$L'
    ' and (e.started_at < d.started_at or d.is_active and e.session_id < d.session_id))';
begin
  return case figure
    when 'dialogs' then 'true'
    when 'bookings' then 'd.is_booked'
    when 'time_chosen' then 'd.is_booked'
    when 'not_booked' then 'not d.is_booked'
    when 'cancelled' then 'd.is_booked and d.booking_status = ''cancelled'''
    when 'revenue' then format('%s and coalesce(d.currency, %L) = %2$L', paid, home_currency)
    when 'other_currency' then format('%s and d.currency <> %L', paid, home_currency)
    when 'clients' then format(earlier, coalesce(dashboard.day_start(first_day, zone), '-infinity'))
    when 'new_clients' then format(earlier, '-infinity')
    when 'answered' then dashboard.answered_condition()
    when 'wanted' then 'd.reached >= 2'
    when 'service_chosen' then 'd.reached >= 3'
    when 'staff_chosen' then 'd.reached >= 4'
  end;
end
$$;

-- The whole filter as a condition on `d`; $1 and $2 are the clients and dialogs that the search found.
create or replace function dashboard.dialog_condition(f dashboard.dialog_filter, tenant uuid) returns text
language plpgsql stable set search_path = ''
as $$
declare
  zone text := dashboard.salon_timezone(tenant);
  figure text := dashboard.figure_condition(
    f.figure, tenant, zone, dashboard.salon_currency(tenant), f.first_day, f.last_day);
begin
  if f.figure is not null and figure is null then
    raise sqlstate 'PT400' using message = 'no such figure';
  end if;
  return concat_ws(' and ',
    format('d.tenant_id = %L', tenant),
    case when f.first_day is not null then format('d.started_at >= %L', dashboard.day_start(f.first_day, zone)) end,
    case when f.last_day is not null then format('d.started_at < %L', dashboard.day_start(f.last_day + 1, zone)) end,
    case when f.search is not null then '(d.client_id = any ($1) or d.session_id = any ($2))' end,
    case when f.status is not null then format('d.status = %L', f.status) end,
    case when f.intent = 'none' then 'd.intent is null' when f.intent is not null then format('d.intent = %L', f.intent) end,
    case when f.channel = 'unknown' then 'coalesce(d.channel, '''') not in (''telegram'', ''whatsapp'')'
      when f.channel is not null then format('d.channel = %L', f.channel) end,
    figure,
    case when f.drop_off is not null then format('d.drop_off = %L', f.drop_off) end,
    case when f.sentiment is not null then format('d.sentiment = %L', f.sentiment) end,
    case when f.service = '' then 'dashboard.service_keys(d.meta) = ''{}'''
      when f.service is not null then format('%L = any (dashboard.service_keys(d.meta))', f.service) end,
    case when f.staff is not null then format('dashboard.staff_key(d.meta) = %L', f.staff) end,
    -- Whatever names a service or a specialist holds the first word of its key as it is: this spares reading most keys.
    'strpos(d.meta::text, ' || quote_literal(substring(f.service from '[[:alnum:]]+')) || ') > 0',
    'strpos(d.meta::text, ' || quote_literal(substring(f.staff from '[[:alnum:]]+')) || ') > 0',
    case when f.hour is not null then format('extract(hour from d.started_at at time zone %L) = %s', zone, f.hour) end,
    case when f.weekday is not null then format('extract(isodow from d.started_at at time zone %L) = %s', zone, f.weekday) end,
    case when f.client is not null then format('d.client_id = %L', f.client) end
  );
end
$$;

-- One page of the archive, newest first, after the key (after_started, after_id); the first page brings the dialogs
-- that go on now as well, the last active first. Answers {active, rows, next}; `next` is null on the last page.
-- The views of either kind are asked by name: a row of their union could be had only by reading the whole archive.
create or replace function dashboard.page_of_dialogs(
  first_day date default null, last_day date default null, search text default null, status text default null,
  intent text default null, channel text default null, figure text default null, drop_off text default null,
  sentiment text default null, service text default null, staff text default null, hour integer default null,
  weekday integer default null, client uuid default null,
  after_started timestamptz default null, after_id bigint default null, page_size integer default 30
) returns jsonb
language plpgsql stable set search_path = '' set jit = off
as $$
declare
  tenant uuid := dashboard.current_tenant();
  condition text := dashboard.dialog_condition(row(first_day, last_day, search, status, intent, channel, figure, drop_off,
    sentiment, service, staff, hour, weekday, client)::dashboard.dialog_filter, tenant);
  size integer := least(greatest(page_size, 1), 500);
  found record;
  active jsonb;
  archived jsonb;
begin
  if tenant is null then return jsonb_build_object('active', '[]'::jsonb, 'rows', '[]'::jsonb, 'next', null); end if;
  select s.clients, s.sessions into found from dashboard.search(search) s;
  if after_started is null then
    execute format($query$
      select jsonb_agg(dashboard.dialog_row(row((a.d).*)::dashboard.dialogs) order by a.last_activity_at desc, a.session_id)
      from (select d, d.last_activity_at, d.session_id from dashboard.active_dialogs d
        where %s order by d.last_activity_at desc, d.session_id limit 1000) a
    $query$, condition) into active using found.clients, found.sessions;
  end if;
  execute format($query$
    select jsonb_agg(dashboard.dialog_row(row((a.d).*)::dashboard.dialogs) order by a.started_at desc, a.archive_id desc)
    from (select d, d.started_at, d.archive_id from dashboard.archived_dialogs d
      where %s and (%s)
      order by d.started_at desc, d.archive_id desc limit %s) a
  $query$, condition,
    case when after_started is null then 'true'
      else format('d.started_at <= %1$L and (d.started_at, d.archive_id) < (%1$L, %2$L)', after_started, after_id) end,
    size + 1) into archived using found.clients, found.sessions;
  return jsonb_build_object(
    'active', coalesce(active, '[]'),
    'rows', coalesce(case when jsonb_array_length(archived) > size then archived - -1 else archived end, '[]'),
    'next', case when jsonb_array_length(archived) > size then jsonb_build_object(
      'started_at', archived -> -2 -> 'started_at', 'archive_id', archived -> -2 -> 'archive_id') end);
end
$$;

-- How many dialogs the planner thinks that the salon has. Security definer, because it thinks less of a query under
-- row-level security: the condition on the salon then counts twice.
create or replace function dashboard.estimated_dialogs() returns numeric
language plpgsql volatile security definer set search_path = ''
as $$
declare
  plan json;
begin
  execute format('explain (format json) select 1 from public.conversation_sessions_v2 c where c.tenant_id = %L',
    dashboard.current_tenant()) into plan;
  return (plan -> 0 -> 'Plan' ->> 'Plan Rows')::numeric;
end
$$;

-- How many dialogs the filter shows, active ones included: exact up to 10,000, the planner's estimate beyond. Volatile,
-- because nothing else may ask the planner.
create or replace function dashboard.count_dialogs(
  first_day date default null, last_day date default null, search text default null, status text default null,
  intent text default null, channel text default null, figure text default null, drop_off text default null,
  sentiment text default null, service text default null, staff text default null, hour integer default null,
  weekday integer default null, client uuid default null
) returns jsonb
language plpgsql volatile set search_path = '' set jit = off
as $$
declare
  tenant uuid := dashboard.current_tenant();
  condition text := dashboard.dialog_condition(row(first_day, last_day, search, status, intent, channel, figure, drop_off,
    sentiment, service, staff, hour, weekday, client)::dashboard.dialog_filter, tenant);
  found record;
  n bigint;
  plan json;
  whole json;
begin
  if tenant is null then return jsonb_build_object('rows', 0, 'is_exact', true); end if;
  select s.clients, s.sessions into found from dashboard.search(search) s;
  execute format('select count(*) from (select 1 from dashboard.dialogs d where %s limit 10001) x', condition)
    into n using found.clients, found.sessions;
  if n <= 10000 then return jsonb_build_object('rows', n, 'is_exact', true); end if;
  execute format('explain (format json) select 1 from dashboard.dialogs d where %s', condition)
    into plan using found.clients, found.sessions;
  execute format('explain (format json) select 1 from public.conversation_sessions_v2 c where c.tenant_id = %L', tenant)
    into whole;
  n := round((plan -> 0 -> 'Plan' ->> 'Plan Rows')::numeric * dashboard.estimated_dialogs()
    / (whole -> 0 -> 'Plan' ->> 'Plan Rows')::numeric);
  return jsonb_build_object('rows', greatest(10001, n), 'is_exact', false);
end
$$;

-- Messages of one dialog, in the order they were written: the `size` newest before a key, or all after one.
create or replace function dashboard.messages_of(
  tenant uuid, session uuid, client uuid, started timestamptz, last_at timestamptz,
  before_at timestamptz, before_id bigint, after_at timestamptz, after_id bigint, size integer
) returns jsonb
language sql stable set search_path = '' set plan_cache_mode = force_custom_plan
as $$
  with own as (
    select m.id, m.role, m.channel, m.message, m.created_at from public.recent_history_v2 m
    where m.tenant_id = tenant and m.session_id = session
      and (before_at is null or (m.created_at, m.id) < (before_at, before_id))
      and (after_at is null or (m.created_at, m.id) > (after_at, after_id))
    order by m.created_at desc, m.id desc limit size
  ), unlinked as (
    select m.id, m.role, m.channel, m.message, m.created_at from dashboard.unlinked_messages m
    where m.tenant_id = tenant and m.client_id = client and m.session_id = session
      and m.created_at >= started and m.created_at <= last_at
      and (before_at is null or (m.created_at, m.id) < (before_at, before_id))
      and (after_at is null or (m.created_at, m.id) > (after_at, after_id))
    order by m.created_at desc, m.id desc limit size
  ), newest as (
    select * from own union all select * from unlinked order by created_at desc, id desc limit size
  )
  select coalesce(jsonb_agg(jsonb_build_object('id', n.id, 'role', lower(btrim(n.role)),
    'channel', lower(btrim(n.channel)), 'text', n.message, 'created_at', n.created_at) order by n.created_at, n.id), '[]')
  from newest n
$$;

-- Messages of the dialog before or after a key; null when the salon has no such dialog. Answers {messages, has_older}.
create or replace function dashboard.dialog_messages(
  session uuid, before_at timestamptz default null, before_id bigint default null,
  after_at timestamptz default null, after_id bigint default null, page_size integer default 60
) returns jsonb
language plpgsql stable set search_path = ''
as $$
declare
  d record;
  size integer := least(greatest(page_size, 1), 500);
  messages jsonb;
begin
  select x.tenant_id, x.session_id, x.client_id, x.started_at, x.is_active, x.last_activity_at into d
  from dashboard.dialogs x where x.tenant_id = dashboard.current_tenant() and x.session_id = session
  order by x.is_active, x.archive_id desc limit 1;
  if not found then return null; end if;
  messages := dashboard.messages_of(d.tenant_id, d.session_id, d.client_id, d.started_at,
    case when d.is_active then 'infinity' else d.last_activity_at end,
    before_at, before_id, after_at, after_id, size + 1);
  return case when jsonb_array_length(messages) > size
    then jsonb_build_object('messages', messages - 0, 'has_older', true)
    else jsonb_build_object('messages', messages, 'has_older', false) end;
end
$$;

-- A dialog with its newest messages and the client's other dialogs; null when the salon has no such dialog.
create or replace function dashboard.open_dialog(session uuid) returns jsonb
language plpgsql stable set search_path = '' set jit = off set plan_cache_mode = force_custom_plan
as $$
declare
  d dashboard.dialogs;
  tenant uuid := dashboard.current_tenant();
begin
  select x.* into d from dashboard.dialogs x where x.tenant_id = tenant and x.session_id = session
  order by x.is_active, x.archive_id desc limit 1;
  if not found then return null; end if;
  return dashboard.dialog_messages(session) || jsonb_build_object(
    'dialog', dashboard.dialog_row(d),
    'summary', d.summary, 'booking_id', d.booking_id, 'booking_source', d.booking_source,
    'counted_elsewhere', d.booking_id is not null and not d.is_booked,
    'duration_seconds', case when not d.is_active and isfinite(d.last_activity_at) and isfinite(d.started_at)
      then extract(epoch from d.last_activity_at - d.started_at)::bigint end,
    'telegram_chat_id', (select c.telegram_chat_id from public.clients_v2 c where c.tenant_id = tenant and c.id = d.client_id),
    'whatsapp_id', (select c.whatsapp_id from public.clients_v2 c where c.tenant_id = tenant and c.id = d.client_id),
    'others', (select coalesce(jsonb_agg(dashboard.dialog_row(o.o) order by o.started_at desc), '[]') from (
      select o, o.started_at from dashboard.dialogs o
      where o.tenant_id = tenant and o.client_id = d.client_id and o.session_id <> session
      order by o.started_at desc limit 10) o),
    'others_count', (select count(*) from dashboard.dialogs o
      where o.tenant_id = tenant and o.client_id = d.client_id and o.session_id <> session));
end
$$;

revoke execute on function dashboard.search(text), dashboard.answered_condition(), dashboard.estimated_dialogs(),
  dashboard.figure_condition(text, uuid, text, text, date, date),
  dashboard.dialog_condition(dashboard.dialog_filter, uuid),
  dashboard.page_of_dialogs(date, date, text, text, text, text, text, text, text, text, text, integer, integer, uuid,
    timestamptz, bigint, integer),
  dashboard.count_dialogs(date, date, text, text, text, text, text, text, text, text, text, integer, integer, uuid),
  dashboard.messages_of(uuid, uuid, uuid, timestamptz, timestamptz, timestamptz, bigint, timestamptz, bigint, integer),
  dashboard.dialog_messages(uuid, timestamptz, bigint, timestamptz, bigint, integer), dashboard.open_dialog(uuid)
  from public;
grant execute on function dashboard.search(text), dashboard.answered_condition(), dashboard.estimated_dialogs(),
  dashboard.figure_condition(text, uuid, text, text, date, date),
  dashboard.dialog_condition(dashboard.dialog_filter, uuid),
  dashboard.page_of_dialogs(date, date, text, text, text, text, text, text, text, text, text, integer, integer, uuid,
    timestamptz, bigint, integer),
  dashboard.count_dialogs(date, date, text, text, text, text, text, text, text, text, text, integer, integer, uuid),
  dashboard.messages_of(uuid, uuid, uuid, timestamptz, timestamptz, timestamptz, bigint, timestamptz, bigint, integer),
  dashboard.dialog_messages(uuid, timestamptz, bigint, timestamptz, bigint, integer), dashboard.open_dialog(uuid)
  to dashboard_app;
