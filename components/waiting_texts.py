"""What stands in a row of the waiting list.

The one rule: texts come from an entry whose values may be odd; what is not known is said in words.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from components.i18n import _, format_ago, format_day, format_day_time, format_money, format_phone
from components.labels import label_of, label_of_raw
from models import CommandStatus, Offer, TimeOfDay, WaitingEntry, WishStatus

LONGEST = 160
"""More letters of a name, a service or a comment never fit into a row."""
SHOWN_ACTS = 2
"""More buttons never fit into a row; the keyboard and the open entry have all acts."""


def acts_of(entry: WaitingEntry) -> list[str]:
    """What can be done with an entry as it stands."""
    if entry.status == WishStatus.WAITING:
        return ['convert', 'offer', 'write', 'note', 'cancel']
    return ['reopen', 'note'] if entry.status != WishStatus.EXPIRED else ['convert', 'reopen', 'note']


def row_of(entry: WaitingEntry, *, zone: str, today: date, currency: str) -> dict[str, Any]:
    """An entry as the list draws it."""
    is_waiting, acts = entry.status == WishStatus.WAITING, acts_of(entry)
    return {
        'key': str(entry.id),
        'client': _cut(entry.client_name) or _('No name'),
        'phone': _cut(format_phone(entry.client_phone)) if entry.client_phone else '',
        'service': _cut(entry.service) or _('Any service'),
        'staff': _cut(entry.staff) or _('Any specialist'),
        'wished': wished_text(entry, today=today),
        'time': label_of_raw(TimeOfDay, entry.time_of_day).text or _('any time'),
        'since': format_ago(entry.created_at) if is_waiting else format_day_time(entry.decided_at, zone),
        'comment': _cut(entry.comment),
        'pills': pills_of(entry, zone=zone, currency=currency),
        'isMissed': bool(entry.is_missed),
        'group': _('The wished day has passed') if entry.is_missed else _('Waiting') if is_waiting else '',
        'acts': acts,
        'buttons': acts[:SHOWN_ACTS],
    }


def wished_text(entry: WaitingEntry, *, today: date) -> str:
    """The day that the client wants to come, in words."""
    return format_day(entry.wished_on, today=today, short=True, weekday=True) if entry.wished_on else _('Any day')


def pills_of(entry: WaitingEntry, *, zone: str, currency: str) -> list[dict[str, str]]:
    """How an entry stands: what was decided, an offer, a command that did not get through."""
    pills = []
    if entry.status != WishStatus.WAITING:
        label = label_of_raw(WishStatus, entry.status)
        amount = f' · {format_money(entry.amount, entry.currency or currency)}' if entry.amount is not None else ''
        pills.append({'text': f'{_cut(label.text)}{amount}', 'tone': label.tone})
    elif entry.offer:
        pills.append(offer_pill(entry.offer, zone=zone))
    if entry.command and entry.command.status.can_be_repeated:
        label = label_of(CommandStatus(entry.command.status))
        pills.append({'text': _('bot: {state}').format(state=label.text), 'tone': label.tone})
    return pills


def offer_pill(offer: Offer, *, zone: str, now: datetime | None = None) -> dict[str, str]:
    """How an offer stands."""
    if offer.answer == 'accepted':
        return {'text': _('said yes to {time}').format(time=format_day_time(offer.at, zone)), 'tone': 'good'}
    if offer.answer == 'declined':
        return {'text': _('said no to {time}').format(time=format_day_time(offer.at, zone)), 'tone': 'warn'}
    if offer.command and offer.command.status.can_be_repeated:
        return {'text': _('the client could not be asked'), 'tone': 'bad'}
    if offer.until > (now or datetime.now(UTC)):
        return {
            'text': _('offered, answer until {time}').format(time=format_day_time(offer.until, zone)),
            'tone': 'info',
        }
    return {'text': _('offered, no answer'), 'tone': 'warn'}


def _cut(text: str | None) -> str:
    line = ' '.join((text or '')[: LONGEST * 4].split())
    return line if len(line) <= LONGEST else f'{line[: LONGEST - 1]}…'
