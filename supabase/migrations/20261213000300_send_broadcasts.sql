-- Sending a broadcast. Its recipients are fixed in the act that sends it; a job hands them over to the outbox at the
-- salon's pace, each as one command whose id is made of broadcast and client: however often it is tried, it is one message.
-- docs/decisions/0011 says what happens to a message that was sent and not answered.

alter table dashboard.bot_commands drop constraint if exists status_is_known;
alter table dashboard.bot_commands add constraint status_is_known
  check (status in ('queued', 'sent', 'delivered', 'failed', 'dead', 'unknown'));
alter table dashboard.bot_commands drop constraint if exists type_is_known;
alter table dashboard.bot_commands add constraint type_is_known check (type in ('client.message', 'waitlist.converted',
  'waitlist.cancelled', 'waitlist.reopened', 'waitlist.offer', 'settings.changed', 'broadcast.message', 'broadcast.test',
  'salon.alert', 'salon.digest'));
-- When a try first ended so that nobody knows whether the bot has it: without an answer, or with an error of the bot's. Of what was tried before this was kept, nobody knows it.
do $$
begin
  if not exists (select from pg_catalog.pg_attribute a where a.attrelid = 'dashboard.bot_commands'::regclass
                 and a.attname = 'unanswered_at' and not a.attisdropped) then
    alter table dashboard.bot_commands add column unanswered_at timestamptz;
    update dashboard.bot_commands c set unanswered_at = c.created_at where c.status in ('queued', 'dead') and c.attempts > 0;
  end if;
end
$$;
comment on column dashboard.bot_commands.unanswered_at is 'when a try first ended without an answer or with an error of the bot: from then on the bot may know its id';
create index if not exists bot_commands_queued_broadcasts_idx on dashboard.bot_commands (number)
  where status = 'queued' and type = 'broadcast.message';

-- --- acts

-- Sends a draft whose version was seen, to those who are to get it now; `expected` is how many that were when somebody
-- looked. Raises PT409 when many more would get it by now.
create or replace function dashboard.send_broadcast(key uuid, broadcast uuid, seen integer, expected integer) returns jsonb
language plpgsql security definer set search_path = '' set jit = off
as $$
declare
  known jsonb := dashboard.begin_act(key, 'send_broadcast', array['admin', 'super_admin']);
  b dashboard.broadcasts;
  zone text;
  quiet record;
  begins timestamptz;
  getting integer;
begin
  if known is not null then return known; end if;
  b := dashboard.known_broadcast(broadcast);
  if b.status <> 'draft' then raise sqlstate 'PT409' using message = 'sent_already'; end if;
  if b.version is distinct from seen then raise sqlstate 'PT409' using message = 'changed_meanwhile'; end if;
  if b.starts_at < now() - interval '5 minutes' then
    raise sqlstate 'PT400' using message = 'in_the_past', detail = 'starts_at';
  end if;
  if dashboard.refresh_clients(b.tenant_id) is not null then raise sqlstate 'PT409' using message = 'still_counting'; end if;
  zone := dashboard.salon_timezone(b.tenant_id);
  quiet := dashboard.quiet_hours(b.tenant_id);
  begins := greatest(coalesce(b.starts_at, now()), now());
  insert into dashboard.broadcast_recipients (broadcast_id, client_id, tenant_id, place, status, reason, due_at)
  select b.id, a.client_id, b.tenant_id, a.place, case when a.reason is null then 'waiting' when a.reason = 'held_out'
    then 'held_out' else 'skipped' end, nullif(a.reason, 'held_out'), case when b.spread_hours > 0 and a.is_chosen
    then dashboard.open_moment(begins, b.spread_hours * 3600.0 * (a.number - 1) / a.total, zone, quiet.begins, quiet.ends)
    else begins end
  from (select x.*, coalesce(x.reason = 'held_out', true) as is_chosen,
      row_number() over (partition by coalesce(x.reason = 'held_out', true) order by x.place) as number,
      count(*) over (partition by coalesce(x.reason = 'held_out', true)) as total
    from dashboard.broadcast_audience(b) x) a;
  select count(*) filter (where r.status = 'waiting') into getting from dashboard.broadcast_recipients r
  where r.broadcast_id = b.id;
  if getting = 0 then raise sqlstate 'PT400' using message = 'nobody'; end if;
  if getting > expected + greatest(5, expected / 10) then
    raise sqlstate 'PT409' using message = 'audience_grew', detail = getting::text;
  end if;
  update dashboard.broadcasts d set status = case when begins > now() then 'scheduled' else 'running' end,
    started_at = case when begins <= now() then now() end, key = send_broadcast.key, sent_by = dashboard.current_user_id(),
    sent_at = now(), version = b.version + 1, updated_at = now()
  where d.id = b.id;
  return dashboard.finish_act(key, b.name, jsonb_build_object('broadcast', b.id, 'recipients', getting),
    jsonb_build_object('broadcast', b.id, 'recipients', getting));
