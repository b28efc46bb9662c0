-- Broadcasts: one message to many clients. Who gets it is fixed when somebody sends it; each recipient is a row whose end
-- can be looked up. Only keys and decisions are kept: names, phones and texts are made when they are needed.

create table if not exists dashboard.broadcasts (
  id uuid primary key default gen_random_uuid(),
  tenant_id uuid not null,
  name text not null constraint name_has_a_length check (length(name) between 1 and 200),
  text text not null constraint text_has_a_length check (length(text) between 1 and 2000),
  without_name text check (length(without_name) <= 100),
  without_salon text check (length(without_salon) <= 100),
  without_specialist text check (length(without_specialist) <= 100),
  audience_search text,
  audience_kind text,
  audience_channel text,
  audience_staff text,
  quiet_days integer not null default 7 constraint quiet_days_are_sensible check (quiet_days between 0 and 365),
  skips_booked boolean not null default true,
  held_out_percent integer not null default 0 constraint held_out_is_a_choice check (held_out_percent in (0, 5, 10, 15, 20)),
  starts_at timestamptz,
  spread_hours integer not null default 0 constraint spread_is_a_week_at_most check (spread_hours between 0 and 168),
  status text not null default 'draft'
    constraint status_is_known check (status in ('draft', 'scheduled', 'running', 'paused', 'stopped', 'done')),
  version integer not null default 1,
  key uuid,
  created_by bigint,
  created_at timestamptz not null default now(),
  sent_by bigint,
  sent_at timestamptz,
  started_at timestamptz,
  finished_at timestamptz,
  updated_at timestamptz not null default now()
);
comment on column dashboard.broadcasts.without_name is 'stands for {name} where a client has none; the same with the other two';
comment on column dashboard.broadcasts.quiet_days is 'who got a message within so many days is left out; 0: nobody is';
comment on column dashboard.broadcasts.key is 'of the act in dashboard.audits that sent it';
create index if not exists broadcasts_newest_idx on dashboard.broadcasts (tenant_id, created_at desc, id);
create index if not exists broadcasts_updated_idx on dashboard.broadcasts (tenant_id, updated_at desc);
create index if not exists broadcasts_open_idx on dashboard.broadcasts (status) where status in ('scheduled', 'running');

-- One row for everybody whom the audience named when the broadcast was sent, also for those who are left out.
create table if not exists dashboard.broadcast_recipients (
  broadcast_id uuid not null references dashboard.broadcasts (id),
  client_id uuid not null,
  tenant_id uuid not null,
  place integer not null,
  status text not null constraint status_is_known check (status in ('waiting', 'sending', 'sent', 'delivered', 'failed',
    'skipped', 'unknown', 'held_out')),
  reason text,
  due_at timestamptz not null,
  command_id uuid,
  handed_at timestamptz,
  sent_at timestamptz,
  changed_at timestamptz not null default now(),
  primary key (broadcast_id, client_id)
);
comment on column dashboard.broadcast_recipients.handed_at is 'when it was handed over to the outbox first: what the client did since then counts';
create unique index if not exists broadcast_recipients_command_key on dashboard.broadcast_recipients (command_id);
create unique index if not exists broadcast_recipients_place_key on dashboard.broadcast_recipients (broadcast_id, place);
create index if not exists broadcast_recipients_status_idx on dashboard.broadcast_recipients (broadcast_id, status, place);
create index if not exists broadcast_recipients_client_idx on dashboard.broadcast_recipients (tenant_id, client_id);

-- How many messages may go out now: of one salon, and (under the id of nobody) of all together. Tokens fill up with time.
create table if not exists dashboard.broadcast_pace (
  tenant_id uuid primary key,
  tokens numeric not null,
  filled_at timestamptz not null default clock_timestamp(),
  paused_until timestamptz
);

alter table dashboard.tenant_settings
  add column if not exists broadcast_pace integer
    constraint broadcast_pace_is_sensible check (broadcast_pace between 1 and 20);
comment on column dashboard.tenant_settings.broadcast_pace is 'messages of broadcasts a second; null: 20, as for all salons together';

