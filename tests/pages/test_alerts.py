"""The page of alerts and the bell: live, in the reader's words, and open to acts only for owners."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest
from nicegui import ui

from devstack.demo.salons import SALON_A
from live import feed
from pages.alerts import AlertsView
from tests.simulated import Dashboard, Person, is_shown, tell, until

OPEN = (
    'insert into dashboard.alerts (tenant_id, kind, actual, details, opened_at) values'
    " (%s, 'clients_waiting', 2, '{\"number\": 2}', now()) returning id"
)


@pytest.fixture(autouse=True)
def no_alert_left(dashboard: Dashboard) -> Iterator[None]:
    looked(dashboard, 0)
    yield
    dashboard.run('delete from dashboard.alerts returning id')
    dashboard.run('delete from dashboard.alert_checks returning tenant_id')


def looked(dashboard: Dashboard, minutes: float) -> None:
    """The jobs looked at the salon so many minutes ago."""
    dashboard.run(
        'insert into dashboard.alert_checks (tenant_id, checked_at) values (%s, now() - interval \'1 min\' * %s)'
        ' on conflict (tenant_id) do update set checked_at = excluded.checked_at returning tenant_id',
        SALON_A.id, minutes,
    )  # fmt: skip


def bell(tab: Person) -> str:
    """What the bell says."""
    found = [link for link in tab.all(ui.link) if 'alert-bell' in link.classes]
    return str(found[0].props['aria-label'])


def lines_of(tab: Person) -> int:
    """How many alerts that are over are shown."""
    return sum('alert-line' in element.classes for element in tab.all(ui.element))


async def test_an_alert_that_comes_and_goes_is_seen_in_the_header_and_on_the_page(dashboard: Dashboard) -> None:
    dashboard.run('delete from dashboard.alerts where tenant_id = %s', SALON_A.id)
    tab = await dashboard.signed_in('owner', '/')
    assert bell(tab) == 'Оповещения'
    ((alert,),) = dashboard.run(OPEN, SALON_A.id)
    feed.publish('alerts', tab.session.tenant_id)
    await until(lambda: bell(tab) == '1 открытое оповещение')
    await tab.go('/alerts')
    await tab.sees('2 клиента ждут ответа.')
    dashboard.run('update dashboard.alerts set closed_at = now() where id = %s returning id', alert)
    feed.publish('alerts', tab.session.tenant_id)
    await tab.sees('Всё в порядке')
    await until(lambda: bell(tab) == 'Оповещения')


async def test_all_is_well_only_while_somebody_looks(dashboard: Dashboard) -> None:
    looked(dashboard, 4)
    tab = await dashboard.signed_in('staff', '/alerts')
    await tab.sees('Всё в порядке')
    looked(dashboard, 6)
    assert tab.view
    await tab.view.load()
    await tab.sees('Сейчас никто не следит за оповещениями', 'Последняя проверка: ')
    assert 'Всё в порядке' not in tab.texts()
    dashboard.run('delete from dashboard.alert_checks returning tenant_id')
    await tab.view.load()
    await tab.sees('Проверок ещё не было')
    assert 'Всё в порядке' not in tab.texts()
    dashboard.run(OPEN, SALON_A.id)
    await tab.view.load()
    await tab.sees('Сейчас никто не следит за оповещениями', '2 клиента ждут ответа.')


async def test_an_employee_sees_alerts_and_rules_and_no_buttons(dashboard: Dashboard) -> None:
    dashboard.run(OPEN, SALON_A.id)
    tab = await dashboard.signed_in('staff', '/alerts')
    await tab.sees('2 клиента ждут ответа.')
    await tab.sees('Утренняя сводка')
    acts = [button.props.get('data-act') for button in tab.all(ui.button) if is_shown(button)]
    assert not [act for act in acts if act]
    await tab.go('/data-health')
    await tab.sees('Эта страница вам недоступна')


@pytest.mark.parametrize(('name', 'is_led'), [('owner', True), ('staff', False)])
async def test_only_owners_are_led_to_pages_of_owners(dashboard: Dashboard, name: str, is_led: bool) -> None:
    """A command about the salon has no page but the settings; the data's state is for owners."""
    opened = (
        'insert into dashboard.alerts (tenant_id, kind, actual, details, opened_at) values (%s, %s, 1, %s, now())'
        ' returning id'
    )
    row = {'type': 'settings.changed', 'since': '2026-11-24T10:00:00+00:00'}
    dashboard.run(opened, SALON_A.id, 'commands_stuck', json.dumps({'number': 1, 'rows': [row]}))
    dashboard.run(opened, SALON_A.id, 'data_broken', json.dumps({'unlinked': 7}))
    dashboard.run(OPEN, SALON_A.id)
    tab = await dashboard.signed_in(name, '/alerts')
    await tab.sees('1 поручение ждёт бота', 'Клиент без имени', '2 клиента ждут ответа.')
    (cards,) = [element for element in tab.all(ui.element) if 'alerts' in element.classes]
    led = {link.props['href'] for link in tab.all(ui.link) if cards in link.ancestors()}
    assert led == {'/sessions?status=active'} | ({'/data-health', '/settings'} if is_led else set())


