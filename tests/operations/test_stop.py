"""The end of the process: within ten seconds, whatever people have open. What was being sent: tests/test_bot.py."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import async_playwright

from devstack.stack import Stack
from tests.browser.conftest import ARGUMENTS, sign_in
from tests.operations.conftest import environment_of, running

LIMIT_SECONDS = 10


@pytest.mark.browser
async def test_open_pages_and_a_running_export_do_not_hold_the_end_up(
    stack: Stack, chromium: str, tmp_path: Path
) -> None:
    with running(environment_of(stack), tmp_path) as process:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
            page = await (await browser.new_context(base_url=process.url)).new_page()
            await page.goto('/sessions')
            await sign_in(page, 'owner@demo.salon', stack.secrets.demo_password)
            others = [await page.context.new_page() for _tab in range(2)]
            for other in others:
                await other.goto('/')
                await other.wait_for_selector('.frame')
            with stack.faults.active(api='slow', delay_ms=4000, match='page_of_dialogs'):
                await page.locator('.export-button').click()
                await page.get_by_text('Excel (XLSX)').click()
                await asyncio.sleep(0.5)
                seconds = await asyncio.to_thread(process.stop)
            await browser.close()
    assert seconds < LIMIT_SECONDS
    assert 'Application shutdown complete' in process.log
    assert '"exception"' not in process.log
