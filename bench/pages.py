"""From a click to the data in the DOM, with and without a slow API, for salons of different sizes.

./dev bench pages [--dialogs 1000,20000,300000] [--delays 0,50] [--rounds 15] [--people 20]
                  [--clients 100000 --wishes 20000 --messages 2000]

At last the lists of a small salon, whose first pages are full, are measured beside those of one with so many clients
and wishes, and with a client who wrote so many messages.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from pathlib import Path

import psycopg
from playwright.async_api import Browser, Page

from bench.harness import BareClient, Running, chromium, click, line, running, sign_in, signed_in, waits

OVERVIEW = "document.querySelector('.overview:not(.is-loading)')"
DIALOGS = "document.querySelector('.split-list .dialog-row')"
CLIENTS = "document.querySelector('.split-list .client-item')"
CARD = "document.querySelector('.client-facts')"
WISHES = "document.querySelector('.split-list .waiting-item')"
WISH = "document.querySelector('.entry-acts')"
CHAT = "document.querySelector('.chat-message')"
PERIOD = "document.querySelector('.kpi-value')?.textContent !== before"
SQL = """
    select set_config('request.jwt.claims',
      json_build_object('app_role', 'admin', 'sub', '1', 'tenant_id', id)::text, false)
    from public.tenants_v2 order by id limit 1
