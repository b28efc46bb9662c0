-- Alerts: what somebody should look at now. One function looks at all rules of one salon; an alert is opened once, closed
-- when its reason is gone, and acknowledged by a person. docs/ALERTS.md says what each means.
-- Rows of the earlier application (opened_at is null) stay as they are and count as history.

alter table dashboard.alerts
  add column if not exists opened_at timestamptz,
  add column if not exists closed_at timestamptz,
  add column if not exists acknowledged_by bigint,
  add column if not exists details jsonb not null default '{}';
comment on column dashboard.alerts.details is 'the figures of the alert and the keys of the rows that caused it';
create unique index if not exists alerts_open_key on dashboard.alerts (tenant_id, kind)
  where opened_at is not null and closed_at is null;
create index if not exists alerts_history_idx on dashboard.alerts (tenant_id,
  (coalesce(opened_at, timezone('utc', triggered_at), timezone('utc', created_at))) desc, id desc);
create index if not exists alerts_updated_idx on dashboard.alerts (tenant_id, updated_at desc);
create index if not exists alerts_notified_idx on dashboard.alerts (tenant_id, kind, notification_sent_at)
  where notification_sent_at is not null;

-- What a salon wants of a rule; a rule without a row is as usual. `digest` is the daily letter, which has no threshold.
create table if not exists dashboard.alert_rules (
  tenant_id uuid not null,
  kind text not null constraint kind_is_known check (kind in ('bot_silent', 'clients_waiting', 'conversion_fell',
    'drop_offs_rose', 'commands_stuck', 'data_broken', 'digest')),
  is_on boolean not null default true,
  threshold integer,
  changed_by bigint,
  changed_at timestamptz not null default now(),
  primary key (tenant_id, kind)
);
-- When somebody looked at a salon last, and when at the rules that read many rows, too; null: these are due at once.
create table if not exists dashboard.alert_checks (
  tenant_id uuid primary key,
  checked_at timestamptz not null,
  whole_at timestamptz
);

do $$
declare
  name text;
begin
  foreach name in array array['alert_rules', 'alert_checks'] loop
    execute format('alter table dashboard.%I enable row level security', name);
    execute format('grant select on dashboard.%I to dashboard_app', name);
    execute format('drop policy if exists %I on dashboard.%I', 'people read the alert rules of their salon', name);
    execute format($policy$
      create policy %I on dashboard.%I for select to dashboard_app using (
        tenant_id = (select dashboard.current_tenant()) or (select dashboard.current_role()) = 'system'
      )$policy$, 'people read the alert rules of their salon', name);
  end loop;
end
$$;

-- Puts a command of the dashboard itself into the outbox, for so many hours, again when it died there: the bot knows its id.
-- Called by functions of the system only.
create or replace function dashboard.queue_system_command(key uuid, tenant uuid, type text, data jsonb, hours integer)
returns void
language sql security definer set search_path = ''
as $$
  insert into dashboard.bot_commands (id, key, tenant_id, type, data, expires_at)
  values (key, key, tenant, type, data, now() + make_interval(hours => hours))
  on conflict (id) do update set data = excluded.data, status = 'queued', attempts = 0, next_attempt_at = now(),
    expires_at = excluded.expires_at, lease = null, leased_until = null, last_error = null, sent_at = null,
    finished_at = null, updated_at = now()
  where bot_commands.status = 'dead'
$$;

-- --- rules

-- Every rule with its usual threshold and the limits of it: minutes, per cent, points or rows, as docs/ALERTS.md says.
create or replace function dashboard.alert_kinds()
returns table (place integer, kind text, usual integer, lowest integer, highest integer)
language sql immutable set search_path = ''
as $$
  values (1, 'clients_waiting', 15, 1, 1440), (2, 'bot_silent', 240, 30, 1440), (3, 'commands_stuck', 15, 1, 1440),
    (4, 'conversion_fell', 30, 5, 90), (5, 'drop_offs_rose', 10, 3, 90), (6, 'data_broken', 5, 1, 100000),
    (7, 'digest', null, null, null)
$$;

