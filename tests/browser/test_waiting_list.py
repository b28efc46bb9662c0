"""The waiting list in a real browser: the whole circle with the bot as a film, and what only keyboard and phone show.

FILM=docs/screens/film keeps the pictures of the film there.
"""

import os
import re
import zipfile
from pathlib import Path

import httpx
import psycopg
import pytest
from playwright.async_api import Page, expect

from devstack.demo.salons import SALON_A
from tests.browser.conftest import Journeys

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope='session')]

OWNER = 'owner@demo.salon'


class Film:
    """One picture after the other."""

    def __init__(self, page: Page, folder: Path) -> None:
        self.page, self.folder, self.number = page, folder, 0
        folder.mkdir(parents=True, exist_ok=True)

    async def frame(self, name: str) -> None:
        """Take a picture once nothing moves."""
        self.number += 1
        await self.page.wait_for_timeout(400)
        path = self.folder / f'{self.number}-{name}.png'
        await self.page.screenshot(path=path)
        assert path.stat().st_size > 10_000


async def tile(page: Page, label: str) -> str:
    """What a tile says: value and note."""
    return await page.locator('.tile', has_text=label).inner_text()


async def test_from_a_wish_to_a_booking_through_the_bot(journeys: Journeys, bot_url: str, tmp_path: Path) -> None:
    page = await journeys.signed_in(OWNER, path='/wishlist')
    film = Film(page, Path(os.environ.get('FILM', tmp_path)))
    await expect(page.locator('.waiting-item').first).to_be_visible()
    await expect(page.locator('.live-chip')).to_have_class(re.compile('is-live'))
    booked = int((await tile(page, 'Записаны')).split()[1])
    await film.frame('who-waits')
    async with httpx.AsyncClient(trust_env=False, base_url=bot_url) as bot:
        await bot.post('/control', json={'client_answers_after': 2, 'client_says': 'accepted'})
        entry = (await bot.post('/wish')).json()['id']
    row = page.locator(f'.waiting-item:has([data-key="{entry}"])')
    await expect(row).to_be_visible()
    await expect(row).to_have_class(re.compile('is-new'))
    await film.frame('a-client-asked-the-bot')
    await row.locator('.waiting-row').click()
    await page.locator('.entry-acts button', has_text='Предложить время').click()
    await expect(page.get_by_label('Вопрос бота')).to_have_value(re.compile('Здравствуйте'))
    await film.frame('offer')
    await page.locator('.form button[type=submit]').click()
    await expect(page.locator('.side-booking')).to_contain_text('ждём ответа')
    await expect(page.locator('.story .pill', has_text='доставлено')).to_be_visible()
    await film.frame('the-bot-asks-and-waits')
    await expect(page.locator('.side-booking')).to_contain_text('согласие')
    await expect(page.locator('.story')).to_contain_text('Клиент согласился')
    await film.frame('the-client-said-yes')
    await page.locator('.entry-acts button', has_text='Записали').click()
    await page.get_by_label('Сумма').fill('2 500')
    await film.frame('booked')
    await page.locator('.form button[type=submit]').click()
    await expect(page.locator('.tile', has_text='Записаны').locator('.tile-value')).to_have_text(str(booked + 1))
    await expect(page.locator('.tile', has_text='Записаны')).to_contain_text('2\xa0500')
    await expect(page.locator('.story')).to_contain_text('Клиент записан')
    await film.frame('in-the-figures')
    await page.goto('/audit')
    await expect(page.locator('.content')).to_contain_text('2\xa0500')
    await film.frame('in-the-audit')


async def test_an_entry_is_found_chosen_and_noted_by_keyboard(journeys: Journeys) -> None:
    page = await journeys.signed_in(OWNER, path='/wishlist')
    first = page.locator('.waiting-row').first
    await first.focus()
    await page.keyboard.press('ArrowDown')
    second = page.locator('.waiting-row').nth(1)
    await expect(second).to_be_focused()
    await page.keyboard.press('Space')
    await expect(page.locator('.together')).to_contain_text('Выбрана 1')
    await second.focus()
    await page.keyboard.press('KeyO')
    await expect(page.locator('.form')).to_contain_text('Предложить время')
    await page.keyboard.press('Escape')
    await expect(page.locator('.form')).to_have_count(0)
    await second.focus()
    await page.keyboard.press('Enter')
    await expect(page).to_have_url(re.compile(r'/wishlist/\d+'))
    await expect(page.locator('.entry-acts')).to_be_visible()


@pytest.mark.parametrize(
    ('key', 'title'),
    [('KeyB', 'Клиент записан'), ('KeyW', 'Написать через бота'), ('KeyN', 'Заметка'), ('KeyX', 'Снять')],
)
async def test_every_act_has_a_key_also_those_without_a_button(journeys: Journeys, key: str, title: str) -> None:
    page = await journeys.signed_in(OWNER, path='/wishlist')
    await page.locator('.waiting-row').first.focus()
    await page.keyboard.press(key)
    await expect(page.locator('.form-title')).to_contain_text(title)


