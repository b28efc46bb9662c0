"""Lines of the audit in words.

The one rule: a word that nobody knows is shown as it is, and what looks like a secret is not shown at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from components.alert_texts import rule_name
from components.audit_values import field_text, is_id, value_text, without_ids
from components.i18n import N_, _, format_day_time, format_money
from components.settings_texts import NAMES, setting_name
from models import AuditLine

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
    'save_broadcast': (N_('Wrote a broadcast'), 'info'),
    'remove_broadcast': (N_('Deleted the draft of a broadcast'), 'info'),
    'test_broadcast': (N_('Sent a test of a broadcast'), 'info'),
    'send_broadcast': (N_('Sent a broadcast'), 'warn'),
    'pause_broadcast': (N_('Paused a broadcast'), 'info'),
    'resume_broadcast': (N_('Resumed a broadcast'), 'info'),
    'stop_broadcast': (N_('Stopped a broadcast'), 'warn'),
    'retry_broadcast': (N_('Sent messages of a broadcast again'), 'warn'),
    'save_view': (N_('Saved filters of the clients'), 'neutral'),
    'remove_view': (N_('Removed saved filters of the clients'), 'neutral'),
    'change_settings': (N_('Changed settings'), 'warn'),
    'create_settings': (N_('Made settings for a salon'), 'warn'),
    'acknowledge_alert': (N_('Saw an alert'), 'info'),
    'change_alert_rule': (N_('Changed a rule for alerts'), 'warn'),
    'invite_user': (N_('Invited a user'), 'accent'),
    'create_reset_link': (N_('Made a link for a new password'), 'accent'),
    'change_user': (N_('Changed a user’s role or access'), 'accent'),
    'rename_user': (N_('Changed a user’s name'), 'accent'),
    'end_user_sessions': (N_('Signed a user out everywhere'), 'accent'),
    'set_password': (N_('Chose a password by a link'), 'accent'),
    'change_password': (N_('Changed the own password'), 'accent'),
}
"""The acts by their words in the database: text and tone."""
ALIASES = {
    'begin_export': 'export', 'end_export': 'export', 'settings.changed': 'change_settings',
    'steer_broadcast': 'stop_broadcast', 'broadcast.test': 'test_broadcast', 'broadcast.message': 'send_broadcast',
}  # fmt: skip
"""Acts by other words: as functions of the database and as commands to the bot."""
SUBJECTS = {
    'act_on_waiting_list': N_('Waiting list'), 'client.message': N_('Message to the client'),
    'waitlist.offer': N_('A time was offered'), 'salon …': N_('Another salon'),
    '/': N_('Overview'), '/sessions': N_('Dialogs'), '/clients': N_('Clients'),
    '/wishlist': N_('Waiting list'), '/broadcasts': N_('Broadcasts'), '/alerts': N_('Alerts'),
    '/data-health': N_('State of the data'), '/users': N_('Users'), '/settings': N_('Settings'),
    '/salons': N_('Salons'), '/audit': N_('Journal'), 'dialogs': N_('Dialogs'), 'clients': N_('Clients'),
    'waiting-list': N_('Waiting list'),
    'audit': N_('Journal'),
}  # fmt: skip
"""What an act was about, by the word that was written down: functions, commands, pages and exports."""
MACHINE_WORD = re.compile(r'[a-z]+([_.][a-z]+)+')
EXPORT = re.compile(r'([a-z-]+)\.(csv|xlsx)(?: [^?]*(\?.*)?)?')
SECRET = re.compile(r'token|password|secret|hash|\bkey\b|link', re.IGNORECASE)
UNSAID = {
    'user', 'tenant', 'client', 'command', 'key', 'before', 'after', 'amount', 'currency', 'broadcast', 'view',
}  # fmt: skip
LONGEST = 300


def action_text(word: str) -> str:
    """An act in words."""
    known = ACTIONS.get(word)
    return _(known[0]) if known else word[:100]


def part_of(metadata: Any, name: str) -> Mapping[str, Any]:
    """A part of what was written down; empty when there is none, or something else in its place."""
    part = metadata.get(name) if isinstance(metadata, Mapping) else None
    return part if isinstance(part, Mapping) else {}


def changes_of(metadata: Any, *, zone: str = 'UTC') -> list[list[str]]:
    """What was changed: field, before, after; only what differs. A new thing has no before."""
    before, after = part_of(metadata, 'before'), part_of(metadata, 'after')
    names = [name for name in dict.fromkeys([*before, *after]) if not SECRET.search(name)]
    return [
        [
            field_text(name),
            value_text(name, before.get(name), zone=zone) if before else '',
            value_text(name, after.get(name), zone=zone),
        ]
        for name in names
        if before.get(name) != after.get(name) and not (is_id(before.get(name)) or is_id(after.get(name)))
    ]


def facts_of(metadata: Any, *, zone: str = 'UTC') -> list[list[str]]:
    """What else was written down: field and value."""
    return [
        [field_text(name), value_text(name, value, zone=zone)]
        for name, value in part_of({'all': metadata}, 'all').items()
        if name not in UNSAID and not is_id(value) and not SECRET.search(name) and value not in (None, '', [], {})
    ]


def who_text(line: AuditLine) -> str:
    """Who it was."""
    return (_('the platform') if line.is_platform else line.name or _('nobody signed in'))[:120]


def details_text(line: AuditLine, *, zone: str) -> str:
    """What was changed and what else was written down, in one line."""
    changes = [
        f'{name}: {before} → {after}' if before else f'{name}: {after}'
        for name, before, after in changes_of(line.metadata, zone=zone)
    ]
    return '; '.join(changes + [f'{name}: {value}' for name, value in facts_of(line.metadata, zone=zone)])


def subject_text(line: AuditLine) -> str:
    """What it was about, in words; a word for machines that nobody knows is left out."""
    text = (line.description or '').strip()
    if line.action in {'write_to_client', 'invite_client'}:
        return ''
    if line.action == 'change_settings':
        names = text.split(', ')
        return ', '.join(setting_name(name) for name in names) if set(names) <= NAMES.keys() else text
    if line.action in {'acknowledge_alert', 'change_alert_rule'}:
        return rule_name(text)
    if export := EXPORT.fullmatch(text) if line.action == 'export' else None:
        kind, filters = export[2].upper(), without_ids(export[3] or '')
        return ' '.join(filter(None, (f'{_word_text(export[1]) or export[1]}, {kind}', filters)))
    if line.action in {'refused', 'retry_command'}:
        page = f'/{text.split("/")[1]}' if text.startswith('/') else text
        return _word_text(without_ids(page)) or ('' if MACHINE_WORD.fullmatch(text) else without_ids(text))
    return without_ids(text)


def _word_text(word: str) -> str:
    """A word that was written down for machines; empty for an unknown one."""
    word = ALIASES.get(word, word)
    if word in SUBJECTS:
        return _(SUBJECTS[word])
    act = word.replace('waitlist.', 'waitlist_')
    return action_text(act) if act in ACTIONS else ''


def subject_of_command(kind: str) -> str:
    """What a command to the bot is about; empty for one that nobody knows."""
    return _word_text(kind)


def about_text(line: AuditLine) -> str:
    """What it was about, beginning with the amount if there is one."""
    amount = part_of({'all': line.metadata}, 'all').get('amount')
    currency = part_of({'all': line.metadata}, 'all').get('currency')
    is_number = isinstance(amount, int | float) and not isinstance(amount, bool)
    money = format_money(amount, str(currency or 'RUB')[:3]) if is_number else ''
    return ' · '.join(filter(None, (money, subject_text(line))))[:LONGEST]


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
        'changes': changes_of(line.metadata, zone=zone),
        'facts': facts_of(line.metadata, zone=zone),
    }
