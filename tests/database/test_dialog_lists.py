"""Lists of dialogs: the rows behind a number are as many as the number says, by every filter and on every page."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import combinations
from typing import Any, LiteralString
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from models import Channel, DropOff, Figure, Intent, Sentiment, Status
from tests.conftest import Connection
from tests.database.conftest import Ask, MakeSalon
from tests.database.odd_salon import OddSalon
from tests.database.plain_sql import PlainFigures

# Figures of the overview that are not in `figures` under their own name.
ELSEWHERE = {Figure.REVENUE: 'paid_bookings'}


@pytest.fixture
def filled(make_salon: MakeSalon) -> OddSalon:
    salon = make_salon(zone='Asia/Vladivostok', seed=31)
    salon.fill(dialogs=200)
    salon.db.execute('analyze public.conversation_sessions_v2, public.recent_history_v2')
    return salon


def listed(ask: Ask, salon: OddSalon, page_size: int = 7, **query: Any) -> list[dict[str, Any]]:
    """The rows of all pages, the active ones first."""
    page = ask(salon, 'page_of_dialogs', page_size=page_size, **query)
    rows: list[dict[str, Any]] = page['active'] + page['rows']
    while page['next']:
        key = {'after_started': page['next']['started_at'], 'after_id': page['next']['archive_id']}
        page = ask(salon, 'page_of_dialogs', page_size=page_size, **key, **query)
        assert page['active'] == []
        assert len(page['rows']) <= page_size
        rows += page['rows']
    return rows


def assert_shows(ask: Ask, salon: OddSalon, number: int, **query: Any) -> None:
    """The filter counts `number` dialogs, and its pages hold exactly that many, in order, each once."""
    assert ask(salon, 'count_dialogs', **query) == {'rows': number, 'is_exact': True}, query
    rows = listed(ask, salon, page_size=40, **query)
    keys = [(row['archive_id'], row['session_id']) for row in rows]
    assert len(keys) == len(set(keys)) == number, query
    active = [row['last_activity_at'] for row in rows if row['is_active']]
    archived = [(row['started_at'], row['archive_id']) for row in rows if not row['is_active']]
    assert active == sorted(active, reverse=True)
    assert archived == sorted(archived, reverse=True)


def period(salon: OddSalon, days: int = 90) -> dict[str, date]:
    return {'first_day': salon.today - timedelta(days=days - 1), 'last_day': salon.today}


# --- the rows behind a number


@pytest.mark.parametrize('figure', Figure)
@pytest.mark.parametrize('is_stored', [False, True])
def test_a_figure_opens_as_many_dialogs_as_it_says(filled: OddSalon, ask: Ask, figure: Figure, is_stored: bool) -> None:
    if is_stored:
        filled.collect()
    overview = ask(filled, 'overview', **period(filled))
    steps = {step['figure']: step['dialogs'] for step in overview['funnel']}
    numbers = (
        overview['figures'] | steps | {'not_booked': overview['figures']['dialogs'] - overview['figures']['bookings']}
    )
    if figure is Figure.OTHER_CURRENCY:
        plain = PlainFigures(filled.db, filled.id, filled.zone, filled.currency)
        numbers['other_currency'] = foreign(plain, **period(filled))
    assert numbers[ELSEWHERE.get(figure, figure)] > 0
    assert_shows(ask, filled, numbers[ELSEWHERE.get(figure, figure)], figure=figure, **period(filled))


def foreign(plain: PlainFigures, first_day: date, last_day: date) -> int:
    """How many bookings carry an amount in another currency and are not cancelled."""
    row = plain.db.execute(
        'select count(*) from plain_dialog where is_booking and amount is not null and currency <> %s'
        " and booking_status is distinct from 'cancelled' and day between %s and %s",
        (plain.values['currency'], first_day, last_day),
    ).fetchone()
    assert row
    return int(row[0])


def test_each_days_figures_open_that_days_dialogs(filled: OddSalon, ask: Ask) -> None:
    for row in ask(filled, 'overview', **period(filled, 12))['days']:
        day = {'first_day': row['day'], 'last_day': row['day']}
        assert_shows(ask, filled, row['dialogs'], **day)
        assert_shows(ask, filled, row['bookings'], figure='bookings', **day)


@pytest.mark.parametrize(('table', 'name'), [('services', 'service'), ('staff', 'staff')])
def test_each_row_of_a_table_opens_its_bookings(filled: OddSalon, ask: Ask, table: str, name: str) -> None:
    filled.every_combination(filled.today - timedelta(days=50), days=25)
    rows = ask(filled, 'overview', **period(filled))[table]
    assert {row['key'] for row in rows} >= {''}
    for row in rows:
        assert_shows(ask, filled, row['bookings'], figure='bookings', **{name: row['key']}, **period(filled))


def test_each_cell_of_the_map_opens_its_dialogs_and_bookings(filled: OddSalon, ask: Ask) -> None:
    for cell in ask(filled, 'overview', **period(filled, 30))['hours']:
        place = {'hour': cell['hour'], 'weekday': cell['weekday'], **period(filled, 30)}
        assert ask(filled, 'count_dialogs', **place)['rows'] == cell['dialogs']
        assert ask(filled, 'count_dialogs', figure='bookings', **place)['rows'] == cell['bookings']


def test_a_key_with_odd_blanks_is_the_same_in_the_pages_address(salon: OddSalon, ask: Ask) -> None:
    client = salon.client()
    for name in ('Стрижка  и\u00a0укладка', ' Стрижка\tи укладка\u2003', 'Стрижка\nи укладка'):
        salon.archive(
            client, salon.ago(days=2), booking_id=name, meta={'services_mentioned': [name], 'staff_name': name}
        )
    overview = ask(salon, 'overview', **period(salon))
    for table, name in (('services', 'service'), ('staff', 'staff')):
        assert [(row['key'], row['bookings']) for row in overview[table]] == [('Стрижка и укладка', 3)]
        assert_shows(ask, salon, 3, figure='bookings', **{name: 'Стрижка и укладка'})


@pytest.mark.parametrize(
    'name', ["O'Нил", '50% скидка', 'a\\b', '"кавычки"', '{"id": 1}', '#', '№ 5', "'; --", '💅', '%s']
)
def test_a_hostile_name_of_a_service_opens_its_bookings(salon: OddSalon, ask: Ask, name: str) -> None:
    meta = {'services_mentioned': [name], 'staff_name': name}
    salon.archive(salon.client(), salon.ago(days=2), booking_id='1', meta=meta)
    overview = ask(salon, 'overview', **period(salon))
    assert_shows(ask, salon, 1, figure='bookings', service=overview['services'][0]['key'])
    assert_shows(ask, salon, 1, figure='bookings', staff=overview['staff'][0]['key'])


def test_an_unknown_figure_is_refused(salon: OddSalon, ask: Ask) -> None:
    with pytest.raises(psycopg.Error) as refused:
        ask(salon, 'count_dialogs', figure='profit')
    assert refused.value.sqlstate == 'PT400'


# --- filters, alone and in pairs, against plain SQL

PLAIN_FILTERS: dict[str, LiteralString] = {
    'status': "case final_status when 'dropped' then 'abandoned' else final_status end = %(status)s",
    'intent': "coalesce(case final_intent when 'canceled' then 'cancel' else final_intent end, 'none') = %(intent)s",
    'channel': "case when channel in ('telegram', 'whatsapp') then channel else 'unknown' end = %(channel)s",
    'drop_off': "meta ->> 'drop_off_stage' = %(drop_off)s",
    'sentiment': "meta ->> 'sentiment' = %(sentiment)s",
    'hour': 'hour = %(hour)s',
    'weekday': 'weekday = %(weekday)s',
    'first_day': 'day >= %(first_day)s',
    'last_day': 'day <= %(last_day)s',
    'client': 'user_id = %(client)s',
}


def every_filter(salon: OddSalon) -> Iterator[tuple[str, Any]]:
    yield from (('status', value) for value in Status)
    yield from (('intent', value) for value in Intent)
    yield from (('channel', value) for value in Channel)
    yield from (('drop_off', value) for value in (*DropOff, 'price_question'))
    yield from (('sentiment', value) for value in Sentiment)
    yield from (('hour', value) for value in (0, 11, 23))
    yield from (('weekday', value) for value in (1, 7))
    yield 'first_day', salon.today - timedelta(days=60)
    yield 'last_day', salon.today - timedelta(days=20)
    row = salon.db.execute('select user_id from public.active_sessions_v2 where tenant_id = %s limit 1', (salon.id,))
    yield 'client', (row.fetchone() or ('',))[0]


def by_plain_sql(db: Connection, query: dict[str, Any]) -> int:
    """Of how many dialogs plain SQL says the same; an active one's channel is that of its last message."""
    db.execute(
        'update plain_dialog d set channel = (select m.channel from public.recent_history_v2 m'
        ' where m.session_id = d.session_id order by created_at desc, id desc limit 1) where is_active'
    )
    conditions = sql.SQL(' and ').join(sql.SQL('({})').format(sql.SQL(PLAIN_FILTERS[name])) for name in query)
    row = db.execute(sql.SQL('select count(*) from plain_dialog where {}').format(conditions), query).fetchone()
    assert row
    return int(row[0])


