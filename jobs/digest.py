"""Writes the daily letter to each salon's own chat: how yesterday was, and three things to do.

Its one rule: the database says what is due and remembers that it went; here the figures only get their words.
"""

from __future__ import annotations

from urllib.parse import urljoin

import structlog

from components.formats import format_money, format_number, format_share
from components.times import format_day
from components.translate import _, ngettext, speaking
from config import settings
from data import Data
from jobs.failures import for_each_salon
from models import Digest, JobSalon, Todo
from tokens import SYSTEM

log = structlog.get_logger()


async def send_digests() -> int:
    """Give the bot the letters that are due; how many. Raises as `for_each_salon`."""
    return await for_each_salon(send_digest)


async def send_digest(salon: JobSalon) -> bool:
    """Give the bot one salon's letter, if it is due and did not go. Raises DataError."""
    data = Data(SYSTEM).jobs
    digest = await data.digest_due(salon.id)
    if digest is None or not await data.send_digest(salon.id, digest, digest_text(salon, digest)):
        return False
    log.info('digest', salon=str(salon.id), day=digest.day.day.isoformat())
    return True


def digest_text(salon: JobSalon, digest: Digest) -> str:
    """The letter in the salon's language."""
    with speaking(digest.language):
        day, before, money = digest.day, digest.before, digest.currency
        lines = [
            f'☀️ {salon.name}: {format_day(day.day, weekday=True, year=False)}',
            _('Dialogs: {number} (a week before {before})').format(
                number=format_number(day.dialogs), before=format_number(before.dialogs)
            ),
            _('Bookings: {number} (a week before {before}), of dialogs: {share}').format(
                number=format_number(day.bookings),
                before=format_number(before.bookings),
                share=format_share(day.conversion),
            ),
            _('Revenue: {amount} (a week before {before})').format(
                amount=format_money(day.revenue, money), before=format_money(before.revenue, money)
            ),
        ]
        if digest.todos:
            lines += ['', _('To do today:')]
            lines += [f'{place}. {_todo_text(todo)}' for place, todo in enumerate(digest.todos, 1)]
    return '\n'.join(lines)


def _todo_text(todo: Todo) -> str:
    """One thing to do, with the page that shows it."""
    number = format_number(todo.number)
    text, path = {
        'alerts': (
            ngettext('{number} open alert: look at it', '{number} open alerts: look at them', todo.number), '/alerts'),
        'wishes': (
            ngettext('{number} client waits for a place: offer a time',
                     '{number} clients wait for a place: offer them a time', todo.number), '/wishlist'),
        'overdue': (
            ngettext('{number} client has not come for longer than usual: invite the client',
                     '{number} clients have not come for longer than usual: invite them', todo.number),
            '/clients?kind=overdue&sort=at_stake'),
        'cancelled': (
            ngettext('{number} booking of yesterday was cancelled: offer another time',
                     '{number} bookings of yesterday were cancelled: offer another time', todo.number),
            '/sessions?period=yesterday&figure=cancelled'),
    }[todo.kind]  # fmt: skip
    origin = settings().public_url
    return text.format(number=number) + (f'\n{urljoin(origin, path)}' if origin else '')
