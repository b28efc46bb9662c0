-- The people who sign in: who manages whom, links that are used once, and passwords. Every act waits for the one before it
-- and looks again whether its actor may still act, so that two people can never switch each other off.

alter table dashboard.users
  add column if not exists version integer not null default 1,
  add column if not exists changed_at timestamptz,
  add column if not exists changed_by bigint;
comment on column dashboard.users.version is 'moves on with name, e-mail, role, salon and the right to sign in';

create or replace function dashboard.count_version_of_user() returns trigger
language plpgsql set search_path = ''
as $$
begin
  if (new.email, new.first_name, new.last_name, new.role, new.tenant_id, new.active)
     is distinct from (old.email, old.first_name, old.last_name, old.role, old.tenant_id, old.active) then
    new.version := old.version + 1;
    new.changed_at := now();
    new.changed_by := dashboard.current_user_id();
    new.updated_at := now() at time zone 'utc';
  end if;
  return new;
end
$$;
create or replace trigger count_version_of_user before update on dashboard.users
for each row execute function dashboard.count_version_of_user();

-- The id is the key of the act that made the link. What is handed over is signed by the dashboard and is stored nowhere.
create table if not exists dashboard.user_links (
  id uuid primary key,
  user_id bigint not null references dashboard.users (id) on delete cascade,
  purpose text not null constraint purpose_is_known check (purpose in ('invite', 'reset')),
  created_by bigint,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz,
  ended_at timestamptz
);
comment on column dashboard.user_links.ended_at is 'a newer link was made, or the user was switched off';
create index if not exists user_links_user_id_idx on dashboard.user_links (user_id, created_at desc);
alter table dashboard.user_links enable row level security;

-- Whether the one who asks manages people with this role in this salon: the platform everybody, an admin the staff and the
-- admins of the own salon.
create or replace function dashboard.manages(role text, tenant uuid) returns boolean
language sql stable set search_path = ''
as $$
  select coalesce(case dashboard.current_role() when 'super_admin' then true
    when 'admin' then manages.role in ('admin', 'staff') and manages.tenant = dashboard.current_tenant() end, false)
$$;

-- What to call a user in front of the one who asks; null for people of other salons and of the platform.
create or replace function dashboard.name_shown(person bigint) returns text
language sql stable security definer set search_path = ''
as $$
  select dashboard.name_of_user(u.id) from dashboard.users u
  where u.id = person and (dashboard.current_role() = 'super_admin' or dashboard.manages(u.role, u.tenant_id))
$$;

-- Begins an act about users. One at a time: whoever waited is asked again whether he or she may still act.
create or replace function dashboard.begin_user_act(key uuid, action text, roles text[] default '{admin,super_admin}') returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  known jsonb := dashboard.begin_act(key, action, roles);
begin
  if known is not null then return known; end if;
  perform pg_advisory_xact_lock(hashtextextended('dashboard.users', 0));
  if not dashboard.is_still_signed_in() then
    raise sqlstate 'PT403' using message = 'this act is not open to the role';
  end if;
  return null;
end
$$;

-- An act about a user belongs into the audit of that user's salon, whichever salon the actor had in view.
create or replace function dashboard.finish_user_act(key uuid, tenant uuid, description text, metadata jsonb, answer jsonb)
returns jsonb
language plpgsql security definer set search_path = ''
as $$
begin
  update dashboard.audits a set tenant_id = finish_user_act.tenant
  where a.key = finish_user_act.key and a.tenant_id is distinct from finish_user_act.tenant;
  return dashboard.finish_act(key, description, metadata, answer);
end
$$;

-- The user, for an act of somebody who manages him or her. Raises PT404 for everybody else's.
create or replace function dashboard.managed_user(person bigint) returns dashboard.users
language plpgsql stable security definer set search_path = ''
as $$
declare
  u dashboard.users;
begin
  select x.* into u from dashboard.users x
  where x.id = person and x.duplicate_of is null and dashboard.manages(x.role, x.tenant_id);
  if not found then raise sqlstate 'PT404' using message = 'no such user'; end if;
  return u;
end
$$;

create or replace function dashboard.checked_name(value text, field text) returns text
language plpgsql immutable set search_path = ''
as $$
declare
  shown text := nullif(btrim(regexp_replace(value, '[[:cntrl:][:space:]]+', ' ', 'g')), '');
begin
  if length(shown) > 100 then raise sqlstate 'PT400' using message = 'too_long', detail = field; end if;
  return shown;
end
$$;