def test_every_filter_shows_what_plain_sql_says(filled: OddSalon, ask: Ask) -> None:
    PlainFigures(filled.db, filled.id, filled.zone, filled.currency)
    numbers = []
    for name, value in every_filter(filled):
        numbers.append(by_plain_sql(filled.db, {name: value}))
        assert_shows(ask, filled, numbers[-1], **{name: value})
    assert all(numbers)


def test_every_pair_of_filters_shows_what_plain_sql_says(filled: OddSalon, ask: Ask) -> None:
    PlainFigures(filled.db, filled.id, filled.zone, filled.currency)
    found = 0
    for (one, first), (other, second) in combinations(every_filter(filled), 2):
        if one != other:
            query = {one: first, other: second}
            number = by_plain_sql(filled.db, query)
            found += number > 0
            assert ask(filled, 'count_dialogs', **query)['rows'] == number, query
    assert found > 200


@pytest.mark.parametrize('figure', Figure)
def test_figures_combine_with_other_filters(filled: OddSalon, ask: Ask, figure: Figure) -> None:
    behind = listed(ask, filled, page_size=500, figure=figure, **period(filled))
    for name, value in (('status', 'done'), ('intent', 'booking'), ('sentiment', 'positive')):
        number = sum(row[name] == value for row in behind)
        assert_shows(ask, filled, number, figure=figure, **{name: value}, **period(filled))


