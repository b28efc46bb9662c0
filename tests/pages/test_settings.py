"""The settings page: a wish goes to the bot and comes back, nothing typed is lost, and secrets stay where they are."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from nicegui import ui
from nicegui.elements.mixins.validation_element import ValidationElement
from psycopg.types.json import Jsonb

from bot import bot
from config import settings
from data import Conflict, Data
from devstack.demo.salons import SALONS
from live import feed
from models import BotState, SettingState
from pages.settings import SettingsView
from tests.commands import FarEnd
from tests.pages.conftest import PASSWORD, SmallSalon
from tests.simulated import Dashboard, Person, is_shown, tell, until

SECRETS = ('demo-secret', '700001:')
SHAPES: list[dict[str, Any]] = [
    {'closing_time': '21:00', 'yclients_token': 'demo-secret-x'},
    {'settings': {'closing_time': '21:00'}, 'telegram': {'bot_token': 'demo-secret-y'}},
    {'closing_time_override': '21:00'},
]


@pytest.fixture
async def far_end(dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FarEnd]:
    """The stand-in bot beside the running dashboard, with an empty outbox."""
    far_end = FarEnd(dashboard.stack)
    for name, value in far_end.environment().items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    await far_end.start()
    far_end.forget()
    await far_end.listen()
    yield far_end
    await bot.close()
    await far_end.stop()
    far_end.forget()
    monkeypatch.undo()
    settings.cache_clear()


def view_of(person: Person) -> SettingsView:
    assert isinstance(person.view, SettingsView)
    return person.view


def state(person: Person, name: str) -> SettingState:
    known = view_of(person).known
    assert known
    return known.settings[name].state


def edit(person: Person, title: str) -> None:
    """Press the button of a group."""
    (button,) = [found for found in person.all(ui.button) if found.props.get('aria-label') == f'Изменить: {title}']
    tell(button, 'click')


def field(person: Person, label: str) -> ValidationElement[Any]:
    """The field of the open form with this label."""
    found = [element for element in person.client.elements.values()
             if isinstance(element, ValidationElement) and element.props.get('label') == label]  # fmt: skip
    assert found, label
    return found[-1]


async def fill(person: Person, title: str, **values: str) -> None:
    """Open a group's form and type into its fields, named by their labels with _ for a blank."""
    edit(person, title)
    for label, value in values.items():
        await until(lambda label=label: field(person, label.replace('_', ' ')))  # type: ignore[misc]
        with person.client:
            field(person, label.replace('_', ' ')).set_value(value)


def save(person: Person) -> None:
    tell([element for element in person.client.elements.values() if element.tag == 'form'][-1], 'submit')


async def owner_of(dashboard: Dashboard, salon: SmallSalon) -> Person:
    return await dashboard.signed_in(salon.email, '/settings', password=PASSWORD)


@pytest.mark.parametrize('metadata', SHAPES)
async def test_a_wish_goes_to_the_bot_and_comes_back(
    dashboard: Dashboard, far_end: FarEnd, small_salon: SmallSalon, metadata: dict[str, Any]
) -> None:
    small_salon.db.execute(
        'update public.tenants_v2 set metadata = %s where id = %s', (Jsonb(metadata), small_salon.id)
    )
    person = await owner_of(dashboard, small_salon)
    await fill(person, 'Часы работы', Закрытие='20:00', Тихие_часы_с='22:00', Тихие_часы_до='08:00')
    await person.sees('21:00', '20:00')
    save(person)
    await until(lambda: {state(person, name) for name in ('closing_time', 'quiet_from', 'quiet_to')} == {'taken'})
    await person.sees('бот применяет')
    await until(lambda: far_end.statuses() == {'delivered': 1})
    used = view_of(person).known
    assert used and used.settings['closing_time'].used == '20:00'


