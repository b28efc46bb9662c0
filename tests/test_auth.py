"""Who comes in, who does not, and when a session is over. Clock and browser are made up, nothing else."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID

import bcrypt
import jwt
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from nicegui import app as nicegui_app

import auth
from auth import SignedIn, TooManyAttempts, create_admin, sessions, sign_in
from components.login_form import LoginForm
from config import settings
from data import Conflict, Data, NotAllowed, SessionEnded, Unavailable
from devstack.demo.salons import SALON_A, SALON_B, SALONS
from devstack.faults import ApiFault
from devstack.stack import Stack
from live import feed
from models import DialogQuery, Figure, Role
from tests.simulated import Dashboard, Person, until
from tokens import Tokens, mint

ROOT = Path(auth.__file__).parent
PASSWORD = 'Правильный пароль 7'
People = Callable[..., str]


@pytest.fixture
def people(stack: Stack) -> Iterator[People]:
    """`people('name', role=..., hashed=...)`: makes a user who is taken away afterwards; the answer is the e-mail."""
    made: list[str] = []
    with psycopg.connect(stack.admin_dsn, autocommit=True) as db:

        def make(name: str, *, hashed: str | None = None, role: str = 'staff', active: bool = True,
                 tenant: str | None = SALON_A.id) -> str:  # fmt: skip
            email = f'{name}@auth.test'
            made.append(email)
            db.execute(
                'insert into dashboard.users (email, encrypted_password, role, active, tenant_id)'
                ' values (%s, %s, %s, %s, %s)',
                (email, hashed, role, active, tenant),
            )
            return email

        yield make
        mine = 'select id from dashboard.users where email = any (%s)'
        db.execute(f'delete from dashboard.audits where user_id in ({mine})'.encode(), (made,))
        db.execute('delete from dashboard.users where email = any (%s)', (made,))
        db.execute('delete from dashboard.login_attempts')


def cheap(password: str = PASSWORD, prefix: bytes = b'2b') -> str:
    """A hash that is quick to check, as older installations have them."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4, prefix=prefix)).decode()


async def enter(email: str, password: str = PASSWORD, address: str = '10.0.0.1') -> Any:
    return await sign_in(email, password, address=address, user_agent='test')


async def accepted(email: str, password: str = PASSWORD) -> SignedIn:
    result = await enter(email, password)
    assert isinstance(result, SignedIn), result
    return result


# --- passwords


@pytest.mark.parametrize('prefix', [b'2a', b'2b'])
async def test_a_weak_hash_signs_in_and_is_upgraded_without_ending_sessions(
    app: Stack, people: People, prefix: bytes
) -> None:
    email = people('old', hashed=cheap(prefix=prefix))
    before = await accepted(email)
    with psycopg.connect(app.dsn) as db:
        row = db.execute('select encrypted_password, session_version from dashboard.users where email = %s', (email,))
        hashed, version = row.fetchone() or ('', 0)
    assert hashed.startswith('$2b$12$')
    assert version == before.who.user.session_version == 1
    assert (await accepted(email)).who.user.id == before.who.user.id


async def test_spaces_and_capitals_in_the_e_mail_do_not_matter(app: Stack, people: People) -> None:
    email = people('spaces', hashed=cheap())
    assert (await accepted(f'  {email.upper()} ')).who.user.email == email


async def test_every_refusal_is_the_same_answer_and_lasts_as_long(app: Stack, people: People) -> None:
    people('known', hashed=cheap())
    people('off', hashed=cheap(), active=False)
    people('homeless', hashed=cheap(), tenant=None)
    people('odd', hashed=cheap(), role='king')
    tries = [('nobody', PASSWORD), ('known', 'wrong'), ('off', PASSWORD), ('homeless', PASSWORD), ('odd', PASSWORD)]

    async def timed(name: str, password: str) -> tuple[Any, float]:
        started = time.monotonic()
        return await enter(f'{name}@auth.test', password), time.monotonic() - started

    answers = await asyncio.gather(*(timed(*one) for one in tries))
    assert [answer for answer, _seconds in answers] == [None] * len(tries)
    assert all(seconds >= auth.FAILURE_SECONDS for _answer, seconds in answers)


