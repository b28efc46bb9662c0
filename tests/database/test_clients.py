"""Figures of clients: what is kept is what plain reading of the dialogs gives, whatever happens in whatever order."""

import math
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import cycle, pairwise
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg.rows import dict_row

from devstack.demo.salons import SALON_A
from devstack.stack import Stack
from tests.conftest import AsRole, Connection
from tests.database.conftest import Ask, MakeSalon
from tests.database.odd_salon import OddSalon

SORTS = ('contact', 'name', 'money', 'visits', 'at_stake')
KINDS = ('new', 'returning', 'booked', 'never_booked', 'overdue', 'opted_out')
HOSTILE_MEMORY: list[Any] = [
    {}, [], {'avg_visit_interval': None}, {'avg_visit_interval': '30'}, {'avg_visit_interval': 28.5},
    {'avg_visit_interval': -3}, {'avg_visit_interval': 0}, {'avg_visit_interval': 1e300}, {'avg_visit_interval': {}},
    {'avg_visit_interval': "1'; drop"}, {'avg_visit_interval': True}, {'avg_visit_interval': 'NaN'},
]  # fmt: skip


def visits_for(salon: OddSalon) -> None:
    """Give the bookings their visits: past, future, missing, and moments that no clock shows."""
    chance = random.Random(5)
    rows = salon.db.execute(
        'select id, started_at from public.conversation_sessions_v2 where tenant_id = %s and booking_id is not null'
        ' order by id',
        (salon.id,),
    ).fetchall()
    for number, started in rows:
        moment: Any = started + timedelta(days=chance.choice((0, 1, 3, 10, 40)), minutes=chance.randrange(600))
        moment = chance.choice((moment, moment, moment, moment, None, salon.now + timedelta(days=5), 'infinity'))
        salon.db.execute(
            'update public.conversation_sessions_v2 set booking_datetime = %s where id = %s', (moment, number)
        )


def remember(salon: OddSalon, client: str, **values: Any) -> None:
    row = {'tenant_id': salon.id, 'user_id': client, 'ltm_data': {}, 'updated_at': salon.now} | values
    salon.insert('user_ltm_v2', **row)


@pytest.fixture
def filled(make_salon: MakeSalon) -> OddSalon:
    salon = make_salon(zone='Asia/Vladivostok', seed=7)
    salon.fill(dialogs=260, clients=30)
    visits_for(salon)
    clients = salon.db.execute('select id from public.clients_v2 where tenant_id = %s order by id', (salon.id,))
    for (client,), memory in zip(clients.fetchall(), cycle(HOSTILE_MEMORY), strict=False):
        remember(salon, client, ltm_data=memory, allow_notifications=memory != {})
    salon.client(full_name=None)
    for table in ('clients_v2', 'user_ltm_v2'):
        salon.db.execute(f'update public.{table} set updated_at = %s where tenant_id = %s'.encode(),
                         (salon.ago(days=9), salon.id))  # fmt: skip
    return salon


# --- the same by plain reading


class PlainClients:
    """Every client's figures, read row by row in Python."""

    def __init__(self, salon: OddSalon) -> None:
        self.salon, self.zone = salon, ZoneInfo(salon.zone)
        self.dialogs: dict[str, list[dict[str, Any]]] = defaultdict(list)
        archived = self._rows(
            'select id, session_id, user_id, started_at, booking_id, booking_status, booking_amount, booking_currency,'
            ' case when isfinite(booking_datetime) then booking_datetime end as visit'
            ' from public.conversation_sessions_v2'
        )
        known = {row['session_id'] for row in archived}
        earliest: dict[str, tuple[datetime, int]] = {}
        for row in archived:
            key, place = row['booking_id'], (row['started_at'], row['id'])
            earliest[key] = min(earliest.get(key, place), place)
        for row in archived:
            counts = row['booking_id'] is not None and earliest[row['booking_id']] == (row['started_at'], row['id'])
            self.dialogs[str(row['user_id'])].append(row | {'counts': counts})
        for row in self._rows('select session_id, user_id, created_at as started_at from public.active_sessions_v2'):
            if row['session_id'] not in known:
                self.dialogs[str(row['user_id'])].append(row | {'counts': False})

    def _rows(self, statement: str) -> list[dict[str, Any]]:
        with self.salon.db.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(f'{statement} where tenant_id = %s'.encode(), (self.salon.id,)).fetchall()

    def of(self, client: str) -> dict[str, Any]:
        """The figures that need no more than the client's own rows."""
        rows = self.dialogs[client]
        booked = [row for row in rows if row['counts']]
        held = [row for row in booked if row['booking_status'] != 'cancelled']
        home = [row['booking_amount'] for row in held if row['booking_amount'] is not None
                and (row['booking_currency'] or self.salon.currency) == self.salon.currency]  # fmt: skip
        moments = [row['visit'] for row in held if row['visit'] is not None]
        past = [moment for moment in moments if moment <= self.salon.now]
        days = sorted({moment.astimezone(self.zone).date() for moment in past})
        gaps = [(after - before).days for before, after in pairwise(days)]
        return {
            'dialogs': len(rows), 'bookings': len(booked), 'cancelled': len(booked) - len(held),
            'revenue': sum(home, Decimal(0)), 'paid_bookings': len(home), 'visits': len(past),
            'first_dialog_at': min((row['started_at'] for row in rows), default=None),
            'last_dialog_at': max((row['started_at'] for row in rows), default=None),
            'last_visit_at': max(past, default=None),
            'next_visit_at': min((moment for moment in moments if moment > self.salon.now), default=None),
            'own_interval': Decimal(str(median(gaps))) if gaps else None,
        }  # fmt: skip


