"""The waiting list: how an entry stands, its figures, lists and acts, against DATA.md once more in plain Python."""

import json
import statistics
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import set_json_loads

from tests.conftest import AsRole, Connection
from tests.database.odd_salon import OddSalon

ZONES = ('Europe/Moscow', 'Asia/Vladivostok', 'America/New_York')
BOT_STATUSES = ('pending', 'converted', 'cancelled', 'expired')
EFFECTIVE = {'pending': 'waiting'}


class WaitingSalon:
    """A salon whose waiting list is written by a test, and people who act on it."""

    def __init__(self, db: Connection, as_role: AsRole, zone: str = 'Europe/Moscow', seed: int = 1) -> None:
        set_json_loads(partial(json.loads, parse_float=Decimal), db)
        self.db, self.as_role = db, as_role
        self.salon = OddSalon(db, zone=zone, seed=seed)
        self.people = {role: self._person(role) for role in ('admin', 'staff')}
        self.client = self.salon.client(full_name='Анна Ким', phone='+7 999 123-45-67')

    def _person(self, role: str) -> int:
        row = self.db.execute(
            'insert into dashboard.users (email, role, tenant_id, first_name) values (%s, %s, %s, %s) returning id',
            (f'{uuid4()}@test', role, self.salon.id, role),
        ).fetchone()
        assert row
        return int(row[0])

    def wish(self, status: str = 'pending', *, ago: float = 1, decided_ago: float | None = None, **meta: Any) -> int:
        """An entry asked for so many days ago; decided so many days ago, as the bot writes it."""
        decided = None if decided_ago is None else self.salon.ago(days=decided_ago)
        asked = self.salon.ago(days=ago)
        return int(self.salon.insert(
            'wishlist_v2', tenant_id=self.salon.id, user_id=meta.pop('client', self.client), item_type='slot',
            item_id='x', source=meta.pop('source', 'bot'), comment=meta.pop('comment', None), status=status, meta=meta,
            created_at=asked, updated_at=decided or asked, processed_at=decided,
        ))  # fmt: skip

    def ask(self, function: str, /, role: str = 'admin', **arguments: Any) -> Any:
        """What a function answers to the salon's owner or employee."""
        named = sql.SQL(', ').join(sql.SQL('{} => %s').format(sql.Identifier(name)) for name in arguments)
        statement = sql.SQL('select dashboard.{}({})').format(sql.Identifier(function), named)
        claims = {'app_role': role, 'tenant_id': self.salon.id, 'sub': str(self.people[role])}
        with self.as_role(**claims) as db:
            row = db.execute(statement, list(arguments.values())).fetchone()
        assert row
        return row[0]

    def act(self, act: str, *entries: int, role: str = 'admin', seen: list[str] | None = None, **more: Any) -> Any:
        versions = seen or [self.entry(entry)['version'] for entry in entries]
        key = more.pop('key', str(uuid4()))
        return self.ask('act_on_waiting_list', role, key=key, act=act, entries=list(entries), seen=versions, **more)

    def entry(self, entry: int) -> dict[str, Any]:
        opened = self.ask('open_waiting_entry', entry=entry)
        return dict(opened['entry'])

    def status(self, entry: int) -> str:
        return str(self.entry(entry)['status'])

    def bot_sets(self, entry: int, status: str) -> None:
        self.db.execute(
            'update public.wishlist_v2 set status = %s, updated_at = clock_timestamp(),'
            ' processed_at = clock_timestamp() where id = %s', (status, entry),
        )  # fmt: skip

    def delivered(self, entry: int) -> None:
        """The bot reports that it has carried out everything about an entry."""
        self.db.execute(
            "update dashboard.bot_commands set status = 'delivered', finished_at = clock_timestamp()"
            " where (data ->> 'wishlist_id')::bigint = %s", (entry,),
        )  # fmt: skip

    def fail(self, entry: int, kind: str) -> str:
        """The last command of a kind about an entry did not get through; its id."""
        row = self.db.execute(
            "update dashboard.bot_commands set status = 'failed', last_error = 'no'"
            " where (data ->> 'wishlist_id')::bigint = %s and type = %s returning id::text", (entry, kind),
        ).fetchone()  # fmt: skip
        assert row
        return str(row[0])


