"""Keeps the jobs' time in this process: starts each when it is due, and ends them in order.

Its one rule: it needs nobody. While a Prefect server leads, the slow jobs wait for their runs from there; without
one, as soon as it goes away, and when it answers but starts nothing, they go on by themselves on the same schedules.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any

import structlog

from data import DataError
from jobs.schedule import Job
from operations.alive import BEAT

log = structlog.get_logger()

FINISH_SECONDS = 5.0
"""How long what runs may take to finish when the process is told to end."""
GIVE_BACK_SECONDS = 2.0
"""How long it may take after that to give back what it holds."""
TICK_SECONDS = 1.0
PATIENCE = 3
"""How many of its turns a job lets pass while a server leads that does not start it."""
LONGEST_PAUSE_SECONDS = 30.0
"""Between two tries of a quick job while the data store is away."""


class Clock:
    """The jobs of one process."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self.jobs = {job.name: job for job in jobs}
        self.is_led = False
        """Whether a Prefect server says when slow jobs run."""
        self._started = dict.fromkeys(self.jobs, float('-inf'))
        self._began = time.monotonic()
        self._neglected: set[str] = set()
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._running: set[asyncio.Task[int | None]] = set()
        self._failing: set[str] = set()

    async def serve(self, stop: asyncio.Event, *others: Callable[[], Awaitable[None]]) -> None:
        """Run the jobs, and `others` beside them, until `stop`: what runs then is finished, or given back."""
        loops = [asyncio.ensure_future(work()) for work in others]
        loops += [asyncio.ensure_future(self._keep(job)) for job in self.jobs.values()]
        try:
            await stop.wait()
        finally:
            await _end(loops)
            if self._running:
                await asyncio.wait(self._running, timeout=FINISH_SECONDS)
            await _end(self._running)

    async def _keep(self, job: Job) -> None:
        pause = job.every
        while True:
            if job.is_quick:
                done = await self.run(job, job.run)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS) if done is None else 0 if done else job.every
                await asyncio.sleep(pause)
                continue
            if self.is_late(job, self._patience(job)):
                self._say_neglected(job)
                await self.run(job, job.run)
            await asyncio.sleep(min(TICK_SECONDS, job.every))

    def _patience(self, job: Job) -> int:
        return PATIENCE if self.is_led and job.name not in self._neglected else 1

    def is_late(self, job: Job, turns: int) -> bool:
        """Whether nobody has started a job for so many of its turns; under a server since the process began."""
        since = max(self._started[job.name], self._began) if self.is_led else self._started[job.name]
        return time.monotonic() - since >= job.every * turns

    def see_to(self, job: Job) -> None:
        """The server starts the job, had another process start it, or was told to leave it: it is not late."""
        self._started[job.name] = time.monotonic()
        self._neglected.discard(job.name)

    def _say_neglected(self, job: Job) -> None:
        if self.is_led and job.name not in self._neglected:
            self._neglected.add(job.name)
            log.warning('the Prefect server does not start a job: it goes on by itself', job=job.name)

    def is_running(self, job: Job) -> bool:
        """Whether the job is being done in this process just now."""
        return self._turns[job.name].locked()

    async def run(self, job: Job, work: Callable[[], Awaitable[int]]) -> int | None:
        """Do a job, after the run of it that is under way; how much was done, None when it failed. Never raises."""
        task = asyncio.create_task(self._in_turn(job, work))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)

    async def _in_turn(self, job: Job, work: Callable[[], Awaitable[int]]) -> int | None:
        async with self._turns[job.name]:
            self._started[job.name] = time.monotonic()
            try:
                number = await work()
            except DataError as error:
                self._note(job, repr(error))
                return None
            except Exception:
                log.exception('job failed', job=job.name)
                return None
        self._note(job, None)
        return number

    def _note(self, job: Job, reason: str | None) -> None:
        """Say once that a job fails, and once that it does not any more."""
        if reason and job.name not in self._failing:
            self._failing.add(job.name)
            log.warning('job not done', job=job.name, reason=reason[:500])
        elif reason is None and job.name in self._failing:
            self._failing.discard(job.name)
            log.info('job done again', job=job.name)


async def beat() -> None:
    """Show the health check that this process gets its turns, for as long as it does."""
    while True:
        with suppress(OSError):  # whatever is the matter with the file: the jobs go on
            BEAT.touch()
        await asyncio.sleep(TICK_SECONDS)


async def _end(tasks: Iterable[asyncio.Future[Any]]) -> None:
    """Cancel what is under way, and wait a moment for it."""
    ended = list(tasks)
    for task in ended:
        task.cancel()
    if ended:
        await asyncio.wait(ended, timeout=GIVE_BACK_SECONDS)
