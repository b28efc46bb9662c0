-- The outbox: what the bot is asked to do. A command is written in the transaction of the act that it belongs to, is sent
-- by whoever claims it, and is acted on once: its id is derived from the act, and the bot knows ids that it has seen.
-- docs/BOT_CONTRACT.md holds the other side.

create table if not exists dashboard.bot_commands (
  id uuid primary key,
  number bigint generated always as identity,
  key uuid not null,
  tenant_id uuid not null,
  client_id uuid,
  type text not null constraint type_is_known check (type in ('client.message', 'waitlist.converted', 'waitlist.cancelled',
    'waitlist.reopened', 'waitlist.offer', 'settings.changed', 'broadcast.message')),
  data jsonb not null default '{}',
  status text not null default 'queued'
    constraint status_is_known check (status in ('queued', 'sent', 'delivered', 'failed', 'dead')),
  attempts integer not null default 0,
  next_attempt_at timestamptz not null default now(),
  expires_at timestamptz not null default now() + interval '24 hours',
  lease uuid,
  leased_until timestamptz,
  last_error text,
  created_by bigint,
  retry_of uuid references dashboard.bot_commands (id),
  created_at timestamptz not null default now(),
  sent_at timestamptz,
  finished_at timestamptz,
  updated_at timestamptz not null default now()
);
comment on column dashboard.bot_commands.key is 'of the act in dashboard.audits';
comment on column dashboard.bot_commands.number is 'the order in which commands about one client reach the bot';

create index if not exists bot_commands_queued_idx on dashboard.bot_commands (next_attempt_at) where status = 'queued';
create index if not exists bot_commands_lane_idx on dashboard.bot_commands (tenant_id, client_id, number)
  where status = 'queued';
create index if not exists bot_commands_client_idx on dashboard.bot_commands (tenant_id, client_id, number desc);
create index if not exists bot_commands_retry_of_idx on dashboard.bot_commands (retry_of) where retry_of is not null;
create index if not exists bot_commands_updated_idx on dashboard.bot_commands (tenant_id, updated_at desc);

-- Callbacks that the bot made, so that none counts twice; and how many were refused, by day (UTC) and reason.
create table if not exists dashboard.bot_events (
  id text primary key check (length(id) <= 200),
  type text not null,
  received_at timestamptz not null default now()
);
create table if not exists dashboard.refused_callbacks (
  day date not null,
  reason text not null,
  number bigint not null,
  primary key (day, reason)
);
-- Clients who want no messages: the bot's callback said so. What the bot's memory says later counts for more.
create table if not exists dashboard.client_opt_outs (
  tenant_id uuid not null,
  client_id uuid not null,
  opted_out_at timestamptz not null default now(),
  primary key (tenant_id, client_id)
);

alter table dashboard.bot_commands enable row level security;
alter table dashboard.bot_events enable row level security;
alter table dashboard.refused_callbacks enable row level security;
alter table dashboard.client_opt_outs enable row level security;
grant select on dashboard.bot_commands, dashboard.client_opt_outs to dashboard_app;

drop policy if exists "people read the commands of their salon" on dashboard.bot_commands;
create policy "people read the commands of their salon"
on dashboard.bot_commands for select to dashboard_app using (
  tenant_id = (select dashboard.current_tenant()) or (select dashboard.current_role()) = 'system'
);
drop policy if exists "people read the opt-outs of their salon" on dashboard.client_opt_outs;
create policy "people read the opt-outs of their salon"
on dashboard.client_opt_outs for select to dashboard_app using (
  tenant_id = (select dashboard.current_tenant()) or (select dashboard.current_role()) = 'system'
);
-- Whether a client wants messages: what the bot remembers, unless a callback said no since.
create or replace function dashboard.wants_messages(tenant uuid, client uuid) returns boolean
language sql stable set search_path = ''
as $$
  select coalesce(m.allow_notifications, true) and (o.opted_out_at is null or coalesce(m.updated_at > o.opted_out_at, false))
  from (select 1) one
  left join public.user_ltm_v2 m on m.tenant_id = tenant and m.user_id = client
  left join dashboard.client_opt_outs o on o.tenant_id = tenant and o.client_id = client
$$;

