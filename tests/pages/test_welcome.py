"""Choosing a password with a link, and changing one's own: over plain HTTP, as browsers send it."""

import time
from typing import Any
from uuid import uuid4

import jwt
import pytest

from auth import is_password, sessions
from components.password_form import PasswordForm
from config import settings
from data import Data
from devstack.demo.salons import SALON_A
from models import UserLink
from passwords import link_address, link_of, problem_of
from tests.pages.conftest import PASSWORD, SmallSalon
from tests.simulated import Dashboard, Person, until

NEW = 'четыре слова вместе'
DEAD = 'Эта ссылка не работает'


async def invited(dashboard: Dashboard, salon: SmallSalon, email: str = '') -> tuple[str, UserLink]:
    """The path of a new invitation, made by the salon's owner."""
    owner = await dashboard.signed_in(salon.email, password=PASSWORD)
    email = email or f'{uuid4().hex[:10]}@pages.test'
    users = Data(owner.session).users
    made = await users.invite(uuid4(), email=email, first_name='Вера', last_name='Новая', role='staff')
    request = owner.client.request
    address = link_address(request, made)
    assert address == link_address(request, made)
    return address.removeprefix('http://test'), made


async def send(person: Person, path: str, **fields: str) -> Any:
    return await person.http.post(path, data=fields)