-- The rules of a salon as they hold.
create or replace function dashboard.rules_of(tenant uuid)
returns table (place integer, kind text, is_on boolean, threshold integer, usual integer, lowest integer, highest integer)
language sql stable set search_path = ''
as $$
  select k.place, k.kind, coalesce(r.is_on, true),
    least(greatest(coalesce(r.threshold, k.usual), k.lowest), k.highest), k.usual, k.lowest, k.highest
  from dashboard.alert_kinds() k left join dashboard.alert_rules r on r.tenant_id = tenant and r.kind = k.kind
$$;

-- The time of the day that a salon wants, else the one that the bot uses, else the usual one.
create or replace function dashboard.hour_of(tenant uuid, name text, usual time) returns time
language sql stable security definer set search_path = ''
as $$
  select coalesce((select case hour_of.name when 'opening_time' then s.opening_time when 'closing_time' then s.closing_time
      when 'quiet_from' then s.quiet_from when 'quiet_to' then s.quiet_to end
    from dashboard.tenant_settings s where s.tenant_id = tenant),
    (dashboard.bot_settings(tenant) -> 'settings' ->> hour_of.name)::time, usual)
$$;

-- Minutes between two moments in which the salon was open, of the last seven days; 10:00 to 21:00 where nobody set hours.
create or replace function dashboard.open_minutes(tenant uuid, since timestamptz, until timestamptz) returns integer
language plpgsql stable security definer set search_path = ''
as $$
declare
  zone text := dashboard.salon_timezone(tenant);
  opening time := dashboard.hour_of(tenant, 'opening_time', '10:00');
  closing time := dashboard.hour_of(tenant, 'closing_time', '21:00');
  first timestamptz := greatest(since, until - interval '7 days');
  first_day date := (first at time zone zone)::date - 1;
begin
  return (
    select coalesce(sum(greatest(0, extract(epoch from least(until, h.closes) - greatest(first, h.opens)))), 0)::integer / 60
    from generate_series(0, (until at time zone zone)::date - first_day) n,
      lateral (select (first_day + n + opening) at time zone zone as opens,
        (first_day + n + case when closing <= opening then 1 else 0 end + closing) at time zone zone as closes) h);
end
$$;

-- The hours in which the salon is left alone, by its own clock: the wish, else what the bot uses. Null: there are none.
create or replace function dashboard.quiet_hours(tenant uuid, out begins time, out ends time)
language sql stable security definer set search_path = ''
as $$
  select case when q.begins <> q.ends then q.begins end, case when q.begins <> q.ends then q.ends end
  from (select dashboard.hour_of(tenant, 'quiet_from', null) as begins, dashboard.hour_of(tenant, 'quiet_to', null) as ends) q
$$;

create or replace function dashboard.is_quiet(tenant uuid) returns boolean
language sql stable security definer set search_path = ''
as $$
  select coalesce(case when q.begins < q.ends then c.clock >= q.begins and c.clock < q.ends
    else c.clock >= q.begins or c.clock < q.ends end, false)
  from dashboard.quiet_hours(tenant) q, (select (now() at time zone dashboard.salon_timezone(tenant))::time as clock) c
$$;

-- Figures of the days [first_day, last_day] by the overview's own definitions: stored ones that hold, others computed.
create or replace function dashboard.figures_by_day(tenant uuid, first_day date, last_day date)
returns table (day date, dialogs integer, bookings integer, cancelled integer, revenue numeric, answered integer,
  response_count integer, response_ms_total numeric, wanted integer)
language plpgsql stable security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  zone text := dashboard.salon_timezone(tenant);
  home_currency text := dashboard.salon_currency(tenant);
  valid date[];
begin
  select coalesce(array_agg(v), '{}') into valid
  from dashboard.valid_days(tenant, zone, home_currency, first_day, last_day) v;
  return query
  with island as (
    select min(m.day) as first_day, max(m.day) as last_day from (
      select s.day, s.day - row_number() over (order by s.day)::int as part
      from (select first_day + n as day from generate_series(0, last_day - first_day) n) s where s.day <> all (valid)
    ) m group by m.part
  )
  select m.day, m.dialogs_started, m.bookings, m.cancelled, m.revenue, m.answered, m.response_count, m.response_ms_total,
    m.wanted
  from dashboard.metrics_dailies m where m.tenant_id = tenant and m.day = any (valid) and m.duplicate_of is null
  union all
  select d.day, d.dialogs_started, d.bookings, d.cancelled, d.revenue, d.answered, d.response_count, d.response_ms_total,
    d.wanted
  from island i, lateral dashboard.compute_days(tenant, zone, home_currency, i.first_day, i.last_day) d;
