-- Collecting in parts: a hosted project ends a statement after eight seconds, and a salon's first collection takes longer.
-- A collection is begun (which days are due), carried out by as many requests as it takes, and ended. Whatever is not done
-- when it breaks off is due in the next one; no figure depends on any of it.

-- The salons that jobs look after.
create or replace function dashboard.salons_for_jobs() returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
begin
  if not dashboard.is_system() then raise sqlstate 'PT403' using message = 'only jobs look after all salons'; end if;
  return (select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'name', left(t.name, 200)) order by t.name, t.id), '[]')
    from public.tenants_v2 t where t.is_active);
end
$$;

-- The complete days of [first_day, last_day] that are to be stored, and with them every stored day that changed. Without
-- a period: the days since the salon's first dialog, 400 at most, that are not stored, and those that changed.
-- Answers {begun, parts: [{first, last}]}: runs of days, each to be given to collect_days, then `begun` to end_collection.
-- Days stored under another time zone, currency or definition never hold again (version 0): they are due like missing ones.
-- A salon that was never collected gets its watermark now: nothing that was stored before it holds.
create or replace function dashboard.begin_collection(tenant uuid, first_day date default null, last_day date default null)
returns jsonb
language plpgsql security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  zone text := dashboard.salon_timezone(tenant);
  home_currency text := dashboard.salon_currency(tenant);
  today date := (now() at time zone zone)::date;
  begun timestamptz := clock_timestamp();
  watermark timestamptz;
  since date;
  parts jsonb;
begin
  if not dashboard.is_system() then raise sqlstate 'PT403' using message = 'only jobs collect metrics'; end if;
  if begin_collection.last_day - begin_collection.first_day not between 0 and 3660 then
    raise sqlstate 'PT400' using message = 'a collection has 1 to 3661 days';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('metrics:' || tenant::text, 0));
  select w.collected_until into watermark from dashboard.metrics_watermarks w where w.tenant_id = tenant;
  update dashboard.metrics_dailies m set version = 0 where m.tenant_id = tenant and m.version > 0
    and (watermark is null
      or (m.timezone, m.currency, m.version) is distinct from (zone, home_currency, dashboard.metrics_version()));
  if watermark is null then
    watermark := begun - interval '10 minutes';
    insert into dashboard.metrics_watermarks values (tenant, watermark);
  end if;
  select greatest(today - 400, (c.started_at at time zone zone)::date) into since
  from public.conversation_sessions_v2 c where c.tenant_id = tenant and c.started_at > '-infinity'
  order by c.started_at limit 1;
  with wanted as (
    select begin_collection.first_day + n as day
    from generate_series(0, least(begin_collection.last_day, today - 1) - begin_collection.first_day) n
    union
    select since + n from generate_series(0, today - 1 - since) n
    where begin_collection.first_day is null and not exists (select from dashboard.metrics_dailies m
      where m.tenant_id = tenant and m.day = since + n and m.duplicate_of is null and m.version > 0)
    union
    select c.day from dashboard.changed_days(tenant, zone, watermark, dashboard.day_start(today, zone)) c(day)
      join dashboard.metrics_dailies m on m.tenant_id = tenant and m.day = c.day and m.version > 0
    union
    select m.day from dashboard.metrics_dailies m where m.tenant_id = tenant and m.version > 0 and m.computed_at is null
  )
  select jsonb_agg(jsonb_build_object('first', p.first, 'last', p.last) order by p.first) into parts
  from (select min(d.day) as first, max(d.day) as last
    from (select w.day, w.day - row_number() over (order by w.day)::int as island from wanted w) d group by d.island) p;
  return jsonb_build_object('begun', begun, 'parts', coalesce(parts, '[]'));
end
$$;

-- Stores the figures of the salon's complete days in [first_day, last_day]; the number of days stored. A day with a dialog
-- that still goes on is not valid yet (computed_at null): the bot may drop that dialog unarchived.
create or replace function dashboard.collect_days(tenant uuid, first_day date, last_day date) returns integer
language plpgsql security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
declare
  zone text := dashboard.salon_timezone(tenant);
  last date := least(collect_days.last_day, (now() at time zone zone)::date - 1);
