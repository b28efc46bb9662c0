-- Writing a broadcast: the draft, who would get it and why others would not, and the texts as people would read them.

-- What a recipient's text is made of: a name that is one, the salon, the favourite specialist (of the bookings, else as
-- the bot remembers); null where there is none.
create or replace function dashboard.words_of_clients(tenant uuid, clients uuid[])
returns table (client_id uuid, name text, specialist text)
language sql stable security definer set search_path = ''
as $$
  with client as (
    select c.id, btrim(regexp_replace(left(c.full_name, 500), '\s+', ' ', 'g')) as name,
      coalesce(nullif(f.staff_key, ''), '#' || nullif(dashboard.key_of(m.preferred_staff_id), '')) as staff_key
    from public.clients_v2 c
    left join dashboard.client_figures f on f.tenant_id = tenant and f.client_id = c.id
    left join public.user_ltm_v2 m on m.tenant_id = tenant and m.user_id = c.id
    where c.tenant_id = tenant and c.id = any (clients)
  ), specialist as (
    select k.staff_key, split_part(dashboard.label_of(tenant, 'staff', k.staff_key), ' · № ', 1) as name
    from (select distinct staff_key from client where staff_key is not null) k
  )
  select c.id, case when c.name ~ '[[:alpha:]]' and c.name !~ '[0-9<>{}@/]' then left(c.name, 100) end,
    case when s.name !~ '^#' then nullif(left(s.name, 100), '') end
  from client c left join specialist s on s.staff_key = c.staff_key
$$;

-- A text with its fields filled in, in one go: what a client is called is never read as a field.
create or replace function dashboard.filled_text(
  template text, name text, salon text, specialist text, without_name text, without_salon text, without_specialist text
) returns text
language sql immutable set search_path = ''
as $$
  select replace(replace(replace(
    replace(replace(replace(translate(template, E'\ue000\ue001\ue002', ''),
      '{name}', E'\ue000'), '{salon}', E'\ue001'), '{specialist}', E'\ue002'),
    E'\ue000', translate(coalesce(name, without_name, ''), E'\ue000\ue001\ue002', '')),
    E'\ue001', translate(coalesce(salon, without_salon, ''), E'\ue000\ue001\ue002', '')),
    E'\ue002', translate(coalesce(specialist, without_specialist, ''), E'\ue000\ue001\ue002', ''))
$$;

create or replace function dashboard.text_for(b dashboard.broadcasts, name text, specialist text) returns text
language sql stable security definer set search_path = ''
as $$
  select dashboard.filled_text(b.text, name, (select nullif(btrim(left(t.name, 100)), '') from public.tenants_v2 t
    where t.id = b.tenant_id), specialist, b.without_name, b.without_salon, b.without_specialist)
$$;

-- Why a client is left out of a broadcast; null when nothing is in the way. The same words serve while it runs.
create or replace function dashboard.left_out_because(
  b dashboard.broadcasts, c public.clients_v2, wants_messages boolean, is_talking boolean, is_booked boolean, got_message boolean
) returns text
language sql immutable set search_path = ''
as $$
  select case when not wants_messages then 'opted_out'
    when c.telegram_chat_id is null and nullif(btrim(c.whatsapp_id), '') is null then 'no_chat'
    when is_talking then 'in_dialog'
    when b.skips_booked and is_booked then 'booked'
    when b.quiet_days > 0 and got_message then 'got_message' end
$$;