end
$$;

-- Whether a share is no accident: `part` of `whole` against `part_before` of `whole_before`, one-sided, 95 %.
create or replace function dashboard.is_clear(part numeric, whole numeric, part_before numeric, whole_before numeric)
returns boolean
language sql immutable set search_path = ''
as $$
  select whole >= 30 and whole_before >= 100 and abs(part / nullif(whole, 0) - part_before / nullif(whole_before, 0))
    >= 1.645 * sqrt(s.share * (1 - s.share) * (1 / nullif(whole, 0) + 1 / nullif(whole_before, 0)))
  from (select (part + part_before) / nullif(whole + whole_before, 0) as share) s
$$;

-- --- what each rule finds: {actual, details}, or null where nothing is wrong or there is too little to tell

create or replace function dashboard.find_bot_silent(tenant uuid, threshold integer) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  written timestamptz := (select m.created_at from public.recent_history_v2 m
    where m.tenant_id = tenant and m.created_at <= now() order by m.created_at desc limit 1);
  minutes integer;
begin
  if written is null or dashboard.bot_settings(tenant) -> 'settings' -> 'bot_enabled' = 'false' then return null; end if;
  minutes := dashboard.open_minutes(tenant, written, now());
  if minutes < threshold then return null; end if;
  return jsonb_build_object('actual', minutes, 'details', jsonb_build_object('last_write', written));
end
$$;

create or replace function dashboard.find_clients_waiting(tenant uuid, threshold integer) returns jsonb
language sql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
  with waiting as materialized (
    select a.session_id, a.user_id, m.created_at
    from public.active_sessions_v2 a
    cross join lateral (
      select x.role, x.created_at from public.recent_history_v2 x
      where x.tenant_id = tenant and x.session_id = a.session_id and lower(btrim(x.role)) <> 'system'
      order by x.created_at desc, x.id desc limit 1) m
    where a.tenant_id = tenant and lower(btrim(m.role)) = 'user'
      and m.created_at between now() - interval '1 day' and now() - make_interval(mins => threshold)
      and not exists (select from public.conversation_sessions_v2 c
        where c.tenant_id = a.tenant_id and c.session_id = a.session_id)
  )
  select jsonb_build_object('actual', count(*), 'details', jsonb_build_object('number', count(*), 'rows', (
    select jsonb_agg(jsonb_build_object('session_id', w.session_id, 'client_id', w.user_id, 'since', w.created_at)
      order by w.created_at) from (select * from waiting order by created_at limit 20) w)))
  from waiting having count(*) > 0
$$;

create or replace function dashboard.find_conversion_fell(tenant uuid, threshold integer) returns jsonb
language sql stable security definer set search_path = ''
as $$
  select jsonb_build_object('actual', round(100 - 100 * f.share / nullif(f.share_before, 0)), 'details', jsonb_build_object(
    'first', f.today - 7, 'last', f.today - 1, 'dialogs', f.dialogs, 'bookings', f.bookings,
    'dialogs_before', f.dialogs_before, 'bookings_before', f.bookings_before))
  from (
    select t.today, s.*, s.bookings::numeric / nullif(s.dialogs, 0) as share,
      s.bookings_before::numeric / nullif(s.dialogs_before, 0) as share_before
    from (select (now() at time zone dashboard.salon_timezone(tenant))::date as today) t
    cross join lateral (
      select coalesce(sum(d.dialogs) filter (where d.day >= t.today - 7), 0) as dialogs,
        coalesce(sum(d.bookings) filter (where d.day >= t.today - 7), 0) as bookings,
        coalesce(sum(d.dialogs) filter (where d.day < t.today - 7), 0) as dialogs_before,
        coalesce(sum(d.bookings) filter (where d.day < t.today - 7), 0) as bookings_before
      from dashboard.figures_by_day(tenant, t.today - 35, t.today - 1) d) s) f
  where f.share_before > 0 and f.share <= f.share_before * (1 - threshold / 100.0)
    and dashboard.is_clear(f.bookings, f.dialogs, f.bookings_before, f.dialogs_before)
