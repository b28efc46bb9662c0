"""The jobs as Prefect 3 sees them: thin flows, so that its pages show runs, tries and failures and can start one.

Its one rule: nothing is decided here. It is imported only where a Prefect server is used, because that takes a second.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.flows import Flow

from jobs.alerts import check_alerts
from jobs.commands import deliver_commands
from jobs.digest import send_digests
from jobs.metrics_collector import PAUSES, collect_metrics, collect_salon
from models import JobSalon


@task(name='metrics of a salon', task_run_name='metrics of {salon.name}', retries=len(PAUSES),
      retry_delay_seconds=list(PAUSES), cache_policy=NO_CACHE)  # fmt: skip
async def collect_one(salon: JobSalon, first: date | None, last: date | None) -> int:
    """The days of one salon, tried again when the data store was away."""
    return await collect_salon(salon, first, last)


@flow(name='metrics', validate_parameters=True)
async def metrics(first: date | None = None, last: date | None = None) -> int:
    """Stores the figures of past days; with both days given the period between them."""
    return await collect_metrics(first, last, collect=collect_one)


@flow(name='commands')
async def commands() -> int:
    """Sends the bot what it did not take."""
    return await deliver_commands()


@flow(name='alerts')
async def alerts() -> int:
    """Opens and closes the alerts of all salons and tells the bot of them."""
    return await check_alerts()


@flow(name='digest')
async def digest() -> int:
    """Writes the daily letters that are due."""
    return await send_digests()


FLOWS: dict[str, Flow[..., Any]] = {'metrics': metrics, 'commands': commands, 'alerts': alerts, 'digest': digest}
