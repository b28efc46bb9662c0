-- Settings of a salon: what is wanted here, what the bot uses now (read from its own row, without any secret), and whether
-- it has taken the wish over. An empty wish means that the bot's own value applies.

alter table dashboard.tenant_settings
  add column if not exists name text,
  add column if not exists opening_time time,
  add column if not exists closing_time time,
  add column if not exists branch_name text,
  add column if not exists branch_phone text,
  add column if not exists branch_address text,
  add column if not exists welcome_message text,
  add column if not exists admin_chat_id bigint,
  add column if not exists yclients_company_id text,
  add column if not exists gap_filtering boolean,
  add column if not exists bot_enabled boolean,
  add column if not exists quiet_from time,
  add column if not exists quiet_to time,
  add column if not exists staff_phones text not null default 'full' check (staff_phones in ('full', 'last4', 'none')),
  add column if not exists version integer not null default 0,
  add column if not exists changed_by bigint,
  add column if not exists changed_at timestamptz,
  add column if not exists commands jsonb not null default '{}';
comment on column dashboard.tenant_settings.version is 'goes up with each change; who changes says which one was seen';
comment on column dashboard.tenant_settings.commands is 'the last command to the bot about each setting, by name';

-- Employees see the zone and the currency, which every page needs; the rest is given to owners by a function.
revoke select on dashboard.tenant_settings from dashboard_app;
grant select (tenant_id, timezone, currency, staff_phones, created_at, updated_at) on dashboard.tenant_settings
  to dashboard_app;

