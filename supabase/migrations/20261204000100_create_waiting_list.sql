-- The waiting list. The bot's rows are never written: what people decide is appended to wishlist_actions, and one view
-- says how an entry stands. docs/decisions/0009 explains who wins when both say something.

create table if not exists dashboard.wishlist_actions (
  id bigint generated always as identity primary key,
  tenant_id uuid not null,
  wishlist_id bigint not null,
  key uuid,
  user_id bigint,
  kind text not null constraint kind_is_known check (kind in ('converted', 'cancelled', 'reopened', 'offered', 'accepted',
    'declined', 'wrote', 'noted')),
  amount numeric constraint amount_is_sensible check (amount between 0 and 10000000),
  currency text,
  note text check (length(note) <= 2000),
  offer_at timestamptz,
  offer_staff text check (length(offer_staff) <= 200),
  offer_until timestamptz,
  command_id uuid references dashboard.bot_commands (id),
  bot_status text not null,
  created_at timestamptz not null default clock_timestamp(),
  unique (key, wishlist_id)
);
comment on column dashboard.wishlist_actions.key is 'of the act in dashboard.audits; null for what the bot reported';
comment on column dashboard.wishlist_actions.bot_status is 'how the bot''s row stood at that moment';
create index if not exists wishlist_actions_entry_idx on dashboard.wishlist_actions (tenant_id, wishlist_id, id);
create index if not exists wishlist_actions_command_idx on dashboard.wishlist_actions (command_id);

-- How the actions leave an entry: kept by a trigger, so that lists need not look through all actions.
create table if not exists dashboard.wishlist_states (
  tenant_id uuid not null,
  wishlist_id bigint not null,
  version bigint not null,
  decision text,
  undone text,
  decided_at timestamptz,
  decided_by bigint,
  decided_command uuid,
  amount numeric,
  currency text,
  bot_status text,
  offer_id bigint,
  offer_at timestamptz,
  offer_staff text,
  offer_until timestamptz,
  offer_answer text,
  offer_command uuid,
  primary key (tenant_id, wishlist_id)
);
create index if not exists wishlist_states_decision_idx on dashboard.wishlist_states (tenant_id, decision, decided_at);

alter table dashboard.wishlist_actions enable row level security;
alter table dashboard.wishlist_states enable row level security;
grant select (id, tenant_id, wishlist_id, user_id, kind, amount, currency, offer_at, offer_staff, offer_until, command_id,
  bot_status, created_at) on dashboard.wishlist_actions to dashboard_app;
grant select on dashboard.wishlist_states to dashboard_app;
drop policy if exists "people read what was done in their salon's waiting list" on dashboard.wishlist_actions;
create policy "people read what was done in their salon's waiting list"
on dashboard.wishlist_actions for select to dashboard_app using (
  tenant_id = (select dashboard.current_tenant()) or (select dashboard.current_role()) = 'system'
);
drop policy if exists "people read how their salon's waiting list stands" on dashboard.wishlist_states;
create policy "people read how their salon's waiting list stands"
on dashboard.wishlist_states for select to dashboard_app using (
  tenant_id = (select dashboard.current_tenant()) or (select dashboard.current_role()) = 'system'
);

create or replace function dashboard.keep_wishlist_state() returns trigger
language plpgsql security definer set search_path = ''
as $$
begin
  insert into dashboard.wishlist_states as s (tenant_id, wishlist_id, version) values (new.tenant_id, new.wishlist_id, 0)
  on conflict do nothing;
  if new.kind in ('converted', 'cancelled', 'reopened') then
    update dashboard.wishlist_states s set version = new.id, undone = s.decision, decision = new.kind,
      decided_at = new.created_at, decided_by = new.user_id, decided_command = new.command_id, amount = new.amount,
      currency = new.currency, bot_status = new.bot_status, offer_id = null, offer_at = null, offer_staff = null,
      offer_until = null, offer_answer = null, offer_command = null
    where s.tenant_id = new.tenant_id and s.wishlist_id = new.wishlist_id;
  elsif new.kind = 'offered' then
    update dashboard.wishlist_states s set version = new.id, offer_id = new.id, offer_at = new.offer_at,
      offer_staff = new.offer_staff, offer_until = new.offer_until, offer_answer = null, offer_command = new.command_id
    where s.tenant_id = new.tenant_id and s.wishlist_id = new.wishlist_id;
  elsif new.kind in ('accepted', 'declined') then
    update dashboard.wishlist_states s set version = new.id, offer_answer = new.kind
    where s.tenant_id = new.tenant_id and s.wishlist_id = new.wishlist_id;
  end if;
  return null;
