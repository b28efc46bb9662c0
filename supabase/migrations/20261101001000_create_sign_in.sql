-- Signing in: attempts are counted where a restart does not forget them; password hashes leave the database only
-- here, to a token of role system, and never to a browser.

create table if not exists dashboard.login_attempts (
  id bigint generated always as identity primary key,
  email text not null,
  address text not null,
  succeeded boolean not null default false,
  created_at timestamptz not null default now()
);
-- Whose password was checked and under which session_version: one that was changed meanwhile is not overwritten.
alter table dashboard.login_attempts add column if not exists session_version integer;
create index if not exists login_attempts_email_idx on dashboard.login_attempts (email, created_at);
create index if not exists login_attempts_address_idx on dashboard.login_attempts (address, created_at);
alter table dashboard.login_attempts enable row level security;

-- Opens an attempt, which counts as failed until finish_sign_in says otherwise. Within 15 minutes: 5 failures from one
-- address for one e-mail, 20 for one e-mail from anywhere, 50 from one address. Answers {retry_after} in seconds, or
-- {attempt, user}, where `user` is null for an unknown e-mail.
create or replace function dashboard.begin_sign_in(email text, address text) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  mail text := left(lower(btrim(begin_sign_in.email)), 320);
  place text := left(coalesce(begin_sign_in.address, ''), 100);
  since timestamptz := now() - interval '15 minutes';
  recent record;
  attempt bigint;
  person jsonb;
begin
  if dashboard.current_role() is distinct from 'system' then raise sqlstate 'PT403' using message = 'not allowed'; end if;
  perform pg_advisory_xact_lock(hashtextextended('sign-in', 0));
  delete from dashboard.login_attempts a where a.created_at < now() - interval '1 day';
  select count(*) filter (where a.email = mail and a.address = place and a.created_at > s.last_success) as pair,
    count(*) filter (where a.email = mail and a.created_at > s.last_success) as mail,
    count(*) filter (where a.address = place) as place,
    min(a.created_at) filter (where a.email = mail and a.address = place and a.created_at > s.last_success) as pair_since,
    min(a.created_at) filter (where a.email = mail and a.created_at > s.last_success) as mail_since,
    min(a.created_at) filter (where a.address = place) as place_since
  into recent
  from dashboard.login_attempts a, (
    select coalesce(max(b.created_at), '-infinity') as last_success from dashboard.login_attempts b
    where b.email = mail and b.succeeded) s
  where not a.succeeded and a.created_at > since and (a.email = mail or a.address = place);
  if recent.pair >= 5 or recent.mail >= 20 or recent.place >= 50 then
    return jsonb_build_object('retry_after', greatest(1, 1 + extract(epoch from greatest(
      case when recent.pair >= 5 then recent.pair_since end, case when recent.mail >= 20 then recent.mail_since end,
      case when recent.place >= 50 then recent.place_since end) - since)::int));
  end if;
  insert into dashboard.login_attempts (email, address) values (mail, place) returning id into attempt;
  select jsonb_build_object('id', u.id, 'email', u.email, 'encrypted_password', nullif(u.encrypted_password, ''),
    'role', u.role, 'tenant_id', u.tenant_id, 'active', u.active, 'session_version', u.session_version)
  into person from dashboard.users u where lower(btrim(u.email)) = mail and u.duplicate_of is null;
  update dashboard.login_attempts a set session_version = (person ->> 'session_version')::int where a.id = attempt;
  return jsonb_build_object('attempt', attempt, 'user', person);
end
$$;