end
$$;

-- The broadcasts whose messages may go to the bot now: they run, and it is not quiet in their salon.
create or replace function dashboard.sendable_broadcasts() returns uuid[]
language sql stable security definer set search_path = ''
as $$
  select coalesce(array_agg(b.id), '{}') from dashboard.broadcasts b where b.status = 'running' and not dashboard.is_quiet(b.tenant_id)
$$;

-- Takes back what was handed over and is not with the bot: never tried, or the bot said no. What is being tried, or was
-- once sent without an answer, stays as it is.
create or replace function dashboard.take_back_messages(broadcasts uuid[]) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  perform 1 from dashboard.broadcast_recipients r join dashboard.bot_commands c on c.id = r.command_id
  where r.broadcast_id = any (broadcasts) and r.status = 'sending' order by c.id for update of c;
  with taken as (
    delete from dashboard.bot_commands c using dashboard.broadcast_recipients r
    where r.broadcast_id = any (broadcasts) and r.status = 'sending' and r.sent_at is null and c.id = r.command_id
      and c.status = 'queued' and coalesce(c.leased_until, '-infinity') <= now() and (c.attempts = 0 or c.last_error is not null)
    returning c.id
  )
  update dashboard.broadcast_recipients r set status = 'waiting', command_id = null, changed_at = now()
  from taken where r.command_id = taken.id;
end
$$;
drop function if exists dashboard.take_back_messages(uuid);

-- Pauses, resumes or stops a broadcast; what the bot has is with the bot. `act` is pause, resume or stop.
create or replace function dashboard.steer_broadcast(key uuid, broadcast uuid, act text) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  known jsonb := dashboard.begin_act(key, case act when 'pause' then 'pause_broadcast' when 'resume' then 'resume_broadcast'
    else 'stop_broadcast' end, array['admin', 'super_admin']);
  b dashboard.broadcasts;
begin
  if known is not null then return known; end if;
  if act is null or act not in ('pause', 'resume', 'stop') then raise sqlstate 'PT400' using message = 'unknown_act'; end if;
  b := dashboard.known_broadcast(broadcast);
  if not b.status = any (case act when 'pause' then array['scheduled', 'running'] when 'resume' then array['paused']
      else array['scheduled', 'running', 'paused'] end) then
    raise sqlstate 'PT409' using message = 'status_changed';
  end if;
  if act <> 'resume' then perform dashboard.take_back_messages(array[b.id]); end if;
  if act = 'stop' then
    update dashboard.broadcast_recipients r set status = 'skipped', reason = 'stopped', changed_at = now()
    where r.broadcast_id = b.id and r.status = 'waiting';
    -- Is being tried, or was sent once without an answer: nobody knows whether the bot has it.
    update dashboard.bot_commands c set status = 'unknown', last_error = 'stopped', finished_at = now(), lease = null, leased_until = null, updated_at = now()
    from dashboard.broadcast_recipients r
    where r.broadcast_id = b.id and r.status = 'sending' and c.id = r.command_id and c.status = 'queued';
  end if;
  update dashboard.broadcasts d set status = case act when 'pause' then 'paused' when 'stop' then 'stopped'
      else case when coalesce(d.starts_at, now()) > now() then 'scheduled' else 'running' end end,
    started_at = case when act = 'resume' and coalesce(d.starts_at, now()) <= now() then coalesce(d.started_at, now())
      else d.started_at end,
    finished_at = case act when 'stop' then now() end, version = b.version + 1, updated_at = now()
  where d.id = b.id;
  return dashboard.finish_act(key, b.name, jsonb_build_object('broadcast', b.id), jsonb_build_object('broadcast', b.id));
