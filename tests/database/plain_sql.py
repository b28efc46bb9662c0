"""The figures once more, in plain SQL straight from DATA.md: slow, step by step.

Rule: it shares nothing with the migrations. Nothing of schema `dashboard` is read here; the caller names the salon's
time zone and currency.
"""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, LiteralString

from psycopg.rows import dict_row

from tests.conftest import Connection

# Dialogs: archived ones, and active ones whose session is not archived. A booking counts with its earliest dialog.
DIALOGS: LiteralString = """
create temp table plain_dialog as
with archived as (
  select *, row_number() over (partition by booking_id order by started_at, id) as nth
  from public.conversation_sessions_v2 where tenant_id = %(tenant)s
), dialog as (
  select id, session_id, user_id, channel, started_at, started_at + greatest(interval '0',
      case when ended_at is not null then ended_at - started_at
           when duration_sec is not null then duration_sec * interval '1 second'
           else created_at - started_at end) as span_end,
    false as is_active, final_status, final_intent, meta, booking_id is not null and nth = 1 as is_booking,
    booking_status, booking_amount as amount, coalesce(booking_currency, %(currency)s) as currency
  from archived
  union all
  select null, session_id, user_id, null, created_at, 'infinity', true, 'active', intent, '{}', false, null, null, null
  from public.active_sessions_v2
  where tenant_id = %(tenant)s and session_id not in (select session_id from archived)
)
select d.*, (started_at at time zone %(zone)s)::date as day,
  extract(isodow from started_at at time zone %(zone)s)::int as weekday,
  extract(hour from started_at at time zone %(zone)s)::int as hour,
  is_booking and booking_status is distinct from 'cancelled' and amount is not null and currency = %(currency)s
    as is_paid,
  meta ->> 'drop_off_stage' as stage
from dialog d
"""

# Which services a booking names: the ids chosen, else the names mentioned.
SERVICES: LiteralString = """
create temp table plain_service as
with item as (
  select d.id, k.name = 'services_selected' as is_chosen, e.value
  from plain_dialog d
  cross join (values ('services_selected'), ('services_mentioned')) k(name)
  cross join lateral jsonb_path_query(d.meta -> k.name, 'lax $[*]') e(value)
  where d.is_booking and jsonb_typeof(d.meta -> k.name) in ('array', 'string', 'number')
), named as (
  select id, is_chosen, btrim(case jsonb_typeof(value)
    when 'string' then value #>> '{}' when 'number' then value #>> '{}'
    when 'object' then coalesce(value ->> 'id', value ->> 'title', value ->> 'name') end) as name
  from item
), known as (
  select * from named where name <> ''
)
select distinct id, case when is_chosen then '#' || name else name end as key
from known n where is_chosen or not exists (select from known o where o.id = n.id and o.is_chosen)
"""

# Messages with the dialog they belong to; one without a session belongs to the client's dialog whose span holds it.
MESSAGES: LiteralString = """
create temp table plain_message as
select m.id, m.role, m.created_at, coalesce(m.session_id, (
  select d.session_id from plain_dialog d
  where d.user_id = m.user_id and m.created_at >= d.started_at and m.created_at <= d.span_end
  order by d.started_at desc, d.is_active desc, d.id desc limit 1
)) as session_id
from public.recent_history_v2 m where m.tenant_id = %(tenant)s
"""

# From each first message of a run of the client's to the first reply after it.
RESPONSES: LiteralString = """
create temp table plain_response as
with talk as (
  select m.*, d.day from plain_message m join plain_dialog d using (session_id) where m.role in ('user', 'assistant')
)
select u.day, u.session_id, extract(epoch from (
    select min(a.created_at) from talk a
    where a.session_id = u.session_id and a.role = 'assistant' and (a.created_at, a.id) > (u.created_at, u.id)
  ) - u.created_at) as seconds
from talk u
where u.role = 'user' and (
  select b.role from talk b where b.session_id = u.session_id and (b.created_at, b.id) < (u.created_at, u.id)
  order by b.created_at desc, b.id desc limit 1
) is distinct from 'user'
"""

