-- Broadcasts as owners see them: the list, one with its pre-flight or its progress, who got it, and what came of it.

-- How many recipients stand how: {waiting, sending, sent, delivered, failed, skipped, unknown, held_out}; those that do
-- not occur are left out.
create or replace function dashboard.broadcast_numbers(broadcast uuid) returns jsonb
language sql stable security definer set search_path = ''
as $$
  select coalesce(jsonb_object_agg(n.status, n.number), '{}') from (
    select r.status, count(*) as number from dashboard.broadcast_recipients r where r.broadcast_id = broadcast group by r.status
  ) n
$$;

create or replace function dashboard.broadcast_row(b dashboard.broadcasts) returns jsonb
language sql stable security definer set search_path = ''
as $$
  select jsonb_build_object('id', b.id, 'name', b.name, 'text', b.text, 'without_name', b.without_name,
    'without_salon', b.without_salon, 'without_specialist', b.without_specialist, 'search', b.audience_search,
    'kind', b.audience_kind, 'channel', b.audience_channel, 'staff', b.audience_staff,
    'staff_label', dashboard.label_of(b.tenant_id, 'staff', b.audience_staff),
    'quiet_days', b.quiet_days, 'skips_booked', b.skips_booked, 'held_out_percent', b.held_out_percent,
    'starts_at', b.starts_at, 'spread_hours', b.spread_hours, 'status', b.status, 'version', b.version,
    'created_by', dashboard.name_of_user(b.created_by), 'created_at', b.created_at,
    'sent_by', dashboard.name_of_user(b.sent_by), 'sent_at', b.sent_at, 'started_at', b.started_at,
    'finished_at', b.finished_at, 'numbers', dashboard.broadcast_numbers(b.id))
$$;

-- One page of the broadcasts of the salon in view, newest first, after the key (after_at, after_id).
create or replace function dashboard.page_of_broadcasts(
  after_at timestamptz default null, after_id uuid default null, page_size integer default 30
) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  size integer := least(greatest(page_size, 1), 200);
  found jsonb;
begin
  perform dashboard.must_manage();
  select jsonb_agg(dashboard.broadcast_row(p.b) order by (p.b).created_at desc, (p.b).id desc) into found from (
    select b from dashboard.broadcasts b where b.tenant_id = dashboard.current_tenant()
      and (after_id is null or (b.created_at, b.id) < (after_at, after_id))
    order by b.created_at desc, b.id desc limit size + 1) p;
  return jsonb_build_object(
    'rows', coalesce(case when jsonb_array_length(found) > size then found - -1 else found end, '[]'),
    'next', case when jsonb_array_length(found) > size then jsonb_build_object('at', found -> -2 -> 'created_at',
      'id', found -> -2 -> 'id') end);
end
$$;

-- What came of a broadcast: of those who got it, and of those who were held out, how many there are, answered (wrote
-- within 7 days), booked within 7 days, and the money of these bookings (DATA.md: not cancelled, in the salon's
-- currency). The clock of a recipient starts when the message was handed over; of one who was held out when the last
-- recipient before was, so that both groups are looked at over the same days. Held out are counted as far as the
-- broadcast came, and not those who wrote or booked before their turn: they would have been left out. `difference` is the
-- share that booked because of it with the 95 % interval, once the broadcast is over; null as well when there are fewer
-- than 30 in one of both groups or fewer than 5 bookings: too few to tell.
create or replace function dashboard.broadcast_result(b dashboard.broadcasts) returns jsonb
language plpgsql stable security definer set search_path = '' set jit = off
as $$
declare
  home_currency text := dashboard.salon_currency(b.tenant_id);
  answer jsonb;
begin
  with journal as (
    select r.client_id, r.status, max(r.handed_at) over (order by r.place) as at,
      max(r.handed_at) over () as last_at, max(r.place) filter (where r.handed_at is not null) over () as last_place, r.place
    from dashboard.broadcast_recipients r where r.broadcast_id = b.id
  ), turn as materialized (
    select j.client_id, j.status = 'held_out' as is_held_out, coalesce(j.at, b.started_at) as at
    from journal j
    where j.status in ('sent', 'delivered') or j.status = 'held_out' and j.place <= j.last_place
  ), span as (
    select min(t.at) as first_at, max(t.at) + interval '7 days' as last_at from turn t
  ), booking as materialized (
    select d.client_id, d.started_at, d.is_booked, case when d.booking_status is distinct from 'cancelled'
      and coalesce(d.currency, home_currency) = home_currency then d.amount end as revenue
    from dashboard.archived_dialogs d, span s
    where d.tenant_id = b.tenant_id and d.started_at >= b.sent_at and d.started_at <= s.last_at
  ), recipient as materialized (
    select t.* from turn t where not t.is_held_out or not exists (select from booking d
      where d.client_id = t.client_id and d.started_at < t.at)
  ), answered as (
    select distinct r.client_id from span s
    join public.recent_history_v2 m on m.tenant_id = b.tenant_id and m.created_at > s.first_at and m.created_at <= s.last_at
    join recipient r on r.client_id = m.user_id and m.created_at > r.at and m.created_at <= r.at + interval '7 days'
    where m.role = 'user'
  ), booked as (
    select r.client_id, sum(d.revenue) as revenue from recipient r join booking d on d.client_id = r.client_id and d.is_booked
      and d.started_at > r.at and d.started_at <= r.at + interval '7 days' group by r.client_id
  ), part as materialized (
    select r.is_held_out, count(*) as number, count(a.client_id) as answered, count(k.client_id) as booked,
      coalesce(sum(k.revenue), 0) as revenue
    from recipient r left join answered a on a.client_id = r.client_id left join booked k on k.client_id = r.client_id
    group by r.is_held_out
  )
  select jsonb_build_object('ends_on', (select s.last_at from span s),
    'got', (select to_jsonb(p) - 'is_held_out' from part p where not p.is_held_out),
    'held_out', (select to_jsonb(p) - 'is_held_out' from part p where p.is_held_out),
    'difference', case when b.status in ('done', 'stopped') then (
      select dashboard.difference_of_shares(g.booked, g.number, h.booked, h.number) from part g, part h
      where not g.is_held_out and h.is_held_out) end)
  into answer;
  return answer;