@pytest.fixture
def waiting(db: Connection, as_role: AsRole) -> WaitingSalon:
    return WaitingSalon(db, as_role)


# --- odd values

DAYS = [
    ({'date': '2026-12-05'}, date(2026, 12, 5)), ({'preferred_date': '2026-12-05'}, date(2026, 12, 5)),
    ({'date': '05.12'}, date(2026, 12, 5)), ({'preferred_date': '5.1'}, date(2027, 1, 5)),
    ({'date': '24.11'}, date(2026, 11, 24)), ({'date': '23.11'}, date(2027, 11, 23)),
    ({'date': '29.02'}, date(2028, 2, 29)),
    ({'date': '31.02'}, None), ({'date': '2026-02-31'}, None), ({'date': '2026-13-01'}, None),
    ({'date': 'завтра'}, None),
    ({'date': ''}, None), ({'date': None, 'preferred_date': '01.12'}, date(2026, 12, 1)), ({'date': 20261205}, None),
    ({'date': ['2026-12-05']}, None), ({'date': {'a': 1}, 'preferred_date': '2026-12-06'}, date(2026, 12, 6)),
    ({'date': '2026-12-05T10:00'}, date(2026, 12, 5)), ({'date': '0000-01-01'}, None), ({'date': '99.99'}, None),
    ({'date': '05.12.2026'}, date(2026, 12, 5)), ({}, None), ({'date': ' 2026-12-05 '}, date(2026, 12, 5)),
]  # fmt: skip


@pytest.mark.parametrize(('meta', 'day'), DAYS)
def test_the_wished_day_is_read_from_every_way_to_write_it(
    db: Connection, meta: dict[str, Any], day: date | None
) -> None:
    row = db.execute('select dashboard.wished_on(%s, %s)', (json.dumps(meta), date(2026, 11, 24))).fetchone()
    assert row == (day,)


@pytest.mark.parametrize('meta', [
    {'service_id': 12, 'service_title': 'Маникюр'}, {'service_id': '12'}, {'service_title': {'x': 1}},
    {'staff_id': [1]},
    {'client_name': 5, 'client_phone': 89991234567}, {'time_preference': 7}, {'time_preference': 'Evening '},
    {'date': {'deep': ['x']}}, {'service_title': 'x' * 5000, 'staff_name': '\u202eabc<b>'},
])  # fmt: skip
def test_odd_notes_break_no_list(waiting: WaitingSalon, meta: dict[str, Any]) -> None:
    entry = waiting.wish(**meta)
    (row,) = waiting.ask('page_of_waiting_list', status='waiting', sort='asked')['rows']
    assert row['id'] == entry
    assert waiting.ask('waiting_list_figures', first_day=date(2026, 1, 1), last_day=date(2026, 12, 31))['waiting'] == 1


def test_name_and_phone_of_the_notes_stand_in_for_the_clients_own(waiting: WaitingSalon) -> None:
    nameless = waiting.salon.client()
    entry = waiting.entry(waiting.wish(client=nameless, client_name='Ольга', client_phone='8 999 765-43-21'))
    assert (entry['client_name'], entry['client_phone']) == ('Ольга', '8 999 765-43-21')
    known = waiting.entry(waiting.wish(client_name='Ольга', client_phone='8 999 765-43-21'))
    assert (known['client_name'], known['client_phone']) == ('Анна Ким', '+7 999 123-45-67')


# --- who says how an entry stands


@pytest.mark.parametrize('status', [*BOT_STATUSES, 'archived'])
def test_without_a_decision_the_bots_word_counts(waiting: WaitingSalon, status: str) -> None:
    assert waiting.status(waiting.wish(status)) == EFFECTIVE.get(status, status)


@pytest.mark.parametrize('later', BOT_STATUSES)
def test_what_people_decided_counts_whatever_the_bot_writes_later(waiting: WaitingSalon, later: str) -> None:
    entry = waiting.wish()
    waiting.act('converted', entry, amount=2500)
    waiting.bot_sets(entry, later)
    assert waiting.status(entry) == 'converted'


