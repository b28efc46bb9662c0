"""The job that delivers commands: killed at any point it loses none, and the bot acts on each once and in order."""

from __future__ import annotations

import asyncio
from functools import partial

from tests.commands import FarEnd
from tests.jobs.kills import KILLS, carry_out, kill_again_and_again
from tests.simulated import until
from tests.test_bot import acted, in_order

NUMBER, CLIENTS = 60, 12


async def test_killed_at_any_point_each_command_is_acted_on_once_and_in_order(
    far_end: FarEnd, environment: dict[str, str]
) -> None:
    await far_end.behave(mode='slow', seconds=0.01)
    settings = environment | far_end.environment()
    queued = 0

    def prepare() -> None:
        nonlocal queued
        far_end.rows("update dashboard.bot_commands set leased_until = now() - interval '1 s' where lease is not null")
        more = NUMBER - far_end.statuses().get('queued', 0)
        far_end.queue(more, clients=CLIENTS)
        queued += more

    times = KILLS or 4
    kill = partial(kill_again_and_again, 'commands', '--once', times=times, seed=2, prepare=prepare)
    killed = await asyncio.to_thread(kill, environment=settings)
    assert len(killed) == times
    far_end.rows("update dashboard.bot_commands set leased_until = now() - interval '1 s', next_attempt_at = now()")
    assert (await asyncio.to_thread(carry_out, 'commands', '--once', environment=settings))[0] == 0
    await until(lambda: far_end.statuses() == {'delivered': queued}, seconds=30)
    assert len(acted(far_end)) == queued
    assert in_order(far_end)
