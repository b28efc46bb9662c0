"""Lines of the audit in words.

The one rule: a word that nobody knows is shown as it is, and what looks like a secret is not shown at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from components.i18n import DASH, N_, _, format_day_time, format_money
from components.labels import label_of_raw
from models import AuditLine, Role

ACTIONS = {
    'sign_in': (N_('Signed in'), 'good'),
    'sign_in_failed': (N_('Failed sign-in'), 'bad'),
    'sign_out': (N_('Signed out'), 'neutral'),
    'refused': (N_('Refused: not allowed'), 'bad'),
    'export': (N_('Exported data'), 'warn'),
    'waitlist_converted': (N_('Waiting list: client booked'), 'info'),
    'waitlist_cancelled': (N_('Waiting list: taken off'), 'info'),
    'waitlist_reopened': (N_('Waiting list: back on the list'), 'info'),
    'waitlist_offered': (N_('Waiting list: time offered'), 'info'),
    'waitlist_wrote': (N_('Waiting list: wrote to the client'), 'info'),
    'waitlist_noted': (N_('Waiting list: note'), 'info'),
    'waitlist_accepted': (N_('Waiting list: the client said yes'), 'good'),
    'waitlist_declined': (N_('Waiting list: the client said no'), 'neutral'),
    'write_to_client': (N_('Wrote to a client'), 'info'),
    'invite_client': (N_('Invited a client back'), 'info'),
    'add_client_note': (N_('Note about a client'), 'info'),
    'remove_client_note': (N_('Took a note away'), 'info'),
    'retry_command': (N_('Sent to the bot again'), 'info'),
    'change_settings': (N_('Changed settings'), 'warn'),
    'create_settings': (N_('Made settings for a salon'), 'warn'),
    'invite_user': (N_('Invited a user'), 'accent'),
    'create_reset_link': (N_('Made a link for a new password'), 'accent'),
    'change_user': (N_('Changed a user’s role or access'), 'accent'),
    'rename_user': (N_('Changed a user’s name'), 'accent'),
    'end_user_sessions': (N_('Signed a user out everywhere'), 'accent'),
    'set_password': (N_('Chose a password by a link'), 'accent'),
    'change_password': (N_('Changed the own password'), 'accent'),
}
"""The acts by their words in the database: text and tone."""
FIELDS = {
    'role': N_('Role'),
    'active': N_('Access'),
    'salon': N_('Salon'),
    'email': N_('E-mail'),
    'first_name': N_('First name'),
    'last_name': N_('Last name'),
    'name': N_('Name'),
    'timezone': N_('Time zone'),
    'currency': N_('Currency'),
    'amount': N_('Amount'),
    'note': N_('Note'),
    'rows': N_('Rows'),
    'entries': N_('Entries'),
}
SECRET = re.compile(r'token|password|secret|hash|\bkey\b|link', re.IGNORECASE)
IDS = {'user', 'tenant', 'command', 'key', 'before', 'after', 'amount', 'currency'}
LONGEST = 300


def action_text(word: str) -> str:
    """An act in words."""
    known = ACTIONS.get(word)
    return _(known[0]) if known else word[:100]


def value_text(name: str, value: Any) -> str:
    """A value of a field in words."""
    if value is None or value == '':
        return DASH
    if isinstance(value, bool):
        on, off = (_('open'), _('switched off')) if name == 'active' else (_('yes'), _('no'))
        return on if value else off
    if name == 'role':
        return label_of_raw(Role, str(value)).text[:LONGEST]
    if isinstance(value, list) and all(isinstance(item, (str, int)) for item in value):
        value = ', '.join(str(item) for item in value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else text[:LONGEST] + '…'


def field_text(name: str) -> str:
    """What a field is called."""
    return _(FIELDS[name]) if name in FIELDS else name.replace('_', ' ')[:60]


def part_of(metadata: Any, name: str) -> Mapping[str, Any]:
    """A part of what was written down; empty when there is none, or something else in its place."""
    part = metadata.get(name) if isinstance(metadata, Mapping) else None
    return part if isinstance(part, Mapping) else {}


def changes_of(metadata: Any) -> list[list[str]]:
    """What was changed: field, before, after; only what differs. A new thing has no before."""
    before, after = part_of(metadata, 'before'), part_of(metadata, 'after')
    names = [name for name in dict.fromkeys([*before, *after]) if not SECRET.search(name)]
    return [
        [field_text(name), value_text(name, before.get(name)) if before else '', value_text(name, after.get(name))]
        for name in names
        if before.get(name) != after.get(name)
    ]


def facts_of(metadata: Any) -> list[list[str]]:
    """What else was written down: field and value."""
    return [
        [field_text(name), value_text(name, value)]
        for name, value in part_of({'all': metadata}, 'all').items()
        if name not in IDS and not SECRET.search(name) and value not in (None, '', [], {})
    ]


def who_text(line: AuditLine) -> str:
    """Who it was."""
    return (_('the platform') if line.is_platform else line.name or _('nobody signed in'))[:120]


def details_text(line: AuditLine) -> str:
    """What was changed and what else was written down, in one line."""
    changes = [
        f'{name}: {before} → {after}' if before else f'{name}: {after}'
        for name, before, after in changes_of(line.metadata)
    ]
    return '; '.join(changes + [f'{name}: {value}' for name, value in facts_of(line.metadata)])


def about_text(line: AuditLine) -> str:
    """What it was about, beginning with the amount if there is one."""
    amount = part_of({'all': line.metadata}, 'all').get('amount')
    currency = part_of({'all': line.metadata}, 'all').get('currency')
    is_number = isinstance(amount, int | float) and not isinstance(amount, bool)
    money = format_money(amount, str(currency or 'RUB')[:3]) if is_number else ''
    return ' · '.join(filter(None, (money, line.description)))[:LONGEST]


def row_of(line: AuditLine, *, zone: str) -> dict[str, Any]:
    """A line in ready texts."""
    return {
        'id': line.id,
        'at': format_day_time(line.at, zone),
        'who': who_text(line),
        'what': action_text(line.action),
        'tone': ACTIONS.get(line.action, ('', 'neutral'))[1],
        'about': about_text(line),
        'address': (line.address or '')[:60],
        'agent': (line.agent or '')[:LONGEST],
        'salon': (line.salon or '')[:120],
        'changes': changes_of(line.metadata),
        'facts': facts_of(line.metadata),
    }
