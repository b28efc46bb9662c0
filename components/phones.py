"""Phone numbers as people read them and as telephones dial them.

The one rule: a text is a number only when the rules of some country say so; everything else stays a text.
"""

from __future__ import annotations

import phonenumbers

from components.formats import DASH, NBSP


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