end
$$;

-- How old a message may be that is sent again: the bot remembers ids for 48 hours, so that nobody gets it twice.
create or replace function dashboard.can_be_sent_again(r dashboard.broadcast_recipients) returns boolean
language sql stable security definer set search_path = ''
as $$
  select r.status in ('unknown', 'failed') and r.handed_at > now() - interval '40 hours'
    and dashboard.wants_messages(r.tenant_id, r.client_id) and exists (select from dashboard.bot_commands c
      where c.id = r.command_id and c.status in ('unknown', 'dead'))
$$;

-- Lets those wait for their turn once more whose message nobody knows the end of, or that the bot did not take for a day:
-- it goes out at the usual pace under the same id. Somebody must decide this; it never happens by itself.
create or replace function dashboard.retry_broadcast(key uuid, broadcast uuid) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  known jsonb := dashboard.begin_act(key, 'retry_broadcast', array['admin', 'super_admin']);
  b dashboard.broadcasts;
  number integer;
begin
  if known is not null then return known; end if;
  b := dashboard.known_broadcast(broadcast);
  if b.status = 'draft' then raise sqlstate 'PT409' using message = 'status_changed'; end if;
  update dashboard.broadcast_recipients r set status = 'waiting', reason = null, due_at = now(), changed_at = now()
  where r.broadcast_id = b.id and dashboard.can_be_sent_again(r);
  get diagnostics number = row_count;
  if number = 0 then raise sqlstate 'PT409' using message = 'nothing_to_retry'; end if;
  update dashboard.broadcasts d set status = case when d.status in ('done', 'stopped') then 'running' else d.status end,
    finished_at = null, version = b.version + 1, updated_at = now() where d.id = b.id;
  return dashboard.finish_act(key, b.name, jsonb_build_object('broadcast', b.id, 'recipients', number),
    jsonb_build_object('recipients', number));
end
$$;

-- --- handing over

-- What stands in the way of a recipient whose turn has come; null when nothing does.
create or replace function dashboard.left_out_now(b dashboard.broadcasts, client uuid, command uuid) returns text
language sql stable security definer set search_path = ''
as $$
  select case when c.id is null then 'gone' else dashboard.left_out_because(b, c, dashboard.wants_messages(b.tenant_id, c.id),
    exists (select from public.active_sessions_v2 a where a.tenant_id = b.tenant_id and a.user_id = c.id and not exists (
      select from public.conversation_sessions_v2 x where x.session_id = a.session_id and x.tenant_id = b.tenant_id)),
    b.skips_booked and exists (select from dashboard.archived_dialogs d where d.tenant_id = b.tenant_id and d.client_id = c.id
      and d.is_booked and d.booking_status is distinct from 'cancelled' and d.booking_at > now()),
    b.quiet_days > 0 and exists (select from dashboard.bot_commands k where k.tenant_id = b.tenant_id and k.client_id = c.id
      and k.type in ('client.message', 'broadcast.message') and k.created_at > now() - make_interval(days => b.quiet_days)
      and k.status not in ('failed', 'dead') and k.id <> command)) end
  from (select 1) one left join public.clients_v2 c on c.id = client and c.tenant_id = b.tenant_id
$$;

