"""A real Chromium before the app as a process of its own. Rule: wait for what people would see, never for a time.

Whatever a journey does, no request may leave the app's own address, and nothing may be complained about in the console.
"""

import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, async_playwright, expect

from devstack.postgres import free_port
from devstack.stack import Stack
from tests.pages.conftest import PASSWORD, SmallSalon, small_salon

__all__ = ['PASSWORD', 'SmallSalon', 'small_salon']

ROOT = Path(__file__).resolve().parent.parent.parent
ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking']
START_SECONDS = 30
PATIENCE_MS = 10_000
expect.set_options(timeout=PATIENCE_MS)


def plain_environment() -> dict[str, str]:
    """The environment without what tells NiceGUI that it is being tested."""
    ours = {'PYTEST_CURRENT_TEST', 'NICEGUI_USER_SIMULATION'}
    return {name: value for name, value in os.environ.items() if name not in ours}


@pytest.fixture(scope='package')
def app_port() -> int:
    """Where the app listens; the bot reports there."""
    return free_port()


@pytest.fixture(scope='package')
def bot_url(stack: Stack, app_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The stand-in bot, which carries commands out and talks with nobody by itself."""
    port, log_path = free_port(), tmp_path_factory.mktemp('bot') / 'log'
    environment = plain_environment() | stack.bot_environment(app_url=f'http://127.0.0.1:{app_port}')
    command = [sys.executable, '-m', 'devstack.bot', '--every', '0', '--port', str(port)]
    with log_path.open('wb') as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            wait_until_answers(process, f'http://127.0.0.1:{port}/health', log_path)
            yield f'http://127.0.0.1:{port}'
        finally:
            process.terminate()
            process.wait(10)
    assert 'Traceback' not in log_path.read_text(), log_path.read_text()[-3000:]


@pytest.fixture(scope='package')
def served(stack: Stack, bot_url: str, app_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the app, which runs as in production."""
    port, storage = app_port, tmp_path_factory.mktemp('storage')
    environment = plain_environment() | stack.app_environment(bot_url=bot_url, port=port)
    environment['NICEGUI_STORAGE_PATH'] = str(storage)
    with (storage / 'log').open('wb') as log:
        process = subprocess.Popen([sys.executable, 'main.py'], cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            wait_until_answers(process, f'http://127.0.0.1:{port}/healthz', storage / 'log')
            yield f'http://127.0.0.1:{port}'
        finally:
            process.terminate()
            process.wait(10)
    text = (storage / 'log').read_text()
    assert 'Traceback' not in text, text[text.index('Traceback') - 500 :][:3000]


def wait_until_answers(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Until the app is up; its log when it does not come up."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(url, trust_env=False).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(log.read_text())


@pytest_asyncio.fixture(scope='session', loop_scope='session')
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """One browser for all journeys."""
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield running
        await running.close()


class Journeys:
    """Makes browsers (contexts) and tabs, and watches what they ask for and complain about."""

    def __init__(self, browser: Browser, url: str, stack: Stack) -> None:
        self.browser, self.url, self.stack = browser, url, stack
        self.contexts: list[BrowserContext] = []
        self.complaints: list[str] = []
        self.strayed: list[str] = []

    async def person(self, *, width: int = 1440, height: int = 900, **options: Any) -> BrowserContext:
        """A browser without cookies."""
        context = await self.browser.new_context(
            base_url=self.url, viewport={'width': width, 'height': height}, has_touch=width < 700, **options
        )
        context.set_default_timeout(PATIENCE_MS)
        context.on('request', self._watch)
        context.on('console', self._hear)
        context.on('weberror', lambda error: self.complaints.append(str(error.error)))
        self.contexts.append(context)
        return context

    def _watch(self, request: Request) -> None:
        if not request.url.startswith((self.url, 'data:', 'blob:')):
            self.strayed.append(request.url)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == 'error' or 'Vue warn' in message.text:
            self.complaints.append(f'{message.text} {message.location}')

    async def signed_in(self, email: str, password: str | None = None, *, path: str = '/', **options: Any) -> Page:
        """A new browser whose person has signed in and sees `path`."""
        context = await self.person(**options)
        page = await context.new_page()
        await page.goto(path)
        await sign_in(page, email, password or self.stack.secrets.demo_password)
        return page

    async def close(self) -> None:
        for context in self.contexts:
            await context.close()


async def sign_in(page: Page, email: str, password: str) -> None:
    """Fill the form and send it."""
    await page.fill('input[name=email]', email)
    await page.fill('input[name=password]', password)
    await page.click('button[type=submit]')
    await page.wait_for_selector('.frame')


async def loaded(page: Page) -> None:
    """Wait until the page shows its data."""
    await page.wait_for_selector('.overview:not(.is-loading), .split-list .dialog-row, .page .state')


@pytest_asyncio.fixture(loop_scope='session')
async def journeys(browser: Browser, served: str, stack: Stack) -> AsyncIterator[Journeys]:
    """Browsers for one journey; at its end nothing may have been complained about or asked for elsewhere."""
    making = Journeys(browser, served, stack)
    yield making
    await making.close()
    assert making.strayed == []
    assert making.complaints == []
