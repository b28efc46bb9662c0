"""Numbers and money as the salon's people write them.

The one rule: nothing here knows a salon; its currency is passed in, and a missing value is a dash.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from functools import lru_cache

from babel import Locale
from babel.numbers import format_decimal, get_currency_symbol

from components.translate import _, language

DASH = '—'
NBSP = '\u00a0'
MINUS = '\u2212'
SYMBOLS = {'KZT': '₸'}
"""Signs that are known where people pay with them, but not to the Russian locale data."""
Number = int | float | Decimal


@lru_cache
def locale_of(code: str) -> Locale:
    """How people who read this language write numbers and days."""
    return Locale.parse('ru_RU' if code == 'ru' else 'en_GB')


def decimal(value: Number, digits: int = 0) -> str:
    """A number with exactly `digits` decimal places."""
    pattern = '#,##0' + (f'.{"0" * digits}' if digits else '')
    number = Decimal(str(value))
    if not number.is_finite():
        return DASH
    with localcontext(Context(prec=28 + abs(number.adjusted()))):  # a salon's table may hold any number
        rounded = number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
        return format_decimal(rounded, pattern, locale=locale_of(language())).replace('-', MINUS)


def format_number(value: Number | None, digits: int = 0) -> str:
    """A number with `digits` decimal places."""
    return DASH if value is None else decimal(value, digits)


def format_share(share: float | None) -> str:
    """A share of 0..1 in per cent, with one decimal place below 10 %."""
    if share is None:
        return DASH
    percent = share * 100
    text = decimal(percent, 1 if abs(percent) < 9.95 and abs(percent - round(percent)) >= 0.05 else 0)
    return f'{text}{NBSP}%' if language() == 'ru' else f'{text}%'


def format_money(amount: Number | None, currency: str) -> str:
    """An amount in the units of `currency` (an ISO code); kopecks only when there are some."""
    if amount is None:
        return DASH
    value = Decimal(str(amount))
    digits = 0 if value == value.to_integral_value() else 2
    symbol = currency_sign(currency)
    number = decimal(value, digits)
    if language() == 'ru':
        return f'{number}{NBSP}{symbol}'
    return f'{symbol}{NBSP}{number}' if len(symbol) > 1 else f'{symbol}{number}'


def currency_sign(currency: str) -> str:
    """The sign of a currency (an ISO code), or the code when it has none."""
    return SYMBOLS.get(currency) or str(get_currency_symbol(currency, locale=locale_of('ru')))


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
    return ('+' if value > 0 else '') + decimal(value, digits)