FIGURES: LiteralString = """
select count(*)::int as dialogs,
  (count(*) filter (where is_booking))::int as bookings,
  (count(*) filter (where is_booking and booking_status = 'cancelled'))::int as cancelled,
  count(*) filter (where is_booking)::numeric / nullif(count(*), 0) as conversion,
  coalesce(sum(amount) filter (where is_paid), 0) as revenue,
  avg(amount) filter (where is_paid) as average_booking,
  (count(*) filter (where is_paid))::int as paid_bookings,
  count(distinct user_id)::int as clients,
  (select count(*)::int from (select user_id from plain_dialog group by user_id
    having min(day) between %(first)s and %(last)s) n) as new_clients,
  (select count(distinct session_id)::int from plain_response
    where seconds is not null and day between %(first)s and %(last)s) as answered
from plain_dialog where day between %(first)s and %(last)s
"""

RESPONSE_FIGURES: LiteralString = """
select avg(seconds) as response_mean,
  percentile_cont(0.5) within group (order by round(seconds, 1)) as response_median,
  percentile_cont(0.95) within group (order by round(seconds, 1)) as response_p95
from plain_response where seconds is not null and day between %(first)s and %(last)s
"""

OTHER_CURRENCIES: LiteralString = """
select currency, sum(amount) as amount from plain_dialog
where day between %(first)s and %(last)s and is_booking and booking_status is distinct from 'cancelled'
  and currency <> %(currency)s and amount is not null
group by currency order by currency
"""

DAYS: LiteralString = """
select s.day, count(d.session_id)::int as dialogs, (count(*) filter (where is_booking))::int as bookings,
  coalesce(sum(amount) filter (where is_paid), 0) as revenue
from (select %(first)s::date + n as day from generate_series(0, %(last)s::date - %(first)s::date) n) s
left join plain_dialog d on d.day = s.day group by s.day order by s.day
"""

FUNNEL: LiteralString = """
select count(*)::int as dialogs,
  (count(*) filter (where is_booking or btrim(stage) <> '' or final_intent = 'booking' and not is_active))::int
    as wanted,
  (count(*) filter (where is_booking or stage in ('staff_selection', 'date_selection', 'time_selection')))::int
    as service_chosen,
  (count(*) filter (where is_booking or stage in ('date_selection', 'time_selection')))::int as staff_chosen,
  (count(*) filter (where is_booking))::int as time_chosen,
  (count(*) filter (where is_booking))::int as bookings
from plain_dialog where day between %(first)s and %(last)s
"""

SERVICE_TABLE: LiteralString = """
select coalesce(s.key, '') as key, count(*)::int as bookings, coalesce(sum(d.amount / greatest(1,
  (select count(*) from plain_service o where o.id = d.id))) filter (where d.is_paid), 0) as revenue
from plain_dialog d left join plain_service s on s.id = d.id
where d.is_booking and d.day between %(first)s and %(last)s group by 1
"""

STAFF_TABLE: LiteralString = """
select case when jsonb_typeof(meta -> 'staff_name') = 'string' and meta ->> 'staff_name' ~ '\\S'
    then btrim(meta ->> 'staff_name')
    when btrim(meta ->> 'staff_id') <> '' then '#' || btrim(meta ->> 'staff_id') else '' end as key,
  count(*)::int as bookings, coalesce(sum(amount) filter (where is_paid), 0) as revenue
from plain_dialog where is_booking and day between %(first)s and %(last)s group by 1
"""

HOURS: LiteralString = """
select weekday, hour, count(*)::int as dialogs, (count(*) filter (where is_booking))::int as bookings
from plain_dialog where day between %(first)s and %(last)s group by 1, 2 order by 1, 2
"""

ACTIVE: LiteralString = 'select count(*)::int as dialogs from plain_dialog where is_active'