end
$$;

-- Two shares compared: {share, low, high} of the difference, 95 %, by Newcombe's method 10 (from the two Wilson
-- intervals). Null when there are too few to tell.
create or replace function dashboard.difference_of_shares(first bigint, first_of bigint, second bigint, second_of bigint)
returns jsonb
language sql immutable set search_path = ''
as $$
  with shares as (
    select first::float8 / nullif(first_of, 0) as p, second::float8 / nullif(second_of, 0) as q,
      nullif(first_of, 0)::float8 as m, nullif(second_of, 0)::float8 as n, 1.959963985 as z
    where first_of >= 30 and second_of >= 30 and first + second >= 5
  ), wilson as (
    select s.*, (p + z * z / (2 * m) - z * sqrt(p * (1 - p) / m + z * z / (4 * m * m))) / (1 + z * z / m) as p_low,
      (p + z * z / (2 * m) + z * sqrt(p * (1 - p) / m + z * z / (4 * m * m))) / (1 + z * z / m) as p_high,
      (q + z * z / (2 * n) - z * sqrt(q * (1 - q) / n + z * z / (4 * n * n))) / (1 + z * z / n) as q_low,
      (q + z * z / (2 * n) + z * sqrt(q * (1 - q) / n + z * z / (4 * n * n))) / (1 + z * z / n) as q_high
    from shares s
  )
  select jsonb_build_object('share', round((p - q)::numeric, 6),
    'low', round((p - q - sqrt((p - p_low) ^ 2 + (q_high - q) ^ 2))::numeric, 6),
    'high', round((p - q + sqrt((p_high - p) ^ 2 + (q - q_low) ^ 2))::numeric, 6)) from wilson
$$;

-- One broadcast: {broadcast, can_test}, with `preflight` while it is a draft; else with `reasons` (of those who were left
-- out or failed), `left` (when it is expected to end) and `result`. Null when the salon has none such.
create or replace function dashboard.open_broadcast(broadcast uuid) returns jsonb
language plpgsql volatile security definer set search_path = '' set jit = off
as $$
declare
  tenant uuid := dashboard.current_tenant();
  b dashboard.broadcasts;
  rest dashboard.broadcasts;
  plan jsonb;
begin
  perform dashboard.must_manage();
  select d.* into b from dashboard.broadcasts d where d.id = broadcast and d.tenant_id = tenant;
  if not found then return null; end if;
  rest := b;
  rest.spread_hours := 0;  -- what is left of the spread stands at its recipients
  if b.status = 'draft' then
    plan := dashboard.preflight(b);
    if plan ? 'pending' then return plan; end if;
    return jsonb_build_object('broadcast', dashboard.broadcast_row(b), 'preflight', plan,
      'can_test', dashboard.bot_settings(tenant) -> 'settings' ->> 'admin_chat_id' is not null);
  end if;
  return jsonb_build_object('broadcast', dashboard.broadcast_row(b),
    'reasons', (select coalesce(jsonb_agg(jsonb_build_object('status', n.status, 'reason', dashboard.shown_text(n.reason),
        'number', n.number) order by n.number desc, n.reason), '[]')
      from (select r.status, left(r.reason, 100) as reason, count(*) as number from dashboard.broadcast_recipients r
        where r.broadcast_id = b.id and r.status in ('skipped', 'failed') group by 1, 2 order by 3 desc limit 20) n),
    'ends_at', case when b.status in ('scheduled', 'running') then greatest((dashboard.broadcast_times(rest,
        (select count(*) from dashboard.broadcast_recipients r where r.broadcast_id = b.id and r.status in ('waiting', 'sending'))
      ) ->> 'ends_at')::timestamptz, (select max(r.due_at) from dashboard.broadcast_recipients r
        where r.broadcast_id = b.id and r.status = 'waiting')) end,
    'can_retry', (select count(*) from dashboard.broadcast_recipients r
      where r.broadcast_id = b.id and r.status in ('unknown', 'failed') and dashboard.can_be_sent_again(r)),
    'result', dashboard.broadcast_result(b));
