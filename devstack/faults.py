"""Switches faults of the stack on and off from outside. Rule: a fault never outlives the `with` block that made it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import httpx

ApiFault = Literal['none', 'down', 'unavailable', 'error', 'slow']
RealtimeFault = Literal['none', 'closed', 'mute', 'black_hole']


@dataclass(frozen=True)
class Request:
    """One request that the front door answered; times in seconds since the epoch."""

    method: str
    path: str
    query: str
    status: int
    start: float
    end: float


class Faults:
    """The control endpoints of the front door and of the Realtime stand-in."""

    def __init__(self, front: str, realtime: str) -> None:
        self._front = front
        self._realtime = realtime

    def api(self, kind: ApiFault, *, delay_ms: int = 0, match: str | None = None) -> None:
        """`down`: connections are refused, Realtime's too; `unavailable`: 503; `error`: 500; `slow`: adds `delay_ms`.

        `match` is a regular expression on path and query that limits the fault to some requests (not for `down`).
        """
        fault = {'kind': kind, 'delay_ms': delay_ms, 'match': match}
        httpx.put(f'{self._front}/fault', json=fault, trust_env=False).raise_for_status()

    def realtime(self, kind: RealtimeFault) -> None:
        """`closed`: sockets end and are refused; `mute`: only heartbeats are answered; `black_hole`: silence."""
        httpx.get(f'{self._realtime}/fault', params={'kind': kind}, trust_env=False).raise_for_status()

    def clear(self) -> None:
        self.api('none')
        self.realtime('none')

    @contextmanager
    def active(
        self, *, api: ApiFault = 'none', realtime: RealtimeFault = 'none', delay_ms: int = 0, match: str | None = None
    ) -> Iterator[None]:
        """The faults hold inside the block only."""
        try:
            self.api(api, delay_ms=delay_ms, match=match)
            self.realtime(realtime)
            yield
        finally:
            self.clear()

    def requests(self) -> list[Request]:
        """What the front door answered since the last `forget_requests`, oldest first (the last 18,000 at least)."""
        rows = httpx.get(f'{self._front}/log', trust_env=False).json()
        return [Request(**{**row, 'start': row['start'] / 1000, 'end': row['end'] / 1000}) for row in rows]

    def forget_requests(self) -> None:
        httpx.delete(f'{self._front}/log', trust_env=False).raise_for_status()
