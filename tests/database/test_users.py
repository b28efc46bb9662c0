"""Managing users, as the database sees it: who manages whom, what nobody can do to themselves, links, and races."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from devstack.demo.salons import SALON_A, SALON_B
from devstack.stack import Stack

A, B = SALON_A.id, SALON_B.id
HASH = '$2b$12$' + 'x' * 53
OWNER = {'app_role': 'admin', 'tenant_id': A, 'sub': '1', 'address': '10.1.1.1'}
STAFF = {'app_role': 'staff', 'tenant_id': A, 'sub': '2'}
STRANGER = {'app_role': 'admin', 'tenant_id': B, 'sub': '3'}
PLATFORM = {'app_role': 'super_admin', 'tenant_id': A, 'sub': '4'}
SYSTEM = {'app_role': 'system'}
Claims = dict[str, str]


class People:
    """Users made for one test, and what is done with them through functions, each call committed at once."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self.made: list[int] = []

    def make(
        self, role: str = 'staff', tenant: str | None = A, *, hashed: str | None = HASH, active: bool = True
    ) -> int:
        (number,) = self.run(
            'insert into dashboard.users (email, encrypted_password, role, tenant_id, active)'
            ' values (%s, %s, %s, %s, %s) returning id',
            f'{uuid4().hex[:12]}@users.test', hashed, role, tenant, active,
        )  # fmt: skip
        self.made.append(number)
        return int(number)

    def run(self, statement: str, *values: Any) -> tuple[Any, ...]:
        with psycopg.connect(self.dsn, autocommit=True) as db:
            cursor = db.execute(statement.encode(), values)
            return (cursor.fetchone() or ()) if cursor.description else ()

    def call(self, who: Claims, function: str, **arguments: Any) -> Any:
        """What the function answers to somebody; `who` may be somebody made for the test."""
        named = ', '.join(f'{name} => %s' for name in arguments)
        with psycopg.connect(self.dsn) as db:
            claims = json.dumps({'role': 'dashboard_app', **who})
            db.execute("select set_config('request.jwt.claims', %s, true)", (claims,))
            db.execute('set local role dashboard_app')
            row = db.execute(f'select dashboard.{function}({named})'.encode(), list(arguments.values())).fetchone()
        return row[0] if row else None

    def invite(self, who: Claims, email: str | None = None, *, key: str | None = None, **more: Any) -> Any:
        mail = f'{uuid4().hex[:12]}@users.test' if email is None else email
        given = {'email': mail, 'first_name': 'Анна', 'last_name': '', 'role': 'staff'}
        answer = self.call(who, 'invite_user', key=key or str(uuid4()), **{**given, **more})
        self.made.append(answer['user'])
        return answer

    def change(self, who: Claims, person: int, **more: Any) -> Any:
        (role, active, version) = self.user(person, 'role, active, version')
        given = {'role': role, 'active': active, 'seen': version}
        return self.call(who, 'change_user', key=str(uuid4()), person=person, **{**given, **more})

    def user(self, person: int, columns: str) -> tuple[Any, ...]:
        return self.run(f'select {columns} from dashboard.users where id = %s', person)

    def audit(self, action: str, person: int) -> tuple[Any, ...]:
        return self.run(
            'select user_id, tenant_id::text, metadata, ip_address from dashboard.audits'
            " where action = %s and metadata ->> 'user' = %s order by id desc limit 1", action, str(person),
        )  # fmt: skip


def claims(person: int, role: str = 'super_admin', tenant: str | None = A) -> Claims:
    return {'app_role': role, 'sub': str(person)} | ({'tenant_id': tenant} if tenant else {})


@pytest.fixture
def people(stack: Stack) -> Iterator[People]:
    made = People(stack.admin_dsn)
    yield made
    made.run('delete from dashboard.audits where key is not null or user_id = any (%s)', made.made)
    made.run('delete from dashboard.users where id = any (%s)', made.made)


def refused(act: Callable[[], Any], state: str) -> psycopg.errors.Error:
    with pytest.raises(psycopg.Error) as error:
        act()
    assert error.value.sqlstate == state, error.value
    return error.value


# --- inviting


def test_an_admin_invites_into_the_own_salon(people: People) -> None:
    answer = people.invite(OWNER, 'New.Person@Users.Test ', role='admin')
    row = people.user(answer['user'], 'email, role, tenant_id::text, encrypted_password, first_name, last_name, active')
    assert row == ('new.person@users.test', 'admin', A, None, 'Анна', None, True)
    assert answer['purpose'] == 'invite'
    by, salon, metadata, address = people.audit('invite_user', answer['user'])
    assert (by, salon, address, metadata['after']['role']) == (1, A, '10.1.1.1', 'admin')