$$;

create or replace function dashboard.find_drop_offs_rose(tenant uuid, threshold integer) returns jsonb
language sql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
  with day as materialized (
    select d.today, dashboard.day_start(d.today - 35, d.zone) as since, dashboard.day_start(d.today - 7, d.zone) as week,
      dashboard.day_start(d.today, d.zone) as until
    from (select z.zone, (now() at time zone z.zone)::date as today
      from (select dashboard.salon_timezone(tenant) as zone) z) d
  ), dialog as materialized (
    select c.started_at >= d.week as is_now, btrim(c.meta ->> 'drop_off_stage') as step
    from day d join public.conversation_sessions_v2 c on c.tenant_id = tenant and c.started_at >= d.since
      and c.started_at < d.until
  ), total as (
    select count(*) filter (where is_now) as dialogs, count(*) filter (where not is_now) as dialogs_before from dialog
  ), step as (
    select g.step, count(*) filter (where g.is_now) as number, count(*) filter (where not g.is_now) as number_before
    from dialog g where g.step in ('service_selection', 'staff_selection', 'date_selection', 'time_selection') group by g.step
  ), risen as (
    select s.*, t.*, 100.0 * (s.number::numeric / nullif(t.dialogs, 0) - s.number_before::numeric / nullif(t.dialogs_before, 0))
      as points
    from step s, total t
  )
  select jsonb_build_object('actual', round(r.points), 'details', jsonb_build_object('first', d.today - 7, 'last', d.today - 1,
    'step', r.step, 'number', r.number, 'dialogs', r.dialogs, 'number_before', r.number_before,
    'dialogs_before', r.dialogs_before))
  from risen r, day d
  where r.points >= threshold and dashboard.is_clear(r.number, r.dialogs, r.number_before, r.dialogs_before)
  order by r.points desc, r.step limit 1
$$;

create or replace function dashboard.find_commands_stuck(tenant uuid, threshold integer) returns jsonb
language sql stable security definer set search_path = ''
as $$
  with stuck as materialized (
    select b.id, b.type, b.client_id, b.created_at, b.data ->> 'wishlist_id' as wish
    from dashboard.bot_commands b
    where b.tenant_id = tenant and b.status = 'queued' and b.type not in ('broadcast.message', 'salon.alert', 'salon.digest')
      and b.created_at <= now() - make_interval(mins => threshold)
  )
  select jsonb_build_object('actual', count(*), 'details', jsonb_build_object('number', count(*), 'rows', (
    select jsonb_agg(jsonb_build_object('type', s.type, 'client_id', s.client_id, 'wish', s.wish, 'since', s.created_at)
      order by s.created_at) from (select * from stuck order by created_at limit 20) s)))
  from stuck having count(*) > 0
$$;

create or replace function dashboard.find_data_broken(tenant uuid, threshold integer) returns jsonb
language sql stable security definer set search_path = '' set plan_cache_mode = force_custom_plan
as $$
  select jsonb_build_object('actual', f.unlinked + f.no_status + f.other_currency, 'details', to_jsonb(f))
  from (
    select
      (select count(*) from public.recent_history_v2 m
        where m.tenant_id = tenant and m.session_id is null and m.created_at > now() - interval '1 day') as unlinked,
      count(*) filter (where coalesce(lower(btrim(c.final_status)), '')
        not in ('done', 'abandoned', 'dropped', 'auto_closed', 'escalated')) as no_status,
      count(*) filter (where c.booking_id is not null and c.booking_amount is not null
        and coalesce(nullif(upper(btrim(c.booking_currency)), ''), dashboard.salon_currency(tenant))
          <> dashboard.salon_currency(tenant)) as other_currency
    from public.conversation_sessions_v2 c where c.tenant_id = tenant and c.created_at > now() - interval '1 day') f
  where f.unlinked + f.no_status + f.other_currency >= threshold
$$;