-- Puts a command into the outbox; called by acts only. One act about several things names each by its `place`.
create or replace function dashboard.queue_command(
  key uuid, place text, type text, client uuid, data jsonb, retry_of uuid default null
) returns uuid
language plpgsql security definer set search_path = ''
as $$
declare
  command uuid := md5(key::text || ':' || place)::uuid;
begin
  insert into dashboard.bot_commands (id, key, tenant_id, client_id, type, data, created_by, retry_of)
  values (command, queue_command.key, dashboard.current_tenant(), queue_command.client, queue_command.type,
    queue_command.data, dashboard.current_user_id(), queue_command.retry_of);
  return command;
end
$$;

-- Takes commands that are due, for `seconds` in which nobody else gets them: of each client (and of each salon's own
-- commands) only the oldest that is not through, so that the bot gets them in order. Two who ask at once get different ones.
create or replace function dashboard.claim_commands(number integer default 20, seconds integer default 60) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  claimed jsonb;
begin
  if not dashboard.is_system() then raise sqlstate 'PT403' using message = 'only the dashboard delivers commands'; end if;
  update dashboard.bot_commands c set status = 'dead', finished_at = now(), updated_at = now()
  where c.status = 'queued' and c.expires_at <= now() and coalesce(c.leased_until, '-infinity') <= now();
  with due as (
    select c.id from dashboard.bot_commands c
    where c.status = 'queued' and c.next_attempt_at <= now() and coalesce(c.leased_until, '-infinity') <= now()
      and not exists (select from dashboard.bot_commands e
        where e.tenant_id = c.tenant_id and e.client_id is not distinct from c.client_id and e.status = 'queued'
          and e.number < c.number)
    order by c.next_attempt_at, c.number limit least(greatest(claim_commands.number, 1), 200)
    for update skip locked
  ), taken as (
    update dashboard.bot_commands c set lease = gen_random_uuid(), leased_until = now() + make_interval(secs => seconds),
      attempts = c.attempts + 1, updated_at = now()
    from due where c.id = due.id and c.status = 'queued' and coalesce(c.leased_until, '-infinity') <= now()
    returning c.*
  )
  select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'lease', t.lease, 'type', t.type, 'created_at', t.created_at,
    'data', t.data || jsonb_build_object('command_id', t.id, 'tenant_id', t.tenant_id, 'client_id', t.client_id))
    order by t.number), '[]')
  into claimed from taken t;
  return claimed;
end
$$;

-- Writes down how an attempt ended: taken, refused (never to be tried again) or, with any other word, to be tried later.
-- Pauses double from 5 seconds to 30 minutes, give or take a fifth, until the command expires. A lease that ran out
-- settles nothing; a callback that was faster than this stays.
create or replace function dashboard.settle_command(command uuid, lease uuid, outcome text, error text default null) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  if not dashboard.is_system() then raise sqlstate 'PT403' using message = 'only the dashboard delivers commands'; end if;
  update dashboard.bot_commands c set
    status = case outcome when 'taken' then 'sent' when 'refused' then 'failed'
      else case when p.next_at >= c.expires_at then 'dead' else 'queued' end end,
    sent_at = case outcome when 'taken' then now() else c.sent_at end,
    finished_at = case when outcome = 'refused' or outcome <> 'taken' and p.next_at >= c.expires_at then now() end,
    last_error = case outcome when 'taken' then null else left(error, 500) end,
    next_attempt_at = p.next_at, lease = null, leased_until = null, updated_at = now()
  from (select b.id, now() + make_interval(secs => least(1800, 5 * 2 ^ least(b.attempts - 1, 20)) * (0.8 + 0.4 * random()))
    as next_at from dashboard.bot_commands b where b.id = settle_command.command) p
  where c.id = p.id and c.status = 'queued' and c.lease = settle_command.lease;
end
$$;

-- The bot is back: what waits for its next try is due now.
create or replace function dashboard.hurry_commands() returns integer
language plpgsql security definer set search_path = ''
as $$
declare
  n integer;
begin
  if not dashboard.is_system() then raise sqlstate 'PT403' using message = 'only the dashboard delivers commands'; end if;
  update dashboard.bot_commands c set next_attempt_at = now() where c.status = 'queued' and c.next_attempt_at > now();
  get diagnostics n = row_count;
  return n;