async def test_a_password_is_never_taken_for_a_broken_or_an_empty_hash(app: Stack, people: People) -> None:
    emails = [people('broken', hashed='not-a-hash'), people('empty', hashed='')]
    assert await asyncio.gather(*(enter(email, password) for email in emails for password in ('', 'x\0'))) == [None] * 4


# --- Supabase Auth


async def test_who_has_no_password_here_signs_in_through_supabase_auth(app: Stack, people: People) -> None:
    email = people('cloud', role='admin', tenant=SALON_B.id)
    app.create_auth_user(email, PASSWORD)
    entered = await accepted(email)
    assert (entered.who.user.role, entered.tenant_id) == (Role.ADMIN, UUID(SALON_B.id))
    assert await enter(email, 'wrong') is None


async def test_an_unconfirmed_e_mail_is_refused(app: Stack, people: People) -> None:
    email = people('unconfirmed')
    app.create_auth_user(email, PASSWORD, confirmed=False)
    assert await enter(email) is None


async def test_who_has_a_password_here_cannot_come_in_through_supabase_auth(app: Stack, people: People) -> None:
    email = people('both', hashed=cheap())
    app.create_auth_user(email, 'another password')
    assert await enter(email, 'another password') is None


async def test_a_supabase_user_whom_no_salon_knows_is_refused(app: Stack, people: People) -> None:
    app.create_auth_user('uninvited@auth.test', PASSWORD)
    assert await enter('uninvited@auth.test') is None


async def test_sign_ins_at_the_same_time_never_mix_people_up(app: Stack, people: People) -> None:
    salons = [SALON_A.id, SALON_B.id] * 3
    emails = [people(f'crowd{n}', role='admin', tenant=salon) for n, salon in enumerate(salons)]
    for email in emails:
        app.create_auth_user(email, PASSWORD)
    entered = await asyncio.gather(*(accepted(email) for email in emails))
    assert [one.who.user.email for one in entered] == emails
    assert [str(one.who.salon and one.who.salon.id) for one in entered] == salons
    seen = await asyncio.gather(
        *(Data(auth._tokens_of(one.who.user, one.tenant_id)).people.whoami() for one in entered)
    )
    assert [str(who.salon and who.salon.id) for who in seen] == salons


# --- too many tries

ANOTHER_PROCESS = (
    'import asyncio, auth;'
    "print(asyncio.run(auth.sign_in('victim@auth.test', 'x', address='10.0.0.1', user_agent='test')))"
)


async def test_the_sixth_try_is_not_made_not_even_by_a_new_process(app: Stack, people: People) -> None:
    email = people('victim', hashed=cheap())
    await asyncio.gather(*(enter(email, f'guess {n}') for n in range(5)))
    answer = await enter(email)
    assert isinstance(answer, TooManyAttempts)
    assert 1 <= answer.minutes <= 15
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, '-c', ANOTHER_PROCESS], capture_output=True, text=True, cwd=ROOT
    )
    assert 'TooManyAttempts' in done.stdout, done.stderr
    assert isinstance(await enter(email, address='10.0.0.2'), SignedIn), 'the owner at home is not locked out'


async def test_the_form_says_how_long_to_wait(dashboard: Dashboard, people: People) -> None:
    person = dashboard.browser('whoever')
    await asyncio.gather(*(enter(person.email, 'guess', address='127.0.0.1') for _n in range(5)))
    answer = await person.sign_in('guess')
    await person.open(answer.headers['location'])
    form = person.one(LoginForm)
    assert form._props['error'] == 'Слишком много попыток. Следующая возможна через 15\xa0мин.'
    assert form._props['email'] == person.email


# --- tokens


