"""The overview: its figures are those of the database, and each one opens the dialogs behind it."""

import asyncio
import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from components.day_chart import DayChart
from components.dialog_list import DialogList
from components.funnel_chart import FunnelChart
from components.hour_map import HourMap
from components.period_picker import PeriodPicker
from components.ranking_table import RankingTable
from data import Data
from devstack.demo.salons import SALON_A, SALON_B
from live import feed
from models import DialogQuery
from pages.figures import CARDS
from pages.overview import OverviewView
from tests.conftest import AsRole
from tests.pages.conftest import PASSWORD, SmallSalon
from tests.simulated import Dashboard, Person, is_shown, tell, until

DAYS = {'today': 1, '7d': 7, '30d': 30, '90d': 90}
NOT_LOADED = 'Не удалось загрузить'
NO_CONNECTION = 'Нет связи. Показаны данные на'


def view_of(person: Person) -> OverviewView:
    assert isinstance(person.view, OverviewView)
    return person.view


def cards(person: Person) -> dict[str, dict[str, Any]]:
    """What the cards show, by their names."""
    return {name: dict(card._props) for name, card in view_of(person).cards.items()}


def digits(text: str) -> int:
    return int(re.sub(r'\D', '', text))


def from_database(as_role: AsRole, salon: str, first: date, last: date) -> dict[str, Any]:
    """The answer of the database to a person of the salon."""
    with as_role(app_role='staff', tenant_id=salon, sub='2') as db:
        row = db.execute('select dashboard.overview(%s, %s)', (first, last)).fetchone()
        assert row
        return dict(row[0])


@pytest.mark.parametrize(('name', 'salon'), [('owner', SALON_A.id), ('stranger', SALON_B.id)])
async def test_the_figures_are_those_of_the_database(
    dashboard: Dashboard, as_role: AsRole, name: str, salon: str
) -> None:
    person = await dashboard.signed_in(name)
    last = view_of(person).today
    for period, days in DAYS.items():
        await person.go(f'/?period={period}')
        shows(person, from_database(as_role, salon, last - timedelta(days=days - 1), last))


def shows(person: Person, answer: dict[str, Any]) -> None:
    """Check that the page shows the database's answer."""
    wanted = answer['figures']
    shown = {name: card['value'] for name, card in cards(person).items()}
    for figure in ('dialogs', 'bookings', 'clients', 'new_clients', 'revenue'):
        assert digits(shown[figure]) == wanted[figure], figure
    assert [digits(step['count']) for step in person.one(FunnelChart)._props['steps']] == [
        step['dialogs'] for step in answer['funnel']
    ]
    days = person.one(DayChart)._props['days']
    assert [(day['key'], day['dialogs'], day['bookings']) for day in days] == [
        (day['day'], day['dialogs'], day['bookings']) for day in answer['days']
    ]
    assert list(person.one(HourMap)._props['cells']) == answer['hours']


# --- the way from a figure to its dialogs


def claims(person: Person) -> Iterator[tuple[str, str, int]]:
    """Every link of the page, with the count that it promises."""
    view = view_of(person)
    figures = view.overview.figures
    counts = {
        'revenue': figures.paid_bookings, 'average_booking': figures.paid_bookings, 'conversion': figures.bookings,
        'response': figures.answered,
    }  # fmt: skip
    for name in CARDS:
        yield name, cards(person)[name]['href'], counts.get(name, getattr(figures, name, 0))
    for step in person.one(FunnelChart)._props['steps']:
        yield step['label'], step['href'], digits(step['count'])
    for table in person.all(RankingTable):
        for row in table._props['rows']:
            yield row['label'], row['href'], digits(row['bookings'])
    for day in person.one(DayChart)._props['days']:
        yield day['key'], day['href'], day['dialogs']
    bases = person.one(HourMap)._props['bases']
    for cell in person.one(HourMap)._props['cells']:
        for kind in ('dialogs', 'bookings'):
            if cell[kind]:
                place = f'weekday={cell["weekday"]}&hour={cell["hour"]}'
                yield f'{kind} {place}', f'{bases[kind]}&{place}', cell[kind]


