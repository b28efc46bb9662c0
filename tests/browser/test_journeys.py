"""What only a real browser shows: keyboard, history, scrolling, narrow screens, several tabs."""

import asyncio
import re
from collections.abc import Callable

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import PASSWORD, Journeys, SmallSalon, loaded, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope='session')]

OWNER = 'owner@demo.salon'
BOX = 'document.querySelector(".chat-scroll")'
AT_END = f'() => {BOX}.scrollHeight - {BOX}.scrollTop - {BOX}.clientHeight < 4'


async def tab_to(page: Page, selector: str, text: str = '', steps: int = 80) -> None:
    """Press Tab until something is focused."""
    for _step in range(steps):
        is_there = await page.evaluate(
            '([selector, text]) => document.activeElement.matches(selector)'
            ' && document.activeElement.textContent.includes(text)',
            [selector, text],
        )
        if is_there:
            return
        await page.keyboard.press('Tab')
    raise AssertionError(f'{selector} {text} cannot be reached with the Tab key')


# --- by keyboard, and with the browser's own buttons


async def test_the_owner_gets_from_sign_in_to_a_dialog_and_back_by_keyboard(journeys: Journeys) -> None:
    page = await (await journeys.person()).new_page()
    await page.goto('/')
    await expect(page.locator('input[name=email]')).to_be_focused()
    await page.keyboard.type(OWNER)
    await page.keyboard.press('Tab')
    await page.keyboard.type(journeys.stack.secrets.demo_password)
    await page.keyboard.press('Enter')
    await loaded(page)
    bookings = await page.locator('.kpi', has_text='Записи').locator('.kpi-value').inner_text()
    await tab_to(page, '.kpi a', 'Записи')
    await page.keyboard.press('Enter')
    await expect(page).to_have_url(re.compile('/sessions.*figure=bookings'))
    await expect(page.locator('.list-foot')).to_contain_text(f'{bookings} ')
    await tab_to(page, '.dialog-row')
    await page.keyboard.press('Enter')
    await page.wait_for_selector('.chat-message')
    address = page.url
    texts = await page.locator('.chat-text').all_inner_texts()
    await page.reload()
    await page.wait_for_selector('.chat-message')
    assert (page.url, await page.locator('.chat-text').all_inner_texts()) == (address, texts)
    await page.go_back()
    await expect(page.locator('.chat-message')).to_have_count(0)
    await expect(page.locator('.split-list .dialog-row').first).to_be_visible()
    await page.go_back()
    await expect(page.locator('.kpi', has_text='Записи').locator('.kpi-value')).to_have_text(bookings)
    await page.go_forward()
    await expect(page.locator('.split-list .dialog-row').first).to_be_visible()


async def test_a_copied_link_shows_the_same_to_a_colleague_after_signing_in(journeys: Journeys) -> None:
    page = await journeys.signed_in(OWNER, path='/sessions?period=30d&status=done')
    await page.locator('.split-list .dialog-row').first.click()
    await page.wait_for_selector('.chat-message')
    colleague = await (await journeys.person()).new_page()
    await colleague.goto(page.url)
    await sign_in(colleague, 'staff@demo.salon', journeys.stack.secrets.demo_password)
    await colleague.wait_for_selector('.chat-message')
    assert colleague.url == page.url
    assert await colleague.locator('.chat-text').all_inner_texts() == await page.locator('.chat-text').all_inner_texts()


# --- a dialog that goes on


def a_long_dialog(salon: SmallSalon, count: int = 150) -> tuple[str, Callable[[str], int]]:
    """A dialog that goes on, with so many messages; and how the next one is written."""
    client = salon.client('Долгая Беседа')
    session = salon.active(client, created_at='2020-01-01')
    for number in range(count):
        text = f'сообщение {number} ' + 'слово ' * (number % 7 * 6)
        salon.says(client, session, text, ago=f'{count - number} minutes')
    return session, lambda text: salon.says(client, session, text)


async def offset_of(page: Page, text: str) -> float:
    """How far below the top of the window a message stands, in pixels."""
    box = await page.locator('.chat-message', has_text=text).bounding_box()
    assert box
    return box['y']


async def test_a_dialog_grows_at_its_end_and_never_moves_what_is_read(
    journeys: Journeys, small_salon: SmallSalon
) -> None:
    session, say = a_long_dialog(small_salon)
    page = await journeys.signed_in(small_salon.email, PASSWORD, path=f'/sessions/{session}')
    await page.wait_for_selector('.live-chip.is-live')
    await expect(page.locator('.chat-message', has_text='сообщение 149')).to_be_in_viewport()
    say('новое внизу')
    await expect(page.locator('.chat-message', has_text='новое внизу')).to_be_in_viewport()
    await page.wait_for_function(AT_END)
    await page.evaluate('() => { document.querySelector(".chat-scroll").scrollTop = 700 }')
    await page.wait_for_function('() => document.querySelector(".chat-scroll").scrollTop === 700')
    await expect(page.locator('.chat-new')).to_have_count(0)
    top, before = await page.evaluate('() => document.querySelector(".chat-scroll").scrollTop'), {}
    for text in ('сообщение 100 ', 'сообщение 101 '):
        before[text] = await offset_of(page, text)
    for text in ('пока читают', '<img src=x onerror="window.hacked = 1">'):
        say(text)
    await expect(page.locator('.chat-new')).to_have_text('2 новых сообщения')
    assert await page.evaluate('() => document.querySelector(".chat-scroll").scrollTop') == top
    assert {text: await offset_of(page, text) for text in before} == before
    await page.click('.chat-new')
    await expect(page.locator('.chat-message', has_text='onerror')).to_be_in_viewport()
    await expect(page.locator('.chat-new')).to_have_count(0)
    assert await page.evaluate('() => window.hacked') is None