async def test_a_key_acts_on_all_rows_that_are_chosen(journeys: Journeys) -> None:
    page = await journeys.signed_in(OWNER, path='/wishlist')
    await page.locator('.waiting-row').first.focus()
    await page.keyboard.press('Space')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Space')
    await expect(page.locator('.together')).to_contain_text('Выбрано 2')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('KeyN')
    await expect(page.locator('.form-hint')).to_contain_text('2 ')
    await page.get_by_label('Заметка').fill('обеим')
    await page.locator('.form button[type=submit]').click()
    await expect(page.locator('.form')).to_have_count(0)
    await expect(page.locator('.waiting-item.is-chosen')).to_have_count(2)
    await page.locator('.waiting-choose input').first.focus()
    await page.keyboard.press('KeyX')
    await expect(page.locator('.form-title')).to_contain_text('Снять')
    await expect(page.locator('.form-hint')).to_contain_text('2 ')


async def test_focus_in_the_open_entry_outlives_live_updates(journeys: Journeys, bot_url: str) -> None:
    page = await journeys.signed_in(OWNER, path='/wishlist')
    await expect(page.locator('.live-chip')).to_have_class(re.compile('is-live'))
    await page.locator('.waiting-row').nth(2).click()
    note = page.locator('.entry-acts [data-act=note]')
    await note.focus()
    await note.evaluate('element => { element.isTheSame = true }')
    async with httpx.AsyncClient(trust_env=False, base_url=bot_url) as bot:
        other = (await bot.post('/wish')).json()['id']
    await expect(page.locator(f'[data-key="{other}"]')).to_be_visible()
    await page.wait_for_timeout(500)
    await expect(note).to_be_focused()
    assert await note.evaluate('element => element.isTheSame')
    with psycopg.connect(journeys.stack.admin_dsn, autocommit=True) as db:
        entry = page.url.split('?')[0].rsplit('/', 1)[1]
        db.execute("update public.wishlist_v2 set comment = 'иначе, чем было' where id = %s", (entry,))
    await expect(page.locator('.entry-body .side-facts')).to_contain_text('иначе, чем было')
    await expect(note).to_be_focused()
    assert not await note.evaluate('element => element.isTheSame')


async def test_focus_on_a_card_outlives_what_happens_to_other_clients(journeys: Journeys, bot_url: str) -> None:
    page = await journeys.signed_in(OWNER, path='/clients')
    await expect(page.locator('.live-chip')).to_have_class(re.compile('is-live'))
    await page.locator('a.client-row').first.click()
    note = page.locator('.client-panel [data-act=note]')
    await note.focus()
    await note.evaluate('element => { element.isTheSame = true }')
    with psycopg.connect(journeys.stack.admin_dsn, autocommit=True) as db:
        db.execute("insert into public.clients_v2 (tenant_id, full_name) values (%s, 'Новая')", (SALON_A.id,))
    await page.wait_for_timeout(1500)
    assert await note.evaluate('element => element.isTheSame && element === document.activeElement')


@pytest.mark.parametrize('clipboard', ['{ writeText: async (text) => { window.copied = text } }', 'undefined'])
async def test_a_number_is_copied_with_a_word_about_it_also_without_a_clipboard(
    journeys: Journeys, bot_url: str, clipboard: str
) -> None:
    page = await journeys.signed_in(OWNER, path='/wishlist')
    async with httpx.AsyncClient(trust_env=False, base_url=bot_url) as bot:
        entry = (await bot.post('/wish')).json()['id']
    with psycopg.connect(journeys.stack.admin_dsn, autocommit=True) as db:
        db.execute(
            "update public.clients_v2 set phone = '8 999 123-45-67' where id ="
            ' (select user_id from public.wishlist_v2 where id = %s)', (entry,),
        )  # fmt: skip
    await page.goto(f'/wishlist/{entry}')
    await page.evaluate(f'() => Object.defineProperty(navigator, "clipboard", {{ value: {clipboard} }})')
    await page.evaluate(
        '() => document.addEventListener("copy", () => { window.copied = document.activeElement.value })'
    )
    await page.locator('.entry-body .copy-field button').click()
    await expect(page.locator('.entry-body .copy-field button')).to_contain_text('Скопировано')
    assert await page.evaluate('() => window.copied') == '+79991234567'


async def test_a_phone_shows_the_list_or_the_entry_and_nothing_is_cut_off(journeys: Journeys) -> None:
    page = await journeys.signed_in(OWNER, path='/wishlist', width=390, height=844)
    await page.locator('.waiting-row').first.click()
    await expect(page.locator('.entry-acts')).to_be_visible()
    assert await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')
    await page.locator('.dialog-close').click()
    await expect(page.locator('.waiting-row').first).to_be_visible()
    assert await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')


async def test_a_double_click_on_the_button_is_one_act(journeys: Journeys) -> None:
    page = await journeys.signed_in(OWNER, path='/wishlist')
    await page.locator('.waiting-row').first.click()
    await page.locator('.entry-acts button', has_text='Заметка').click()
    await page.get_by_label('Заметка').fill('дважды')
    await page.locator('.form button[type=submit]').dblclick()
    await expect(page.locator('.form')).to_have_count(0)
    await expect(page.locator('.story-note', has_text='дважды')).to_have_count(1)


async def test_a_list_is_taken_out_as_a_file(journeys: Journeys, tmp_path: Path) -> None:
    page = await journeys.signed_in(OWNER, path='/sessions?period=90d')
    await page.locator('.export-button').click()
    async with page.expect_download() as waiting:
        await page.get_by_text('Excel (XLSX)').click()
    download = await waiting.value
    await download.save_as(tmp_path / 'file')
    assert re.fullmatch(r'dialogs-\d{4}-\d\d-\d\d\.xlsx', download.suggested_filename)
    assert zipfile.is_zipfile(tmp_path / 'file')
