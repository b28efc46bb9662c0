-- What the dashboard itself must know of a salon. Keys point at the bot's tenants without a foreign key,
-- so that nothing of ours can stop the bot from changing its own rows.

create or replace function dashboard.is_timezone(name text) returns boolean
language plpgsql immutable set search_path = ''
as $$
begin
  perform pg_catalog.timezone(name, '2026-01-01 00:00:00+00'::timestamptz);
  return name ~ '^[A-Za-z]+(/[A-Za-z0-9_+-]+)*$';
exception when invalid_parameter_value then
  return false;
end
$$;
revoke execute on function dashboard.is_timezone(text) from public;

create table if not exists dashboard.tenant_settings (
  tenant_id uuid primary key,
  timezone text not null default 'Europe/Moscow'
    constraint timezone_is_known check (dashboard.is_timezone(timezone)),
  currency text not null default 'RUB' constraint currency_is_a_code check (currency ~ '^[A-Z]{3}$'),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

grant select on dashboard.tenant_settings to dashboard_app;
grant execute on function dashboard.is_timezone(text) to dashboard_app;
alter table dashboard.tenant_settings enable row level security;

drop policy if exists "people read their salon's settings" on dashboard.tenant_settings;
create policy "people read their salon's settings"
on dashboard.tenant_settings for select to dashboard_app using (
  tenant_id = (select dashboard.current_tenant()) or (select dashboard.current_role()) in ('super_admin', 'system')
);

-- The salon's time zone and currency, with the defaults for a salon without settings.
create or replace function dashboard.salon_timezone(tenant uuid) returns text
language sql stable set search_path = ''
as $$ select coalesce((select s.timezone from dashboard.tenant_settings s where s.tenant_id = tenant), 'Europe/Moscow') $$;

create or replace function dashboard.salon_currency(tenant uuid) returns text
language sql stable set search_path = ''
as $$ select coalesce((select s.currency from dashboard.tenant_settings s where s.tenant_id = tenant), 'RUB') $$;

revoke execute on function dashboard.salon_timezone(uuid), dashboard.salon_currency(uuid) from public;
grant execute on function dashboard.salon_timezone(uuid), dashboard.salon_currency(uuid) to dashboard_app;
