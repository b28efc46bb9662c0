-- What the dashboard asks at its start, in /readyz and in /metrics: how the project is set up, and how much waits.

-- `versions`: the migrations that the Supabase CLI recorded, null when nothing was recorded; `ours`: those of them that
-- touch this schema, because the bot's own may stand in the same record.
-- `published`: the tables that Realtime tells of.
create or replace function dashboard.readiness() returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  versions jsonb;
  ours jsonb;
begin
  if dashboard.current_role() is distinct from 'system' then raise sqlstate 'PT403' using message = 'not allowed'; end if;
  if pg_catalog.to_regclass('supabase_migrations.schema_migrations') is not null then
    execute 'select jsonb_agg(m.version order by m.version), jsonb_agg(m.version order by m.version)'
      ' filter (where exists (select from unnest(m.statements) s where s like ''%dashboard.%''))'
      ' from supabase_migrations.schema_migrations m' into versions, ours;
  end if;
  return jsonb_build_object('versions', versions, 'ours', coalesce(ours, '[]'), 'published', (
    select coalesce(jsonb_agg(p.schemaname || '.' || p.tablename order by 1), '[]')
    from pg_catalog.pg_publication_tables p where p.pubname = 'supabase_realtime'));
end
$$;
revoke execute on function dashboard.readiness() from public;
grant execute on function dashboard.readiness() to dashboard_app;

-- Commands that wait (`queued`), that are being sent (`leased`), that were given up within the last day (`dead`), the
-- seconds that the oldest one has waited; and broadcasts by their state, once there are any.
create or replace function dashboard.queues() returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  commands jsonb;
  broadcasts jsonb;
begin
  if dashboard.current_role() is distinct from 'system' then raise sqlstate 'PT403' using message = 'not allowed'; end if;
  select jsonb_build_object(
    'queued', count(*) filter (where coalesce(c.leased_until, '-infinity') <= now()),
    'leased', count(*) filter (where c.leased_until > now()),
    'oldest_seconds', coalesce(extract(epoch from now() - min(c.created_at)), 0)::double precision,
    'dead', (select count(*) from dashboard.bot_commands d
      where d.status = 'dead' and d.finished_at > now() - interval '1 day'))
  into commands from dashboard.bot_commands c where c.status = 'queued';
  if pg_catalog.to_regclass('dashboard.broadcasts') is not null then
    execute 'select jsonb_object_agg(b.status, b.number) from'
      ' (select status, count(*) as number from dashboard.broadcasts group by status) b' into broadcasts;
  end if;
  return jsonb_build_object('commands', commands, 'broadcasts', coalesce(broadcasts, '{}'));
end
$$;
revoke execute on function dashboard.queues() from public;
grant execute on function dashboard.queues() to dashboard_app;

create index if not exists bot_commands_dead_idx on dashboard.bot_commands (finished_at) where status = 'dead';
