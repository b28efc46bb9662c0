"""A broadcast in a real browser, from the clients' page to its result, as a film.

FILM=docs/screens/film-broadcast keeps the pictures of the film there.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from devstack.stack import Stack
from tests.browser.conftest import ROOT, Journeys, plain_environment
from tests.browser.test_waiting_list import OWNER, Film

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope='session')]


@pytest.fixture
def jobs(stack: Stack, bot_url: str, app_port: int, tmp_path: Path) -> Iterator[None]:
    """The jobs as a process of their own, as in production."""
    environment = plain_environment() | stack.app_environment(bot_url=bot_url, port=app_port)
    with (tmp_path / 'log').open('wb') as log:
        process = subprocess.Popen([sys.executable, '-m', 'jobs'], cwd=ROOT, env=environment, stdout=log, stderr=log)
        yield
        process.terminate()
        assert process.wait(10) == 0
    assert 'Traceback' not in (tmp_path / 'log').read_text()


async def test_a_broadcast_from_the_clients_page_to_its_result(journeys: Journeys, jobs: None, tmp_path: Path) -> None:
    page = await journeys.signed_in(OWNER, path='/clients?kind=new')
    film = Film(page, Path(os.environ.get('FILM', tmp_path)))
    await expect(page.locator('.client-item').first).to_be_visible()
    await film.frame('whom-to-write-to')
    await page.get_by_role('button', name='Написать им').click()
    await page.get_by_label('Название').fill('Свободные дни')
    await page.get_by_label('Текст').fill('Здравствуйте, ')
    await page.get_by_role('button', name='{имя}').click()
    await page.get_by_label('Текст').press_sequentially('! На этой неделе есть свободные дни.')
    await page.get_by_label('Не писать для сравнения').click()
    await page.get_by_role('option', name='10 %').click()
    await page.locator('.form button[type=submit]').click()
    await expect(page.locator('.form')).to_contain_text('Это нужно заполнить')  # what stands instead of a name
    await page.get_by_label('Если имя неизвестно').fill('друзья')
    await film.frame('the-form')
    await page.locator('.form button[type=submit]').click()
    await expect(page).to_have_url(re.compile(r'/broadcasts/[0-9a-f-]{36}'))
    await expect(page.locator('.preview')).to_have_count(3)
    assert '{' not in await page.locator('.preview-text').first.inner_text()
    getting = int((await page.locator('.big-figure').inner_text()).split()[0])
    await film.frame('before-anything-goes-out')
    await page.get_by_role('button', name='Проба в чат салона').click()
    await expect(page.locator('.toast')).to_contain_text('чат салона')
    await page.locator('[data-act=send]').click()
    await expect(page.locator('.form')).to_contain_text(f'Получателей: {getting} клиент')
    await film.frame('asked-once-more')
    await page.locator('.form button[type=submit]').click()
    await expect(page.locator('.progress')).to_be_visible()
    await film.frame('it-goes-out')
    await expect(page.locator('.broadcast-head .pill')).to_have_text('отправлена', timeout=60_000)
    await expect(page.locator('.big-figure')).to_have_text(f'{getting} из {getting}')
    delivered = page.locator('.fact-link', has_text='доставлено').locator('.num')
    await expect(delivered).to_have_text(str(getting))
    await expect(page.locator('.result')).to_contain_text('Записались за 7 дней')
    await film.frame('its-result')
    await page.locator('.journal-row a').first.click()
    await expect(page.locator('.client-facts')).to_be_visible()
