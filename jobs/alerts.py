"""Looks whether somebody should be told of something, salon by salon, and tells the salon's chat through the bot.

Its one rule: the database opens, closes and counts; here alerts only get their words.
"""

from __future__ import annotations

import structlog

from components.alert_texts import address_of, rule_name, sentence
from components.translate import _, speaking
from config import settings
from data import Data
from jobs.failures import for_each_salon
from models import JobSalon, Notice
from tokens import SYSTEM

log = structlog.get_logger()


async def check_alerts() -> int:
    """Look at the rules of every salon; how many notices were given to the bot. Raises as `for_each_salon`."""
    return await for_each_salon(check_salon)


async def check_salon(salon: JobSalon) -> int:
    """Look at one salon; how many notices were given to the bot. Raises DataError."""
    data, told = Data(SYSTEM).jobs, 0
    for notice in await data.check_alerts(salon.id):
        if await data.notify_alert(notice, notice_text(notice)):
            log.info('alert', salon=str(salon.id), kind=notice.kind)
            told += 1
    return told


def notice_text(notice: Notice) -> str:
    """What the salon's chat reads."""
    with speaking(notice.language):
        lines = [f'⚠️ {rule_name(notice.kind)}', sentence(notice, zone=notice.timezone)]
        if origin := settings().public_url:
            lines.append(_('More: {address}').format(address=f'{origin}{address_of(notice) or "/alerts"}'))
    return '\n'.join(line for line in lines if line)