@pytest.mark.parametrize('undone', ['converted', 'cancelled'])
@pytest.mark.parametrize('later', ['converted', 'cancelled', 'expired'])
def test_an_entry_put_back_waits_until_the_bot_says_something_new(
    waiting: WaitingSalon, undone: str, later: str
) -> None:
    entry = waiting.wish()
    waiting.act(undone, entry, note='x')
    waiting.bot_sets(entry, undone)
    waiting.act('reopened', entry)
    assert waiting.status(entry) == 'waiting', 'the bot had carried out what was undone'
    waiting.bot_sets(entry, 'pending')
    waiting.delivered(entry)
    assert waiting.status(entry) == 'waiting'
    waiting.bot_sets(entry, later)
    assert waiting.status(entry) == later, 'the client booked, or the day passed, afterwards'


@pytest.mark.parametrize('status', ['expired', 'cancelled', 'converted'])
def test_who_was_put_back_is_listed_and_counted_as_waiting(waiting: WaitingSalon, status: str) -> None:
    entry = waiting.wish(status, decided_ago=0.5)
    waiting.act('reopened', entry)
    figures = waiting.ask('waiting_list_figures', first_day=waiting.salon.today, last_day=waiting.salon.today)
    page = waiting.ask('page_of_waiting_list', status='waiting', sort='asked')
    assert (figures['waiting'], [row['id'] for row in page['rows']]) == (1, [entry])
    assert waiting.ask('count_waiting_list', status='waiting')['rows'] == 1
    assert waiting.ask('count_waiting_list', status=status)['rows'] == 0


def test_the_bots_own_row_is_never_written(waiting: WaitingSalon) -> None:
    entry = waiting.wish()
    before = waiting.db.execute('select * from public.wishlist_v2 where id = %s', (entry,)).fetchone()
    for act, more in (
        ('converted', {'amount': 5}),
        ('reopened', {}),
        ('cancelled', {'note': 'нет'}),
        ('noted', {'note': 'x'}),
    ):
        waiting.act(act, entry, **more)
    assert waiting.db.execute('select * from public.wishlist_v2 where id = %s', (entry,)).fetchone() == before


def test_the_story_holds_both_sides_in_order(waiting: WaitingSalon) -> None:
    entry = waiting.wish()
    waiting.act('noted', entry, note='звонила', role='staff')
    waiting.act('cancelled', entry, note='передумала')
    waiting.bot_sets(entry, 'expired')
    opened = waiting.ask('open_waiting_entry', entry=entry)
    assert [(step['kind'], step['by'], step['note']) for step in opened['actions']] == [
        ('noted', 'staff', 'звонила'), ('cancelled', 'admin', 'передумала'),
    ]  # fmt: skip
    assert (opened['entry']['status'], opened['bot_status']) == ('cancelled', 'expired')
    assert opened['bot_changed_at']


# --- figures


def fill(waiting: WaitingSalon, number: int) -> list[dict[str, Any]]:
    """Entries of every kind, some decided by people; what is known of each."""
    chance, known = waiting.salon.chance, []
    for _n in range(number):
        status = chance.choice(BOT_STATUSES)
        ago, decided_ago = chance.uniform(1, 60), chance.uniform(0, 50)
        decided_ago = min(decided_ago, ago)
        entry = waiting.wish(
            status, ago=ago, decided_ago=None if status == 'pending' else decided_ago,
            date=str(waiting.salon.today + timedelta(days=chance.randint(-5, 5))),
        )  # fmt: skip
        row = {'id': entry, 'status': status, 'at': waiting.salon.ago(days=decided_ago), 'amount': None, 'ago': ago}
        if chance.random() < 0.3:
            act = chance.choice(['converted', 'cancelled'])
            amount = chance.choice([None, 0, '2500.50', 100]) if act == 'converted' else None
            waiting.act(act, entry, amount=amount, note='x')
            row |= {'status': act, 'at': waiting.salon.now, 'amount': amount and Decimal(amount)}
            row['amount'] = None if amount is None else Decimal(amount)
        known.append(row)
    return known


