"""What the bot writes to clients who wait, for the salon: suggestions that people change before they send them.

The one rule: a text is in the client's language, whatever language the one who writes has chosen for the dashboard.
"""

from __future__ import annotations

from datetime import datetime

from components.i18n import N_, format_day, format_time, salon_time, speaking
from components.message_form import Template, filled
from models import Client, WaitingEntry

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


CLIENT_TEMPLATES = (
    Template(N_('Own text'), N_('{greeting}')),
    Template(N_('Invite to book'), N_('{greeting} Would you like to book a visit? Tell us which days suit you.')),
    Template(N_('Thank for the visit'), N_('{greeting} Thank you for your visit on {last}! How did you like it?')),
    Template(N_('Remind of the visit'), N_('{greeting} We are expecting you on {next} at {time}. Are you coming?')),
)
WIN_BACK_TEMPLATES = (
    Template(
        N_('It has been a while'), N_('{greeting} It has been a while since your last visit. Shall we find a day?')
    ),
    Template(
        N_('It has been a while'),
        N_('{greeting} It has been a while since your visit on {last}. Shall we find a day that suits you?'),
    ),
    Template(
        N_('Time for the favourite service'), N_('{greeting} It may be time for “{service}” again. Shall we book?')
    ),
    Template(
        N_('The favourite specialist is waiting'),
        N_('{greeting} {staff} would be glad to see you again. Which day would suit you?'),
    ),
)


def values_of_client(client: Client, *, zone: str, language: str) -> dict[str, str]:
    """What fills the gaps of a text to a client, in the client's language. Names that are none are left out."""
    with speaking(language):
        last, ahead = (
            format_day(salon_time(at, zone).date(), year=False) if at else ''
            for at in (client.last_visit_at, client.next_visit_at)
        )
        time = format_time(client.next_visit_at, zone) if client.next_visit_at else ''
    service, staff = ((text or '').split(' · № ')[0] for text in (client.service, client.staff))
    return {
        'name': _first_name(client.name), 'last': last, 'next': ahead, 'time': time,
        'service': '' if service.startswith('#') else service, 'staff': '' if staff.startswith('#') else staff,
    }  # fmt: skip


def _first_name(name: str | None) -> str:
    text = (name or '').strip()
    is_name = any(sign.isalpha() for sign in text) and not any(sign.isdigit() or sign in '<>{}@/' for sign in text)
    return text if is_name else ''


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