-- Tokens of a salon, or under the id of nobody of all together: `pace` a second, half a second's worth at most, 1 at least.
create or replace function dashboard.filled_pace(tenant uuid, pace integer) returns dashboard.broadcast_pace
language sql security definer set search_path = ''
as $$
  insert into dashboard.broadcast_pace as p (tenant_id, tokens) values (tenant, 1)
  on conflict (tenant_id) do update set filled_at = clock_timestamp(),
    tokens = least(greatest(1, pace / 2.0), p.tokens + pace * extract(epoch from clock_timestamp() - p.filled_at))
  returning p.*
$$;

-- Hands over up to `number` recipients of a salon whose turn has come; answers how many. Those whom something stands in
-- the way of by now are left out with the reason. A chat gets one message a second at most.
create or replace function dashboard.release_of_salon(tenant uuid, number integer, ours uuid[]) returns integer
language plpgsql security definer set search_path = ''
as $$
declare
  r record;
  because text;
  words record;
  command uuid;
  released integer := 0;
begin
  for r in
    select x.broadcast_id, x.client_id, x.command_id, b from dashboard.broadcast_recipients x
    join dashboard.broadcasts b on b.id = x.broadcast_id
    where b.tenant_id = tenant and b.id = any (ours) and b.status = 'running' and x.status = 'waiting' and x.due_at <= now()
    order by b.sent_at, x.place limit number * 20 for update of x skip locked
  loop
    exit when released >= number;
    command := md5(r.broadcast_id::text || ':' || r.client_id::text)::uuid;
    if r.command_id is not null then  -- it is sent again; what the bot reports of it just now comes first
      perform 1 from dashboard.bot_commands c where c.id = command for update skip locked;
      continue when not found and exists (select from dashboard.bot_commands c where c.id = command);
    end if;
    because := dashboard.left_out_now(r.b, r.client_id, command);
    if because is not null then
      update dashboard.broadcast_recipients x set status = 'skipped', reason = because, changed_at = now()
      where x.broadcast_id = r.broadcast_id and x.client_id = r.client_id;
      continue;
    end if;
    continue when exists (select from dashboard.bot_commands k where k.tenant_id = tenant and k.client_id = r.client_id
      and k.type in ('client.message', 'broadcast.message', 'waitlist.offer')
      and (k.status = 'queued' or k.sent_at > now() - interval '1 second'));
    select w.* into words from dashboard.words_of_clients(tenant, array[r.client_id]) w;
    update dashboard.broadcast_recipients x set status = 'sending', command_id = command,
      handed_at = coalesce(x.handed_at, now()), changed_at = now()
    where x.broadcast_id = r.broadcast_id and x.client_id = r.client_id;
    insert into dashboard.bot_commands as c (id, key, tenant_id, client_id, type, data, created_by)
    values (command, (r.b).key, tenant, r.client_id, 'broadcast.message', jsonb_build_object('broadcast_id', r.broadcast_id,
      'text', dashboard.text_for(r.b, words.name, words.specialist)), (r.b).sent_by)
    on conflict (id) do update set status = 'queued', next_attempt_at = now(),
      expires_at = least(now() + interval '24 hours', c.created_at + interval '48 hours'),  -- then the bot forgets its id
      finished_at = null, last_error = null, updated_at = now() where c.status in ('unknown', 'dead');
    released := released + 1;
  end loop;
  return released;
end
$$;

-- One step of all broadcasts: begins those whose time has come, hands over what the pace allows, ends those that are
-- through. Answers {released, under_way, is_due}: under way is what the bot is to take now, is_due says whether it is worth
-- asking again in a moment. One step at a time, whoever asks; a broadcast that somebody steers just now is left for the next.
-- What a paused or quiet broadcast has in the outbox is taken back first, before anything else is held: it goes out when
-- its time comes, to those whom nothing stands in the way of by then.
create or replace function dashboard.release_broadcasts() returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  all_salons constant uuid := '00000000-0000-0000-0000-000000000000';
  pace constant integer := 20;
  common dashboard.broadcast_pace;
  own dashboard.broadcast_pace;
  under_way integer;
  sendable uuid[];
  ours uuid[];
  room integer;
  salons uuid[];
  salon uuid;
  part integer;
  released integer := 0;
