-- Who did what; and the alerts and verified bookings of the earlier Rails application.

create table if not exists dashboard.audits (
  id bigserial primary key,
  user_id bigint references dashboard.users (id),
  tenant_id uuid,
  action varchar not null,
  description text,
  metadata json,
  ip_address varchar,
  user_agent varchar,
  created_at timestamp not null,
  updated_at timestamp not null
);
alter table dashboard.audits
  alter column user_id drop not null,
  alter column created_at set default (now() at time zone 'utc'),
  alter column updated_at set default (now() at time zone 'utc');
create index if not exists audits_tenant_id_created_at_idx on dashboard.audits (tenant_id, created_at desc, id desc);

create table if not exists dashboard.alerts (
  id bigserial primary key,
  tenant_id uuid,
  kind varchar,
  threshold numeric,
  actual numeric,
  severity varchar default 'warning',
  description text,
  triggered_at timestamp,
  acknowledged_at timestamp,
  notification_sent_at timestamp,
  created_at timestamp not null,
  updated_at timestamp not null
);
alter table dashboard.alerts
  alter column created_at set default (now() at time zone 'utc'),
  alter column updated_at set default (now() at time zone 'utc');

create table if not exists dashboard.bookings (
  id bigserial primary key,
  tenant_id uuid,
  external_id varchar,
  client_id varchar,
  start_at timestamp,
  service_code varchar,
  status varchar default 'created',
  verified_at timestamp,
  verification_data json,
  yclients_attendance integer,
  created_at timestamp not null,
  updated_at timestamp not null
);
alter table dashboard.bookings
  alter column created_at set default (now() at time zone 'utc'),
  alter column updated_at set default (now() at time zone 'utc');

alter table dashboard.audits enable row level security;
alter table dashboard.alerts enable row level security;
alter table dashboard.bookings enable row level security;
grant select on dashboard.audits, dashboard.alerts, dashboard.bookings to dashboard_app;

drop policy if exists "admins read their salon's audit, the platform all of it" on dashboard.audits;
create policy "admins read their salon's audit, the platform all of it"
on dashboard.audits for select to dashboard_app using (
  (select dashboard.current_role()) in ('super_admin', 'system')
  or ((select dashboard.current_role()) = 'admin' and tenant_id = (select dashboard.current_tenant()))
);

drop policy if exists "people read their salon's alerts" on dashboard.alerts;
create policy "people read their salon's alerts"
on dashboard.alerts for select to dashboard_app using (
  tenant_id = (select dashboard.current_tenant()) or (select dashboard.current_role()) = 'system'
);

drop policy if exists "people read their salon's verified bookings" on dashboard.bookings;
create policy "people read their salon's verified bookings"
on dashboard.bookings for select to dashboard_app using (
  tenant_id = (select dashboard.current_tenant()) or (select dashboard.current_role()) = 'system'
);

-- Writes down what the signed-in person did (or was refused). Who and where come from the token, not from the caller.
create or replace function dashboard.record_act(
  action text, description text default null, ip_address text default null, user_agent text default null
) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  if dashboard.current_user_id() is null then
    raise sqlstate 'PT403' using message = 'nobody is signed in';
  end if;
  insert into dashboard.audits (user_id, tenant_id, action, description, ip_address, user_agent)
  values (dashboard.current_user_id(), dashboard.current_tenant(), left(record_act.action, 100),
    left(record_act.description, 1000), left(record_act.ip_address, 100), left(record_act.user_agent, 300));
end
$$;
revoke execute on function dashboard.record_act(text, text, text, text) from public;
grant execute on function dashboard.record_act(text, text, text, text) to dashboard_app;
