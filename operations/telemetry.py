"""Figures of the running process for Prometheus.

Its one rule: a label takes values that the code knows (a route's template, a function of ours, a state), never one that
a stranger can make up, and never a salon or a person.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

STALL_SECONDS = 0.1
"""How long the event loop sleeps between two looks; what it oversleeps is the stall."""
METHODS = {'GET', 'HEAD', 'POST', 'OPTIONS', 'PUT', 'DELETE', 'PATCH'}
FUNCTION = re.compile(r'[a-z_]{1,60}')
CONTENT_TYPE = CONTENT_TYPE_LATEST

disable_created_metrics()  # type: ignore[no-untyped-call]
registry = CollectorRegistry()
ProcessCollector(registry=registry)
PlatformCollector(registry=registry)

REQUESTS = Histogram(
    'dashboard_request_seconds', 'Time to the end of an answer', ['route', 'method', 'status'], registry=registry,
    buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15),
)  # fmt: skip
QUERIES = Histogram(
    'dashboard_query_seconds', 'Time of one call of the database API', ['function', 'outcome'], registry=registry,
    buckets=(0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15),
)  # fmt: skip
STALLS = Histogram(
    'dashboard_loop_stall_seconds', 'By how much the event loop was late', registry=registry,
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 5),
)  # fmt: skip
OPEN_PAGES = Gauge('dashboard_open_pages', 'Browser tabs with a page of this process', registry=registry)
LIVE = Gauge('dashboard_live_state', 'One for the state of the live feed', ['state'], registry=registry)
LIVE_LAG = Gauge('dashboard_live_lag_seconds', 'From a change to its event, as last measured', registry=registry)
READ_AGE = Gauge('dashboard_read_age_seconds', 'Since the database last answered the live feed', registry=registry)
BOT = Gauge('dashboard_bot_state', 'One for the state of the bot', ['state'], registry=registry)
DATABASE = Gauge('dashboard_database_up', 'Whether the database answered this very question', registry=registry)
COMMANDS = Gauge(
    'dashboard_commands', 'Commands for the bot: queued, leased, dead in a day', ['state'], registry=registry
)
COMMAND_AGE = Gauge('dashboard_oldest_command_seconds', 'Age of the oldest command that waits', registry=registry)
BROADCASTS = Gauge('dashboard_broadcasts', 'Broadcasts', ['status'], registry=registry)


def count_request(route: str, method: str, status: int, seconds: float) -> None:
    """Note one answered request."""
    REQUESTS.labels(route, method if method in METHODS else 'other', str(status)).observe(seconds)


def count_query(function: str, outcome: str, seconds: float) -> None:
    """Note one call of a database function; `outcome` is `ok` or the kind of error."""
    QUERIES.labels(function if FUNCTION.fullmatch(function) else 'other', outcome).observe(seconds)


def show_state(gauge: Gauge, state: str, states: Iterable[str]) -> None:
    """One for the state that is, zero for the others."""
    for name in states:
        gauge.labels(name).set(name == state)


def show_queues(answer: Mapping[str, Any] | None) -> None:
    """What `dashboard.queues` said; None takes the figures away, because old ones would lie."""
    DATABASE.set(answer is not None)
    COMMANDS.clear()
    BROADCASTS.clear()
    COMMAND_AGE.set(float('nan'))
    if answer is None:
        return
    for state in ('queued', 'leased', 'dead'):
        COMMANDS.labels(state).set(answer['commands'][state])
    COMMAND_AGE.set(answer['commands']['oldest_seconds'])
    for status, number in answer['broadcasts'].items():
        BROADCASTS.labels(status).set(number)


def exposition() -> bytes:
    """Everything, in Prometheus' text format."""
    return generate_latest(registry)


async def watch_loop() -> None:
    """Measure how late the event loop is, for as long as the process lives."""
    while True:
        begun = time.monotonic()
        await asyncio.sleep(STALL_SECONDS)
        STALLS.observe(max(0.0, time.monotonic() - begun - STALL_SECONDS))