def kept(salon: OddSalon) -> dict[str, dict[str, Any]]:
    salon.db.execute('select dashboard.refresh_clients(%s)', (salon.id,))
    with salon.db.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute('select * from dashboard.client_figures where tenant_id = %s', (salon.id,)).fetchall()
    return {str(row['client_id']): row for row in rows}


def a_day_later(salon: OddSalon, column: str) -> None:
    """What is looked at once a day of the salon is looked at again when somebody reads."""
    statement = f'update dashboard.client_watermarks set {column} = {column} - 1 where tenant_id = %s'
    salon.db.execute(statement.encode(), (salon.id,))


def assert_right(salon: OddSalon) -> dict[str, dict[str, Any]]:
    """What is kept is what the dialogs say, and all follows from it."""
    rows, plain = kept(salon), PlainClients(salon)
    numbers = salon.db.execute('select id::text from public.clients_v2 where tenant_id = %s', (salon.id,)).fetchall()
    assert set(rows) == {number for (number,) in numbers}
    for client, row in rows.items():
        own = plain.of(client)
        assert {name: row[name] for name in own} == own, client
    assert_rhythms(salon, rows.values())
    return rows


def assert_rhythms(salon: OddSalon, rows: Iterable[dict[str, Any]]) -> None:
    whole = median([row['own_interval'] for row in rows if row['own_interval'] is not None] or [Decimal(0)])
    for row in rows:
        salons = whole.quantize(Decimal('0.1'), ROUND_HALF_UP) if whole and row['last_visit_at'] else None
        interval = row['own_interval'] or row['memory_interval'] or salons
        assert row['visit_interval'] == interval
        if row['last_visit_at'] and interval:
            day = row['last_visit_at'].astimezone(ZoneInfo(salon.zone)).date()
            assert row['due_day'] == day + timedelta(days=math.ceil(interval))
        else:
            assert row['due_day'] is None
        average = row['revenue'] / row['paid_bookings'] if row['paid_bookings'] else Decimal(0)
        assert abs(row['yearly_value'] - (average * 365 / max(interval, 7) if interval else 0)) < Decimal('0.02')


def test_kept_figures_are_those_of_the_dialogs(filled: OddSalon) -> None:
    rows = assert_right(filled)
    sources = Counter(row['interval_source'] for row in rows.values())
    assert min(sources['own'], sources['memory'], sources['salon'], sources[None]) > 0, (
        'every source of a rhythm occurs'
    )


def test_whatever_happens_later_is_in_the_figures(filled: OddSalon) -> None:
    kept(filled)
    filled.now = datetime.now(UTC)
    client = filled.client(full_name='Новая')
    row = {'booking_id': 'n1', 'booking_amount': 700, 'booking_datetime': filled.ago(days=2)}
    filled.archive(client, filled.ago(days=9), created_at=filled.now, **row)
    filled.archive(client, filled.ago(days=40), created_at=filled.now, booking_id='1003', booking_amount=5)
    gone = filled.active(client, filled.ago(hours=1))
    rows = assert_right(filled)
    assert (rows[client]['dialogs'], rows[client]['active_dialogs']) == (3, 1)
    filled.db.execute('delete from public.active_sessions_v2 where session_id = %s', (gone,))
    assert assert_right(filled)[client]['dialogs'] == 2