begin
  if not dashboard.is_system() then raise sqlstate 'PT403' using message = 'only jobs send broadcasts'; end if;
  if not pg_try_advisory_xact_lock(hashtextextended('broadcasts', 0)) then
    return jsonb_build_object('released', 0, 'under_way', 0, 'is_due', true);
  end if;
  sendable := dashboard.sendable_broadcasts();
  perform dashboard.take_back_messages(h.held) from (select array_agg(distinct b.id) as held from dashboard.bot_commands c
    join dashboard.broadcasts b on b.id = (c.data ->> 'broadcast_id')::uuid and b.status in ('running', 'paused')
    where c.status = 'queued' and c.type = 'broadcast.message' and coalesce(c.leased_until, '-infinity') <= now()
      and b.id <> all (sendable)) h where h.held is not null;
  update dashboard.broadcasts b set status = 'running', started_at = now(), updated_at = now()
  where b.id in (select x.id from dashboard.broadcasts x where x.status = 'scheduled' and x.starts_at <= now()
    for update skip locked);
  select count(*) into under_way from dashboard.bot_commands c where c.status = 'queued' and c.type = 'broadcast.message'
    and (c.leased_until > now() or c.next_attempt_at <= now() + interval '2 seconds'
      and (c.data ->> 'broadcast_id')::uuid = any (sendable));
  select coalesce(array_agg(o.id), '{}') into ours from (select x.id from dashboard.broadcasts x where x.status = 'running'
    order by x.id for update skip locked) o;
  update dashboard.broadcasts b set status = 'done', finished_at = now(), updated_at = now()
  where b.id = any (ours) and not exists (select from dashboard.broadcast_recipients r
    where r.broadcast_id = b.id and r.status in ('waiting', 'sending'));
  select array_agg(s.tenant_id order by random()) into salons from (
    select distinct b.tenant_id from dashboard.broadcasts b where b.id = any (ours) and b.status = 'running'
      and exists (select from dashboard.broadcast_recipients r where r.broadcast_id = b.id and r.status = 'waiting'
        and r.due_at <= now() + interval '2 seconds')) s
  where not dashboard.is_quiet(s.tenant_id)
    -- A bot that takes none of its salon's messages holds up nobody else's.
    and (select count(*) from dashboard.bot_commands c where c.status = 'queued' and c.type = 'broadcast.message'
      and c.tenant_id = s.tenant_id and (c.leased_until > now() or (c.data ->> 'broadcast_id')::uuid = any (sendable)))
      < 4 * pace;
  common := dashboard.filled_pace(all_salons, pace);
  -- Twice a second's worth under way: the bot takes none.
  if salons is null or common.paused_until > now() or under_way >= 2 * pace then
    return jsonb_build_object('released', 0, 'under_way', under_way, 'is_due', false);
  end if;
  room := least(floor(common.tokens), 2 * pace - under_way);
  for number in 1 .. cardinality(salons) loop
    salon := salons[number];
    own := dashboard.filled_pace(salon, dashboard.broadcast_pace_of(salon));
    part := least(floor(own.tokens), ceil((room - released)::numeric / (cardinality(salons) - number + 1)));
    continue when part <= 0;
    part := dashboard.release_of_salon(salon, part, ours);
    update dashboard.broadcast_pace p set tokens = p.tokens - part where p.tenant_id = salon;
    update dashboard.broadcasts b set updated_at = now()
    where b.tenant_id = salon and b.id = any (ours) and b.status = 'running' and b.updated_at < now() - interval '1 second';
    released := released + part;
  end loop;
  update dashboard.broadcast_pace p set tokens = p.tokens - released where p.tenant_id = all_salons;
  return jsonb_build_object('released', released, 'under_way', under_way + released, 'is_due', true);