end
$$;

-- Takes a callback of the bot, whose signature was checked. Answers false when it was taken before. What it says about a
-- command that is through already, or that does not exist, changes nothing.
create or replace function dashboard.take_bot_event(event text, type text, data jsonb) returns boolean
language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_variable
declare
  command uuid := case when data ->> 'command_id' ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
    then (data ->> 'command_id')::uuid end;
  client uuid := case when data ->> 'client_id' ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
    then (data ->> 'client_id')::uuid end;
  salon uuid;
begin
  if not dashboard.is_system() then raise sqlstate 'PT403' using message = 'only the bot answers'; end if;
  delete from dashboard.bot_events e where e.received_at < now() - interval '7 days';
  insert into dashboard.bot_events (id, type) values (left(event, 200), left(take_bot_event.type, 100)) on conflict do nothing;
  if not found then return false; end if;
  case take_bot_event.type
    when 'command.delivered' then
      update dashboard.bot_commands c set status = 'delivered', last_error = null, sent_at = coalesce(c.sent_at, now()),
        finished_at = now(), lease = null, leased_until = null, updated_at = now()
      where c.id = command and c.status in ('queued', 'sent', 'dead');
    when 'command.failed' then
      update dashboard.bot_commands c set status = 'failed', last_error = left(coalesce(data ->> 'reason', ''), 500),
        sent_at = coalesce(c.sent_at, now()), finished_at = now(), lease = null, leased_until = null, updated_at = now()
      where c.id = command and c.status in ('queued', 'sent', 'dead');
    when 'client.opted_out' then
      select k.tenant_id into salon from public.clients_v2 k where k.id = client;
      if found then
        insert into dashboard.client_opt_outs values (salon, client) on conflict (tenant_id, client_id)
          do update set opted_out_at = now();
        update dashboard.bot_commands c set status = 'failed', last_error = 'opted_out', finished_at = now(), lease = null,
          leased_until = null, updated_at = now()
        where c.tenant_id = salon and c.client_id = client and c.status = 'queued'
          and c.type in ('client.message', 'waitlist.offer', 'broadcast.message');
      end if;
    else
      perform dashboard.take_waitlist_event(take_bot_event.type, command, data);
  end case;
  return true;
end
$$;

-- What a callback says about the waiting list; the waiting list's own migration gives it its meaning.
create or replace function dashboard.take_waitlist_event(type text, command uuid, data jsonb) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  raise sqlstate 'PT400' using message = 'no such event';
end
$$;

-- Counts callbacks that were refused.
create or replace function dashboard.count_refused_callbacks(reason text, number integer) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  if not dashboard.is_system() then raise sqlstate 'PT403' using message = 'only the dashboard counts'; end if;
  insert into dashboard.refused_callbacks values ((now() at time zone 'utc')::date, left(reason, 50),
    count_refused_callbacks.number)
  on conflict on constraint refused_callbacks_pkey do update set number = refused_callbacks.number + excluded.number;
end
$$;

-- What to call a user of the dashboard; null when there is none. People of the platform are '@platform' to a salon's
-- people, whom neither their names nor their e-mails concern; the pages have words for it.
create or replace function dashboard.name_of_user(person bigint) returns text
language sql stable security definer set search_path = ''
as $$
  select case when u.role = 'super_admin' and dashboard.current_role() in ('staff', 'admin') then '@platform' else
    coalesce(nullif(btrim(concat_ws(' ', nullif(btrim(u.first_name), ''), nullif(btrim(u.last_name), ''))), ''), u.email) end
  from dashboard.users u where u.id = person
$$;

-- A command as pages show it, with the name of the one who gave it. Its texts are shown as all texts are: see shown_text.
create or replace function dashboard.command_row(c dashboard.bot_commands) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
begin
  return jsonb_build_object('id', c.id, 'type', c.type, 'client_id', c.client_id, 'status', c.status,
    'attempts', c.attempts, 'error', dashboard.shown_text(c.last_error), 'text', dashboard.shown_text(c.data ->> 'text'),
    'created_at', c.created_at, 'next_attempt_at', case c.status when 'queued' then c.next_attempt_at end,
    'sent_at', c.sent_at, 'finished_at', c.finished_at, 'by', dashboard.name_of_user(c.created_by));
