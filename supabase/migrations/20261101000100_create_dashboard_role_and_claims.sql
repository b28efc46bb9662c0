-- The database role that the dashboard works under, and what a request's token says about who asks.
--
-- Nothing in this schema is executable by `public`: each function is granted by name (a test walks all of them).
-- The default privileges of the whole project are left alone, because the bot's own functions depend on them.

create schema if not exists dashboard;

do $$
begin
  if not exists (select from pg_catalog.pg_roles where rolname = 'dashboard_app') then
    create role dashboard_app nologin noinherit;
  end if;
end
$$;

grant dashboard_app to authenticator;
grant usage on schema dashboard, public to dashboard_app;
revoke all on schema dashboard from public;
revoke all on schema dashboard from anon, authenticated;

-- One claim of the token that the API checked; null without a token.
create or replace function dashboard.claim(name text) returns text
language sql stable set search_path = ''
as $$ select nullif(pg_catalog.current_setting('request.jwt.claims', true), '')::jsonb ->> name $$;

-- staff, admin, super_admin, or system (jobs, the live feed, signing in); null for whoever claims anything else.
create or replace function dashboard.current_role() returns text
language sql stable set search_path = ''
as $$
  select r.role from (select dashboard.claim('app_role') as role) r
  where r.role in ('staff', 'admin', 'super_admin', 'system')
$$;

-- The salon that the request is about; none without a role. A super_admin's token carries the one that he or she has
-- chosen. What is no uuid counts as no salon, so that a broken token reads nothing and breaks nothing.
create or replace function dashboard.current_tenant() returns uuid
language sql stable set search_path = ''
as $$
  select case when c.tenant ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' and dashboard.current_role() is not null
    then c.tenant::uuid end
  from (select dashboard.claim('tenant_id') as tenant) c
$$;

-- Whether the dashboard itself asks (jobs, the live feed, signing in), or the operator in the database without any token.
create or replace function dashboard.is_system() returns boolean
language sql stable set search_path = ''
as $$
  select coalesce(dashboard.current_role() = 'system', false)
    or nullif(pg_catalog.current_setting('request.jwt.claims', true), '') is null
$$;

-- The signed-in row of dashboard.users; null for system.
create or replace function dashboard.current_user_id() returns bigint
language sql stable set search_path = ''
as $$ select case when dashboard.claim('sub') ~ '^[0-9]{1,18}$' then dashboard.claim('sub')::bigint end $$;

revoke execute on function dashboard.claim(text), dashboard.current_tenant(), dashboard.current_role(),
  dashboard.is_system(), dashboard.current_user_id() from public;
grant execute on function dashboard.claim(text), dashboard.current_tenant(), dashboard.current_role(),
  dashboard.current_user_id() to dashboard_app;
