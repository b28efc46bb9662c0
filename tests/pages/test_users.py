"""The users' page: who is shown to whom, and every act through the page's own forms."""

import json
from typing import Any

import pytest
from nicegui import ui

from components.copy_field import CopyField
from components.filters import FilterBar
from components.user_list import UserList
from data import Data
from devstack.demo.salons import SALON_B
from live import feed
from models import UsersQuery
from tests.pages.conftest import PASSWORD, SmallSalon
from tests.simulated import Dashboard, Person, tell, until


def rows(person: Person) -> dict[str, dict[str, Any]]:
    """The rows by e-mail; who has no name is called by it."""
    return {row['email'] or row['name']: row for row in person.one(UserList)._props['rows']}


def field(person: Person, label: str) -> Any:
    """The open form's field with this label."""
    found = [item for item in (*person.all(ui.input), *person.all(ui.select)) if item._props.get('label') == label]
    return found[-1]


def submit(person: Person) -> None:
    """Send the open form."""
    tell([element for element in person.all(ui.element) if element.tag == 'form'][-1], 'submit')


def begin(person: Person, act: str, email: str) -> None:
    tell(person.one(UserList), 'act', {'act': act, 'id': rows(person)[email]['id']})


async def owner_of(dashboard: Dashboard, salon: SmallSalon) -> Person:
    return await dashboard.signed_in(salon.email, '/users', password=PASSWORD)


async def colleague_of(dashboard: Dashboard, salon: SmallSalon, path: str = '/users') -> Person:
    """Another owner of the salon."""
    email = f'second-{salon.email}'
    salon.db.execute(
        'insert into dashboard.users (email, encrypted_password, role, tenant_id)'
        " select %s, u.encrypted_password, 'admin', u.tenant_id from dashboard.users u where u.email = %s",
        (email, salon.email),
    )
    return await dashboard.signed_in(email, path, password=PASSWORD)


async def invite(person: Person, email: str, *, role: str = 'staff') -> str:
    """Invite somebody with the form; the link that is shown."""
    person.click('Пригласить')
    await until(lambda: any(item._props.get('label') == 'Электронная почта' for item in person.all(ui.input)))
    field(person, 'Электронная почта').set_value(email)
    field(person, 'Имя').set_value('Вера')
    field(person, 'Роль').set_value(role)
    submit(person)
    await until(lambda: person.all(CopyField))
    return str(person.one(CopyField)._props['text'])