def test_a_booking_that_was_cancelled_later_is_noticed_when_the_live_feed_says_so(filled: OddSalon) -> None:
    kept(filled)
    session = filled.db.execute(
        "update public.conversation_sessions_v2 set booking_status = 'cancelled' where id = (select archive_id"
        " from dashboard.archived_dialogs where tenant_id = %s and is_booked and booking_status = 'confirmed' limit 1)"
        ' returning session_id', (filled.id,),
    ).fetchone()  # fmt: skip
    assert session
    with pytest.raises(AssertionError):
        assert_right(filled)
    filled.db.execute('select dashboard.forget_stored_day(%s, %s)', (filled.id, session[0]))
    a_day_later(filled, 'interval_day')
    assert_right(filled)


def test_a_booking_that_nobody_heard_of_being_changed_is_noticed_the_next_day_of_the_salon(filled: OddSalon) -> None:
    client = filled.client()
    gone, moved = (
        filled.archive(client, filled.ago(days=days), booking_id=f'unheard-{days}', booking_amount=500,
                       booking_datetime=filled.now + timedelta(days=9))
        for days in (50, 90)
    )  # fmt: skip
    kept(filled)
    filled.db.execute('update public.conversation_sessions_v2 set booking_id = null where session_id = %s', (gone,))
    filled.db.execute("update public.conversation_sessions_v2 set booking_status = 'cancelled', booking_amount = 7"
                      ' where session_id = %s', (moved,))  # fmt: skip
    with pytest.raises(AssertionError):
        assert_right(filled)
    a_day_later(filled, 'interval_day')
    a_day_later(filled, 'rechecked_on')
    for _part in range(20):
        assert refresh(filled, part=7) is None
    assert assert_right(filled)[client]['cancelled'] == 1
    today = 'select rechecked_on = (now() at time zone timezone)::date, rechecked_to from dashboard.client_watermarks'
    assert filled.db.execute(f'{today} where tenant_id = %s'.encode(), (filled.id,)).fetchone() == (True, None)


def test_another_time_zone_or_currency_makes_all_figures_anew(filled: OddSalon) -> None:
    kept(filled)
    for column, value in (('timezone', 'America/Los_Angeles'), ('currency', 'KZT')):
        filled.db.execute(f'update dashboard.tenant_settings set {column} = %s where tenant_id = %s'.encode(),
                          (value, filled.id))  # fmt: skip
        setattr(filled, {'timezone': 'zone'}.get(column, column), value)
        assert_right(filled)


def test_nothing_is_written_when_nothing_changed(filled: OddSalon) -> None:
    before = kept(filled)
    marks = 'select array_agg(xmin::text || ctid::text order by client_id) from dashboard.client_figures'
    first = filled.db.execute(marks.encode()).fetchone()
    assert kept(filled) == before
    assert filled.db.execute(marks.encode()).fetchone() == first


def test_a_visit_that_was_to_come_becomes_one_that_was(filled: OddSalon) -> None:
    client = filled.client()
    row = {'booking_id': 'soon', 'booking_amount': 100, 'booking_datetime': filled.now + timedelta(hours=1)}
    session = filled.archive(client, filled.ago(days=1), **row)
    assert kept(filled)[client]['visits'] == 0
    filled.db.execute("update public.conversation_sessions_v2 set booking_datetime = now() - interval '1 minute'"
                      ' where session_id = %s', (session,))  # fmt: skip
    filled.db.execute("update dashboard.client_figures set next_visit_at = now() - interval '1 minute'"
                      ' where client_id = %s', (client,))  # fmt: skip
    filled.db.execute("update dashboard.client_watermarks set refreshed_until = 'infinity'")
    row = kept(filled)[client]
    assert (row['visits'], row['next_visit_at']) == (1, None)


def test_what_the_bot_remembers_and_who_wants_no_messages_is_noticed(filled: OddSalon) -> None:
    first, second, third, *_others = kept(filled)
    filled.db.execute('delete from public.user_ltm_v2 where tenant_id = %s', (filled.id,))
    remember(filled, first, ltm_data={'avg_visit_interval': 77}, allow_notifications=False)
    remember(filled, second, ltm_data={'avg_visit_interval': 'x'})
    filled.db.execute('insert into dashboard.client_opt_outs values (%s, %s)', (filled.id, third))
    rows = kept(filled)
    assert (rows[first]['memory_interval'], rows[first]['opted_out']) == (77, True)
    assert (rows[second]['memory_interval'], rows[second]['opted_out']) == (None, False)
    assert rows[third]['opted_out']


# --- lists