-- The salon that somebody with this role shall belong to: none for the platform, else `tenant` (or `otherwise`). Only the
-- platform chooses one, and only it makes people of the platform.
create or replace function dashboard.checked_salon(role text, tenant uuid, otherwise uuid) returns uuid
language plpgsql stable security definer set search_path = ''
as $$
#variable_conflict use_variable
declare
  salon uuid := coalesce(tenant, otherwise);
begin
  if role is null or role not in ('staff', 'admin', 'super_admin') then
    raise sqlstate 'PT400' using message = 'no_such_role', detail = 'role';
  elsif role = 'super_admin' and dashboard.current_role() <> 'super_admin'
     or tenant is not null and tenant is distinct from dashboard.current_tenant() and dashboard.current_role() <> 'super_admin' then
    raise sqlstate 'PT403' using message = 'only the platform does this';
  elsif role = 'super_admin' then
    return null;
  elsif salon is null then
    raise sqlstate 'PT400' using message = 'required', detail = 'tenant';
  elsif not exists (select from public.tenants_v2 t where t.id = salon) then
    raise sqlstate 'PT400' using message = 'no_such_salon', detail = 'tenant';
  end if;
  return salon;
end
$$;

-- Makes a link for a user and ends the older ones. Answers what the dashboard signs: the link's id and when it ends.
create or replace function dashboard.make_user_link(key uuid, person bigint, purpose text) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  ends timestamptz := date_trunc('second', now()) + case purpose when 'invite' then interval '72 hours' else interval '24 hours' end;
begin
  update dashboard.user_links l set ended_at = now()
  where l.user_id = person and l.used_at is null and l.ended_at is null;
  insert into dashboard.user_links (id, user_id, purpose, created_by, expires_at)
  values (key, person, purpose, dashboard.current_user_id(), ends);
  update dashboard.users u set updated_at = now() at time zone 'utc' where u.id = person;
  return jsonb_build_object('user', person, 'link', key, 'expires', extract(epoch from ends)::bigint, 'purpose', purpose);
end
$$;

-- Makes a user without a password, and the link with which he or she chooses one.
create or replace function dashboard.invite_user(
  key uuid, email text, first_name text, last_name text, role text, tenant uuid default null
) returns jsonb
language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  known jsonb := dashboard.begin_user_act(key, 'invite_user');
  mail text := lower(btrim(email));
  first text;
  last text;
  salon uuid;
  person bigint;
begin
  if known is not null then return known; end if;
  salon := dashboard.checked_salon(role, tenant, case when dashboard.current_role() = 'admin' then dashboard.current_tenant() end);
  if coalesce(mail, '') = '' then raise sqlstate 'PT400' using message = 'required', detail = 'email'; end if;
  if length(mail) > 254 then raise sqlstate 'PT400' using message = 'too_long', detail = 'email'; end if;
  if mail !~ '^[^[:space:][:cntrl:]@<>",;:()\[\]\\]+@[^[:space:][:cntrl:]@<>",;:()\[\]\\]+\.[^[:space:][:cntrl:]@<>",;:()\[\]\\.]+$' then
    raise sqlstate 'PT400' using message = 'no_email', detail = 'email';
  end if;
  first := dashboard.checked_name(first_name, 'first_name');
  last := dashboard.checked_name(last_name, 'last_name');
  insert into dashboard.users as u (email, first_name, last_name, role, tenant_id)
  values (mail, first, last, invite_user.role, salon)
  on conflict (lower(btrim(email))) where duplicate_of is null do nothing returning u.id into person;
  if person is null then raise sqlstate 'PT409' using message = 'email_taken', detail = 'email'; end if;
  return dashboard.finish_user_act(key, salon, mail, jsonb_build_object('user', person, 'after', jsonb_strip_nulls(
    jsonb_build_object('email', mail, 'first_name', first, 'last_name', last, 'role', invite_user.role, 'active', true))),
    dashboard.make_user_link(key, person, 'invite'));
end
$$;

-- A link with which a user chooses a new password; for somebody who never came in, a new invitation.
create or replace function dashboard.create_reset_link(key uuid, person bigint) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  known jsonb := dashboard.begin_user_act(key, 'create_reset_link');
  u dashboard.users;
  is_new boolean;