-- Everybody whom the audience names, in the order in which they get it, with the reason of those who do not: those of
-- left_out_because, 'same_chat' (another client of this broadcast has the same chat) and 'held_out' (chosen by a hash of
-- broadcast and client, so that it stays the same however often it is asked).
create or replace function dashboard.broadcast_audience(b dashboard.broadcasts)
returns table (client_id uuid, reason text, place bigint)
language plpgsql stable security definer set search_path = '' set jit = off
as $$
begin
  return query execute format($query$
    with audience as (
      select f.client_id, f.last_dialog_at, dashboard.left_out_because($1, c,
        coalesce(m.allow_notifications, true) and (o.opted_out_at is null or coalesce(m.updated_at > o.opted_out_at, false)),
        talking.user_id is not null, booked.client_id is not null, messaged.client_id is not null) as reason,
        coalesce(c.telegram_chat_id::text, nullif(btrim(c.whatsapp_id), '')) as chat
      from dashboard.client_figures f
      join public.clients_v2 c on c.tenant_id = f.tenant_id and c.id = f.client_id
      left join public.user_ltm_v2 m on m.tenant_id = f.tenant_id and m.user_id = f.client_id
      left join dashboard.client_opt_outs o on o.tenant_id = f.tenant_id and o.client_id = f.client_id
      left join (select distinct a.user_id from public.active_sessions_v2 a where a.tenant_id = $2
        and not exists (select from public.conversation_sessions_v2 x where x.session_id = a.session_id and x.tenant_id = $2))
        talking on talking.user_id = f.client_id
      left join (select distinct d.client_id from dashboard.archived_dialogs d where d.tenant_id = $2 and d.is_booked
        and d.booking_status is distinct from 'cancelled' and d.booking_at > now()) booked on booked.client_id = f.client_id
      left join (select distinct k.client_id from dashboard.bot_commands k where k.tenant_id = $2
        and k.type in ('client.message', 'broadcast.message') and k.updated_at > now() - make_interval(days => $3)
        and k.created_at > now() - make_interval(days => $3) and k.status not in ('failed', 'dead'))
        messaged on messaged.client_id = f.client_id
      where %s
    ), ranked as (
      select a.*, row_number() over (partition by a.chat, a.reason is null order by a.last_dialog_at desc nulls last, a.client_id)
        as number from audience a
    )
    select r.client_id, coalesce(r.reason, case when r.number > 1 then 'same_chat'
      when ('x' || left(md5($4::text || r.client_id::text), 8))::bit(32)::bigint %% 100 < $5 then 'held_out' end),
      row_number() over (order by r.last_dialog_at desc nulls last, r.client_id)
    from ranked r
  $query$, dashboard.clients_condition(b.audience_search, b.audience_kind, b.audience_channel, b.audience_staff))
  using b, b.tenant_id, b.quiet_days, b.id, b.held_out_percent;
end
$$;

-- Messages a second: what the salon wants, and never more than all salons have together.
create or replace function dashboard.broadcast_pace_of(tenant uuid) returns integer
language sql stable security definer set search_path = ''
as $$ select coalesce((select s.broadcast_pace from dashboard.tenant_settings s where s.tenant_id = tenant), 20) $$;

-- When it would begin, when it would end if nothing stands in the way, and how many would have to wait for the end of
-- quiet hours.
create or replace function dashboard.broadcast_times(b dashboard.broadcasts, number bigint) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
declare
  zone text := dashboard.salon_timezone(b.tenant_id);
  quiet record := dashboard.quiet_hours(b.tenant_id);
  pace integer := dashboard.broadcast_pace_of(b.tenant_id);
  wanted timestamptz := greatest(coalesce(b.starts_at, now()), now());
  seconds double precision := greatest(number::double precision / pace, b.spread_hours * 3600.0);
  begins timestamptz := dashboard.open_moment(wanted, 0, zone, quiet.begins, quiet.ends);
  local timestamp := wanted at time zone zone;
  undisturbed double precision;
begin
  undisturbed := case when quiet.begins is null then seconds when begins > wanted then 0
    else extract(epoch from ((local::date + case when local::time < quiet.begins then 0 else 1 end + quiet.begins)
      at time zone zone) - wanted) end;
  return jsonb_build_object('starts_at', begins, 'ends_at', dashboard.open_moment(wanted, seconds, zone, quiet.begins, quiet.ends),
    'pace', pace, 'quiet_from', to_char(quiet.begins, 'HH24:MI'), 'quiet_to', to_char(quiet.ends, 'HH24:MI'),
    'waiting_for_morning', case when seconds > 0 then number - least(number, floor(number * least(1, undisturbed / seconds))::bigint)
      else 0 end);
end
$$;

-- Who would get a draft now: {total, getting, held_out, left_out: [{reason, number}], fallbacks: {name, specialist},
-- previews: [{client_id, name, text}], times}. {pending, ...} while the figures of the clients are being made.
create or replace function dashboard.preflight(b dashboard.broadcasts) returns jsonb
language plpgsql volatile security definer set search_path = '' set jit = off
as $$
declare
  pending jsonb := dashboard.refresh_clients(b.tenant_id);
  clients uuid[];
  getting bigint;
  answer jsonb;
