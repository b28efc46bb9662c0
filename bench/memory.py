"""What an open page costs in memory, and whether closing it gives that back.

./dev bench memory [--pages 200]
"""

from __future__ import annotations

import argparse
import asyncio

from bench.harness import BareClient, Running, chromium, running, signed_in

PATHS = ('/', '/sessions', '/sessions?period=90d&figure=bookings')
GIVEN_BACK_SECONDS = 75
"""A closed tab may come back for 30 s (the reconnect time-out); NiceGUI looks through dead clients every minute."""


def report(app: Running, text: str, before: float, pages: int) -> None:
    """Print the process's memory and what that is for each page."""
    now = app.memory
    print(f'{text:<40} {now:7.1f} MB   {(now - before) / pages * 1000:7.0f} kB a page', flush=True)


async def round_of(app: Running, cookies: dict[str, str], pages: int) -> float:
    """Open so many pages, close them, and print the memory; answers with the memory before."""
    before = app.memory
    clients = [BareClient(app, cookies, PATHS[number % len(PATHS)]) for number in range(pages)]
    for client in clients:
        await client.open()
    await asyncio.sleep(4)
    report(app, f'{pages} open pages', before, pages)
    for client in clients:
        await client.socket.disconnect()
    await asyncio.sleep(GIVEN_BACK_SECONDS)
    report(app, f'after closing, {GIVEN_BACK_SECONDS} s later', before, pages)
    return before


async def measure(pages: int) -> None:
    """Two rounds: what the first one leaves is kept for reuse by the allocator, the second must not add to it."""
    with running(5000) as app:
        print(f'{"process after the start":<40} {app.memory:7.1f} MB')
        async with chromium() as browser:
            page = await signed_in(browser, app)
            cookies = {str(item['name']): str(item['value']) for item in await page.context.cookies()}
            await page.context.close()
        for number in (1, 2):
            print(f'\n## round {number}')
            await round_of(app, cookies, pages)


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(prog='./dev bench memory')
    parser.add_argument('--pages', type=int, default=200)
    asyncio.run(measure(parser.parse_args().pages))


if __name__ == '__main__':
    main()
