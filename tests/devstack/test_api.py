"""The front door: REST and Auth as the client library sees them, and where the stack puts lite right."""

import statistics
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import Any

import httpx
import psycopg
import pytest
from postgrest.exceptions import APIError
from supabase import AsyncClient, AsyncClientOptions, acreate_client
from supabase_auth.errors import AuthApiError

from devstack.demo.salons import SALON_A, SALON_B
from devstack.stack import Stack

Connect = Callable[..., AbstractAsyncContextManager[AsyncClient]]
FUNCTIONS = """
    create function dashboard.try_json(value jsonb) returns text language sql as 'select jsonb_typeof(value)';
    create function dashboard.try_raise(code text) returns void language plpgsql as $$
    begin raise exception using errcode = code, message = 'said', detail = 'why', hint = 'how'; end $$;
    create function dashboard.try_values() returns table (at timestamptz, amount numeric, parts int[]) language sql
        as 'select ''2026-05-01 10:00+03''::timestamptz, 12.50, ''{1,2}''::int[]';
    grant execute on function dashboard.try_json, dashboard.try_raise, dashboard.try_values to dashboard_app;
"""


@pytest.fixture(scope='module', autouse=True)
def functions(stack: Stack) -> Iterator[None]:
    """A few functions to call; the API learns of them by a restart, as on hosted projects by `notify pgrst`."""
    with psycopg.connect(stack.dsn, autocommit=True) as connection:
        connection.execute(FUNCTIONS)
        stack.restart_front()
        yield
        connection.execute('drop function dashboard.try_json, dashboard.try_raise, dashboard.try_values')


@pytest.fixture
def connect(stack: Stack) -> Connect:
    """`async with connect(token) as client`: the client library with address and key alone, and perhaps a token."""

    @asynccontextmanager
    async def connecting(token: str | None = None) -> AsyncIterator[AsyncClient]:
        headers = {'Authorization': f'Bearer {token}'} if token else {}
        async with httpx.AsyncClient(trust_env=False) as http:
            options = AsyncClientOptions(headers=headers, httpx_client=http, auto_refresh_token=False)
            yield await acreate_client(stack.url, stack.key, options)

    return connecting


@pytest.fixture
def staff_token(mint: Callable[..., str]) -> str:
    return mint(app_role='staff', tenant_id=SALON_A.id, sub='2')


async def test_a_confirmed_user_signs_in_with_a_password(connect: Connect, stack: Stack) -> None:
    user_id = stack.create_auth_user('confirmed@demo.example', 'correct horse 1')
    async with connect() as client:
        answer = await client.auth.sign_in_with_password(
            {'email': 'confirmed@demo.example', 'password': 'correct horse 1'}
        )
    assert answer.user
    assert answer.user.id == user_id
    assert isinstance(answer.user.created_at, datetime)


@pytest.mark.parametrize(
    ('email', 'password', 'message'),
    [
        ('unconfirmed@demo.example', 'correct horse 2', 'Email not confirmed'),
        ('confirmed@demo.example', 'wrong', 'Invalid login credentials'),
        ('nobody@demo.example', 'wrong', 'Invalid login credentials'),
    ],
)
async def test_others_do_not_sign_in(connect: Connect, stack: Stack, email: str, password: str, message: str) -> None:
    with psycopg.connect(stack.admin_dsn) as connection:
        known = connection.execute("select 1 from auth.users where email = 'unconfirmed@demo.example'").fetchone()
    if not known:
        stack.create_auth_user('unconfirmed@demo.example', 'correct horse 2', confirmed=False)
    async with connect() as client:
        with pytest.raises(AuthApiError, match=message):
            await client.auth.sign_in_with_password({'email': email, 'password': password})


async def test_a_minted_token_reads_its_own_salon_in_both_schemas(connect: Connect, staff_token: str) -> None:
    async with connect(staff_token) as client:
        salons = await client.table('tenants_v2').select('id').execute()
        settings = await client.schema('dashboard').table('tenant_settings').select('tenant_id, timezone').execute()
    assert salons.data == [{'id': SALON_A.id}]
    assert settings.data == [{'tenant_id': SALON_A.id, 'timezone': 'Europe/Moscow'}]


