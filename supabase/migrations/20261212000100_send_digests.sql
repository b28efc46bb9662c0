-- The daily letter to a salon's own chat: yesterday beside the same weekday a week before, and what is to be done. That it
-- went is written down in the stored day that it tells of, in the transaction that gives it to the bot: once, whoever asks.

-- What a salon's letter tells, or null when none is due: it is due from 9:00 to 15:00 of the salon's day, unless it went, the
-- salon wants none, has no chat or quiet hours, or nothing happened on either day. Its clients' figures are brought up to date
-- first; while that lasts the letter says nothing of them.
create or replace function dashboard.digest_due(tenant uuid) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  zone text := dashboard.salon_timezone(tenant);
  clock timestamp := now() at time zone zone;
  today date := clock::date;
  days jsonb;
  has_clients boolean;
begin
  if not dashboard.is_system() then raise sqlstate 'PT403' using message = 'only jobs write letters'; end if;
  if clock::time not between '09:00' and '15:00' or not dashboard.has_chat(tenant) or dashboard.is_quiet(tenant)
    or not (select r.is_on from dashboard.rules_of(tenant) r where r.kind = 'digest')
    or exists (select from dashboard.metrics_dailies m
      where m.tenant_id = tenant and m.day = today - 1 and m.digest_sent_at is not null) then
    return null;
  end if;
  select jsonb_object_agg(case d.day when today - 1 then 'day' else 'before' end, jsonb_build_object('day', d.day,
    'dialogs', d.dialogs, 'bookings', d.bookings, 'revenue', d.revenue,
    'conversion', round(d.bookings::numeric / nullif(d.dialogs, 0), 6))) into days
  from (select * from dashboard.figures_by_day(tenant, today - 1, today - 1)
    union all select * from dashboard.figures_by_day(tenant, today - 8, today - 8)) d;
  if (days #>> '{day,dialogs}')::integer + (days #>> '{before,dialogs}')::integer = 0 then return null; end if;
  has_clients := dashboard.refresh_clients(tenant) is null; -- a statement of its own: what follows sees what it made
  return days || jsonb_build_object('language', dashboard.language_of(tenant), 'currency', dashboard.salon_currency(tenant),
    'todos', dashboard.todos_of(tenant, today, has_clients));
end
$$;

-- Three things to do at most, the most pressing first: {kind, number}, each of which has a page with as many rows. Overdue
-- clients only when their figures are those of now.
create or replace function dashboard.todos_of(tenant uuid, today date, has_clients boolean) returns jsonb
language sql stable security definer set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object('kind', t.kind, 'number', t.number) order by t.place), '[]')
  from (
    select * from (
      select 1 as place, 'alerts' as kind, (select count(*) from dashboard.alerts a
        where a.tenant_id = tenant and a.opened_at is not null and a.closed_at is null) as number
      union all
      select 2, 'wishes', (select count(*) from dashboard.waiting_entries e where e.tenant_id = tenant and e.status = 'waiting')
      union all
      select 3, 'overdue', (select count(*) from dashboard.client_figures f where f.tenant_id = tenant and f.due_day <= today
        and has_clients)
      union all
      select 4, 'cancelled', (select coalesce(sum(d.cancelled), 0) from dashboard.figures_by_day(tenant, today - 1, today - 1) d)
    ) found where found.number > 0 order by found.place limit 3
  ) t
$$;

-- Gives the bot a salon's letter about a day, once; whether it was given now.
create or replace function dashboard.send_digest(tenant uuid, day date, text text) returns boolean
language plpgsql security definer set search_path = ''
as $$
begin
  if not dashboard.is_system() then raise sqlstate 'PT403' using message = 'only jobs write letters'; end if;
  if send_digest.day is distinct from (now() at time zone dashboard.salon_timezone(tenant))::date - 1 then return false; end if;
  if not exists (select from dashboard.metrics_dailies m
      where m.tenant_id = tenant and m.day = send_digest.day and m.duplicate_of is null) then
    perform dashboard.begin_collection(tenant, send_digest.day, send_digest.day);
    perform dashboard.collect_days(tenant, send_digest.day, send_digest.day);
  end if;
  update dashboard.metrics_dailies m set digest_sent_at = now() at time zone 'utc'
  where m.tenant_id = tenant and m.day = send_digest.day and m.duplicate_of is null
    and not exists (select from dashboard.metrics_dailies o
      where o.tenant_id = tenant and o.day = send_digest.day and o.digest_sent_at is not null);
  if not found then return false; end if;
  perform dashboard.queue_system_command(md5('digest:' || tenant || ':' || send_digest.day)::uuid, tenant, 'salon.digest',
    jsonb_build_object('text', left(send_digest.text, 4000), 'day', send_digest.day), 8);
  return true;
end
$$;

revoke execute on function dashboard.digest_due(uuid), dashboard.todos_of(uuid, date, boolean),
  dashboard.send_digest(uuid, date, text) from public;
grant execute on function dashboard.digest_due(uuid), dashboard.send_digest(uuid, date, text) to dashboard_app;