@pytest.mark.parametrize('zone', ZONES)
def test_every_figure_equals_a_plain_count(db: Connection, as_role: AsRole, zone: str) -> None:
    waiting = WaitingSalon(db, as_role, zone=zone, seed=len(zone))
    known, today = fill(waiting, 60), waiting.salon.today
    for first, last in (
        (today, today),
        (today - timedelta(days=6), today),
        (today - timedelta(days=40), today - timedelta(days=3)),
    ):
        figures = waiting.ask('waiting_list_figures', first_day=first, last_day=last)
        decided = [row for row in known if first <= row['at'].astimezone(ZoneInfo(zone)).date() <= last]
        by = {status: [row for row in decided if row['status'] == status] for status in BOT_STATUSES}
        amounts = [row['amount'] for row in by['converted'] if row['amount'] is not None]
        shares = len(by['converted']) + len(by['cancelled']) + len(by['expired'])
        assert figures['waiting'] == len([row for row in known if row['status'] == 'pending'])
        assert {name: figures[name] for name in BOT_STATUSES[1:]} == {name: len(by[name]) for name in BOT_STATUSES[1:]}
        assert (figures['amount'], figures['with_amount']) == (sum(amounts), len(amounts))
        waits = [(row['at'] - waiting.salon.ago(days=row['ago'])).total_seconds() for row in by['converted']]
        assert figures['fill_rate'] == (round(Decimal(len(by['converted'])) / shares, 6) if shares else None)
        wait = statistics.median(waits) if waits else None
        assert (figures['median_wait'] is None) == (wait is None)
        assert wait is None or abs(float(figures['median_wait']) - wait) < 120
        for shown in ('converted', 'cancelled', 'expired'):
            count = waiting.ask('count_waiting_list', status=shown, first_day=first, last_day=last)
            assert count['rows'] == figures[shown], 'the rows behind a figure add up to it'


def test_nothing_decided_is_no_data_and_not_zero(waiting: WaitingSalon) -> None:
    waiting.wish()
    figures = waiting.ask('waiting_list_figures', first_day=waiting.salon.today, last_day=waiting.salon.today)
    assert (figures['fill_rate'], figures['median_wait']) == (None, None)


def test_amounts_keep_the_currency_that_the_salon_had(waiting: WaitingSalon) -> None:
    waiting.act('converted', waiting.wish(), amount=2500)
    waiting.db.execute(
        "update dashboard.tenant_settings set currency = 'KZT' where tenant_id = %s", (waiting.salon.id,)
    )
    waiting.act('converted', waiting.wish(), amount=100)
    figures = waiting.ask('waiting_list_figures', first_day=waiting.salon.today, last_day=waiting.salon.today)
    assert (figures['amount'], figures['other_currencies']) == (100, [{'amount': 2500, 'currency': 'RUB'}])


# --- lists


@pytest.mark.parametrize('sort', ['asked', 'wished', 'newest'])
def test_every_entry_comes_once_in_its_order(waiting: WaitingSalon, sort: str) -> None:
    fill(waiting, 40)
    waiting.wish(ago=3), waiting.wish(ago=3)
    status = None if sort == 'newest' else 'waiting'
    rows: list[dict[str, Any]] = []
    key: dict[str, Any] = {}
    while True:
        page = waiting.ask('page_of_waiting_list', status=status, sort=sort, page_size=7, **key)
        rows += page['rows']
        if page['next'] is None:
            break
        key = {f'after_{name}': value for name, value in page['next'].items()}
    assert len({row['id'] for row in rows}) == len(rows)
    assert len(rows) == waiting.ask('count_waiting_list', status=status)['rows']

    def place(row: dict[str, Any]) -> Any:
        asked = datetime.fromisoformat(row['created_at'])
        wished = row['wished_on'] or '9999'
        return {'asked': (row['is_missed'], asked), 'wished': (row['is_missed'], wished, asked)}.get(
            sort, -asked.timestamp()
        )

    assert rows == sorted(rows, key=place)
    if sort != 'newest':
        assert [row['is_missed'] for row in rows] == [
            bool(row['wished_on'] and row['wished_on'] < str(waiting.salon.today)) for row in rows
        ]