create or replace function dashboard.find_alert(tenant uuid, kind text, threshold integer) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
begin
  return case kind
    when 'bot_silent' then dashboard.find_bot_silent(tenant, threshold)
    when 'clients_waiting' then dashboard.find_clients_waiting(tenant, threshold)
    when 'conversion_fell' then dashboard.find_conversion_fell(tenant, threshold)
    when 'drop_offs_rose' then dashboard.find_drop_offs_rose(tenant, threshold)
    when 'commands_stuck' then dashboard.find_commands_stuck(tenant, threshold)
    when 'data_broken' then dashboard.find_data_broken(tenant, threshold) end;
end
$$;

-- The key of an alert's notice in the outbox.
create or replace function dashboard.notice_key(alert bigint) returns uuid
language sql immutable set search_path = ''
as $$ select md5('alert:' || alert)::uuid $$;

-- Whether the salon's chat was told of an alert, or still will be: not when the bot did not take the notice in its time, or it
-- was over before that.
create or replace function dashboard.is_told(a dashboard.alerts) returns boolean
language sql stable security definer set search_path = ''
as $$
  select a.notification_sent_at is not null and not exists (select from dashboard.bot_commands b
    where b.id = dashboard.notice_key(a.id) and (b.status = 'dead' or b.status = 'failed' and b.last_error = 'outdated'))
$$;

-- An alert as pages show it; of the rows that caused it the names of their clients, as the one who asks may see them.
create or replace function dashboard.alert_row(a dashboard.alerts) returns jsonb
language sql stable security definer set search_path = ''
as $$
  select jsonb_build_object('id', a.id, 'kind', left(a.kind, 100), 'threshold', a.threshold, 'actual', a.actual,
    'description', dashboard.shown_text(left(a.description, 300)),
    'at', coalesce(a.opened_at, timezone('utc', a.triggered_at), timezone('utc', a.created_at)),
    'is_open', a.opened_at is not null and a.closed_at is null, 'closed_at', a.closed_at,
    'acknowledged_at', timezone('utc', a.acknowledged_at), 'acknowledged_by', dashboard.name_of_user(a.acknowledged_by),
    'notified_at', case when dashboard.is_told(a) then timezone('utc', a.notification_sent_at) end, 'details', a.details - 'rows',
    'rows', (select coalesce(jsonb_agg(r.value || jsonb_build_object('client_name',
        dashboard.shown_text(nullif(btrim(c.full_name), ''))) order by r.place), '[]')
      from jsonb_array_elements(case when jsonb_typeof(a.details -> 'rows') = 'array' then a.details -> 'rows' else '[]' end)
        with ordinality r(value, place)
      left join public.clients_v2 c on c.tenant_id = a.tenant_id and c.id = (r.value ->> 'client_id')::uuid))
$$;

-- --- looking, opening, closing

-- Looks at all rules of a salon; those that read many rows every ten minutes only. Opens an alert whose reason is there, and
-- closes one whose reason is gone (with what the bot was to say of it and has not been told). Who comes while somebody
-- looks leaves it to that one. Answers with the notices that are due: see notices_due.
create or replace function dashboard.check_alerts(tenant uuid) returns jsonb
language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  rule record;
  finding jsonb;
  is_whole boolean;
begin
  if not dashboard.is_system() then raise sqlstate 'PT403' using message = 'only jobs look for alerts'; end if;
  if not pg_try_advisory_xact_lock(hashtextextended('alerts:' || check_alerts.tenant::text, 0)) then return '[]'; end if;
  is_whole := not exists (select from dashboard.alert_checks c
    where c.tenant_id = check_alerts.tenant and c.whole_at > clock_timestamp() - interval '10 minutes');
  insert into dashboard.alert_checks as c (tenant_id, checked_at, whole_at)
  values (check_alerts.tenant, clock_timestamp(), clock_timestamp()) on conflict (tenant_id) do update
    set checked_at = excluded.checked_at, whole_at = case when is_whole then excluded.whole_at else c.whole_at end;
  for rule in select r.* from dashboard.rules_of(check_alerts.tenant) r where r.kind <> 'digest' loop
    continue when rule.is_on and not is_whole and rule.kind in ('conversion_fell', 'drop_offs_rose', 'data_broken');
    finding := case when rule.is_on then dashboard.find_alert(check_alerts.tenant, rule.kind, rule.threshold) end;
    if finding is null then
      perform dashboard.close_alert(check_alerts.tenant, rule.kind);
    else
      insert into dashboard.alerts (tenant_id, kind, threshold, actual, details, opened_at, triggered_at)
      values (check_alerts.tenant, rule.kind, rule.threshold, (finding ->> 'actual')::numeric, finding -> 'details', now(),
        now() at time zone 'utc')
      on conflict (tenant_id, kind) where opened_at is not null and closed_at is null do update
        set actual = excluded.actual, details = excluded.details, threshold = excluded.threshold,
          updated_at = now() at time zone 'utc'
        where alerts.details is distinct from excluded.details;
    end if;
  end loop;
  return dashboard.notices_due(check_alerts.tenant);
