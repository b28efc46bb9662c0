"""What the bot writes to clients who wait, for the salon: suggestions that people change before they send them.

The one rule: a text is in the client's language, whatever language the one who writes has chosen for the dashboard.
"""

from __future__ import annotations

from datetime import datetime

from components.i18n import N_, format_day, format_time, salon_time, speaking
from components.message_form import Template, filled
from models import WaitingEntry

CLIENT_LANGUAGE = 'ru'
WISH_TEMPLATES = (
    Template(N_('Ask for days that suit'), N_('{greeting} You are on our waiting list. Which days would suit you?')),
    Template(
        N_('Ask for days that suit'),
        N_('{greeting} You are on our waiting list for “{service}”. Which days would suit you?'),
    ),
    Template(N_('Ask whether it is still wanted'), N_('{greeting} You wanted to come to us. Is it still of interest?')),
    Template(
        N_('Ask whether it is still wanted'),
        N_('{greeting} You wanted to come for “{service}”. Is it still of interest?'),
    ),
    Template(
        N_('Nothing has become free'),
        N_('{greeting} Sadly no place for “{service}” has become free on {date}. Shall we find another day?'),
    ),
)
"""Of two with the same title the later one is taken, if all its gaps are filled."""
OFFERS = (
    Template('', N_('{greeting} A place has become free: {date} at {time}. Does it suit you?')),
    Template('', N_('{greeting} A place for “{service}” has become free: {date} at {time}. Does it suit you?')),
    Template(
        '', N_('{greeting} A place for “{service}” has become free: {date} at {time}, with {staff}. Does it suit you?')
    ),
)


def values_of(entry: WaitingEntry) -> dict[str, str]:
    """What fills the gaps of a text about a wish. A name that is no name is left out."""
    name = entry.client_name or ''
    is_name = any(sign.isalpha() for sign in name) and not any(sign.isdigit() for sign in name)
    with speaking(CLIENT_LANGUAGE):
        day = format_day(entry.wished_on, year=False) if entry.wished_on else ''
    return {'name': name if is_name else '', 'service': entry.service or '', 'date': day}


def offer_text(entry: WaitingEntry, *, staff: str, at: datetime, zone: str) -> str:
    """The bot's question whether a time suits, with as much in it as is known."""
    with speaking(CLIENT_LANGUAGE):
        day = format_day(salon_time(at, zone).date(), weekday=True, year=False)
    values = values_of(entry) | {'date': day, 'time': format_time(at, zone), 'staff': staff}
    texts = [filled(offer, values, CLIENT_LANGUAGE) for offer in OFFERS]
    return next(text for text in reversed(texts) if text)
