"""What the tests of jobs share: the settings that a job's own process needs, and plain SQL to compare figures with."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import set_json_loads

from devstack.demo.salons import SALONS, Salon
from devstack.stack import Stack
from models import JobSalon
from tests.database.plain_sql import PlainFigures, differences, shown
from tests.jobs.kills import end_all

Rows = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture(autouse=True)
def no_process_left() -> Iterator[None]:
    """A test that fails leaves no job process behind."""
    yield
    end_all()


@pytest.fixture
def environment(app_environment: Stack) -> dict[str, str]:
    """The settings of the jobs, with a bot that nobody reaches."""
    return app_environment.app_environment(bot_url='http://127.0.0.1:9', port=1)


@pytest.fixture
def rows(stack: Stack) -> Iterator[Rows]:
    """`rows(statement, *values)`: as the owner of the database, committed at once."""
    with psycopg.connect(stack.admin_dsn, autocommit=True) as db:

        def asking(statement: str, *values: Any) -> list[tuple[Any, ...]]:
            cursor = db.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

        yield asking


@pytest.fixture
def wrong_figures(stack: Stack) -> Callable[[], list[str]]:
    """`wrong_figures()`: where the overview of 90 days and plain SQL differ, in any of the demo salons."""
    return lambda: [difference for salon in SALONS for difference in _wrong_of(stack, salon)]


def _wrong_of(stack: Stack, salon: Salon) -> list[str]:
    claims = json.dumps({'role': 'dashboard_app', 'app_role': 'admin', 'tenant_id': salon.id, 'sub': '1'})
    with psycopg.connect(stack.admin_dsn) as db:
        set_json_loads(partial(json.loads, parse_float=Decimal), db)
        row = db.execute(
            'select (now() at time zone timezone)::date, timezone, currency from dashboard.tenant_settings'
            ' where tenant_id = %s', (salon.id,),
        ).fetchone()  # fmt: skip
        assert row
        today, zone, currency = row
        plain = PlainFigures(db, salon.id, zone, currency)
        expected = plain.overview(today - timedelta(days=89), today)
        db.execute(
            "select set_config('request.jwt.claims', %s, true), set_config('role', 'dashboard_app', true)", (claims,)
        )
        answer = db.execute('select dashboard.overview(%s, %s)', (today - timedelta(days=89), today)).fetchone()
        assert answer
        return differences(shown(answer[0]), expected, salon.name)


@pytest.fixture
def salon(app: Stack, rows: Rows) -> Iterator[JobSalon]:
    """A salon of the test's own, open around the clock, with an owner and a chat."""
    ((made,),) = rows(
        "insert into public.tenants_v2 (name, metadata) values ('Проба', '{\"admin_chat_id\": 7}') returning id"
    )
    rows(
        'insert into dashboard.tenant_settings (tenant_id, timezone, opening_time, closing_time)'
        " values (%s, 'Europe/Moscow', '00:00', '23:59')", made,
    )  # fmt: skip
    yield JobSalon(id=made, name='Проба')
    for table in ('alerts', 'alert_rules', 'alert_checks', 'bot_commands', 'tenant_settings', 'metrics_dailies',
                  'metrics_breakdowns', 'metrics_watermarks', 'client_figures', 'client_watermarks',
                  'audits'):  # fmt: skip
        rows(f'delete from dashboard.{table} where tenant_id = %s', made)
    for table in ('wishlist_v2', 'recent_history_v2', 'active_sessions_v2', 'conversation_sessions_v2', 'clients_v2'):
        rows(f'delete from public.{table} where tenant_id = %s', made)
    rows('delete from public.tenants_v2 where id = %s', made)


def client_of(rows: Rows, salon: JobSalon) -> UUID:
    ((client,),) = rows(
        "insert into public.clients_v2 (tenant_id, full_name) values (%s, 'Вера') returning id", salon.id
    )
    assert isinstance(client, UUID)
    return client