end
$$;

create or replace function dashboard.close_alert(tenant uuid, kind text) returns void
language sql security definer set search_path = ''
as $$
  with closed as (
    update dashboard.alerts a set closed_at = now(), updated_at = now() at time zone 'utc'
    where a.tenant_id = tenant and a.kind = close_alert.kind and a.opened_at is not null and a.closed_at is null
    returning a.id
  )
  update dashboard.bot_commands b set status = 'failed', last_error = 'outdated', finished_at = now(), updated_at = now()
  from closed where b.id = dashboard.notice_key(closed.id) and b.status = 'queued'
    and coalesce(b.leased_until, '-infinity') <= now()
$$;

-- Whether the salon's chat may be told of an alert now: it is open, nobody has seen it, it was not told yet; the salon has a
-- chat, its hours are not quiet, and this rule has not been told of twice on the salon's day.
create or replace function dashboard.may_notify(a dashboard.alerts) returns boolean
language plpgsql stable security definer set search_path = ''
as $$
declare
  zone text := dashboard.salon_timezone(a.tenant_id);
begin
  return a.opened_at is not null and a.closed_at is null and a.acknowledged_at is null and not dashboard.is_told(a)
    and dashboard.has_chat(a.tenant_id) and not dashboard.is_quiet(a.tenant_id)
    and (select count(*) from dashboard.alerts o where o.tenant_id = a.tenant_id and o.kind = a.kind
      and o.notification_sent_at >= dashboard.day_start((now() at time zone zone)::date, zone) at time zone 'utc'
        and dashboard.is_told(o)) < 2;
end
$$;

-- Whether the bot knows a chat of the salon's own people.
create or replace function dashboard.has_chat(tenant uuid) returns boolean
language sql stable security definer set search_path = ''
as $$ select coalesce(dashboard.bot_settings(tenant) -> 'settings' ->> 'admin_chat_id' is not null, false) $$;

-- The language that a salon's people are written to in: that of its first owner.
create or replace function dashboard.language_of(tenant uuid) returns text
language sql stable security definer set search_path = ''
as $$
  select coalesce((select case when u.language = 'en' then 'en' end from dashboard.users u
    where u.tenant_id = tenant and u.role = 'admin' and u.active order by u.id limit 1), 'ru')
$$;

-- What the salon's chat is to be told of: the alerts with what it takes to put them into words.
create or replace function dashboard.notices_due(tenant uuid) returns jsonb
language sql stable security definer set search_path = ''
as $$
  select coalesce(jsonb_agg(dashboard.alert_row(row((a.a).*)::dashboard.alerts) || jsonb_build_object(
    'language', dashboard.language_of(tenant), 'timezone', dashboard.salon_timezone(tenant))), '[]')
  from (select a from dashboard.alerts a where a.tenant_id = tenant and a.opened_at is not null and a.closed_at is null) a
  where dashboard.may_notify(row((a.a).*)::dashboard.alerts)
$$;

-- Tells the salon's chat of an alert, once, in these words; whether it is told now. What the bot never took is told again.
create or replace function dashboard.notify_alert(alert bigint, text text) returns boolean
language plpgsql security definer set search_path = ''
as $$
declare
  a dashboard.alerts;
