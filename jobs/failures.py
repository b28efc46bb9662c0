"""Work that is done salon by salon, and what a job says when it did not do all of it.

Its one rule: a salon is named by its id. The log keeps ids and takes names out, and a failure has to be found in it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from data import Data, DataError
from models import JobSalon
from tokens import SYSTEM


class SalonsFailed(DataError):
    """Some salons failed, the others were done; `names` is what people call them, for a terminal."""

    def __init__(self, failed: Sequence[tuple[JobSalon, Exception]]) -> None:
        super().__init__('; '.join(f'{salon.id} ({error!r})' for salon, error in failed))
        self.names = [salon.name for salon, _error in failed]


async def for_each_salon(work: Callable[[JobSalon], Awaitable[int]]) -> int:
    """Do it for one salon after the other; how much was done. One bad salon fails alone.

    Raises SalonsFailed when a salon failed, other DataErrors when there was nothing to be had.
    """
    done, failed = 0, list[tuple[JobSalon, Exception]]()
    for salon in await Data(SYSTEM).jobs.salons():
        try:
            done += await work(salon)
        except DataError as error:
            failed.append((salon, error))
    if failed:
        raise SalonsFailed(failed)
    return done