def test_nothing_secret_is_written_into_the_audit(people: People) -> None:
    answer = people.invite(OWNER)
    (text,) = people.run(
        "select string_agg(concat_ws(' ', description, metadata::text), ' ') from dashboard.audits where key = %s",
        answer['link'],
    )
    assert answer['link'] not in text
    assert '$2' not in text


@pytest.mark.parametrize(('given', 'state', 'reason', 'field'), [
    ({'email': ''}, 'PT400', 'required', 'email'), ({'email': 'anna'}, 'PT400', 'no_email', 'email'),
    ({'email': 'a b@c.de'}, 'PT400', 'no_email', 'email'), ({'email': "<x>@c.de"}, 'PT400', 'no_email', 'email'),
    ({'email': f'{"x" * 300}@c.de'}, 'PT400', 'too_long', 'email'), ({'role': 'king'}, 'PT400', 'no_such_role', 'role'),
    ({'role': None}, 'PT400', 'no_such_role', 'role'), ({'first_name': 'я' * 101}, 'PT400', 'too_long', 'first_name'),
    ({'email': 'OWNER@demo.salon'}, 'PT409', 'email_taken', 'email'),
    ({'email': 'stranger@demo.salon'}, 'PT409', 'email_taken', 'email'),
])  # fmt: skip
def test_what_is_wrong_is_said_at_its_field(
    people: People, given: dict[str, Any], state: str, reason: str, field: str
) -> None:
    error = refused(lambda: people.invite(OWNER, **given), state)
    assert (error.diag.message_primary, error.diag.message_detail) == (reason, field)


@pytest.mark.parametrize(('who', 'given'), [
    (OWNER, {'role': 'super_admin'}), (OWNER, {'tenant': B}), (OWNER, {'tenant': str(uuid4())}), (STAFF, {}),
    (STAFF, {'role': 'admin'}), (SYSTEM, {}), ({}, {}),
])  # fmt: skip
def test_nobody_invites_beyond_the_own_right(people: People, who: Claims, given: dict[str, Any]) -> None:
    before = people.run('select count(*) from dashboard.users')
    refused(lambda: people.invite(who, **given), 'PT403')
    assert people.run('select count(*) from dashboard.users') == before


def test_the_platform_chooses_a_salon_that_exists(people: People) -> None:
    for given, reason in (({}, 'required'), ({'tenant': str(uuid4())}, 'no_such_salon')):
        error = refused(lambda given=given: people.invite(PLATFORM, **given), 'PT400')  # type: ignore[misc]
        assert (error.diag.message_primary, error.diag.message_detail) == (reason, 'tenant')
    person = people.invite(PLATFORM, tenant=B)['user']
    assert people.user(person, 'tenant_id::text') == (B,)
    assert people.audit('invite_user', person)[1] == B
    platform = people.invite(PLATFORM, role='super_admin', tenant=B)['user']
    assert people.user(platform, 'role, tenant_id') == ('super_admin', None)
    assert people.audit('invite_user', platform)[1] is None


def test_twenty_equal_invitations_are_one(people: People) -> None:
    key, email = str(uuid4()), f'{uuid4().hex[:12]}@users.test'
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _n: people.invite(PLATFORM, email, key=key, tenant=B), range(20)))
    assert all(answer == answers[0] for answer in answers)
    assert people.run('select count(*) from dashboard.users where email = %s', email) == (1,)
    assert people.run('select count(*) from dashboard.audits where key = %s', key) == (1,)


# --- changing


@pytest.mark.parametrize('in_view', [None, A, B])
def test_the_platform_gets_the_same_answer_again_whatever_salon_is_in_view(people: People, in_view: str | None) -> None:
    who, key = claims(people.make('super_admin', None), tenant=in_view), str(uuid4())
    given = {'email': f'{uuid4().hex[:12]}@users.test', 'key': key, 'tenant': B}
    first = people.invite(who, **given)
    assert people.invite(who, **given) == first
    assert people.audit('invite_user', first['user'])[1] == B
    elsewhere = who | {'tenant_id': A if in_view == B else B}
    refused(lambda: people.invite(elsewhere, **given), 'PT409')