async def test_what_did_not_reach_the_bot_says_why_and_is_tried_again(
    dashboard: Dashboard, far_end: FarEnd, small_salon: SmallSalon
) -> None:
    await far_end.behave(mode='unable')
    person = await owner_of(dashboard, small_salon)
    await fill(person, 'Бот', Приветствие='<b>Привет</b>\nи ещё')
    save(person)
    await until(lambda: state(person, 'welcome_message') == 'failed')
    await person.sees('<b>Привет</b>', 'the client blocked the bot', 'не дошло до бота')
    await far_end.behave(mode='well')
    person.click('Попробовать ещё раз')
    await until(lambda: state(person, 'welcome_message') == 'taken')


async def test_a_bot_that_uses_something_else_is_told_again(
    dashboard: Dashboard, far_end: FarEnd, small_salon: SmallSalon
) -> None:
    person = await owner_of(dashboard, small_salon)
    await fill(person, 'Бот', Номер_компании_в_YClients='77')
    save(person)
    await until(lambda: state(person, 'yclients_company_id') == 'taken')
    await until(lambda: far_end.statuses() == {'delivered': 1})
    small_salon.db.execute("update public.tenants_v2 set metadata = '{}' where id = %s", (small_salon.id,))
    await view_of(person).load()
    assert state(person, 'yclients_company_id') == 'differs'
    person.click('Передать боту ещё раз')
    await until(lambda: state(person, 'yclients_company_id') == 'taken')


async def test_an_error_stands_at_its_field_and_nothing_is_stored(
    dashboard: Dashboard, small_salon: SmallSalon
) -> None:
    person = await owner_of(dashboard, small_salon)
    await fill(person, 'Бот', Чат_Telegram_для_уведомлений='мой чат', Номер_компании_в_YClients='7')
    save(person)
    await until(lambda: field(person, 'Чат Telegram для уведомлений').error)
    assert 'число' in str(field(person, 'Чат Telegram для уведомлений').error)
    assert field(person, 'Номер компании в YClients').value == '7'
    assert not small_salon.db.execute('select 1 from dashboard.tenant_settings where tenant_id = %s',
                                      (small_salon.id,)).fetchone()  # fmt: skip


