"""What the tests of the database share: salons of their own and a way to ask as somebody."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from psycopg import sql
from psycopg.types.json import set_json_loads

from tests.conftest import AsRole, Connection
from tests.database.odd_salon import OddSalon
from tests.database.plain_sql import PlainFigures, differences, shown

Ask = Callable[..., Any]
MakeSalon = Callable[..., OddSalon]
Compare = Callable[..., int]


@pytest.fixture(autouse=True)
def no_fault_left() -> None:
    """No test here switches a fault on: asking for it after each of 800 tests takes longer than most of them."""


@pytest.fixture
def make_salon(db: Connection) -> MakeSalon:
    """`make_salon(zone=..., currency=..., seed=...)`: an empty salon that the test's end takes away."""
    return partial(OddSalon, db)


@pytest.fixture
def salon(make_salon: MakeSalon) -> OddSalon:
    return make_salon()


@pytest.fixture
def ask(db: Connection, as_role: AsRole) -> Ask:
    """`ask(salon, 'overview', first_day=...)`: what the function answers to the salon's owner."""
    set_json_loads(partial(json.loads, parse_float=Decimal), db)

    def asking(salon: OddSalon, function: str, /, **arguments: Any) -> Any:
        named = sql.SQL(', ').join(sql.SQL('{} => %s').format(sql.Identifier(name)) for name in arguments)
        statement = sql.SQL('select dashboard.{}({})').format(sql.Identifier(function), named)
        with as_role(app_role='admin', tenant_id=salon.id, sub='1') as db:
            row = db.execute(statement, list(arguments.values())).fetchone()
        assert row
        return row[0]

    return asking


@pytest.fixture
def compare(ask: Ask) -> Compare:
    """`compare(salon)`: fails where the overview and plain SQL differ; answers how many stored days were used."""

    def comparing(salon: OddSalon, *periods: tuple[date, date], zone: str = '', currency: str = '') -> int:
        salon.db.execute('analyze public.conversation_sessions_v2, public.recent_history_v2')
        plain = PlainFigures(salon.db, salon.id, zone or salon.zone, currency or salon.currency)
        stored = 0
        for first, last in periods or some_periods(salon):
            overview = ask(salon, 'overview', first_day=first, last_day=last)
            found = differences(shown(overview), plain.overview(first, last))
            assert not found, f'{first} to {last}, {overview["freshness"]}:\n' + '\n'.join(found)
            stored += overview['freshness']['stored_days']
        return stored

    return comparing


def some_periods(salon: OddSalon) -> list[tuple[date, date]]:
    """90 days to today, a week, one day, and two periods of the past that cut through clients' histories."""
    ends_and_lengths = ((0, 90), (1, 7), (9, 1), (25, 30), (97, 60))
    lasts = [(salon.today - timedelta(days=end), length) for end, length in ends_and_lengths]
    return [(last - timedelta(days=length - 1), last) for last, length in lasts]
