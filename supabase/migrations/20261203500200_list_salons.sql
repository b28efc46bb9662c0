-- The platform's list of salons with how each of them is doing. Its cost grows with the salons and with what happens in a
-- day or waits for the bot now, never with what they have written so far.

create index if not exists bot_commands_unsuccessful_idx on dashboard.bot_commands (tenant_id, finished_at)
  where status in ('failed', 'dead');

create or replace function dashboard.list_salons() returns jsonb
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
begin
  if dashboard.current_role() is distinct from 'super_admin' or not dashboard.is_still_signed_in() then
    raise sqlstate 'PT403' using message = 'only the platform sees all salons';
  end if;
  return jsonb_build_object(
    'salons', (
      select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'name', t.name, 'is_active', t.is_active,
        'timezone', z.zone, 'has_settings', z.has_settings, 'dialogs_today', (select count(*) from dashboard.dialogs g where g.tenant_id = t.id
          and g.started_at >= dashboard.day_start(d.today, z.zone)
          and g.started_at < dashboard.day_start(d.today + 1, z.zone)),
        'last_write', (select m.created_at from public.recent_history_v2 m where m.tenant_id = t.id
          order by m.created_at desc limit 1),
        'open_commands', (select count(*) from dashboard.bot_commands c where c.tenant_id = t.id and c.status = 'queued'),
        'failed_commands', (select count(*) from dashboard.bot_commands c where c.tenant_id = t.id
          and c.status in ('failed', 'dead') and c.finished_at > now() - interval '7 days'))
        order by t.is_active desc, t.name, t.id), '[]')
      from public.tenants_v2 t
      left join dashboard.tenant_settings s on s.tenant_id = t.id
      cross join lateral (select coalesce(s.timezone, 'Europe/Moscow') as zone, s.tenant_id is not null as has_settings) z
      cross join lateral (select (now() at time zone z.zone)::date as today) d),
    'refused', (
      select coalesce(jsonb_agg(jsonb_build_object('reason', r.reason, 'number', r.number) order by r.number desc, r.reason), '[]')
      from (select f.reason, sum(f.number) as number from dashboard.refused_callbacks f
        where f.day > (now() at time zone 'utc')::date - 7 group by f.reason) r));
end
$$;

-- Gives a salon its row of settings, with the zone and the currency that its figures are in.
create or replace function dashboard.create_settings(key uuid, salon uuid, timezone text, currency text) returns jsonb
language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_variable
declare
  known jsonb := dashboard.begin_act(key, 'create_settings', array['super_admin']);
  zone text;
  money text;
begin
  if known is not null then return known; end if;
  zone := dashboard.read_setting('timezone', timezone) #>> '{}';
  money := dashboard.read_setting('currency', currency) #>> '{}';
  if not exists (select from public.tenants_v2 t where t.id = salon) then
    raise sqlstate 'PT404' using message = 'no such salon';
  end if;
  insert into dashboard.tenant_settings (tenant_id, timezone, currency, changed_by, changed_at)
  values (salon, zone, money, dashboard.current_user_id(), now()) on conflict on constraint tenant_settings_pkey do nothing;
  if not found then raise sqlstate 'PT409' using message = 'has_settings'; end if;
  return dashboard.finish_act(key, (select t.name from public.tenants_v2 t where t.id = salon),
    jsonb_build_object('salon', salon, 'after', jsonb_build_object('timezone', zone, 'currency', money)), '{}');
end
$$;

revoke execute on function dashboard.list_salons(), dashboard.create_settings(uuid, uuid, text, text) from public;
grant execute on function dashboard.list_salons(), dashboard.create_settings(uuid, uuid, text, text) to dashboard_app;