-- Filters that somebody gave a name: parameters of a page's address.
create table if not exists dashboard.saved_views (
  id uuid primary key default gen_random_uuid(),
  tenant_id uuid not null,
  page text not null constraint page_is_known check (page in ('clients')),
  name text not null constraint name_has_a_length check (length(name) between 1 and 100),
  params text not null constraint params_have_a_length check (length(params) between 1 and 2000),
  created_by bigint,
  created_at timestamptz not null default now()
);
create unique index if not exists saved_views_name_key on dashboard.saved_views (tenant_id, page, lower(name));

alter table dashboard.broadcasts enable row level security;
alter table dashboard.broadcast_recipients enable row level security;
alter table dashboard.broadcast_pace enable row level security;
alter table dashboard.saved_views enable row level security;
grant select (id, tenant_id, status, created_at, updated_at) on dashboard.broadcasts to dashboard_app;
grant select (broadcast_id, client_id, tenant_id, status, changed_at) on dashboard.broadcast_recipients to dashboard_app;
grant select on dashboard.saved_views to dashboard_app;

drop policy if exists "owners read the broadcasts of their salon" on dashboard.broadcasts;
create policy "owners read the broadcasts of their salon"
on dashboard.broadcasts for select to dashboard_app using (
  tenant_id = (select dashboard.current_tenant()) and (select dashboard.current_role()) in ('admin', 'super_admin')
  or (select dashboard.current_role()) = 'system'
);
drop policy if exists "owners read who got the broadcasts of their salon" on dashboard.broadcast_recipients;
create policy "owners read who got the broadcasts of their salon"
on dashboard.broadcast_recipients for select to dashboard_app using (
  tenant_id = (select dashboard.current_tenant()) and (select dashboard.current_role()) in ('admin', 'super_admin')
  or (select dashboard.current_role()) = 'system'
);
drop policy if exists "owners read the saved filters of their salon" on dashboard.saved_views;
create policy "owners read the saved filters of their salon"
on dashboard.saved_views for select to dashboard_app using (
  tenant_id = (select dashboard.current_tenant()) and (select dashboard.current_role()) in ('admin', 'super_admin')
  or (select dashboard.current_role()) = 'system'
);

do $$
begin
  if not exists (select from pg_catalog.pg_publication_tables p
                 where p.pubname = 'supabase_realtime' and p.schemaname = 'dashboard' and p.tablename = 'broadcasts') then
    alter publication supabase_realtime add table dashboard.broadcasts;
  end if;
end
$$;

-- Raises PT403 for whoever does not manage the salon in view.
create or replace function dashboard.must_manage() returns void
language plpgsql stable security definer set search_path = ''
as $$
begin
  if coalesce(dashboard.current_role(), '') not in ('admin', 'super_admin') or dashboard.current_tenant() is null
     or not dashboard.is_still_signed_in() then
    raise sqlstate 'PT403' using message = 'only owners';
  end if;
end
$$;

-- The moment at which `seconds` have passed since `start`, not counting quiet hours; with 0 the first moment that is not
-- quiet. Salon time; a year ahead at most.
create or replace function dashboard.open_moment(
  start timestamptz, seconds double precision, zone text, quiet_from time, quiet_to time
) returns timestamptz
language plpgsql stable set search_path = ''
as $$
declare
  at timestamptz := start;
  rest double precision := seconds;
  local timestamp;
  next_quiet timestamptz;
begin
  if quiet_from is null or quiet_to is null then return start + make_interval(secs => seconds); end if;
  for turn in 1 .. 800 loop
    local := at at time zone zone;
    if quiet_from < quiet_to and local::time >= quiet_from and local::time < quiet_to
       or quiet_from > quiet_to and (local::time >= quiet_from or local::time < quiet_to) then
      at := greatest(at + interval '1 second', (local::date
        + case when quiet_from > quiet_to and local::time >= quiet_from then 1 else 0 end + quiet_to) at time zone zone);
      continue;
    end if;
    next_quiet := (local::date + case when local::time < quiet_from then 0 else 1 end + quiet_from) at time zone zone;
    if rest <= extract(epoch from next_quiet - at) then
      return case when rest = extract(epoch from next_quiet - at) and rest > 0 then next_quiet
        else at + make_interval(secs => rest) end;
    end if;
    rest := rest - extract(epoch from next_quiet - at);
    at := next_quiet;
  end loop;
  return at;
end
$$;

revoke execute on function dashboard.must_manage(),
  dashboard.open_moment(timestamptz, double precision, text, time, time) from public;
