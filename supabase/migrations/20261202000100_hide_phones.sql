-- Whether a salon's staff see phones: all of them, the last four digits, or none. The database decides: the columns that
-- hold a way to reach a client are granted to nobody, and come only through functions that know who asks.

alter table dashboard.tenant_settings
  add column if not exists staff_phones text not null default 'full'
    constraint staff_phones_is_known check (staff_phones in ('full', 'last4', 'none'));

revoke select on public.clients_v2, public.wishlist_v2 from dashboard_app;
grant select (id, tenant_id, yclients_client_id, full_name, created_at, updated_at) on public.clients_v2 to dashboard_app;
grant select (id, tenant_id, user_id, item_type, item_id, source, comment, status, created_at, updated_at, processed_at)
  on public.wishlist_v2 to dashboard_app;

-- How much of a phone the one who asks may see: full, last4 or none.
create or replace function dashboard.phones_seen() returns text
language sql stable security definer set search_path = ''
as $$
  select case when dashboard.current_role() is distinct from 'staff' then 'full' else coalesce(
    (select s.staff_phones from dashboard.tenant_settings s where s.tenant_id = dashboard.current_tenant()), 'full') end
$$;

-- A phone as the one who asks may see it. What has fewer than seven digits keeps none of them.
create or replace function dashboard.shown_phone(phone text) returns text
language plpgsql stable security definer set search_path = ''
as $$
declare
  digits text;
begin
  if nullif(btrim(phone), '') is null then return null; end if;
  case dashboard.phones_seen()
    when 'full' then return phone;
    when 'none' then return null;
    else
      digits := regexp_replace(phone, '\D', '', 'g');
      return '•••• ' || case when length(digits) >= 7
        then left(right(digits, 4), 2) || '-' || right(digits, 2) else '' end;
  end case;
end
$$;

-- A text as the one who asks may see it: to staff who do not see phones, ten digits and more with the usual signs
-- between them are hidden, so that two numbers in a row leave no rest. A day with its hour behind it is no phone.
create or replace function dashboard.shown_text(words text) returns text
language plpgsql stable security definer set search_path = ''
as $$
begin
  if words is null or words !~ '\d' or dashboard.phones_seen() = 'full' then return words; end if;
  return regexp_replace(words,
    '(?<!\d)(?!(?:0?[1-9]|[12]\d|3[01])\.(?:0?[1-9]|1[0-2])\.20\d\d(?!\d))(?!20\d\d-\d\d-\d\d(?!\d))'
    '\+?\d(?:[\s().\u00a0\u2010-\u2015/_-]{0,3}\d){9,}', '•••', 'g');
end
$$;

-- How to reach a client of the salon: {phone, whatsapp_id, telegram_chat_id}, as the one who asks may see it; a phone
-- that is missing is taken from WhatsApp. Null when the salon has no such client.
create or replace function dashboard.client_contacts(client uuid) returns jsonb
language sql stable security definer set search_path = ''
as $$
  select jsonb_build_object(
    'phone', dashboard.shown_phone(coalesce(nullif(btrim(c.phone), ''), nullif(btrim(c.whatsapp_id), ''))),
    'whatsapp_id', case when s.seen = 'full' then c.whatsapp_id end,
    'telegram_chat_id', case when s.seen = 'full' then c.telegram_chat_id end)
  from (select dashboard.phones_seen() as seen) s, public.clients_v2 c
  where c.id = client and c.tenant_id = dashboard.current_tenant()
$$;

-- The phone alone, for rows of lists.
create or replace function dashboard.phone_of(client uuid) returns text
language sql stable security definer set search_path = ''
as $$
  select dashboard.shown_phone(coalesce(nullif(btrim(c.phone), ''), nullif(btrim(c.whatsapp_id), '')))
  from public.clients_v2 c where c.id = client and c.tenant_id = dashboard.current_tenant()
$$;