end
$$;

-- One page of a broadcast's journal in the order of sending, after the place; `status` null stands for all.
create or replace function dashboard.page_of_recipients(
  broadcast uuid, status text default null, after_place integer default null, page_size integer default 50
) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  tenant uuid := dashboard.current_tenant();
  size integer := least(greatest(page_size, 1), 500);
  found jsonb;
begin
  perform dashboard.must_manage();
  select jsonb_agg(jsonb_build_object('client_id', r.client_id, 'name', dashboard.shown_text(nullif(btrim(c.full_name), '')),
      'phone', dashboard.phone_of(r.client_id), 'status', r.status, 'reason', dashboard.shown_text(r.reason),
      'at', case when r.status in ('sent', 'delivered', 'unknown') then coalesce(r.sent_at, r.changed_at)
        when r.status in ('waiting', 'held_out') then r.due_at else r.changed_at end, 'place', r.place) order by r.place)
  into found
  from (select x.* from dashboard.broadcast_recipients x
    where x.broadcast_id = page_of_recipients.broadcast and x.tenant_id = tenant
      and (page_of_recipients.status is null or x.status = page_of_recipients.status)
      and x.place > coalesce(after_place, 0)
    order by x.place limit size + 1) r
  left join public.clients_v2 c on c.id = r.client_id and c.tenant_id = tenant;
  return jsonb_build_object(
    'rows', coalesce(case when jsonb_array_length(found) > size then found - -1 else found end, '[]'),
    'next', case when jsonb_array_length(found) > size then jsonb_build_object('place', found -> -2 -> 'place') end);
end
$$;

-- A client's card, with the messages of broadcasts among those that were sent from here.
create or replace function dashboard.open_client(client uuid) returns jsonb
language plpgsql volatile security definer set search_path = '' set jit = off
as $$
declare
  tenant uuid := dashboard.current_tenant();
  pending jsonb;
  f dashboard.client_figures;
begin
  if tenant is null then return null; end if;
  pending := dashboard.refresh_clients(tenant);
  if pending is not null then return pending; end if;
  select k.* into f from dashboard.client_figures k where k.tenant_id = tenant and k.client_id = open_client.client;
  if not found or not exists (select from public.clients_v2 c where c.tenant_id = tenant and c.id = client) then
    return null;
  end if;
  return dashboard.client_contacts(client) || jsonb_build_object(
    'client', dashboard.client_row(f),
    'yclients_client_id', (select c.yclients_client_id from public.clients_v2 c where c.tenant_id = tenant and c.id = client),
    'wants_messages', dashboard.wants_messages(tenant, client),
    'memory', dashboard.client_memory(tenant, client),
    'commands', (select coalesce(jsonb_agg(dashboard.command_row(b.b) || jsonb_build_object(
        'text', dashboard.shown_text((b.b).data ->> 'text'), 'error', dashboard.shown_text((b.b).last_error))
        order by (b.b).number desc), '[]')
      from (select b from dashboard.bot_commands b where b.tenant_id = tenant and b.client_id = client
        and b.type in ('client.message', 'broadcast.message') order by b.number desc limit 20) b),
    'notes', (select coalesce(jsonb_agg(jsonb_build_object('id', n.id, 'text', dashboard.shown_text(n.text),
        'by', dashboard.name_of_user(n.author_id), 'created_at', n.created_at) order by n.created_at desc, n.id), '[]')
      from (select * from dashboard.client_notes n where n.tenant_id = tenant and n.client_id = client
        and n.removed_at is null order by n.created_at desc limit 100) n),
    'wishes', (select coalesce(jsonb_agg(jsonb_build_object('id', w.id, 'status', w.status,
        'service', dashboard.shown_text(coalesce(w.service, nullif(w.service_key, ''))),
        'staff', dashboard.shown_text(coalesce(w.staff, nullif(w.staff_key, ''))), 'day', w.wished_on,
        'created_at', w.created_at) order by w.created_at desc, w.id desc), '[]')
      from (select * from dashboard.waiting_entries e where e.tenant_id = tenant and e.client_id = open_client.client
        order by e.created_at desc, e.id desc limit 20) w));
end
$$;

revoke execute on function dashboard.broadcast_numbers(uuid), dashboard.broadcast_row(dashboard.broadcasts),
  dashboard.page_of_broadcasts(timestamptz, uuid, integer), dashboard.broadcast_result(dashboard.broadcasts),
  dashboard.difference_of_shares(bigint, bigint, bigint, bigint), dashboard.open_broadcast(uuid),
  dashboard.page_of_recipients(uuid, text, integer, integer) from public;
grant execute on function dashboard.page_of_broadcasts(timestamptz, uuid, integer), dashboard.open_broadcast(uuid),
  dashboard.page_of_recipients(uuid, text, integer, integer) to dashboard_app;