def test_a_private_json_web_key_signs_tokens_with_es256(
    app_environment: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    private = generate_private_key(SECP256R1())
    jwk = jwt.algorithms.ECAlgorithm.to_jwk(private, as_dict=True) | {'kid': 'k1'}
    monkeypatch.setenv('SUPABASE_JWT_SECRET', json.dumps(jwk))
    settings.cache_clear()
    try:
        token = mint({'sub': '7', 'app_role': 'staff'})
    finally:
        monkeypatch.undo()
        settings.cache_clear()
    assert jwt.get_unverified_header(token) == {'alg': 'ES256', 'kid': 'k1', 'typ': 'JWT'}
    claims = jwt.decode(token, private.public_key(), algorithms=['ES256'], audience='authenticated')
    assert (claims['role'], claims['sub'], claims['exp'] - claims['iat']) == ('dashboard_app', '7', 600)


def test_a_token_is_renewed_before_it_expires(app_environment: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = Tokens({'app_role': 'system'})
    first, now = tokens.token(), time.time()
    monkeypatch.setattr(time, 'time', lambda: now + 470)
    assert tokens.token() == first
    monkeypatch.setattr(time, 'time', lambda: now + 481)
    assert jwt.decode(tokens.token(), options={'verify_signature': False})['exp'] >= int(now) + 481 + 600


@pytest.mark.parametrize('path', ['/', '/sessions', '/sessions?figure=bookings', '/login'])
async def test_no_secret_reaches_the_browser(dashboard: Dashboard, path: str) -> None:
    person = await dashboard.signed_in('platform')
    await person.open(path)
    page = await Data(person.session).dialogs.page(DialogQuery(figure=Figure.BOOKINGS))
    await person.go(f'/sessions/{page.rows[0].session_id}') if path != '/login' else None
    await asyncio.sleep(0.2)
    received = '\n'.join(person.received) + json.dumps(dict(person.http.cookies))
    assert len(received) > 20_000
    hidden = [
        'eyJhbGci',
        '$2a$',
        '$2b$',
        'demo-secret',
        dashboard.stack.jwt_secret,
        dashboard.stack.key,
        person.session.token(),
    ]
    assert [secret for secret in hidden if secret in received] == []


# --- the operator's command


async def test_the_first_admin_is_made_once_and_sees_every_salon(app: Stack, people: People) -> None:
    email = people('chief')
    with psycopg.connect(app.admin_dsn, autocommit=True) as db:
        db.execute('delete from dashboard.users where email = %s', (email,))
    await create_admin(email, PASSWORD)
    entered = await accepted(email)
    assert entered.who.user.role is Role.SUPER_ADMIN
    assert {str(salon.id) for salon in entered.who.salons} >= {salon.id for salon in SALONS}
    with pytest.raises(Conflict):
        await create_admin(email.upper(), PASSWORD)


# --- the form


async def test_signing_in_gives_the_browser_a_new_id_and_the_old_cookie_opens_nothing(dashboard: Dashboard) -> None:
    person, thief = dashboard.browser(), dashboard.browser()
    await person.open('/login')
    stolen = dict(person.http.cookies)
    thief.http.cookies.update(stolen)
    assert (await person.sign_in()).headers['location'] == '/'
    assert dict(person.http.cookies) != stolen
    assert (await person.open('/')).path == '/'
    assert (await thief.open('/')).path == '/login'


async def test_after_signing_out_the_old_cookie_opens_nothing(dashboard: Dashboard) -> None:
    person, thief = await dashboard.signed_in(), dashboard.browser()
    thief.http.cookies.update(dict(person.http.cookies))
    person.click('Выйти')
    await until(lambda: person.sent_to == ['/login?ended=1&next=/'])
    assert (await thief.open('/sessions')).path == '/login?next=/sessions'


async def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(dashboard: Dashboard) -> None:
    answer = await dashboard.browser().sign_in()
    cookie = answer.headers['set-cookie'].lower()
    assert 'httponly' in cookie
    assert 'samesite=lax' in cookie


@pytest.mark.parametrize('origin', ['https://evil.example', 'null', 'http://test.evil.example'])
async def test_a_form_from_another_site_is_refused(dashboard: Dashboard, origin: str) -> None:
    person = dashboard.browser()
    assert (await person.sign_in(origin=origin)).status_code == 403
    assert (await person.open('/')).path == '/login'


ELSEWHERE = [
    '//evil.example', '///evil.example', '/\\evil.example', '\\\\evil.example', 'https://evil.example', 'evil.example',
    'javascript:alert(1)', '/login', '/login?next=/x', '%2f%2fevil.example',
    '/\nSet-Cookie: a=b', '/\t/evil.example', '',
]  # fmt: skip


async def test_only_a_path_of_the_app_is_gone_to_after_signing_in(dashboard: Dashboard) -> None:
    person = dashboard.browser()
    for path in ELSEWHERE:
        assert (await person.sign_in(path=path)).headers['location'] == '/', path
        again = await person.http.get(f'/login?next={quote(path)}')
        assert again.headers['location'] == '/', path


async def test_a_path_of_the_app_is_gone_to_after_signing_in(dashboard: Dashboard) -> None:
    answer = await dashboard.browser().sign_in(path='/sessions?search=Ёлка&figure=bookings')
    assert answer.headers['location'] == '/sessions?search=%D0%81%D0%BB%D0%BA%D0%B0&figure=bookings'


@pytest.mark.parametrize('email', ['nobody@auth.test', 'owner@demo.salon', 'a\0b', '', 'x' * 5000, "' or 1=1 --"])
async def test_the_form_says_the_same_about_every_wrong_pair(dashboard: Dashboard, people: People, email: str) -> None:
    person = dashboard.browser()
    person.email = email
    answer = await person.sign_in('wrong')
    await person.open(answer.headers['location'])
    assert person.one(LoginForm)._props['error'] == 'Неверная почта или пароль. Проверьте и попробуйте ещё раз.'
    await person.open('/login')
    assert person.one(LoginForm)._props['error'] == '', 'an error is told once'


@pytest.mark.parametrize('fault', ['unavailable', 'error', 'down'])
async def test_without_the_data_store_the_form_says_so(dashboard: Dashboard, fault: ApiFault) -> None:
    person = dashboard.browser()
    with dashboard.stack.faults.active(api=fault):
        answer = await person.sign_in()
        await person.open(answer.headers['location'])
    assert 'хранилище данных не отвечает' in person.one(LoginForm)._props['error']


# --- the end of a session

Act = Callable[[Dashboard, Person], object]


def change(assignment: str) -> Act:
    """Somebody changes the person's row."""
    statement = f'update dashboard.users set {assignment} where email = %s'
    return lambda dashboard, person: dashboard.run(statement, person.email)


def idle(dashboard: Dashboard, person: Person) -> None:
    nicegui_app.storage._users[person.key]['seen_at'] = time.time() - 12 * 3600 - 1


def delete(dashboard: Dashboard, person: Person) -> None:
    dashboard.run('delete from dashboard.audits where user_id = %s', person.session.user.id)
    dashboard.run('delete from dashboard.users where email = %s', person.email)


ENDS: dict[str, Act] = {
    '12 hours without a click': idle,
    'signing out': lambda dashboard, person: person.click('Выйти'),
    'another password': change("encrypted_password = '$2b$12$x'"),
    'another role': change("role = 'admin'"),
    'another salon': change(f"tenant_id = '{SALON_B.id}'"),
    'being switched off': change('active = false'),
    'being deleted': delete,
}


@pytest.mark.parametrize('act', ENDS.values(), ids=ENDS)
async def test_a_session_ends_in_all_tabs_by(dashboard: Dashboard, people: People, act: Act) -> None:
    person = dashboard.browser()
    person.email = people('ending', hashed=cheap())
    await person.sign_in(PASSWORD)
    tabs = [await person.open('/'), await dashboard.another_tab(person, '/sessions')]
    act(dashboard, person)
    await sessions.check_all()
    await until(lambda: [tab.sent_to for tab in tabs] == [[f'/login?ended=1&next={at}'] for at in ('/', '/sessions')])
    for tab in tabs:
        with pytest.raises(SessionEnded):
            await Data(tab.session).people.whoami()
        await tab.go('/sessions?status=done')
    await until(lambda: all(tab.sent_to[-1].startswith('/login?next=/sessions') for tab in tabs))
    await until(lambda: all(tab.client.is_deleted for tab in tabs))
    assert feed.subscriptions == 0
    assert (await person.open('/')).path == '/login'


async def test_a_session_goes_on_while_nothing_changed(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in()
    nicegui_app.storage._users[person.key]['seen_at'] = time.time() - 11 * 3600
    await sessions.check_all()
    await person.go('/sessions')
    assert nicegui_app.storage._users[person.key]['seen_at'] > time.time() - 60, 'a click begins the time anew'
    assert person.sent_to == []


async def test_while_the_data_store_is_away_nobody_is_signed_out(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in()
    with dashboard.stack.faults.active(api='unavailable'):
        await sessions.check_all()
    await sessions.check_all()
    assert not person.session.is_ended


async def test_a_check_under_way_does_not_bring_back_a_session_that_ended_meanwhile(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in()
    with dashboard.stack.faults.active(api='slow', delay_ms=300, match='whoami'):
        checking = asyncio.create_task(sessions.check_all())
        await asyncio.sleep(0.1)
        await sessions.end(person.key)
        await checking
    assert sessions._open == {}


async def test_one_session_that_cannot_be_checked_keeps_no_other_from_it(dashboard: Dashboard, people: People) -> None:
    broken, person = await dashboard.signed_in('stranger'), dashboard.browser()
    nicegui_app.storage._users[broken.key]['role'] = 'king'
    person.email = people('second', hashed=cheap())
    await person.sign_in(PASSWORD)
    await person.open('/')
    change('active = false')(dashboard, person)
    await sessions.check_all()
    assert person.session.is_ended


async def test_a_new_process_knows_who_is_signed_in(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('platform')
    sessions._open.clear()
    assert (await person.open('/')).path == '/'
    assert person.session.user.email == person.email


async def test_a_slow_check_does_not_break_the_page(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in()
    known = person.session
    known.checked_at -= 60
    with dashboard.stack.faults.active(api='slow', delay_ms=4000, match='whoami'):
        await person.open('/')
        assert person.session is known
        sessions._open.clear()
        await person.open('/')
        await person.sees('Хранилище данных не отвечает, поэтому показать пока нечего. Ничего не потеряно.')


# --- salons


async def test_the_platform_chooses_a_salon_for_all_its_tabs(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('platform')
    tab = await dashboard.another_tab(person, '/sessions')
    before = tab.session
    chosen = await sessions.choose_salon(before, UUID(SALON_B.id))
    assert chosen.salon and chosen.salon.name == SALON_B.name
    await until(lambda: person.sent_to == tab.sent_to == ['/'])
    with pytest.raises(SessionEnded):
        before.token()
    await tab.open('/')
    assert SALON_B.name in json.dumps(
        [element._props.get('options') for element in tab.client.elements.values()], ensure_ascii=False
    )
    await sessions.end(tab.key)
    assert tab.session.is_ended, 'what was chosen ends with the session'


@pytest.mark.parametrize('name', ['owner', 'staff'])
async def test_owner_and_staff_cannot_choose_a_salon(dashboard: Dashboard, name: str) -> None:
    person = await dashboard.signed_in(name)
    dashboard.run("delete from dashboard.audits where action = 'refused'")
    with pytest.raises(NotAllowed):
        await sessions.choose_salon(person.session, UUID(SALON_B.id))
    assert person.session.tenant_id == UUID(SALON_A.id)
    assert nicegui_app.storage._users[person.key]['tenant_id'] == SALON_A.id
    rows = dashboard.run("select user_id, description from dashboard.audits where action = 'refused'")
    assert rows == [(person.session.user.id, f'salon {SALON_B.id}')]


async def test_a_salon_that_cannot_be_read_is_not_chosen(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('platform')
    before = person.session.tenant_id
    with dashboard.stack.faults.active(api='unavailable'), pytest.raises(Unavailable):
        await sessions.choose_salon(person.session, UUID(SALON_B.id))
    await sessions.check_all()
    assert (person.session.tenant_id, person.session.is_ended) == (before, False)