@pytest.mark.parametrize('function', ['change', 'create_reset_link', 'end_user_sessions', 'rename_user'])
@pytest.mark.parametrize(('role', 'tenant'), [('staff', B), ('admin', B), ('super_admin', None), ('super_admin', A)])
def test_an_admin_does_not_find_people_of_others(people: People, function: str, role: str, tenant: str | None) -> None:
    person = people.make(role, tenant)
    before = people.user(person, 'users.*')
    names = {'first_name': 'Х', 'last_name': ''} if function == 'rename_user' else {}
    if function == 'change':
        refused(lambda: people.change(OWNER, person, role='staff', active=False), 'PT404')
    else:
        refused(lambda: people.call(OWNER, function, key=str(uuid4()), person=person, **names), 'PT404')
    assert people.user(person, 'users.*') == before


@pytest.mark.parametrize('function', ['change', 'create_reset_link', 'end_user_sessions'])
def test_staff_manages_nobody(people: People, function: str) -> None:
    person = people.make()
    if function == 'change':
        refused(lambda: people.change(STAFF, person, active=False), 'PT403')
    else:
        refused(lambda: people.call(STAFF, function, key=str(uuid4()), person=person), 'PT403')


def test_a_change_ends_sessions_and_is_written_down_with_before_and_after(people: People) -> None:
    person = people.make()
    people.change(OWNER, person, role='admin')
    assert people.user(person, 'role, active, session_version, version') == ('admin', True, 2, 2)
    metadata = people.audit('change_user', person)[2]
    assert metadata['before'] | metadata['after'] == {'role': 'admin', 'active': True, 'salon': SALON_A.name}
    assert metadata['before']['role'] == 'staff'


def test_an_admin_neither_raises_to_the_platform_nor_moves_to_another_salon(people: People) -> None:
    person = people.make()
    refused(lambda: people.change(OWNER, person, role='super_admin'), 'PT403')
    refused(lambda: people.change(OWNER, person, tenant=B), 'PT403')
    assert people.user(person, 'role, tenant_id::text') == ('staff', A)


def test_the_platform_moves_people_and_no_salon_reads_of_it(people: People) -> None:
    person = people.make()
    people.change(PLATFORM, person, tenant=B)
    assert people.user(person, 'tenant_id::text, session_version') == (B, 2)
    assert people.audit('change_user', person)[:2] == (4, None)


def test_nobody_changes_themselves(people: People) -> None:
    for number, who in ((1, OWNER), (4, PLATFORM)):
        for change in ({'active': False}, {'role': 'staff'}, {}):
            error = refused(lambda: people.change(who, number, **change), 'PT409')  # noqa: B023
            assert error.diag.message_primary == 'own_account'


def test_who_saw_an_older_version_is_told_who_changed_it(people: People) -> None:
    person = people.make()
    (version,) = people.user(person, 'version')
    people.change(OWNER, person, role='admin')
    error = refused(lambda: people.change(OWNER, person, active=False, seen=version), 'PT409')
    assert error.diag.message_primary == 'changed_meanwhile'
    detail = json.loads(error.diag.message_detail or '')
    assert (detail['role'], detail['active'], detail['version']) == ('admin', True, 2)
    assert detail['by']
    assert people.user(person, 'active') == (True,)


def test_an_owner_does_not_learn_who_of_the_platform_it_was(people: People) -> None:
    person = people.make()
    people.change(PLATFORM, person, role='admin')
    error = refused(lambda: people.change(OWNER, person, active=False, seen=1), 'PT409')
    assert json.loads(error.diag.message_detail or '')['by'] is None


def test_people_of_the_platform_are_the_platform_to_a_salons_people_wherever_they_acted(people: People) -> None:
    person = people.make('super_admin', None)
    (mail,) = people.user(person, 'email')
    (client,) = people.run('select id::text from public.clients_v2 where tenant_id = %s limit 1', A)
    people.call(claims(person), 'add_client_note', key=str(uuid4()), client=client, text='Заметка платформы')
    people.run('insert into dashboard.tenant_settings (tenant_id) values (%s) on conflict do nothing', A)
    (before,) = people.run('select changed_by from dashboard.tenant_settings where tenant_id = %s', A)
    changing = 'update dashboard.tenant_settings set changed_by = %s where tenant_id = %s'
    people.run(changing, person, A)
    try:
        for who in (OWNER, STAFF):
            card = people.call(who, 'open_client', client=client)
            assert [note['by'] for note in card['notes'] if note['text'] == 'Заметка платформы'] == ['@platform']
        assert people.call(OWNER, 'salon_settings')['changed_by'] == '@platform'
        assert people.call(PLATFORM, 'salon_settings')['changed_by'] == mail
    finally:
        people.run(changing, before, A)
        people.run("delete from dashboard.client_notes where text = 'Заметка платформы'")