begin
  if not dashboard.is_system() then raise sqlstate 'PT403' using message = 'only jobs collect metrics'; end if;
  if last < first_day then return 0; end if;
  perform pg_advisory_xact_lock(hashtextextended('metrics:' || tenant::text, 0));
  perform dashboard.store_days(tenant, zone, dashboard.salon_currency(tenant), first_day, last, clock_timestamp());
  update dashboard.metrics_dailies m set computed_at = null where m.tenant_id = tenant and m.version > 0
    and m.day between collect_days.first_day and last
    and m.day in (select dashboard.changed_days(tenant, zone, 'infinity', 'infinity'));
  return last - first_day + 1;
end
$$;

-- All days that were due at `begun` are stored: those that still hold are complete up to then, less ten minutes for
-- transactions that were under way. Of two collections the one that began later counts.
create or replace function dashboard.end_collection(tenant uuid, begun timestamptz) returns void
language plpgsql security definer set search_path = ''
as $$
declare
  zone text := dashboard.salon_timezone(tenant);
begin
  if not dashboard.is_system() then raise sqlstate 'PT403' using message = 'only jobs collect metrics'; end if;
  perform pg_advisory_xact_lock(hashtextextended('metrics:' || tenant::text, 0));
  update dashboard.metrics_dailies m set computed_at = null where m.tenant_id = tenant and m.version > 0
    and m.day in (select dashboard.changed_days(tenant, zone, 'infinity', 'infinity'));
  update dashboard.metrics_watermarks w set collected_until = greatest(w.collected_until, begun - interval '10 minutes')
  where w.tenant_id = tenant;
end
$$;

-- All of it in one statement, for whoever may take the time.
create or replace function dashboard.collect_metrics(tenant uuid, first_day date, last_day date) returns integer
language plpgsql security definer set search_path = ''
as $$
declare
  collection jsonb := dashboard.begin_collection(tenant, first_day, last_day);
  part record;
  stored integer := 0;
begin
  for part in select p.first, p.last from jsonb_to_recordset(collection -> 'parts') p(first date, last date) loop
    stored := stored + dashboard.collect_days(tenant, part.first, part.last);
  end loop;
  perform dashboard.end_collection(tenant, (collection ->> 'begun')::timestamptz);
  return stored;
end
$$;

-- A change that is reported while its day is being collected waits for that: else the day would be stored as it was, and
-- nobody would hear of the change again.
create or replace function dashboard.forget_stored_day(tenant uuid, session uuid) returns void
language plpgsql security definer set search_path = ''
as $$
begin
  if not dashboard.is_system() then
    raise sqlstate 'PT403' using message = 'only the live feed reports changes';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('metrics:' || tenant::text, 0));
  update dashboard.metrics_dailies m set computed_at = null
  from (
    select c.started_at from public.conversation_sessions_v2 c where c.tenant_id = tenant and c.session_id = session
    union
    select other.started_at from public.conversation_sessions_v2 c join public.conversation_sessions_v2 other
      on other.tenant_id = tenant and other.booking_id = c.booking_id
    where c.tenant_id = tenant and c.session_id = session
  ) changed
  where m.tenant_id = tenant and m.day = (changed.started_at at time zone m.timezone)::date;
  perform pg_advisory_xact_lock(hashtextextended('clients:' || tenant::text, 0));
  update dashboard.client_figures f set stale_at = clock_timestamp()
  from (
    select c.user_id from public.conversation_sessions_v2 c where c.tenant_id = tenant and c.session_id = session
    union
    select other.user_id from public.conversation_sessions_v2 c join public.conversation_sessions_v2 other
      on other.tenant_id = tenant and other.booking_id = c.booking_id
    where c.tenant_id = tenant and c.session_id = session
  ) changed
  where f.tenant_id = tenant and f.client_id = changed.user_id;
end
$$;

revoke execute on function dashboard.salons_for_jobs(), dashboard.begin_collection(uuid, date, date),
  dashboard.collect_days(uuid, date, date), dashboard.end_collection(uuid, timestamptz),
  dashboard.collect_metrics(uuid, date, date), dashboard.forget_stored_day(uuid, uuid) from public;
revoke execute on function dashboard.collect_metrics(uuid, date, date) from dashboard_app;
grant execute on function dashboard.salons_for_jobs(), dashboard.begin_collection(uuid, date, date),
  dashboard.collect_days(uuid, date, date), dashboard.end_collection(uuid, timestamptz) to dashboard_app;
