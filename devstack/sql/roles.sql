-- The roles and the empty publication that a hosted Supabase project starts with.
--
-- Run once by the superuser `supabase_admin`, before any migration. As on hosted Supabase `postgres` is no
-- superuser: a migration that works here does not lean on rights that the real project withholds.
-- Passwords are not set here: devstack/stack.py gives each data directory its own.

create role postgres login createrole createdb bypassrls replication;
create role anon nologin noinherit;
create role authenticated nologin noinherit;
create role service_role nologin noinherit bypassrls;
create role authenticator login noinherit;
create role supabase_auth_admin login noinherit createrole;

grant anon, authenticated, service_role to authenticator;
grant anon, authenticated, service_role, authenticator to postgres with admin option;
grant pg_monitor, pg_read_all_data, pg_signal_backend to postgres with admin option;

alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';

alter database postgres owner to postgres;
alter schema public owner to postgres;
create schema extensions authorization postgres;
create schema auth authorization supabase_auth_admin;
alter role supabase_auth_admin set search_path = auth;
grant create on database postgres to supabase_auth_admin;
alter database postgres set search_path to "$user", public, extensions;

grant usage on schema public to postgres, anon, authenticated, service_role;
grant usage on schema extensions to postgres, anon, authenticated, service_role;
grant usage on schema auth to postgres, anon, authenticated, service_role;

-- Whatever `postgres` creates in `public` is open to the API roles until somebody revokes it: hosted projects do that too.
alter default privileges for role postgres in schema public
    grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public
    grant all on functions to postgres, anon, authenticated, service_role;
alter default privileges for role postgres in schema public
    grant all on sequences to postgres, anon, authenticated, service_role;
alter default privileges for role supabase_admin in schema public
    grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role supabase_admin in schema public
    grant all on functions to postgres, anon, authenticated, service_role;
alter default privileges for role supabase_admin in schema public
    grant all on sequences to postgres, anon, authenticated, service_role;

create publication supabase_realtime;
alter publication supabase_realtime owner to postgres;

-- Where the Supabase CLI records which migrations ran.
create schema supabase_migrations authorization postgres;
set role postgres;
create table supabase_migrations.schema_migrations (
    version text primary key,
    statements text[],
    name text
);
reset role;
