-- What people do about a client: write through the bot, invite back, keep notes.

create table if not exists dashboard.client_notes (
  id uuid primary key default gen_random_uuid(),
  tenant_id uuid not null,
  client_id uuid not null,
  author_id bigint,
  text text not null constraint text_has_a_length check (length(text) between 1 and 2000),
  created_at timestamptz not null default now(),
  removed_at timestamptz,
  removed_by bigint
);
create index if not exists client_notes_client_idx on dashboard.client_notes (tenant_id, client_id, created_at desc)
  where removed_at is null;

alter table dashboard.client_notes enable row level security;
grant select (id, tenant_id, client_id, author_id, created_at, removed_at, removed_by) on dashboard.client_notes
  to dashboard_app;
drop policy if exists "people read the notes of their salon" on dashboard.client_notes;
create policy "people read the notes of their salon"
on dashboard.client_notes for select to dashboard_app using (
  tenant_id = (select dashboard.current_tenant()) or (select dashboard.current_role()) = 'system'
);
comment on column dashboard.client_notes.text is 'granted to nobody: it may hold a phone, which dashboard.shown_text hides';

-- What a person typed, without blanks around it: 1 to 2,000 characters.
create or replace function dashboard.checked_text(words text, field text) returns text
language plpgsql immutable set search_path = ''
as $$
declare
  plain text := regexp_replace(words, '^[\s\u00a0\u200b\ufeff]+|[\s\u00a0\u200b\ufeff]+$', '', 'g');
begin
  if coalesce(plain, '') = '' then raise sqlstate 'PT400' using message = 'required', detail = field; end if;
  if length(plain) > 2000 then raise sqlstate 'PT400' using message = 'too_long', detail = field; end if;
  return plain;
end
$$;

-- The client of the salon in view; raises PT404 for every other one.
create or replace function dashboard.known_client(client uuid) returns uuid
language plpgsql stable security definer set search_path = ''
as $$
begin
  if not exists (select from public.clients_v2 c where c.id = client and c.tenant_id = dashboard.current_tenant()) then
    raise sqlstate 'PT404' using message = 'no such client';
  end if;
  return client;
end
$$;

-- The last invitation of a client to come back, on whichever try it got through.
create or replace function dashboard.last_invitation(tenant uuid, client uuid) returns timestamptz
language sql stable security definer set search_path = ''
as $$
  select b.created_at from dashboard.bot_commands b
  where b.tenant_id = tenant and b.client_id = client and b.type = 'client.message' and b.data ->> 'kind' = 'win_back'
    and b.retry_of is null
  order by b.number desc limit 1
$$;

-- The salon's day from which a client may be invited again; null when nothing is in the way.
create or replace function dashboard.invitable_on(tenant uuid, invited_at timestamptz) returns date
language sql stable security definer set search_path = ''
as $$
  select d.again from (
    select (invited_at at time zone z.zone)::date + 30 as again, (now() at time zone z.zone)::date as today
    from (select dashboard.salon_timezone(tenant) as zone) z) d
  where d.again > d.today
$$;

create or replace function dashboard.write_to_client(key uuid, client uuid, text text) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  known jsonb := dashboard.begin_act(key, 'write_to_client', array['admin', 'super_admin']);
  words text;
begin
  if known is not null then return known; end if;
  perform dashboard.known_client(client);
  words := dashboard.checked_text(write_to_client.text, 'text');
  if not dashboard.wants_messages(dashboard.current_tenant(), client) then
    raise sqlstate 'PT409' using message = 'opted_out';
  end if;
  return dashboard.finish_act(key, 'client.message', jsonb_build_object('client', client), jsonb_build_object('command',
    dashboard.queue_command(key, 'client', 'client.message', client, jsonb_build_object('text', words))));
end
$$;

-- At most once in 30 days for a client: who asks meanwhile waits and then sees the first invitation.
create or replace function dashboard.invite_client(key uuid, client uuid, text text) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  known jsonb := dashboard.begin_act(key, 'invite_client', array['admin', 'super_admin']);
  tenant uuid := dashboard.current_tenant();
  words text;
  again date;
begin
  if known is not null then return known; end if;
  perform dashboard.known_client(client);
  words := dashboard.checked_text(invite_client.text, 'text');
  perform pg_advisory_xact_lock(hashtextextended('invite:' || tenant::text || client::text, 0));
  if not dashboard.wants_messages(tenant, client) then raise sqlstate 'PT409' using message = 'opted_out'; end if;
  again := dashboard.invitable_on(tenant, dashboard.last_invitation(tenant, client));
  if again is not null then
    raise sqlstate 'PT409' using message = 'invited_recently', detail = again::text;
  end if;
  if exists (select from dashboard.archived_dialogs d where d.tenant_id = tenant and d.client_id = client and d.is_booked
      and d.booking_status is distinct from 'cancelled' and d.booking_at > now()) then
    raise sqlstate 'PT409' using message = 'booked_already';
  end if;
  return dashboard.finish_act(key, 'client.message', jsonb_build_object('client', client), jsonb_build_object('command',
    dashboard.queue_command(key, 'client', 'client.message', client,
      jsonb_build_object('text', words, 'kind', 'win_back'))));
end
$$;

create or replace function dashboard.add_client_note(key uuid, client uuid, text text) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  known jsonb := dashboard.begin_act(key, 'add_client_note', array['admin', 'super_admin']);
  note uuid := md5(key::text || ':note')::uuid;
begin
  if known is not null then return known; end if;
  perform dashboard.known_client(client);
  insert into dashboard.client_notes (id, tenant_id, client_id, author_id, text)
  values (note, dashboard.current_tenant(), client, dashboard.current_user_id(),
    dashboard.checked_text(add_client_note.text, 'text'));
  return dashboard.finish_act(key, null, jsonb_build_object('client', client, 'note', note),
    jsonb_build_object('note', note));
end
$$;

-- The note stays in the database, with who took it away.
create or replace function dashboard.remove_client_note(key uuid, note uuid) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  known jsonb := dashboard.begin_act(key, 'remove_client_note', array['admin', 'super_admin']);
  found_client uuid;
begin
  if known is not null then return known; end if;
  update dashboard.client_notes n set removed_at = now(), removed_by = dashboard.current_user_id()
  where n.id = note and n.tenant_id = dashboard.current_tenant() and n.removed_at is null
  returning n.client_id into found_client;
  if not found then raise sqlstate 'PT404' using message = 'no such note'; end if;
  return dashboard.finish_act(key, null, jsonb_build_object('client', found_client, 'note', note), '{}');
end
$$;

revoke execute on function dashboard.checked_text(text, text), dashboard.known_client(uuid),
  dashboard.last_invitation(uuid, uuid), dashboard.invitable_on(uuid, timestamptz),
  dashboard.write_to_client(uuid, uuid, text), dashboard.invite_client(uuid, uuid, text),
  dashboard.add_client_note(uuid, uuid, text), dashboard.remove_client_note(uuid, uuid) from public;
grant execute on function dashboard.write_to_client(uuid, uuid, text), dashboard.invite_client(uuid, uuid, text),
  dashboard.add_client_note(uuid, uuid, text), dashboard.remove_client_note(uuid, uuid) to dashboard_app;

do $$
begin
  if not exists (select from pg_catalog.pg_publication_tables p
                 where p.pubname = 'supabase_realtime' and p.schemaname = 'dashboard' and p.tablename = 'client_notes') then
    alter publication supabase_realtime add table dashboard.client_notes;
  end if;
end
$$;
