"""What the benchmarks share: a stack of a chosen size, the dashboard as a process of its own, and a browser.

Its one rule: a time is taken in the page itself, from the click to the DOM, so that the tool's own steps do not count.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import socketio
from playwright.async_api import Browser, Page, async_playwright

from devstack.demo import Plan, load
from devstack.faults import Request
from devstack.postgres import free_port
from devstack.stack import Stack

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = ['--no-sandbox', '--disable-gpu', '--disable-background-networking']

MEASURE = """([click, done]) => new Promise((resolve, reject) => {
  const isDone = new Function('before', 'return ' + done);
  const before = document.querySelector('.kpi-value')?.textContent;
  const started = performance.now();
  const observer = new MutationObserver(() => {
    if (!isDone(before)) return;
    observer.disconnect();
    resolve(performance.now() - started);
  });
  observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
  setTimeout(() => reject('nothing happened in 20 s'), 20000);
  document.querySelector(click).click();
})"""


@dataclass
class Running:
    """The dashboard under test."""

    stack: Stack
    url: str
    process: subprocess.Popen[bytes]

    @property
    def memory(self) -> float:
        """Resident memory of the dashboard's process, in MB."""
        for line in Path(f'/proc/{self.process.pid}/status').read_text().splitlines():
            if line.startswith('VmRSS'):
                return int(line.split()[1]) / 1024
        return 0.0


@contextmanager
def running(dialogs: int) -> Iterator[Running]:
    """A stack with so many dialogs, and the dashboard on it."""
    with Stack.temporary() as stack, tempfile.TemporaryDirectory() as storage:
        started = time.monotonic()
        load(stack.admin_dsn, stack.dsn, Plan(dialogs=dialogs), stack.secrets.demo_password)
        print(f'# {dialogs} dialogs loaded in {time.monotonic() - started:.1f} s', flush=True)
        process, url = start_app(stack, storage)
        try:
            yield Running(stack, url, process)
        finally:
            process.terminate()
            process.wait(10)


def start_app(stack: Stack, storage: str) -> tuple[subprocess.Popen[bytes], str]:
    """Start `python main.py` and wait until it answers."""
    port = free_port()
    environment = os.environ | {
        'SUPABASE_URL': stack.url,
        'SUPABASE_KEY': stack.key,
        'SUPABASE_JWT_SECRET': stack.jwt_secret,
        'STORAGE_SECRET': 'only-for-this-benchmark-' + 'x' * 16,
        'NICEGUI_STORAGE_PATH': storage,
        'HOST': '127.0.0.1',
        'PORT': str(port),
    }
    process = subprocess.Popen(
        [sys.executable, 'main.py'], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    url = f'http://127.0.0.1:{port}'
    for _attempt in range(200):
        try:
            if httpx.get(f'{url}/healthz', trust_env=False).is_success:
                return process, url
        except httpx.HTTPError:
            time.sleep(0.1)
    raise RuntimeError('the dashboard did not start')


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A headless Chromium of the machine."""
    path = next(filter(None, map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome'))), None)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=CHROMIUM)
        yield browser
        await browser.close()


async def signed_in(browser: Browser, app: Running, person: str = 'owner', state: Any = None) -> Page:
    """A tab of a demo person on the overview; with `state` (of an earlier tab's context) without signing in again."""
    context = await browser.new_context(viewport={'width': 1440, 'height': 900}, storage_state=state)
    page = await context.new_page()
    await page.goto(f'{app.url}/')
    if '/login' in page.url:
        await sign_in(page, app, person)
    await page.wait_for_selector('.overview:not(.is-loading)')
    return page


async def sign_in(page: Page, app: Running, person: str = 'owner') -> float:
    """Fill the form and send it; the milliseconds until the overview shows its figures."""
    await page.wait_for_selector('input[name=email]')
    await page.fill('input[name=email]', f'{person}@demo.salon')
    await page.fill('input[name=password]', app.stack.secrets.demo_password)
    started = time.perf_counter()
    await page.click('button[type=submit]')
    await page.wait_for_selector('.overview:not(.is-loading)')
    return (time.perf_counter() - started) * 1000


async def click(page: Page, selector: str, done: str) -> float:
    """Click and wait until the JavaScript expression `done` holds; milliseconds, taken in the page."""
    taken: float = await page.evaluate(MEASURE, [selector, done])
    return taken


class BareClient:
    """An open tab as the server knows it: the page was loaded, its socket is connected, updates are received.

    There is no browser around it: with many of them the dashboard is measured, and not two hundred renderers.
    """

    def __init__(self, app: Running, cookies: dict[str, str], path: str) -> None:
        self.app, self.cookies, self.path = app, cookies, path
        self.updates: list[tuple[float, Any]] = []
        self.socket = socketio.AsyncClient()
        self.page = ''
        self.client_id = ''

    async def open(self) -> None:
        """Load the page and shake hands, as NiceGUI's script does."""
        async with httpx.AsyncClient(cookies=self.cookies, trust_env=False, timeout=30) as http:
            self.page = (await http.get(f'{self.app.url}{self.path}')).text
        found = re.search(r"'client_id': '([0-9a-f-]+)', 'next_message_id': (\d+)", self.page)
        assert found, 'no page'
        self.client_id = found.group(1)
        query = {
            'client_id': self.client_id,
            'next_message_id': found.group(2),
            'implicit_handshake': 'true',
            'tab_id': str(uuid4()),
            'document_id': str(uuid4()),
        }
        self.socket.on('update', self._updated)
        await self.socket.connect(
            f'{self.app.url}?{urlencode(query)}',
            headers={'Cookie': '; '.join(f'{name}={value}' for name, value in self.cookies.items())},
            socketio_path='/_nicegui_ws/socket.io',
            transports=['websocket'],
        )

    async def _updated(self, data: Any) -> None:
        self.updates.append((time.time(), data))

    async def move(self, path: str, until: str) -> float:
        """Move inside the page, as a click on a link does; milliseconds until an update carries the text `until`."""
        listener = re.search(r'"listener_id":"([0-9a-f-]+)","type":"sub_pages_navigate"', self.page)
        element = re.search(r'"(\d+)":\{[^{}]*(?:\{[^{}]*\}[^{}]*)*?"sub_pages_navigate"', self.page)
        assert listener, 'no place to move in'
        self.updates.clear()
        started = time.time()
        message = {
            'client_id': self.client_id, 'id': int(element.group(1)) if element else 0,
            'listener_id': listener.group(1), 'args': [json.dumps(path)],
        }  # fmt: skip
        await self.socket.emit('event', message)
        while time.time() - started < 30:
            for at, data in self.updates:
                if until in json.dumps(data):
                    return (at - started) * 1000
            await asyncio.sleep(0.002)
        raise TimeoutError(path)


def waits(requests: Sequence[Request]) -> int:
    """How many requests wait for one another: the longest chain in which each began after the one before ended."""
    chain: list[tuple[float, int]] = []
    for request in sorted(requests, key=lambda item: item.start):
        length = 1 + max((count for end, count in chain if end <= request.start), default=0)
        chain.append((request.end, length))
    return max((count for _end, count in chain), default=0)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0..1) of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def line(name: str, values: Sequence[float], more: str = '') -> None:
    """Print one row of figures, in milliseconds."""
    median, p95 = statistics.median(values), percentile(values, 0.95)
    print(f'{name:<44} median {median:7.0f} ms   p95 {p95:7.0f} ms   n {len(values):3} {more}', flush=True)