begin
  if pending is not null then return pending; end if;
  with audience as materialized (select * from dashboard.broadcast_audience(b))
  select jsonb_build_object('total', count(*), 'held_out', count(*) filter (where a.reason = 'held_out'),
      'left_out', (select coalesce(jsonb_agg(jsonb_build_object('reason', r.reason, 'number', r.number)
        order by r.number desc, r.reason), '[]') from (select x.reason, count(*) as number from audience x
        where x.reason is not null and x.reason <> 'held_out' group by x.reason) r)),
    array_agg(a.client_id order by a.place) filter (where a.reason is null), count(*) filter (where a.reason is null)
  into answer, clients, getting from audience a;
  return answer || jsonb_build_object('getting', getting, 'times', dashboard.broadcast_times(b, getting)) || (
    with words as materialized (select w.* from dashboard.words_of_clients(b.tenant_id, clients) w)
    select jsonb_build_object(
      'fallbacks', jsonb_build_object(
        'name', case when strpos(b.text, '{name}') > 0 then count(*) filter (where w.name is null) else 0 end,
        'specialist', case when strpos(b.text, '{specialist}') > 0 then count(*) filter (where w.specialist is null) else 0 end),
      'previews', (select coalesce(jsonb_agg(jsonb_build_object('client_id', p.client_id,
          'name', dashboard.shown_text(nullif(btrim(c.full_name), '')), 'text', dashboard.text_for(b, p.name, p.specialist))), '[]')
        from (select x.* from words x order by md5(b.id::text || x.client_id::text) limit 3) p
        join public.clients_v2 c on c.id = p.client_id))
    from words w);
end
$$;

-- Writes a draft, or changes one whose version was seen. Refuses what cannot be meant, at its field.
create or replace function dashboard.save_broadcast(
  key uuid, name text, text text, broadcast uuid default null, seen integer default null, without_name text default null,
  without_salon text default null, without_specialist text default null, search text default null, kind text default null,
  channel text default null, staff text default null, quiet_days integer default 7, skips_booked boolean default true,
  held_out_percent integer default 0, starts_at timestamptz default null, spread_hours integer default 0
) returns jsonb
language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_variable
declare
  known jsonb := dashboard.begin_act(key, 'save_broadcast', array['admin', 'super_admin']);
  tenant uuid := dashboard.current_tenant();
  written text;
  b dashboard.broadcasts;
begin
  if known is not null then return known; end if;
  written := dashboard.checked_text(text, 'text');
  perform dashboard.check_broadcast(name, written, without_name, without_salon, without_specialist, quiet_days,
    held_out_percent, starts_at, spread_hours);
  perform dashboard.clients_condition(nullif(btrim(search), ''), kind, channel, staff);
  if broadcast is null then
    insert into dashboard.broadcasts (id, tenant_id, name, text, created_by)
    values (md5(key::text || ':broadcast')::uuid, tenant, btrim(name), written, dashboard.current_user_id()) returning * into b;
  else
    b := dashboard.known_broadcast(broadcast);
    if b.status <> 'draft' then raise sqlstate 'PT409' using message = 'sent_already'; end if;
    if b.version is distinct from seen then raise sqlstate 'PT409' using message = 'changed_meanwhile'; end if;
  end if;
  update dashboard.broadcasts d set name = btrim(save_broadcast.name), text = written,
    without_name = nullif(btrim(save_broadcast.without_name), ''), without_salon = nullif(btrim(save_broadcast.without_salon), ''),
    without_specialist = nullif(btrim(save_broadcast.without_specialist), ''),
    audience_search = nullif(btrim(search), ''), audience_kind = kind, audience_channel = channel, audience_staff = staff,
    quiet_days = save_broadcast.quiet_days, skips_booked = save_broadcast.skips_booked,
    held_out_percent = save_broadcast.held_out_percent, starts_at = save_broadcast.starts_at,
    spread_hours = save_broadcast.spread_hours, version = b.version + 1, updated_at = now()
  where d.id = b.id returning * into b;
  return dashboard.finish_act(key, b.name, jsonb_build_object('broadcast', b.id),
    jsonb_build_object('broadcast', b.id, 'version', b.version));