async def test_behind_every_number_are_as_many_dialogs(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in()
    data, turns, promised = Data(person.session), asyncio.Semaphore(8), []
    for period in ('7d', '30d', '90d'):
        await person.go(f'/?period={period}')
        promised += list(claims(person))
    assert len(promised) > 300

    async def differs(name: str, address: str, count: int) -> str:
        query, unknown = DialogQuery.from_params(dict(parse_qsl(urlsplit(address).query, keep_blank_values=True)),
                                                 view_of(person).today)  # fmt: skip
        async with turns:
            found = await data.dialogs.count(query)
        return '' if (found.rows, found.is_exact, unknown) == (count, True, []) else f'{name}: {count}, {found}'

    wrong = await asyncio.gather(*(differs(*claim) for claim in promised))
    assert [text for text in wrong if text] == []


async def test_the_page_behind_a_card_lists_them_all(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('owner', '/?period=30d')
    promised = [claim for claim in claims(person) if claim[0] in {'revenue', 'clients', 'response', 'bookings'}]
    for _name, address, count in promised:
        await person.go(address)
        listed = person.one(DialogList)
        while listed._props['hasMore']:
            await more(listed)
        assert len({row['key'] for row in listed._props['rows']}) == count
        assert str(count) in person.texts()


async def more(listed: DialogList) -> None:
    """Ask for the next page of a list."""
    before = len(listed._props['rows'])
    tell(listed, 'more')
    await until(lambda: len(listed._props['rows']) > before)


# --- the address


MALFORMED = (
    'period=forever', 'period=custom', 'period=', 'from=2026-13-01&to=2026-13-02', 'from=2026-05-05&to=2026-05-01',
    'from=2020-01-01&to=2026-01-01', 'from=2026-05-05', 'from=<script>&to=%00', 'from=0001-01-01&to=0001-01-02',
)  # fmt: skip


async def test_a_period_that_does_not_exist_falls_back_with_a_note(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in()
    for params in MALFORMED:
        await person.go(f'/?{params}')
        await person.sees('В адресе указан несуществующий период; показан другой')
        assert view_of(person).overview_period.days == 7
        assert person.one(PeriodPicker)._props['value'] == '7d'
        await person.go('/?period=30d')
        assert 'несуществующий' not in person.texts()


async def test_a_chosen_period_stands_in_the_address(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in()
    tell(person.one(PeriodPicker), 'pick', {'name': 'custom', 'first': '2026-11-01', 'last': '2026-11-07'})
    await until(lambda: person.client.sub_pages_router.current_path == '/?from=2026-11-01&to=2026-11-07')
    await until(lambda: view_of(person).overview_period.days == 7 and not person.is_moving)
    assert str(view_of(person).overview_period.first) == '2026-11-01'
    again = await dashboard.another_tab(person, '/?from=2026-11-01&to=2026-11-07')
    assert cards(again) == cards(person)


# --- little or nothing to show


async def test_an_empty_salon_says_what_will_appear(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    person = await dashboard.signed_in(small_salon.email, password=PASSWORD)
    await person.sees('За этот период диалогов нет', 'Сейчас никто не пишет.', 'Бот пока ничего не написал.')
    shown = {name: (card['value'], card['change']) for name, card in cards(person).items()}
    assert {shown[name] for name in ('conversion', 'average_booking', 'response')} == {('нет данных', 'нет данных')}
    assert shown['dialogs'][0] == '0'


async def test_the_first_dialog_appears_by_itself(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    person = await dashboard.signed_in(small_salon.email, password=PASSWORD)
    await until(lambda: feed.state == 'live')
    client = small_salon.client('Первая Клиентка')
    session = small_salon.active(client)
    small_salon.says(client, session, 'Можно записаться?')
    await until(lambda: person.all(DialogList)[0]._props.get('rows'))
    (row,) = person.all(DialogList)[0]._props['rows']
    assert (row['client'], row['href']) == ('Первая Клиентка', f'/sessions/{session}')
    assert cards(person)['dialogs']['value'] == '1'
    assert 'За этот период диалогов нет' not in person.texts()


# --- without the data store


async def test_old_figures_stay_with_their_time_and_recover_by_themselves(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in()
    before = cards(person)
    with dashboard.stack.faults.active(api='unavailable', match='rpc/overview'):
        feed.publish('*')
        await person.sees(NO_CONNECTION)
        assert cards(person) == before
        assert is_shown(view_of(person).body)
    await until(lambda: NO_CONNECTION not in person.texts())


async def test_at_first_load_an_error_is_shown_and_never_a_zero(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('owner', None)
    with dashboard.stack.faults.active(api='error', match='rpc/overview'):
        await person.open('/')
        await person.sees(NOT_LOADED, 'Попробовать ещё раз')
        assert not is_shown(view_of(person).body)
        assert {card['value'] for card in cards(person).values()} == {''}
    person.click('Попробовать ещё раз')
    await until(lambda: is_shown(view_of(person).body))
    assert digits(cards(person)['dialogs']['value']) > 0
    assert NOT_LOADED not in person.texts()


async def test_an_error_goes_away_by_itself(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('owner', None)
    with dashboard.stack.faults.active(api='unavailable', match='rpc/overview'):
        await person.open('/')
        await person.sees(NOT_LOADED)
    await until(lambda: NOT_LOADED not in person.texts())
    assert is_shown(view_of(person).body)


async def test_figures_of_one_period_never_stand_for_another(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in()
    with dashboard.stack.faults.active(api='unavailable', match='rpc/overview'):
        await person.go('/?period=90d')
        await person.sees(NOT_LOADED)
        assert not is_shown(view_of(person).body)
        await person.go('/')
        await person.sees(NO_CONNECTION)
        assert is_shown(view_of(person).body)
        assert view_of(person).overview_period.days == 7


async def test_an_answer_that_comes_late_does_not_replace_a_newer_one(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in()
    view = view_of(person)
    with dashboard.stack.faults.active(api='slow', delay_ms=700, match='rpc/overview'):
        late = asyncio.create_task(view.load())
        await asyncio.sleep(0.15)
        dashboard.stack.faults.clear()
        await person.go('/?period=90d')
        assert (view.overview_period.days, late.done()) == (90, True), 'the earlier one was given up'
        await late
    assert view.shown_period and view.shown_period.days == 90
    assert view.shown_for == {'period': '90d'}
    assert digits(cards(person)['dialogs']['value']) == view.overview.figures.dialogs


async def test_one_slow_page_delays_nobody_elses(dashboard: Dashboard) -> None:
    slow, quick = await dashboard.signed_in(), await dashboard.signed_in('stranger')
    with dashboard.stack.faults.active(api='slow', delay_ms=1500, match='rpc/overview'):
        moving = asyncio.create_task(slow.go('/?period=30d'))
        await quick.go('/sessions')
        assert not moving.done()
        await moving


async def test_what_a_client_is_called_is_shown_as_written(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    name = '<img src=x onerror=alert(1)>\u202e {{7*7}}'
    client = small_salon.client(name)
    small_salon.says(client, small_salon.active(client), '</script><script>alert(1)</script>')
    person = await dashboard.signed_in(small_salon.email, password=PASSWORD)
    await until(lambda: person.all(DialogList)[0]._props.get('rows'))
    assert person.all(DialogList)[0]._props['rows'][0]['client'] == name
    await person.open('/')
    page = next(text for text in reversed(person.received) if '<html' in text[:500])
    assert '<img src=x' not in page
    assert '<script>alert(1)' not in page
    assert json.dumps(name) not in page