# --- paging


def test_pages_follow_each_other_without_a_gap_or_a_repeat(filled: OddSalon, ask: Ask) -> None:
    rows = [row for row in listed(ask, filled, page_size=7) if not row['is_active']]
    plain = filled.db.execute(
        'select id from public.conversation_sessions_v2 where tenant_id = %s order by started_at desc, id desc',
        (filled.id,),
    ).fetchall()
    assert [(row['archive_id'],) for row in rows] == plain


def test_dialogs_that_begin_at_the_same_moment_are_not_lost_between_pages(salon: OddSalon, ask: Ask) -> None:
    client, at = salon.client(), salon.ago(days=1)
    for _ in range(12):
        salon.archive(client, at)
    assert_shows(ask, salon, 12)
    assert len({row['session_id'] for row in listed(ask, salon, page_size=5)}) == 12


def test_new_rows_do_not_move_the_pages_that_follow(filled: OddSalon, ask: Ask) -> None:
    undisturbed = [row['archive_id'] for row in listed(ask, filled, page_size=20)[5:] if row['archive_id']]
    page = ask(filled, 'page_of_dialogs', page_size=20)
    seen = [row['archive_id'] for row in page['rows']]
    while page['next']:
        filled.archive(filled.client(), filled.now)
        key = {'after_started': page['next']['started_at'], 'after_id': page['next']['archive_id']}
        page = ask(filled, 'page_of_dialogs', page_size=20, **key)
        seen += [row['archive_id'] for row in page['rows']]
    assert len(seen) == len(set(seen))
    assert seen[-len(undisturbed) :] == undisturbed