@pytest.mark.parametrize('role', ['postgres', 'supabase_admin', 'dashboard_nobody'])
async def test_a_token_cannot_name_a_role_that_the_api_may_not_become(
    connect: Connect, mint: Callable[..., str], role: str
) -> None:
    async with connect(mint(role=role)) as client:
        with pytest.raises(APIError):
            await client.table('clients_v2').select('id').execute()


async def test_a_visitor_reads_nothing_although_lite_would_grant_it(connect: Connect, stack: Stack) -> None:
    async with connect() as client:
        with pytest.raises(APIError, match='permission denied'):
            await client.table('clients_v2').select('id').execute()
    with psycopg.connect(stack.dsn) as connection:
        row = connection.execute("select has_table_privilege('anon', 'public.clients_v2', 'select')").fetchone()
    assert row == (False,)


async def test_an_expired_token_is_refused(connect: Connect, mint: Callable[..., str]) -> None:
    async with connect(mint(app_role='system', expires_in=-5)) as client:
        with pytest.raises(APIError, match='JWT expired'):
            await client.table('clients_v2').select('id').execute()


async def test_identities_do_not_mix_when_requests_overlap(
    connect: Connect, mint: Callable[..., str], stack: Stack
) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        tokens = [mint(app_role='admin', tenant_id=salon.id, sub='1') for salon in (SALON_A, SALON_B)] * 15
        headers = [{'apikey': stack.key, 'Authorization': f'Bearer {token}'} for token in tokens]
        address = f'{stack.url}/rest/v1/tenants_v2?select=id'
        answers = [await answer for answer in [http.get(address, headers=one) for one in headers]]
    assert [answer.json()[0]['id'] for answer in answers] == [SALON_A.id, SALON_B.id] * 15


async def test_timestamps_numbers_and_arrays_come_as_postgrest_prints_them(connect: Connect, staff_token: str) -> None:
    async with connect(staff_token) as client:
        rows = (await client.schema('dashboard').rpc('try_values', {}).execute()).data
    assert rows == [{'at': '2026-05-01T07:00:00+00:00', 'amount': 12.5, 'parts': [1, 2]}]


@pytest.mark.parametrize(
    ('value', 'kind'), [({'a': 1}, 'object'), ([1, {}], 'array'), (5, 'number'), (True, 'boolean')]
)
async def test_json_arguments_arrive_as_json(connect: Connect, staff_token: str, value: Any, kind: str) -> None:
    async with connect(staff_token) as client:
        assert (await client.schema('dashboard').rpc('try_json', {'value': value}).execute()).data == kind


@pytest.mark.parametrize(
    ('code', 'status'),
    [('P0001', 400), ('23514', 400), ('23505', 409), ('P0002', 500), ('57014', 500), ('PT409', 409), ('42501', 403)],
)
async def test_database_errors_keep_their_code_and_get_postgrests_status(
    stack: Stack, staff_token: str, code: str, status: int
) -> None:
    headers = {'apikey': stack.key, 'Authorization': f'Bearer {staff_token}', 'Content-Profile': 'dashboard'}
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(f'{stack.url}/rest/v1/rpc/try_raise', json={'code': code}, headers=headers)
    assert (answer.status_code, answer.json()['code'], answer.json()['message']) == (status, code, 'said')


async def test_a_request_without_a_key_is_refused(stack: Stack) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.get(f'{stack.url}/rest/v1/clients_v2')
    assert answer.status_code == 401


async def test_no_more_than_a_thousand_rows_come_at_once(
    connect: Connect, mint: Callable[..., str], stack: Stack
) -> None:
    async with connect(mint(app_role='system')) as client:
        answer = await client.table('recent_history_v2').select('id', count='exact').execute()  # type: ignore[arg-type]
    assert len(answer.data) == 1000
    assert answer.count
    assert answer.count > 1000


async def test_the_log_holds_each_request_with_its_times(connect: Connect, staff_token: str, stack: Stack) -> None:
    stack.faults.forget_requests()
    async with connect(staff_token) as client:
        await client.table('tenants_v2').select('id').execute()
    (request,) = stack.faults.requests()
    assert (request.method, request.path, request.status) == ('GET', '/rest/v1/tenants_v2', 200)
    assert 0 < request.end - request.start < 5
    assert statistics.fmean([request.start, request.end]) == pytest.approx(datetime.now().timestamp(), abs=60)
