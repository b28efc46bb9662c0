"""From a commit in PostgreSQL to the DOM, with many open pages, and the event loop's longest stall meanwhile.

./dev bench live [--pages 1,50,200] [--messages 20]

The pages besides the measured one are real clients of the server (a socket each, as a browser holds), without a browser
around them: what is measured is the dashboard, not two hundred renderers on two cores.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from contextlib import AsyncExitStack
from uuid import UUID

import httpx
import psycopg
from playwright.async_api import Page

from bench.harness import BareClient, Running, chromium, line, running, signed_in

SALON = 'a0000000-0000-4000-8000-000000000001'
WAIT = """text => new Promise((resolve, reject) => {
  const look = () => document.querySelector('.chat')?.textContent.includes(text);
  const finish = () => { observer.disconnect(); resolve(Date.now()); };
  const observer = new MutationObserver(() => look() && finish());
  observer.observe(document, { subtree: true, childList: true, characterData: true });
  setTimeout(() => reject('not within 10 s'), 10000);
  if (look()) finish();
})"""


def dialog_going_on(app: Running) -> UUID:
    """A dialog of the first salon that goes on now."""
    with psycopg.connect(app.stack.admin_dsn) as db:
        row = db.execute(
            'select session_id from public.active_sessions_v2 where tenant_id = %s limit 1', (SALON,)
        ).fetchone()
    assert row
    return UUID(str(row[0]))


def write(app: Running, session: UUID, text: str) -> float:
    """Commit one message; the moment after the commit, in milliseconds since the epoch."""
    with psycopg.connect(app.stack.admin_dsn, autocommit=True) as db:
        db.execute(
            'insert into public.recent_history_v2 (tenant_id, user_id, session_id, role, message)'
            " select tenant_id, user_id, session_id, 'user', %s from public.active_sessions_v2 where session_id = %s",
            (text, session),
        )
    return time.time() * 1000


async def stall(app: Running) -> float:
    """The slowest answer of the health route in one second, in ms: a blocked loop answers late."""
    longest = 0.0
    async with httpx.AsyncClient(trust_env=False) as http:
        until = time.monotonic() + 1
        while time.monotonic() < until:
            started = time.perf_counter()
            await http.get(f'{app.url}/healthz')
            longest = max(longest, (time.perf_counter() - started) * 1000)
            await asyncio.sleep(0.01)
    return longest


async def messages(app: Running, page: Page, session: UUID, others: list[BareClient], count: int) -> None:
    """Write messages into an open dialog and print when they were seen."""
    own, last, stalls = [], [], []
    for number in range(count):
        text = f'bench {time.time_ns()} {number}'
        seen = asyncio.create_task(page.evaluate(WAIT, text))
        probe = asyncio.create_task(stall(app))
        await asyncio.sleep(0.2)
        for other in others:
            other.updates.clear()
        committed = await asyncio.to_thread(write, app, session, text)
        own.append(float(await seen) - committed)
        stalls.append(await probe)
        await asyncio.sleep(0.7)
        first = [min(at for at, _data in other.updates) * 1000 - committed for other in others if other.updates]
        last += [max(first)] if first else []
    line(f'{len(others) + 1} pages: commit to DOM', own)
    if last:
        line(f'{len(others) + 1} pages: commit to the last page', last)
    line(f'{len(others) + 1} pages: slowest health answer meanwhile', stalls)


async def measure(counts: list[int], number: int) -> None:
    """All figures."""
    with running(5000) as app:
        async with chromium() as browser, AsyncExitStack() as stack:
            page = await signed_in(browser, app)
            session = dialog_going_on(app)
            await page.goto(f'{app.url}/sessions/{session}')
            await page.wait_for_selector('.chat-message')
            cookies = {item['name']: item['value'] for item in await page.context.cookies()}
            others: list[BareClient] = []
            for count in counts:
                while len(others) + 1 < count:
                    other = BareClient(app, cookies, f'/sessions/{session}' if len(others) % 2 else '/')
                    await other.open()
                    stack.push_async_callback(other.socket.disconnect)
                    others.append(other)
                await asyncio.sleep(2)
                print(f'\n## {count} open pages, half of them overviews, half dialogs', flush=True)
                await messages(app, page, session, others, number)


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(prog='./dev bench live')
    parser.add_argument('--pages', default='1,50,200')
    parser.add_argument('--messages', type=int, default=20)
    options = parser.parse_args()
    asyncio.run(measure([int(count) for count in options.pages.split(',')], options.messages))


if __name__ == '__main__':
    main()
