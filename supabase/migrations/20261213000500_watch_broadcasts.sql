-- The marks that the live feed compares while Realtime is away, now with alerts and broadcasts.

create or replace function dashboard.pulse() returns jsonb
language plpgsql stable security definer set search_path = ''
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
        from public.active_sessions_v2 a where a.tenant_id = t.id),
      'wishlist_v2', (select w.updated_at from public.wishlist_v2 w where w.tenant_id = t.id
        order by w.updated_at desc limit 1),
      'clients_v2', (select c.updated_at from public.clients_v2 c where c.tenant_id = t.id
        order by c.updated_at desc limit 1),
      'wishlist_actions', (select a.id::text from dashboard.wishlist_actions a where a.tenant_id = t.id
        order by a.id desc limit 1),
      'bot_commands', (select b.updated_at from dashboard.bot_commands b where b.tenant_id = t.id
        order by b.updated_at desc limit 1),
      'client_notes', (select n.created_at from dashboard.client_notes n where n.tenant_id = t.id
        order by n.created_at desc limit 1) || coalesce((select n.removed_at from dashboard.client_notes n
        where n.tenant_id = t.id and n.removed_at is not null order by n.removed_at desc limit 1)::text, ''),
      'alerts', (select a.updated_at from dashboard.alerts a where a.tenant_id = t.id order by a.updated_at desc limit 1),
      'broadcasts', (select b.updated_at from dashboard.broadcasts b where b.tenant_id = t.id
        order by b.updated_at desc limit 1),
      'users', (select max(u.updated_at) from dashboard.users u where u.tenant_id = t.id),
      'audits', (select a.id::text from dashboard.audits a where a.tenant_id = t.id
        order by a.created_at desc, a.id desc limit 1),
      'tenant_settings', (select s.updated_at from dashboard.tenant_settings s where s.tenant_id = t.id))), '{}')
    from public.tenants_v2 t);
end
$$;