begin
  if not dashboard.is_system() then raise sqlstate 'PT403' using message = 'only jobs tell of alerts'; end if;
  select x.* into a from dashboard.alerts x where x.id = notify_alert.alert for update;
  if not found or not dashboard.may_notify(a) then return false; end if;
  perform dashboard.queue_system_command(dashboard.notice_key(a.id), a.tenant_id, 'salon.alert',
    jsonb_build_object('text', left(notify_alert.text, 2000), 'kind', a.kind), 2);
  update dashboard.alerts x set notification_sent_at = now() at time zone 'utc', updated_at = now() at time zone 'utc'
  where x.id = a.id;
  return true;
end
$$;

-- --- for people

-- How many alerts are open in the salon in view, and how many of them nobody has seen.
create or replace function dashboard.count_alerts() returns jsonb
language sql stable security definer set search_path = ''
as $$
  select jsonb_build_object('open', count(*), 'unseen', count(*) filter (where a.acknowledged_at is null))
  from dashboard.alerts a
  where a.tenant_id = dashboard.current_tenant() and a.opened_at is not null and a.closed_at is null
$$;

-- The open alerts with the rules, then the closed ones page by page, newest first.
create or replace function dashboard.page_of_alerts(
  after_at timestamptz default null, after_id bigint default null, page_size integer default 30
) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  tenant uuid := dashboard.current_tenant();
  size integer := least(greatest(page_size, 1), 200);
  closed jsonb;
begin
  if tenant is null then return null; end if;
  select jsonb_agg(dashboard.alert_row(row((h.a).*)::dashboard.alerts) order by h.at desc, h.id desc) into closed
  from (
    select a, a.id, coalesce(a.opened_at, timezone('utc', a.triggered_at), timezone('utc', a.created_at)) as at
    from dashboard.alerts a
    where a.tenant_id = tenant and (a.opened_at is null or a.closed_at is not null) and (after_at is null
      or (coalesce(a.opened_at, timezone('utc', a.triggered_at), timezone('utc', a.created_at)), a.id) < (after_at, after_id))
    order by coalesce(a.opened_at, timezone('utc', a.triggered_at), timezone('utc', a.created_at)) desc, a.id desc
    limit size + 1) h;
  return jsonb_build_object(
    'open', case when after_at is null then (
      select coalesce(jsonb_agg(dashboard.alert_row(row((o.a).*)::dashboard.alerts) order by o.is_seen, o.opened_at desc), '[]')
      from (select a, a.acknowledged_at is not null as is_seen, a.opened_at from dashboard.alerts a
        where a.tenant_id = tenant and a.opened_at is not null and a.closed_at is null) o) else '[]' end,
    'rows', coalesce(case when jsonb_array_length(closed) > size then closed - -1 else closed end, '[]'),
    'next', case when jsonb_array_length(closed) > size
      then jsonb_build_object('at', closed -> -2 -> 'at', 'id', closed -> -2 -> 'id') end,
    'rules', (select jsonb_agg(to_jsonb(r) - 'place' order by r.place) from dashboard.rules_of(tenant) r),
    'has_chat', dashboard.has_chat(tenant),
    'checked_at', (select c.checked_at from dashboard.alert_checks c where c.tenant_id = tenant));
end
$$;

-- Somebody has seen an alert and sees to it: the salon's chat is not told of it any more.
create or replace function dashboard.acknowledge_alert(key uuid, alert bigint) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  known jsonb := dashboard.begin_act(key, 'acknowledge_alert', array['admin', 'super_admin']);
  a dashboard.alerts;
begin
  if known is not null then return known; end if;
  select x.* into a from dashboard.alerts x
  where x.id = acknowledge_alert.alert and x.tenant_id = dashboard.current_tenant() and x.opened_at is not null for update;
  if not found then raise sqlstate 'PT404' using message = 'no such alert'; end if;
  if a.acknowledged_at is null then
    update dashboard.alerts x set acknowledged_at = now() at time zone 'utc', acknowledged_by = dashboard.current_user_id(),
      updated_at = now() at time zone 'utc' where x.id = a.id;
  end if;
  return dashboard.finish_act(key, a.kind, '{}', '{}');
end
$$;

