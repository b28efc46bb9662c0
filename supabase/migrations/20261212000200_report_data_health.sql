-- What of the bot's rows breaks the rules of the data, in the last 90 days of the salon in view: how many rows, since when,
-- and five examples. Read by the newest rows' indexes: its cost grows with these 90 days and never with what was before.

create or replace function dashboard.data_health() returns jsonb
language plpgsql stable security definer set search_path = '' set jit = off set plan_cache_mode = force_custom_plan
as $$
declare
  tenant uuid := dashboard.current_tenant();
  home_currency text := dashboard.salon_currency(tenant);
  zone text := dashboard.salon_timezone(tenant);
  since timestamptz := dashboard.day_start((now() at time zone zone)::date - 89, zone);
  answer jsonb;
begin
  if coalesce(dashboard.current_role(), '') not in ('admin', 'super_admin') or not dashboard.is_still_signed_in() then
    raise sqlstate 'PT403' using message = 'only owners see the state of the data';
  end if;
  if tenant is null then return null; end if;
  with dialog as materialized (
    -- Written out and not a function of its own: it is asked for each dialog of the period.
    select c.session_id, c.started_at as at, array_remove(array[
        case when coalesce(btrim(c.final_status), '') = '' then 'no_status'
          when lower(btrim(c.final_status)) not in ('done', 'abandoned', 'dropped', 'auto_closed', 'escalated')
            then 'unknown_status' end,
        case when btrim(c.final_intent) <> '' and lower(btrim(c.final_intent))
          not in ('booking', 'info', 'inquiry', 'reschedule', 'cancel', 'canceled') then 'unknown_intent' end,
        case when lower(btrim(c.channel)) not in ('telegram', 'whatsapp') then 'unknown_channel' end,
        case when btrim(c.meta ->> 'drop_off_stage') <> '' and btrim(c.meta ->> 'drop_off_stage')
          not in ('service_selection', 'staff_selection', 'date_selection', 'time_selection') then 'unknown_step' end,
        case when c.booking_id is not null and c.booking_amount is null then 'no_amount' end,
        case when c.booking_amount < 0 or c.booking_amount in ('NaN', 'Infinity', '-Infinity') then 'odd_amount' end,
        case when c.booking_id is not null and c.booking_amount is not null
          and coalesce(nullif(upper(btrim(c.booking_currency)), ''), home_currency) <> home_currency then 'other_currency' end,
        case when c.booking_id is not null and c.booking_datetime is null then 'no_time' end,
        case when c.ended_at < c.started_at or c.duration_sec < 0 then 'ended_before_start' end,
        case when c.meta = '{}' or jsonb_typeof(c.meta) <> 'object' then 'no_meta' end
      ], null) as flaws
    from public.conversation_sessions_v2 c
    where c.tenant_id = tenant and c.started_at >= since and c.started_at < 'infinity'
  ), message as materialized (
    -- The newest ones tell as much: a salon writes more messages than anybody could look through.
    select m.session_id, m.user_id, m.created_at as at, lower(btrim(m.role)) as role from public.recent_history_v2 m
    where m.tenant_id = tenant and m.created_at >= since and m.created_at < 'infinity'
    order by m.created_at desc limit 50000
  ), flaw as (
    select f.rule, d.at, 'dialog' as kind, d.session_id::text as key from dialog d, unnest(d.flaws) f(rule) where d.flaws <> '{}'
    union all
    select 'archived_twice', max(d.at), 'dialog', d.session_id::text from dialog d group by d.session_id having count(*) > 1
    union all
    select 'no_dialog', m.created_at, 'client', m.user_id::text from public.recent_history_v2 m
    where m.tenant_id = tenant and m.session_id is null and m.created_at >= since and m.created_at < 'infinity'
    union all
    select 'unknown_role', m.at, case when m.session_id is null then 'client' else 'dialog' end,
      coalesce(m.session_id, m.user_id)::text
    from message m where m.role not in ('user', 'assistant', 'operator', 'system')
    union all
    select 'unreadable_phone', k.updated_at, 'client', k.id::text from public.clients_v2 k
    where k.tenant_id = tenant and k.updated_at >= since and btrim(k.phone) <> ''
      and length(regexp_replace(k.phone, '\D', '', 'g')) not between 10 and 15
    union all
    select 'unreadable_day', w.created_at, 'wish', w.id::text from public.wishlist_v2 w
    where w.tenant_id = tenant and w.updated_at >= since and w.created_at >= since
      and coalesce(btrim(w.meta ->> 'date'), '') || coalesce(btrim(w.meta ->> 'preferred_date'), '') <> ''
      and dashboard.wished_on(w.meta, (w.created_at at time zone zone)::date) is null
  ), ranked as (
    select f.*, row_number() over (partition by f.rule order by f.at desc, f.key) as place from flaw f
  )
  select jsonb_build_object(
    'first', (since at time zone zone)::date, 'dialogs', (select count(*) from dialog),
    'messages_read', (select count(*) from message), 'messages_since', (select min(m.at) from message m),
    'flaws', coalesce((select jsonb_agg(x.flaw order by x.number desc, x.rule) from (
      select r.rule, count(*) as number, jsonb_build_object('rule', r.rule, 'number', count(*), 'since', min(r.at),
        'last', max(r.at), 'examples', jsonb_agg(jsonb_build_object('kind', r.kind, 'key', r.key, 'at', r.at) order by r.place)
          filter (where r.place <= 5)) as flaw
      from ranked r group by r.rule) x), '[]')) into answer;
  return answer;
end
$$;

revoke execute on function dashboard.data_health() from public;
grant execute on function dashboard.data_health() to dashboard_app;