async def test_an_owner_sees_the_own_people_and_no_menu_for_oneself(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('owner', '/users')
    shown = rows(person)
    assert set(shown) == {'owner@demo.salon', 'staff@demo.salon'}
    assert shown['owner@demo.salon']['acts'] == []
    assert shown['owner@demo.salon']['isSelf']
    assert SALON_B.name not in json.dumps(shown, ensure_ascii=False)
    begin(person, 'off', 'owner@demo.salon')
    assert 'больше не сможет войти' not in person.texts()


async def test_after_a_change_that_two_pages_reload_for_each_of_them_knows_who_it_is(
    dashboard: Dashboard, small_salon: SmallSalon
) -> None:
    people = [await owner_of(dashboard, small_salon), await colleague_of(dashboard, small_salon)]
    readers = [Data(person.session) for person in people]
    for reader in readers:
        reader.serial = 1
    lists = [await reader.users.page(UsersQuery()) for reader in readers]
    assert [[row.email for row in page.rows if row.is_self] for page in lists] == [[person.email] for person in people]
    assert [(await reader.people.whoami()).user.email for reader in readers] == [person.email for person in people]


@pytest.mark.parametrize('act', ['sessions', 'off'])
async def test_who_is_signed_out_or_switched_off_by_somebody_leaves_the_open_pages_at_once(
    dashboard: Dashboard, small_salon: SmallSalon, act: str
) -> None:
    owner, other = await owner_of(dashboard, small_salon), await colleague_of(dashboard, small_salon, '/')
    other_session = other.session
    await until(lambda: rows(owner).get(other.email, {}).get('acts'))
    begin(owner, act, other.email)
    submit(owner)
    await until(lambda: other_session.is_ended, 5)


async def test_a_change_of_a_user_that_the_live_feed_tells_of_ends_the_open_pages(
    dashboard: Dashboard, small_salon: SmallSalon
) -> None:
    other = await colleague_of(dashboard, small_salon, '/')
    session, (number,) = other.session, dashboard.run('select id from dashboard.users where email = %s', other.email)[0]
    await until(lambda: feed.state == 'live')
    dashboard.run('update dashboard.users set session_version = session_version + 1 where id = %s', number)
    await until(lambda: session.is_ended, 5)


async def test_staff_does_not_see_the_page(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('staff', '/users')
    await person.sees('Эта страница вам недоступна')
    assert '/users' not in str([link._props.get('href') for link in person.all(ui.link)])
    assert '/audit' not in str([link._props.get('href') for link in person.all(ui.link)])


async def test_an_invitation_goes_from_the_form_to_the_first_sign_in(
    dashboard: Dashboard, small_salon: SmallSalon
) -> None:
    owner = await owner_of(dashboard, small_salon)
    link = await invite(owner, 'guest@pages.test')
    assert link.startswith('http://test/welcome/')
    await until(lambda: 'guest@pages.test' in rows(owner))
    row = rows(owner)['guest@pages.test']
    assert (row['state'], row['name'], row['role']) == ('приглашён', 'Вера', 'Сотрудник салона')
    assert 'ссылка действует до' in row['about']
    guest = dashboard.browser('guest@pages.test')
    fields = {'password': 'четыре слова вместе', 'again': 'четыре слова вместе'}
    assert (await guest.http.post(link, data=fields)).headers['location'] == '/'
    await until(lambda: rows(owner)['guest@pages.test']['state'] == 'активен')


async def test_what_is_wrong_with_an_invitation_stands_at_its_field_and_nothing_typed_is_lost(
    dashboard: Dashboard, small_salon: SmallSalon
) -> None:
    owner = await owner_of(dashboard, small_salon)
    owner.click('Пригласить')
    mail, name = field(owner, 'Электронная почта'), field(owner, 'Имя')
    name.set_value('Вера')
    for typed, text in (('', 'Это нужно заполнить.'), ('вера', 'не похоже'), ('OWNER@demo.salon', 'уже занят')):
        mail.set_value(typed)
        submit(owner)
        await until(lambda: mail.error)
        assert text in mail.error
        assert (mail.value, name.value) == (typed, 'Вера')
    assert not owner.all(CopyField)


async def test_a_role_is_changed_and_ends_the_sessions(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    owner = await owner_of(dashboard, small_salon)
    await invite(owner, 'guest@pages.test')
    await until(lambda: 'guest@pages.test' in rows(owner))
    begin(owner, 'change', 'guest@pages.test')
    await owner.sees('войдёт уже с новой ролью')
    roles = field(owner, 'Роль')
    assert set(roles.options) == {'staff', 'admin'}
    roles.set_value('admin')
    submit(owner)
    await until(lambda: rows(owner)['guest@pages.test']['role'] == 'Владелец салона')


async def test_switching_off_says_what_it_does_and_can_be_taken_back(
    dashboard: Dashboard, small_salon: SmallSalon
) -> None:
    owner = await owner_of(dashboard, small_salon)
    await invite(owner, 'guest@pages.test')
    await until(lambda: 'guest@pages.test' in rows(owner))
    begin(owner, 'off', 'guest@pages.test')
    await owner.sees('больше не сможет войти', 'Действующая ссылка перестанет работать')
    submit(owner)
    await until(lambda: rows(owner)['guest@pages.test']['state'] == 'отключён')
    assert rows(owner)['guest@pages.test']['acts'] == ['on', 'rename']
    begin(owner, 'on', 'guest@pages.test')
    submit(owner)
    await until(lambda: rows(owner)['guest@pages.test']['state'] == 'приглашён')
    assert rows(owner)['guest@pages.test']['about'] == ''


async def test_somebody_faster_is_named_and_a_second_press_does_it(
    dashboard: Dashboard, small_salon: SmallSalon
) -> None:
    owner = await owner_of(dashboard, small_salon)
    await invite(owner, 'guest@pages.test')
    await until(lambda: 'guest@pages.test' in rows(owner))
    begin(owner, 'off', 'guest@pages.test')
    dashboard.run("update dashboard.users set role = 'admin' where email = 'guest@pages.test'")
    submit(owner)
    await owner.sees('Изменения уже внесены', 'Владелец салона')
    assert dashboard.run("select active from dashboard.users where email = 'guest@pages.test'") == [(True,)]
    submit(owner)
    await until(lambda: rows(owner)['guest@pages.test']['state'] == 'отключён')


async def test_another_name_of_somebody_faster_is_shown_before_it_is_overwritten(
    dashboard: Dashboard, small_salon: SmallSalon
) -> None:
    owner, other = await owner_of(dashboard, small_salon), await colleague_of(dashboard, small_salon)
    await until(lambda: other.email in rows(owner))
    begin(owner, 'rename', other.email)
    dashboard.run("update dashboard.users set first_name = 'Ольга' where email = %s", other.email)
    field(owner, 'Имя').set_value('Оля')
    submit(owner)
    await owner.sees('Теперь имя: Ольга')
    submit(owner)
    await until(lambda: rows(owner)[other.email]['name'] == 'Оля')


async def test_signing_somebody_out_names_the_open_browsers_and_closes_them(
    dashboard: Dashboard, small_salon: SmallSalon
) -> None:
    owner = await owner_of(dashboard, small_salon)
    link = await invite(owner, 'guest@pages.test')
    guest = dashboard.browser('guest@pages.test')
    await guest.http.post(link, data={'password': 'четыре слова вместе', 'again': 'четыре слова вместе'})
    await guest.open('/')
    await until(lambda: 'sessions' in rows(owner)['guest@pages.test']['acts'])
    begin(owner, 'sessions', 'guest@pages.test')
    await owner.sees('Сейчас открыто в 1 браузере')
    submit(owner)
    await until(lambda: guest.sent_to, 40)
    assert guest.session.is_ended


async def test_the_platform_sees_everybody_and_chooses_the_salon(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('platform', '/users')
    shown = rows(person)
    assert {'owner@demo.salon', 'stranger@demo.salon', 'platform@demo.salon'} <= set(shown)
    assert shown['stranger@demo.salon']['salon'] == SALON_B.name
    tell(person.one(FilterBar), 'change', {'name': 'salon', 'value': SALON_B.id})
    await until(lambda: 'owner@demo.salon' not in rows(person))
    assert 'stranger@demo.salon' in rows(person)


async def test_filters_live_in_the_address_and_odd_ones_are_named(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('owner', '/users?role=staff&state=active&search=STAFF@')
    assert set(rows(person)) == {'staff@demo.salon'}
    await person.go('/users?role=king&state=%00&salon=x')
    await person.sees('Непонятная часть адреса пропущена: role, state, salon')
    assert len(rows(person)) == 2
    await person.go('/users?search=абракадабра')
    await person.sees('Никого не нашлось')
    tell(person.one(FilterBar), 'change', {'name': 'role', 'value': 'super_admin'})
    assert person.client.sub_pages_router.current_path.startswith('/users?search=')