@pytest.mark.parametrize(('filters', 'fits'), [
    ({'service': '#12'}, {'service_id': '12'}), ({'staff': '#7'}, {'staff_id': '7'}), ({'service': ''}, {}),
    ({'time_of_day': 'evening'}, {'time_preference': 'evening'}), ({'time_of_day': 'any'}, {'time_preference': None}),
    ({'source': 'manual'}, {'source': 'manual'}),
    ({'wished_from': '2027-01-01', 'wished_to': '2027-01-01'}, {'date': '2027-01-01'}),
    ({'search': 'педик'}, {'service_title': 'Педикюр'}), ({'search': 'ольга'}, {'comment': 'для Ольга'}),
])  # fmt: skip
def test_a_filter_finds_what_fits_and_nothing_else(
    waiting: WaitingSalon, filters: dict[str, Any], fits: dict[str, Any]
) -> None:
    usual: dict[str, Any] = {
        'service_id': '99',
        'staff_id': '99',
        'time_preference': 'morning',
        'source': 'bot',
        'date': '2026-12-31',
    }
    waiting.wish(**usual)
    own = {name: value for name, value in usual.items() if name != 'service_id' or filters.get('service') != ''}
    entry = waiting.wish(**own | fits)
    rows = waiting.ask('page_of_waiting_list', **filters)['rows']
    assert [row['id'] for row in rows] == [entry]
    assert waiting.ask('count_waiting_list', **filters)['rows'] == 1


def test_a_phone_is_found_in_any_notation_of_client_or_notes(waiting: WaitingSalon) -> None:
    waiting.wish()
    nameless = waiting.salon.client()
    waiting.wish(client=nameless, client_phone='8 (912) 000-11-22')
    assert waiting.ask('count_waiting_list', search='8 999 123 45 67')['rows'] == 1
    assert waiting.ask('count_waiting_list', search='9120001122')['rows'] == 1


# --- acts


@pytest.mark.parametrize(('act', 'more', 'reason', 'field'), [
    ('converted', {'amount': -1}, 'amount_range', 'amount'),
    ('converted', {'amount': 10_000_001}, 'amount_range', 'amount'),
    ('converted', {'amount': '1.005'}, 'amount_range', 'amount'),
    ('converted', {'amount': 'NaN'}, 'amount_range', 'amount'),
    ('converted', {'note': 'x' * 2001}, 'too_long', 'note'), ('cancelled', {}, 'required', 'note'),
    ('cancelled', {'note': '  '}, 'required', 'note'), ('noted', {'note': ''}, 'required', 'note'),
    ('offered', {'offer_at': '2100-01-01', 'message': ''}, 'required', 'text'),
    ('offered', {'message': 'да?'}, 'required', 'offer_at'),
    ('offered', {'message': 'да?', 'offer_at': '2020-01-01'}, 'in_the_past', 'offer_at'),
    ('offered', {'message': 'да?', 'offer_at': '2099-01-01'}, 'too_far', 'offer_at'), ('wrote', {}, 'required', 'text'),
    ('wrote', {'message': 'x' * 2001}, 'too_long', 'text'), ('exploded', {}, 'unknown_act', ''),
])  # fmt: skip
def test_what_cannot_be_meant_is_refused_at_its_field(
    waiting: WaitingSalon, act: str, more: dict[str, Any], reason: str, field: str
) -> None:
    entry = waiting.wish()
    with pytest.raises(psycopg.Error) as failure:
        waiting.act(act, entry, **more)
    assert (failure.value.sqlstate, failure.value.diag.message_primary, failure.value.diag.message_detail or '') == (
        'PT400', reason, field,
    )  # fmt: skip
    assert waiting.db.execute(
        'select count(*) from dashboard.wishlist_actions where wishlist_id = %s', (entry,)
    ).fetchone() == (0,)


@pytest.mark.parametrize('entries', [0, 201])
def test_an_act_is_about_1_to_200_entries(waiting: WaitingSalon, entries: int) -> None:
    with pytest.raises(psycopg.Error, match='number_of_entries'):
        waiting.act('noted', *range(entries), seen=['0:pending'] * entries or ['x'], note='x')


def test_the_second_person_is_told_who_did_what_and_nothing_is_overwritten(waiting: WaitingSalon) -> None:
    entry, other = waiting.wish(), waiting.wish()
    seen = [waiting.entry(entry)['version'], waiting.entry(other)['version']]
    waiting.act('cancelled', entry, note='передумала', role='staff')
    with pytest.raises(psycopg.Error) as failure:
        waiting.act('converted', entry, other, seen=seen, amount=1)
    assert (failure.value.sqlstate, failure.value.diag.message_primary) == ('PT409', 'changed_meanwhile')
    (changed,) = json.loads(failure.value.diag.message_detail or '')
    assert (changed['id'], changed['by'], changed['kind'], changed['client']) == (
        entry,
        'staff',
        'cancelled',
        'Анна Ким',
    )
    assert (waiting.status(entry), waiting.status(other)) == ('cancelled', 'waiting')
    waiting.act('converted', entry, other, seen=[changed['version'], seen[1]], amount=1)
    assert (waiting.status(entry), waiting.status(other)) == ('converted', 'converted')