end
$$;

-- The end of a message is the end of its command; this is where it shows in the journal.
create or replace function dashboard.keep_recipient() returns trigger
language plpgsql security definer set search_path = ''
as $$
declare
  broadcast uuid;
begin
  update dashboard.broadcast_recipients r set
    status = case when new.status = 'failed' and new.last_error in ('opted_out', 'stopped') then 'skipped'
      when new.status = 'queued' then 'sending' when new.status = 'dead' then 'failed' else new.status end,
    reason = case new.status when 'failed' then coalesce(nullif(new.last_error, ''), 'refused') when 'dead' then 'not_taken' end,
    sent_at = coalesce(new.sent_at, r.sent_at), changed_at = now()
  where r.command_id = new.id returning r.broadcast_id into broadcast;
  -- A hint for the page, not worth waiting for whoever steers the broadcast just now.
  update dashboard.broadcasts b set updated_at = now() where b.id in (select x.id from dashboard.broadcasts x
    where x.id = broadcast and x.updated_at < now() - interval '1 second' for update skip locked);
  return null;
end
$$;
create or replace trigger keep_recipient after update of status on dashboard.bot_commands
for each row when (new.type = 'broadcast.message' and new.status is distinct from old.status)
execute function dashboard.keep_recipient();

-- --- the outbox, where broadcasts come last, wait when the bot asks for a pause, and are not tried twice without a word

-- Whether a command is a message to a client who wants none.
create or replace function dashboard.is_unwanted(c dashboard.bot_commands) returns boolean
language sql stable security definer set search_path = ''
as $$
  select c.type in ('client.message', 'waitlist.offer', 'broadcast.message') and not dashboard.wants_messages(c.tenant_id, c.client_id)
$$;

-- Takes commands that are due, for `seconds` in which nobody else gets them: of each client only the oldest that is not
-- through, of a salon's own commands the oldest of each type. A message to a client who wants none any more ends here.
create or replace function dashboard.claim_commands(number integer default 20, seconds integer default 60) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  claimed jsonb;
  unwanted integer;
  sendable uuid[] := case when not coalesce((select p.paused_until > now() from dashboard.broadcast_pace p
      where p.tenant_id = '00000000-0000-0000-0000-000000000000'), false) then dashboard.sendable_broadcasts() end;
begin
  if not dashboard.is_system() then raise sqlstate 'PT403' using message = 'only the dashboard delivers commands'; end if;
  update dashboard.bot_commands c set status = 'dead', finished_at = now(), updated_at = now(),
    unanswered_at = coalesce(c.unanswered_at, c.leased_until)
  where c.id in (select e.id from dashboard.bot_commands e where e.status = 'queued' and e.expires_at <= now()
    and coalesce(e.leased_until, '-infinity') <= now() for update skip locked);
  loop
    with due as (
      select c.id, c as command from dashboard.bot_commands c
      where c.status = 'queued' and c.next_attempt_at <= now() and coalesce(c.leased_until, '-infinity') <= now()
        and (c.type <> 'broadcast.message' or (c.data ->> 'broadcast_id')::uuid = any (sendable))
        -- What somebody wrote does not wait for a broadcast's message that the bot did not take, and what is about the
        -- salon waits for its own kind only: a wrong chat for alerts is put right by a setting.
        and not exists (select from dashboard.bot_commands e
          where e.tenant_id = c.tenant_id and e.client_id is not distinct from c.client_id and e.status = 'queued'
            and e.number < c.number and (e.type <> 'broadcast.message' or c.type = 'broadcast.message')
            and (c.client_id is not null or e.type = c.type))
      order by c.type = 'broadcast.message', c.next_attempt_at, c.number limit least(greatest(claim_commands.number, 1), 200)
      for update of c skip locked
    ), judged as materialized (
      select d.id, dashboard.is_unwanted(d.command) as is_unwanted from due d
    ), turned_away as (
      update dashboard.bot_commands c set status = 'failed', last_error = 'opted_out', finished_at = now(), lease = null,
        leased_until = null, updated_at = now()
      from judged j where j.is_unwanted and c.id = j.id and c.status = 'queued'
        and coalesce(c.leased_until, '-infinity') <= now()
      returning c.id
    ), taken as (
      -- A lease that ran out was a try whose end nobody knows.
      update dashboard.bot_commands c set lease = gen_random_uuid(), leased_until = now() + make_interval(secs => seconds),
        attempts = c.attempts + 1, unanswered_at = coalesce(c.unanswered_at, c.leased_until), updated_at = now()
      from judged j where not j.is_unwanted and c.id = j.id and c.status = 'queued'
        and coalesce(c.leased_until, '-infinity') <= now()
      returning c.*
    )
    select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'lease', t.lease, 'type', t.type, 'created_at', t.created_at,
      'data', t.data || jsonb_build_object('command_id', t.id, 'tenant_id', t.tenant_id, 'client_id', t.client_id))
      order by t.number), '[]'), (select count(*) from turned_away)
    into claimed, unwanted from taken t;
    -- Nothing to send is the word for "nothing is due".
    exit when claimed <> '[]' or unwanted = 0;
  end loop;
  return claimed;
