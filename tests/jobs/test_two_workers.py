"""Two job processes on one stack, both with all jobs on their schedules: nothing is done twice, nothing is left."""

from __future__ import annotations

import asyncio
import signal

import pytest

from tests.commands import FarEnd
from tests.jobs.kills import start
from tests.jobs.test_broadcasts import begin, crowd, got, journal
from tests.simulated import until
from tests.test_bot import acted, in_order

__all__ = ['crowd']
COMMANDS, CLIENTS = 40, 8


async def test_two_workers_send_everything_once_and_end_in_order(
    far_end: FarEnd, request: pytest.FixtureRequest, environment: dict[str, str]
) -> None:
    far_end.queue(COMMANDS, clients=CLIENTS)
    number = int(request.getfixturevalue('crowd'))  # only now: who gets a command talks with the bot, and no broadcast
    broadcast = begin(far_end)
    workers = [start(environment=environment | far_end.environment()) for _worker in range(2)]
    try:
        await until(lambda: journal(far_end, broadcast) == {'delivered': number}, seconds=40)
        await until(lambda: far_end.statuses().keys() == {'delivered'}, seconds=40)
    finally:
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        ends = [await asyncio.to_thread(worker.communicate, timeout=12) for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], ends
    assert got(far_end) == [1, number]
    assert len(acted(far_end)) == far_end.statuses()['delivered'] >= number + COMMANDS
    assert in_order(far_end)
    alerts = (
        "count(*), count(distinct (tenant_id, data ->> 'kind')) from dashboard.bot_commands where type = 'salon.alert'"
    )
    ((told, different),) = far_end.rows(f'select {alerts}')
    assert told == different
    assert far_end.rows('select max(receipts) from standin_bot.seen_commands') == [(1,)]