async def test_an_invitation_leads_to_a_password_and_in(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    path, made = await invited(dashboard, small_salon, 'vera@pages.test')
    person = dashboard.browser('vera@pages.test')
    await person.open(path)
    await person.sees('Добро пожаловать, Вера Новая!')
    assert 'vera@pages.test' in person.texts()
    answer = await send(person, path, password=NEW, again=NEW)
    assert answer.headers['location'] == '/'
    await person.open('/')
    assert person.session.user.email == 'vera@pages.test'
    (hashed,) = dashboard.run('select encrypted_password from dashboard.users where id = %s', made.user)[0]
    assert is_password(NEW, hashed)
    actions = dashboard.run('select action from dashboard.audits where user_id = %s order by id', made.user)
    assert [row[0] for row in actions] == ['set_password', 'sign_in']


async def test_a_link_works_once_and_says_so_afterwards(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    path, _made = await invited(dashboard, small_salon)
    first, second = dashboard.browser('one'), dashboard.browser('two')
    assert (await send(first, path, password=NEW, again=NEW)).headers['location'] == '/'
    answer = await send(second, path, password=NEW + '!', again=NEW + '!')
    assert answer.headers['location'] == path
    await second.open(path)
    await second.sees(DEAD)
    assert not second.all(PasswordForm)


def forged(made: UserLink) -> list[str]:
    secret, later = settings().storage_secret.get_secret_value(), int(time.time()) + 999
    claims = {'sub': str(made.link), 'exp': later, 'aud': 'welcome'}
    return [
        'x', 'x' * 3000, jwt.encode(claims, 'another secret that is long enough', algorithm='HS256'),
        jwt.encode(claims, '', algorithm='none'), jwt.encode({**claims, 'aud': 'other'}, secret),
        jwt.encode({**claims, 'exp': 1}, secret), jwt.encode({**claims, 'sub': 'x'}, secret),
        jwt.encode({**claims, 'sub': str(uuid4())}, secret),
        jwt.encode({'sub': str(made.link), 'aud': 'welcome'}, secret),
    ]  # fmt: skip


async def test_a_forged_or_past_link_is_one_clear_page(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    _path, made = await invited(dashboard, small_salon)
    person = dashboard.browser('nobody')
    for token in forged(made):
        await person.open(f'/welcome/{token}')
        await person.sees(DEAD)
        assert 'pages.test' not in ''.join(person.received)
        assert (await send(person, f'/welcome/{token}', password=NEW, again=NEW)).status_code == 303
    assert dashboard.run('select encrypted_password from dashboard.users where id = %s', made.user) == [(None,)]


@pytest.mark.parametrize(('password', 'again', 'text'), [
    ('short', 'short', 'Не короче 12 символов'), ('я' * 37, 'я' * 37, 'Слишком длинный'),
    (NEW, NEW + '1', 'не совпадают'), ('long.enough@pages.test', 'long.enough@pages.test', 'не годится'),
])  # fmt: skip
async def test_a_bad_password_is_refused_at_its_field(
    dashboard: Dashboard, small_salon: SmallSalon, password: str, again: str, text: str
) -> None:
    path, made = await invited(dashboard, small_salon, 'long.enough@pages.test')
    person = dashboard.browser('new')
    await person.open(path)
    answer = await send(person, path, password=password, again=again)
    assert answer.headers['location'] == path
    await person.open(path)
    (shown,) = person.one(PasswordForm)._props['errors'].values()
    assert text in shown
    assert dashboard.run('select encrypted_password from dashboard.users where id = %s', made.user) == [(None,)]
    await person.open(path)
    assert not person.one(PasswordForm)._props['errors']


async def test_a_form_of_another_site_is_refused(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    path, made = await invited(dashboard, small_salon)
    person = dashboard.browser('new')
    for where in (path, '/account/password'):
        fields = {'password': NEW, 'again': NEW}
        answer = await person.http.post(where, data=fields, headers={'origin': 'https://evil.test'})
        assert answer.status_code == 403
    assert link_of(path.removeprefix('/welcome/')) == made.link


def test_what_a_good_password_is() -> None:
    assert problem_of('x' * 72, 'x' * 72, 'a@b.de') is None
    assert problem_of('я' * 36, 'я' * 36, 'a@b.de') is None
    reasons = [problem_of(text, text, 'Long.Name@b.de ') for text in ('x' * 11, 'x' * 73, 'long.name@b.de')]
    assert [found and found.reason for found in reasons] == ['password_short', 'password_long', 'password_email']


# --- one's own password


async def change(person: Person, current: str = PASSWORD, password: str = NEW, again: str = '') -> str:
    answer = await send(person, '/account/password', current=current, password=password, again=again or password)
    return str(answer.headers['location'])


async def test_changing_the_own_password_ends_all_other_sessions(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    here = await dashboard.signed_in(small_salon.email, '/account', password=PASSWORD)
    there = await dashboard.signed_in(small_salon.email, password=PASSWORD)
    assert await change(here) == '/account?changed=1'
    await until(lambda: there.sent_to)
    await sessions.check_all()
    await here.open('/account?changed=1')
    await here.sees('Пароль изменён')
    assert not here.session.is_ended
    assert (await there.http.get('/account')).headers['location'].startswith('/login')
    again = dashboard.browser(small_salon.email)
    assert (await again.sign_in(PASSWORD)).headers['location'].startswith('/login')
    assert (await again.sign_in(NEW)).headers['location'] == '/'


async def test_a_check_in_the_middle_of_the_change_ends_nothing(
    dashboard: Dashboard, small_salon: SmallSalon, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await dashboard.signed_in(small_salon.email, '/account', password=PASSWORD)
    real = Data.call

    async def checked(self: Data, function: str, **arguments: Any) -> Any:
        answer = await real(self, function, **arguments)
        if function == 'finish_password_change':
            await sessions.check_all()
        return answer

    monkeypatch.setattr(Data, 'call', checked)
    assert await change(person) == '/account?changed=1'
    assert not person.session.is_ended
    assert person.sent_to == []


async def test_a_wrong_present_password_counts_as_a_failed_sign_in(
    dashboard: Dashboard, small_salon: SmallSalon
) -> None:
    person = await dashboard.signed_in(small_salon.email, '/account', password=PASSWORD)
    dashboard.run('delete from dashboard.login_attempts')
    for _n in range(5):
        assert await change(person, 'wrong') == '/account'
    await person.open('/account')
    assert 'Это не ваш нынешний пароль' in str(person.one(PasswordForm)._props['errors'])
    await change(person)
    await person.open('/account')
    assert 'Слишком много попыток' in str(person.one(PasswordForm)._props['errors'])
    failed = dashboard.run(
        "select count(*) from dashboard.audits where action = 'sign_in_failed' and tenant_id = %s", small_salon.id
    )
    assert failed == [(5,)]
    dashboard.run('delete from dashboard.login_attempts')


async def test_the_same_password_once_more_is_no_change(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    person = await dashboard.signed_in(small_salon.email, '/account', password=PASSWORD)
    assert await change(person, PASSWORD, PASSWORD) == '/account'
    await person.open('/account')
    assert 'Это тот же пароль' in str(person.one(PasswordForm)._props['errors'])


async def test_whoever_is_not_signed_in_changes_nothing(dashboard: Dashboard) -> None:
    assert (await change(dashboard.browser('nobody'))).startswith('/login')


async def test_staff_sees_the_own_account_and_renames_it(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('staff', '/account')
    await person.sees('staff@demo.salon', 'Сотрудник салона', SALON_A.name)
    number = person.session.user.id
    (before,) = dashboard.run('select first_name, last_name from dashboard.users where id = %s', number)
    await Data(person.session).users.rename(uuid4(), number, first_name='Ася', last_name='')
    await person.sees('Ася')
    dashboard.run('update dashboard.users set first_name = %s, last_name = %s where id = %s', *before, number)


async def test_a_password_of_supabase_auth_is_said_to_live_there(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    person = await dashboard.signed_in(small_salon.email, None, password=PASSWORD)
    dashboard.run('alter table dashboard.users disable trigger end_sessions_of_changed_user')
    dashboard.run('update dashboard.users set encrypted_password = null where email = %s', small_salon.email)
    dashboard.run('alter table dashboard.users enable trigger end_sessions_of_changed_user')
    await person.open('/account')
    await person.sees('общей учётной записью платформы')
    assert not person.all(PasswordForm)
    assert await change(person) == '/account'
