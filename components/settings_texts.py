"""What a salon's settings are called, how they are grouped, and how their values read.

The one rule: every setting stands in exactly one group; a value that is not set is a word and never looks like one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from babel.core import get_global
from babel.dates import get_timezone_location
from babel.numbers import get_currency_name

from components.formats import currency_sign, locale_of
from components.labels import label_of, label_of_raw
from components.phones import format_phone
from components.translate import N_, _, language, ngettext
from models import SettingValue, StaffPhones

OWN = ('timezone', 'currency', 'staff_phones', 'broadcast_pace')
"""What the dashboard alone uses; all else is the bot's."""
TIMES = ('opening_time', 'closing_time', 'quiet_from', 'quiet_to')
SWITCHES = ('bot_enabled', 'gap_filtering')
TOGETHER = ('quiet_from', 'quiet_to')
"""Settings that are changed together or not at all."""
PACES = (1, 2, 5, 10)
"""Messages of broadcasts a second that can be chosen."""
CURRENCIES = ('RUB', 'KZT', 'BYN', 'UZS', 'AMD', 'GEL', 'KGS', 'EUR', 'USD')
REGIONS = ('Europe', 'Asia', 'Africa', 'America', 'Atlantic', 'Australia', 'Indian', 'Pacific')

NAMES = {
    'name': N_('Name of the salon'), 'timezone': N_('Time zone'), 'currency': N_('Currency'),
    'opening_time': N_('Opens at'), 'closing_time': N_('Closes at'), 'quiet_from': N_('Quiet hours from'),
    'quiet_to': N_('Quiet hours until'), 'branch_name': N_('Branch'), 'branch_phone': N_('Phone'),
    'branch_address': N_('Address'), 'bot_enabled': N_('The bot answers clients'),
    'welcome_message': N_('Welcome message'), 'admin_chat_id': N_('Telegram chat for notices'),
    'yclients_company_id': N_('Company number in YClients'), 'gap_filtering': N_('Offer times without gaps'),
    'staff_phones': N_('Clients’ phone numbers'), 'broadcast_pace': N_('Speed of broadcasts'),
}  # fmt: skip
HINTS = {
    'timezone': N_('All days and hours are counted by it, earlier ones too'),
    'currency': N_('Amounts in other currencies are listed beside, never added'),
    'quiet_to': N_('The bot begins no conversation in these hours. Leave both empty for none'),
    'admin_chat_id': N_('The number of the chat in Telegram; groups have a minus in front'),
    'gap_filtering': N_('The bot offers times that leave no short gaps in the day'),
    'branch_phone': N_('Clients are told it as it is written here'),
    'staff_phones': N_('Owners always see the whole number'),
    'broadcast_pace': N_('All salons together send 20 messages a second at most'),
}


@dataclass(frozen=True)
class Group:
    """Settings that are shown and changed together; texts are marked for translation."""

    key: str
    title: str
    hint: str
    names: tuple[str, ...]

    @property
    def needs_bot(self) -> bool:
        """Whether nothing in it can be changed without the bot."""
        return not set(self.names) & set(OWN)


GROUPS = (
    Group('salon', N_('Salon'), '', ('name', 'timezone', 'currency')),
    Group('hours', N_('Working hours'), N_('by the salon’s own clock'), TIMES),
    Group('branch', N_('Branch'), N_('what the bot tells clients'), ('branch_name', 'branch_phone', 'branch_address')),
    Group('bot', N_('Bot'), '', ('bot_enabled', 'welcome_message', 'gap_filtering', 'admin_chat_id',
                                 'yclients_company_id')),
    Group('staff', N_('What employees see'), '', ('staff_phones',)),
    Group('broadcasts', N_('Broadcasts'), '', ('broadcast_pace',)),
)  # fmt: skip
SECRETS = {'telegram': N_('Key of the Telegram bot'), 'yclients': N_('Key to YClients')}


def setting_name(name: str) -> str:
    """What a setting is called."""
    return _(NAMES[name])


def setting_text(name: str, value: SettingValue) -> str:
    """A value as people read it."""
    if value is None or value == '':
        return _('as fast as possible') if name == 'broadcast_pace' else _('not set')
    if isinstance(value, bool):
        return _('on') if value else _('off')
    readers: dict[str, Callable[[str], str]] = {
        'timezone': zone_text, 'currency': currency_text, 'branch_phone': format_phone,
        'staff_phones': lambda text: label_of_raw(StaffPhones, text).text,
        'broadcast_pace': lambda text: pace_text(int(text)) if text.isdecimal() else text,
    }  # fmt: skip
    return readers[name](str(value)) if name in readers else str(value)


def pace_text(pace: int) -> str:
    """How fast messages go out."""
    return ngettext('{number} message a second', '{number} messages a second', pace).format(number=pace)


def zone_text(zone: str) -> str:
    """A time zone by its city and what it is ahead of UTC now: "Moscow, UTC+3"."""
    return dict(zones(language())).get(zone) or _zone_text(zone, language())


@lru_cache
def zones(code: str) -> list[tuple[str, str]]:
    """All time zones with their texts in a language, from west to east."""
    aliases = get_global('zone_aliases')
    names = {name for name in available_timezones() if name.split('/')[0] in REGIONS and name not in aliases}
    return [(name, _zone_text(name, code)) for name in sorted(names, key=lambda name: (_offset(name), name))]


def _offset(zone: str) -> float:
    offset = datetime.now(UTC).astimezone(ZoneInfo(zone)).utcoffset()
    return offset.total_seconds() / 60 if offset else 0


def _zone_text(zone: str, code: str) -> str:
    minutes = round(abs(_offset(zone)))
    sign = '−' if _offset(zone) < 0 else '+'
    hours = f'{minutes // 60}' + (f':{minutes % 60:02}' if minutes % 60 else '')
    city = get_timezone_location(zone, locale=locale_of(code), return_city=True)
    return f'{city}, UTC{sign}{hours}'


def currency_text(code: str) -> str:
    """A currency by its name and sign: "Russian Rouble, ₽"."""
    name = str(get_currency_name(code, locale=locale_of(language())))
    return f'{name[:1].upper()}{name[1:]}, {currency_sign(code)}'


def options_of(name: str, value: SettingValue) -> list[tuple[str, str]]:
    """What can be chosen for a setting: pairs of key and text; `value` is always among them."""
    found = {
        'timezone': zones(language()) if name == 'timezone' else [],
        'currency': [(code, currency_text(code)) for code in CURRENCIES],
        'broadcast_pace': [('', _('as fast as possible')), *((str(pace), pace_text(pace)) for pace in PACES)],
        'staff_phones': [(item.value, label_of(item).text) for item in StaffPhones],
    }.get(name) or [('true', _('on')), ('false', _('off'))]
    own = option_of(value)
    return found if own in dict(found) else [(own, setting_text(name, value)), *found]


def option_of(value: SettingValue) -> str:
    """The key of a value among the options, and what stands in a field for it."""
    if value is None:
        return ''
    return str(value).lower() if isinstance(value, bool) else str(value)