-- Switches a rule on or off and says from when on it speaks; without a threshold the usual one. What was typed is read here.
create or replace function dashboard.change_alert_rule(key uuid, kind text, is_on boolean, threshold text default null)
returns jsonb
language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  known jsonb := dashboard.begin_act(key, 'change_alert_rule', array['admin', 'super_admin']);
  tenant uuid := dashboard.current_tenant();
  typed text := nullif(btrim(change_alert_rule.threshold), '');
  before record;
  after record;
begin
  if known is not null then return known; end if;
  if tenant is null then raise sqlstate 'PT404' using message = 'no such salon'; end if;
  select r.* into before from dashboard.rules_of(tenant) r where r.kind = change_alert_rule.kind;
  if not found or change_alert_rule.is_on is null then
    raise sqlstate 'PT400' using message = 'not_in_list', detail = 'kind';
  end if;
  if typed is not null and (typed !~ '^\d{1,9}$' or before.highest is null
     or typed::integer not between before.lowest and before.highest) then
    raise sqlstate 'PT400' using message = 'out_of_limits', detail = 'threshold';
  end if;
  insert into dashboard.alert_rules (tenant_id, kind, is_on, threshold, changed_by)
  values (tenant, change_alert_rule.kind, change_alert_rule.is_on, typed::integer, dashboard.current_user_id())
  on conflict on constraint alert_rules_pkey do update set is_on = excluded.is_on, threshold = excluded.threshold,
    changed_by = excluded.changed_by, changed_at = now();
  update dashboard.alert_checks c set whole_at = null where c.tenant_id = tenant;
  select r.* into after from dashboard.rules_of(tenant) r where r.kind = change_alert_rule.kind;
  return dashboard.finish_act(key, change_alert_rule.kind, jsonb_build_object(
    'before', jsonb_strip_nulls(jsonb_build_object('is_on', before.is_on, 'threshold', before.threshold)),
    'after', jsonb_strip_nulls(jsonb_build_object('is_on', after.is_on, 'threshold', after.threshold))), '{}');
end
$$;

revoke execute on function dashboard.queue_system_command(uuid, uuid, text, jsonb, integer), dashboard.alert_kinds(),
  dashboard.rules_of(uuid), dashboard.hour_of(uuid, text, time), dashboard.open_minutes(uuid, timestamptz, timestamptz),
  dashboard.quiet_hours(uuid), dashboard.is_quiet(uuid), dashboard.figures_by_day(uuid, date, date),
  dashboard.is_clear(numeric, numeric, numeric, numeric), dashboard.find_bot_silent(uuid, integer),
  dashboard.find_clients_waiting(uuid, integer), dashboard.find_conversion_fell(uuid, integer),
  dashboard.find_drop_offs_rose(uuid, integer), dashboard.find_commands_stuck(uuid, integer),
  dashboard.find_data_broken(uuid, integer), dashboard.find_alert(uuid, text, integer), dashboard.notice_key(bigint),
  dashboard.is_told(dashboard.alerts),
  dashboard.check_alerts(uuid), dashboard.close_alert(uuid, text), dashboard.may_notify(dashboard.alerts),
  dashboard.has_chat(uuid), dashboard.language_of(uuid), dashboard.notices_due(uuid), dashboard.notify_alert(bigint, text),
  dashboard.alert_row(dashboard.alerts), dashboard.count_alerts(),
  dashboard.page_of_alerts(timestamptz, bigint, integer), dashboard.acknowledge_alert(uuid, bigint),
  dashboard.change_alert_rule(uuid, text, boolean, text) from public;
grant execute on function dashboard.check_alerts(uuid), dashboard.notify_alert(bigint, text), dashboard.count_alerts(),
  dashboard.page_of_alerts(timestamptz, bigint, integer), dashboard.acknowledge_alert(uuid, bigint),
  dashboard.change_alert_rule(uuid, text, boolean, text) to dashboard_app;

-- --- live

do $$
begin
  if not exists (select from pg_catalog.pg_publication_tables p
                 where p.pubname = 'supabase_realtime' and p.schemaname = 'dashboard' and p.tablename = 'alerts') then
    alter publication supabase_realtime add table dashboard.alerts;
  end if;
end
$$;
