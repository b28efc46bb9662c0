"""The Prefect server, if there is one: it gets the jobs as deployments, and what it schedules runs in this process.

Its one rule: it may go away at any time and cost nothing but its own pages. docs/decisions/0013 says why runs are not
started as processes of their own.
"""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog

from data import DataError
from jobs.clock import PATIENCE, Clock
from jobs.schedule import Job

if TYPE_CHECKING:
    from prefect.client.orchestration import PrefectClient
    from prefect.client.schemas.objects import FlowRun
    from prefect.client.schemas.schedules import IntervalSchedule
    from prefect.flows import Flow

log = structlog.get_logger()

DEPLOYMENT = 'dashboard'
ASK_SECONDS = 3.0
AWAY_SECONDS = 15.0
"""How long until a server that went away is tried again."""
ENVIRONMENT = {
    'PREFECT_SERVER_ANALYTICS_ENABLED': 'false', 'DO_NOT_TRACK': '1', 'PREFECT_LOGGING_LEVEL': 'WARNING',
    'PREFECT_CLIENT_MAX_RETRIES': '1', 'PREFECT_API_REQUEST_TIMEOUT': '10', 'PREFECT_CLI_PROMPT': 'false',
}  # fmt: skip


class FailedRun(DataError):
    """A run failed; Prefect's pages show how."""


class Server:
    """Leads the clock's slow jobs while it answers."""

    def __init__(self, address: str, clock: Clock) -> None:
        self.address, self.clock = address, clock
        self._jobs: dict[UUID, Job] = {}
        self._mine: set[asyncio.Task[Any]] = set()
        self._was_told = False

    async def serve(self) -> None:
        """Take the server's runs for as long as the process lives; while it is away the clock goes on by itself."""
        os.environ.update(
            {'PREFECT_API_URL': self.address, **{k: os.environ.get(k, v) for k, v in ENVIRONMENT.items()}}
        )
        from prefect.client.orchestration import get_client

        while True:
            try:
                async with get_client() as client:
                    await self._register(client)
                    self._lead(True)
                    while True:
                        await self._take_runs(client)
                        await self._excuse(client)
                        await asyncio.sleep(ASK_SECONDS)
            except Exception as error:  # whatever it is: the jobs do not depend on it
                self._lead(False, repr(error))
            await asyncio.sleep(AWAY_SECONDS)

    def _lead(self, is_led: bool, reason: str = '') -> None:
        if is_led:
            log.info('the Prefect server leads the jobs', address=self.address)
        elif self.clock.is_led or not self._was_told:
            log.warning('no Prefect server: the jobs go on by themselves', address=self.address, reason=reason[:300])
        self.clock.is_led, self._was_told = is_led, True

    async def _register(self, client: PrefectClient) -> None:
        """Give the server a deployment for each slow job. One that is there stays: an operator may have paused it."""
        from prefect.client.schemas.schedules import IntervalSchedule
        from prefect.exceptions import ObjectNotFound

        from jobs.flows import FLOWS

        self._jobs = {}
        for name, flow in FLOWS.items():
            job = self.clock.jobs[name]
            schedule = IntervalSchedule(interval=timedelta(seconds=job.every))
            try:
                known = await client.read_deployment_by_name(f'{name}/{DEPLOYMENT}')
                found = known.id if any(s.schedule == schedule for s in known.schedules) else None
            except ObjectNotFound:
                found = None
            self._jobs[found or await self._deploy(client, flow, schedule)] = job

    async def _deploy(self, client: PrefectClient, flow: Flow[..., Any], schedule: IntervalSchedule) -> UUID:
        from prefect.client.schemas.actions import DeploymentScheduleCreate
        from prefect.utilities.callables import parameter_schema

        return await client.create_deployment(
            await client.create_flow(flow),
            DEPLOYMENT,
            schedules=[DeploymentScheduleCreate(schedule=schedule)],
            entrypoint=f'jobs/flows.py:{flow.name}',
            description=flow.description,
            parameter_openapi_schema=parameter_schema(flow).model_dump(),
            enforce_parameter_schema=True,
        )

    async def _take_runs(self, client: PrefectClient) -> None:
        """Begin what is due. Of several runs of a schedule only the last counts; what a person started runs always."""
        now = datetime.now(UTC)
        due = await client.get_scheduled_flow_runs_for_deployments(list(self._jobs), scheduled_before=now)
        by_job: dict[UUID, list[FlowRun]] = {}
        for run in sorted(due, key=lambda run: run.expected_start_time or now):
            if run.deployment_id:
                by_job.setdefault(run.deployment_id, []).append(run)
        for deployment, runs in by_job.items():
            job = self._jobs[deployment]
            if self.clock.is_running(job):
                continue
            scheduled = [run for run in runs if run.auto_scheduled]
            for run in scheduled[:-1]:
                await self._skip(client, run)
            begun = next((run for run in runs if not run.auto_scheduled), None) or scheduled[-1]
            if await self._claim(client, begun):
                self._begin(job, begun)

    async def _excuse(self, client: PrefectClient) -> None:
        """Tell the clock of jobs that are late here and rightly so."""
        for deployment, job in self._jobs.items():
            if self.clock.is_late(job, PATIENCE - 1) and await self._is_seen_to(client, deployment, job):
                self.clock.see_to(job)

    async def _is_seen_to(self, client: PrefectClient, deployment: UUID, job: Job) -> bool:
        """Whether an operator paused the job, or another process began it not long ago."""
        from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterDeploymentId, FlowRunFilterStartTime

        known = await client.read_deployment(deployment)
        if known.paused or not any(schedule.active for schedule in known.schedules):
            return True
        since = datetime.now(UTC) - timedelta(seconds=job.every * (PATIENCE - 1))
        begun = FlowRunFilterStartTime(after_=since, is_null_=False)  # without a start the server compares the schedule
        wanted = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[deployment]), start_time=begun)
        return bool(await client.read_flow_runs(flow_run_filter=wanted, limit=1))

    async def _skip(self, client: PrefectClient, run: FlowRun) -> None:
        from prefect.states import Cancelled

        await client.set_flow_run_state(run.id, Cancelled(message='A later run of the schedule does its work.'))

    async def _claim(self, client: PrefectClient, run: FlowRun) -> bool:
        """Whether the run is ours: of two processes that ask for it the server lets one begin it."""
        from prefect.client.schemas.responses import SetStateStatus
        from prefect.states import Pending

        answer: Any = await client.set_flow_run_state(run.id, Pending())
        return answer.status is SetStateStatus.ACCEPT

    def _begin(self, job: Job, run: FlowRun) -> None:
        self.clock.see_to(job)
        task = asyncio.ensure_future(self.clock.run(job, lambda: self._carry_out(job, run)))
        self._mine.add(task)
        task.add_done_callback(self._mine.discard)

    async def _carry_out(self, job: Job, run: FlowRun) -> int:
        """Do a run as the server's. Raises FailedRun; whatever else comes is the server's own trouble."""
        from prefect.flow_engine import run_flow

        from jobs.flows import FLOWS

        state: Any = await run_flow(FLOWS[job.name], flow_run=run, return_type='state')  # type: ignore[misc]
        if not state.is_completed():
            raise FailedRun(state.message or state.name)
        return 0