"""


async def rounds(app: Running, page: Page, name: str, selector: str, done: str, back: str | None, count: int) -> None:
    """Click so many times, going `back` in between, and print the times with the API requests of one click."""
    times, chains, numbers = [], [], []
    for _round in range(count):
        await asyncio.sleep(0.25)
        app.stack.faults.forget_requests()
        times.append(await click(page, selector, done))
        made = [request for request in app.stack.faults.requests() if 'touch_canary' not in request.path]
        chains.append(waits(made))
        numbers.append(len(made))
        if back:
            await page.evaluate('selector => document.querySelector(selector).click()', back)
            await page.wait_for_function(f'() => !{done}')
            await page.wait_for_timeout(150)
    line(name, times, f'requests {max(numbers)}, one after the other {max(chains)}')


async def journey(app: Running, page: Page, count: int) -> None:
    """The ways through the pages that people take all day."""
    nav = {'overview': '.side nav a[href="/"]', 'dialogs': '.side nav a[href="/sessions"]'}
    await click(page, nav['dialogs'], DIALOGS)
    await rounds(app, page, 'to the overview', nav['overview'], OVERVIEW, nav['dialogs'], count)
    await click(page, nav['overview'], OVERVIEW)
    await rounds(app, page, 'to the dialogs', nav['dialogs'], DIALOGS, nav['overview'], count)
    await click(page, nav['dialogs'], DIALOGS)
    await rounds(app, page, 'a dialog', '.split-list li:nth-child(3) a', CHAT, '.dialog-close', count)
    await click(page, nav['overview'], OVERVIEW)
    buttons = '.period-picker button:nth-of-type({})'
    for place, name in ((4, '30 days'), (5, '90 days')):
        times = []
        for _round in range(count):
            times.append(await click(page, buttons.format(place), PERIOD))
            await page.wait_for_timeout(150)
            await click(page, buttons.format(3), PERIOD)
            await page.wait_for_timeout(150)
        line(f'period change to {name}', times)


HEAVY = Path(__file__).with_name('heavy_salon.sql')


def fill(app: Running, *, clients: int, wishes: int, messages: int) -> None:
    """Give the first salon so many more clients and wishes, and a dialog with so many messages."""
    with psycopg.connect(app.stack.admin_dsn, autocommit=True) as db:
        row = db.execute('select id from public.tenants_v2 order by id limit 1').fetchone()
        assert row
        names = {'salon': row[0], 'clients': clients, 'wishes': wishes, 'messages': messages}
        db.execute(HEAVY.read_text().format(**names).encode())
        for table in ('client_figures', 'client_watermarks'):  # rows with times of long ago are news to nobody
            db.execute(f'delete from dashboard.{table}'.encode())
        db.execute('analyze')
        started = time.monotonic()
        calls = 1
        while db.execute('select dashboard.refresh_clients(%s)', (row[0],)).fetchone() != (None,):
            calls += 1
        seconds = time.monotonic() - started
        db.execute('analyze')  # as autovacuum does; without statistics the first lists are planned badly
        print(f'# filled; figures of all clients made in {seconds:.1f} s by {calls} call(s)', flush=True)


async def lists(app: Running, page: Page, count: int) -> None:
    """The waiting list, the clients, and what opens beside them."""
    home = '.side nav a[href="/"]'
    wishes, clients, dialogs = (f'.side nav a[href="{path}"]' for path in ('/wishlist', '/clients', '/sessions'))
    await rounds(app, page, 'to the waiting list', wishes, WISHES, home, count)
    await click(page, wishes, WISHES)
    await rounds(app, page, 'a wish', '.waiting-rows .waiting-row', WISH, '.dialog-close', count)
    await rounds(app, page, 'to the clients', clients, CLIENTS, home, count)
    await click(page, clients, CLIENTS)
    await rounds(app, page, 'a client', '.client-rows li:nth-child(3) a', CARD, '.dialog-close', count)
    await rounds(app, page, 'to the dialogs', dialogs, DIALOGS, home, count)
    await click(page, dialogs, DIALOGS)
    await rounds(app, page, 'the dialog that goes on', '.split-list li:nth-child(1) a', CHAT, '.dialog-close', count)


async def measure_lists(delays: list[int], count: int, sizes: dict[str, int]) -> None:
    """The lists of a small salon whose first pages are full, and of one that is filled."""
    small = {'clients': 420, 'wishes': 420, 'messages': 60}
    with running(1000) as app:
        async with chromium() as browser:
            for numbers in (small, sizes):
                await asyncio.to_thread(fill, app, **numbers)
                for delay in delays:
                    name = ', '.join(f'{number} {what}' for what, number in numbers.items())
                    print(f'\n## lists: {name}, {delay} ms added to each API request', flush=True)
                    page = await signed_in(browser, app)
                    app.stack.faults.api('slow' if delay else 'none', delay_ms=delay)
                    await lists(app, page, count)
                    await page.context.close()
                    app.stack.faults.clear()


async def sign_ins(app: Running, browser: Browser, count: int) -> None:
    """From the sign-in form to the figures."""
    times = []
    for _round in range(count):
        context = await browser.new_context()
        page = await context.new_page()
        await page.goto(f'{app.url}/login')
        times.append(await sign_in(page, app))
        await context.close()
    line('sign-in to overview', times)


async def crowd_of_sockets(app: Running, browser: Browser, people: int) -> None:
    """So many people who open the overview at the same moment: until the figures have left the dashboard for each.

    Their browsers are their own machines' business: here are only their sockets.
    """
    first = await signed_in(browser, app)
    cookies = {str(item['name']): str(item['value']) for item in await first.context.cookies()}
    await first.context.close()
    tabs = [BareClient(app, cookies, '/sessions') for _person in range(people)]
    for tab in tabs:
        await tab.open()
    await asyncio.sleep(3)
    times: list[float] = []
    for _round in range(3):
        times += await asyncio.gather(*(tab.move('/', 'figure=new_clients') for tab in tabs))
        await asyncio.sleep(2)
        await asyncio.gather(*(tab.move('/sessions', 'hasMore') for tab in tabs), return_exceptions=True)
        await asyncio.sleep(2)
    line(f'{people} people to the overview at once, sockets', times)
    for tab in tabs:
        await tab.socket.disconnect()


async def crowd(app: Running, browser: Browser, people: int) -> None:
    """So many people who open the overview at the same moment, all in browsers on this machine."""
    first = await signed_in(browser, app)
    state = await first.context.storage_state()
    pages = [await signed_in(browser, app, state=state) for _person in range(people)]
    for page in pages:
        await click(page, '.side nav a[href="/sessions"]', DIALOGS)
    times = await asyncio.gather(*(click(page, '.side nav a[href="/"]', OVERVIEW) for page in pages))
    line(f'{people} people to the overview at once, Chromium', times)
    for page in pages:
        await page.context.close()


def floor(app: Running) -> None:
    """The same SQL without anything around it."""
    with psycopg.connect(app.stack.dsn, autocommit=True) as db:
        db.execute(SQL)
        db.execute('set role dashboard_app')
        for days in (7, 30, 90):
            times = []
            for _round in range(20):
                started = time.perf_counter()
                db.execute('select dashboard.overview(current_date - %s, current_date)', (days - 1,)).fetchone()
                times.append((time.perf_counter() - started) * 1000)
            line(f'floor: overview of {days} days in SQL', times)


def collect(app: Running) -> None:
    """Store the figures of past days, as the nightly job does."""
    started = time.monotonic()
    with psycopg.connect(app.stack.admin_dsn, autocommit=True) as db:
        for (salon,) in db.execute('select id from public.tenants_v2').fetchall():
            db.execute('select dashboard.collect_metrics(%s, current_date - 200, current_date)', (salon,))
        db.execute('analyze')
    print(f'# past days stored in {time.monotonic() - started:.1f} s', flush=True)


async def measure(dialogs: int, delays: list[int], count: int, people: int) -> None:
    """All figures for one size."""
    with running(dialogs) as app:
        floor(app)
        await asyncio.to_thread(collect, app)
        floor(app)
        async with chromium() as browser:
            for delay in delays:
                print(f'\n## {dialogs} dialogs, {delay} ms added to each API request', flush=True)
                page = await signed_in(browser, app)
                app.stack.faults.api('slow' if delay else 'none', delay_ms=delay)
                await journey(app, page, count)
                await page.context.close()
                await sign_ins(app, browser, max(3, count // 3))
                await crowd_of_sockets(app, browser, people)
                await crowd(app, browser, people)
                app.stack.faults.clear()


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(prog='./dev bench pages')
    parser.add_argument('--dialogs', default='1000,20000,300000')
    parser.add_argument('--delays', default='0,50')
    parser.add_argument('--rounds', type=int, default=15)
    parser.add_argument('--people', type=int, default=20)
    parser.add_argument('--clients', type=int, default=100_000)
    parser.add_argument('--wishes', type=int, default=20_000)
    parser.add_argument('--messages', type=int, default=2_000)
    options = parser.parse_args()
    delays = [int(delay) for delay in options.delays.split(',')]
    for dialogs in filter(None, map(int, options.dialogs.split(','))):
        asyncio.run(measure(dialogs, delays, options.rounds, options.people))
    if options.clients:
        sizes = {name: getattr(options, name) for name in ('clients', 'wishes', 'messages')}
        asyncio.run(measure_lists(delays, options.rounds, sizes))


if __name__ == '__main__':
    main()