-- Closes an attempt and writes it into the audit. `new_hash`: the same password, hashed at today's cost; it is dropped
-- when somebody changed the password since the attempt began.
create or replace function dashboard.finish_sign_in(
  attempt bigint, user_id bigint, succeeded boolean, address text, user_agent text, new_hash text default null
) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  if dashboard.current_role() is distinct from 'system' then raise sqlstate 'PT403' using message = 'not allowed'; end if;
  update dashboard.login_attempts a set succeeded = finish_sign_in.succeeded where a.id = attempt;
  if finish_sign_in.succeeded then
    perform set_config('dashboard.rehash', 'on', true);
    update dashboard.users u set last_sign_in_at = now(), encrypted_password = case
        when new_hash is not null and exists (
          select from dashboard.login_attempts a where a.id = attempt and a.session_version = u.session_version) then new_hash
        else u.encrypted_password end
    where u.id = finish_sign_in.user_id;
    perform set_config('dashboard.rehash', 'off', true);
  end if;
  insert into dashboard.audits (user_id, tenant_id, action, description, ip_address, user_agent)
  select u.id, u.tenant_id, case when finish_sign_in.succeeded then 'sign_in' else 'sign_in_failed' end,
    case when u.id is null then a.email end, left(finish_sign_in.address, 100), left(finish_sign_in.user_agent, 300)
  from (select 1) one left join dashboard.users u on u.id = finish_sign_in.user_id
    left join dashboard.login_attempts a on a.id = attempt;
end
$$;

-- Takes back an attempt that could not be decided, because the service that knows the password did not answer.
create or replace function dashboard.withdraw_sign_in(attempt bigint) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  if dashboard.current_role() is distinct from 'system' then raise sqlstate 'PT403' using message = 'not allowed'; end if;
  delete from dashboard.login_attempts a where a.id = attempt and not a.succeeded;
end
$$;
revoke execute on function dashboard.withdraw_sign_in(bigint) from public;
grant execute on function dashboard.withdraw_sign_in(bigint) to dashboard_app;

-- The first user of an installation, made by the operator's command. Refuses when somebody already has the e-mail.
create or replace function dashboard.create_user(email text, encrypted_password text, role text, tenant uuid) returns bigint
language plpgsql security definer set search_path = ''
as $$
declare
  id bigint;
begin
  if dashboard.current_role() is distinct from 'system' then raise sqlstate 'PT403' using message = 'not allowed'; end if;
  insert into dashboard.users (email, encrypted_password, role, tenant_id)
  values (lower(btrim(create_user.email)), create_user.encrypted_password, create_user.role, tenant) returning users.id into id;
  return id;
end
$$;

-- Who asks, with the salon in view and, for the platform, all salons: what the frame of a page needs, in one call.
create or replace function dashboard.whoami() returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object(
    'user', jsonb_build_object('id', u.id, 'email', u.email, 'first_name', u.first_name, 'last_name', u.last_name,
      'role', u.role, 'active', u.active, 'tenant_id', u.tenant_id, 'session_version', u.session_version,
      'language', u.language, 'theme', u.theme),
    'salon', (select to_jsonb(s) from dashboard.salons s where s.id = dashboard.current_tenant()),
    'salons', case when u.role = 'super_admin' then
      (select coalesce(jsonb_agg(to_jsonb(s) order by s.name), '[]') from dashboard.salons s) else '[]' end)
  from dashboard.users u where u.id = dashboard.current_user_id()
$$;

-- Keeps the person's own language and theme; row-level security lets it reach no other row.
create or replace function dashboard.set_preferences(language text, theme text) returns void
language sql set search_path = ''
as $$
  update dashboard.users u set language = set_preferences.language, theme = set_preferences.theme
  where u.id = dashboard.current_user_id()
$$;

revoke execute on function dashboard.set_preferences(text, text), dashboard.begin_sign_in(text, text),
  dashboard.finish_sign_in(bigint, bigint, boolean, text, text, text),
  dashboard.create_user(text, text, text, uuid), dashboard.whoami() from public;
grant execute on function dashboard.set_preferences(text, text), dashboard.begin_sign_in(text, text),
  dashboard.finish_sign_in(bigint, bigint, boolean, text, text, text),
  dashboard.create_user(text, text, text, uuid), dashboard.whoami() to dashboard_app;
