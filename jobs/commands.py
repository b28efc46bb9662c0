"""Sends the bot what it did not take at once."""

from __future__ import annotations

from bot import Bot


async def deliver_commands() -> int:
    """Send every command that is due; how many tries that took. Raises DataError."""
    bot = Bot()
    try:
        return await bot.deliver()
    finally:
        await bot.close()
