"""What taking a long list out costs: time, and the memory of the dashboard's process meanwhile.

./dev bench export [--rows 120000]
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import tempfile
import time
import zipfile
from pathlib import Path

import psycopg
from playwright.async_api import Page

from bench.harness import Running, chromium, running, signed_in

LONGEST_SECONDS = 300
ROWS = """
    insert into public.conversation_sessions_v2 (session_id, tenant_id, user_id, channel, started_at, ended_at,
        final_status, final_intent, final_summary, booking_id, booking_status, booking_amount, messages_count, meta,
        created_at)
    select gen_random_uuid(), c.tenant_id, c.id, 'telegram', at, at + interval '9 min', 'done', 'booking',
        'Клиент записался на услугу номер ' || n, case when n %% 3 = 0 then 'x-' || n end, 'confirmed',
        1500 + n %% 3000, 9,
        '{"staff_name": "Рита", "services_mentioned": ["Маникюр с покрытием"]}', at + interval '9 min'
    from generate_series(1, %s) n
    join (select k.tenant_id, k.id, row_number() over () - 1 as i, count(*) over () as many from public.clients_v2 k
        where k.tenant_id = (select id from public.tenants_v2 order by id limit 1)) c on c.i = n %% c.many,
    lateral (select now() - interval '100 days' - interval '1 min' * n as at) a
"""


async def peak_memory(app: Running, until: asyncio.Event) -> float:
    """The most that the process holds until something is done, in MB."""
    most = app.memory
    while not until.is_set():
        most = max(most, app.memory)
        await asyncio.sleep(0.05)
    return most


async def take_out(app: Running, page: Page, kind: str, folder: Path) -> None:
    """Take the dialogs of the salon out and print what that cost."""
    await page.goto(f'{app.url}/sessions')
    await page.wait_for_selector('.split-list .dialog-row')
    before, done, started = app.memory, asyncio.Event(), time.monotonic()
    watching = asyncio.create_task(peak_memory(app, done))
    await page.click('.export-button')
    async with page.expect_download(timeout=LONGEST_SECONDS * 1000) as waiting:
        await page.get_by_text('Excel' if kind == 'xlsx' else 'CSV', exact=False).last.click()
    download = await waiting.value
    path = folder / f'file.{kind}'
    await download.save_as(path)
    done.set()
    rows = await asyncio.to_thread(count_rows, path)
    print(
        f'{kind}: {rows} rows, {path.stat().st_size / 1e6:.1f} MB, {time.monotonic() - started:.1f} s; process '
        f'{before:.0f} MB before, {await watching:.0f} MB at most',
        flush=True,
    )


def count_rows(path: Path) -> int:
    """How many rows a file holds, without its titles."""
    if path.suffix == '.csv':
        with path.open(encoding='utf-8-sig', newline='') as file:
            return sum(1 for _row in csv.reader(file, delimiter=';')) - 1
    with zipfile.ZipFile(path) as book, book.open('xl/worksheets/sheet1.xml') as sheet:
        return sum(line.count(b'<row ') for line in sheet) - 1


async def measure(rows: int) -> None:
    """Both kinds of files."""
    with running(1000) as app, tempfile.TemporaryDirectory() as folder:
        with psycopg.connect(app.stack.admin_dsn, autocommit=True) as db:
            db.execute(ROWS.encode(), (rows,))
            db.execute('analyze')
        async with chromium() as browser:
            page = await signed_in(browser, app)
            for kind in ('csv', 'xlsx'):
                await take_out(app, page, kind, Path(folder))


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(prog='./dev bench export')
    parser.add_argument('--rows', type=int, default=120_000)
    asyncio.run(measure(parser.parse_args().rows))


if __name__ == '__main__':
    main()