def test_of_two_who_switch_each_other_off_at_once_one_stays(people: People) -> None:
    for _round in range(5):
        one, two = people.make('super_admin', None), people.make('super_admin', None)

        def switch_off(pair: tuple[int, int]) -> str:
            try:
                people.call(claims(pair[0]), 'change_user', key=str(uuid4()), person=pair[1], role='super_admin',
                            active=False, seen=1)  # fmt: skip
            except psycopg.Error as error:
                return str(error.sqlstate)
            return 'done'

        with ThreadPoolExecutor(2) as pool:
            outcomes = sorted(pool.map(switch_off, [(one, two), (two, one)]))
        assert outcomes == ['PT403', 'done']
        active = people.run('select count(*) from dashboard.users where active and id = any (%s)', [one, two])
        assert active == (1,)


def test_the_last_of_the_platform_stays(people: People) -> None:
    one, two = people.make('super_admin', None), people.make('super_admin', None)
    others = people.run(
        "select array_agg(id) from dashboard.users where role = 'super_admin' and id <> all (%s)", [one, two]
    )
    people.run('update dashboard.users set active = false where id = any (%s)', [*others[0], one])
    try:
        with psycopg.connect(people.dsn) as db:  # as if the actor's own row were not looked at
            db.execute(
                'create or replace function dashboard.is_still_signed_in() returns boolean'
                ' language sql as $$ select true $$'
            )
            db.execute("select set_config('request.jwt.claims', %s, true)", (json.dumps(claims(one)),))
            error = refused(
                lambda: db.execute(
                    "select dashboard.change_user(%s, %s, 'super_admin', false, 1)", (uuid4(), two)
                ), 'PT409',
            )  # fmt: skip
            assert error.diag.message_primary == 'last_super_admin'
            db.rollback()
    finally:
        people.run('update dashboard.users set active = true where id = any (%s)', others[0])


@pytest.mark.parametrize('function', ['page_of_users', 'salon_settings', 'list_salons'])
def test_whoever_was_switched_off_reads_no_more_of_people_and_settings(people: People, function: str) -> None:
    person = people.make('super_admin', None)
    assert people.call(claims(person), function)
    people.run('update dashboard.users set active = false where id = %s', person)
    refused(lambda: people.call(claims(person), function), 'PT403')


def test_whoever_was_switched_off_acts_no_more_with_a_token_that_is_still_good(people: People) -> None:
    admin, person = people.make('admin'), people.make()
    people.change(OWNER, admin, active=False)
    refused(lambda: people.change(claims(admin, 'admin'), person, role='admin'), 'PT403')
    refused(lambda: people.invite(claims(admin, 'admin')), 'PT403')


def test_sessions_are_ended_and_names_are_changed(people: People) -> None:
    person = people.make()
    people.call(OWNER, 'end_user_sessions', key=str(uuid4()), person=person)
    people.call(OWNER, 'rename_user', key=str(uuid4()), person=person, first_name=' Оля\n', last_name='',
                seen=1)  # fmt: skip
    assert people.user(person, 'session_version, first_name, last_name') == (2, 'Оля', None)
    for older in (1, None):
        error = refused(lambda seen=older: people.call(OWNER, 'rename_user', key=str(uuid4()), person=person,  # type: ignore[misc]
                        first_name='Я', last_name='', seen=seen), 'PT409')  # fmt: skip
        assert json.loads(error.diag.message_detail or '')['first_name'] == 'Оля'
    own = claims(person, 'staff')
    people.call(own, 'rename_user', key=str(uuid4()), person=person, first_name='Ольга', last_name='К')
    assert people.user(person, 'first_name, last_name') == ('Ольга', 'К')


# --- links


def peek(people: People, link: str) -> Any:
    return people.call(SYSTEM, 'peek_link', link=link)


def use(people: People, link: str) -> Any:
    return people.call(SYSTEM, 'use_link', link=link, new_hash=HASH, address='10.2.2.2', user_agent='x')


def test_a_link_is_used_once_and_ends_all_sessions(people: People) -> None:
    answer = people.invite(OWNER)
    assert peek(people, answer['link'])['purpose'] == 'invite'
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _n: outcome(lambda: use(people, answer['link'])), range(8)))
    assert sorted(outcomes) == ['PT404'] * 7 + ['done']
    assert people.user(answer['user'], 'encrypted_password, session_version') == (HASH, 2)
    assert peek(people, answer['link']) is None


def outcome(act: Callable[[], Any]) -> str:
    try:
        act()
    except psycopg.Error as error:
        return str(error.sqlstate)
    return 'done'


