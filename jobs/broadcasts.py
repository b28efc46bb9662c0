"""Sends broadcasts at their salons' pace.

The rule: who gets what, and when, is decided in the database, one small step at a time; a process that ends between two
steps, or runs beside another one, changes nothing about that.
"""

from __future__ import annotations

import asyncio
import time

from bot import Bot
from data import Data
from tokens import SYSTEM

STEP_SECONDS = 0.25
"""How often the next messages are handed over: a quarter of a second's worth each time."""


async def send_broadcasts() -> int:
    """Send what is due until nothing is; how many messages were handed over. Raises DataError."""
    bot = Bot()
    try:
        return await _send(bot)
    finally:
        await bot.close()


async def _send(bot: Bot) -> int:
    broadcasts, handed_over = Data(SYSTEM).broadcasts, 0
    while True:
        begun = time.monotonic()
        step = await broadcasts.release()
        if step.under_way:
            bot.deliver_soon()  # a slow answer must not slow the pace down
        handed_over += step.released
        if not step.is_due:
            await bot.delivered()
            return handed_over
        await asyncio.sleep(max(0.0, STEP_SECONDS - (time.monotonic() - begun)))
