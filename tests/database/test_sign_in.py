"""Signing in, as the database sees it: attempts are limited and written down, and a change of rights ends sessions."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from devstack.demo.salons import SALON_A, SALON_B
from devstack.stack import Stack
from tests.conftest import Connection

SYSTEM = '{"role": "dashboard_app", "app_role": "system"}'
EMAIL = 'limits@demo.example'
Begin = Callable[..., dict[str, Any]]
Finish = Callable[..., None]


@pytest.fixture
def system(db: Connection) -> Connection:
    """A transaction under the dashboard's own token, with one user to sign in."""
    db.execute(
        "insert into dashboard.users (email, encrypted_password, role, tenant_id) values (%s, '$2a$old', 'admin', %s)",
        (EMAIL, SALON_A.id),
    )
    db.execute("select set_config('request.jwt.claims', %s, true)", (SYSTEM,))
    return db


@pytest.fixture
def begin(system: Connection) -> Begin:
    """`begin(email, address)`: the answer of begin_sign_in."""

    def beginning(email: str | None = EMAIL, address: str | None = '10.0.0.1') -> dict[str, Any]:
        with system.transaction():
            system.execute('set local role dashboard_app')
            row = system.execute('select dashboard.begin_sign_in(%s, %s)', (email, address)).fetchone()
            system.execute('reset role')
        assert row
        answer: dict[str, Any] = row[0]
        return answer

    return beginning


@pytest.fixture
def finish(system: Connection) -> Finish:
    """`finish(answer, True)`: finish_sign_in for what begin answered."""

    def finishing(answer: dict[str, Any], succeeded: bool, new_hash: str | None = None) -> None:
        person = (answer['user'] or {}).get('id')
        with system.transaction():
            system.execute('set local role dashboard_app')
            system.execute(
                'select dashboard.finish_sign_in(%s, %s, %s, %s, %s, %s)',
                (answer['attempt'], person, succeeded, '10.0.0.1', 'agent', new_hash),
            )
            system.execute('reset role')

    return finishing


def user(db: Connection, column: str) -> Any:
    statement = psycopg.sql.SQL('select {} from dashboard.users where email = %s')
    row = db.execute(statement.format(psycopg.sql.Identifier(column)), (EMAIL,)).fetchone()
    assert row
    return row[0]


def later(db: Connection, minutes: float) -> None:
    """As if all attempts so far had been made that much earlier."""
    db.execute("update dashboard.login_attempts set created_at = created_at - %s * interval '1 minute'", (minutes,))


def tries(begin: Begin, number: int, **pair: str) -> list[bool]:
    """Whether each of so many attempts was let through."""
    return ['attempt' in begin(**pair) for _ in range(number)]


def test_a_known_e_mail_is_found_whatever_its_case_and_blanks(begin: Begin) -> None:
    answer = begin(f'  {EMAIL.upper()} ')
    assert answer['user'] | {'id': 0} == {
        'id': 0, 'email': EMAIL, 'encrypted_password': '$2a$old', 'role': 'admin', 'tenant_id': SALON_A.id,
        'active': True, 'session_version': 1,
    }  # fmt: skip


def test_an_unknown_e_mail_gets_an_answer_of_the_same_shape(begin: Begin) -> None:
    known, unknown = begin(), begin('nobody@demo.example')
    assert known.keys() == unknown.keys() == {'attempt', 'user'}
    assert unknown['user'] is None


def test_an_unknown_e_mail_is_limited_like_a_known_one(begin: Begin) -> None:
    assert tries(begin, 7, email='nobody@demo.example') == tries(begin, 7) == [True] * 5 + [False] * 2


def test_one_address_has_five_attempts_for_one_e_mail(begin: Begin) -> None:
    assert tries(begin, 6) == [True] * 5 + [False]
    assert tries(begin, 1, address='10.0.0.2') == tries(begin, 1, email='other@demo.example') == [True]


def test_one_e_mail_has_twenty_attempts_from_anywhere(begin: Begin) -> None:
    assert [tries(begin, 1, address=f'10.0.1.{n}') for n in range(21)] == [[True]] * 20 + [[False]]
    assert tries(begin, 1, email='other@demo.example') == [True]