end
$$;

create or replace function dashboard.check_broadcast(
  name text, written text, without_name text, without_salon text, without_specialist text, quiet_days integer,
  held_out_percent integer, starts_at timestamptz, spread_hours integer
) returns void
language plpgsql stable set search_path = ''
as $$
declare
  reason text;
  place text;
begin
  select r.reason, r.place into reason, place from (values
    (1, coalesce(btrim(name), '') = '', 'required', 'name'),
    (2, length(btrim(name)) > 200, 'too_long', 'name'),
    (3, regexp_replace(written, '\{(name|salon|specialist)\}', '', 'g') ~ '[{}]', 'unknown_field', 'text'),
    (4, strpos(written, '{name}') > 0 and coalesce(btrim(without_name), '') = '', 'required', 'without_name'),
    (5, strpos(written, '{salon}') > 0 and coalesce(btrim(without_salon), '') = '', 'required', 'without_salon'),
    (6, strpos(written, '{specialist}') > 0 and coalesce(btrim(without_specialist), '') = '', 'required', 'without_specialist'),
    (7, length(btrim(without_name)) > 100, 'too_long', 'without_name'),
    (8, length(btrim(without_salon)) > 100, 'too_long', 'without_salon'),
    (9, length(btrim(without_specialist)) > 100, 'too_long', 'without_specialist'),
    (10, coalesce(quiet_days, -1) not between 0 and 365, 'days_range', 'quiet_days'),
    (11, coalesce(held_out_percent, -1) not in (0, 5, 10, 15, 20), 'not_in_list', 'held_out_percent'),
    (12, starts_at < now() - interval '1 minute', 'in_the_past', 'starts_at'),
    (13, starts_at > now() + interval '1 year', 'too_far_for_a_broadcast', 'starts_at'),
    (14, coalesce(spread_hours, -1) not between 0 and 168, 'not_in_list', 'spread_hours')
  ) r(number, is_wrong, reason, place) where r.is_wrong order by r.number limit 1;
  if reason is not null then raise sqlstate 'PT400' using message = reason, detail = place; end if;
end
$$;

-- The broadcast of the salon in view, locked; raises PT404 for every other one.
create or replace function dashboard.known_broadcast(broadcast uuid) returns dashboard.broadcasts
language plpgsql security definer set search_path = ''
as $$
declare
  b dashboard.broadcasts;
begin
  select d.* into b from dashboard.broadcasts d where d.id = broadcast and d.tenant_id = dashboard.current_tenant() for update;
  if not found then raise sqlstate 'PT404' using message = 'no such broadcast'; end if;
  return b;
end
$$;

-- A draft that is not wanted any more.
create or replace function dashboard.remove_broadcast(key uuid, broadcast uuid) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  known jsonb := dashboard.begin_act(key, 'remove_broadcast', array['admin', 'super_admin']);
  b dashboard.broadcasts;
begin
  if known is not null then return known; end if;
  b := dashboard.known_broadcast(broadcast);
  if b.status <> 'draft' then raise sqlstate 'PT409' using message = 'sent_already'; end if;
  delete from dashboard.broadcasts d where d.id = b.id;
  return dashboard.finish_act(key, b.name, jsonb_build_object('broadcast', b.id), '{}');
end
$$;

-- The text as the first of the recipients would read it, to the salon's own chat with the bot.
create or replace function dashboard.test_broadcast(key uuid, broadcast uuid) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  known jsonb := dashboard.begin_act(key, 'test_broadcast', array['admin', 'super_admin']);
  tenant uuid := dashboard.current_tenant();
  b dashboard.broadcasts;
  words record;
begin
  if known is not null then return known; end if;
  b := dashboard.known_broadcast(broadcast);
  if dashboard.bot_settings(tenant) -> 'settings' ->> 'admin_chat_id' is null then
    raise sqlstate 'PT409' using message = 'no_admin_chat';
  end if;
  select w.* into words from dashboard.broadcast_audience(b) a
    cross join lateral dashboard.words_of_clients(tenant, array[a.client_id]) w
  where a.reason is null order by md5(b.id::text || a.client_id::text) limit 1;
  return dashboard.finish_act(key, b.name, jsonb_build_object('broadcast', b.id), jsonb_build_object('command',
    dashboard.queue_command(key, 'test', 'broadcast.test', null,
      jsonb_build_object('text', dashboard.text_for(b, words.name, words.specialist)))));
