-- Indexes on the bot's tables that the dashboard's queries need. Each statement may be run beforehand with
-- `create index concurrently if not exists` on a busy project; this file then finds them and does nothing.
-- Expressions use built-in functions only, and no index holds a text of any length: an index must never fail or refuse
-- a row that the bot writes.

create index if not exists dashboard_conversations_started_at
  on public.conversation_sessions_v2 (tenant_id, started_at desc, id desc);
create index if not exists dashboard_conversations_client
  on public.conversation_sessions_v2 (tenant_id, user_id, started_at);
create index if not exists dashboard_conversations_session
  on public.conversation_sessions_v2 (tenant_id, session_id);
create index if not exists dashboard_conversations_booking
  on public.conversation_sessions_v2 using hash (booking_id) where booking_id is not null;
create index if not exists dashboard_conversations_created_at
  on public.conversation_sessions_v2 (tenant_id, created_at);

create index if not exists dashboard_active_sessions_tenant
  on public.active_sessions_v2 (tenant_id, user_id, created_at);

create index if not exists dashboard_history_session
  on public.recent_history_v2 (tenant_id, session_id, created_at, id);
create index if not exists dashboard_history_unlinked_client
  on public.recent_history_v2 (tenant_id, user_id, created_at, id) where session_id is null;
create index if not exists dashboard_history_unlinked_created_at
  on public.recent_history_v2 (tenant_id, created_at) where session_id is null;
create index if not exists dashboard_history_created_at
  on public.recent_history_v2 (tenant_id, created_at);
create index if not exists dashboard_history_words
  on public.recent_history_v2 using gin (
    to_tsvector('pg_catalog.russian', translate(left(message, 20000), 'ёЁ', 'еЕ')));

create index if not exists dashboard_clients_name
  on public.clients_v2 using gin (
    to_tsvector('pg_catalog.simple', translate(lower(left(full_name, 500)), 'ё', 'е')));
create index if not exists dashboard_clients_phone
  on public.clients_v2 (tenant_id,
    (right(regexp_replace(coalesce(nullif(btrim(phone), ''), whatsapp_id), '\D', '', 'g'), 10)) text_pattern_ops);
create index if not exists dashboard_clients_phone_end
  on public.clients_v2 (tenant_id,
    (reverse(right(regexp_replace(coalesce(nullif(btrim(phone), ''), whatsapp_id), '\D', '', 'g'), 10))) text_pattern_ops);

create index if not exists dashboard_wishlist_service
  on public.wishlist_v2 (tenant_id, (left(meta ->> 'service_id', 100)), id);
create index if not exists dashboard_wishlist_staff
  on public.wishlist_v2 (tenant_id, (left(meta ->> 'staff_id', 100)), id);
