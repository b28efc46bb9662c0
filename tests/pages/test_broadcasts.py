"""Broadcasts as an owner sees them: written, checked, sent, steered; and what the page says when that cannot be."""

from typing import Any

import pytest
from nicegui import ui

from bot import bot
from components.broadcast_texts import as_read, as_stored, fields_of, left_out_text
from components.form import forms_of
from live import feed
from models import BotState
from pages.broadcast_form import BroadcastForm
from pages.broadcasts import BroadcastsView
from tests.pages.conftest import PASSWORD, SmallSalon
from tests.simulated import Dashboard, Person, is_shown, tell, until


def view_of(person: Person) -> BroadcastsView:
    assert isinstance(person.view, BroadcastsView)
    return person.view


async def owner_of(dashboard: Dashboard, salon: SmallSalon, path: str = '/broadcasts') -> Person:
    person = await dashboard.signed_in(salon.email, path, password=PASSWORD)
    await until(lambda: feed.state == 'live')
    return person


def crowd(salon: SmallSalon, number: int = 3) -> list[str]:
    """So many clients who have a chat and a dialog behind them."""
    clients = [salon.client(f'Клиент {chr(1040 + place)}') for place in range(number)]
    for place, client in enumerate(clients):
        salon.archived(client, ago='3 days')
        salon.db.execute('update public.clients_v2 set telegram_chat_id = %s where id = %s', (7_000 + place, client))
    return clients


def write(salon: SmallSalon, **columns: Any) -> str:
    """A draft; its key."""
    values = {'name': 'Осень', 'text': 'Мы скучаем!'} | columns
    row = salon.db.execute(
        f'insert into dashboard.broadcasts (tenant_id, {", ".join(values)})'
        f' values (%s, {", ".join(["%s"] * len(values))}) returning id::text'.encode(), (salon.id, *values.values()),
    ).fetchone()  # fmt: skip
    assert row
    return str(row[0])


def form_of(person: Person) -> BroadcastForm:
    (layer,) = [layer for layer in forms_of(person.client) if layer.value]
    assert isinstance(layer.form, BroadcastForm)
    return layer.form


def submit(person: Person) -> None:
    """Send the form that was opened last."""
    tell([element for element in person.all(ui.element) if element.tag == 'form'][-1], 'submit')


def press(person: Person, act: str) -> None:
    """Press the button of an act."""
    (button,) = [button for button in person.all(ui.button) if button.props.get('data-act') == act and is_shown(button)]
    tell(button, 'click')


def statuses(salon: SmallSalon) -> list[tuple[Any, ...]]:
    return salon.db.execute(
        'select status, name, text from dashboard.broadcasts where tenant_id = %s order by created_at', (salon.id,)
    ).fetchall()


async def test_without_broadcasts_the_page_says_what_they_are_for(
    dashboard: Dashboard, small_salon: SmallSalon
) -> None:
    person = await owner_of(dashboard, small_salon)
    await person.sees('Рассылок пока нет', 'Новая рассылка')