end
$$;

-- Filters under a name; the same name again means: these from now on.
create or replace function dashboard.save_view(key uuid, page text, name text, params text) returns jsonb
language plpgsql security definer set search_path = ''
as $$
#variable_conflict use_column
declare
  known jsonb := dashboard.begin_act(save_view.key, 'save_view', array['admin', 'super_admin']);
  title text := btrim(name);
  saved uuid;
begin
  if known is not null then return known; end if;
  if coalesce(title, '') = '' then raise sqlstate 'PT400' using message = 'required', detail = 'name'; end if;
  if length(title) > 100 then raise sqlstate 'PT400' using message = 'too_long', detail = 'name'; end if;
  if save_view.page is distinct from 'clients' or coalesce(length(params), 0) not between 1 and 2000 then
    raise sqlstate 'PT400' using message = 'nothing_to_save', detail = 'name';
  end if;
  insert into dashboard.saved_views as v (tenant_id, page, name, params, created_by)
  values (dashboard.current_tenant(), save_view.page, title, save_view.params, dashboard.current_user_id())
  on conflict (tenant_id, page, lower(name)) do update set name = excluded.name, params = excluded.params
  returning v.id into saved;
  return dashboard.finish_act(key, title, jsonb_build_object('view', saved), jsonb_build_object('view', saved));
end
$$;

create or replace function dashboard.remove_view(key uuid, view uuid) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  known jsonb := dashboard.begin_act(key, 'remove_view', array['admin', 'super_admin']);
  title text;
begin
  if known is not null then return known; end if;
  delete from dashboard.saved_views v where v.id = view and v.tenant_id = dashboard.current_tenant() returning v.name into title;
  if title is null then raise sqlstate 'PT404' using message = 'no such view'; end if;
  return dashboard.finish_act(key, title, jsonb_build_object('view', view), '{}');
end
$$;

-- The saved filters of the salon in view, by name.
create or replace function dashboard.list_views(page text) returns jsonb
language plpgsql stable security definer set search_path = ''
as $$
begin
  perform dashboard.must_manage();
  return jsonb_build_object('views', (select coalesce(jsonb_agg(jsonb_build_object('id', v.id, 'name', v.name,
    'params', v.params) order by lower(v.name)), '[]') from dashboard.saved_views v
    where v.tenant_id = dashboard.current_tenant() and v.page = list_views.page));
end
$$;

revoke execute on function dashboard.words_of_clients(uuid, uuid[]),
  dashboard.filled_text(text, text, text, text, text, text, text), dashboard.text_for(dashboard.broadcasts, text, text),
  dashboard.left_out_because(dashboard.broadcasts, public.clients_v2, boolean, boolean, boolean, boolean),
  dashboard.broadcast_audience(dashboard.broadcasts), dashboard.broadcast_pace_of(uuid),
  dashboard.broadcast_times(dashboard.broadcasts, bigint), dashboard.preflight(dashboard.broadcasts),
  dashboard.save_broadcast(uuid, text, text, uuid, integer, text, text, text, text, text, text, text, integer, boolean, integer,
    timestamptz, integer),
  dashboard.check_broadcast(text, text, text, text, text, integer, integer, timestamptz, integer),
  dashboard.known_broadcast(uuid), dashboard.remove_broadcast(uuid, uuid), dashboard.test_broadcast(uuid, uuid),
  dashboard.save_view(uuid, text, text, text), dashboard.remove_view(uuid, uuid), dashboard.list_views(text) from public;
grant execute on function
  dashboard.save_broadcast(uuid, text, text, uuid, integer, text, text, text, text, text, text, text, integer, boolean, integer,
    timestamptz, integer),
  dashboard.remove_broadcast(uuid, uuid), dashboard.test_broadcast(uuid, uuid),
  dashboard.save_view(uuid, text, text, text), dashboard.remove_view(uuid, uuid), dashboard.list_views(text) to dashboard_app;