def test_one_address_has_fifty_attempts_for_any_e_mails(begin: Begin) -> None:
    assert [tries(begin, 1, email=f'{n}@demo.example') for n in range(51)] == [[True]] * 50 + [[False]]
    assert tries(begin, 1, address='10.0.0.2') == [True]


def test_an_e_mail_written_otherwise_is_the_same_e_mail(begin: Begin) -> None:
    assert tries(begin, 5) == [True] * 5
    assert tries(begin, 1, email=f' {EMAIL.title()}') == [False]


def test_who_has_to_wait_is_told_for_how_long_and_then_let_through(begin: Begin, system: Connection) -> None:
    tries(begin, 5)
    later(system, 10)
    assert begin()['retry_after'] == pytest.approx(300, abs=5)
    later(system, 5.1)
    assert tries(begin, 1) == [True]


def test_what_others_tried_from_the_same_address_does_not_shorten_the_wait(begin: Begin, system: Connection) -> None:
    begin('other@demo.example')
    later(system, 13)
    tries(begin, 5)
    assert begin()['retry_after'] == pytest.approx(900, abs=5)


def test_refused_attempts_do_not_make_the_wait_longer(begin: Begin, system: Connection) -> None:
    tries(begin, 50)
    row = system.execute("select count(*) from dashboard.login_attempts where address = '10.0.0.1'").fetchone()
    assert row == (5,)


def test_a_success_forgets_the_failures_before_it(begin: Begin, finish: Finish, system: Connection) -> None:
    tries(begin, 3)
    later(system, 1)
    finish(begin(), True)
    later(system, 1)
    assert tries(begin, 6) == [True] * 5 + [False]


def test_a_success_of_one_e_mail_does_not_free_the_address(begin: Begin, finish: Finish, system: Connection) -> None:
    for n in range(49):
        begin(email=f'{n}@demo.example')
    later(system, 1)
    finish(begin(), True)
    assert tries(begin, 2, email='victim@demo.example') == [True, False]


def test_an_attempt_that_was_never_finished_counts_as_failed(begin: Begin, finish: Finish) -> None:
    for n in range(5):
        answer = begin()
        if n % 2:
            finish(answer, False)
    assert tries(begin, 1) == [False]


@pytest.fixture
def committed(stack: Stack) -> Iterator[Stack]:
    """For attempts from several connections; what they leave behind is taken away."""
    yield stack
    with psycopg.connect(stack.dsn) as connection:
        connection.execute("delete from dashboard.login_attempts where address like 'parallel%'")


@pytest.mark.parametrize('e_mails', [1, 30])
def test_attempts_at_the_same_time_are_limited_as_well(committed: Stack, e_mails: int) -> None:
    def attempt(n: int) -> bool:
        with psycopg.connect(committed.dsn) as connection:
            connection.execute("select set_config('request.jwt.claims', %s, true)", (SYSTEM,))
            pair = (f'{n % e_mails}@parallel.example', f'parallel {e_mails}')
            row = connection.execute('select dashboard.begin_sign_in(%s, %s)', pair).fetchone()
        return 'attempt' in (row or [{}])[0]

    with ThreadPoolExecutor(20) as pool:
        let_through = sum(pool.map(attempt, range(20 if e_mails == 1 else 60)))
    assert let_through == (5 if e_mails == 1 else 50)


@pytest.mark.parametrize('succeeded', [True, False])
def test_each_attempt_is_written_into_the_audit(
    begin: Begin, finish: Finish, system: Connection, succeeded: bool
) -> None:
    finish(begin(), succeeded)
    row = system.execute(
        'select user_id, tenant_id::text, action, ip_address, user_agent, description from dashboard.audits'
        ' order by id desc limit 1'
    ).fetchone()
    action = 'sign_in' if succeeded else 'sign_in_failed'
    assert row == (user(system, 'id'), SALON_A.id, action, '10.0.0.1', 'agent', None)


