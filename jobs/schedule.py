"""Which jobs there are, and when each is due.

Its one rule: a job that runs twice, or in two processes at once, does its work once. The database sees to that, so a
schedule is only about how soon.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from jobs.alerts import check_alerts
from jobs.broadcasts import send_broadcasts
from jobs.commands import deliver_commands
from jobs.digest import send_digests
from jobs.metrics_collector import collect_metrics


@dataclass(frozen=True)
class Job:
    """A job: `run` does it once and says how much it did; `every` is the seconds between two starts.

    A quick job is asked every few seconds and goes on at once while it finds something to do: it is never shown in
    Prefect, where each of these would be a run.
    """

    name: str
    run: Callable[[], Awaitable[int]]
    every: float
    is_quick: bool = False


JOBS = {
    job.name: job
    for job in (
        Job('metrics', collect_metrics, every=15 * 60),
        Job('commands', deliver_commands, every=60),
        Job('broadcasts', send_broadcasts, every=2, is_quick=True),
        Job('alerts', check_alerts, every=60),
        Job('digest', send_digests, every=5 * 60),
    )
}