def test_the_bot_carrying_out_a_decision_is_no_change_but_its_own_decision_is(waiting: WaitingSalon) -> None:
    entry = waiting.wish()
    version = waiting.act('converted', entry)['versions'][0]
    waiting.bot_sets(entry, 'converted')
    assert waiting.act('reopened', entry, seen=[version])
    version = waiting.entry(entry)['version']
    waiting.bot_sets(entry, 'cancelled')
    with pytest.raises(psycopg.Error, match='changed_meanwhile') as failure:
        waiting.act('converted', entry, seen=[version])
    assert json.loads(failure.value.diag.message_detail or '')[0]['by'] is None


def test_an_entry_of_another_salon_is_not_there(waiting: WaitingSalon, db: Connection, as_role: AsRole) -> None:
    other = WaitingSalon(db, as_role, seed=2)
    entry = other.wish()
    assert waiting.ask('open_waiting_entry', entry=entry) is None
    with pytest.raises(psycopg.Error, match='gone') as failure:
        waiting.act('noted', entry, seen=['0:pending'], note='x')
    assert failure.value.sqlstate == 'PT404'
    assert waiting.ask('count_waiting_list')['rows'] == 0


def test_an_offer_waits_for_its_answer_and_takes_one(waiting: WaitingSalon) -> None:
    entry = waiting.wish()
    tomorrow = waiting.salon.now + timedelta(days=1)
    waiting.act('offered', entry, offer_at=tomorrow, offer_staff='Рита', message='Подойдёт?')
    offer = waiting.entry(entry)['offer']
    assert (offer['staff'], offer['answer'], offer['command']['status']) == ('Рита', None, 'queued')
    with pytest.raises(psycopg.Error, match='offered_already'):
        waiting.act('offered', entry, offer_at=tomorrow, message='И ещё раз?')
    for answer in ('accepted', 'declined'):
        with waiting.as_role(app_role='system') as db:
            db.execute(
                'select dashboard.take_bot_event(%s, %s, %s)',
                (
                    str(uuid4()),
                    'waitlist.answered',
                    json.dumps({'command_id': offer['command']['id'], 'answer': answer}),
                ),
            )
    opened = waiting.ask('open_waiting_entry', entry=entry)
    assert (opened['entry']['offer']['answer'], opened['entry']['status']) == ('accepted', 'waiting')
    assert [(step['kind'], step['by']) for step in opened['actions']] == [('offered', 'admin'), ('accepted', None)]


def test_nothing_is_offered_to_those_who_do_not_wait_or_want_no_messages(waiting: WaitingSalon) -> None:
    tomorrow = waiting.salon.now + timedelta(days=1)
    with pytest.raises(psycopg.Error, match='status_does_not_fit'):
        waiting.act('offered', waiting.wish('expired'), offer_at=tomorrow, message='Подойдёт?')
    entry = waiting.wish()
    waiting.salon.insert('user_ltm_v2', tenant_id=waiting.salon.id, user_id=waiting.client, allow_notifications=False)
    with pytest.raises(psycopg.Error, match='opted_out'):
        waiting.act('offered', entry, offer_at=tomorrow, message='Подойдёт?')
    assert waiting.act('converted', entry)


def test_an_offer_is_not_sent_later_than_it_can_be_answered(waiting: WaitingSalon) -> None:
    entry = waiting.wish()
    until = waiting.salon.now + timedelta(hours=2)
    waiting.act('offered', entry, offer_at=until + timedelta(hours=1), offer_until=until, message='Подойдёт?')
    row = waiting.db.execute('select expires_at from dashboard.bot_commands where client_id = %s', (waiting.client,))
    assert row.fetchone() == (until,)