def test_all_dialogs_that_go_on_stand_on_the_first_page(salon: OddSalon, ask: Ask) -> None:
    for minutes in range(230):
        salon.active(salon.client(), salon.ago(minutes=minutes))
    assert_shows(ask, salon, 230)


@pytest.mark.parametrize(('asked', 'given'), [(-5, 1), (0, 1), (100_000, 60)])
def test_the_size_of_a_page_has_bounds(salon: OddSalon, ask: Ask, asked: int, given: int) -> None:
    client = salon.client()
    for hours in range(60):
        salon.archive(client, salon.ago(hours=hours + 1))
    assert len(ask(salon, 'page_of_dialogs', page_size=asked)['rows']) == given


@pytest.mark.parametrize('query', [{}, {'figure': 'not_booked'}, {'status': 'auto_closed'}])
def test_more_than_ten_thousand_are_estimated_and_said_to_be(salon: OddSalon, ask: Ask, query: dict[str, str]) -> None:
    salon.db.execute(
        'insert into public.conversation_sessions_v2'
        ' (session_id, tenant_id, user_id, channel, started_at, final_status)'
        " select gen_random_uuid(), %s, %s, 'telegram', now() - n * interval '1 minute', 'auto_closed'"
        ' from generate_series(1, 12000) n',
        (salon.id, salon.client()),
    )
    salon.db.execute('analyze public.conversation_sessions_v2')
    count = ask(salon, 'count_dialogs', **query)
    assert not count['is_exact']
    assert 10_001 <= count['rows'] <= 14_000
    assert len(ask(salon, 'page_of_dialogs', **query)['rows']) == 30


def test_exactly_ten_thousand_are_counted(salon: OddSalon, ask: Ask) -> None:
    salon.db.execute(
        'insert into public.conversation_sessions_v2'
        ' (session_id, tenant_id, user_id, channel, started_at, final_status)'
        " select gen_random_uuid(), %s, %s, 'telegram', now() - n * interval '1 minute', 'done'"
        ' from generate_series(1, 10000) n',
        (salon.id, salon.client()),
    )
    assert ask(salon, 'count_dialogs') == {'rows': 10_000, 'is_exact': True}


# --- rows that are odd or broken

BROKEN: tuple[Any, ...] = (
    {'drop_off_stage': {'a': 1}, 'sentiment': [1], 'services_mentioned': {'x': [None]}, 'staff_name': ['Аня']},
    {'drop_off_stage': 5, 'sentiment': 0, 'services_selected': [[[]]], 'staff_id': {'id': 1}},
    {'services_mentioned': [None, True, 1.5, {'id': None}, {'id': {'deep': 1}}], 'staff_name': True},
    {'services_mentioned': '', 'services_selected': '', 'staff_name': '', 'drop_off_stage': ''},
    {'services_selected': [10**30, -1, 1e300], 'selected_datetime': 'вчера', 'analyzed_at': 0},
)


@pytest.mark.parametrize('meta', BROKEN)
def test_a_broken_row_never_breaks_a_list(salon: OddSalon, ask: Ask, meta: Any) -> None:
    session = salon.archive(
        salon.client(full_name=' ', phone=''), salon.ago(days=1), meta=meta, booking_id='', booking_amount='NaN',
        booking_currency=' ', final_status=' DONE ', final_intent='', channel='', ended_at=salon.ago(days=9),
        duration_sec=-2_000_000_000,
    )  # fmt: skip
    assert salon.collect(salon.today - timedelta(days=3)) == 3
    assert ask(salon, 'overview', **period(salon))['figures']['revenue'] == 0
    assert_shows(ask, salon, 1, status='done')
    assert ask(salon, 'open_dialog', session=session)['dialog']['amount'] is None