-- The first of several places in the bot's notes that holds a text, a number or a truth value; null when none does.
create or replace function dashboard.first_note(metadata jsonb, variadic places text[]) returns text
language sql immutable set search_path = ''
as $$
  select left(btrim(n.value #>> '{}'), 2000)
  from unnest(places) with ordinality p(place, number),
    lateral (select metadata #> string_to_array(p.place, '.') as value) n
  where jsonb_typeof(n.value) in ('string', 'number', 'boolean') and btrim(n.value #>> '{}') <> ''
  order by p.number limit 1
$$;

-- A time of the day as 'HH:MM'; null for whatever no clock shows.
create or replace function dashboard.clock_time(written text) returns text
language sql immutable set search_path = ''
as $$
  select case when written ~ '^24:00(:00)?$' then '00:00'
    when written ~ '^([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?$'
      then lpad(split_part(written, ':', 1), 2, '0') || ':' || split_part(written, ':', 2) end
$$;

create or replace function dashboard.truth(written text) returns boolean
language sql immutable set search_path = ''
as $$
  select case when lower(written) in ('true', 't', 'yes', 'on', '1') then true
    when lower(written) in ('false', 'f', 'no', 'off', '0') then false end
$$;

-- What the bot uses, read from its row in both of its shapes: {settings: by name, secrets: whether each is set}. Where
-- both shapes stand side by side the nested one counts: it is the one that the bot writes then. Never a secret itself.
create or replace function dashboard.bot_settings(tenant uuid) returns jsonb
language sql stable security definer set search_path = ''
as $$
  select jsonb_build_object(
    'settings', jsonb_build_object(
      'name', coalesce(left(dashboard.first_note(m, 'salon_name'), 200), t.name),
      'opening_time', dashboard.clock_time(dashboard.first_note(m, 'settings.opening_time', 'opening_time')),
      'closing_time', dashboard.clock_time(
        dashboard.first_note(m, 'settings.closing_time', 'closing_time', 'closing_time_override')),
      'branch_name', dashboard.first_note(m, 'current_branch.name'),
      'branch_phone', dashboard.first_note(m, 'current_branch.phone'),
      'branch_address', dashboard.first_note(m, 'current_branch.address'),
      'welcome_message', dashboard.first_note(m, 'settings.welcome_message', 'welcome_message'),
      'admin_chat_id', substring(dashboard.first_note(m, 'telegram.admin_chat_id', 'admin_chat_id') from '^-?\d{1,18}$')::bigint,
      'yclients_company_id', substring(
        dashboard.first_note(m, 'yclients.company_id', 'yclients_company_id', 'yclients_salon_id') from '^\d{1,18}$'),
      'gap_filtering', dashboard.truth(dashboard.first_note(m, 'settings.enable_gap_filtering', 'enable_gap_filtering')),
      'bot_enabled', dashboard.truth(dashboard.first_note(m, 'telegram.bot_enabled', 'telegram_bot_enabled')),
      'quiet_from', dashboard.clock_time(dashboard.first_note(m, 'settings.quiet_from', 'quiet_from')),
      'quiet_to', dashboard.clock_time(dashboard.first_note(m, 'settings.quiet_to', 'quiet_to'))),
    'secrets', jsonb_build_object(
      'yclients', dashboard.first_note(m, 'yclients.user_token', 'yclients_token') is not null,
      'telegram', dashboard.first_note(m, 'telegram.bot_token', 'telegram_bot_token') is not null))
  from public.tenants_v2 t, lateral (select t.metadata as m) n where t.id = tenant
$$;

-- What is wanted of the bot, by name; times as 'HH:MM', null where its own value applies.
create or replace function dashboard.wanted_settings(s dashboard.tenant_settings) returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object('name', s.name, 'opening_time', to_char(s.opening_time, 'HH24:MI'),
    'closing_time', to_char(s.closing_time, 'HH24:MI'), 'branch_name', s.branch_name, 'branch_phone', s.branch_phone,
    'branch_address', s.branch_address, 'welcome_message', s.welcome_message, 'admin_chat_id', s.admin_chat_id,
    'yclients_company_id', s.yclients_company_id, 'gap_filtering', s.gap_filtering, 'bot_enabled', s.bot_enabled,
    'quiet_from', to_char(s.quiet_from, 'HH24:MI'), 'quiet_to', to_char(s.quiet_to, 'HH24:MI'))
$$;

-- Whether the bot has taken a wish over: taken, on_the_way, failed, differs (it uses something else although it said it
-- took the wish), or unset.
create or replace function dashboard.setting_state(wanted jsonb, used jsonb, command_status text) returns text
language sql immutable set search_path = ''
as $$
  select case when wanted = used then case when wanted = 'null' then 'unset' else 'taken' end
    when command_status in ('queued', 'sent') then 'on_the_way'
    when command_status in ('failed', 'dead') then 'failed'
    when wanted = 'null' then 'unset' else 'differs' end
$$;

-- The settings of the salon in view as its owner sees them. Raises PT403 for whoever is no owner.
create or replace function dashboard.salon_settings() returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  tenant uuid := dashboard.current_tenant();
  bot jsonb := dashboard.bot_settings(tenant);
  s dashboard.tenant_settings;
begin
  if coalesce(dashboard.current_role(), '') not in ('admin', 'super_admin') or not dashboard.is_still_signed_in() then
    raise sqlstate 'PT403' using message = 'only owners see the settings';
  end if;
  if bot is null then raise sqlstate 'PT404' using message = 'no such salon'; end if;
  select t.* into s from dashboard.tenant_settings t where t.tenant_id = tenant;
  return jsonb_build_object('version', coalesce(s.version, 0), 'changed_at', s.changed_at,
    'changed_by', dashboard.name_of_user(s.changed_by), 'timezone', dashboard.salon_timezone(tenant),
    'currency', dashboard.salon_currency(tenant), 'staff_phones', coalesce(s.staff_phones, 'full'),
    'secrets', bot -> 'secrets',
    'settings', (
      select jsonb_object_agg(w.name, jsonb_build_object('wanted', w.value, 'used', bot -> 'settings' -> w.name,
        'state', dashboard.setting_state(w.value, bot -> 'settings' -> w.name, c.command ->> 'status'), 'command', c.command))
      from jsonb_each(dashboard.wanted_settings(s)) w(name, value)
      cross join lateral (select dashboard.last_try((s.commands ->> w.name)::uuid) as command) c));
end
$$;

-- What was typed for one setting, as it is kept; null for nothing. Raises PT400 with the setting's name.
create or replace function dashboard.read_setting(name text, typed text) returns jsonb
language plpgsql stable set search_path = ''
as $$
declare
  value text := nullif(btrim(case name when 'welcome_message' then typed else regexp_replace(typed, '\s+', ' ', 'g') end,
    E' \t\r\n'), '');
  reason text;
begin
  reason := case
    when value is null then case when name in ('timezone', 'currency', 'staff_phones') then 'required' end
    when length(value) > case name when 'welcome_message' then 2000 when 'branch_phone' then 40
      when 'branch_address' then 300 else 200 end then 'too_long'
    when name in ('opening_time', 'closing_time', 'quiet_from', 'quiet_to') and dashboard.clock_time(value) is null
      then 'time_format'
    when name = 'branch_phone' and length(regexp_replace(value, '\D', '', 'g')) < 3 then 'phone_format'
    when name = 'admin_chat_id' and value !~ '^-?[1-9]\d{0,17}$' then 'chat_id_format'
    when name = 'yclients_company_id' and value !~ '^\d{1,18}$' then 'digits_only'
    when name in ('gap_filtering', 'bot_enabled') and value not in ('true', 'false') then 'not_in_list'
    when name = 'staff_phones' and value not in ('full', 'last4', 'none') then 'not_in_list'
    when name = 'currency' and value not in ('RUB', 'KZT', 'BYN', 'UZS', 'AMD', 'GEL', 'KGS', 'EUR', 'USD')
      then 'not_in_list'
    when name = 'timezone' and not exists (select from pg_catalog.pg_timezone_names z
      where z.name = value and value ~ '^[A-Z][A-Za-z]+/|^UTC$') then 'not_in_list'
  end;
  if reason is not null then raise sqlstate 'PT400' using message = reason, detail = name; end if;
  return coalesce(case
    when name in ('opening_time', 'closing_time', 'quiet_from', 'quiet_to') then to_jsonb(dashboard.clock_time(value))
    when name = 'admin_chat_id' then to_jsonb(value::bigint)
    when name in ('gap_filtering', 'bot_enabled') then to_jsonb(value::boolean)
    else to_jsonb(value) end, 'null');
end
$$;

-- Changes settings of the salon in view: `changes` by name, null takes a wish back (the bot then forgets its value, too).
-- `seen` is the version that the person saw. What the bot uses goes to it in one command; answers {version, command}.
create or replace function dashboard.change_settings(key uuid, seen integer, changes jsonb) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  known jsonb := dashboard.begin_act(key, 'change_settings', array['admin', 'super_admin']);
  tenant uuid := dashboard.current_tenant();
  bot jsonb := dashboard.bot_settings(tenant) -> 'settings';
  s dashboard.tenant_settings;
  before jsonb;
  after jsonb;
  own constant text[] := array['timezone', 'currency', 'staff_phones'];
  for_bot text[];
  command uuid;
begin
  if known is not null then return known; end if;
  if bot is null then raise sqlstate 'PT404' using message = 'no such salon'; end if;
  if jsonb_typeof(changes) = 'string' then changes := (changes #>> '{}')::jsonb; end if;
  if jsonb_typeof(changes) is distinct from 'object' then raise sqlstate 'PT400' using message = 'nothing_changed'; end if;
  insert into dashboard.tenant_settings (tenant_id) values (tenant) on conflict do nothing;
  select t.* into s from dashboard.tenant_settings t where t.tenant_id = tenant for update;
  before := dashboard.wanted_settings(s)
    || jsonb_build_object('timezone', s.timezone, 'currency', s.currency, 'staff_phones', s.staff_phones);
  if exists (select from jsonb_object_keys(changes) c(name) where not before ? c.name) then
    raise sqlstate 'PT400' using message = 'not_in_list';
  end if;
  select coalesce(jsonb_object_agg(c.name, dashboard.read_setting(c.name, changes ->> c.name)), '{}') into after
  from (select k.name from jsonb_object_keys(changes) k(name) order by k.name) c;
  perform dashboard.check_settings(before || after);
  if s.version is distinct from seen then
    raise sqlstate 'PT409' using message = 'changed_meanwhile', detail = jsonb_build_object('version', s.version,
      'by', dashboard.name_of_user(s.changed_by), 'at', s.changed_at)::text;
  end if;
  select coalesce(jsonb_object_agg(a.name, a.value), '{}') into after
  from jsonb_each(after) a(name, value)
  where a.value is distinct from before -> a.name
    -- The same wish once more, because the bot uses something else and nothing is on its way to it.
    or a.value is distinct from coalesce(bot -> a.name, a.value) and not coalesce(
      dashboard.last_try((s.commands ->> a.name)::uuid) ->> 'status' in ('queued', 'sent'), false);
  if after = '{}' then raise sqlstate 'PT400' using message = 'nothing_changed'; end if;
  select coalesce(array_agg(a.name), '{}') into for_bot from jsonb_object_keys(after) a(name) where a.name <> all (own);
  if for_bot <> '{}' then
    perform dashboard.take_out_of_commands(s, for_bot);
    command := dashboard.queue_command(key, 'settings', 'settings.changed', null,
      jsonb_build_object('settings', after - own));
  end if;
  update dashboard.tenant_settings t set (name, opening_time, closing_time, branch_name, branch_phone, branch_address,
      welcome_message, admin_chat_id, yclients_company_id, gap_filtering, bot_enabled, quiet_from, quiet_to, timezone,
      currency, staff_phones) = (select n.name, n.opening_time, n.closing_time, n.branch_name, n.branch_phone,
      n.branch_address, n.welcome_message, n.admin_chat_id, n.yclients_company_id, n.gap_filtering, n.bot_enabled,
      n.quiet_from, n.quiet_to, n.timezone, n.currency, n.staff_phones
      from jsonb_populate_record(s, after) n),
    commands = t.commands || coalesce((select jsonb_object_agg(f.name, command) from unnest(for_bot) f(name)), '{}'),
    version = t.version + 1, changed_by = dashboard.current_user_id(), changed_at = now(), updated_at = now()
  where t.tenant_id = tenant;
  return dashboard.finish_act(key, (select string_agg(a.name, ', ' order by a.name) from jsonb_object_keys(after) a(name)),
    jsonb_build_object('before', (select jsonb_object_agg(a.name, before -> a.name) from jsonb_object_keys(after) a(name)),
      'after', after),
    jsonb_strip_nulls(jsonb_build_object('version', s.version + 1, 'command', command)));
end
$$;

-- What must hold between settings. Raises PT400.
create or replace function dashboard.check_settings(wanted jsonb) returns void
language plpgsql immutable set search_path = ''
as $$
begin
  if wanted ->> 'opening_time' = wanted ->> 'closing_time' then
    raise sqlstate 'PT400' using message = 'same_times', detail = 'closing_time';
  elsif wanted ->> 'quiet_from' = wanted ->> 'quiet_to' then
    raise sqlstate 'PT400' using message = 'same_times', detail = 'quiet_to';
  elsif (wanted ->> 'quiet_from' is null) <> (wanted ->> 'quiet_to' is null) then
    raise sqlstate 'PT400' using message = 'both_or_none',
      detail = case when wanted ->> 'quiet_from' is null then 'quiet_from' else 'quiet_to' end;
  end if;
end
$$;

-- Takes settings out of the earlier commands about them, so that trying one of those again never brings an old value back.
create or replace function dashboard.take_out_of_commands(s dashboard.tenant_settings, names text[]) returns void
language sql security definer set search_path = ''
as $$
  update dashboard.bot_commands c set data = jsonb_set(c.data, '{settings}', (c.data -> 'settings') - names), updated_at = now()
  where c.tenant_id = s.tenant_id and c.client_id is null and c.type = 'settings.changed'
    and c.status <> 'delivered'
    and exists (select from unnest(names) n(name)
      where (s.commands ->> n.name)::uuid in (c.id, c.retry_of))
$$;

revoke execute on function dashboard.first_note(jsonb, text[]), dashboard.clock_time(text), dashboard.truth(text),
  dashboard.bot_settings(uuid), dashboard.wanted_settings(dashboard.tenant_settings),
  dashboard.setting_state(jsonb, jsonb, text), dashboard.salon_settings(), dashboard.read_setting(text, text),
  dashboard.change_settings(uuid, integer, jsonb), dashboard.check_settings(jsonb),
  dashboard.take_out_of_commands(dashboard.tenant_settings, text[]) from public;
grant execute on function dashboard.salon_settings(), dashboard.change_settings(uuid, integer, jsonb) to dashboard_app;

do $$
begin
  if not exists (select from pg_catalog.pg_publication_tables p
                 where p.pubname = 'supabase_realtime' and p.schemaname = 'dashboard' and p.tablename = 'tenant_settings') then
    alter publication supabase_realtime add table dashboard.tenant_settings;
  end if;
end
$$;
