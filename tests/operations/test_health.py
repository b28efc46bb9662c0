"""Who may see how the process is, and that what they see is so."""

import time
from pathlib import Path

import httpx
import psycopg
import pytest
from nicegui import core
from starlette.requests import Request

from auth import sessions
from devstack.stack import Stack
from operations.headers import HEADERS
from operations.health import is_operator
from tests.operations.conftest import METRICS_TOKEN, Process, environment_of, running
from tests.simulated import Dashboard

TOKEN = {'authorization': f'Bearer {METRICS_TOKEN}'}


def figures(process: Process, **headers: str) -> dict[str, float]:
    """The metrics by name and labels."""
    answer = process.http.get('/metrics', headers=headers).raise_for_status()
    rows = [line.rpartition(' ') for line in answer.text.splitlines() if not line.startswith('#')]
    return {name: float(value) for name, _space, value in rows}


def settled(process: Process, **wanted: str) -> httpx.Response:
    """The answer of /readyz once it says this; the last one when it never does."""
    deadline = time.monotonic() + 20
    while True:
        answer = process.http.get('/readyz')
        if time.monotonic() > deadline or wanted.items() <= answer.json().items():
            return answer
        time.sleep(0.2)


# --- who may look


@pytest.mark.parametrize(
    ('client', 'headers', 'may'),
    [
        ('127.0.0.1', {}, True),
        ('10.0.1.7', {}, True),
        ('fd00::7', {}, True),
        ('93.184.216.34', {}, False),
        ('10.0.1.7', {'x-forwarded-for': '10.0.1.7'}, False),
        ('10.0.1.7', {'forwarded': 'for=127.0.0.1'}, False),
        ('10.0.1.7', {'x-real-ip': '127.0.0.1'}, False),
        ('10.0.1.7', {'host': 'salon.test'}, False),
        ('93.184.216.34', {'x-forwarded-for': '127.0.0.1'}, False),
        ('93.184.216.34', TOKEN, True),
        ('93.184.216.34', {'authorization': 'Bearer '}, False),
        ('93.184.216.34', {'authorization': 'Bearer ключ'.encode().decode('latin-1')}, False),
        ('', {}, False),
    ],
)
def test_only_the_inner_network_and_the_token_see_metrics(
    app_environment: Stack, monkeypatch: pytest.MonkeyPatch, client: str, headers: dict[str, str], may: bool
) -> None:
    from config import settings

    monkeypatch.setenv('METRICS_TOKEN', METRICS_TOKEN)
    monkeypatch.setenv('PUBLIC_URL', 'https://salon.test')
    settings.cache_clear()
    pairs = [(name.encode(), value.encode('latin-1')) for name, value in headers.items()]
    scope = {'type': 'http', 'headers': pairs, 'client': (client, 1) if client else None}
    assert is_operator(Request(scope)) is may
    monkeypatch.undo()
    settings.cache_clear()


def test_a_stranger_gets_404_and_the_token_opens(served: Process) -> None:
    for path in ('/readyz', '/metrics'):
        assert served.http.get(path, headers={'x-forwarded-for': '1.2.3.4'}).status_code == 404
        assert served.http.get(path, headers={'x-forwarded-for': '1.2.3.4', **TOKEN}).status_code == 200


def test_asking_for_the_health_leaves_no_cookie_and_no_session(served: Process) -> None:
    before = len(list(served.log_path.parent.glob('storage-user-*')))
    for path in ('/healthz', '/readyz', '/metrics'):
        assert 'set-cookie' not in served.http.get(path).headers
    assert len(list(served.log_path.parent.glob('storage-user-*'))) == before


# --- what they see


def test_ready_says_each_part(served: Process) -> None:
    answer = settled(served, realtime='live', bot='down')
    assert answer.status_code == 200
    assert answer.json() == {'status': 'degraded', 'database': 'ok', 'migrations': 'ok', 'publication': 'ok',
                             'realtime': 'live', 'bot': 'down'}  # fmt: skip


def test_not_ready_while_the_database_is_away_and_ready_again_after(served: Process, stack: Stack) -> None:
    with stack.faults.active(api='unavailable'):
        answer = settled(served, database='down')
        assert (answer.status_code, answer.json()['status']) == (503, 'unavailable')
        assert figures(served)['dashboard_database_up'] == 0
        assert served.http.get('/healthz').status_code == 200
    assert settled(served, database='ok').status_code == 200