def every_page(ask: Ask, salon: OddSalon, **filters: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    after: dict[str, Any] = {}
    while True:
        page = ask(salon, 'page_of_clients', **filters, **after, page_size=4)
        rows += page['rows']
        if page['next'] is None:
            return rows
        after = {'after_value': page['next']['value'], 'after_id': page['next']['id']}


@pytest.mark.parametrize('sort', SORTS)
def test_every_client_comes_once_in_every_order(ask: Ask, filled: OddSalon, sort: str) -> None:
    for name in ('Ёлка', 'елка', '   ', '', 'Z', "'", '~'):
        filled.client(full_name=name)
    rows = every_page(ask, filled, sort=sort)
    assert len({row['id'] for row in rows}) == len(rows) == ask(filled, 'count_clients')['rows']
    order = {'money': 'revenue', 'visits': 'visits', 'at_stake': 'yearly_value'}.get(sort)
    if order:
        values = [row[order] for row in rows]
        assert values == sorted(values, reverse=True)
    if sort == 'name':
        assert {row['name'] for row in rows[-3:]} == {None}, 'who has no name comes last'
        assert abs(rows_of(rows, 'Ёлка') - rows_of(rows, 'елка')) == 1


def rows_of(rows: list[dict[str, Any]], name: str) -> int:
    """Where a name stands in the list."""
    return [row['name'] for row in rows].index(name)


@pytest.mark.parametrize('kind', KINDS)
def test_each_kind_is_what_it_says(ask: Ask, filled: OddSalon, kind: str) -> None:
    rows = kept(filled)
    since = datetime.combine(filled.today - timedelta(days=29), datetime.min.time(), ZoneInfo(filled.zone))
    is_kind: dict[str, Callable[[dict[str, Any]], object]] = {
        'new': lambda row: row['first_dialog_at'] and row['first_dialog_at'] >= since,
        'returning': lambda row: row['last_dialog_at'] and row['last_dialog_at'] >= since > row['first_dialog_at'],
        'booked': lambda row: row['bookings'] > 0,
        'never_booked': lambda row: row['bookings'] == 0,
        'overdue': lambda row: row['due_day'] and row['due_day'] <= filled.today,
        'opted_out': lambda row: row['opted_out'],
    }
    expected = {client for client, row in rows.items() if is_kind[kind](row)}
    assert {row['id'] for row in every_page(ask, filled, kind=kind, sort='name')} == expected
    assert ask(filled, 'count_clients', kind=kind) == {'rows': len(expected), 'is_exact': True}


def test_risk_follows_the_overdue_ratio(ask: Ask, filled: OddSalon) -> None:
    rows = every_page(ask, filled)
    for row in rows:
        if row['overdue_ratio'] is None:
            assert row['risk'] is None
            continue
        day = datetime.fromisoformat(row['last_visit_at']).astimezone(ZoneInfo(filled.zone)).date()
        ratio = Decimal((filled.today - day).days) / row['visit_interval']
        assert row['risk'] == ('none' if ratio < 1 else 'low' if ratio < Decimal('1.3')
                               else 'medium' if ratio < Decimal('1.5') else 'high')  # fmt: skip
        assert (ratio >= 1) == (date.fromisoformat(row['due_day']) <= filled.today)


PHONES = [
    '+7 912 345-67-89',
    '8 (912) 345 67 89',
    '79123456789',
    '9123456789',
    '6789',
    '77001',
    '555123',
    'ёлк',
    'АННА',
]


@pytest.mark.parametrize('search', PHONES)
def test_a_client_is_found_by_name_phone_and_numbers(ask: Ask, filled: OddSalon, search: str) -> None:
    client = filled.client(
        full_name='Анна Ёлкина', phone='8 912 345 6789', telegram_chat_id=77001, yclients_client_id=555123
    )
    assert [row['id'] for row in every_page(ask, filled, search=search)] == [client]
    assert ask(filled, 'count_clients', search=search)['rows'] == 1


@pytest.mark.parametrize('search', ["'", '%', '\\', '<->', '&', '💅', '0' * 200, "x' or '1'='1", '-', '٣٤٥٦'])
def test_no_search_of_clients_breaks(ask: Ask, filled: OddSalon, search: str) -> None:
    assert every_page(ask, filled, search=search) == []


@pytest.mark.parametrize('wrong', [{'kind': 'x'}, {'sort': 'phone'}])
def test_what_does_not_exist_is_refused(as_role: AsRole, filled: OddSalon, wrong: dict[str, str]) -> None:
    (name, value), = wrong.items()  # fmt: skip
    with pytest.raises(Exception, match='no such'), as_role(app_role='admin', tenant_id=filled.id, sub='1') as db:
        db.execute(f'select dashboard.page_of_clients({name} => %s)'.encode(), (value,))


def test_favourite_staff_filters_and_lists(ask: Ask, filled: OddSalon) -> None:
    page = ask(filled, 'page_of_clients')
    keys = {row['staff_key'] for row in kept(filled).values()} - {''}
    assert {key for key, _label in page['staff']} == keys
    for key in keys:
        assert {row['id'] for row in every_page(ask, filled, staff=key)} == {
            client for client, row in kept(filled).items() if row['staff_key'] == key
        }


def test_a_card_says_what_is_known_and_nothing_of_another_salon(
    ask: Ask, filled: OddSalon, make_salon: MakeSalon
) -> None:
    client, other, *_ = (client for client, row in kept(filled).items() if row['visits'] > 1)
    filled.insert('wishlist_v2', tenant_id=filled.id, user_id=other, item_type='slot', item_id='1', meta={'date': 'x'})
    card = ask(filled, 'open_client', client=client)
    assert card['client']['id'] == client
    assert card['notes'] == card['commands'] == []
    assert card['wishes'] == []
    assert ask(filled, 'open_client', client=other)['wishes'][0]['status'] == 'waiting'
    assert ask(make_salon(seed=99), 'open_client', client=client) is None
    assert ask(filled, 'open_client', client=filled.new_id()) is None


def test_nobody_without_a_role_reads_clients(as_role: AsRole, db: Connection, filled: OddSalon) -> None:
    kept(filled)
    with as_role(tenant_id=filled.id) as anybody:
        row = anybody.execute('select dashboard.page_of_clients(), dashboard.count_clients()').fetchone()
    assert row == ({'rows': [], 'next': None, 'staff': []}, {'rows': 0, 'is_exact': True})


# --- bringing them up to date


def refresh(salon: OddSalon, **limits: Any) -> Any:
    """One call with limits of its own."""
    row = salon.db.execute(
        "select dashboard.refresh_clients(%s, %s, '0 s')", (salon.id, limits.get('part', 20_000))
    ).fetchone()
    assert row
    return row[0]


def test_a_count_that_takes_several_calls_keeps_what_each_has_made(ask: Ask, filled: OddSalon) -> None:
    total = len(filled.db.execute('select id from public.clients_v2 where tenant_id = %s', (filled.id,)).fetchall())
    done = []
    while answer := refresh(filled, part=7):
        assert answer['total'] == total
        done.append(answer['done'])
        if len(done) == 2:
            first = filled.db.execute('select min(client_id::text) from dashboard.client_figures where tenant_id = %s',
                                      (filled.id,)).fetchone()  # fmt: skip
            assert first
            filled.archive(first[0], filled.ago(days=3), created_at=datetime.now(UTC))
    assert done == list(range(7, total, 7)), 'each call goes on where the one before ended'
    assert_right(filled)
    assert ask(filled, 'count_clients')['rows'] == total


def test_while_all_are_counted_the_lists_and_the_card_say_so(ask: Ask, filled: OddSalon, stack: Stack) -> None:
    client = filled.client()
    with psycopg.connect(stack.admin_dsn) as other:
        other.execute('select dashboard.claim_clients(%s)', (filled.id,))
        for name, arguments in (('page_of_clients', {}), ('count_clients', {}), ('open_client', {'client': client})):
            assert ask(filled, name, **arguments)['pending']
    assert_right(filled)


def test_two_who_bring_a_salon_up_to_date_at_once_never_wait_for_each_others_rows(stack: Stack) -> None:
    refreshing = f"select dashboard.refresh_clients('{SALON_A.id}')".encode()
    with psycopg.connect(stack.admin_dsn, autocommit=True) as second, psycopg.connect(stack.admin_dsn) as first:
        second.execute(refreshing)
        second.execute('update dashboard.client_watermarks set interval_day = null where tenant_id = %s', (SALON_A.id,))
        first.execute(refreshing)
        assert first.execute("select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()"
                             ).fetchone() == (1,)  # fmt: skip
        answer = second.execute(refreshing).fetchone()
        assert answer
        assert answer[0]['pending'], 'the second touches no row before the first is done'
        first.commit()
        first.execute('select dashboard.claim_clients(%s)', (SALON_A.id,))
        assert second.execute(refreshing).fetchone() == (None,), 'who has nothing to write waits for nobody'
