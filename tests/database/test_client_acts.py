"""What people do about a client: who may, what is stored, and that nothing happens twice."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from devstack.demo.salons import SALON_A
from devstack.stack import Stack
from tests.database.test_rights import CLAIMS, Api

A = SALON_A.id
ACTS = ('write_to_client', 'invite_client', 'add_client_note')
Act = Callable[..., httpx.Response]


@pytest.fixture
def database(stack: Stack) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(stack.dsn, autocommit=True) as connection:
        yield connection


@pytest.fixture
def client(database: psycopg.Connection[Any]) -> Iterator[str]:
    """A client of salon A who has no booking to come."""
    row = database.execute(
        "insert into public.clients_v2 (tenant_id, full_name) values (%s, 'Проба') returning id::text", (A,)
    ).fetchone()
    assert row
    yield row[0]
    for statement in ('delete from dashboard.bot_commands where client_id = %s',
                      'delete from dashboard.client_notes where client_id = %s',
                      'delete from dashboard.client_opt_outs where client_id = %s',
                      'delete from dashboard.client_figures where client_id = %s',
                      'delete from public.conversation_sessions_v2 where user_id = %s',
                      'delete from public.clients_v2 where id = %s'):  # fmt: skip
        database.execute(statement.encode(), (row[0],))


@pytest.fixture
def act(stack: Stack) -> Iterator[Act]:
    """`act('owner', 'write_to_client', client=..., text=...)` as the app asks, with a new key unless one is given."""
    with httpx.Client(trust_env=False) as http:
        apis = {name: Api(http, stack, stack.mint(claims)) for name, claims in CLAIMS.items()}
        apis['visitor'] = Api(http, stack, None)
        yield lambda person, name, **given: apis[person].call(name, {'key': str(uuid4())} | given)


def commands(database: psycopg.Connection[Any], client: str) -> list[tuple[Any, ...]]:
    return database.execute(
        'select type, data, status, created_by from dashboard.bot_commands where client_id = %s order by number',
        (client,),
    ).fetchall()


@pytest.mark.parametrize('name', ACTS)
@pytest.mark.parametrize('person', ['staff', 'system', 'nobody in particular', 'garbage', 'visitor'])
def test_only_owners_and_the_platform_act(
    act: Act, database: psycopg.Connection[Any], client: str, person: str, name: str
) -> None:
    assert act(person, name, client=client, text='Здравствуйте').status_code in {401, 403}
    assert commands(database, client) == []


@pytest.mark.parametrize('name', ACTS)
def test_another_salons_client_is_not_there(act: Act, client: str, name: str) -> None:
    answer = act('stranger', name, client=client, text='Здравствуйте')
    unknown = act('stranger', name, client=str(uuid4()), text='Здравствуйте')
    assert (answer.status_code, answer.json()) == (unknown.status_code, unknown.json())
    assert answer.status_code == 404


@pytest.mark.parametrize('name', ACTS)
@pytest.mark.parametrize(('text', 'reason'), [('', 'required'), (' \n\t\u00a0', 'required'), ('я' * 2001, 'too_long'),
                                              (None, 'required')])  # fmt: skip
def test_a_text_of_no_length_or_too_long_is_refused_at_its_field(
    act: Act, database: psycopg.Connection[Any], client: str, name: str, text: str | None, reason: str
) -> None:
    answer = act('owner', name, client=client, text=text)
    assert (answer.status_code, answer.json()['message'], answer.json()['details']) == (400, reason, 'text')
    assert commands(database, client) == []


def test_a_message_is_one_command_and_one_line_of_the_audit(
    act: Act, database: psycopg.Connection[Any], client: str
) -> None:
    key = str(uuid4())
    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(
            lambda _n: act('owner', 'write_to_client', key=key, client=client, text=' Ждём вас '), range(20)
        ))  # fmt: skip
    assert {answer.text for answer in answers} == {answers[0].text}
    assert commands(database, client) == [('client.message', {'text': 'Ждём вас'}, 'queued', 1)]
    lines = database.execute('select action, metadata from dashboard.audits where key = %s', (key,)).fetchall()
    assert lines == [('write_to_client', {'client': client})]


def test_twenty_people_invite_a_client_once(act: Act, database: psycopg.Connection[Any], client: str) -> None:
    begin = threading.Barrier(10)

    def invite(_number: int) -> httpx.Response:
        begin.wait(10)
        return act('owner', 'invite_client', client=client, text='Пора к нам')

    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(invite, range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19
    refused = next(answer.json() for answer in answers if answer.status_code == 409)
    again = database.execute('select (now() at time zone %s)::date + 30', (SALON_A.timezone,)).fetchone()
    assert again
    assert (refused['message'], refused['details']) == ('invited_recently', again[0].isoformat())
    assert commands(database, client) == [('client.message', {'text': 'Пора к нам', 'kind': 'win_back'}, 'queued', 1)]


def test_after_thirty_days_a_client_is_invited_again(act: Act, database: psycopg.Connection[Any], client: str) -> None:
    assert act('platform', 'invite_client', client=client, text='раз').status_code == 200
    for days, status in ((29, 409), (30, 200)):
        database.execute('update dashboard.bot_commands set created_at = now() - make_interval(days => %s)'
                         ' where client_id = %s', (days, client))  # fmt: skip
        assert act('owner', 'invite_client', client=client, text='два').status_code == status


def book(database: psycopg.Connection[Any], client: str, *, status: str | None, days: int) -> None:
    database.execute(
        'insert into public.conversation_sessions_v2 (session_id, tenant_id, user_id, channel, started_at,'
        ' final_status, booking_id, booking_status, booking_datetime)'
        " values (gen_random_uuid(), %s, %s, 'telegram', now(),"
        " 'done', gen_random_uuid()::text, %s, now() + make_interval(days => %s))", (A, client, status, days),
    )  # fmt: skip


def test_who_comes_anyway_is_not_invited(act: Act, database: psycopg.Connection[Any], client: str) -> None:
    book(database, client, status='cancelled', days=3)
    book(database, client, status='confirmed', days=-3)
    assert act('owner', 'invite_client', client=client, text='ждём').status_code == 200
    database.execute('delete from dashboard.bot_commands where client_id = %s', (client,))
    book(database, client, status=None, days=3)
    assert act('owner', 'invite_client', client=client, text='ждём').json()['message'] == 'booked_already'
    assert act('owner', 'write_to_client', client=client, text='ждём').status_code == 200


@pytest.mark.parametrize('name', ['write_to_client', 'invite_client'])
def test_who_wants_no_messages_gets_none(act: Act, database: psycopg.Connection[Any], client: str, name: str) -> None:
    database.execute('insert into dashboard.client_opt_outs values (%s, %s)', (A, client))
    answer = act('owner', name, client=client, text='ждём')
    assert (answer.status_code, answer.json()['message']) == (409, 'opted_out')
    assert act('owner', 'add_client_note', client=client, text='не писать').status_code == 200


def test_a_client_who_came_back_is_seen(act: Act, database: psycopg.Connection[Any], client: str) -> None:
    act('owner', 'invite_client', client=client, text='ждём')
    claims = json.dumps({'app_role': 'admin', 'tenant_id': A, 'sub': '1'})
    database.execute("select set_config('request.jwt.claims', %s, false)", (claims,))
    card = database.execute('select dashboard.open_client(%s)', (client,)).fetchone()
    assert card
    assert card[0]['client']['came_back_at'] is None
    assert [command['text'] for command in card[0]['commands']] == ['ждём']
    book(database, client, status=None, days=3)
    database.execute("update public.conversation_sessions_v2 set started_at = now() + interval '1 minute'"
                     ' where user_id = %s', (client,))  # fmt: skip
    card = database.execute('select dashboard.open_client(%s)', (client,)).fetchone()
    assert card
    assert (card[0]['client']['came_back_at'] is not None, card[0]['client']['came_back_booked']) == (True, True)


def test_a_note_is_kept_with_its_author_and_goes_softly(
    act: Act, database: psycopg.Connection[Any], client: str
) -> None:
    note = act('owner', 'add_client_note', client=client, text=' Любит тишину ').json()['note']
    row = 'select text, author_id, removed_at is null, removed_by from dashboard.client_notes where id = %s'
    assert database.execute(row.encode(), (note,)).fetchone() == ('Любит тишину', 1, True, None)
    assert act('staff', 'remove_client_note', note=note).status_code == 403
    assert act('stranger', 'remove_client_note', note=note).status_code == 404
    assert act('platform', 'remove_client_note', note=note).status_code == 200
    assert act('owner', 'remove_client_note', note=note).status_code == 404
    assert database.execute(row.encode(), (note,)).fetchone() == ('Любит тишину', 1, False, 4)
