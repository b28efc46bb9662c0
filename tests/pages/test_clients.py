"""The clients: list, win-back and card as the owner, an employee and a stranger see them, and every act of theirs."""

import re
from typing import Any

import psycopg
import pytest
from nicegui import ui

from bot import bot
from components.client_list import ClientList
from components.dialog_list import DialogList
from components.filters import FilterBar
from components.form import Form
from components.native_select import NativeSelect
from devstack.demo.salons import SALON_A, SALON_B
from live import feed
from models import BotState, ClientKind, ClientQuery, ClientSort
from pages.clients import ClientsView
from tests.pages.conftest import PASSWORD, SmallSalon
from tests.simulated import Dashboard, Person, is_shown, tell, until

NOT_HERE = 'Здесь ничего нет, или это относится к другому салону.'


def view_of(person: Person) -> ClientsView:
    assert isinstance(person.view, ClientsView)
    return person.view


def rows(person: Person) -> list[dict[str, Any]]:
    return list(person.one(ClientList)._props['rows'])


async def owner_of(dashboard: Dashboard, salon: SmallSalon, path: str = '/clients') -> Person:
    person = await dashboard.signed_in(salon.email, path, password=PASSWORD)
    await until(lambda: feed.state == 'live')
    return person


def overdue_client(salon: SmallSalon, name: str = 'Анна') -> str:
    """A client who came twice, ten days apart, the last time thirty days ago."""
    client = salon.client(name, phone='+7 912 345-67-89')
    for days in (40, 30):
        salon.archived(client, ago=f'{days + 1} days', booking_id=f'{client}-{days}', booking_amount=2000,
                       meta={'staff_name': 'Инна'})  # fmt: skip
        salon.db.execute(
            'update public.conversation_sessions_v2 set booking_datetime = now() - make_interval(days => %s)'
            ' where booking_id = %s', (days, f'{client}-{days}'),
        )  # fmt: skip
    return client


def commands(salon: SmallSalon) -> list[tuple[Any, ...]]:
    return salon.db.execute(
        'select type, data, client_id::text from dashboard.bot_commands where tenant_id = %s order by number',
        (salon.id,),
    ).fetchall()


def type_text(person: Person, text: str) -> None:
    person.all(ui.textarea)[-1].value = text


def submit(person: Person) -> None:
    """Send the form that was opened last."""
    tell([element for element in person.all(ui.element) if element.tag == 'form'][-1], 'submit')


# --- list

ADDRESSES = [
    '', 'kind=new', 'kind=returning', 'kind=booked&sort=money', 'kind=never_booked&sort=name', 'kind=opted_out',
    'kind=overdue&sort=at_stake', 'channel=whatsapp&sort=visits', 'search=анна', 'kind=booked&channel=telegram',
]  # fmt: skip


