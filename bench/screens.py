"""Pictures of every page, to look at and to keep: docs/screens/<page>-<width>-<theme>-<language>.png.

./dev bench screens [--into docs/screens] [--only overview]
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

import psycopg
from playwright.async_api import Browser, Page

from bench.harness import ROOT, Running, chromium, running, sign_in

WIDTHS = {1440: 900, 390: 844}
EMPTY_SALON = """
    with salon as (insert into public.tenants_v2 (name) values ('Салон «Новый»') returning id)
    insert into dashboard.users (email, encrypted_password, role, tenant_id, first_name, last_name)
    select 'empty@demo.salon', u.encrypted_password, 'admin', salon.id, 'Нина', 'Новикова'
    from dashboard.users u, salon where u.email = 'owner@demo.salon'
"""


async def settle(page: Page, selector: str) -> None:
    """Wait until the page has its data and stands still."""
    await page.wait_for_selector(selector)
    await page.evaluate('document.fonts.ready')
    await page.wait_for_timeout(500)


async def picture(page: Page, into: Path, name: str, *, whole: bool = False) -> None:
    """Take one picture."""
    await page.screenshot(path=into / f'{name}.png', full_page=whole)


async def tour(browser: Browser, app: Running, into: Path, look: str, width: int, only: str) -> None:
    """All pages in one look; `look` is the theme and the language, as in `dark-en`."""
    context = await browser.new_context(viewport={'width': width, 'height': WIDTHS[width]})
    page = await context.new_page()
    end = f'{width}-{look}'
    await page.goto(f'{app.url}/login?lang={look[-2:]}')
    await settle(page, 'input[name=email]')
    if only in 'login':
        await picture(page, into, f'login-{end}')
    await sign_in(page, app)
    if only in 'overview':
        await settle(page, '.overview:not(.is-loading)')
        await picture(page, into, f'overview-{end}', whole=True)
    if only in 'sessions':
        await page.goto(f'{app.url}/sessions')
        await settle(page, '.split-list .dialog-row')
        await picture(page, into, f'sessions-{end}')
    if only in 'dialog':
        await page.goto(f'{app.url}/sessions?figure=bookings')
        await settle(page, '.split-list .dialog-row')
        await page.locator('.split-list .dialog-row').nth(2).click()
        await settle(page, '.chat-message')
        await picture(page, into, f'dialog-{end}')
    if only in 'settings':
        await page.goto(f'{app.url}/settings')
        await settle(page, '.setting')
        await picture(page, into, f'settings-{end}', whole=True)
        await page.locator('.settings-head .btn').nth(1).click()
        await settle(page, '.form')
        await picture(page, into, f'settings-form-{end}')
    await context.close()
    if only in 'salons':
        await salons(browser, app, into, end, width)


async def salons(browser: Browser, app: Running, into: Path, end: str, width: int) -> None:
    """The platform's own page."""
    context = await browser.new_context(viewport={'width': width, 'height': WIDTHS[width]})
    page = await context.new_page()
    await page.goto(f'{app.url}/login')
    await sign_in(page, app, 'platform')
    await page.goto(f'{app.url}/salons')
    await settle(page, '.salon-row')
    await picture(page, into, f'salons-{end}', whole=True)
    await context.close()


async def empty(browser: Browser, app: Running, into: Path, look: str, width: int) -> None:
    """The pages of a salon in which nothing has happened yet, and of an address that leads nowhere."""
    context = await browser.new_context(viewport={'width': width, 'height': WIDTHS[width]})
    page = await context.new_page()
    await page.goto(f'{app.url}/login')
    await sign_in(page, app, 'empty')
    for name, path in {'overview': '/', 'sessions': '/sessions', 'unknown': '/sessions/unknown'}.items():
        await page.goto(f'{app.url}{path}')
        await settle(page, '.state:visible')
        await picture(page, into, f'empty-{name}-{width}-{look}')
    await context.close()


async def take(into: Path, only: str) -> None:
    """Take all pictures."""
    with running(5000) as app, psycopg.connect(app.stack.admin_dsn, autocommit=True) as db:
        db.execute(EMPTY_SALON)
        async with chromium() as browser:
            for theme in ('light', 'dark'):
                for language in ('ru', 'en'):
                    db.execute('update dashboard.users set theme = %s, language = %s', (theme, language))
                    for width in WIDTHS:
                        await tour(browser, app, into, f'{theme}-{language}', width, only)
                        if only in 'empty' and (theme, language) in {('light', 'ru'), ('dark', 'en')}:
                            await empty(browser, app, into, f'{theme}-{language}', width)


def main() -> None:
    """Read the options and take the pictures."""
    parser = argparse.ArgumentParser(prog='./dev bench screens')
    parser.add_argument('--into', type=Path, default=ROOT / 'docs' / 'screens')
    parser.add_argument('--only', default='', help='login, overview, sessions, dialog, settings, salons or empty')
    options = parser.parse_args()
    options.into.mkdir(parents=True, exist_ok=True)
    asyncio.run(take(options.into, options.only))


if __name__ == '__main__':
    main()
