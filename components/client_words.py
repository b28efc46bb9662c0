"""What is said of a client's rhythm, money and invitations, in words.

The one rule: a word never says more than the figure behind it; what rests on a guess says on which.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from components.i18n import _, format_day, format_money, format_number, ngettext, salon_time
from components.labels import label_of
from models import Client


def days_text(days: Decimal) -> str:
    """A number of days."""
    whole = days == days.to_integral_value()
    number = format_number(days, 0 if whole else 1)
    return ngettext('{number} day', '{number} days', int(days) if whole else 2).format(number=number)


def interval_text(client: Client) -> str:
    """How often the client comes, and where that is known from."""
    if client.visit_interval is None or client.interval_source is None:
        return ''
    return _('every {days}, {source}').format(
        days=days_text(client.visit_interval), source=label_of(client.interval_source).text
    )


def ratio_text(client: Client) -> str:
    """The days since the last visit by the visit interval."""
    if client.overdue_ratio is None:
        return ''
    digits = 2 if client.overdue_ratio < 2 else 1
    return _('{number} of the interval').format(number=f'{format_number(client.overdue_ratio, digits)}×')


def money_text(amount: Decimal, currency: str) -> str:
    """An amount in whole units of the salon's currency."""
    return format_money(round(amount), currency)


def why_not_invite(client: Client, *, zone: str) -> str:
    """Why the client cannot be invited now; empty when nothing is in the way."""
    if client.opted_out:
        return _('The client does not want messages.')
    if client.next_visit_at:
        day = format_day(salon_time(client.next_visit_at, zone).date())
        return _('The client comes anyway on {day}.').format(day=day)
    if client.invitable_on:
        return _('Invited already; again from {day}.').format(day=format_day(client.invitable_on))
    return ''


def came_back_text(client: Client, *, zone: str, today: date) -> tuple[str, str]:
    """What became of the invitation or is ahead, and its tone."""
    if client.came_back_at:
        day = format_day(salon_time(client.came_back_at, zone).date(), today=today, short=True)
        return (_('booked after it, {day}') if client.came_back_booked else _('wrote after it, {day}')).format(
            day=day
        ), 'good'
    if client.next_visit_at:
        day = format_day(salon_time(client.next_visit_at, zone).date(), today=today, short=True)
        return _('has a visit on {day}').format(day=day), 'good'
    if client.opted_out:
        return _('wants no messages'), 'neutral'
    if client.invited_at:
        day = format_day(salon_time(client.invited_at, zone).date(), today=today, short=True)
        again = client.invitable_on
        text = _('invited {day}; again from {again}') if again else _('invited {day}')
        return text.format(day=day, again=format_day(again, today=today, short=True) if again else ''), 'info'
    return '', 'neutral'
