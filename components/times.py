"""Days, times and durations as the salon's people say them.

The one rule: a moment is shown on the salon's own clock, whose zone is passed in.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date as babel_date

from components.formats import DASH, NBSP, decimal, locale_of
from components.translate import _, language, ngettext

DEFAULT_ZONE = 'Europe/Moscow'


@lru_cache
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return ZoneInfo(DEFAULT_ZONE)


def salon_time(moment: datetime, zone: str) -> datetime:
    """A moment on the salon's own clock; a moment without a zone is taken for UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(_zone(zone))


def format_time(moment: datetime | None, zone: str) -> str:
    """Hours and minutes on the salon's clock."""
    return DASH if moment is None else f'{salon_time(moment, zone):%H:%M}'


def format_day(
    day: date | None, *, today: date | None = None, short: bool = False, weekday: bool = False, year: bool = True
) -> str:
    """A day in words; with `today` the near ones by name and the year only when it is another one."""
    if day is None:
        return DASH
    if today and not weekday and today - day in (timedelta(0), timedelta(days=1)):
        return _('today') if day == today else _('yesterday')
    with_year = year and not (today and today.year == day.year)
    pattern = ('EEE, ' if weekday else '') + ('d MMM' if short else 'd MMMM') + (' y' if with_year else '')
    return babel_date(day, pattern, locale=locale_of(language())).replace(' ', NBSP)


def format_day_time(moment: datetime | None, zone: str, *, now: datetime | None = None) -> str:
    """A day and a time on the salon's clock: "today, 14:02", "21 Nov, 9:30"."""
    if moment is None:
        return DASH
    today = salon_time(now or datetime.now(UTC), zone).date()
    day = format_day(salon_time(moment, zone).date(), today=today, short=True)
    return f'{day}, {format_time(moment, zone)}'


def format_ago(moment: datetime | None, *, now: datetime | None = None) -> str:
    """How long ago a moment was, roughly."""
    if moment is None:
        return DASH
    minutes = int(((now or datetime.now(UTC)) - salon_time(moment, 'UTC')).total_seconds() // 60)
    if minutes < 1:
        return _('just now')
    if minutes < 60:
        return _('{number} min ago').format(number=minutes)
    if minutes < 24 * 60:
        return _('{number} h ago').format(number=minutes // 60)
    days = minutes // (24 * 60)
    return ngettext('{number} day ago', '{number} days ago', days).format(number=decimal(days))


def format_duration(seconds: float | None) -> str:
    """A length of time in its two largest units: "4 s", "1 min 12 s", "2 h 5 min", "3 d 4 h"."""
    if seconds is None:
        return DASH
    if 0 < seconds < 9.95 and abs(seconds - round(seconds)) >= 0.05:
        return _('{number} s').format(number=decimal(seconds, 1))
    whole = round(seconds)
    units = [
        (whole // 86400, _('{number} d')),
        (whole // 3600 % 24, _('{number} h')),
        (whole // 60 % 60, _('{number} min')),
        (whole % 60, _('{number} s')),
    ]
    first = next((index for index, (number, _text) in enumerate(units) if number), 3)
    shown = [unit for unit in units[first : first + 2] if unit[0]] or [units[3]]
    return NBSP.join(text.format(number=decimal(number)) for number, text in shown)
