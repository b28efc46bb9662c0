-- What Realtime tells the dashboard's live feed. Rows reach only those whose policies let them read the row;
-- the dashboard takes an event as a hint and reads again under the viewer's own identity.

-- A row of our own that the supervisor touches and that must come back: silence shows as silence.
create table if not exists dashboard.live_canary (
  id text primary key check (length(id) <= 100),
  touched_at timestamptz not null default now()
);
alter table dashboard.live_canary enable row level security;
grant select on dashboard.live_canary to dashboard_app;
drop policy if exists "only the live feed sees its canary" on dashboard.live_canary;
create policy "only the live feed sees its canary"
on dashboard.live_canary for select to dashboard_app using ((select dashboard.current_role()) = 'system');

create or replace function dashboard.touch_canary(process text) returns timestamptz
language plpgsql security definer set search_path = ''
as $$
declare
  at timestamptz := clock_timestamp();
begin
  if dashboard.current_role() is distinct from 'system' then raise sqlstate 'PT403' using message = 'not allowed'; end if;
  delete from dashboard.live_canary c where c.touched_at < now() - interval '1 day';
  insert into dashboard.live_canary values (process, at)
  on conflict (id) do update set touched_at = excluded.touched_at;
  return at;
end
$$;
revoke execute on function dashboard.touch_canary(text) from public;
grant execute on function dashboard.touch_canary(text) to dashboard_app;

-- A mark of the newest rows of each salon and table. While Realtime is away the live feed asks for it every few
-- seconds and compares: one request for all salons, whose cost does not depend on how much they hold.
create or replace function dashboard.pulse() returns jsonb
language plpgsql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
begin
  if dashboard.current_role() is distinct from 'system' then raise sqlstate 'PT403' using message = 'not allowed'; end if;
  return (
    select coalesce(jsonb_object_agg(t.id, jsonb_build_object(
      'recent_history_v2', (select m.created_at from public.recent_history_v2 m where m.tenant_id = t.id
        order by m.created_at desc limit 1),
      'conversation_sessions_v2', (select c.created_at from public.conversation_sessions_v2 c where c.tenant_id = t.id
        order by c.created_at desc limit 1),
      'active_sessions_v2', (select count(*) || ' ' || max(greatest(a.last_activity_at, a.updated_at))
        from public.active_sessions_v2 a where a.tenant_id = t.id))), '{}')
    from public.tenants_v2 t);
end
$$;
revoke execute on function dashboard.pulse() from public;
grant execute on function dashboard.pulse() to dashboard_app;

do $$
declare
  name text;
begin
  if not exists (select from pg_catalog.pg_publication where pubname = 'supabase_realtime') then
    create publication supabase_realtime;
  end if;
  foreach name in array array['public.active_sessions_v2', 'public.conversation_sessions_v2', 'public.recent_history_v2',
                              'public.wishlist_v2', 'public.clients_v2', 'dashboard.live_canary'] loop
    if not exists (select from pg_catalog.pg_publication_tables p
                   where p.pubname = 'supabase_realtime' and p.schemaname || '.' || p.tablename = name) then
      execute format('alter publication supabase_realtime add table %s', name);
    end if;
  end loop;
end
$$;
