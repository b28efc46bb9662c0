"""What acts about users do, in words.

The one rule: what is said before an act names its figures; nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from components.i18n import DASH, _, format_ago, ngettext
from components.labels import label_of, label_of_raw
from models import ListedUser, Role, UserState


def role_hint() -> str:
    """What the roles may do."""
    return _(
        'An owner sees and changes everything in the salon. An employee works with dialogs, clients and the waiting'
        ' list, without settings, users and broadcasts.'
    )


def changed_text(now: Mapping[str, Any]) -> str:
    """Who was faster, and how the user stands since."""
    state = label_of(UserState.ACTIVE if now.get('active') else UserState.OFF).text
    return _(
        '{who} changed this {when}: {role}, {state}. Nothing was done yet; press once more to do it all the same.'
    ).format(
        who=str(now.get('by') or _('The platform'))[:100],
        when=format_ago(datetime.fromisoformat(str(now['at'])) if now.get('at') else None),
        role=label_of_raw(Role, str(now.get('role') or '')).text,
        state=state,
    )


def renamed_text(now: Mapping[str, Any]) -> str:
    """Who was faster, and what the user is called since."""
    return _(
        '{who} changed this {when}. The name is now: {name}. Nothing was done yet; press once more to change it.'
    ).format(
        who=str(now.get('by') or _('The platform'))[:100],
        when=format_ago(datetime.fromisoformat(str(now['at'])) if now.get('at') else None),
        name=' '.join(str(now[part])[:100] for part in ('first_name', 'last_name') if now.get(part)) or DASH,
    )


def open_text(number: int) -> str:
    """In how many browsers somebody is signed in now."""
    if not number:
        return _('Not open anywhere now.')
    return ngettext('Open now in {number} browser.', 'Open now in {number} browsers.', number).format(number=number)


def off_text(user: ListedUser, number: int) -> str:
    """What switching off does."""
    lines = [_('{name} cannot come in any more. What he or she has done stays.').format(name=user.name[:100])]
    if user.state is not UserState.INVITED:
        lines.append(open_text(number) + (' ' + _('That ends within a minute.') if number else ''))
    if user.link_until:
        lines.append(_('The open link stops working.'))
    return '\n'.join(lines)


def on_text(user: ListedUser) -> str:
    """What switching on does."""
    role = label_of_raw(Role, user.role).text
    return _('{name} can come in again, as: {role}.').format(name=user.name[:100], role=role)