async def test_the_address_says_what_is_listed(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('owner', '/clients')
    for params in ADDRESSES:
        await person.go(f'/clients?{params}')
        view = view_of(person)
        assert not view.error
        assert len(rows(person)) == min(view.count.rows, 30), params
        wanted = {name for name in ('kind', 'channel') if f'{name}=' in params}
        assert {chip['name'] for chip in person.one(FilterBar)._props['chips']} == wanted


async def test_what_is_not_understood_in_the_address_is_named(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('owner', '/clients?kind=x&channel=fax&sort=9&search=&staff=%00')
    (note,) = re.findall(r'Непонятная часть адреса пропущена: (.*)\.', person.texts())
    assert set(note.split(', ')) == {'kind', 'channel', 'sort', 'search', 'staff'}
    assert rows(person)


async def test_filters_and_order_are_written_into_the_address(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('owner', '/clients')
    router = person.client.sub_pages_router
    tell(person.one(FilterBar), 'change', {'name': 'kind', 'value': 'booked'})
    await until(lambda: router.current_path == '/clients?kind=booked')
    await until(lambda: not person.is_moving)
    tell(person.one(NativeSelect), 'choose', 'money')
    await until(lambda: router.current_path == '/clients?kind=booked&sort=money')
    await until(lambda: not person.is_moving)
    assert view_of(person).query.sort is ClientSort.MONEY
    amounts = [client.revenue for client in view_of(person).rows]
    assert amounts == sorted(amounts, reverse=True)
    tell(person.one(FilterBar), 'clear')
    await until(lambda: router.current_path == '/clients?sort=money')


async def test_the_favourite_specialists_can_be_chosen(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('owner', '/clients')
    lists = {item['name']: item for item in person.one(FilterBar)._props['lists']}
    key, name = lists['staff']['options'][0]
    tell(person.one(FilterBar), 'change', {'name': 'staff', 'value': key})
    await until(lambda: view_of(person).listed == ClientQuery(staff=key))
    assert {client.staff for client in view_of(person).rows} == {name}


async def test_show_more_brings_every_client_once(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('owner', '/clients?sort=name')
    listed, view = person.one(ClientList), view_of(person)
    while listed._props['hasMore']:
        before = len(rows(person))
        tell(listed, 'more')
        tell(listed, 'more')
        await until(lambda before=before: len(rows(person)) > before)  # type: ignore[misc]
    keys = [client.id for client in view.rows]
    assert len(keys) == len(set(keys)) == view.count.rows == len(rows(person))


async def test_a_live_update_keeps_the_rows_that_more_brought(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('owner', '/clients')
    tell(person.one(ClientList), 'more')
    await until(lambda: len(view_of(person).rows) == 60)
    read_at = view_of(person).read_at
    feed.publish('*')
    await until(lambda: view_of(person).read_at != read_at)
    assert len(view_of(person).rows) == 60


async def test_an_empty_salon_and_a_search_without_hits_say_so(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    person = await owner_of(dashboard, small_salon)
    await person.sees('Клиентов пока нет')
    await person.go('/clients?search=абракадабра')
    await person.sees('Никто не подошёл', '0 клиентов')
    await person.go('/clients?kind=overdue&sort=at_stake')
    await person.sees('Возвращать некого')
    assert not is_shown(person.one(ClientList))


async def test_a_new_client_appears_by_itself(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    person = await owner_of(dashboard, small_salon)
    small_salon.active(small_salon.client('Ульяна'))
    await until(lambda: [row['cells'][0]['text'] for row in rows(person)] == ['Ульяна'])


async def test_an_error_is_not_an_empty_list(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('owner', '/clients')
    with dashboard.stack.faults.active(api='unavailable', match='rpc/page_of_clients'):
        await person.go('/clients?kind=booked')
        await person.sees('Не удалось загрузить')
    person.click('Попробовать ещё раз')
    await until(lambda: is_shown(person.one(ClientList)))
    assert view_of(person).listed
    assert view_of(person).query.kind is ClientKind.BOOKED


# --- the card


async def test_a_client_that_is_not_here_says_the_same_whatever_it_is(dashboard: Dashboard) -> None:
    theirs = dashboard.run('select id::text from public.clients_v2 where tenant_id = %s limit 1', SALON_B.id)[0][0]
    person = await dashboard.signed_in('owner', '/clients')
    said = set()
    for key in (theirs, '00000000-0000-4000-8000-000000000000', 'no-uuid', '%00', 'a/b'):
        await person.open(f'/clients/{key}')
        await person.sees(NOT_HERE)
        said.add(person.texts().replace(person.client.id, ''))
    assert len(said) == 1


async def test_the_card_shows_bookings_beside_memory(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    client = overdue_client(small_salon)
    small_salon.db.execute(
        'insert into public.user_ltm_v2 (tenant_id, user_id, preferred_staff_id, preferred_time, language, ltm_data)'
        " values (%s, %s, '77', 'evening', 'en', '{\"avg_visit_interval\": 28}')", (small_salon.id, client),
    )  # fmt: skip
    try:
        person = await owner_of(dashboard, small_salon, f'/clients/{client}')
        await person.sees('Анна', 'Инна', '10 дней', '28 дней', 'английский', 'не записан', 'давно не был', '2 диалога')
        assert len(person.one(DialogList)._props['rows']) == 2
    finally:
        small_salon.db.execute('delete from public.user_ltm_v2 where tenant_id = %s', (small_salon.id,))


async def test_of_an_unknown_client_nothing_wrong_is_said(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    client = small_salon.client('<script>alert(1)</script>')
    person = await owner_of(dashboard, small_salon, f'/clients/{client}')
    await person.sees('<script>alert(1)</script>', 'нет данных', 'Телефон неизвестен.', '0 диалогов')
    assert 'давно не был' not in person.texts()


async def test_the_name_in_a_dialog_opens_the_card(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    client = small_salon.client('Вера')
    session = small_salon.archived(client)
    person = await owner_of(dashboard, small_salon, f'/sessions/{session}')
    await until(lambda: any(link.props.get('href') == f'/clients/{client}' for link in person.all(ui.link)))


# --- acts


async def test_an_invitation_reaches_the_outbox_once(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    client = overdue_client(small_salon)
    person = await owner_of(dashboard, small_salon, '/clients?kind=overdue&sort=at_stake')
    (row,) = rows(person)
    assert not row['unable']
    tell(person.one(ClientList), 'invite', client)
    await person.sees('Пригласить')
    await until(lambda: person.all(ui.textarea))
    assert person.all(ui.textarea)[0].value.startswith('Здравствуйте, Анна!')
    type_text(person, ' Ждём вас ')
    submit(person)
    submit(person)
    await person.sees('Сообщение передаётся боту.')
    assert commands(small_salon) == [('client.message', {'text': 'Ждём вас', 'kind': 'win_back'}, client)]
    await until(lambda: 'Уже приглашали' in rows(person)[0]['unable'])
    tell(person.one(ClientList), 'invite', client)
    assert len(commands(small_salon)) == 1


async def test_what_was_typed_stays_when_somebody_was_faster(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    client = overdue_client(small_salon)
    person = await owner_of(dashboard, small_salon, f'/clients/{client}')
    await person.sees('Пригласить')
    person.click('Пригласить')
    await until(lambda: person.all(ui.textarea))
    type_text(person, 'Мой текст')
    small_salon.db.execute(
        'insert into dashboard.bot_commands (id, key, tenant_id, client_id, type, data)'
        ' values (gen_random_uuid(), gen_random_uuid(), %s, %s, \'client.message\', \'{"kind": "win_back"}\')',
        (small_salon.id, client),
    )
    submit(person)
    await person.sees('Клиента приглашали меньше 30 дней назад. Снова можно с')
    assert person.all(ui.textarea)[-1].value == 'Мой текст'


async def test_a_message_without_words_is_refused_at_its_field(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    client = small_salon.client('Вера')
    person = await owner_of(dashboard, small_salon, f'/clients/{client}')
    await person.sees('Написать')
    person.click('Написать')
    await until(lambda: person.all(ui.textarea))
    type_text(person, ' \n ')
    submit(person)
    await until(lambda: person.all(ui.textarea)[-1].error)
    assert commands(small_salon) == []


async def test_a_note_is_kept_and_taken_away(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    client = small_salon.client('Вера')
    person = await owner_of(dashboard, small_salon, f'/clients/{client}')
    await person.sees('Заметка')
    person.click('Заметка')
    await until(lambda: person.all(ui.textarea))
    type_text(person, 'Любит тишину')
    submit(person)
    await person.sees('Любит тишину')
    (remove,) = [button for button in person.all(ui.button) if button.props.get('aria-label') == 'Убрать заметку']
    tell(remove, 'click')
    await until(lambda: [form for form in person.all(ui.element) if form.tag == 'form'][1:])
    kept = 'select count(*) from dashboard.client_notes where client_id = %s and removed_at is null'
    assert small_salon.db.execute(kept, (client,)).fetchone() == (1,), 'one click only asks'
    submit(person)
    await until(lambda: small_salon.db.execute(kept, (client,)).fetchone() == (0,))
    await until(lambda: not any('is-note' in element.classes for element in person.all(ui.element)))


async def test_what_needs_the_bot_waits_while_it_is_away(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    client = overdue_client(small_salon)
    person = await owner_of(dashboard, small_salon, f'/clients/{client}?kind=overdue')
    await person.sees('Написать')
    bot.state = BotState.DOWN
    view_of(person).on_bot()
    buttons = {button.text: button for button in person.all(ui.button) if button.text}
    assert not buttons['Написать'].enabled
    assert not buttons['Пригласить'].enabled
    assert buttons['Заметка'].enabled
    assert 'не отвечает' in buttons['Написать'].props['title']
    assert 'не отвечает' in rows(person)[0]['unable']


async def test_employees_read_and_do_nothing(dashboard: Dashboard) -> None:
    client = dashboard.run('select id::text from public.clients_v2 where tenant_id = %s limit 1', SALON_A.id)[0][0]
    person = await dashboard.signed_in('staff', f'/clients/{client}?kind=overdue')
    await until(lambda: person.all(DialogList))
    assert not {'Написать', 'Пригласить', 'Заметка'} & {button.text for button in person.all(ui.button)}
    assert not any(row['canInvite'] for row in rows(person))
    assert not person.all(Form)  # type: ignore[type-var]


@pytest.mark.parametrize('setting', ['last4', 'none'])
async def test_an_employees_browser_never_receives_a_hidden_phone(
    dashboard: Dashboard, small_salon: SmallSalon, setting: str
) -> None:
    client = overdue_client(small_salon)
    session = small_salon.active(client)
    small_salon.says(client, session, 'мой номер 8 912 345 67 89')
    small_salon.db.execute('insert into dashboard.tenant_settings (tenant_id, staff_phones) values (%s, %s)',
                           (small_salon.id, setting))  # fmt: skip
    small_salon.db.execute("update dashboard.users set role = 'staff' where email = %s", (small_salon.email,))
    person = await owner_of(dashboard, small_salon)
    for path in ('/', '/sessions', f'/sessions/{session}', '/clients', f'/clients/{client}', '/clients?kind=overdue',
                 '/clients?search=9123456789', '/sessions?search=6789'):  # fmt: skip
        await person.go(path)
    await person.open(f'/clients/{client}')
    received = ''.join(person.received)
    assert '345-67-89' not in received.replace('%20', ' ')
    assert '345 67 89' not in received
    assert ('67-89' in received) == (setting == 'last4')


async def test_while_the_clients_are_counted_the_page_says_so_and_shows_them_by_itself(
    dashboard: Dashboard, small_salon: SmallSalon
) -> None:
    client = overdue_client(small_salon)
    with psycopg.connect(dashboard.stack.admin_dsn) as other:
        other.execute('select dashboard.claim_clients(%s)', (small_salon.id,))
        person = await dashboard.signed_in(small_salon.email, f'/clients/{client}', password=PASSWORD)
        await person.sees('Клиенты подсчитываются')
        assert 'Не получилось' not in person.texts()
    await until(lambda: len(rows(person)) == 1)
    await person.sees('Приходит раз в')
    assert 'Клиенты подсчитываются' not in person.texts()
