"""Two job processes on one stack, both with all jobs on their schedules: nothing is done twice, nothing is left."""

from __future__ import annotations

import asyncio
import signal

from tests.commands import FarEnd
from tests.jobs.kills import start
from tests.jobs.test_broadcasts import begin, crowd, got, journal
from tests.simulated import until
from tests.test_bot import acted, in_order

__all__ = ['crowd']
COMMANDS, CLIENTS = 40, 8


async def test_two_workers_send_everything_once_and_end_in_order(
    far_end: FarEnd, crowd: int, environment: dict[str, str]
) -> None:
    broadcast = begin(far_end)
    far_end.queue(COMMANDS, clients=CLIENTS)
    workers = [start(environment=environment | far_end.environment()) for _worker in range(2)]
    try:
        await until(lambda: journal(far_end, broadcast) == {'delivered': crowd}, seconds=40)
        await until(lambda: far_end.statuses().keys() == {'delivered'}, seconds=40)
    finally:
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        ends = [await asyncio.to_thread(worker.communicate, timeout=12) for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0], ends
    assert got(far_end) == [1, crowd]
    assert len(acted(far_end)) == far_end.statuses()['delivered'] >= crowd + COMMANDS
    assert in_order(far_end)
    alerts = "select count(*), count(distinct (tenant_id, data ->> 'kind')) from dashboard.bot_commands where type = 'salon.alert'"
    ((number, different),) = far_end.rows(alerts)
    assert number == different
    assert far_end.rows('select max(attempts) from dashboard.bot_commands') == [(1,)]