begin
  if known is not null then return known; end if;
  u := dashboard.managed_user(person);
  is_new := coalesce(u.encrypted_password, '') = '' and u.last_sign_in_at is null;
  if u.id = dashboard.current_user_id() then raise sqlstate 'PT409' using message = 'own_account'; end if;
  if not u.active then raise sqlstate 'PT409' using message = 'switched_off'; end if;
  if coalesce(u.encrypted_password, '') = '' and not is_new then
    raise sqlstate 'PT409' using message = 'password_elsewhere';
  end if;
  return dashboard.finish_user_act(key, u.tenant_id, u.email, jsonb_build_object('user', u.id),
    dashboard.make_user_link(key, u.id, case when is_new then 'invite' else 'reset' end));
end
$$;

-- Changes what a user may do. `seen` is the version that was on screen; without `tenant` the salon stays.
create or replace function dashboard.change_user(
  key uuid, person bigint, role text, active boolean, seen integer, tenant uuid default null
) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  known jsonb := dashboard.begin_user_act(key, 'change_user');
  u dashboard.users;
  salon uuid;
  before jsonb;
  after jsonb;
begin
  if known is not null then return known; end if;
  u := dashboard.managed_user(person);
  if u.id = dashboard.current_user_id() then raise sqlstate 'PT409' using message = 'own_account'; end if;
  if change_user.active is null then raise sqlstate 'PT400' using message = 'required', detail = 'active'; end if;
  salon := dashboard.checked_salon(change_user.role, tenant, u.tenant_id);
  if u.version is distinct from seen then
    raise sqlstate 'PT409' using message = 'changed_meanwhile', detail = jsonb_build_object('by', dashboard.name_shown(u.changed_by),
      'at', u.changed_at, 'role', u.role, 'active', u.active, 'version', u.version)::text;
  end if;
  if u.role = 'super_admin' and u.active and not (change_user.role = 'super_admin' and change_user.active)
     and not exists (select from dashboard.users o where o.role = 'super_admin' and o.active and o.duplicate_of is null and o.id <> u.id) then
    raise sqlstate 'PT409' using message = 'last_super_admin';
  end if;
  before := jsonb_build_object('role', u.role, 'active', u.active, 'salon', (select t.name from public.tenants_v2 t where t.id = u.tenant_id));
  after := jsonb_build_object('role', change_user.role, 'active', change_user.active,
    'salon', (select t.name from public.tenants_v2 t where t.id = salon));
  update dashboard.users x set role = change_user.role, active = change_user.active, tenant_id = salon
  where x.id = u.id returning x.version into u.version;
  if not change_user.active then
    update dashboard.user_links l set ended_at = now() where l.user_id = u.id and l.used_at is null and l.ended_at is null;
  end if;
  return dashboard.finish_user_act(key, case when salon is not distinct from u.tenant_id then salon end, u.email,
    jsonb_build_object('user', u.id, 'before', before, 'after', after), jsonb_build_object('user', u.id, 'version', u.version));
end
$$;

-- What to call a user: one's own, or of those whom one manages. `seen` is the version that was on screen; only for
-- oneself it may be missing.
create or replace function dashboard.rename_user(
  key uuid, person bigint, first_name text, last_name text, seen integer default null
) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  known jsonb := dashboard.begin_user_act(key, 'rename_user', '{staff,admin,super_admin}');
  u dashboard.users;
  first text;
  last text;
begin
  if known is not null then return known; end if;
  if person = dashboard.current_user_id() then
    select x.* into u from dashboard.users x where x.id = person;
  else
    u := dashboard.managed_user(person);
  end if;
  first := dashboard.checked_name(rename_user.first_name, 'first_name');
  last := dashboard.checked_name(rename_user.last_name, 'last_name');
  if u.version is distinct from seen and not (seen is null and u.id = dashboard.current_user_id()) then
    raise sqlstate 'PT409' using message = 'changed_meanwhile', detail = jsonb_build_object('by', dashboard.name_shown(u.changed_by),
      'at', u.changed_at, 'first_name', u.first_name, 'last_name', u.last_name, 'version', u.version)::text;
  end if;
  update dashboard.users x set first_name = first, last_name = last where x.id = u.id;
  return dashboard.finish_user_act(key, u.tenant_id, u.email, jsonb_build_object('user', u.id,
    'before', jsonb_build_object('first_name', u.first_name, 'last_name', u.last_name),
    'after', jsonb_build_object('first_name', first, 'last_name', last)), jsonb_build_object('user', u.id));
end
$$;

-- Signs a user out everywhere.
create or replace function dashboard.end_user_sessions(key uuid, person bigint) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  known jsonb := dashboard.begin_user_act(key, 'end_user_sessions');
  u dashboard.users;