def test_a_meta_that_is_no_object_breaks_nothing(salon: OddSalon, ask: Ask) -> None:
    for text in ('[]', '5', '"text"', 'null', '["services_mentioned"]'):
        session = salon.archive(salon.client(), salon.ago(days=1), booking_id=text)
        salon.db.execute('update public.conversation_sessions_v2 set meta = %s where session_id = %s', (text, session))
    assert_shows(ask, salon, 5, service='', staff='')
    assert ask(salon, 'overview', **period(salon))['services'][0]['bookings'] == 5


# --- search


@pytest.fixture
def known(salon: OddSalon) -> OddSalon:
    """A salon with a few clients to be found by name, phone and words."""
    names = ('Алёна Королёва', 'Алена Смирнова', 'Анна-Мария Шульц', 'Пётр Ёлкин', "Жанна д'Арк", 'ЗИНАИДА')
    phones = (
        '+7 999 123-45-67',
        '89991234568',
        '79991234569',
        '8 (912) 000-11-22',
        '+375 29 111-22-33',
        '4012 55-66-77',
    )
    for n, (name, phone) in enumerate(zip(names, phones, strict=True)):
        client = salon.client(full_name=name, phone=phone)
        session = salon.archive(client, salon.ago(days=n + 1))
        salon.say(client, session, 'user', salon.ago(days=n + 1), f'Хочу записаться на процедуру номер {n}')
    client = salon.client(full_name=None, whatsapp_id='79261112233@c.us')
    session = salon.archive(client, salon.ago(days=20))
    salon.say(client, None, 'user', salon.ago(days=20), 'Нарощенные ресницы и чёрный лак, 100% красота')
    return salon


def found(ask: Ask, salon: OddSalon, search: str) -> set[str]:
    rows = listed(ask, salon, search=search)
    assert ask(salon, 'count_dialogs', search=search)['rows'] == len(rows)
    return {row['client_name'] or row['client_phone'] for row in rows}


@pytest.mark.parametrize(('search', 'names'), [
    ('алена', {'Алёна Королёва', 'Алена Смирнова'}), ('АЛЁНА', {'Алёна Королёва', 'Алена Смирнова'}),
    ('королев', {'Алёна Королёва'}), ('алена коро', {'Алёна Королёва'}), ('коро алё', {'Алёна Королёва'}),
    ('ролева', set()), ('мария', {'Анна-Мария Шульц'}), ('анна-мария', {'Анна-Мария Шульц'}), ('елк', {'Пётр Ёлкин'}),
    ("д'арк", {"Жанна д'Арк"}), ('зин', {'ЗИНАИДА'}), ('  анна   ', {'Анна-Мария Шульц'}), ('анна смирнова', set()),
])  # fmt: skip
def test_names_are_found_by_the_beginnings_of_their_words(
    known: OddSalon, ask: Ask, search: str, names: set[str]
) -> None:
    assert found(ask, known, search) == names


@pytest.mark.parametrize(('search', 'names'), [
    *((form, {'Алёна Королёва'}) for form in (
        '+7 999 123-45-67', '89991234567', '79991234567', '9991234567', '8 (999) 123 45 67', '4567', '123-45-67')),
    *((form, {'Алёна Королёва', 'Алена Смирнова', 'Анна-Мария Шульц'}) for form in (
        '+7 999', '89991', '8 999 123', '7999123', '999123', '+7 (999) 123')),
    ('8-912-000', {'Пётр Ёлкин'}), ('1122', {'Пётр Ёлкин'}), ('375291112233', {"Жанна д'Арк"}), ('556677', {'ЗИНАИДА'}),
    ('+7 926 111', {'79261112233@c.us'}), ('0000', set()), ('+7 999 123-45-60', set()),
])  # fmt: skip
def test_phones_are_found_in_any_notation(known: OddSalon, ask: Ask, search: str, names: set[str]) -> None:
    assert found(ask, known, search) == names


