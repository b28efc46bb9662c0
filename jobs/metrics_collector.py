"""Stores the figures of past days, salon by salon, in parts that are small enough for one request.

Its one rule: no figure depends on it. Not run, run late, twice or at once, killed at any point: what is not stored is
computed when somebody looks, by the same functions of the database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date

import structlog

from data import Data, TooSlow, Unavailable
from jobs.failures import SalonsFailed
from models import Days, JobSalon
from tokens import SYSTEM

log = structlog.get_logger()

LONGEST_PART = 31
"""Days that are asked for at once, until that proves to be too many."""
SALONS_AT_ONCE = 2
PAUSES = (2.0, 10.0)
"""Seconds before a salon is tried again."""

Collect = Callable[[JobSalon, date | None, date | None], Awaitable[int]]


async def collect_metrics(
    first: date | None = None, last: date | None = None, *, collect: Collect | None = None
) -> int:
    """Store the days of a period, or all that are missing or changed, of every salon; how many days were stored.

    `collect` does one salon. Raises SalonsFailed when salons failed, other DataErrors when there was nothing to be had.
    """
    salons, room = await Data(SYSTEM).jobs.salons(), asyncio.Semaphore(SALONS_AT_ONCE)
    outcomes = await asyncio.gather(*(_try_one(salon, first, last, collect or patiently, room) for salon in salons))
    failed = [
        (salon, outcome) for salon, outcome in zip(salons, outcomes, strict=True) if isinstance(outcome, Exception)
    ]
    if failed:
        raise SalonsFailed(failed)
    return sum(outcome for outcome in outcomes if isinstance(outcome, int))


async def _try_one(
    salon: JobSalon, first: date | None, last: date | None, collect: Collect, room: asyncio.Semaphore
) -> int | Exception:
    async with room:
        try:
            return await collect(salon, first, last)
        except Exception as error:
            log.warning('metrics not collected', salon=str(salon.id), reason=repr(error))
            return error


async def patiently(salon: JobSalon, first: date | None, last: date | None) -> int:
    """Collect one salon, and again after a pause when the data store was away. Raises DataError."""
    for pause in PAUSES:
        try:
            return await collect_salon(salon, first, last)
        except TooSlow:
            raise
        except Unavailable:
            await asyncio.sleep(pause)
    return await collect_salon(salon, first, last)


async def collect_salon(salon: JobSalon, first: date | None, last: date | None) -> int:
    """Store a salon's days, the oldest first; how many. What takes too long is asked for in halves.

    Raises TooSlow when a single day takes too long, and other DataErrors.
    """
    data, stored = Data(SYSTEM).jobs, 0
    collection = await data.begin_collection(salon.id, first, last)
    total = sum(part.number for part in collection.parts)
    todo = [part for days in collection.parts for part in days.split(LONGEST_PART)]
    while todo:
        part = todo[0]
        try:
            stored += await data.collect_days(salon.id, part.first, part.last)
        except TooSlow:
            todo = _smaller(todo)
            continue
        del todo[0]
        log.info('metrics', salon=str(salon.id), until=part.last.isoformat(), days=stored, of=total)
    await data.end_collection(salon.id, collection)
    return stored


def _smaller(todo: list[Days]) -> list[Days]:
    """The same days in parts half as long as the first. Raises TooSlow when that is a single day."""
    if todo[0].number == 1:
        raise TooSlow(todo[0].first.isoformat())
    return [part for days in todo for part in days.split(todo[0].number // 2)]