async def test_a_broadcast_is_written_checked_and_sent_once(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    crowd(small_salon)
    person = await owner_of(dashboard, small_salon)
    press(person, 'write')
    await until(lambda: forms_of(person.client))
    form = form_of(person)
    form._named['name'].value, form._named['text'].value = 'Осень', 'Здравствуйте, {имя}!'
    form._named['without_name'].value = 'друзья'
    submit(person)
    await until(lambda: statuses(small_salon) == [('draft', 'Осень', 'Здравствуйте, {name}!')])
    await person.sees('3 клиента', 'Здравствуйте, Клиент А!', 'Отправить: 3 клиента')
    press(person, 'send')
    await person.sees('Получателей: 3 клиента', 'Отправленное вернуть нельзя.')
    submit(person)
    submit(person)
    await until(lambda: statuses(small_salon)[0][0] == 'running')
    await person.sees('0 из 3', 'Рассылка пошла.')
    rows = small_salon.db.execute(
        "select count(*) from dashboard.audits where tenant_id = %s and action = 'send_broadcast'", (small_salon.id,)
    )
    assert rows.fetchone() == (1,)


@pytest.mark.parametrize(('values', 'place', 'words'), [
    ({'name': ''}, 'name', 'Это нужно заполнить.'), ({'text': 'я' * 5000}, 'text', 'Слишком длинно'),
    ({'text': 'Привет, {почта}!'}, 'text', 'поле, которое нечем заполнить'),
    ({'text': '{мастер} ждёт'}, 'without_specialist', 'Это нужно заполнить.'),
    ({'starts_at': '2020-01-01'}, 'starts_at', 'уже прошло'), ({'starts_at': '2050-01-01'}, 'starts_at', 'больше года'),
])  # fmt: skip
async def test_what_cannot_be_meant_is_said_at_its_field_and_nothing_is_lost(
    dashboard: Dashboard, small_salon: SmallSalon, values: dict[str, str], place: str, words: str
) -> None:
    person = await owner_of(dashboard, small_salon)
    press(person, 'write')
    await until(lambda: forms_of(person.client))
    form = form_of(person)
    for name, value in ({'name': 'Осень', 'text': 'Привет!'} | values).items():
        form._named[name].value = value
    submit(person)
    await until(lambda: form._named[place].error)
    assert words in str(form._named[place].error)
    assert form.value('text') == values.get('text', 'Привет!')
    assert statuses(small_salon) == []


async def test_the_filters_of_the_clients_page_are_the_audience(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    crowd(small_salon)
    person = await owner_of(dashboard, small_salon, '/broadcasts/new?search=Клиент+Б&sort=name')
    await until(lambda: forms_of(person.client))
    form = form_of(person)
    form._named['name'].value, form._named['text'].value = 'Одной', 'Привет!'
    submit(person)
    await person.sees('1 клиент')
    assert 'найдены по запросу «Клиент Б»' in [link.text for link in person.all(ui.link)]


async def test_a_draft_is_changed_and_deleted(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    crowd(small_salon)
    draft = write(small_salon)
    person = await owner_of(dashboard, small_salon, f'/broadcasts/{draft}')
    await person.sees('Мы скучаем!')
    press(person, 'change')
    await until(lambda: forms_of(person.client))
    form_of(person)._named['text'].value = 'Приходите!'
    submit(person)
    await person.sees('Приходите!')
    press(person, 'remove')
    await person.sees('Удалить')
    submit(person)
    await until(lambda: statuses(small_salon) == [])


async def test_a_running_broadcast_is_paused_resumed_and_stopped(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    clients = crowd(small_salon)
    broadcast = write(small_salon, status='running')
    for place, client in enumerate(clients, 1):
        small_salon.db.execute(
            'insert into dashboard.broadcast_recipients (broadcast_id, client_id, tenant_id, place, status, due_at)'
            " values (%s, %s, %s, %s, 'waiting', now() + interval '1 hour')",
            (broadcast, client, small_salon.id, place),
        )  # fmt: skip
    person = await owner_of(dashboard, small_salon, f'/broadcasts/{broadcast}')
    await person.sees('0 из 3')
    for act, status in (('pause', 'paused'), ('resume', 'running')):
        press(person, act)
        await until(lambda status=status: statuses(small_salon)[0][0] == status)  # type: ignore[misc]
        await until(lambda status=status: view_of(person).panel.opened.broadcast.status == status)  # type: ignore
    press(person, 'stop')
    await person.sees('Её уже не получат: 3 клиента')
    submit(person)
    await person.sees('остановлена', 'рассылка остановлена')
    assert not [button for button in person.all(ui.button) if button.props.get('data-act') == 'resume']


async def test_progress_shows_by_itself(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    (client,) = crowd(small_salon, 1)
    broadcast = write(small_salon, status='running')
    small_salon.db.execute(
        'insert into dashboard.broadcast_recipients (broadcast_id, client_id, tenant_id, place, status, due_at)'
        " values (%s, %s, %s, 1, 'waiting', now())", (broadcast, client, small_salon.id),
    )  # fmt: skip
    person = await owner_of(dashboard, small_salon, f'/broadcasts/{broadcast}')
    await person.sees('0 из 1', 'ждёт очереди')
    small_salon.db.execute(
        "update dashboard.broadcast_recipients set status = 'delivered' where client_id = %s", (client,)
    )
    small_salon.db.execute(
        "update dashboard.broadcasts set status = 'done', updated_at = now() where id = %s", (broadcast,)
    )
    await person.sees('1 из 1', 'доставлено', 'отправлена')


async def test_while_the_bot_is_down_nothing_can_be_sent_and_the_page_says_why(
    dashboard: Dashboard, small_salon: SmallSalon
) -> None:
    crowd(small_salon)
    draft = write(small_salon)
    person = await owner_of(dashboard, small_salon, f'/broadcasts/{draft}')
    await person.sees('Мы скучаем!')
    bot.state = BotState.DOWN
    view_of(person).on_bot()
    (send,) = [button for button in person.all(ui.button) if button.props.get('data-act') == 'send']
    assert not send.enabled
    assert 'Бот не отвечает' in send.props['title']


@pytest.mark.parametrize('address', ['no-key', '00000000-0000-0000-0000-000000000000', '%3Cscript%3E'])
async def test_a_broadcast_that_is_not_there_is_said_to_be_none(
    dashboard: Dashboard, small_salon: SmallSalon, address: str
) -> None:
    person = await owner_of(dashboard, small_salon, f'/broadcasts/{address}')
    await person.sees('Здесь ничего нет, или это относится к другому салону.')


async def test_a_strangers_broadcast_is_not_there_and_employees_have_no_page(
    dashboard: Dashboard, small_salon: SmallSalon
) -> None:
    draft = write(small_salon)
    stranger = await dashboard.signed_in('stranger', f'/broadcasts/{draft}')
    await stranger.sees('Здесь ничего нет, или это относится к другому салону.')
    staff = await dashboard.signed_in('staff', '/broadcasts')
    await staff.sees('Эта страница вам недоступна')


async def test_filters_are_saved_and_become_a_tab_and_an_audience(
    dashboard: Dashboard, small_salon: SmallSalon
) -> None:
    crowd(small_salon)
    person = await owner_of(dashboard, small_salon, '/clients?search=Клиент+В')
    await person.sees('Сохранить фильтры')
    press(person, 'save-view')
    field = next(field for field in person.all(ui.input) if field.props.get('label') == 'Название')
    field.value = 'Только В'
    submit(person)
    await until(lambda: [link.text for link in person.all(ui.link) if link.text == 'Только В'])
    await person.sees('Удалить сохранённые фильтры')
    await person.go('/broadcasts')
    press(person, 'write')
    await until(lambda: forms_of(person.client))
    choice = form_of(person)._named['kind']
    assert isinstance(choice, ui.select)
    assert 'Только В' in dict(choice.options).values()


@pytest.mark.parametrize(('written', 'stored'), [
    ('Привет, {имя}!', 'Привет, {name}!'), ('{ ИМЯ } и {Мастер}', '{name} и {specialist}'), ('{name}', '{name}'),
    ('{salon} {салон}', '{salon} {salon}'), ('{почта}', '{почта}'), ('{{имя}}', '{{name}}'), ('без полей', 'без полей'),
])  # fmt: skip
def test_fields_are_written_in_any_language(written: str, stored: str) -> None:
    assert as_stored(written) == stored


def test_fields_are_read_in_the_readers_language() -> None:
    assert as_read('{name}, {salon}: {specialist} {mail}') == '{имя}, {салон}: {мастер} {mail}'
    assert fields_of('{мастер} и {имя}') == ['name', 'specialist']
    assert left_out_text('Клиент\nзаблокировал') == 'Клиент заблокировал'
    assert left_out_text(None) == 'причина неизвестна'