TABLES = {'plain_dialog': DIALOGS, 'plain_service': SERVICES, 'plain_message': MESSAGES, 'plain_response': RESPONSES}


class PlainFigures:
    """What the overview has to show of one salon, as the database stands now."""

    def __init__(self, db: Connection, tenant: str, zone: str, currency: str) -> None:
        self.db = db
        self.values: dict[str, Any] = {'tenant': tenant, 'zone': zone, 'currency': currency}
        for name, statement in TABLES.items():
            db.execute(f'drop table if exists pg_temp.{name}')
            db.execute(statement, self.values)
            db.execute(f'analyze pg_temp.{name}')

    def rows(self, statement: LiteralString, first: date, last: date) -> list[dict[str, Any]]:
        cursor = self.db.cursor(row_factory=dict_row)
        return cursor.execute(statement, {**self.values, 'first': first, 'last': last}).fetchall()

    def figures(self, first: date, last: date) -> dict[str, Any]:
        (figures,), (responses,) = self.rows(FIGURES, first, last), self.rows(RESPONSE_FIGURES, first, last)
        return figures | responses | {'other_currencies': self.rows(OTHER_CURRENCIES, first, last)}

    def overview(self, first: date, last: date) -> dict[str, Any]:
        length = timedelta(days=(last - first).days + 1)
        return {
            'figures': self.figures(first, last),
            'previous': self.figures(first - length, last - length),
            'days': self.rows(DAYS, first, last),
            'funnel': self.rows(FUNNEL, first, last)[0],
            'services': _by_key(self.rows(SERVICE_TABLE, first, last)),
            'staff': _by_key(self.rows(STAFF_TABLE, first, last)),
            'hours': _by_key(self.rows(HOURS, first, last), 'weekday', 'hour'),
            'active_count': self.rows(ACTIVE, first, last)[0]['dialogs'],
        }


def _by_key(rows: list[dict[str, Any]], *keys: str) -> dict[str, dict[str, Any]]:
    """Rows by what names them; by 'key' when nothing else is said."""
    return {' '.join(str(row.pop(key)) for key in keys or ('key',)): row for row in rows}


def shown(overview: dict[str, Any]) -> dict[str, Any]:
    """An answer of dashboard.overview in the form of `PlainFigures.overview`, without what that one leaves out."""
    for row in (*overview['services'], *overview['staff']):
        del row['label']
    return {
        **{name: overview[name] for name in ('figures', 'previous', 'active_count')},
        'days': [row | {'day': date.fromisoformat(row['day'])} for row in overview['days']],
        'funnel': {step['figure']: step['dialogs'] for step in overview['funnel']},
        'hours': _by_key(overview['hours'], 'weekday', 'hour'),
        'services': _by_key(overview['services']),
        'staff': _by_key(overview['staff']),
    }


# How far a shown number may be from the exact one: what is rounded says to which digit.
TOLERANCE = {'conversion': '5e-7', 'average_booking': '5e-5', 'response_mean': '5e-4', 'revenue': '1e-9'}


def differences(shown: Any, plain: Any, path: str = '') -> list[str]:
    """Where two trees of figures differ; empty when they are the same."""
    if isinstance(shown, dict) and isinstance(plain, dict):
        keys = sorted({*shown, *plain})
        return [d for key in keys for d in differences(shown.get(key), plain.get(key), f'{path}.{key}')]
    if isinstance(shown, list) and isinstance(plain, list) and len(shown) == len(plain):
        return [d for n, pair in enumerate(zip(shown, plain, strict=True)) for d in differences(*pair, f'{path}[{n}]')]
    allowed = Decimal(TOLERANCE.get(path.rpartition('.')[2], '1e-9'))
    numbers = isinstance(shown, int | Decimal | float) and isinstance(plain, int | Decimal | float)
    is_same = abs(Decimal(str(shown)) - Decimal(str(plain))) <= allowed if numbers else shown == plain
    return [] if is_same else [f'{path}: shown {shown}, by plain SQL {plain}']
