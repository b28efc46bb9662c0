-- Indexes on the bot's waiting list; as those of add_indexes_for_queries, each may be built beforehand, concurrently.

create index if not exists dashboard_wishlist_status
  on public.wishlist_v2 (tenant_id, status, created_at, id);
create index if not exists dashboard_wishlist_created_at
  on public.wishlist_v2 (tenant_id, created_at, id);
create index if not exists dashboard_wishlist_decided_at
  on public.wishlist_v2 (tenant_id, (coalesce(processed_at, updated_at))) where status <> 'pending';
create index if not exists dashboard_wishlist_updated_at
  on public.wishlist_v2 (tenant_id, updated_at);
