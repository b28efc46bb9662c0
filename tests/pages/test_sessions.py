"""The dialogs: what the address asks for is what is listed, and whatever the bot and its clients wrote can be read."""

import asyncio
import re
from typing import Any
from urllib.parse import quote

import pytest

from components.chat_viewer import ChatViewer
from components.dialog_list import DialogList
from components.filters import FilterBar
from components.period_picker import PeriodPicker
from data import Data
from devstack.demo.salons import SALON_B
from live import feed
from models import DialogQuery, Status
from pages.sessions import SessionsView
from tests.pages.conftest import PASSWORD, SmallSalon
from tests.simulated import Dashboard, Person, is_shown, tell, until

NOT_HERE = 'Здесь ничего нет, или это относится к другому салону.'
NOT_LOADED = 'Не удалось загрузить'
NO_ANSWER = 'Хранилище данных не отвечает. Ничего не потеряно: страница восстановится сама.'


def view_of(person: Person) -> SessionsView:
    assert isinstance(person.view, SessionsView)
    return person.view


def rows(person: Person) -> list[dict[str, Any]]:
    return list(person.one(DialogList)._props.get('rows', []))


def messages(person: Person) -> list[str]:
    """The texts of the open dialog, as the browser gets them."""
    return [row['text'] for row in person.one(ChatViewer)._props['messages']]


async def owner_of(dashboard: Dashboard, salon: SmallSalon, path: str = '/sessions') -> Person:
    person = await dashboard.signed_in(salon.email, path, password=PASSWORD)
    await until(lambda: feed.state == 'live')
    return person


async def opens(person: Person, path: str) -> None:
    """Open a dialog, and wait for its messages."""
    await person.go(path)
    await until(lambda: person.all(ChatViewer))


# --- filters

FILTERS = [
    'status=done', 'status=active', 'status=abandoned', 'intent=booking', 'intent=none', 'channel=whatsapp',
    'figure=bookings&period=30d', 'figure=cancelled', 'figure=new_clients&period=7d', 'drop_off=time_selection',
    'sentiment=negative', 'service=', 'staff=', 'hour=12', 'weekday=7', 'search=маникюр', 'period=yesterday',
    'from=2026-11-01&to=2026-11-05&status=done', 'status=done&intent=booking&channel=telegram&period=90d',
]  # fmt: skip


