-- The audit as a list. Row-level security says which lines there are: an admin's own salon's, all for the platform.
-- The condition repeats it where a salon is known, so that the index on salon and time serves.

create index if not exists audits_user_id_idx on dashboard.audits (user_id, created_at desc, id desc);

-- What was written down of an act. The earlier application's column takes texts that jsonb does not (a NUL): such a line
-- is shown without them, and no other line goes missing because of it.
create or replace function dashboard.readable_metadata(metadata json) returns jsonb
language plpgsql immutable set search_path = ''
as $$
begin
  return metadata::jsonb;
exception when data_exception then
  return null;
end
$$;

-- The lines that the filter asks for, newest first; after the last line of a page. Names of people of other salons and of
-- the platform stay away (`is_platform` says that there is one). Days are the salon's own.
create or replace function dashboard.page_of_audit(
  action text default null, person bigint default null, first_day date default null, last_day date default null,
  search text default null, salon uuid default null, after_at timestamp default null, after_id bigint default null,
  page_size integer default 50
) returns jsonb
language plpgsql stable set search_path = '' set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  size integer := least(greatest(page_of_audit.page_size, 1), 200);
  zone text := dashboard.salon_timezone(dashboard.current_tenant());
  tenant uuid := case dashboard.current_role() when 'super_admin' then page_of_audit.salon else dashboard.current_tenant() end;
  since timestamp := dashboard.day_start(page_of_audit.first_day, zone) at time zone 'utc';
  till timestamp := dashboard.day_start(page_of_audit.last_day + 1, zone) at time zone 'utc';
  entries jsonb;
begin
  select coalesce(jsonb_agg(to_jsonb(x)), '[]') into entries from (
    select a.id, a.created_at as key_at, a.created_at at time zone 'utc' as at, a.action, a.description, dashboard.readable_metadata(a.metadata) as metadata,
      a.ip_address as address, a.user_agent as agent, a.user_id,
      coalesce(nullif(btrim(concat_ws(' ', nullif(btrim(u.first_name), ''), nullif(btrim(u.last_name), ''))), ''), u.email) as name,
      a.user_id is not null and u.id is null as is_platform,
      case dashboard.current_role() when 'super_admin' then s.name end as salon
    from dashboard.audits a
    left join dashboard.users u on u.id = a.user_id and (u.role <> 'super_admin' or dashboard.current_role() = 'super_admin')
    left join dashboard.salons s on s.id = a.tenant_id
    where (tenant is null or a.tenant_id = tenant)
      and (page_of_audit.action is null or a.action = page_of_audit.action)
      and (page_of_audit.person is null or a.user_id = page_of_audit.person)
      and (since is null or a.created_at >= since) and (till is null or a.created_at < till)
      and (page_of_audit.search is null or position(lower(page_of_audit.search) in lower(a.description)) > 0)
      and (page_of_audit.after_id is null or (a.created_at, a.id) < (page_of_audit.after_at, page_of_audit.after_id))
    order by a.created_at desc, a.id desc limit size + 1) x;
  return jsonb_build_object(
    'rows', case when jsonb_array_length(entries) > size then entries - -1 else entries end,
    'next', case when jsonb_array_length(entries) > size then jsonb_build_object('at', entries -> -2 ->> 'key_at',
      'id', entries -> -2 -> 'id') end);
end
$$;

-- How many lines the filter asks for; beyond 10,000 it only says so.
create or replace function dashboard.count_audit(
  action text default null, person bigint default null, first_day date default null, last_day date default null,
  search text default null, salon uuid default null
) returns jsonb
language plpgsql stable set search_path = '' set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  zone text := dashboard.salon_timezone(dashboard.current_tenant());
  tenant uuid := case dashboard.current_role() when 'super_admin' then count_audit.salon else dashboard.current_tenant() end;
  since timestamp := dashboard.day_start(count_audit.first_day, zone) at time zone 'utc';
  till timestamp := dashboard.day_start(count_audit.last_day + 1, zone) at time zone 'utc';
  n bigint;
begin
  select count(*) into n from (
    select from dashboard.audits a
    where (tenant is null or a.tenant_id = tenant)
      and (count_audit.action is null or a.action = count_audit.action)
      and (count_audit.person is null or a.user_id = count_audit.person)
      and (since is null or a.created_at >= since) and (till is null or a.created_at < till)
      and (count_audit.search is null or position(lower(count_audit.search) in lower(a.description)) > 0)
    limit 10001) x;
  return jsonb_build_object('rows', least(n, 10000), 'is_exact', n <= 10000);
end
$$;

-- The people whose lines can be asked for, by name.
create or replace function dashboard.audit_people() returns jsonb
language sql stable set search_path = ''
as $$
  select jsonb_build_object('people', coalesce(jsonb_agg(jsonb_build_array(p.id, p.name) order by lower(p.name), p.id), '[]')) from (
    select u.id, coalesce(nullif(btrim(concat_ws(' ', nullif(btrim(u.first_name), ''), nullif(btrim(u.last_name), ''))), ''), u.email)
      as name
    from dashboard.users u
    where dashboard.current_role() = 'super_admin' or dashboard.current_role() = 'admin' and u.role <> 'super_admin'
    order by 2 limit 500) p
$$;

revoke execute on function dashboard.readable_metadata(json),
  dashboard.page_of_audit(text, bigint, date, date, text, uuid, timestamp, bigint, integer),
  dashboard.count_audit(text, bigint, date, date, text, uuid), dashboard.audit_people() from public;
grant execute on function dashboard.readable_metadata(json),
  dashboard.page_of_audit(text, bigint, date, date, text, uuid, timestamp, bigint, integer),
  dashboard.count_audit(text, bigint, date, date, text, uuid), dashboard.audit_people() to dashboard_app;

do $$
begin
  if not exists (select from pg_catalog.pg_publication_tables p
                 where p.pubname = 'supabase_realtime' and p.schemaname = 'dashboard' and p.tablename = 'audits') then
    alter publication supabase_realtime add table dashboard.audits (id, tenant_id, action, created_at);
  end if;
end
$$;
