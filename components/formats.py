"""Numbers, money, days and times as the salon's people write them.

The one rule: nothing here knows a salon; its currency and time zone are passed in, and a missing value is a dash.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

import phonenumbers
from babel import Locale
from babel.dates import format_date as babel_date
from babel.numbers import format_decimal, get_currency_symbol

from components.translate import _, language, ngettext

DASH = '—'
NBSP = '\u00a0'
MINUS = '\u2212'
SYMBOLS = {'KZT': '₸'}
"""Signs that are known where people pay with them, but not to the Russian locale data."""
DEFAULT_ZONE = 'Europe/Moscow'
Number = int | float | Decimal


@lru_cache
def _locale(code: str) -> Locale:
    return Locale.parse('ru_RU' if code == 'ru' else 'en_GB')


@lru_cache
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return ZoneInfo(DEFAULT_ZONE)


def _decimal(value: Number, digits: int = 0) -> str:
    pattern = '#,##0' + (f'.{"0" * digits}' if digits else '')
    rounded = Decimal(str(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return format_decimal(rounded, pattern, locale=_locale(language())).replace('-', MINUS)


def format_number(value: Number | None, digits: int = 0) -> str:
    """A number with `digits` decimal places."""
    return DASH if value is None else _decimal(value, digits)


def format_share(share: float | None) -> str:
    """A share of 0..1 in per cent, with one decimal place below 10 %."""
    if share is None:
        return DASH
    percent = share * 100
    text = _decimal(percent, 1 if abs(percent) < 9.95 and abs(percent - round(percent)) >= 0.05 else 0)
    return f'{text}{NBSP}%' if language() == 'ru' else f'{text}%'


def format_money(amount: Number | None, currency: str) -> str:
    """An amount in the units of `currency` (an ISO code); kopecks only when there are some."""
    if amount is None:
        return DASH
    value = Decimal(str(amount))
    digits = 0 if value == value.to_integral_value() else 2
    symbol = SYMBOLS.get(currency) or get_currency_symbol(currency, locale=_locale('ru'))
    number = _decimal(value, digits)
    if language() == 'ru':
        return f'{number}{NBSP}{symbol}'
    return f'{symbol}{NBSP}{number}' if len(symbol) > 1 else f'{symbol}{number}'


def format_change(now: Number | None, before: Number | None, *, points: bool = False) -> str:
    """How a number differs from the one before: in per cent, or, for shares of 0..1, in percentage points."""
    if now is None or before is None:
        return _('no data')
    if now == before:
        return _('no change')
    if points:
        change = (float(now) - float(before)) * 100
        return _('{number} pp').format(number=_signed(change, 1 if abs(change) < 9.95 else 0))
    if not before:
        return _('was 0')
    change = (float(now) - float(before)) / abs(float(before))
    if abs(change) < 0.0005:
        return _('no change')
    return ('+' if change > 0 else '') + format_share(round(change, 2) if abs(change) >= 0.01 else change)


def _signed(value: float, digits: int) -> str:
    return ('+' if value > 0 else '') + _decimal(value, digits)


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
    return babel_date(day, pattern, locale=_locale(language())).replace(' ', NBSP)


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
    return ngettext('{number} day ago', '{number} days ago', days).format(number=_decimal(days))


def format_duration(seconds: float | None) -> str:
    """A length of time in its two largest units: "4 s", "1 min 12 s", "2 h 5 min", "3 d 4 h"."""
    if seconds is None:
        return DASH
    if 0 < seconds < 9.95 and abs(seconds - round(seconds)) >= 0.05:
        return _('{number} s').format(number=_decimal(seconds, 1))
    whole = round(seconds)
    units = [
        (whole // 86400, _('{number} d')),
        (whole // 3600 % 24, _('{number} h')),
        (whole // 60 % 60, _('{number} min')),
        (whole % 60, _('{number} s')),
    ]
    first = next((index for index, (number, _text) in enumerate(units) if number), 3)
    shown = [unit for unit in units[first : first + 2] if unit[0]] or [units[3]]
    return NBSP.join(text.format(number=_decimal(number)) for number, text in shown)


def _phone(text: str) -> phonenumbers.PhoneNumber | None:
    if not text or len(text) > 40:
        return None
    try:
        number = phonenumbers.parse(text, 'RU')
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


def format_phone(text: str | None) -> str:
    """A phone number as people read it; what is no number stays as it was written."""
    number = _phone(text or '')
    if number is None:
        return text or DASH
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL).replace(' ', NBSP)


def dial_number(text: str | None) -> str | None:
    """The number with its country code and digits only ("+79991234567"), or None if it is no phone number."""
    number = _phone(text or '')
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if number else None
