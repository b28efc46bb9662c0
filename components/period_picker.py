"""The period a page shows.

The one rule: only a period that is whole and sensible reaches the page; what is wrong is said at the dates.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from nicegui import events, ui

from components.i18n import _, format_day
from components.labels import label_of
from models import MAX_PERIOD_DAYS, Period, PeriodName


class PeriodPicker(ui.element, component='period_picker.js'):
    """Buttons for the usual periods and a form for two dates of one's own."""

    def __init__(self, *, period: Period | None, today: Callable[[], date], on_pick: Callable[[Period], Any]) -> None:
        """`today` is asked at each choice, so that a page left open overnight picks the new day."""
        super().__init__()
        self._today = today
        self._on_pick = on_pick
        self._props['names'] = [[name.value, label_of(name).text] for name in PeriodName]
        self._props['texts'] = {
            'label': _('Period'),
            'from': _('From'),
            'to': _('To'),
            'apply': _('Show'),
        }
        self.show(period)
        self.on('pick', self._pick)

    def show(self, period: Period | None) -> None:
        """Mark `period` as the chosen one; None marks none."""
        self._props['today'] = self._today().isoformat()
        self._props['problem'] = ''
        self._props['value'] = period.name.value if period else ''
        self._props['title'] = period_title(period) if period else ''
        if period:
            self._props['first'], self._props['last'] = period.first.isoformat(), period.last.isoformat()
        self.update()

    def _pick(self, event: events.GenericEventArguments) -> Any:
        period, problem = read_period(event.args, self._today())
        if period is None:
            self._props['problem'] = problem
            self.update()
            return None
        self.show(period)
        return self._on_pick(period)


def read_period(picked: Any, today: date) -> tuple[Period | None, str]:
    """The period that was picked (`name`, and for `custom` two ISO dates), or what is wrong with it."""
    picked = picked if isinstance(picked, dict) else {}
    name = picked.get('name')
    if name not in list(PeriodName):
        return None, _('Choose a period.')
    if name != PeriodName.CUSTOM:
        return Period.named(PeriodName(name), today), ''
    try:
        first, last = date.fromisoformat(str(picked.get('first'))), date.fromisoformat(str(picked.get('last')))
    except ValueError:
        return None, _('Enter both dates.')
    return _custom(first, last, today)


def _custom(first: date, last: date, today: date) -> tuple[Period | None, str]:
    period = Period(PeriodName.CUSTOM, first, last)
    if last < first:
        return None, _('The first day is after the last one.')
    if first > today:
        return None, _('This period is still to come.')
    if period.days > MAX_PERIOD_DAYS or first.year < 2000:
        return None, _('Choose two years at most.')
    return period, ''


def period_title(period: Period) -> str:
    """A period's days in words: "1 - 14 November 2026"."""
    if period.first == period.last:
        return format_day(period.last)
    same_year = period.first.year == period.last.year
    first = format_day(period.first, short=True, year=not same_year)
    return f'{first} – {format_day(period.last, short=True)}'