async def test_the_address_says_what_is_listed(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('owner', '/sessions')
    for params in FILTERS:
        await person.go(f'/sessions?{params}')
        view = view_of(person)
        assert not view.error
        assert view.query.address() == f'/sessions?{quote_values(params)}'
        count = await Data(person.session).dialogs.count(view.query)
        assert view.count == count
        assert len(rows(person)) == min(count.rows, 30 + len(view.active)), params
        assert len(person.one(FilterBar)._props['chips']) == len(view.query.params()) - len(
            {'period', 'from', 'to', 'search'} & view.query.params().keys()
        )


def quote_values(params: str) -> str:
    """The parameters in the order and form in which the app writes them."""
    pairs = [pair.split('=') for pair in params.split('&')]
    order = ['period', 'from', 'to', 'search', 'status', 'intent', 'channel', 'figure', 'drop_off', 'sentiment']
    pairs.sort(key=lambda pair: order.index(pair[0]) if pair[0] in order else len(order))
    return '&'.join(f'{name}={quote(value)}' for name, value in pairs)


async def test_status_and_channel_of_the_rows_are_those_asked_for(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('owner', '/sessions?status=abandoned&channel=whatsapp')
    view = view_of(person)
    assert {(row.status, row.channel) for row in view.rows} == {('abandoned', 'whatsapp')}


async def test_what_is_not_understood_in_the_address_is_named_and_left_out(dashboard: Dashboard) -> None:
    wrong = (
        'status=sleeping&intent=%00&channel=fax&figure=everything&drop_off=x&sentiment=9&hour=24&weekday=0&client=me'
        '&search=&period=never'
    )
    person = await dashboard.signed_in('owner', f'/sessions?{wrong}&staff=')
    (note,) = re.findall(r'Непонятная часть адреса пропущена: (.*)\.', person.texts())
    assert set(note.split(', ')) == {'status', 'intent', 'channel', 'figure', 'drop_off', 'sentiment', 'hour',
                                     'weekday', 'client', 'search', 'period'}  # fmt: skip
    assert view_of(person).query.staff == ''
    assert person.one(PeriodPicker)._props['value'] == '30d'
    await person.go('/sessions')
    assert 'Непонятная' not in person.texts()


async def test_a_filter_is_written_into_the_address(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('owner', '/sessions?period=90d')
    tell(person.one(FilterBar), 'change', {'name': 'status', 'value': 'escalated'})
    await until(lambda: person.client.sub_pages_router.current_path == '/sessions?period=90d&status=escalated')
    await until(lambda: not person.is_moving)
    assert {row.status for row in view_of(person).rows} == {Status.ESCALATED}
    tell(person.one(FilterBar), 'clear')
    await until(lambda: person.client.sub_pages_router.current_path == '/sessions?period=90d')


async def test_nothing_found_says_so_and_offers_all(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('owner', '/sessions?search=абракадабра')
    await person.sees('Ничего не нашлось', '0 диалогов')
    assert not is_shown(person.one(DialogList))


async def test_an_empty_salon_says_what_will_appear(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    person = await owner_of(dashboard, small_salon)
    await person.sees('Диалогов пока нет')


# --- pages of the list


async def test_show_more_brings_every_dialog_once(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('owner', '/sessions')
    listed, view = person.one(DialogList), view_of(person)
    while listed._props['hasMore']:
        before = len(rows(person))
        tell(listed, 'more')
        tell(listed, 'more')
        await until(lambda before=before: len(rows(person)) > before)  # type: ignore[misc]
        await asyncio.sleep(0.05)
    keys = [(row.session_id, row.archive_id) for row in [*view.active, *view.rows]]
    assert len(keys) == len(set(keys)) == view.count.rows == len(rows(person))
    starts = [row.started_at for row in view.rows]
    assert starts == sorted(starts, reverse=True)


async def test_a_live_update_keeps_the_rows_that_more_brought(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('owner', '/sessions')
    tell(person.one(DialogList), 'more')
    await until(lambda: len(view_of(person).rows) == 60)
    read_at = view_of(person).read_at
    feed.publish('*')
    await until(lambda: view_of(person).read_at != read_at)
    assert len(view_of(person).rows) == 60


# --- search


PHONES = ['+7 912 345-67-89', '8 (912) 345 67 89', '79123456789', '912345', '6789', '+7912345']
WORDS = ['ёлкина', 'елк', 'Анна Ёлкина', 'педикюром', 'хочу педикюр']
ODD_SEARCHES = ["'", '"', '%', '\\', '<->', 'a & b | !c', ':*', '()', '💅', '🙂' * 60, '-', "x' or '1'='1"]


async def test_a_phone_is_found_in_any_notation(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    session = small_salon.archived(small_salon.client('Зоя', phone='+7 (912) 345-67-89'))
    small_salon.archived(small_salon.client('Яна', phone='+7 900 000-00-00'))
    person = await owner_of(dashboard, small_salon)
    for phone in PHONES:
        await person.go(f'/sessions?search={quote(phone)}')
        assert [row['key'] for row in rows(person)] == [session], phone


async def test_names_and_words_of_messages_are_found(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    client = small_salon.client('Анна Ёлкина')
    session = small_salon.archived(client)
    small_salon.says(client, session, 'Хочу на педикюр в субботу', ago='2 hours')
    small_salon.archived(small_salon.client('Другая'))
    person = await owner_of(dashboard, small_salon)
    for words in WORDS:
        await person.go(f'/sessions?search={quote(words)}')
        assert [row['key'] for row in rows(person)] == [session], words


async def test_no_search_breaks_the_page(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('owner', '/sessions')
    for text in ODD_SEARCHES:
        await person.go(f'/sessions?search={quote(text)}')
        assert view_of(person).error is None
        assert view_of(person).query.search == text


# --- one dialog


async def test_a_dialog_that_is_not_here_says_the_same_whatever_it_is(dashboard: Dashboard) -> None:
    theirs = dashboard.run(
        'select session_id::text from public.conversation_sessions_v2 where tenant_id = %s limit 1', SALON_B.id
    )[0][0]
    person = await dashboard.signed_in('owner', '/sessions')
    said = set()
    for key in (theirs, '00000000-0000-4000-8000-000000000000', 'no-uuid', '%00', 'a/b', "'; drop table x"):
        await person.open(f'/sessions/{key}')
        await person.sees(NOT_HERE)
        said.add(person.texts().replace(person.client.id, ''))
        assert not person.all(ChatViewer)
    assert len(said) == 1


async def test_a_dialog_has_an_address_of_its_own_and_keeps_the_filters(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('owner', '/sessions?status=done')
    row = rows(person)[0]
    assert re.fullmatch(r'/sessions/[0-9a-f-]{36}\?status=done', row['href'])
    await opens(person, row['href'])
    again = await dashboard.another_tab(person, row['href'])
    await until(lambda: again.all(ChatViewer))
    assert messages(again) == messages(person)
    assert again.one(DialogList)._props['selected'] == row['key']
    await again.go(view_of(again).list_address())
    assert view_of(again).panel.uuid is None
    assert not again.all(ChatViewer)


async def test_a_key_in_capitals_opens_the_same_dialog(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    client = small_salon.client()
    session = small_salon.active(client)
    small_salon.says(client, session, 'раз')
    person = await owner_of(dashboard, small_salon, f'/sessions/{session.upper()}')
    await until(lambda: person.all(ChatViewer))
    small_salon.says(client, session, 'два')
    await until(lambda: messages(person) == ['раз', 'два'])


async def test_messages_without_a_dialogs_key_are_found_by_client_and_time(
    dashboard: Dashboard, small_salon: SmallSalon
) -> None:
    client, other = small_salon.client('Старая'), small_salon.client('Чужая')
    session = small_salon.archived(client, ago='5 hours', lasted='1 hour')
    small_salon.says(client, None, 'до', ago='6 hours')
    small_salon.says(client, None, 'вопрос', ago='290 minutes')
    small_salon.says(client, None, 'ответ', role='assistant', ago='280 minutes')
    small_salon.says(other, None, 'не отсюда', ago='285 minutes')
    person = await owner_of(dashboard, small_salon)
    await opens(person, f'/sessions/{session}')
    assert messages(person) == ['вопрос', 'ответ']


HOSTILE = [
    '<b onmouseover=alert(1)>жирно</b>', '</script><script>alert(1)</script>', '\u202eсправа налево', 'я' * 20_000,
    '{{ 7 * 7 }}', '\U0001f469\u200d\U0001f467' * 50, '', ' \n\n ', '=1+1', "'; drop table x; --",
    '\ufeff\u200b', '${7*7}',
]  # fmt: skip


async def test_whatever_a_client_wrote_arrives_as_text(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    client = small_salon.client('<script>alert(2)</script>')
    session = small_salon.active(client)
    for text in HOSTILE:
        small_salon.says(client, session, text)
    person = await owner_of(dashboard, small_salon)
    await opens(person, f'/sessions/{session}')
    assert messages(person) == HOSTILE
    await person.sees('<script>alert(2)</script>')
    await person.open(f'/sessions/{session}')
    page = next(text for text in reversed(person.received) if '<html' in text[:500])
    assert '<script>alert(' not in page
    assert 'onmouseover=alert(1)>' not in page


async def test_a_dialog_grows_while_it_is_open(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    client = small_salon.client()
    session = small_salon.active(client)
    small_salon.says(client, session, 'Здравствуйте')
    person = await owner_of(dashboard, small_salon)
    await opens(person, f'/sessions/{session}')
    chat = person.one(ChatViewer)
    small_salon.says(client, session, 'Чем помочь?', role='assistant')
    small_salon.says(client, None, 'Маникюр, пожалуйста')
    await until(lambda: messages(person) == ['Здравствуйте', 'Чем помочь?', 'Маникюр, пожалуйста'])
    assert person.one(ChatViewer) is chat, 'the messages stay where they are'


async def test_older_messages_come_in_above(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    client = small_salon.client()
    session = small_salon.archived(client, ago='200 minutes', lasted='190 minutes')
    for number in range(150):
        small_salon.says(client, session, str(number), ago=f'{199 - number} minutes')
    person = await owner_of(dashboard, small_salon)
    await opens(person, f'/sessions/{session}')
    assert messages(person) == [str(number) for number in range(90, 150)]
    for first in (30, 0):
        tell(person.one(ChatViewer), 'older')
        await until(lambda first=first: messages(person)[0] == str(first))  # type: ignore[misc]
    assert messages(person) == [str(number) for number in range(150)]
    assert person.one(ChatViewer)._props['hasOlder'] is False


async def test_when_a_dialog_ends_its_outcome_appears(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    client = small_salon.client('Вера')
    session = small_salon.active(client)
    small_salon.says(client, session, 'Запишите меня')
    person = await owner_of(dashboard, small_salon)
    await opens(person, f'/sessions/{session}')
    await person.sees('идёт')
    with small_salon.db.transaction():
        small_salon.db.execute(
            'insert into public.conversation_sessions_v2 (session_id, tenant_id, user_id, channel, started_at,'
            " final_status, final_summary, booking_id) values (%s, %s, %s, 'telegram', now() - interval '1 minute',"
            " 'done', 'Записали на стрижку', 'b-1')",
            (session, small_salon.id, client),
        )
        small_salon.db.execute('delete from public.active_sessions_v2 where session_id = %s', (session,))
    await person.sees('Записали на стрижку', 'завершён')
    await until(lambda: [row['isActive'] for row in rows(person)] == [False])


# --- odd rows

ODD_METAS: list[Any] = [
    {'services_selected': 'x'}, {'services_selected': [None, 7, {'id': []}, [[]]]}, {'services_mentioned': {'a': 1}},
    {'staff_name': ['a'], 'staff_id': {'b': 2}}, {'drop_off_stage': {'x': 1}}, {'sentiment': ['y']}, [], [1, 'a'],
    {'drop_off_stage': 5, 'sentiment': True, 'staff_name': 12}, {'services_selected': ['я' * 5000]}, {'': ''},
]  # fmt: skip
ODD_COLUMNS: list[dict[str, Any]] = [
    {'final_status': ''}, {'final_status': 'exploded', 'final_intent': 'ПОЖЕЛАНИЕ', 'channel': 'голубь'},
    {'messages_count': -5, 'duration_sec': 2_000_000_000}, {'booking_id': 'b', 'booking_amount': 'NaN'},
    {'booking_id': 'c', 'booking_amount': '1e300', 'booking_currency': '💰'},
    {'booking_id': '', 'booking_amount': '-1'},
    {'booking_id': 'd', 'booking_datetime': 'infinity'}, {'booking_id': 'e', 'booking_datetime': '-infinity'},
    {'booking_id': 'f', 'booking_datetime': '20000-01-01'}, {'booking_id': 'g', 'booking_datetime': '0044-03-15 BC'},
    {'booking_id': 'h', 'booking_amount': '0.000000000000000000001', 'booking_currency': 'x' * 500},
    {'final_summary': '<i>итог</i>', 'booking_id': 'i', 'booking_status': 'maybe', 'booking_source': 'магия'},
]  # fmt: skip


async def test_odd_rows_never_break_a_list_a_dialog_or_the_overview(
    dashboard: Dashboard, small_salon: SmallSalon
) -> None:
    keys = [small_salon.archived(small_salon.client(None), meta=meta) for meta in ODD_METAS]
    keys += [small_salon.archived(small_salon.client(''), **columns) for columns in ODD_COLUMNS]
    small_salon.active(small_salon.client('x' * 3000), state_data=[1], entities=[None], current_step='', intent='???')
    person = await owner_of(dashboard, small_salon)
    assert view_of(person).error is None
    assert {row['key'] for row in rows(person)} > set(keys)
    for key in keys:
        await opens(person, f'/sessions/{key}')
        assert NOT_LOADED not in person.texts()
    await person.go('/?period=30d')
    assert person.view
    assert person.view.error is None


@pytest.mark.parametrize(
    'moment', ['infinity', '-infinity', '20000-01-01', '9999-12-31 23:59:59+00', '0001-01-01 00:00+00', '0044-03-15 BC']
)
async def test_a_moment_that_no_clock_shows_breaks_nothing(
    dashboard: Dashboard, small_salon: SmallSalon, moment: str
) -> None:
    session = small_salon.archived(small_salon.client('Вне времени'))
    client = small_salon.client('Обычная')
    usual = small_salon.archived(client)
    number = small_salon.says(client, usual, 'когда-то', ago='2 hours')
    small_salon.db.execute(
        'update public.conversation_sessions_v2 set ended_at = %s, created_at = %s where session_id = %s',
        (moment, moment, session),
    )
    small_salon.db.execute(
        'insert into public.recent_history_v2 (tenant_id, user_id, session_id, role, message, created_at)'
        " values (%s, %s, %s, 'user', 'вне времени', %s)",
        (small_salon.id, client, usual, moment),
    )
    person = await owner_of(dashboard, small_salon)
    assert {row['key'] for row in rows(person)} == {session, usual}
    for key in [session, usual]:
        await opens(person, f'/sessions/{key}')
        assert NOT_LOADED not in person.texts()
    assert number
    assert set(messages(person)) == {'когда-то', 'вне времени'}
    await person.go('/')
    assert person.view
    assert person.view.error is None


# --- without the data store


async def test_the_list_stays_with_its_time_while_the_store_is_away(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('owner', '/sessions')
    before = rows(person)
    with dashboard.stack.faults.active(api='unavailable', match='rpc/(page_of|count)'):
        feed.publish('*')
        await person.sees('Нет связи. Показаны данные на')
        assert rows(person) == before
        assert is_shown(person.one(DialogList))
    await until(lambda: 'Нет связи' not in person.texts())


async def test_one_filters_rows_never_stand_for_another(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('owner', '/sessions?status=done')
    with dashboard.stack.faults.active(api='unavailable', match='rpc/(page_of|count)'):
        await person.go('/sessions?status=active')
        await person.sees(NOT_LOADED, NO_ANSWER)
        assert not is_shown(person.one(DialogList))
    person.click('Попробовать ещё раз')
    await until(lambda: is_shown(person.one(DialogList)))
    assert {row['isActive'] for row in rows(person)} == {True}


async def test_a_dialog_that_cannot_be_read_yet_comes_by_itself(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('owner', '/sessions')
    with dashboard.stack.faults.active(api='unavailable', match='rpc/open_dialog'):
        await person.go(rows(person)[0]['href'])
        await person.sees(NO_ANSWER)
        assert is_shown(person.one(DialogList))
    await until(lambda: person.all(ChatViewer))
    assert NO_ANSWER not in person.texts()


async def test_rows_of_a_list_that_came_late_are_dropped(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('owner', '/sessions?status=done')
    view = view_of(person)
    with dashboard.stack.faults.active(api='slow', delay_ms=700, match='rpc/page_of'):
        late = asyncio.create_task(view.load())
        await asyncio.sleep(0.15)
        dashboard.stack.faults.clear()
        await person.go('/sessions?status=abandoned')
        await late
    assert {row.status for row in view.rows} == {'abandoned'}
    assert view.listed == DialogQuery(status=Status.ABANDONED)


async def test_messages_that_cannot_be_read_are_told_and_can_be_asked_for_again(
    dashboard: Dashboard, small_salon: SmallSalon
) -> None:
    client = small_salon.client()
    session = small_salon.archived(client, ago='200 minutes', lasted='190 minutes')
    for number in range(70):
        small_salon.says(client, session, str(number), ago=f'{199 - number} minutes')
    person = await owner_of(dashboard, small_salon)
    await opens(person, f'/sessions/{session}')
    with dashboard.stack.faults.active(api='unavailable', match='rpc/dialog_messages'):
        tell(person.one(ChatViewer), 'older')
        await until(lambda: person.user.notify.contains(NO_ANSWER))
    tell(person.one(ChatViewer), 'older')
    await until(lambda: len(messages(person)) == 70)


async def test_somebody_elses_dialogs_are_not_even_counted(dashboard: Dashboard) -> None:
    theirs = dashboard.run(
        'select user_id from public.conversation_sessions_v2 where tenant_id = %s limit 1', SALON_B.id
    )
    person = await dashboard.signed_in('owner', f'/sessions?client={theirs[0][0]}')
    await person.sees('0 диалогов')