begin
  if known is not null then return known; end if;
  u := dashboard.managed_user(person);
  update dashboard.users x set session_version = x.session_version + 1 where x.id = u.id;
  return dashboard.finish_user_act(key, u.tenant_id, u.email, jsonb_build_object('user', u.id), jsonb_build_object('user', u.id));
end
$$;

-- True; raises PT403 for whom is switched off or changed since the token was made.
create or replace function dashboard.must_be_signed_in() returns boolean
language plpgsql stable security definer set search_path = ''
as $$
begin
  if not dashboard.is_still_signed_in() then raise sqlstate 'PT403' using message = 'not signed in any more'; end if;
  return true;
end
$$;

-- The people whom the one who asks manages, by name; after the last row of a page. `state`: active, invited (never came in
-- and has no password) or off. Raises PT403 for who is not signed in any more.
create or replace function dashboard.page_of_users(
  search text default null, role text default null, state text default null, salon uuid default null,
  after_name text default null, after_id bigint default null, page_size integer default 50
) returns jsonb
language sql stable security definer set search_path = ''
as $$
  with every as (
    select u.*, lower(dashboard.name_of_user(u.id)) as sort, coalesce(u.encrypted_password, '') <> '' as has_password, case
      when not u.active then 'off'
      when coalesce(u.encrypted_password, '') = '' and u.last_sign_in_at is null then 'invited' else 'active' end as state
    from dashboard.users u where (select dashboard.must_be_signed_in()) and u.duplicate_of is null
      and dashboard.manages(u.role, u.tenant_id)
  ), fitting as (
    select e.* from every e
    where (page_of_users.role is null or e.role = page_of_users.role)
      and (page_of_users.state is null or e.state = page_of_users.state)
      and (page_of_users.salon is null or e.tenant_id = page_of_users.salon)
      and (page_of_users.search is null or position(lower(page_of_users.search) in e.sort || ' ' || lower(e.email)) > 0)
  ), listed as (
    select f.* from fitting f where page_of_users.after_id is null or (f.sort, f.id) > (page_of_users.after_name, page_of_users.after_id)
    order by f.sort, f.id limit least(greatest(page_size, 1), 200) + 1
  ), numbered as (select l.*, row_number() over (order by l.sort, l.id) as place from listed l)
  select jsonb_build_object(
    'total', (select count(*) from fitting),
    'rows', coalesce(jsonb_agg(jsonb_build_object('id', n.id, 'email', n.email, 'first_name', n.first_name,
      'last_name', n.last_name, 'role', n.role, 'tenant_id', n.tenant_id,
      'salon', (select t.name from public.tenants_v2 t where t.id = n.tenant_id), 'last_sign_in_at', n.last_sign_in_at,
      'state', n.state, 'has_password', n.has_password, 'version', n.version,
      'is_self', n.id = dashboard.current_user_id(),
      'link_until', (select max(k.expires_at) from dashboard.user_links k
        where k.user_id = n.id and k.used_at is null and k.ended_at is null and k.expires_at > now()))
      order by n.place) filter (where n.place <= least(greatest(page_size, 1), 200)), '[]'),
    'next', (select jsonb_build_object('name', p.sort, 'id', p.id) from numbered p
      where p.place = least(greatest(page_size, 1), 200)
        and exists (select from numbered q where q.place > least(greatest(page_size, 1), 200))))
  from numbered n
$$;

-- Whether the one who asks has a password here; else it is Supabase Auth that knows it.
create or replace function dashboard.has_own_password() returns boolean
language sql stable security definer set search_path = ''
as $$
  select coalesce((select coalesce(u.encrypted_password, '') <> '' from dashboard.users u where u.id = dashboard.current_user_id()), false)
$$;

-- --- what only the dashboard itself may do: it has checked a link's signature, or a password

-- Whose password a link sets; null for one that is used, ended or past.
create or replace function dashboard.peek_link(link uuid) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
begin
  if not dashboard.is_system() then raise sqlstate 'PT403' using message = 'not allowed'; end if;
  return (
    select jsonb_build_object('email', u.email, 'name', dashboard.name_of_user(u.id), 'purpose', l.purpose, 'language', u.language,
      'salon', (select t.name from public.tenants_v2 t where t.id = u.tenant_id))
    from dashboard.user_links l join dashboard.users u on u.id = l.user_id
    where l.id = peek_link.link and l.used_at is null and l.ended_at is null and l.expires_at > now() and u.active
      and u.duplicate_of is null);
end
$$;

