"""The jobs' time: they run by themselves, end in order, say a failure once, and need no server to go on."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from data import Unavailable
from devstack.postgres import HOST, free_port
from jobs import clock as clock_module
from jobs.clock import Clock
from jobs.schedule import JOBS, Job
from jobs.server import ENVIRONMENT, Server
from operations.alive import BEAT
from tests.jobs.kills import ROOT, carry_out, start

Environment = dict[str, str]


class Work:
    """A job that counts its runs; it fails while it is told to, and takes so many seconds."""

    def __init__(self, *, seconds: float = 0.0, amounts: tuple[int, ...] = ()) -> None:
        self.begun = self.done = 0
        self.fails = False
        self.seconds, self.amounts = seconds, list(amounts)
        self.was_given_back = False

    async def run(self) -> int:
        self.begun += 1
        if self.fails:
            raise Unavailable('away')
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.was_given_back = True
            raise
        self.done += 1
        return self.amounts.pop(0) if self.amounts else 0


async def serve(clock: Clock, seconds: float) -> float:
    """Let the clock run for a while; how long it took to end after that."""
    stop = asyncio.Event()
    serving = asyncio.create_task(clock.serve(stop))
    await asyncio.sleep(seconds)
    stop.set()
    ended = time.monotonic()
    await serving
    return time.monotonic() - ended


async def test_each_job_runs_at_once_and_then_on_its_schedule() -> None:
    often, seldom = Work(), Work()
    await serve(Clock([Job('often', often.run, every=0.1), Job('seldom', seldom.run, every=60)]), 0.65)
    assert seldom.done == 1
    assert 4 <= often.done <= 7


async def test_a_quick_job_goes_on_at_once_while_there_is_something_to_do() -> None:
    work = Work(amounts=(5, 5, 5))
    await serve(Clock([Job('quick', work.run, every=60, is_quick=True)]), 0.1)
    assert work.done == 4


async def test_while_a_server_leads_only_quick_jobs_run_by_themselves() -> None:
    slow, quick = Work(), Work()
    clock = Clock([Job('slow', slow.run, every=0.2), Job('quick', quick.run, every=0.05, is_quick=True)])
    clock.is_led = True
    await serve(clock, 0.3)
    assert (slow.done, quick.done > 2) == (0, True)
    clock.is_led = False
    await serve(clock, 0.5)
    assert slow.done > 1


async def test_a_server_that_leads_and_starts_nothing_is_said_once_and_the_job_goes_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    work = Work()
    clock = Clock([job := Job('slow', work.run, every=0.1)])
    clock.is_led = True
    await serve(clock, 0.2)
    assert work.done == 0, 'not yet: three turns'
    await serve(clock, 0.45)
    assert 2 <= work.done <= 5, 'then at every turn'
    assert capsys.readouterr().out.count('the Prefect server does not start a job') == 1
    clock.see_to(job)
    begun = work.done
    await serve(clock, 0.2)
    assert work.done == begun, 'it is started there again'
    await serve(clock, 0.2)
    assert capsys.readouterr().out.count('the Prefect server does not start a job') == 1


async def test_a_failure_and_its_end_are_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    work = Work()
    work.fails = True
    clock = Clock([job := Job('metrics', work.run, every=60)])
    for _try in range(3):
        assert await clock.run(job, work.run) is None
    work.fails = False
    for _try in range(3):
        assert await clock.run(job, work.run) == 0
    said = re.findall('job not done|job done again', capsys.readouterr().out)
    assert said == ['job not done', 'job done again']


async def test_a_job_that_raises_anything_at_all_runs_again() -> None:
    tries: list[int] = []

    async def broken() -> int:
        tries.append(1)
        raise ZeroDivisionError

    await serve(Clock([Job('broken', broken, every=0.05)]), 0.3)
    assert len(tries) > 2


async def test_what_runs_is_finished_when_the_clock_ends() -> None:
    work = Work(seconds=0.5)
    await serve(Clock([Job('long', work.run, every=60)]), 0.1)
    assert (work.begun, work.done) == (1, 1)


async def test_what_does_not_finish_in_time_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_module, 'FINISH_SECONDS', 0.2)
    work = Work(seconds=60)
    assert await serve(Clock([Job('endless', work.run, every=60)]), 0.1) < 1
    assert work.was_given_back


async def test_two_runs_of_one_job_come_one_after_the_other() -> None:
    work = Work(seconds=0.1)
    clock = Clock([job := Job('job', work.run, every=60)])
    began = time.monotonic()
    await asyncio.gather(clock.run(job, work.run), clock.run(job, work.run))
    assert time.monotonic() - began > 0.19


@pytest.mark.parametrize('arguments', [
    ('nonsense', '--once'), ('metrics',), ('--once',), ('commands', '--from', '2026-01-01', '--to', '2026-01-02'),
    ('metrics', '--from', '2026-01-01'), ('metrics', '--from', '2026-02-30', '--to', '2026-03-01'),
    ('metrics', '--from', '2026-02-02', '--to', '2026-02-01'),
])  # fmt: skip
def test_a_wrong_call_says_how_it_is_called(arguments: tuple[str, ...], environment: Environment) -> None:
    code, output = carry_out(*arguments, environment=environment)
    assert code == 2
    assert 'usage: python -m jobs' in output
    assert 'Traceback' not in output


def test_one_job_at_once_loads_neither_prefect_nor_nicegui(environment: Environment) -> None:
    code = "import sys, jobs.__main__; print([name for name in ('prefect', 'nicegui') if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, '-c', code], cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == '[]\n'


def test_the_process_ends_on_sigterm_and_on_sigint(environment: Environment) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        process = start(environment=environment)
        assert process.stdout
        while 'the jobs run' not in process.stdout.readline():
            assert process.poll() is None
        began = time.monotonic()
        process.send_signal(number)
        output, _nothing = process.communicate(timeout=12)
        assert process.returncode == 0, output
        assert time.monotonic() - began < 10


def test_the_process_beats_while_it_lives_and_not_while_it_hangs(environment: Environment, tmp_path: Path) -> None:
    process, beat = start(environment=environment | {'TMPDIR': str(tmp_path)}), tmp_path / BEAT.name
    assert process.stdout
    while 'the jobs run' not in process.stdout.readline():
        assert process.poll() is None
    moments = set()
    for _look in range(24):
        moments.add(beat.stat().st_mtime if beat.exists() else 0)
        time.sleep(0.1)
    process.send_signal(signal.SIGSTOP)
    time.sleep(0.2)
    stopped = beat.stat().st_mtime
    time.sleep(1.5)
    assert (len(moments - {0}) >= 2, beat.stat().st_mtime) == (True, stopped)
    process.kill()
    process.communicate(timeout=12)


def test_a_prefect_server_that_is_down_is_said_once_and_the_jobs_go_on(environment: Environment) -> None:
    process = start(environment=environment | {'PREFECT_API_URL': f'http://{HOST}:{free_port()}/api'})
    time.sleep(4)
    process.terminate()
    output, _nothing = process.communicate(timeout=12)
    assert output.count('no Prefect server: the jobs go on by themselves') == 1
    assert 'until' in output
    assert 'Traceback' not in output


# --- with a server


@pytest.fixture
def prefect_server(tmp_path: Path) -> Iterator[str]:
    """A Prefect server of its own; its API's address."""
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith('PYTEST')}
    process = subprocess.Popen(
        [str(Path(sys.executable).parent / 'prefect'), 'server', 'start', '--host', HOST, '--port', str(port)],
        env=kept | ENVIRONMENT | {'PREFECT_HOME': str(tmp_path)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    api = f'http://{HOST}:{port}/api'
    for _attempt in range(300):
        with suppress(httpx.HTTPError):
            if httpx.get(f'{api}/health', trust_env=False).is_success:
                break
        time.sleep(0.1)
    yield api
    process.terminate()
    process.wait(20)


class Prefect:
    """What an operator sees and does on Prefect's pages."""

    def __init__(self, api: str) -> None:
        self.http = httpx.Client(base_url=api, trust_env=False, timeout=20)

    def ask(self, path: str, body: Any = None) -> Any:
        """An answer; on a busy machine this server's database is locked for moments (503)."""
        for _attempt in range(20):
            answer = self.http.post(path, json=body or {}) if body is not None else self.http.get(path)
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                break
            time.sleep(0.5)
        return answer.raise_for_status().json()

    def deployments(self) -> dict[str, Any]:
        return {found['entrypoint'].split(':')[1]: found for found in self.ask('/deployments/filter', {})}

    def begin(self, name: str, **parameters: Any) -> str:
        path = f'/deployments/{self.deployments()[name]["id"]}/create_flow_run'
        return str(self.ask(path, {'parameters': parameters})['id'])

    def wait(self, is_so: Callable[[], object], seconds: float = 60) -> None:
        """Look again every half second: this server is slow on a small machine."""
        deadline = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < deadline
            time.sleep(0.5)

    def state(self, run: str) -> str:
        return str(self.ask(f'/flow_runs/{run}')['state_type'])


@pytest.fixture
def prefect(prefect_server: str) -> Iterator[Prefect]:
    """The operator at that server."""
    operator = Prefect(prefect_server)
    yield operator
    operator.http.close()


def test_a_prefect_server_shows_the_jobs_and_starts_them_once(
    prefect_server: str, prefect: Prefect, environment: Environment
) -> None:
    both = [start(environment=environment | {'PREFECT_API_URL': prefect_server}) for _process in range(2)]
    slow = {job.name for job in JOBS.values() if not job.is_quick}
    prefect.wait(lambda: set(prefect.deployments()) == slow)
    good = prefect.begin('metrics', first='2026-11-01', last='2026-11-03')
    bad = prefect.begin('metrics', first='2026-11-03', last='1990-01-01')
    ended = {'COMPLETED', 'FAILED'}
    prefect.wait(lambda: {prefect.state(good), prefect.state(bad)} <= ended)
    assert (prefect.state(good), prefect.state(bad)) == ('COMPLETED', 'FAILED')
    names = [run['name'] for run in prefect.ask('/task_runs/filter', {}) if run['flow_run_id'] == good]
    assert len(names) == 3
    assert any('Облепиха' in name for name in names)
    outputs = []
    for process in both:
        process.terminate()
        outputs.append(process.communicate(timeout=15)[0])
    assert [process.returncode for process in both] == [0, 0], outputs
    assert all('the Prefect server leads the jobs' in output for output in outputs)
    asyncio.run(see_who_sees_to_it(prefect_server, prefect))  # only now: nobody begins another run meanwhile


async def see_who_sees_to_it(api: str, prefect: Prefect) -> None:
    """A job that another process began is seen to, and so is one that is paused; a job without either is not."""
    from prefect.client.orchestration import PrefectClient

    server, far_away = Server(api, Clock(JOBS.values())), Job('metrics', Work().run, every=0)
    async with PrefectClient(api) as client:
        await server._register(client)
        found = next(key for key, job in server._jobs.items() if job.name == 'metrics')
        assert await server._is_seen_to(client, found, JOBS['metrics'])
        tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        scheduled = {'type': 'SCHEDULED', 'state_details': {'scheduled_time': tomorrow}}
        assert prefect.ask(f'/deployments/{found}/create_flow_run', {'state': scheduled})['start_time'] is None
        assert not await server._is_seen_to(client, found, far_away)
        prefect.http.patch(f'/deployments/{found}', json={'paused': True}).raise_for_status()
        assert await server._is_seen_to(client, found, far_away)