def test_a_newer_link_ends_the_older_ones(people: People) -> None:
    older = people.invite(OWNER)
    newer = people.call(OWNER, 'create_reset_link', key=str(uuid4()), person=older['user'])
    assert newer['purpose'] == 'invite'
    assert outcome(lambda: use(people, older['link'])) == 'PT404'
    assert outcome(lambda: use(people, newer['link'])) == 'done'
    reset = people.call(OWNER, 'create_reset_link', key=str(uuid4()), person=older['user'])
    assert reset['purpose'] == 'reset'


@pytest.mark.parametrize('change', [
    "update dashboard.users set active = false where id = %s",
    "update dashboard.user_links set expires_at = now() where user_id = %s",
    "delete from dashboard.user_links where user_id = %s",
])  # fmt: skip
def test_a_link_that_is_past_or_of_somebody_switched_off_does_nothing(people: People, change: str) -> None:
    answer = people.invite(OWNER)
    people.run(change, answer['user'])
    assert peek(people, answer['link']) is None
    assert outcome(lambda: use(people, answer['link'])) == 'PT404'
    assert people.user(answer['user'], 'encrypted_password') == (None,)


def test_switching_off_ends_the_link_for_good(people: People) -> None:
    answer = people.invite(OWNER)
    people.change(OWNER, answer['user'], active=False)
    people.change(OWNER, answer['user'], active=True)
    assert peek(people, answer['link']) is None


@pytest.mark.parametrize('new_hash', ['', 'secret', '$2b$04$x'])
def test_only_a_strong_hash_is_kept(people: People, new_hash: str) -> None:
    answer = people.invite(OWNER)
    arguments = {'link': answer['link'], 'new_hash': new_hash, 'address': '', 'user_agent': ''}
    assert outcome(lambda: people.call(SYSTEM, 'use_link', **arguments)) == 'PT404'


def test_there_is_no_link_for_oneself_for_those_switched_off_and_for_passwords_that_live_elsewhere(
    people: People,
) -> None:
    elsewhere = people.make(hashed=None)
    people.run('update dashboard.users set last_sign_in_at = now() where id = %s', elsewhere)
    for person, reason in ((1, 'own_account'), (people.make(active=False), 'switched_off'),
                           (elsewhere, 'password_elsewhere')):  # fmt: skip
        act = {'key': str(uuid4()), 'person': person}
        error = refused(lambda act=act: people.call(OWNER, 'create_reset_link', **act), 'PT409')  # type: ignore[misc]
        assert error.diag.message_primary == reason


# --- the list


def emails(page: Any) -> list[str]:
    return [row['email'] for row in page['rows']]


def test_the_list_shows_those_whom_one_manages(people: People) -> None:
    people.make('super_admin', A)
    assert {'owner@demo.salon', 'staff@demo.salon'} == {
        e for e in emails(people.call(OWNER, 'page_of_users')) if 'demo' in e
    }
    every = people.call(PLATFORM, 'page_of_users')
    assert {row['role'] for row in every['rows']} == {'staff', 'admin', 'super_admin'}
    assert people.call(STAFF, 'page_of_users')['rows'] == []
    for nobody in (SYSTEM, {}):
        refused(lambda who=nobody: people.call(who, 'page_of_users'), 'PT403')  # type: ignore[misc]
    assert 'encrypted_password' not in json.dumps(every)


def test_the_list_tells_who_was_invited_and_until_when_the_link_is_open(people: People) -> None:
    answer = people.invite(OWNER, 'invited@users.test')
    people.make(active=False)
    rows = people.call(OWNER, 'page_of_users', state='invited', search='INVITED@')['rows']
    assert [(row['id'], row['state'], row['has_password']) for row in rows] == [(answer['user'], 'invited', False)]
    assert rows[0]['link_until']
    assert {row['state'] for row in people.call(OWNER, 'page_of_users', state='off')['rows']} == {'off'}
    assert [row['is_self'] for row in people.call(OWNER, 'page_of_users', search='owner@')['rows']] == [True]


def test_the_pages_of_the_list_bring_everybody_once(people: People) -> None:
    for _n in range(7):
        people.make()
    whole = people.call(OWNER, 'page_of_users')
    found: list[Any] = []
    after: Any = {}
    while after is not None:
        page = people.call(OWNER, 'page_of_users', page_size=3, **after)
        found += emails(page)
        after = page['next'] and {'after_name': page['next']['name'], 'after_id': page['next']['id']}
    assert found == emails(whole)
    assert whole['total'] == len(found) == len(set(found))
