"""What is taken out of a page is what it shows: the same rows in the same order, by those who may, written down."""

import asyncio
import csv
from io import StringIO
from typing import Any

import pytest
from nicegui.testing.user_download import UserDownload
from nicegui.testing.user_simulation import user_simulation

from components.audit_list import AuditList
from components.client_list import ClientList
from components.dialog_list import DialogList
from components.export_columns import AUDIT, CLIENTS, DIALOGS, WAITING_LIST
from components.waiting_list import WaitingRows
from devstack.stack import Stack
from pages.export import Exports
from tests.conftest import ROOT
from tests.pages.conftest import PASSWORD, SmallSalon
from tests.pages.test_sessions import FILTERS
from tests.simulated import Dashboard, Person, forget_everything, until


@pytest.fixture
def handed_over(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that the browser was sent to for its files."""
    addresses: list[str] = []
    monkeypatch.setattr(UserDownload, 'from_url', lambda _self, address, _name: addresses.append(address))
    return addresses


def exports_of(person: Person) -> Exports:
    exports = person.view.exports  # type: ignore[union-attr]
    assert isinstance(exports, Exports)
    return exports


async def taken_out(person: Person, handed_over: list[str], kind: str = 'csv') -> list[dict[str, str]]:
    """The rows of a file that the person takes out of the page."""
    exports, before = exports_of(person), len(handed_over)
    with person.client:
        exports.start(kind)
    await until(lambda: exports.work and exports.work.done())
    assert len(handed_over) == before + 1
    answer = await person.http.get(handed_over[-1])
    assert (await person.http.get(handed_over[-1])).status_code == 404, 'a file is given once'
    text = answer.raise_for_status().content.decode('utf-8-sig')
    return list(csv.DictReader(StringIO(text, newline=''), delimiter=';'))


async def all_rows(person: Person, kind: type[Any]) -> list[dict[str, Any]]:
    """What the list shows when everything was asked for."""
    view: Any = person.view
    while person.one(kind)._props['hasMore']:
        await view.more()
    return list(person.one(kind)._props['rows'])


@pytest.mark.parametrize('params', ['', 'figure=bookings&period=90d', *FILTERS[:4], 'search=маникюр'])
async def test_the_file_holds_the_dialogs_of_the_screen_in_their_order(
    dashboard: Dashboard, handed_over: list[str], params: str
) -> None:
    person = await dashboard.signed_in('owner', f'/sessions?{params}')
    written = await taken_out(person, handed_over)
    shown = await all_rows(person, DialogList)
    assert [row['Диалог'] for row in written] == [row['key'] for row in shown]
    assert [row['Статус' if 'Статус' in row else 'Итог'] for row in written] == [row['status'] for row in shown]
    assert written
    assert len(written[0]) == len(DIALOGS)


@pytest.mark.parametrize('params', ['', 'shown=all', 'order=wished', 'shown=converted&period=90d', 'shown=missed'])
async def test_the_file_holds_the_entries_of_the_screen_in_their_order(
    dashboard: Dashboard, handed_over: list[str], params: str
) -> None:
    person = await dashboard.signed_in('owner', f'/wishlist?{params}')
    written = await taken_out(person, handed_over)
    shown = await all_rows(person, WaitingRows)
    assert [row['Номер'] for row in written] == [row['key'] for row in shown]
    assert len(written) > 3
    assert len(written[0]) == len(WAITING_LIST)


@pytest.mark.parametrize('params', ['', 'kind=overdue&sort=at_stake', 'sort=name', 'sort=money&channel=telegram'])
async def test_the_file_holds_the_clients_of_the_screen_in_their_order(
    dashboard: Dashboard, handed_over: list[str], params: str
) -> None:
    person = await dashboard.signed_in('owner', f'/clients?{params}')
    written = await taken_out(person, handed_over)
    shown = await all_rows(person, ClientList)
    assert [row['Номер'] for row in written] == [row['key'] for row in shown]
    assert len(written) > 3
    assert len(written[0]) == len(CLIENTS)


@pytest.mark.parametrize('params', ['action=sign_in', 'period=yesterday'])
async def test_the_file_holds_the_lines_of_the_audit_in_their_order(
    dashboard: Dashboard, handed_over: list[str], params: str
) -> None:
    for number in range(60):
        dashboard.run(
            "insert into dashboard.audits (tenant_id, user_id, action, created_at)"
            " select tenant_id, id, 'sign_in', (date_trunc('day', now() at time zone 'Europe/Moscow')"
            " - interval '12 hours' - %s * interval '1 min') at time zone 'Europe/Moscow' at time zone 'utc'"
            " from dashboard.users where email = 'owner@demo.salon'", number,
        )  # fmt: skip
    person = await dashboard.signed_in('owner', f'/audit?{params}')
    written = await taken_out(person, handed_over)
    shown = await all_rows(person, AuditList)
    assert [row['Номер'] for row in written] == [str(row['id']) for row in shown]
    assert [row['Кто'] for row in written] == [row['who'] for row in shown]
    assert len(written) >= 60
    assert len(written[0]) == len(AUDIT)


async def test_who_took_what_and_how_many_rows_is_in_the_audit(dashboard: Dashboard, handed_over: list[str]) -> None:
    person = await dashboard.signed_in('owner', '/sessions?status=done')
    written = await taken_out(person, handed_over)
    rows = dashboard.run(
        "select description, metadata ->> 'rows', ip_address from dashboard.audits where action = 'export'"
        ' order by id desc limit 1'
    )
    assert rows == [('dialogs.csv /sessions?status=done', str(len(written)), '127.0.0.1')]


async def test_an_employee_takes_nothing_out(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('staff', '/sessions')
    assert not hasattr(person.view, 'exports')
    assert 'Выгрузить' not in person.texts()


async def test_who_stops_gets_nothing_and_it_is_written_down(dashboard: Dashboard, handed_over: list[str]) -> None:
    person = await dashboard.signed_in('owner', '/sessions')
    exports = exports_of(person)
    with dashboard.stack.faults.active(api='slow', delay_ms=300):
        with person.client:
            exports.start('xlsx')
        await person.sees('Готовим файл')
        await asyncio.sleep(0.5)
        person.click('Остановить')
        await until(lambda: exports.work and exports.work.done())
    assert handed_over == []
    await until(lambda: 'Готовим файл' not in person.texts())
    last = "select metadata ->> 'rows' from dashboard.audits where action = 'export' order by id desc limit 1"
    rows = dashboard.run(last)
    assert rows == [(None,)]


async def test_hostile_names_run_in_no_spreadsheet(
    dashboard: Dashboard, small_salon: SmallSalon, handed_over: list[str]
) -> None:
    client = small_salon.client('=HYPERLINK("http://evil")', '+7 999 123-45-67')
    small_salon.archived(client)
    person = await dashboard.signed_in(small_salon.email, '/sessions', password=PASSWORD)
    (row,) = await taken_out(person, handed_over)
    assert (row['Клиент'], row['Телефон']) == ('\'=HYPERLINK("http://evil")', "'+7 999 123-45-67")


async def test_a_file_is_for_the_one_who_made_it(dashboard: Dashboard, handed_over: list[str]) -> None:
    person = await dashboard.signed_in('owner', '/sessions?status=done')
    exports = exports_of(person)
    with person.client:
        exports.start('csv')
    await until(lambda: handed_over)
    for other in (await dashboard.signed_in('stranger'), dashboard.browser('nobody')):
        assert (await other.http.get(handed_over[0])).status_code == 404
    assert (await person.http.get(handed_over[0])).status_code == 200


async def test_no_file_outlives_the_dashboard(app: Stack, handed_over: list[str]) -> None:
    forget_everything()
    async with user_simulation(main_file=ROOT / 'main.py'):
        dashboard = Dashboard(app)
        person = await dashboard.signed_in(path='/sessions')
        exports = exports_of(person)
        with person.client:
            exports.start('csv')
        await until(lambda: exports.work and exports.work.done())
        (path,) = person.session.files.values()
        assert path.exists()
        await dashboard.close()
    assert not path.parent.exists()
