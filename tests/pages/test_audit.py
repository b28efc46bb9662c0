"""The journal: what the address asks for is listed, in words, and only to those who may read it."""

import asyncio
import json
from typing import Any

import pytest

from components.audit_list import AuditList
from components.audit_texts import ACTIONS, changes_of, facts_of
from components.filters import FilterBar
from tests.pages.conftest import PASSWORD, SmallSalon
from tests.simulated import Dashboard, Person, tell, until


def rows(person: Person) -> list[dict[str, Any]]:
    return list(person.one(AuditList)._props['rows'])


async def owner_of(dashboard: Dashboard, salon: SmallSalon, path: str = '/audit') -> Person:
    return await dashboard.signed_in(salon.email, path, password=PASSWORD)


def write(dashboard: Dashboard, salon: SmallSalon, action: str, text: str = '', data: Any = None, n: int = 1) -> None:
    """So many lines of the salon's owner."""
    dashboard.run(
        'insert into dashboard.audits (user_id, tenant_id, action, description, metadata)'
        ' select u.id, u.tenant_id, %s, %s, %s from dashboard.users u, generate_series(1, %s) where u.email = %s',
        action, text, data and json.dumps(data), n, salon.email,
    )  # fmt: skip


async def test_a_sign_in_a_failed_one_and_a_refusal_are_there(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    await dashboard.browser(small_salon.email).sign_in('wrong')
    owner = await owner_of(dashboard, small_salon)
    shown = [(row['what'], row['who'], row['address']) for row in rows(owner)]
    assert shown == [
        ('Вход', small_salon.email, '127.0.0.1'),
        ('Неудачная попытка входа', small_salon.email, '127.0.0.1'),
    ]


async def test_a_new_line_appears_by_itself(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    owner = await owner_of(dashboard, small_salon)
    await until(lambda: len(rows(owner)) == 1)
    write(dashboard, small_salon, 'export', 'dialogs.csv')
    await until(lambda: rows(owner)[0]['about'] == 'Диалоги, CSV', 20)


async def test_staff_and_strangers_read_nothing_of_it(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    write(dashboard, small_salon, 'export', 'secret-of-the-salon')
    staff = await dashboard.signed_in('staff', '/audit')
    await staff.sees('Эта страница вам недоступна')
    stranger = await dashboard.signed_in('stranger', '/audit?search=secret-of-the-salon')
    assert 'secret-of-the-salon' not in json.dumps(rows(stranger))
    visitor = await dashboard.browser('nobody').http.get('/audit')
    assert visitor.headers['location'].startswith('/login')


async def test_the_address_says_what_is_listed(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    write(dashboard, small_salon, 'export', 'Клиенты 100%')
    write(dashboard, small_salon, 'odd_act', 'что-то')
    owner = await owner_of(dashboard, small_salon, '/audit?action=export')
    assert [row['about'] for row in rows(owner)] == ['Клиенты 100%']
    await owner.go('/audit?search=100%25&period=today')
    assert [row['what'] for row in rows(owner)] == ['Выгрузка данных']
    await owner.go('/audit?action=odd_act')
    assert [row['what'] for row in rows(owner)] == ['odd_act']
    await owner.go(f'/audit?person={owner.session.user.id}')
    assert len(rows(owner)) == 3
    await owner.go('/audit?person=1')
    await owner.sees('Ничего не')
    await owner.go('/audit?action=DROP%20TABLE&person=x&period=never&salon=1')
    await owner.sees('Непонятная часть адреса пропущена: period, action, person, salon')


async def test_a_filter_is_written_into_the_address(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    owner = await owner_of(dashboard, small_salon)
    tell(owner.one(FilterBar), 'change', {'name': 'action', 'value': 'sign_out'})
    await until(lambda: owner.client.sub_pages_router.current_path == '/audit?action=sign_out')
    tell(owner.one(FilterBar), 'clear')
    await until(lambda: owner.client.sub_pages_router.current_path == '/audit')


async def test_show_more_brings_every_line_once(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    write(dashboard, small_salon, 'export', n=120)
    owner = await owner_of(dashboard, small_salon, '/audit?action=export')
    listed = owner.one(AuditList)
    while listed._props['hasMore']:
        before = len(rows(owner))
        tell(listed, 'more')
        await until(lambda before=before: len(rows(owner)) > before)  # type: ignore[misc]
        await asyncio.sleep(0.05)
    assert len({row['id'] for row in rows(owner)}) == len(rows(owner)) == 120
    assert '120 записей' in owner.texts()


async def test_before_and_after_can_be_read_and_hostile_values_are_texts(
    dashboard: Dashboard, small_salon: SmallSalon
) -> None:
    before = {'role': 'staff', 'active': True, 'bot_token': 'geheim'}
    after = {'role': 'admin', 'active': True, '<b>x': '<script>'}
    data = {'before': before, 'after': after, 'user': 5, 'amount': 2500, 'reset_link': 'geheim'}
    write(dashboard, small_salon, 'change_user', '<img src=x>', data)
    owner = await owner_of(dashboard, small_salon)
    row = rows(owner)[1]
    assert row['changes'] == [['Роль', 'Сотрудник салона', 'Владелец салона'], ['<b>x', '—', '<script>']]
    assert row['facts'] == []
    assert row['about'] == '2\xa0500\xa0₽ · <img src=x>'
    assert 'geheim' not in ''.join(owner.received)


async def test_a_line_that_jsonb_cannot_hold_hides_no_other_line(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    for metadata in ('{"text": "\\u0000"}', '{"number": 1e400000}'):
        small_salon.db.execute(
            "insert into dashboard.audits (tenant_id, action, metadata) values (%s, 'from_the_old_days', %s::json)",
            (small_salon.id, metadata),
        )
    owner = await owner_of(dashboard, small_salon)
    assert len(rows(owner)) == 3


@pytest.mark.parametrize('metadata', [None, 5, 'x', [], [1], {'before': 1, 'after': None}, {'before': []}])
def test_whatever_was_written_down_can_be_shown(metadata: Any) -> None:
    assert changes_of(metadata) == []
    assert facts_of(metadata) == []


def test_every_act_of_users_has_its_words() -> None:
    acts = {'invite_user', 'create_reset_link', 'change_user', 'rename_user', 'end_user_sessions', 'set_password',
            'change_password', 'sign_in', 'sign_in_failed', 'sign_out', 'refused', 'export'}  # fmt: skip
    assert acts <= ACTIONS.keys()