end
$$;

-- Writes down how attempts ended, each at the same place of its array: `taken`, `refused` (never to be tried again), `untried`
-- (given back, as if it had not been claimed), `unanswered` (sent, and nobody knows: a broadcast's message stays like that, everything else is tried again under its
-- id), or any other word to try it later. `waits` are seconds that the bot asked for; all broadcasts wait so long. Else pauses double from 5 seconds to 30 minutes, give or take a fifth, until the command
-- expires. What would be tried again and is a message to a client who wants none any more ends as `opted_out`. A lease that
-- ran out settles nothing; a callback that was faster than this stays.
create or replace function dashboard.settle_commands(
  commands uuid[], leases uuid[], outcomes text[], errors text[], waits integer[]
) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  if not dashboard.is_system() then raise sqlstate 'PT403' using message = 'only the dashboard delivers commands'; end if;
  perform 1 from dashboard.bot_commands b where b.id = any (commands) order by b.id for update;
  update dashboard.bot_commands c set
    attempts = c.attempts - case s.outcome when 'untried' then 1 else 0 end,
    status = case when s.is_unwanted then 'failed' else s.status end,
    sent_at = case when s.status in ('sent', 'unknown') then now() else c.sent_at end,
    unanswered_at = case when s.outcome = 'unanswered' or s.error like 'HTTP 5%' then coalesce(c.unanswered_at, now())
      else c.unanswered_at end,
    finished_at = case when s.is_unwanted or s.status in ('failed', 'unknown', 'dead') then now() end,
    last_error = case when s.is_unwanted then 'opted_out' when s.outcome = 'taken' then null
      when s.outcome = 'untried' then c.last_error else left(s.error, 500) end,
    next_attempt_at = case s.outcome when 'untried' then now() else s.next_at end, lease = null, leased_until = null, updated_at = now()
  from (
    select b.id, t.lease, t.outcome, nullif(t.error, '') as error, n.next_at, e.status,
      e.status = 'queued' and dashboard.is_unwanted(b) as is_unwanted
    from unnest(commands, leases, outcomes, errors, waits) t(id, lease, outcome, error, wait)
    join dashboard.bot_commands b on b.id = t.id
    cross join lateral (select now() + coalesce(make_interval(secs => nullif(greatest(least(t.wait, 86400), 0), 0)),
      make_interval(secs => least(1800, 5 * 2 ^ least(b.attempts - 1, 20)) * (0.8 + 0.4 * random()))) as next_at) n
    cross join lateral (select case when t.outcome = 'taken' then 'sent' when t.outcome = 'refused' then 'failed'
      when t.outcome = 'untried' then 'queued' when t.outcome = 'unanswered' and b.type = 'broadcast.message' then 'unknown'
      when n.next_at >= b.expires_at then 'dead' else 'queued' end as status) e
  ) s
  where c.id = s.id and c.status = 'queued' and c.lease = s.lease;
  insert into dashboard.broadcast_pace as p (tenant_id, tokens, paused_until)
  select '00000000-0000-0000-0000-000000000000', 0, now() + make_interval(secs => max(least(t.wait, 86400)))
  from unnest(commands, waits) t(id, wait) where t.wait > 0
  having count(*) > 0
  on conflict (tenant_id) do update set paused_until = greatest(p.paused_until, excluded.paused_until);