end
$$;
create or replace trigger keep_wishlist_state after insert on dashboard.wishlist_actions
for each row execute function dashboard.keep_wishlist_state();

-- The day that an entry wishes: 'YYYY-MM-DD' or, without a year, 'DD.MM': the first such day from when it was asked for.
-- Null for everything else.
create or replace function dashboard.wished_on(meta jsonb, asked_on date) returns date
language plpgsql immutable set search_path = ''
as $$
declare
  written text;
  part text[];
  day integer;
  month integer;
  year integer;
  last_year integer;
begin
  foreach written in array array[btrim(meta ->> 'date'), btrim(meta ->> 'preferred_date')] loop
    continue when written is null or length(written) > 40;
    part := regexp_match(written, '^(\d{4})-(\d{2})-(\d{2})(?:[T ].*)?$');
    if part is not null then
      year := part[1]; last_year := year; month := part[2]; day := part[3];
    else
      part := regexp_match(written, '^(\d{1,2})\.(\d{1,2})(?:\.(\d{4}))?$');
      continue when part is null;
      day := part[1]; month := part[2];
      year := coalesce(part[3]::integer, extract(year from asked_on)::integer);
      last_year := case when part[3] is null then year + 8 else year end;
    end if;
    continue when month not between 1 and 12 or day not between 1 and 31;
    while year <= last_year loop
      if year between 2000 and 2100 and day <= (case when month in (4, 6, 9, 11) then 30 when month <> 2 then 31
          when year % 4 = 0 and (year % 100 <> 0 or year % 400 = 0) then 29 else 28 end)
         and (part[3] is not null or make_date(year, month, day) >= asked_on) then
        return make_date(year, month, day);
      end if;
      year := year + 1;
    end loop;
  end loop;
  return null;
end
$$;

-- A text of the bot's notes; null for what is no text or number, or empty.
create or replace function dashboard.note_of(meta jsonb, name text) returns text
language sql immutable set search_path = ''
as $$
  select case when jsonb_typeof(meta -> name) in ('string', 'number') then nullif(dashboard.key_of(meta ->> name), '') end
$$;

-- One entry = one row: the bot's with its odd values read, and what people decided. `version` is what somebody has seen.
-- Not granted to anybody: phones and names are given by the functions below, which know who asks.
create or replace view dashboard.waiting_entries with (security_invoker = true) as
select w.tenant_id, w.id, w.user_id as client_id,
  coalesce(nullif(btrim(c.full_name), ''), dashboard.note_of(w.meta, 'client_name')) as client_name,
  coalesce(nullif(btrim(c.phone), ''), nullif(btrim(c.whatsapp_id), ''), dashboard.note_of(w.meta, 'client_phone'))
    as client_phone,
  w.item_type, w.source, w.comment,
  coalesce('#' || dashboard.note_of(w.meta, 'service_id'), dashboard.note_of(w.meta, 'service_title'),
    case when w.item_type = 'service' then '#' || nullif(dashboard.key_of(w.item_id), '') end, '') as service_key,
  coalesce(dashboard.note_of(w.meta, 'service_title'), dashboard.note_of(w.meta, 'service_name')) as service,
  coalesce('#' || dashboard.note_of(w.meta, 'staff_id'), dashboard.note_of(w.meta, 'staff_name'), '') as staff_key,
  coalesce(dashboard.note_of(w.meta, 'staff_name'), dashboard.note_of(w.meta, 'staff_title')) as staff,
  dashboard.wished_on(w.meta, (w.created_at at time zone coalesce(t.timezone, 'Europe/Moscow'))::date) as wished_on,
  lower(dashboard.note_of(w.meta, 'time_preference')) as time_of_day,
  w.created_at, w.status as bot_status, coalesce(w.processed_at, w.updated_at) as bot_changed_at,
  -- The bot carrying out what was decided here is no news.
  coalesce(s.version, 0) || ':' || case when w.status = s.decision or r.is_put_back then s.bot_status else w.status end
    as version,
  case
    when s.decision in ('converted', 'cancelled') then s.decision
    when r.is_put_back or w.status = 'pending' then 'waiting'
    else w.status
  end as status,
  case
    when s.decision in ('converted', 'cancelled') then s.decided_at
    when w.status <> 'pending' then coalesce(w.processed_at, w.updated_at)
  end as decided_at,
  s.decision, s.decided_by, s.amount, s.currency, s.offer_at, s.offer_staff, s.offer_until, s.offer_answer, s.offer_command