@pytest.mark.parametrize('search', ['ресница', 'РЕСНИЦАМ', 'нарощенных', 'черный', 'чёрного', 'лаком', '"черный лак"',
                                    'ресницы лак', '100% красота', 'красоте'])  # fmt: skip
def test_words_are_found_in_other_forms(known: OddSalon, ask: Ask, search: str) -> None:
    assert found(ask, known, search) == {'79261112233@c.us'}


def test_words_of_another_salon_are_not_found(known: OddSalon, make_salon: MakeSalon, ask: Ask) -> None:
    other = make_salon(seed=2)
    client = other.client(full_name='Алёна Чужая', phone='+7 999 123-45-67')
    session = other.archive(client, other.ago(days=1))
    other.say(client, session, 'user', other.ago(days=1), 'нарощенные ресницы')
    for search in ('алена', '4567', 'ресницы'):
        assert 'Алёна Чужая' not in found(ask, known, search)
        assert found(ask, other, search) == {'Алёна Чужая'}


HOSTILE = (
    "'", '"', '""', "''; drop table dashboard.users; --", '& | ! : *', '!', '!!', ':*', '%', '%%', '_', '\\', '\\\\',
    '\\%', '<->', '( ) (', '!(a', 'а' * 200, ' '.join(['слово'] * 33), '...', '—', '?', '💅💇', '💅 маникюр', '-', '--',
    '-маникюр', 'or', 'or or', 'and', '1', '12', '+', '+7', '++++', '0' * 200, '$1', '%s', '%L', '{}', '\t\n', '\u202e',
    '', 'ё', 'Ё!', "к'к", "'к':*", 'http://a.b/c?d=e', 'a@b.c', '1e999', '٣٤٥٦', '\ufeff', 'и в на',
)  # fmt: skip


@pytest.mark.parametrize('search', HOSTILE)
def test_a_hostile_search_finds_little_and_breaks_nothing(known: OddSalon, ask: Ask, search: str) -> None:
    found(ask, known, search)


# --- one dialog and its messages


def texts(answer: dict[str, Any]) -> list[str]:
    return [message['text'] for message in answer['messages']]


def test_an_unknown_dialog_and_another_salons_dialog_look_the_same(
    salon: OddSalon, make_salon: MakeSalon, ask: Ask
) -> None:
    other = make_salon(seed=2)
    theirs = other.archive(other.client(), other.ago(days=1))
    for session in (theirs, other.active(other.client(), other.ago(hours=1)), str(uuid4())):
        assert ask(salon, 'open_dialog', session=session) is None
        assert ask(salon, 'dialog_messages', session=session) is None
    assert ask(other, 'open_dialog', session=theirs)['dialog']['session_id'] == theirs


def test_every_message_belongs_to_the_dialog_that_plain_sql_says(filled: OddSalon, ask: Ask) -> None:
    PlainFigures(filled.db, filled.id, filled.zone, filled.currency)
    rows = filled.db.execute(
        'select session_id::text, array_agg(m.id order by m.created_at, m.id) filter (where m.id is not null)'
        ' from plain_dialog left join plain_message m using (session_id) group by 1'
    ).fetchall()
    shown: list[int] = []
    for session, messages in rows:
        answer = ask(filled, 'dialog_messages', session=session, page_size=500)
        assert [message['id'] for message in answer['messages']] == (messages or [])
        shown += messages or []
    assert len(shown) == len(set(shown)) > 500