-- A search as a condition on `c`, a row of public.clients_v2: names by the beginnings of their words, phones in any
-- notation by their first (with or without the country's +7 or 8) or last digits, numbers of Telegram and YClients as a
-- whole. A search is no way around hidden phones: digits then find a client by nothing but a YClients number or, where
-- the last four digits are seen, by exactly these.
create or replace function dashboard.client_condition(query text) returns text
language plpgsql stable security definer set search_path = ''
as $$
declare
  seen text := dashboard.phones_seen();
  plain text := translate(lower(query), 'ё', 'е');
  every_digit text := regexp_replace(query, '\D', '', 'g');
  digits text := right(every_digit, 10);
  national text := substring(regexp_replace(query, '[^+0-9]', '', 'g') from '^(?:\+7|[78](?=\d{4}))(\d+)$');
  phone text := 'right(regexp_replace(coalesce(nullif(btrim(c.phone), ''''), c.whatsapp_id), ''\D'', '''', ''g''), 10)';
  words text;
begin
  if query !~ '[[:alpha:]]' and length(digits) >= 4 then
    return '(' || concat_ws(' or ',
      case when seen = 'full' then format('%s like %L', phone, digits || '%') end,
      case when seen = 'full' and national is not null then format('%s like %L', phone, national || '%') end,
      case when seen = 'full' or seen = 'last4' and length(every_digit) = 4
        then format('reverse(%s) like %L', phone, reverse(digits) || '%') end,
      case when seen = 'full' and length(every_digit) <= 18 then format('c.telegram_chat_id = %s', every_digit::bigint) end,
      case when length(every_digit) <= 18 then format('c.yclients_client_id = %s', every_digit::bigint) end,
      'false') || ')';
  end if;
  if seen <> 'full' then plain := regexp_replace(plain, '\d+', ' ', 'g'); end if;
  select to_tsquery('pg_catalog.simple', string_agg(quote_literal(w) || ':*', ' & '))::text into words
  from regexp_split_to_table(plain, '[^[:alnum:]]+') w where w <> '';
  if words is null then return 'false'; end if;
  return format('to_tsvector(''pg_catalog.simple'', translate(lower(left(c.full_name, 500)), ''ё'', ''е'')) @@ %L::tsquery', words);
end
$$;

-- Clients and dialogs that a search finds: clients by their condition, dialogs by Russian word stems in their messages
-- (the newest 5,000 of them). Security definer, because operators of text search may not look past row-level security
-- into an index; it therefore names the salon itself.
create or replace function dashboard.search(query text, out clients uuid[], out sessions uuid[])
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  tenant uuid := dashboard.current_tenant();
  plain text := translate(lower(query), 'ё', 'е');
  word_query tsquery;
begin
  if query is null or tenant is null or dashboard.current_role() is null then return; end if;
  execute format('select array_agg(c.id) from public.clients_v2 c where c.tenant_id = %L and %s', tenant,
    dashboard.client_condition(query)) into clients;
  if dashboard.phones_seen() <> 'full' then plain := regexp_replace(plain, '\d+', ' ', 'g'); end if;
  word_query := websearch_to_tsquery('pg_catalog.russian', plain);
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

create or replace function dashboard.dialog_row(d dashboard.dialogs) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'archive_id', d.archive_id, 'session_id', d.session_id, 'is_active', d.is_active,
    'client_id', d.client_id, 'client_name', dashboard.shown_text(nullif(btrim(c.full_name), '')),
    'client_phone', dashboard.phone_of(d.client_id),
    'channel', coalesce(nullif(d.channel, ''), 'unknown'), 'started_at', d.started_at, 'ended_at', d.ended_at,
    'last_activity_at', d.last_activity_at, 'status', d.status, 'intent', d.intent, 'drop_off', d.drop_off,
    'sentiment', d.sentiment,
    'services', (select coalesce(jsonb_agg(dashboard.label_of(d.tenant_id, 'service', k)), '[]')
      from unnest(dashboard.service_keys(d.meta)) k),
    'staff', nullif(dashboard.label_of(d.tenant_id, 'staff', dashboard.staff_key(d.meta)), ''),
    'is_booked', d.is_booked, 'booking_status', d.booking_status, 'booking_at', d.booking_at,
    'amount', d.amount, 'currency', d.currency, 'messages_count', d.messages_count,
    'preview', left(dashboard.shown_text(left(case when d.is_active then (
        select m.message from public.recent_history_v2 m
        where m.tenant_id = d.tenant_id and m.session_id = d.session_id order by m.created_at desc, m.id desc limit 1
      ) else d.summary end, 400)), 200)
  )
  from (select 1) one left join public.clients_v2 c on c.tenant_id = d.tenant_id and c.id = d.client_id
$$;

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
    'channel', lower(btrim(n.channel)), 'text', dashboard.shown_text(n.message), 'created_at', n.created_at)
    order by n.created_at, n.id), '[]')
  from newest n
$$;

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
    'summary', dashboard.shown_text(d.summary), 'booking_id', d.booking_id, 'booking_source', d.booking_source,
    'counted_elsewhere', d.booking_id is not null and not d.is_booked,
    'duration_seconds', case when not d.is_active and isfinite(d.last_activity_at) and isfinite(d.started_at)
      then extract(epoch from d.last_activity_at - d.started_at)::bigint end,
    'others', (select coalesce(jsonb_agg(dashboard.dialog_row(o.o) order by o.started_at desc), '[]') from (
      select o, o.started_at from dashboard.dialogs o
      where o.tenant_id = tenant and o.client_id = d.client_id and o.session_id <> session
      order by o.started_at desc limit 10) o),
    'others_count', (select count(*) from dashboard.dialogs o
      where o.tenant_id = tenant and o.client_id = d.client_id and o.session_id <> session))
    || (coalesce(dashboard.client_contacts(d.client_id), '{}') - 'phone');
end
$$;

revoke execute on function dashboard.phones_seen(), dashboard.shown_phone(text), dashboard.shown_text(text),
  dashboard.client_contacts(uuid), dashboard.phone_of(uuid), dashboard.client_condition(text) from public;
grant execute on function dashboard.shown_phone(text), dashboard.shown_text(text), dashboard.client_contacts(uuid),
  dashboard.phone_of(uuid) to dashboard_app;