async def test_more_of_what_was_comes_page_by_page(dashboard: Dashboard) -> None:
    dashboard.run(
        'insert into dashboard.alerts (tenant_id, kind, description, triggered_at, created_at, updated_at)'
        " select %s, 'old_rails_kind', 'Старое ' || n, now() - interval '1 h' * n, now(), now()"
        ' from generate_series(1, 40) n returning id', SALON_A.id,
    )  # fmt: skip
    tab = await dashboard.signed_in('owner', '/alerts')
    await tab.sees('Старое 30')
    assert lines_of(tab) == 30
    click_more(tab)
    click_more(tab)
    await until(lambda: lines_of(tab) >= 40)
    await asyncio.sleep(0.3)
    assert lines_of(tab) == 40, 'two presses, one page'
    ((closed,),) = dashboard.run(OPEN, SALON_A.id)
    dashboard.run('update dashboard.alerts set closed_at = now() where id = %s returning id', closed)
    assert tab.view
    await tab.view.load()
    assert lines_of(tab) == 40
    assert ('Старое 39' in tab.texts(), 'Старое 40' in tab.texts()) == (True, False), 'one more, and none is missing'
    click_more(tab)
    await until(lambda: lines_of(tab) == 41)


def click_more(tab: Person) -> None:
    (more,) = [button for button in tab.all(ui.button) if button.text == 'Показать ещё']
    tell(more, 'click')


async def test_a_page_of_what_was_that_comes_after_one_has_left_draws_nothing(dashboard: Dashboard) -> None:
    dashboard.run(
        'insert into dashboard.alerts (tenant_id, kind, description, triggered_at, created_at, updated_at)'
        " select %s, 'old_rails_kind', 'Старое ' || n, now() - interval '1 h' * n, now(), now()"
        ' from generate_series(1, 40) n returning id', SALON_A.id,
    )  # fmt: skip
    tab = await dashboard.signed_in('owner', '/alerts')
    left = tab.view
    assert isinstance(left, AlertsView)
    reading = asyncio.create_task(left.more())
    await asyncio.sleep(0)
    await tab.go('/users')
    await reading
    assert len(left.closed) == 30


async def test_the_state_of_the_data_names_flaws_and_leads_to_rows(dashboard: Dashboard) -> None:
    tab = await dashboard.signed_in('owner', '/data-health')
    await tab.sees('Сообщения без диалога')
    links = [link.props['href'] for link in tab.all(ui.link) if 'flaw-example' in link.classes]
    assert links
    assert all(link.startswith(('/clients/', '/sessions/', '/wishlist/')) for link in links)
