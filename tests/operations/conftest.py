"""What the tests of the operations share: the dashboard as a process of its own, as operators run it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from devstack.postgres import free_port
from devstack.stack import Stack

ROOT = Path(__file__).resolve().parent.parent.parent
NOT_OURS = {'PYTEST_CURRENT_TEST', 'NICEGUI_USER_SIMULATION'}
METRICS_TOKEN = 'metrics-token-of-forty-letters-0123456789'


class Process:
    """One running dashboard with a client that keeps its cookies."""

    def __init__(self, process: 'subprocess.Popen[bytes]', url: str, log: Path) -> None:
        self.process, self.url, self.log_path = process, url, log
        self.http = httpx.Client(base_url=url, trust_env=False, headers={'accept': 'text/html'})

    @property
    def log(self) -> str:
        """What the process has written."""
        return self.log_path.read_text()

    def wait_up(self, seconds: float = 30) -> None:
        """Until it answers."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                self.http.get('/healthz').raise_for_status()
            except httpx.HTTPError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError(self.log)

    def sign_in(self, email: str, password: str) -> httpx.Response:
        """Send the sign-in form."""
        return self.http.post('/login', data={'email': email, 'password': password})

    def stop(self, seconds: float = 15) -> float:
        """Ask it to end; the seconds that took."""
        begun = time.monotonic()
        self.process.terminate()
        self.process.wait(seconds)
        return time.monotonic() - begun


def environment_of(stack: Stack, **changes: str) -> dict[str, str]:
    """The environment of a dashboard on the stack."""
    kept = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    return kept | stack.app_environment(bot_url='http://127.0.0.1:9', port=free_port()) | changes


@contextmanager
def running(environment: dict[str, str], storage: Path) -> Iterator[Process]:
    """A dashboard with this environment."""
    storage.mkdir(parents=True, exist_ok=True)
    log = storage / 'log'
    environment = environment | {'NICEGUI_STORAGE_PATH': str(storage)}
    with log.open('wb') as output:
        child = subprocess.Popen([sys.executable, 'main.py'], cwd=ROOT, env=environment, stdout=output, stderr=output)
    found = Process(child, f'http://127.0.0.1:{environment["PORT"]}', log)
    try:
        found.wait_up()
        yield found
    finally:
        child.kill()
        child.wait(10)
        found.http.close()


@pytest.fixture(scope='package')
def served(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """One dashboard for the tests that only look."""
    storage = tmp_path_factory.mktemp('storage')
    environment = environment_of(stack, METRICS_TOKEN=METRICS_TOKEN, PUBLIC_URL='https://salon.test')
    with running(environment, storage) as found:
        yield found
