"""What all tests share: one embedded stack with a small demo, and ways to look at its database as anybody."""

import gc
import json
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from nicegui.testing.user_simulation import user_simulation

from bot import Bot, bot
from config import settings
from data import pool
from devstack.demo import Plan, load
from devstack.stack import Stack
from tests.commands import FarEnd
from tests.simulated import Dashboard, forget_everything

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM_NAMES = ('chromium', 'chromium-browser', 'google-chrome')
Connection = psycopg.Connection[tuple[Any, ...]]
AsRole = Callable[..., AbstractContextManager[Connection]]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption('--demo-dialogs', type=int, default=600, help='size of the demo that the tests run on')


@pytest.fixture(scope='session')
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """The embedded stack with the demo salons, started once."""
    with Stack.temporary() as running:
        plan = Plan(dialogs=request.config.getoption('--demo-dialogs'))
        load(running.admin_dsn, running.dsn, plan, running.secrets.demo_password)
        yield running


@pytest.fixture(autouse=True, scope='module')
def what_is_loaded_stays() -> None:
    """The garbage collector, which NiceGUI runs around each test, need not look at what earlier modules have loaded."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def db(stack: Stack) -> Iterator[Connection]:
    """PostgreSQL as the role `postgres`, in a transaction that is rolled back."""
    with psycopg.connect(stack.dsn) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def as_role(db: Connection) -> AsRole:
    """`with as_role(app_role='staff', tenant_id=...) as db:` looks with these claims, as `dashboard_app` by default.

    What was changed inside stays visible in the test's transaction; a failed statement undoes the block only.
    """

    @contextmanager
    def looking(role: str = 'dashboard_app', **claims: Any) -> Iterator[Connection]:
        with db.transaction(force_rollback=False):
            db.execute(
                "select set_config('request.jwt.claims', %s, true), set_config('role', %s, true)",
                (json.dumps({'role': role, **claims}, default=str), role),
            )
            yield db
            db.execute("select set_config('request.jwt.claims', '', true), set_config('role', 'none', true)")

    return looking


@pytest.fixture
def mint(stack: Stack) -> Callable[..., str]:
    """`mint(app_role='admin', tenant_id=..., expires_in=600)`: a token as the app makes them."""

    def minting(expires_in: int = 600, **claims: Any) -> str:
        return stack.mint(claims, expires_in=expires_in)

    return minting


@pytest.fixture(autouse=True)
def no_fault_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """A fault that a test switched on and forgot must not fail the next one."""
    yield
    if 'stack' in request.fixturenames:
        request.getfixturevalue('stack').faults.clear()


@pytest.fixture(scope='session')
def chromium() -> str:
    """The path of the machine's Chromium."""
    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if found is None:
        pytest.skip('no Chromium on this machine: the journeys in a real browser are left out')
    return found


@pytest.fixture(scope='session')
def app_environment(stack: Stack) -> Stack:
    """The app's settings point at the stack; whoever takes this may import and use the app's modules."""
    os.environ.update(
        SUPABASE_URL=stack.url,
        SUPABASE_KEY=stack.key,
        SUPABASE_JWT_SECRET=stack.jwt_secret,
        STORAGE_SECRET='only-for-tests-' + 'x' * 32,
    )
    settings.cache_clear()
    return stack


@pytest.fixture
async def app(app_environment: Stack) -> AsyncIterator[Stack]:
    """The app's own connections belong to this test's event loop, and are closed with it."""
    yield app_environment
    await pool.close()


@pytest.fixture
async def dashboard(app_environment: Stack, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Dashboard]:
    """The running app; an error in its log fails the test."""
    forget_everything()
    async with user_simulation(main_file=ROOT / 'main.py'):
        running = Dashboard(app_environment)
        yield running
        await running.close()
    errors = [
        record.getMessage()
        for record in caplog.get_records('call')
        if record.levelname == 'ERROR' and not record.name.startswith('realtime')
    ]
    assert not errors


@pytest.fixture
async def far_end(app: Stack, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FarEnd]:
    """A bot that runs, with an empty outbox; and the dashboard's own side of it as after a start."""
    far_end = FarEnd(app)
    for name, value in far_end.environment().items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    vars(bot).clear()
    vars(bot).update(vars(Bot()))
    await far_end.start()
    far_end.forget()
    await far_end.listen()
    yield far_end
    await bot.close()
    await far_end.stop()
    far_end.forget()
    monkeypatch.undo()
    settings.cache_clear()