from public.wishlist_v2 w
left join public.clients_v2 c on c.tenant_id = w.tenant_id and c.id = w.user_id
left join dashboard.wishlist_states s on s.tenant_id = w.tenant_id and s.wishlist_id = w.id
left join dashboard.tenant_settings t on t.tenant_id = w.tenant_id
-- Put back, and the bot has said nothing new since: its row says what it said then or what was undone, and it has not
-- been written since the bot carried the putting back out.
cross join lateral (
  select case when s.decision = 'reopened' then w.status = 'pending' or w.status in (s.bot_status, s.undone) and not exists (
    select from dashboard.bot_commands b where b.id = s.decided_command and b.status = 'delivered'
      and w.updated_at > b.finished_at) else false end as is_put_back
) r;
revoke all on dashboard.waiting_entries from public, anon, authenticated;

-- An entry as pages show it.
create or replace function dashboard.waiting_row(e dashboard.waiting_entries, today date) returns jsonb
language sql stable security definer set search_path = ''
as $$
  select jsonb_build_object('id', e.id, 'client_id', e.client_id, 'client_name', dashboard.shown_text(e.client_name),
    'client_phone', dashboard.shown_phone(e.client_phone), 'item_type', e.item_type, 'source', e.source,
    'comment', dashboard.shown_text(e.comment), 'service', dashboard.shown_text(coalesce(e.service, nullif(e.service_key, ''))),
    'staff', dashboard.shown_text(coalesce(e.staff, nullif(e.staff_key, ''))), 'wished_on', e.wished_on, 'time_of_day', e.time_of_day,
    'created_at', e.created_at, 'status', e.status, 'decided_at', e.decided_at,
    'decided_by', dashboard.name_of_user(case when e.decision in ('converted', 'cancelled') then e.decided_by end),
    'amount', case e.status when 'converted' then e.amount end, 'currency', e.currency, 'version', e.version,
    'is_missed', e.status = 'waiting' and coalesce(e.wished_on < today, false),
    'offer', case when e.offer_at is not null then jsonb_build_object('at', e.offer_at, 'staff', e.offer_staff,
      'until', e.offer_until, 'answer', e.offer_answer,
      'command', dashboard.last_try(e.offer_command)) end,
    'command', dashboard.last_try((select a.command_id from dashboard.wishlist_actions a
      where a.tenant_id = e.tenant_id and a.wishlist_id = e.id and a.command_id is not null order by a.id desc limit 1)))
$$;

do $$
begin
  if to_regtype('dashboard.waiting_filter') is null then
    create type dashboard.waiting_filter as (
      status text, is_missed boolean, first_day date, last_day date, service text, staff text, wished_from date,
      wished_to date, time_of_day text, source text, search text, client uuid
    );
  end if;
end
$$;

-- The filter as a condition on `d` (a row of waiting_entries); $1 are the clients that the search found. `status` null
-- stands for all; the period is that of the decision.
create or replace function dashboard.waiting_condition(f dashboard.waiting_filter, tenant uuid) returns text
language plpgsql stable set search_path = ''
as $$
declare
  zone text := dashboard.salon_timezone(tenant);
  today date := (now() at time zone zone)::date;
  plain text := translate(lower(f.search), 'ё', 'е');
  digits text := regexp_replace(f.search, '\D', '', 'g');
  bot_word text := case f.status when 'waiting' then 'pending' else f.status end;