end
$$;
drop function if exists dashboard.settle_command(uuid, uuid, text, text);

-- The bot is back: what waits for its next try is due now. What somebody holds just now is not waiting.
create or replace function dashboard.hurry_commands() returns integer
language plpgsql security definer set search_path = ''
as $$
declare
  n integer;
begin
  if not dashboard.is_system() then raise sqlstate 'PT403' using message = 'only the dashboard delivers commands'; end if;
  update dashboard.bot_commands c set next_attempt_at = now() where c.id in (
    select b.id from dashboard.bot_commands b where b.status = 'queued' and b.next_attempt_at > now() for update skip locked);
  get diagnostics n = row_count;
  return n;
end
$$;

-- As before; what nobody knew the end of is known when the bot says so, however late.
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
      where c.id = command and (c.status in ('queued', 'sent', 'dead', 'unknown')
        or c.status = 'failed' and c.last_error = 'opted_out');  -- it was with the bot before the client wanted no more
    when 'command.failed' then
      update dashboard.bot_commands c set status = 'failed', last_error = left(coalesce(data ->> 'reason', ''), 500),
        sent_at = coalesce(c.sent_at, now()), finished_at = now(), lease = null, leased_until = null, updated_at = now()
      where c.id = command and c.status in ('queued', 'sent', 'dead', 'unknown');
    when 'client.opted_out' then
      select k.tenant_id into salon from public.clients_v2 k where k.id = client;
      if found then
        insert into dashboard.client_opt_outs values (salon, client) on conflict (tenant_id, client_id)
          do update set opted_out_at = now();
        update dashboard.bot_commands c set status = 'failed', last_error = 'opted_out', finished_at = now(), lease = null,
          leased_until = null, updated_at = now()
        where c.tenant_id = salon and c.client_id = client and c.status = 'queued'
          and coalesce(c.leased_until, '-infinity') <= now()  -- what is being sent just now may be with the bot already
          and c.type in ('client.message', 'waitlist.offer', 'broadcast.message');
      end if;
    else
      perform dashboard.take_waitlist_event(take_bot_event.type, command, data);
  end case;
  return true;
end
$$;

revoke execute on function dashboard.can_be_sent_again(dashboard.broadcast_recipients),
  dashboard.send_broadcast(uuid, uuid, integer, integer), dashboard.take_back_messages(uuid[]),
  dashboard.sendable_broadcasts(), dashboard.is_unwanted(dashboard.bot_commands),
  dashboard.steer_broadcast(uuid, uuid, text), dashboard.retry_broadcast(uuid, uuid),
  dashboard.left_out_now(dashboard.broadcasts, uuid, uuid), dashboard.filled_pace(uuid, integer),
  dashboard.release_of_salon(uuid, integer, uuid[]), dashboard.release_broadcasts(), dashboard.keep_recipient(),
  dashboard.settle_commands(uuid[], uuid[], text[], text[], integer[]) from public;
grant execute on function dashboard.send_broadcast(uuid, uuid, integer, integer),
  dashboard.steer_broadcast(uuid, uuid, text), dashboard.retry_broadcast(uuid, uuid), dashboard.release_broadcasts(),
  dashboard.settle_commands(uuid[], uuid[], text[], text[], integer[]) to dashboard_app;
