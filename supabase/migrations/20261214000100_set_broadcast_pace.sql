-- How fast a salon's broadcasts go out is one of its settings, and the dashboard's own: the bot is not told.

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
    'broadcast_pace', s.broadcast_pace,
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
    when name = 'broadcast_pace' and value !~ '^([1-9]|1\d|20)$' then 'not_in_list'
    when name = 'staff_phones' and value not in ('full', 'last4', 'none') then 'not_in_list'
    when name = 'currency' and value not in ('RUB', 'KZT', 'BYN', 'UZS', 'AMD', 'GEL', 'KGS', 'EUR', 'USD')
      then 'not_in_list'
    when name = 'timezone' and not exists (select from pg_catalog.pg_timezone_names z
      where z.name = value and value ~ '^[A-Z][A-Za-z]+/|^UTC$') then 'not_in_list'
  end;
  if reason is not null then raise sqlstate 'PT400' using message = reason, detail = name; end if;
  return coalesce(case
    when name in ('opening_time', 'closing_time', 'quiet_from', 'quiet_to') then to_jsonb(dashboard.clock_time(value))
    when name in ('admin_chat_id', 'broadcast_pace') then to_jsonb(value::bigint)
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
  own constant text[] := array['timezone', 'currency', 'staff_phones', 'broadcast_pace'];
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
    || jsonb_build_object('timezone', s.timezone, 'currency', s.currency, 'staff_phones', s.staff_phones,
      'broadcast_pace', s.broadcast_pace);
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
      currency, staff_phones, broadcast_pace) = (select n.name, n.opening_time, n.closing_time, n.branch_name, n.branch_phone,
      n.branch_address, n.welcome_message, n.admin_chat_id, n.yclients_company_id, n.gap_filtering, n.bot_enabled,
      n.quiet_from, n.quiet_to, n.timezone, n.currency, n.staff_phones, n.broadcast_pace
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