def test_an_attempt_with_an_unknown_e_mail_is_written_into_the_audit(
    begin: Begin, finish: Finish, system: Connection
) -> None:
    finish(begin('Nobody@demo.example'), False)
    row = system.execute(
        'select user_id, action, description from dashboard.audits order by id desc limit 1'
    ).fetchone()
    assert row == (None, 'sign_in_failed', 'nobody@demo.example')


def test_a_sign_in_leaves_its_time_and_a_failure_does_not(begin: Begin, finish: Finish, system: Connection) -> None:
    finish(begin(), False)
    assert user(system, 'last_sign_in_at') is None
    finish(begin(), True)
    assert user(system, 'last_sign_in_at') is not None


def test_a_rehash_keeps_the_sessions(begin: Begin, finish: Finish, system: Connection) -> None:
    finish(begin(), True, '$2b$new')
    assert (user(system, 'encrypted_password'), user(system, 'session_version')) == ('$2b$new', 1)


def test_a_failed_attempt_changes_no_password(begin: Begin, finish: Finish, system: Connection) -> None:
    finish(begin(), False, '$2b$new')
    assert user(system, 'encrypted_password') == '$2a$old'


def test_a_rehash_does_not_bring_back_a_password_that_was_changed_meanwhile(
    begin: Begin, finish: Finish, system: Connection
) -> None:
    answer = begin()
    system.execute("update dashboard.users set encrypted_password = '$2b$other' where email = %s", (EMAIL,))
    finish(answer, True, '$2b$old-again')
    assert user(system, 'encrypted_password') == '$2b$other'


CHANGES = {'encrypted_password': '$2b$x', 'role': 'staff', 'tenant_id': SALON_B.id, 'active': False}


@pytest.mark.parametrize('column', CHANGES)
def test_a_change_of_rights_ends_all_sessions(system: Connection, column: str) -> None:
    statement = psycopg.sql.SQL('update dashboard.users set {} = %s where email = %s')
    for version in (2, 2):
        system.execute(statement.format(psycopg.sql.Identifier(column)), (CHANGES[column], EMAIL))
        assert user(system, 'session_version') == version


@pytest.mark.parametrize('column', ['first_name', 'language', 'theme', 'last_sign_in_at', 'email'])
def test_another_change_ends_no_session(system: Connection, column: str) -> None:
    value = {'language': 'en', 'theme': 'dark', 'last_sign_in_at': 'now', 'email': EMAIL}.get(column, 'x')
    statement = psycopg.sql.SQL('update dashboard.users set {} = %s where email = %s')
    system.execute(statement.format(psycopg.sql.Identifier(column)), (value, EMAIL))
    assert user(system, 'session_version') == 1


def test_after_a_rehash_a_change_in_the_same_transaction_still_ends_sessions(
    begin: Begin, finish: Finish, system: Connection
) -> None:
    finish(begin(), True, '$2b$new')
    system.execute("update dashboard.users set role = 'staff' where email = %s", (EMAIL,))
    assert user(system, 'session_version') == 2


def test_the_first_user_is_made_once(system: Connection) -> None:
    call = "select dashboard.create_user(' First@Demo.example', '$2b$x', 'super_admin', null)"
    system.execute(call)
    row = system.execute('select email, role, active from dashboard.users order by id desc limit 1').fetchone()
    assert row == ('first@demo.example', 'super_admin', True)
    with pytest.raises(psycopg.errors.UniqueViolation):
        system.execute(call)


@pytest.mark.parametrize(('email', 'address'), [('x' * 5000, 'y' * 5000), ('', ''), ('a@b', None), ("'; --", '\\')])
def test_an_odd_e_mail_or_address_is_just_unknown(begin: Begin, email: str, address: str | None) -> None:
    assert begin(email, address)['user'] is None


def test_attempts_of_the_day_before_are_forgotten(begin: Begin, system: Connection) -> None:
    tries(begin, 5)
    later(system, 60 * 24 + 1)
    begin('other@demo.example')
    assert system.execute('select count(*) from dashboard.login_attempts where email = %s', (EMAIL,)).fetchone() == (0,)
