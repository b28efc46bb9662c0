-- Indexes on the bot's tables for the lists of clients. Each statement may be run beforehand with
-- `create index concurrently if not exists` on a busy project. Expressions use built-in functions only and are bounded.

create index if not exists dashboard_clients_created_at on public.clients_v2 (tenant_id, created_at);
create index if not exists dashboard_clients_updated_at on public.clients_v2 (tenant_id, updated_at);
create index if not exists dashboard_clients_telegram on public.clients_v2 (tenant_id, telegram_chat_id)
  where telegram_chat_id is not null;
create index if not exists dashboard_clients_yclients on public.clients_v2 (tenant_id, yclients_client_id)
  where yclients_client_id is not null;
create index if not exists dashboard_clients_order on public.clients_v2
  (tenant_id, (coalesce(btrim(left(full_name, 100)), '') = ''),
   (translate(lower(coalesce(btrim(left(full_name, 100)), '')), 'ё', 'е')), id);
create index if not exists dashboard_conversations_booking_datetime on public.conversation_sessions_v2
  (tenant_id, booking_datetime) where booking_id is not null;
create index if not exists dashboard_memory_updated_at on public.user_ltm_v2 (tenant_id, updated_at);
create index if not exists dashboard_wishlist_client on public.wishlist_v2 (tenant_id, user_id, created_at desc, id desc);
