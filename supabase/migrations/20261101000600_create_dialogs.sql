-- One dialog = one row, whether it goes on or is archived, with the bot's odd values read once and for all.
-- Every figure, list and card is built on these views; docs/METRICS.md explains them to users.

-- A name as keys hold it: one blank between words, 200 characters at most. Keys stand in the addresses of pages, which
-- keep no other blanks, and in an index, which keeps no long ones.
create or replace function dashboard.key_of(name text) returns text
language sql immutable set search_path = ''
as $$
  select btrim(left(btrim(regexp_replace(left(name, 1000),
    '[\s\u001c-\u001f\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+', ' ', 'g')), 200))
$$;

-- The services that a dialog names: ids as '#12', else names; '{}' when it names none. Ids win: they are what was chosen.
create or replace function dashboard.service_keys(meta jsonb) returns text[]
language plpgsql immutable set search_path = ''
as $$
begin
  if not meta ?| array['services_selected', 'services_mentioned'] then return '{}'; end if;
  return (
    with source as (
      select '#' as prefix, meta -> 'services_selected' as value, 1 as place
      union all select '', meta -> 'services_mentioned', 2
    ), item as (
      select s.place, s.prefix, e.value
      from source s, lateral jsonb_array_elements(
        case jsonb_typeof(s.value) when 'array' then s.value when 'string' then jsonb_build_array(s.value)
          when 'number' then jsonb_build_array(s.value) else '[]' end) e
    ), named as (
      select place, prefix, dashboard.key_of(prefix || btrim(case jsonb_typeof(value)
        when 'object' then coalesce(value ->> 'id', value ->> 'title', value ->> 'name', '')
        when 'array' then '' when 'null' then '' else value #>> '{}' end)) as key
      from item
    )
    select coalesce(array_agg(distinct key order by key), '{}') from named
    where key <> prefix and place = (select min(place) from named where key <> prefix));
end
$$;

-- The specialist: a name, else '#id', else ''. A list or an object is no name.
create or replace function dashboard.staff_key(meta jsonb) returns text
language sql immutable set search_path = ''
as $$
  select coalesce(
    case when jsonb_typeof(meta -> 'staff_name') in ('string', 'number')
      then nullif(dashboard.key_of(meta ->> 'staff_name'), '') end,
    case when jsonb_typeof(meta -> 'staff_id') in ('string', 'number')
      then '#' || nullif(dashboard.key_of(meta ->> 'staff_id'), '') end,
    '')
$$;

-- `reached` is the furthest step of the funnel: 1 dialog, 2 wanted to book, 3 service chosen, 4 specialist chosen,
-- 5 booked (which passes "date and time chosen" as well: the bot records no client who chose a time and left).
-- `is_booked`: the booking counts here; of several dialogs with one booking_id only in the earliest.
create or replace view dashboard.archived_dialogs with (security_invoker = true) as
select
  c.id as archive_id,
  c.session_id,
  c.tenant_id,
  c.user_id as client_id,
  false as is_active,
  lower(btrim(c.channel)) as channel,
  c.started_at,
  c.ended_at,
  greatest(c.started_at, coalesce(c.ended_at, c.started_at + make_interval(secs => c.duration_sec), c.created_at))
    as last_activity_at,
  case lower(btrim(c.final_status)) when 'dropped' then 'abandoned' else lower(btrim(c.final_status)) end as status,
  case lower(btrim(c.final_intent)) when 'canceled' then 'cancel' when '' then null else lower(btrim(c.final_intent)) end
    as intent,
  nullif(btrim(c.meta ->> 'drop_off_stage'), '') as drop_off,
  nullif(lower(btrim(c.meta ->> 'sentiment')), '') as sentiment,
  c.meta,
  coalesce(nullif(btrim(c.final_summary), ''), nullif(btrim(c.summary), '')) as summary,
  c.booking_id,
  b.is_booked,
  lower(btrim(c.booking_status)) as booking_status,
  c.booking_source,
  c.booking_datetime as booking_at,
  case when c.booking_amount not in ('NaN', 'Infinity', '-Infinity') then c.booking_amount end as amount,
  nullif(upper(btrim(c.booking_currency)), '') as currency,
  c.messages_count,
  case
    when b.is_booked then 5
    when btrim(c.meta ->> 'drop_off_stage') in ('date_selection', 'time_selection') then 4
    when btrim(c.meta ->> 'drop_off_stage') = 'staff_selection' then 3
    when nullif(btrim(c.meta ->> 'drop_off_stage'), '') is not null or lower(btrim(c.final_intent)) = 'booking' then 2
    else 1
  end as reached
from public.conversation_sessions_v2 c
cross join lateral (
  select c.booking_id is not null and not exists (
    select from public.conversation_sessions_v2 e
    where e.tenant_id = c.tenant_id and e.booking_id = c.booking_id and (e.started_at, e.id) < (c.started_at, c.id)
  ) as is_booked
) b;

-- A dialog that goes on: no final intent, no booking yet. The bot deletes the row when it archives the dialog;
-- for a moment both may be there, and then the archived one counts.
create or replace view dashboard.active_dialogs with (security_invoker = true) as
select
  null::bigint as archive_id,
  a.session_id,
  a.tenant_id,
  a.user_id as client_id,
  true as is_active,
  (select lower(btrim(m.channel)) from public.recent_history_v2 m
    where m.tenant_id = a.tenant_id and m.session_id = a.session_id order by m.created_at desc, m.id desc limit 1)
    as channel,
  a.created_at as started_at,
  null::timestamptz as ended_at,
  greatest(a.last_activity_at, a.created_at) as last_activity_at,
  'active' as status,
  case lower(btrim(a.intent)) when 'canceled' then 'cancel' when '' then null else lower(btrim(a.intent)) end as intent,
  null::text as drop_off,
  null::text as sentiment,
  '{}'::jsonb as meta,
  null::text as summary,
  null::text as booking_id,
  false as is_booked,
  null::text as booking_status,
  null::text as booking_source,
  null::timestamptz as booking_at,
  null::numeric as amount,
  null::text as currency,
  null::integer as messages_count,
  1 as reached
from public.active_sessions_v2 a
where not exists (
  select from public.conversation_sessions_v2 c where c.tenant_id = a.tenant_id and c.session_id = a.session_id
);

create or replace view dashboard.dialogs with (security_invoker = true) as
select * from dashboard.archived_dialogs union all select * from dashboard.active_dialogs;

-- The messages of some dialogs. Older rows carry no session_id: such a message belongs to the dialog of the same
-- client whose span holds it, and of several to the one that started last.
create or replace view dashboard.unlinked_messages with (security_invoker = true) as
select m.tenant_id, m.id, m.role, m.created_at, m.message, m.channel, m.user_id as client_id, owner.session_id,
  owner.started_at
from public.recent_history_v2 m
cross join lateral (
  select d.session_id, d.started_at from (
    select c.session_id, c.started_at, c.id,
      greatest(c.started_at, coalesce(c.ended_at, c.started_at + make_interval(secs => c.duration_sec), c.created_at))
        as last_at
    from public.conversation_sessions_v2 c
    where c.tenant_id = m.tenant_id and c.user_id = m.user_id and c.started_at <= m.created_at
    union all
    select a.session_id, a.created_at, null, 'infinity'
    from public.active_sessions_v2 a
    where a.tenant_id = m.tenant_id and a.user_id = m.user_id and a.created_at <= m.created_at and not exists (
      select from public.conversation_sessions_v2 c where c.tenant_id = a.tenant_id and c.session_id = a.session_id)
  ) d
  where d.last_at >= m.created_at
  order by d.started_at desc, d.id desc nulls first
  limit 1
) owner
where m.session_id is null;

revoke all on dashboard.archived_dialogs, dashboard.active_dialogs, dashboard.dialogs, dashboard.unlinked_messages
  from public, anon, authenticated;
grant select on dashboard.archived_dialogs, dashboard.active_dialogs, dashboard.dialogs, dashboard.unlinked_messages
  to dashboard_app;
revoke execute on function dashboard.key_of(text), dashboard.service_keys(jsonb), dashboard.staff_key(jsonb) from public;
grant execute on function dashboard.key_of(text), dashboard.service_keys(jsonb), dashboard.staff_key(jsonb)
  to dashboard_app;
