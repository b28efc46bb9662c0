-- The people who sign in. Adopts the table of the earlier Rails application or creates it in the same form.
-- No row is lost: of e-mails that differ only by case the oldest row signs in, the others are marked.

create table if not exists dashboard.users (
  id bigserial primary key,
  email varchar not null default '',
  encrypted_password varchar,
  reset_password_token varchar,
  reset_password_sent_at timestamp,
  remember_created_at timestamp,
  first_name varchar,
  last_name varchar,
  role varchar not null default 'staff',
  active boolean not null default true,
  tenant_id uuid,
  created_at timestamp not null,
  updated_at timestamp not null
);

alter table dashboard.users
  alter column encrypted_password drop not null,
  alter column encrypted_password drop default,
  alter column created_at set default (now() at time zone 'utc'),
  alter column updated_at set default (now() at time zone 'utc'),
  add column if not exists session_version integer not null default 1,
  add column if not exists language text not null default 'ru' check (language in ('ru', 'en')),
  add column if not exists theme text not null default 'auto' check (theme in ('auto', 'light', 'dark')),
  add column if not exists last_sign_in_at timestamptz,
  add column if not exists duplicate_of bigint references dashboard.users (id);

update dashboard.users u
set duplicate_of = first.id
from (select lower(btrim(email)) as address, min(id) as id from dashboard.users group by 1) first
where lower(btrim(u.email)) = first.address and u.id <> first.id and u.duplicate_of is null;

create unique index if not exists users_email_key on dashboard.users (lower(btrim(email))) where duplicate_of is null;
create index if not exists users_tenant_id_idx on dashboard.users (tenant_id);

-- Ends every session of a user whose password, role, salon or right to sign in changed.
create or replace function dashboard.end_sessions_of_changed_user() returns trigger
language plpgsql set search_path = ''
as $$
begin
  if (new.encrypted_password, new.role, new.tenant_id, new.active)
     is distinct from (old.encrypted_password, old.role, old.tenant_id, old.active)
     and new.session_version = old.session_version
     and pg_catalog.current_setting('dashboard.rehash', true) is distinct from 'on' then
    new.session_version := old.session_version + 1;
  end if;
  return new;
end
$$;
revoke execute on function dashboard.end_sessions_of_changed_user() from public;

create or replace trigger end_sessions_of_changed_user before update on dashboard.users
for each row execute function dashboard.end_sessions_of_changed_user();

grant select (id, email, first_name, last_name, role, active, tenant_id, session_version, language, theme,
  last_sign_in_at, created_at, updated_at) on dashboard.users to dashboard_app;
grant update (language, theme) on dashboard.users to dashboard_app;
alter table dashboard.users enable row level security;

drop policy if exists "people see themselves, admins their salon's people, the platform everybody" on dashboard.users;
create policy "people see themselves, admins their salon's people, the platform everybody"
on dashboard.users for select to dashboard_app using (
  id = (select dashboard.current_user_id())
  or (select dashboard.current_role()) in ('super_admin', 'system')
  or ((select dashboard.current_role()) = 'admin' and tenant_id = (select dashboard.current_tenant()))
);

drop policy if exists "people choose their own language and theme" on dashboard.users;
create policy "people choose their own language and theme"
on dashboard.users for update to dashboard_app
using (id = (select dashboard.current_user_id())) with check (id = (select dashboard.current_user_id()));
