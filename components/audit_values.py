"""Fields and values of the audit in words.

The one rule: a value is told as its page tells it; ids are left out, for they tell people nothing.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import available_timezones

from components.i18n import DASH, N_, _, format_day_time
from components.labels import label_of_raw
from components.settings_texts import NAMES, setting_text
from models import Role

FIELDS = NAMES | {
    'role': N_('Role'),
    'active': N_('Access'),
    'salon': N_('Salon'),
    'email': N_('E-mail'),
    'first_name': N_('First name'),
    'last_name': N_('Last name'),
    'amount': N_('Amount'),
    'note': N_('Note'),
    'rows': N_('Rows'),
    'recipients': N_('Recipients'),
    'entries': N_('Number of entries'),
    'offer_at': N_('Offered time'),
    'offer_staff': N_('Specialist'),
    'is_on': N_('Switched on'),
    'threshold': N_('Threshold'),
}
MOMENT = re.compile(r'\d{4}-\d\d-\d\d[T ]\d\d:\d\d\S*')
UUID = re.compile(r'[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}', re.IGNORECASE)
LONGEST = 300


def field_text(name: str) -> str:
    """What a field is called."""
    return _(FIELDS[name]) if name in FIELDS else name.replace('_', ' ')[:60]


def is_id(value: Any) -> bool:
    """Whether a value only says which row it was."""
    return isinstance(value, str) and bool(UUID.fullmatch(value))


def without_ids(text: str) -> str:
    """A text without the ids that stand in it."""
    return UUID.sub('…', text)


def value_text(name: str, value: Any, *, zone: str = 'UTC') -> str:
    """A value of a field in words; moments are told on the clock of `zone`."""
    if name in NAMES and is_setting(name, value):
        return cut(setting_text(name, value))
    if value is None or value == '':
        return DASH
    if isinstance(value, bool):
        words = {True: _('open'), False: _('switched off')} if name == 'active' else {True: _('yes'), False: _('no')}
        return words[value]
    if name == 'role':
        return cut(label_of_raw(Role, str(value)).text)
    if name == 'entries' and isinstance(value, list):
        return str(len(value))
    return cut(moment_text(value, zone) if isinstance(value, str) else plain_text(value))


def plain_text(value: Any) -> str:
    """A value that nobody knows more about."""
    if isinstance(value, list) and all(isinstance(item, (str, int)) for item in value):
        return ', '.join(str(item) for item in value)
    return json.dumps(value, ensure_ascii=False)


def is_setting(name: str, value: Any) -> bool:
    """Whether a value is one that the setting can have."""
    if name == 'timezone':
        return value in available_timezones() if isinstance(value, str) else value is None
    if name == 'currency':
        return bool(re.fullmatch('[A-Z]{3}', value)) if isinstance(value, str) else value is None
    return value is None or isinstance(value, str | int | bool)


def moment_text(value: str, zone: str) -> str:
    """A moment on the clock of `zone`; any other text stays as it is."""
    if not MOMENT.fullmatch(value):
        return value
    try:
        moment = datetime.fromisoformat(value)
        return format_day_time(moment if moment.tzinfo else moment.replace(tzinfo=UTC), zone)
    except (ValueError, OverflowError):
        return value


def cut(text: str) -> str:
    """The beginning of a text, without ids."""
    text = without_ids(text[: LONGEST * 2])
    return text if len(text) <= LONGEST else text[:LONGEST] + '…'