async def test_older_messages_come_in_above_without_a_jump(journeys: Journeys, small_salon: SmallSalon) -> None:
    session, _say = a_long_dialog(small_salon)
    page = await journeys.signed_in(small_salon.email, PASSWORD, path=f'/sessions/{session}')
    first = page.locator('.chat-message', has_text='сообщение 90 ')
    await expect(first).to_have_count(1)
    await page.evaluate('() => { document.querySelector(".chat-scroll").scrollTop = 120 }')
    seen = await offset_of(page, 'сообщение 92 ')
    await expect(page.locator('.chat-message', has_text='сообщение 30 ')).to_have_count(1)
    assert abs(await offset_of(page, 'сообщение 92 ') - seen) <= 2
    for _page in range(3):
        await page.evaluate('() => { document.querySelector(".chat-scroll").scrollTop = 0 }')
        await asyncio.sleep(0.1)
    await expect(page.locator('.chat-message', has_text='сообщение 0 ')).to_have_count(1)
    await expect(page.locator('.chat-start')).to_have_count(1)


async def test_a_new_dialog_appears_in_the_list_while_somebody_types(
    journeys: Journeys, small_salon: SmallSalon
) -> None:
    known = small_salon.archived(small_salon.client('Давняя'))
    page = await journeys.signed_in(small_salon.email, PASSWORD, path='/sessions')
    await page.wait_for_selector('.live-chip.is-live')
    await page.locator('.dialog-row').focus()
    await page.fill('input[type=search]', 'печатаю')
    client = small_salon.client('Новая')
    small_salon.says(client, small_salon.active(client), 'Добрый день')
    await expect(page.locator('input[type=search]')).to_have_value('печатаю')
    await expect(page.locator('input[type=search]')).to_be_focused()
    await page.fill('input[type=search]', '')
    await expect(page.locator('.dialog-row')).to_have_count(2)
    assert known in str(await page.locator('.dialog-row').nth(1).get_attribute('href'))


# --- a phone


async def has_no_side_scroll(page: Page) -> None:
    width = await page.evaluate('() => [document.documentElement.scrollWidth, window.innerWidth]')
    assert width[0] <= width[1], page.url


async def test_a_phone_shows_every_page_whole(journeys: Journeys) -> None:
    page = await journeys.signed_in(OWNER, width=390, height=800)
    await loaded(page)
    await has_no_side_scroll(page)
    await page.get_by_role('button', name='Меню').click()
    await expect(page.locator('.side')).to_be_in_viewport()
    await page.locator('.side').get_by_role('link', name='Диалоги').click()
    await expect(page.locator('.side')).not_to_be_in_viewport()
    await page.wait_for_selector('.split-list .dialog-row')
    await has_no_side_scroll(page)
    await page.locator('.split-list .dialog-row').nth(3).click()
    await page.wait_for_selector('.chat-message')
    await expect(page.locator('.split-list')).not_to_be_visible()
    await has_no_side_scroll(page)
    await page.locator('.dialog-close').click()
    await expect(page.locator('.split-list .dialog-row').first).to_be_visible()
    await expect(page.locator('.chat-message')).to_have_count(0)
    for path in ('/login', '/nowhere', '/?period=90d', '/sessions?search=нетничего', '/sessions/x'):
        await page.goto(path)
        await page.wait_for_selector('.overview:not(.is-loading), .state')
        await has_no_side_scroll(page)


# --- several tabs


async def test_signing_out_ends_the_other_tab_as_well(journeys: Journeys) -> None:
    page = await journeys.signed_in(OWNER)
    other, stubborn = await page.context.new_page(), await page.context.new_page()
    for tab in (other, stubborn):
        await tab.goto('/')
        await loaded(tab)
    await stubborn.evaluate('() => { window.open = () => null }')  # it does not go where it is sent
    await page.get_by_role('button', name='Учётная запись').click()
    await page.get_by_role('button', name='Выйти').click()
    for tab in (page, other):
        await expect(tab).to_have_url(re.compile('/login'))
        await tab.wait_for_selector('input[name=email]')
    await expect(stubborn.locator('.frame')).to_have_count(0)  # nothing is left to read or to click on
    journeys.stack.faults.forget_requests()
    await stubborn.evaluate(
        '() => window.socket.emit("event", {client_id: window.clientId, id: 4, args: ["\\"/sessions\\""]})'
    )
    await asyncio.sleep(0.5)
    asked = [request.path for request in journeys.stack.faults.requests()]
    assert [path for path in asked if 'dialogs' in path or 'overview' in path] == []


# --- every page in every form


@pytest.mark.parametrize(('language', 'theme'), [('ru', 'dark'), ('en', 'light')])
async def test_every_page_is_quiet_in(journeys: Journeys, small_salon: SmallSalon, language: str, theme: str) -> None:
    session, _say = a_long_dialog(small_salon, 5)
    small_salon.archived(small_salon.client('Ещё одна'), booking_id='b', booking_amount=1500)
    small_salon.db.execute('update dashboard.users set language = %s where email = %s', (language, small_salon.email))
    page = await journeys.signed_in(small_salon.email, PASSWORD, color_scheme=theme)
    for path in (
        '/',
        '/?period=90d',
        '/sessions',
        f'/sessions/{session}',
        '/sessions?status=done',
        '/nowhere',
        '/login',
    ):
        await page.goto(path)
        await loaded(page)
        assert await page.locator('html').get_attribute('lang') == language
        background = await page.evaluate('() => getComputedStyle(document.body).backgroundColor')
        brightness = sum(int(part) for part in re.findall(r'\d+', background)[:3])
        assert (brightness < 200) == (theme == 'dark'), f'{path}: {background}'