begin
  return concat_ws(' and ',
    format('d.tenant_id = %L', tenant),
    -- Where rows of a status can be at all: this spares looking through the others.
    case when f.status is not null then format('d.status = %1$L and d.id in (select w.id from public.wishlist_v2 w'
      ' where w.tenant_id = %2$L and w.status = %3$L union all select s.wishlist_id from dashboard.wishlist_states s'
      ' where s.tenant_id = %2$L and s.decision = %4$L)', f.status, tenant, bot_word,
      case f.status when 'waiting' then 'reopened' else f.status end) end,
    case f.is_missed when true then format('d.wished_on < %L', today)
      when false then format('coalesce(d.wished_on >= %L, true)', today) end,
    case when f.first_day is not null then format('d.decided_at >= %L', dashboard.day_start(f.first_day, zone)) end,
    case when f.last_day is not null then format('d.decided_at < %L', dashboard.day_start(f.last_day + 1, zone)) end,
    case when f.service is not null then format('d.service_key = %L', f.service) end,
    case when f.staff is not null then format('d.staff_key = %L', f.staff) end,
    case when f.wished_from is not null then format('d.wished_on >= %L', f.wished_from) end,
    case when f.wished_to is not null then format('d.wished_on <= %L', f.wished_to) end,
    case when f.time_of_day = 'any' then 'd.time_of_day is null'
      when f.time_of_day is not null then format('d.time_of_day = %L', f.time_of_day) end,
    case when f.source = 'unknown' then 'd.source is null'
      when f.source is not null then format('d.source = %L', f.source) end,
    case when f.client is not null then format('d.client_id = %L', f.client) end,
    case when f.search is not null then format('(d.client_id = any ($1) or strpos(translate(lower(concat_ws('' '','
      ' dashboard.shown_text(d.client_name), dashboard.shown_text(d.service), dashboard.shown_text(d.staff),'
      ' dashboard.shown_text(d.comment))), ''ё'', ''е''), %L) > 0%s)', plain,
      case when f.search !~ '[[:alpha:]]' and length(digits) >= 4 then format(' or strpos(regexp_replace('
        'dashboard.shown_phone(d.client_phone), ''\D'', '''', ''g''), %L) > 0', right(digits, 10)) end) end
  );
end
$$;

-- One page of the waiting list. `sort`: asked (oldest wish first) or wished (by wished day, those without one last), both
-- with those last whose day has passed; or newest. Answers {rows, next}; `next` is the key of the last row, null at the end.
create or replace function dashboard.page_of_waiting_list(
  status text default null, is_missed boolean default null, first_day date default null, last_day date default null,
  service text default null, staff text default null, wished_from date default null, wished_to date default null,
  time_of_day text default null, source text default null, search text default null, client uuid default null,
  sort text default 'newest', after_missed boolean default null, after_day date default null,
  after_at timestamptz default null, after_id bigint default null, page_size integer default 50
) returns jsonb
language plpgsql stable security definer set search_path = '' set jit = off
as $$
declare
  tenant uuid := dashboard.current_tenant();
  condition text := dashboard.waiting_condition(row(status, is_missed, first_day, last_day, service, staff, wished_from,
    wished_to, time_of_day, source, search, client)::dashboard.waiting_filter, tenant);
  today date := (now() at time zone dashboard.salon_timezone(tenant))::date;
  size integer := least(greatest(page_size, 1), 500);
  missed text := format('coalesce(d.wished_on < %L, false)', today);
  order_by text := case sort when 'wished' then missed || ', coalesce(d.wished_on, ''infinity''), d.created_at, d.id'
    when 'asked' then missed || ', d.created_at, d.id' else 'd.created_at desc, d.id desc' end;
  found uuid[];
  entries jsonb;
begin
  if tenant is null then return jsonb_build_object('rows', '[]'::jsonb, 'next', null); end if;
  if sort not in ('asked', 'wished', 'newest') then raise sqlstate 'PT400' using message = 'no such order'; end if;
  if search is not null then select s.clients into found from dashboard.search(search) s; end if;
  if after_id is not null then
    condition := condition || ' and ' || case sort
      when 'wished' then format('(%s, coalesce(d.wished_on, ''infinity''), d.created_at, d.id) > (%L::boolean, %L::date,'
        ' %L::timestamptz, %L::bigint)', missed, coalesce(after_missed, false), coalesce(after_day, 'infinity'), after_at, after_id)
      when 'asked' then format('(%s, d.created_at, d.id) > (%L::boolean, %L::timestamptz, %L::bigint)', missed,
        coalesce(after_missed, false), after_at, after_id)
      else format('(d.created_at, d.id) < (%L::timestamptz, %L::bigint)', after_at, after_id) end;
  end if;
  execute format('select jsonb_agg(dashboard.waiting_row(r.d, %L) order by r.place) from (select d, row_number() over () as place'
    ' from (select d from dashboard.waiting_entries d where %s order by %s limit %s) x) r', today, condition, order_by,
    size + 1) into entries using found;
  return jsonb_build_object(
    'rows', coalesce(case when jsonb_array_length(entries) > size then entries - -1 else entries end, '[]'),
    'next', case when jsonb_array_length(entries) > size then jsonb_build_object(
      'missed', coalesce((entries -> -2 ->> 'wished_on')::date < today, false), 'day', entries -> -2 -> 'wished_on',
      'at', entries -> -2 -> 'created_at', 'id', entries -> -2 -> 'id') end);
end
$$;

-- How many entries the filter shows.
create or replace function dashboard.count_waiting_list(
  status text default null, is_missed boolean default null, first_day date default null, last_day date default null,
  service text default null, staff text default null, wished_from date default null, wished_to date default null,
  time_of_day text default null, source text default null, search text default null, client uuid default null
) returns jsonb
language plpgsql stable security definer set search_path = '' set jit = off
as $$
declare
  tenant uuid := dashboard.current_tenant();
  condition text := dashboard.waiting_condition(row(status, is_missed, first_day, last_day, service, staff, wished_from,
    wished_to, time_of_day, source, search, client)::dashboard.waiting_filter, tenant);
  found uuid[];
  n bigint;
begin
  if tenant is null then return jsonb_build_object('rows', 0, 'is_exact', true); end if;
  if search is not null then select s.clients into found from dashboard.search(search) s; end if;
  execute format('select count(*) from dashboard.waiting_entries d where %s', condition) into n using found;
  return jsonb_build_object('rows', n, 'is_exact', true);
end
$$;

-- The waiting list in figures (DATA.md, section 3): who waits now, and what was decided on the days [first_day, last_day]
-- of the salon. Waits are seconds from the wish to the conversion; amounts in other currencies are listed, never added.
-- `services`, `staff`, `sources`: what the newest of those who wait now, or were decided in the period, wish: for filters.
create or replace function dashboard.waiting_list_figures(first_day date, last_day date) returns jsonb
language plpgsql stable security definer set search_path = '' set jit = off set plan_cache_mode = force_custom_plan
as $$
declare
  tenant uuid := dashboard.current_tenant();
  zone text := dashboard.salon_timezone(tenant);
  home_currency text := dashboard.salon_currency(tenant);
  today date := (now() at time zone zone)::date;
  since timestamptz := dashboard.day_start(first_day, zone);
  until timestamptz := dashboard.day_start(last_day + 1, zone);
  answer jsonb;
begin
  if tenant is null then return null; end if;
  if last_day - first_day not between 0 and 730 then
    raise sqlstate 'PT400' using message = 'a period has 1 to 731 days';
  end if;
  with candidate as (
    select w.id from public.wishlist_v2 w where w.tenant_id = tenant and w.status <> 'pending'
      and coalesce(w.processed_at, w.updated_at) >= since and coalesce(w.processed_at, w.updated_at) < until
    union
    select s.wishlist_id from dashboard.wishlist_states s
    where s.tenant_id = tenant and s.decision in ('converted', 'cancelled') and s.decided_at >= since and s.decided_at < until
  ), decided as materialized (
    select e.id, e.status, e.amount, coalesce(e.currency, home_currency) as currency, e.decided_at - e.created_at as waited
    from candidate k join dashboard.waiting_entries e on e.tenant_id = tenant and e.id = k.id
    where e.decided_at >= since and e.decided_at < until
  ), waiting as materialized (
    select e.id, e.wished_on, e.offer_answer is null and e.offer_until > now() and not exists (select from dashboard.bot_commands b
        where b.id = e.offer_command and b.status in ('failed', 'dead')) as is_offered
    from dashboard.waiting_entries e where e.tenant_id = tenant and e.status = 'waiting' and e.id in (
      select w.id from public.wishlist_v2 w where w.tenant_id = tenant and w.status = 'pending'
      union all
      select s.wishlist_id from dashboard.wishlist_states s where s.tenant_id = tenant and s.decision = 'reopened')
  ), shown as materialized (
    select e.service_key, e.service, e.staff_key, e.staff, e.source from (
      (select w.id from waiting w order by w.id desc limit 200) union (select d.id from decided d order by d.id desc limit 200)
    ) newest join dashboard.waiting_entries e on e.tenant_id = tenant and e.id = newest.id
  )
  select jsonb_build_object(
    'waiting', (select count(*) from waiting),
    'missed', (select count(*) from waiting w where w.wished_on < today),
    'offered', (select count(*) from waiting w where w.is_offered),
    'converted', count(*) filter (where d.status = 'converted'),
    'amount', coalesce(sum(d.amount) filter (where d.status = 'converted' and d.currency = home_currency), 0),
    'with_amount', count(d.amount) filter (where d.status = 'converted' and d.currency = home_currency),
    'other_currencies', (select coalesce(jsonb_agg(jsonb_build_object('amount', o.amount, 'currency', o.currency)
      order by o.currency), '[]') from (select x.currency, sum(x.amount) as amount from decided x
      where x.status = 'converted' and x.currency <> home_currency and x.amount is not null group by x.currency) o),
    'cancelled', count(*) filter (where d.status = 'cancelled'),
    'expired', count(*) filter (where d.status = 'expired'),
    'median_wait', extract(epoch from percentile_cont(0.5) within group (order by d.waited)
      filter (where d.status = 'converted'))::bigint,
    'fill_rate', round(count(*) filter (where d.status = 'converted')::numeric
      / nullif(count(*) filter (where d.status in ('converted', 'cancelled', 'expired')), 0), 6),
    'services', (select coalesce(jsonb_agg(jsonb_build_array(f.key, f.label) order by f.n desc, f.key), '[]') from (
      select w.service_key as key, dashboard.shown_text(coalesce(max(w.service), w.service_key)) as label, count(*) as n from shown w
      group by w.service_key having dashboard.shown_text(w.service_key) = w.service_key order by n desc limit 50) f),
    'staff', (select coalesce(jsonb_agg(jsonb_build_array(f.key, f.label) order by f.n desc, f.key), '[]') from (
      select w.staff_key as key, dashboard.shown_text(coalesce(max(w.staff), w.staff_key)) as label, count(*) as n from shown w
      group by w.staff_key having dashboard.shown_text(w.staff_key) = w.staff_key order by n desc limit 50) f),
    'sources', (select coalesce(jsonb_agg(distinct left(w.source, 50)), '[]') from shown w where w.source is not null)
  ) into answer from decided d;
  return answer;
end
$$;

-- One entry with its story: what people did and what the bot's row says, in order. Null when the salon has none such.
create or replace function dashboard.open_waiting_entry(entry bigint) returns jsonb
language plpgsql stable security definer set search_path = '' set jit = off
as $$
declare
  tenant uuid := dashboard.current_tenant();
  e dashboard.waiting_entries;
begin
  select x.* into e from dashboard.waiting_entries x where x.tenant_id = tenant and x.id = entry;
  if not found then return null; end if;
  return jsonb_build_object(
    'entry', dashboard.waiting_row(e, (now() at time zone dashboard.salon_timezone(tenant))::date),
    'bot_status', e.bot_status, 'bot_changed_at', case when e.bot_status <> 'pending' then e.bot_changed_at end,
    'wants_messages', dashboard.wants_messages(tenant, e.client_id),
    'whatsapp_id', (select dashboard.shown_phone(c.whatsapp_id) from public.clients_v2 c
      where c.tenant_id = tenant and c.id = e.client_id),
    'channel', (select case when c.telegram_chat_id is not null then 'telegram' when c.whatsapp_id is not null
      then 'whatsapp' end from public.clients_v2 c where c.tenant_id = tenant and c.id = e.client_id),
    'actions', (select coalesce(jsonb_agg(jsonb_build_object('id', a.id, 'kind', a.kind, 'by', dashboard.name_of_user(a.user_id),
        'at', a.created_at, 'amount', a.amount, 'currency', a.currency, 'note', dashboard.shown_text(a.note),
        'offer_at', a.offer_at, 'offer_staff', a.offer_staff, 'offer_until', a.offer_until,
        'command', dashboard.last_try(a.command_id)) order by a.id), '[]')
      from (select * from dashboard.wishlist_actions a where a.tenant_id = tenant and a.wishlist_id = entry
        order by a.id desc limit 200) a));
end
$$;

-- What is done to entries, all of them or none: converted (amount, note), cancelled (note says why), reopened, offered (one
-- entry: offer_at, offer_staff, offer_until, message to the client), wrote (message), noted (note). `seen` are the versions
-- of the entries that the person saw: when one has changed since, nothing is done and PT409 tells who did what.
create or replace function dashboard.act_on_waiting_list(
  key uuid, act text, entries bigint[], seen text[], amount numeric default null, note text default null,
  offer_at timestamptz default null, offer_staff text default null, offer_until timestamptz default null,
  message text default null
) returns jsonb
language plpgsql security definer set search_path = ''
as $$
declare
  tenant uuid := dashboard.current_tenant();
  known jsonb := dashboard.begin_act(key, 'waitlist_' || act, array['staff', 'admin', 'super_admin']);
  remark text := nullif(btrim(note), '');
  words text := nullif(btrim(message), '');
  answer_until timestamptz := coalesce(offer_until, least(offer_at, now() + interval '24 hours'));
  changed jsonb;
  e record;
  command uuid;
begin
  if known is not null then return known; end if;
  perform dashboard.check_waiting_list_act(act, entries, seen, amount, remark, offer_at, offer_staff, answer_until, words);
  perform pg_advisory_xact_lock(hashtextextended('wish:' || x.id, 0)) from (select distinct unnest(entries) as id order by 1) x;
  if (select count(*) from public.wishlist_v2 w where w.tenant_id = tenant and w.id = any (entries))
     < (select count(distinct id) from unnest(entries) id) then
    raise sqlstate 'PT404' using message = 'gone';
  end if;
  select jsonb_agg(jsonb_build_object('id', d.id, 'version', d.version, 'client', dashboard.shown_text(d.client_name), 'status', d.status,
    'by', dashboard.name_of_user(a.user_id), 'kind', a.kind, 'at', coalesce(a.created_at, d.bot_changed_at))) into changed
  from unnest(entries, seen) s(id, version) join dashboard.waiting_entries d on d.tenant_id = tenant and d.id = s.id
  left join lateral (select x.* from dashboard.wishlist_actions x where x.tenant_id = tenant and x.wishlist_id = d.id
    and x.kind not in ('wrote', 'noted') and split_part(s.version, ':', 1) <> split_part(d.version, ':', 1)
    order by x.id desc limit 1) a on true
  where d.version <> s.version and act not in ('wrote', 'noted');
  if changed is not null then
    raise sqlstate 'PT409' using message = 'changed_meanwhile', detail = changed::text;
  end if;
  for e in select d.id, d.client_id, d.status, d.bot_status, d.version, d.offer_until, d.offer_answer, d.offer_command
    from dashboard.waiting_entries d where d.tenant_id = tenant and d.id = any (entries) order by d.id
  loop
    if act in ('offered', 'wrote') and not dashboard.wants_messages(tenant, e.client_id) then
      raise sqlstate 'PT409' using message = 'opted_out';
    elsif act in ('offered') and e.status <> 'waiting' or act = 'reopened' and e.status = 'waiting' then
      raise sqlstate 'PT409' using message = 'status_does_not_fit';
    elsif act = 'offered' and e.offer_answer is null and e.offer_until > now() and not exists (
        select from dashboard.bot_commands b where b.id = e.offer_command and b.status in ('failed', 'dead')) then
      raise sqlstate 'PT409' using message = 'offered_already';
    end if;
    command := case when act <> 'noted' then dashboard.queue_command(key, e.id::text, case act
      when 'offered' then 'waitlist.offer' when 'wrote' then 'client.message' else 'waitlist.' || act end, e.client_id,
      jsonb_strip_nulls(jsonb_build_object('wishlist_id', e.id, 'amount', amount,
        'currency', case when amount is not null then dashboard.salon_currency(tenant) end, 'note', remark, 'text', words,
        'offer_at', case act when 'offered' then offer_at end, 'offer_staff', case act when 'offered' then offer_staff end,
        'offer_until', case act when 'offered' then answer_until end))) end;
    if act = 'offered' then  -- later than this nobody may be asked any more
      update dashboard.bot_commands b set expires_at = least(b.expires_at, answer_until) where b.id = command;
    end if;
    insert into dashboard.wishlist_actions (tenant_id, wishlist_id, key, user_id, kind, amount, currency, note, offer_at,
      offer_staff, offer_until, command_id, bot_status)
    values (tenant, e.id, key, dashboard.current_user_id(), act, case act when 'converted' then amount end,
      case when act = 'converted' and amount is not null then dashboard.salon_currency(tenant) end, coalesce(remark, words),
      case act when 'offered' then offer_at end, case act when 'offered' then nullif(btrim(offer_staff), '') end,
      case act when 'offered' then answer_until end, command, e.bot_status);
  end loop;
  return dashboard.finish_act(key, remark, jsonb_strip_nulls(jsonb_build_object('entries', to_jsonb(entries), 'amount', amount,
    'currency', case when amount is not null then dashboard.salon_currency(tenant) end, 'offer_at', offer_at,
    'offer_staff', offer_staff)), jsonb_build_object('entries', to_jsonb(entries),
    'versions', (select jsonb_agg(d.version order by x.place) from unnest(entries) with ordinality x(id, place)
      join dashboard.waiting_entries d on d.tenant_id = tenant and d.id = x.id)));
end
$$;

-- Refuses what cannot be meant: PT400 with a word for the reason, and the argument that it is about.
create or replace function dashboard.check_waiting_list_act(
  act text, entries bigint[], seen text[], amount numeric, note text, offer_at timestamptz, offer_staff text,
  offer_until timestamptz, message text
) returns void
language plpgsql stable set search_path = ''
as $$
declare
  reason text;
  place text;
begin
  select r.reason, r.place into reason, place from (values
    (1, act is null or act not in ('converted', 'cancelled', 'reopened', 'offered', 'wrote', 'noted'), 'unknown_act', null),
    (2, coalesce(cardinality(entries), 0) not between 1 and 200 or cardinality(seen) is distinct from cardinality(entries)
      or act in ('offered', 'wrote') and cardinality(entries) <> 1, 'number_of_entries', null),
    (3, act = 'converted' and amount is not null and (amount = 'NaN' or amount < 0 or amount > 10000000
      or amount <> round(amount, 2)), 'amount_range', 'amount'),
    (4, act in ('cancelled', 'noted') and note is null, 'required', 'note'),
    (5, length(note) > 2000, 'too_long', 'note'),
    (6, act in ('offered', 'wrote') and message is null, 'required', 'text'),
    (7, length(message) > 2000, 'too_long', 'text'),
    (8, act = 'offered' and offer_at is null, 'required', 'offer_at'),
    (9, act = 'offered' and offer_at <= now(), 'in_the_past', 'offer_at'),
    (10, act = 'offered' and offer_at > now() + interval '2 years', 'too_far', 'offer_at'),
    (11, act = 'offered' and offer_until <= now(), 'in_the_past', 'offer_until'),
    (12, act = 'offered' and offer_until > offer_at, 'after_the_visit', 'offer_until'),
    (13, length(offer_staff) > 200, 'too_long', 'offer_staff')
  ) r(number, is_wrong, reason, place) where r.is_wrong order by r.number limit 1;
  if reason is not null then raise sqlstate 'PT400' using message = reason, detail = coalesce(place, ''); end if;
end
$$;

-- The bot reports the client's answer to an offer: {command_id, answer: accepted or declined}. An answer to an offer that
-- is not the entry's last one, or that was answered already, changes nothing.
create or replace function dashboard.take_waitlist_event(type text, command uuid, data jsonb) returns void
language plpgsql security definer set search_path = ''
as $$
declare
  offer dashboard.wishlist_actions;
  original uuid := (select b.retry_of from dashboard.bot_commands b where b.id = command);
begin
  if type <> 'waitlist.answered' or coalesce(data ->> 'answer', '') not in ('accepted', 'declined') then
    raise sqlstate 'PT400' using message = 'no such event';
  end if;
  select a.* into offer from dashboard.wishlist_actions a join dashboard.wishlist_states s
    on s.tenant_id = a.tenant_id and s.wishlist_id = a.wishlist_id and s.offer_id = a.id and s.offer_answer is null
  where a.kind = 'offered' and a.command_id in (command, original);
  if not found then return; end if;
  perform pg_advisory_xact_lock(hashtextextended('wish:' || offer.wishlist_id, 0));
  insert into dashboard.wishlist_actions (tenant_id, wishlist_id, kind, command_id, bot_status)
  select offer.tenant_id, offer.wishlist_id, data ->> 'answer', command, w.status
  from public.wishlist_v2 w where w.tenant_id = offer.tenant_id and w.id = offer.wishlist_id
    and exists (select from dashboard.wishlist_states s where s.tenant_id = offer.tenant_id
      and s.wishlist_id = offer.wishlist_id and s.offer_id = offer.id and s.offer_answer is null);
  insert into dashboard.audits (tenant_id, action, metadata)
  values (offer.tenant_id, 'waitlist_' || (data ->> 'answer'), json_build_object('entries', json_build_array(offer.wishlist_id)));
end
$$;

revoke execute on function dashboard.keep_wishlist_state(), dashboard.wished_on(jsonb, date),
  dashboard.note_of(jsonb, text),
  dashboard.waiting_row(dashboard.waiting_entries, date),
  dashboard.waiting_condition(dashboard.waiting_filter, uuid),
  dashboard.page_of_waiting_list(text, boolean, date, date, text, text, date, date, text, text, text, uuid, text, boolean, date,
    timestamptz, bigint, integer),
  dashboard.count_waiting_list(text, boolean, date, date, text, text, date, date, text, text, text, uuid),
  dashboard.waiting_list_figures(date, date), dashboard.open_waiting_entry(bigint),
  dashboard.act_on_waiting_list(uuid, text, bigint[], text[], numeric, text, timestamptz, text, timestamptz, text),
  dashboard.check_waiting_list_act(text, bigint[], text[], numeric, text, timestamptz, text, timestamptz, text),
  dashboard.take_waitlist_event(text, uuid, jsonb) from public;
grant execute on function
  dashboard.page_of_waiting_list(text, boolean, date, date, text, text, date, date, text, text, text, uuid, text, boolean, date,
    timestamptz, bigint, integer),
  dashboard.count_waiting_list(text, boolean, date, date, text, text, date, date, text, text, text, uuid),
  dashboard.waiting_list_figures(date, date), dashboard.open_waiting_entry(bigint),
  dashboard.act_on_waiting_list(uuid, text, bigint[], text[], numeric, text, timestamptz, text, timestamptz, text)
  to dashboard_app;

do $$
begin
  if not exists (select from pg_catalog.pg_publication_tables p
                 where p.pubname = 'supabase_realtime' and p.schemaname = 'dashboard' and p.tablename = 'wishlist_actions') then
    alter publication supabase_realtime add table dashboard.wishlist_actions;
  end if;
end
$$;