def test_not_ready_without_a_migration(served: Process, stack: Stack) -> None:
    with psycopg.connect(stack.dsn, autocommit=True) as db:
        table = 'supabase_migrations.schema_migrations'
        row = db.execute(f'delete from {table} where version = %s returning *', ('20261201000100',)).fetchone()
        assert row
        try:
            answer = settled(served, migrations='migrations_missing')
            assert (answer.status_code, answer.json()['status']) == (503, 'unavailable')
        finally:
            db.execute(f'insert into {table} values (%s, %s, %s)', row)
    assert settled(served, migrations='ok').status_code == 200


def test_metrics_count_requests_queries_and_commands(served: Process, stack: Stack) -> None:
    with psycopg.connect(stack.dsn, autocommit=True) as db:
        db.execute(
            'insert into dashboard.bot_commands (id, key, tenant_id, type, next_attempt_at, created_at, last_error)'
            " select gen_random_uuid(), gen_random_uuid(), id, 'client.message', now() + interval '1 hour',"
            " now() - interval '100 seconds', 'metrics' from public.tenants_v2 limit 2"
        )
        try:
            served.http.get('/login')
            found = figures(served)
        finally:
            db.execute("delete from dashboard.bot_commands where last_error = 'metrics'")
    assert found['dashboard_commands{state="queued"}'] >= 2
    assert found['dashboard_oldest_command_seconds'] >= 99
    assert found['dashboard_request_seconds_count{method="GET",route="/login",status="200"}'] >= 1
    assert found['dashboard_query_seconds_count{function="queues",outcome="ok"}'] >= 1
    assert found['dashboard_live_state{state="live"}'] == 1
    assert found['dashboard_loop_stall_seconds_count'] > 0
    assert found['dashboard_open_pages'] == 0


def test_broadcasts_are_counted_by_their_status(served: Process, stack: Stack) -> None:
    before = figures(served).get('dashboard_broadcasts{status="paused"}', 0)
    with psycopg.connect(stack.dsn, autocommit=True) as db:
        db.execute(
            "insert into dashboard.broadcasts (tenant_id, name, text, status) select id, 'metrics', 'x', 'paused'"
            ' from public.tenants_v2 limit 2'
        )
        try:
            found = figures(served)
        finally:
            db.execute("delete from dashboard.broadcasts where name = 'metrics'")
    assert found['dashboard_broadcasts{status="paused"}'] == before + 2


def test_no_label_holds_what_a_stranger_made_up(served: Process) -> None:
    for path in ('/made-up-1', '/welcome/made-up-2', '/files/made-up-3/x', '/static/made-up-4', '/_nicegui/made-up-5'):
        served.http.get(path)
    served.http.request('MADEUP6', '/login')
    assert 'made-up' not in served.http.get('/metrics').text
    assert 'MADEUP6' not in served.http.get('/metrics').text


# --- headers


@pytest.mark.parametrize('path', ['/healthz', '/metrics', '/login', '/', '/made-up', '/favicon.ico', '/static/none'])
def test_every_answer_carries_the_security_headers(served: Process, path: str) -> None:
    headers = served.http.get(path).headers
    assert {name: headers.get(name) for name in HEADERS} == HEADERS
    assert headers['strict-transport-security'] == 'max-age=31536000', 'PUBLIC_URL is https'
    assert headers.get('cache-control') == 'no-store' or path.startswith('/static')


@pytest.mark.parametrize('path', ['/files/ticket/name', '/login'])
async def test_an_answer_to_what_failed_carries_them_too_and_the_id_of_its_lines(
    dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    """A route of FastAPI's and a page of NiceGUI's, in which something raises that nobody expects."""

    async def failing(_request: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(sessions, 'current', failing)
    transport = httpx.ASGITransport(core.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url='http://test') as http:
        answer = await http.get(path, headers={'x-request-id': 'a1b2c3d4-0000-proxy', 'accept': 'text/html'})
    assert answer.status_code == 500
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert answer.headers['cache-control'] == 'no-store'
    assert answer.headers['x-request-id'] == 'a1b2c3d4-0000-proxy'
    assert any(record.exc_info for record in caplog.records)
    caplog.clear()


def test_without_tls_nothing_is_said_about_it(stack: Stack, tmp_path: Path) -> None:
    with running(environment_of(stack), tmp_path) as plain:
        assert 'strict-transport-security' not in plain.http.get('/login').headers
        assert plain.stop() < 10


def test_a_harmless_request_id_is_kept_and_any_other_replaced(served: Process) -> None:
    given = 'a1b2c3d4-0000-proxy'
    assert served.http.get('/healthz', headers={'x-request-id': given}).headers['x-request-id'] == given
    for odd in ('short', '89991234567', 'x' * 100, 'two words!!', '{"event": 1}'):
        assert served.http.get('/healthz', headers={'x-request-id': odd}).headers['x-request-id'] != odd
