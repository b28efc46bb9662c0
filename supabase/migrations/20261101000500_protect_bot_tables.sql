-- The bot's tables, read only and one salon at a time. The bot bypasses row-level security and notices nothing.
-- Of tenants_v2 the column `metadata` is not granted: it holds tokens.

do $$
declare
  name text;
begin
  foreach name in array array['clients_v2', 'active_sessions_v2', 'conversation_sessions_v2', 'recent_history_v2',
                              'wishlist_v2', 'user_ltm_v2', 'agent_trajectories_v2'] loop
    execute format('alter table public.%I enable row level security', name);
    execute format('revoke all on table public.%I from anon, authenticated, public', name);
    execute format('grant select on table public.%I to dashboard_app', name);
    execute format('drop policy if exists %I on public.%I', 'the dashboard reads one salon', name);
    execute format($policy$
      create policy %I on public.%I for select to dashboard_app using (
        tenant_id = (select dashboard.current_tenant()) or (select dashboard.current_role()) = 'system'
      )$policy$, 'the dashboard reads one salon', name);
  end loop;
end
$$;

alter table public.tenants_v2 enable row level security;
revoke all on table public.tenants_v2 from anon, authenticated, public;
grant select (id, name, slug, is_active, created_at, updated_at) on table public.tenants_v2 to dashboard_app;

drop policy if exists "the dashboard reads its salon, the platform all of them" on public.tenants_v2;
create policy "the dashboard reads its salon, the platform all of them"
on public.tenants_v2 for select to dashboard_app using (
  id = (select dashboard.current_tenant()) or (select dashboard.current_role()) in ('super_admin', 'system')
);

-- A salon as the frame of a page shows it.
create or replace view dashboard.salons with (security_invoker = true) as
select t.id, t.name, t.is_active,
  dashboard.salon_timezone(t.id) as timezone,
  dashboard.salon_currency(t.id) as currency
from public.tenants_v2 t;
revoke all on dashboard.salons from public, anon, authenticated;
grant select on dashboard.salons to dashboard_app;
