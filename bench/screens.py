"""Pictures of every page, to look at and to keep: docs/screens/<page>-<width>-<theme>-<language>.png.

./dev bench screens [--into docs/screens] [--only overview]
"""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import dataclass
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

ALERTS = """
    insert into dashboard.bot_commands (id, key, tenant_id, client_id, type, created_at)
    select gen_random_uuid(), gen_random_uuid(), tenant_id, id, 'client.message', now() - interval '40 min'
    from public.clients_v2 where tenant_id = 'a0000000-0000-4000-8000-000000000001' limit 2;
    insert into dashboard.alerts (tenant_id, kind, actual, details, opened_at, closed_at)
    select id, 'clients_waiting', n, jsonb_build_object('number', n), now() - interval '9 h' * n,
        now() - interval '8.5 h' * n
    from public.tenants_v2, generate_series(1, 8) n where slug is not null;
    select dashboard.check_alerts(id) from public.tenants_v2
"""


@dataclass(frozen=True)
class Shot:
    """A picture: who looks, at what address, what is clicked there, and what must be seen then."""

    path: str
    shows: str
    clicks: tuple[str, ...] = ()
    person: str = 'owner'
    is_whole: bool = False


FOLLOW = '.split-list li:nth-child(3) a'
SHOTS = {
    'login': Shot('', 'input[name=email]', person=''),
    'overview': Shot('/', '.overview:not(.is-loading)', is_whole=True),
    'sessions': Shot('/sessions', '.split-list .dialog-row'),
    'dialog': Shot('/sessions?figure=bookings', '.chat-message', (FOLLOW,)),
    'wishlist': Shot('/wishlist', '.waiting-item'),
    'wish': Shot('/wishlist', '.entry-acts', ('.waiting-row',)),
    'wish-offer': Shot('/wishlist', '.form', ('.waiting-row', '.entry-acts .btn >> nth=1')),
    'clients': Shot('/clients', '.client-item'),
    'client': Shot('/clients', '.client-facts', ('.client-rows li:nth-child(3) a',)),
    'win-back': Shot('/clients?kind=overdue&sort=at_stake', '.client-item'),
    'broadcasts': Shot('/broadcasts', '.broadcast-row'),
    'broadcast-sent': Shot('/broadcasts', '.result', ('.broadcast-rows li:nth-child(2) a',), is_whole=True),
    'broadcast-draft': Shot('/broadcasts', '.preview', ('.broadcast-rows li:nth-child(1) a',), is_whole=True),
    'broadcast-form': Shot('/broadcasts', '.form', ('.page-head .btn-primary',)),
    'alerts': Shot('/alerts', '.rule', is_whole=True),
    'alert-rule': Shot('/alerts', '.form', ('.rule .btn',)),
    'data-health': Shot('/data-health', '.flaw', is_whole=True),
    'settings': Shot('/settings', '.setting', is_whole=True),
    'settings-form': Shot('/settings', '.form', ('.settings-head .btn >> nth=1',)),
    'users': Shot('/users', '.user-card'),
    'audit': Shot('/audit', '.user-card'),
    'account': Shot('/account', '.card', is_whole=True),
    'salons': Shot('/salons', '.salon-row', person='platform', is_whole=True),
}


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
    shots = {name: shot for name, shot in SHOTS.items() if only in name}
    for person in dict.fromkeys(shot.person for shot in shots.values()):
        context = await browser.new_context(viewport={'width': width, 'height': WIDTHS[width]})
        page = await context.new_page()
        await page.goto(f'{app.url}/login?lang={look[-2:]}')
        await settle(page, 'input[name=email]')
        if person:
            await sign_in(page, app, person)
        for name, shot in shots.items():
            if shot.person == person:
                await take_one(page, app, shot)
                await picture(page, into, f'{name}-{width}-{look}', whole=shot.is_whole)
        await context.close()


async def take_one(page: Page, app: Running, shot: Shot) -> None:
    """Go to a page, and to what is opened there."""
    if shot.path:
        await page.goto(f'{app.url}{shot.path}')
    for step in shot.clicks:
        await page.locator(step).first.click()
        await page.wait_for_timeout(300)
    await settle(page, shot.shows)


async def empty(browser: Browser, app: Running, into: Path, look: str, width: int) -> None:
    """The pages of a salon in which nothing has happened yet, and of an address that leads nowhere."""
    context = await browser.new_context(viewport={'width': width, 'height': WIDTHS[width]})
    page = await context.new_page()
    await page.goto(f'{app.url}/login')
    await sign_in(page, app, 'empty')
    for name in ('overview', 'sessions', 'wishlist', 'clients', 'unknown'):
        path = {'overview': '/', 'unknown': '/sessions/unknown'}.get(name, f'/{name}')
        await page.goto(f'{app.url}{path}')
        await settle(page, '.state:visible')
        await picture(page, into, f'empty-{name}-{width}-{look}')
    await context.close()


async def take(into: Path, only: str) -> None:
    """Take all pictures."""
    with running(5000) as app, psycopg.connect(app.stack.admin_dsn, autocommit=True) as db:
        db.execute(EMPTY_SALON)
        db.execute(ALERTS)
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
    parser.add_argument('--only', default='', help='a part of the pictures’ names')
    options = parser.parse_args()
    options.into.mkdir(parents=True, exist_ok=True)
    asyncio.run(take(options.into, options.only))


if __name__ == '__main__':
    main()