-- Sets the password with a link and ends the user's sessions. Raises PT404 when the link cannot be used (any more).
create or replace function dashboard.use_link(link uuid, new_hash text, address text, user_agent text) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  u dashboard.users;
begin
  if not dashboard.is_system() then raise sqlstate 'PT403' using message = 'not allowed'; end if;
  perform pg_advisory_xact_lock(hashtextextended('dashboard.users', 0));
  if new_hash !~ '^\$2[ab]\$1[2-9]\$' or dashboard.peek_link(link) is null then
    raise sqlstate 'PT404' using message = 'no such link';
  end if;
  update dashboard.user_links l set used_at = now() where l.id = use_link.link;
  update dashboard.users x set encrypted_password = new_hash, session_version = x.session_version + 1
  where x.id = (select l.user_id from dashboard.user_links l where l.id = use_link.link) returning x.* into u;
  insert into dashboard.audits (user_id, tenant_id, action, ip_address, user_agent)
  values (u.id, u.tenant_id, 'set_password', left(use_link.address, 100), left(use_link.user_agent, 300));
  return jsonb_build_object('email', u.email);
end
$$;

-- Changes one's own password after the present one was checked in the attempt; ends all sessions. Answers the new
-- session_version, with which the session that asked may go on. Raises PT409 when the password was changed meanwhile.
create or replace function dashboard.finish_password_change(
  attempt bigint, person bigint, new_hash text, address text, user_agent text
) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  u dashboard.users;
begin
  if not dashboard.is_system() then raise sqlstate 'PT403' using message = 'not allowed'; end if;
  update dashboard.users x set encrypted_password = new_hash, session_version = x.session_version + 1
  where x.id = person and x.active and new_hash ~ '^\$2[ab]\$1[2-9]\$' and exists (select from dashboard.login_attempts a
    where a.id = attempt and a.email = lower(btrim(x.email)) and a.session_version = x.session_version)
  returning x.* into u;
  if not found then raise sqlstate 'PT409' using message = 'changed_meanwhile'; end if;
  update dashboard.login_attempts a set succeeded = true where a.id = attempt;
  update dashboard.user_links l set ended_at = now() where l.user_id = u.id and l.used_at is null and l.ended_at is null;
  insert into dashboard.audits (user_id, tenant_id, action, ip_address, user_agent)
  values (u.id, u.tenant_id, 'change_password', left(finish_password_change.address, 100),
    left(finish_password_change.user_agent, 300));
  return jsonb_build_object('session_version', u.session_version);
end
$$;

revoke execute on function dashboard.count_version_of_user(),
  dashboard.manages(text, uuid), dashboard.name_shown(bigint), dashboard.begin_user_act(uuid, text, text[]),
  dashboard.finish_user_act(uuid, uuid, text, jsonb, jsonb), dashboard.managed_user(bigint),
  dashboard.checked_name(text, text), dashboard.checked_salon(text, uuid, uuid),
  dashboard.must_be_signed_in(), dashboard.make_user_link(uuid, bigint, text), dashboard.invite_user(uuid, text, text, text, text, uuid),
  dashboard.create_reset_link(uuid, bigint), dashboard.change_user(uuid, bigint, text, boolean, integer, uuid),
  dashboard.rename_user(uuid, bigint, text, text, integer), dashboard.end_user_sessions(uuid, bigint),
  dashboard.page_of_users(text, text, text, uuid, text, bigint, integer), dashboard.has_own_password(),
  dashboard.peek_link(uuid), dashboard.use_link(uuid, text, text, text),
  dashboard.finish_password_change(bigint, bigint, text, text, text) from public;
grant execute on function dashboard.invite_user(uuid, text, text, text, text, uuid),
  dashboard.create_reset_link(uuid, bigint), dashboard.change_user(uuid, bigint, text, boolean, integer, uuid),
  dashboard.rename_user(uuid, bigint, text, text, integer), dashboard.end_user_sessions(uuid, bigint),
  dashboard.page_of_users(text, text, text, uuid, text, bigint, integer), dashboard.has_own_password(),
  dashboard.peek_link(uuid), dashboard.use_link(uuid, text, text, text),
  dashboard.finish_password_change(bigint, bigint, text, text, text) to dashboard_app;

-- Told to the live feed as a hint only: neither password hashes nor names travel.
do $$
begin
  if not exists (select from pg_catalog.pg_publication_tables p
                 where p.pubname = 'supabase_realtime' and p.schemaname = 'dashboard' and p.tablename = 'users') then
    alter publication supabase_realtime add table dashboard.users (id, tenant_id, active, version, updated_at);
  end if;
end
$$;
