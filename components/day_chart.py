"""Dialogs, bookings and revenue over the days of a period.

The one rule: a bar is a whole number of the salon's days and opens exactly their dialogs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from nicegui import ui

from components.i18n import _, format_day, format_money, format_number, language
from models import DayPoint

MOST_BARS = 92
"""Longer periods show a week as one bar: a day would be thinner than a finger can see."""


class DayChart(ui.element, component='day_chart.js'):
    """Two panels over the same days, as one element: dialogs with bookings in them, and revenue below."""

    def __init__(self) -> None:
        super().__init__()
        self._props['locale'] = language()
        self._props['totals'] = {'texts': ['', '', '']}
        self._props['texts'] = {
            'names': [_('Dialogs'), _('Bookings'), _('Revenue')],
            'total': _('In all'),
            'open': _('Open dialogs'),
            'empty': _('No dialogs on these days.'),
            'label': _('Dialogs, bookings and revenue by day'),
        }

    def show(self, points: Sequence[DayPoint], *, currency: str, address: Callable[[date, date], str]) -> None:
        """Draw the days; `address` gives the dialogs that began from the first to the last day of a bar."""
        size = 1 if len(points) <= MOST_BARS else 7
        groups = [points[start : start + size] for start in range(0, len(points), size)]
        self._props['totals'] = {'texts': _texts(points, currency)}
        self._props['days'] = tuple(_bar(group, currency, address) for group in groups)
        self.update()


def _texts(points: Sequence[DayPoint], currency: str) -> list[str]:
    return [
        format_number(sum(point.dialogs for point in points)),
        format_number(sum(point.bookings for point in points)),
        format_money(sum((point.revenue for point in points), Decimal(0)), currency),
    ]


def _bar(points: Sequence[DayPoint], currency: str, address: Callable[[date, date], str]) -> dict[str, Any]:
    first, last = points[0].day, points[-1].day
    title = format_day(first, short=True, weekday=True, year=False)
    if first != last:
        title = f'{format_day(first, short=True, year=False)} – {format_day(last, short=True, year=False)}'
    texts = _texts(points, currency)
    label = ', '.join(
        f'{name} {text}' for name, text in zip((_('Dialogs'), _('Bookings'), _('Revenue')), texts, strict=True)
    )
    return {
        'key': first.isoformat(),
        'title': title,
        'text': format_day(first, short=True, year=False),
        'texts': texts,
        'label': f'{title}: {label}',
        'dialogs': sum(point.dialogs for point in points),
        'bookings': sum(point.bookings for point in points),
        'revenue': float(sum((point.revenue for point in points), Decimal(0))),
        'href': address(first, last),
    }