async def test_who_was_slower_is_told_and_decides(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    first = await owner_of(dashboard, small_salon)
    second = await dashboard.another_tab(first, '/settings')
    await fill(first, 'Филиал', Филиал='Первый', Адрес='Мира, 1')
    await fill(second, 'Филиал', Филиал='Второй')
    save(first)
    await until(lambda: state(first, 'branch_name') != 'unset')
    save(second)
    await second.sees('Настройки уже изменены', 'Филиал теперь: Первый', 'Адрес теперь: Мира, 1')
    typed = (field(second, 'Филиал').value, field(second, 'Адрес').value)
    assert typed == ('Второй', 'Мира, 1'), 'what was typed stays, what nobody touched here follows'
    wanted = 'select branch_name, branch_address from dashboard.tenant_settings where tenant_id = %s'
    assert small_salon.db.execute(wanted, (small_salon.id,)).fetchone() == ('Первый', 'Мира, 1')
    save(second)
    await until(lambda: small_salon.db.execute(wanted, (small_salon.id,)).fetchone() == ('Второй', 'Мира, 1'))


async def test_twenty_equal_sends_are_one_change_and_of_two_different_ones_the_first_counts(
    dashboard: Dashboard, small_salon: SmallSalon
) -> None:
    person = await owner_of(dashboard, small_salon)
    change, key = Data(person.session).settings.change, uuid4()
    await asyncio.gather(*(change(key, 0, {'name': 'Одно'}) for _ in range(20)))
    lines = 'select count(*) from dashboard.{} where tenant_id = %s and key is not null'
    for table in ('audits', 'bot_commands'):
        assert small_salon.db.execute(lines.format(table).encode(), (small_salon.id,)).fetchone() == (1,)
    both = await asyncio.gather(*(change(uuid4(), 1, {'name': text}) for text in 'АБ'), return_exceptions=True)
    assert [type(answer) for answer in both if answer] == [Conflict]
    assert small_salon.db.execute(lines.format('audits').encode(), (small_salon.id,)).fetchone() == (2,)


async def test_a_new_zone_and_currency_show_at_once_in_this_browser(
    dashboard: Dashboard, small_salon: SmallSalon
) -> None:
    person = await owner_of(dashboard, small_salon)
    other = await dashboard.another_tab(person, '/')
    await fill(person, 'Салон', Часовой_пояс='Asia/Almaty', Валюта='KZT')
    save(person)
    await until(lambda: person.session.salon and person.session.salon.currency == 'KZT')
    await person.sees('Алматы, UTC+5', 'Казахский тенге, ₸')
    assert view_of(person).salon.timezone == 'Asia/Almaty'
    assert other.view and other.view.salon.timezone == 'Asia/Almaty'
    assert small_salon.db.execute(
        'select 1 from dashboard.bot_commands where tenant_id = %s', (small_salon.id,)
    ).fetchone() is None  # fmt: skip


async def test_while_the_bot_is_down_only_what_it_does_not_use_can_be_changed(
    dashboard: Dashboard, small_salon: SmallSalon
) -> None:
    person = await owner_of(dashboard, small_salon)
    bot.state = BotState.DOWN
    view_of(person).on_bot()
    await person.sees('Бот не отвечает')
    buttons = {button.props['aria-label']: button for button in person.all(ui.button) if 'Изменить' in button.text}
    assert [button.enabled for button in buttons.values()] == [True, False, False, False, True, True]
    assert 'Бот не отвечает' in buttons['Изменить: Бот'].props['title']
    await fill(person, 'Салон', Валюта='EUR')
    assert field(person, 'Название салона').props.get('disable')
    save(person)
    await until(lambda: view_of(person).known and view_of(person).known.currency == 'EUR')  # type: ignore[union-attr]


async def test_a_form_without_a_change_asks_for_nothing(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    person = await owner_of(dashboard, small_salon)
    await fill(person, 'Филиал', Адрес='  ')
    save(person)
    await until(lambda: not [e for e in person.all(ui.dialog) if e.value])
    assert not small_salon.db.execute("select 1 from dashboard.audits where tenant_id = %s and key is not null",
                                      (small_salon.id,)).fetchone()  # fmt: skip


@pytest.mark.parametrize('name', ['owner', 'stranger', 'platform'])
async def test_no_secret_reaches_the_browser(dashboard: Dashboard, name: str) -> None:
    person = await dashboard.signed_in(name, '/settings')
    await person.sees('Ключ YClients', 'задан')
    edit(person, 'Бот')
    await until(lambda: field(person, 'Приветствие'))
    assert not any(secret in text for text in person.received for secret in SECRETS)
    foreign = [salon.name for salon in SALONS if salon.name not in person.texts()]
    assert len(foreign) == 2


async def test_employees_and_visitors_do_not_come_in(dashboard: Dashboard) -> None:
    staff = await dashboard.signed_in('staff', '/settings')
    assert staff.view is None
    assert not [link for link in staff.all(ui.link) if link.props['href'] == '/settings']
    visitor = dashboard.browser('nobody@demo.salon')
    assert (await visitor.http.get('/settings')).headers['location'].startswith('/login')


async def test_what_is_kept_from_employees_is_chosen_and_shows_in_other_tabs(
    dashboard: Dashboard, small_salon: SmallSalon
) -> None:
    person = await owner_of(dashboard, small_salon)
    other = await dashboard.another_tab(person, '/settings')
    await until(lambda: feed.state == 'live')
    await fill(person, 'Что видят сотрудники', **{'Телефоны_клиентов': 'last4'})
    save(person)
    await person.sees('Сохранено.')
    await other.sees('Последние четыре цифры')
    assert all(is_shown(card.rows) for card in view_of(person).cards.values())
