"""The words of broadcasts: fields of a text in the reader's language, audiences, and why somebody is left out.

The one rule: the database knows fields by their English names; people read and write them in their own language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from components.i18n import N_, _, format_number, ngettext
from components.labels import label_of
from components.reasons import REASONS
from components.translate import LANGUAGES, catalogue
from models import Broadcast, ClientQuery, RecipientStatus

FIELDS = {'name': N_('name'), 'specialist': N_('specialist'), 'salon': N_('salon')}
"""The fields of a text, by what the database calls them, with the words that stand in braces."""
WITHOUT = {
    'name': N_('Instead of a name that is not known'),
    'specialist': N_('Instead of a favourite specialist that is not known'),
    'salon': N_('Instead of the salon, should it have no name'),
}
LEFT_OUT = {
    'opted_out': N_('no messages wanted'),
    'no_chat': N_('no chat with the bot'),
    'in_dialog': N_('a dialog with the bot is going on'),
    'booked': N_('a visit is ahead'),
    'got_message': N_('had a message from you lately'),
    'same_chat': N_('the same chat as another client'),
    'stopped': N_('the broadcast was stopped'),
    'gone': N_('not in the bot’s list any more'),
    'refused': N_('refused by the bot'),
    'not_taken': N_('not taken by the bot for a day'),
}
SPREADS = (0, 1, 2, 4, 8, 24, 72)
HELD_OUT = (0, 5, 10, 15, 20)
QUIET_DAYS = (0, 1, 3, 7, 14, 30)
FIELD = re.compile(r'\{\s*([^{}]*?)\s*\}')


def _spellings() -> dict[str, str]:
    """Every word that people may write into braces, with the field that it means."""
    known = {name: name for name in FIELDS}
    for code in LANGUAGES:
        known |= {catalogue(code).gettext(word).lower(): name for name, word in FIELDS.items()}
    return known


def as_stored(text: str) -> str:
    """A text as the database keeps it; what is no field stays as it was written."""
    known = _spellings()
    return FIELD.sub(lambda found: f'{{{known.get(found[1].lower(), found[1])}}}', text)


def as_read(text: str) -> str:
    """A text with its fields in the reader's language."""
    return FIELD.sub(lambda found: f'{{{_(FIELDS[found[1]])}}}' if found[1] in FIELDS else found[0], text)


def fields_of(text: str) -> list[str]:
    """The fields that a text as people write it has, by what the database calls them."""
    stored = as_stored(text)
    return [name for name in FIELDS if f'{{{name}}}' in stored]


def audience_text(query: ClientQuery, staff_label: str | None = None) -> str:
    """Whom a filter of the clients means."""
    parts = [label_of(query.kind).text if query.kind else '', label_of(query.channel).text if query.channel else '']
    if query.staff:
        parts.append(_('favourite specialist {name}').format(name=(staff_label or query.staff).split(' · № ')[0][:100]))
    if query.search:
        parts.append(_('found by “{text}”').format(text=query.search[:100]))
    return ', '.join(filter(None, parts)) or _('All clients')


def left_out_text(reason: str | None) -> str:
    """Why somebody is left out or did not get it; a text of the bot's own is shown as it is, cut short."""
    if reason in LEFT_OUT:
        return _(LEFT_OUT[reason])
    return (
        _(REASONS[reason])
        if reason in REASONS
        else ' '.join((reason or _('for no reason that is known')).split())[:120]
    )


def spread_text(hours: int) -> str:
    """Over how long it is spread."""
    if not hours:
        return _('as fast as the pace allows')
    if hours % 24 == 0:
        return ngettext('spread over {number} day', 'spread over {number} days', hours // 24).format(number=hours // 24)
    return ngettext('spread over {number} hour', 'spread over {number} hours', hours).format(number=hours)


def quiet_days_text(days: int) -> str:
    """Who is left out for having got a message."""
    if not days:
        return _('nobody is left out for that')
    return ngettext('within {number} day', 'within {number} days', days).format(number=days)


def clients_text(number: int) -> str:
    """So many clients, in words for buttons."""
    return ngettext('{number} client', '{number} clients', number).format(number=format_number(number))


def without(broadcast: Broadcast) -> Mapping[str, str | None]:
    """What stands instead of each field."""
    return {
        'name': broadcast.without_name, 'specialist': broadcast.without_specialist, 'salon': broadcast.without_salon,
    }  # fmt: skip


THROUGH = (RecipientStatus.SENT, RecipientStatus.DELIVERED, RecipientStatus.FAILED, RecipientStatus.UNKNOWN)
"""The recipients whose message has left."""