def test_an_offer_that_is_tried_again_keeps_the_time_by_which_it_is_answered(waiting: WaitingSalon) -> None:
    entry = waiting.wish()
    until = waiting.salon.now + timedelta(hours=2)
    waiting.act('offered', entry, offer_at=until + timedelta(hours=1), offer_until=until, message='Подойдёт?')
    command = waiting.fail(entry, 'waitlist.offer')
    again = waiting.ask('retry_command', key=str(uuid4()), command=command)['command']
    assert again != str(command)
    row = waiting.db.execute('select expires_at from dashboard.bot_commands where id = %s', (again,))
    assert row.fetchone() == (until,)


def test_an_offer_that_reached_nobody_or_was_overtaken_stands_in_no_ones_way(waiting: WaitingSalon) -> None:
    entry = waiting.wish()
    tomorrow = waiting.salon.now + timedelta(days=1)
    waiting.act('offered', entry, offer_at=tomorrow, message='Подойдёт?')
    waiting.fail(entry, 'waitlist.offer')
    today = waiting.salon.today
    assert waiting.ask('waiting_list_figures', first_day=today, last_day=today)['offered'] == 0
    assert waiting.act('offered', entry, offer_at=tomorrow, message='Ещё раз?')
    waiting.act('cancelled', entry, note='x')
    waiting.act('reopened', entry)
    assert waiting.entry(entry)['offer'] is None
    assert waiting.act('offered', entry, offer_at=tomorrow, message='И снова?')


@pytest.mark.parametrize('case', ['decided since', 'too late', 'opted out'])
def test_a_command_that_was_overtaken_is_not_sent_again(waiting: WaitingSalon, case: str) -> None:
    entry = waiting.wish()
    if case == 'decided since':
        waiting.act('converted', entry)
        command = waiting.fail(entry, 'waitlist.converted')
        waiting.act('reopened', entry)
    else:
        waiting.act('offered', entry, offer_at=waiting.salon.now + timedelta(days=1), message='Подойдёт?')
        command = waiting.fail(entry, 'waitlist.offer')
    if case == 'too late':
        change = """update dashboard.bot_commands set status = 'dead', data = data || '{"offer_until": "2026-01-01"}'"""
        waiting.db.execute(f'{change} where id = %s'.encode(), (command,))
    if case == 'opted out':
        waiting.db.execute("update dashboard.bot_commands set status = 'dead' where id = %s", (command,))
        waiting.salon.insert(
            'user_ltm_v2', tenant_id=waiting.salon.id, user_id=waiting.client, allow_notifications=False
        )
    with pytest.raises(psycopg.Error, match='opted_out' if case == 'opted out' else 'outdated') as failure:
        waiting.ask('retry_command', key=str(uuid4()), command=command)
    assert failure.value.sqlstate == 'PT409'


def test_an_act_is_audited_with_its_figures(waiting: WaitingSalon) -> None:
    entry, key = waiting.wish(), str(uuid4())
    waiting.act('converted', entry, amount='2500', note='по телефону', key=key)
    row = waiting.db.execute(
        'select action, user_id, description, metadata from dashboard.audits where key = %s', (key,)
    ).fetchone()
    assert row == (
        'waitlist_converted',
        waiting.people['admin'],
        'по телефону',
        {'entries': [entry], 'amount': 2500, 'currency': 'RUB'},
    )


@pytest.mark.parametrize('claims', [
    {'app_role': 'staff', 'sub': '999999'}, {'app_role': 'system'}, {}, {'app_role': 'super_admin', 'sub': '1'},
])  # fmt: skip
def test_who_is_not_of_the_salon_does_nothing(waiting: WaitingSalon, claims: dict[str, str]) -> None:
    entry = waiting.wish()
    with pytest.raises(psycopg.Error) as failure, waiting.as_role(tenant_id=waiting.salon.id, **claims) as db:
        db.execute(
            "select dashboard.act_on_waiting_list(gen_random_uuid(), 'noted', %s, array['0:pending'], note => 'x')",
            ([entry],),
        )
    assert failure.value.sqlstate == 'PT403'


def test_who_was_switched_off_meanwhile_does_nothing_more(waiting: WaitingSalon) -> None:
    entry = waiting.wish()
    waiting.db.execute('update dashboard.users set active = false where id = %s', (waiting.people['staff'],))
    with pytest.raises(psycopg.Error) as failure:
        waiting.act('noted', entry, note='x', role='staff')
    assert failure.value.sqlstate == 'PT403'