def test_messages_without_a_session_are_found_by_client_and_span(salon: OddSalon, ask: Ask) -> None:
    client, started = salon.client(), salon.ago(days=3)
    session = salon.archive(client, started)
    for minutes, text in ((-1, 'до'), (0, 'начало'), (10, 'конец'), (11, 'после')):
        salon.say(client, None, 'user', started + timedelta(minutes=minutes), text)
    salon.say(salon.client(), None, 'user', started, 'чужое')
    assert texts(ask(salon, 'open_dialog', session=session)) == ['начало', 'конец']


@pytest.mark.parametrize('is_linked', [True, False])
def test_older_and_newer_messages_come_by_key(salon: OddSalon, ask: Ask, is_linked: bool) -> None:
    client, started = salon.client(), salon.ago(days=3)
    session = salon.archive(client, started)
    for n in range(25):
        salon.say(client, session if is_linked else None, 'user', started + timedelta(seconds=n // 3), str(n))
    answer = ask(salon, 'dialog_messages', session=session, page_size=10)
    seen = texts(answer)
    while answer['has_older']:
        key = {'before_at': answer['messages'][0]['created_at'], 'before_id': answer['messages'][0]['id']}
        answer = ask(salon, 'dialog_messages', session=session, page_size=10, **key)
        seen = texts(answer) + seen
    assert seen == [str(n) for n in range(25)]
    key = {'after_at': answer['messages'][-1]['created_at'], 'after_id': answer['messages'][-1]['id']}
    assert (
        texts(ask(salon, 'dialog_messages', session=session, page_size=100, **key)) == seen[len(answer['messages']) :]
    )


def test_a_dialog_that_is_archived_while_it_still_looks_active_is_shown_once_as_archived(
    salon: OddSalon, ask: Ask
) -> None:
    client, started = salon.client(), salon.ago(hours=3)
    session = salon.archive(client, started)
    salon.active(client, started, session_id=session)
    salon.say(client, session, 'user', started, 'привет')
    assert_shows(ask, salon, 1)
    answer = ask(salon, 'open_dialog', session=session)
    assert not answer['dialog']['is_active']
    assert texts(answer) == ['привет']


def test_a_clients_other_dialogs_are_counted_and_the_newest_listed(salon: OddSalon, ask: Ask) -> None:
    client = salon.client()
    sessions = [salon.archive(client, salon.ago(days=days)) for days in range(1, 15)]
    going_on = salon.active(client, salon.ago(minutes=5))
    answer = ask(salon, 'open_dialog', session=sessions[3])
    assert answer['others_count'] == 14
    assert [row['session_id'] for row in answer['others']] == [going_on, *sessions[:3], *sessions[4:10]]


def test_a_repeated_booking_says_that_it_counts_elsewhere(salon: OddSalon, ask: Ask) -> None:
    client = salon.client()
    later = salon.archive(client, salon.ago(days=1), booking_id='7', booking_amount=100)
    first = salon.archive(client, salon.ago(days=3), booking_id='7', booking_amount=100)
    shown = [ask(salon, 'open_dialog', session=session) for session in (first, later)]
    assert [answer['counted_elsewhere'] for answer in shown] == [False, True]
    assert [answer['dialog']['is_booked'] for answer in shown] == [True, False]


def test_an_id_of_a_service_is_shown_with_the_title_that_a_wish_names(salon: OddSalon, ask: Ask) -> None:
    client = salon.client()
    meta = {'services_selected': [12, 99], 'staff_id': 7}
    salon.archive(client, salon.ago(days=1), booking_id='1', meta=meta)
    wish = {'tenant_id': salon.id, 'user_id': client, 'item_type': 'slot', 'item_id': '1'}
    salon.insert('wishlist_v2', **wish, meta={'service_id': 12, 'service_title': ' Маникюр ', 'staff_id': '7'})
    salon.insert(
        'wishlist_v2', **wish, meta={'service_id': '12', 'service_title': '', 'staff_id': 7, 'staff_name': 'Ира'}
    )
    (row,) = listed(ask, salon)
    assert (row['services'], row['staff']) == (['Маникюр · № 12', '#99'], 'Ира · № 7')