end
$$;

-- The last try of a command: itself, or what it was repeated as.
create or replace function dashboard.last_try(command uuid) returns jsonb
language sql stable security definer set search_path = ''
as $$
  select dashboard.command_row(b) from dashboard.bot_commands b where b.id = command or b.retry_of = command
  order by b.number desc limit 1
$$;

-- Tries a command again that did not get through. One that was never taken keeps its id, so that the bot acts once
-- whatever it saw of it; one that the bot could not do becomes a new one. Staff may repeat what they may give.
create or replace function dashboard.retry_command(key uuid, command uuid) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  c dashboard.bot_commands;
  known jsonb;
  again uuid;
begin
  select b.* into c from dashboard.bot_commands b
  where b.id = retry_command.command and b.tenant_id = dashboard.current_tenant() for update;
  if not found then raise sqlstate 'PT404' using message = 'no such command'; end if;
  known := dashboard.begin_act(key, 'retry_command', case
    when c.type like 'waitlist.%' or c.data ? 'wishlist_id' then array['staff', 'admin', 'super_admin']
    else array['admin', 'super_admin'] end);
  if known is not null then return known; end if;
  if c.status not in ('failed', 'dead') then raise sqlstate 'PT409' using message = 'not_failed'; end if;
  if c.type in ('client.message', 'waitlist.offer', 'broadcast.message')
     and not dashboard.wants_messages(c.tenant_id, c.client_id) then
    raise sqlstate 'PT409' using message = 'opted_out';
  end if;
  -- What was decided about the wish since, or the time of the offer, has overtaken the command.
  if (c.data ->> 'offer_until')::timestamptz <= now() or c.type like 'waitlist.%' and exists (
      select from dashboard.wishlist_actions a
      where a.tenant_id = c.tenant_id and a.wishlist_id = (c.data ->> 'wishlist_id')::bigint
        and a.kind in ('converted', 'cancelled', 'reopened', 'offered')
        and a.id > (select max(x.id) from dashboard.wishlist_actions x where x.command_id in (c.id, c.retry_of))) then
    raise sqlstate 'PT409' using message = 'outdated';
  end if;
  if c.status = 'dead' then
    update dashboard.bot_commands b set status = 'queued', next_attempt_at = now(), expires_at = least(now() + interval '24 hours',
        (c.data ->> 'offer_until')::timestamptz),
      finished_at = null, attempts = 0, updated_at = now() where b.id = c.id;
    again := c.id;
  elsif c.status = 'failed' and not exists (select from dashboard.bot_commands b
      where b.retry_of = coalesce(c.retry_of, c.id) and b.number > c.number) then
    again := dashboard.queue_command(key, 'again', c.type, c.client_id, c.data, coalesce(c.retry_of, c.id));
  else
    raise sqlstate 'PT409' using message = 'not_failed';
  end if;
  return dashboard.finish_act(key, c.type, jsonb_build_object('command', c.id), jsonb_build_object('command', again));
end
$$;

revoke execute on function dashboard.wants_messages(uuid, uuid),
  dashboard.queue_command(uuid, text, text, uuid, jsonb, uuid), dashboard.claim_commands(integer, integer),
  dashboard.settle_command(uuid, uuid, text, text), dashboard.hurry_commands(),
  dashboard.take_bot_event(text, text, jsonb), dashboard.take_waitlist_event(text, uuid, jsonb),
  dashboard.count_refused_callbacks(text, integer), dashboard.command_row(dashboard.bot_commands),
  dashboard.name_of_user(bigint), dashboard.last_try(uuid), dashboard.retry_command(uuid, uuid) from public;
grant execute on function dashboard.claim_commands(integer, integer), dashboard.settle_command(uuid, uuid, text, text),
  dashboard.hurry_commands(), dashboard.take_bot_event(text, text, jsonb),
  dashboard.count_refused_callbacks(text, integer), dashboard.retry_command(uuid, uuid) to dashboard_app;

do $$
begin
  if not exists (select from pg_catalog.pg_publication_tables p
                 where p.pubname = 'supabase_realtime' and p.schemaname = 'dashboard' and p.tablename = 'bot_commands') then
    alter publication supabase_realtime add table dashboard.bot_commands;
  end if;
end
$$;
