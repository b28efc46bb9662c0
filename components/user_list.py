"""The users as rows with a menu.

The one rule: a row offers only what can be done with that user now; the person's own row offers the own account.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from nicegui import events, ui

from components.i18n import DASH, _, format_day_time
from components.labels import label_of, label_of_raw
from components.theme import asset
from models import ListedUser, Role, UserState

ACT_ICONS = {
    'change': 'user-cog',
    'rename': 'edit',
    'link': 'key',
    'sessions': 'sign-out',
    'off': 'lock',
    'on': 'check',
}


def act_texts() -> dict[str, str]:
    """What can be done with a user, in the order of the menu."""
    return {
        'change': _('Change the role'),
        'rename': _('Change the name'),
        'link': _('Link for a new password'),
        'sessions': _('Sign out everywhere'),
        'off': _('Switch off'),
        'on': _('Switch on'),
    }


def acts_of(user: ListedUser) -> list[str]:
    """What can be done with a user now."""
    if user.is_self:
        return []
    if user.state is UserState.OFF:
        return ['on', 'rename']
    can_link = user.has_password or user.state is UserState.INVITED
    came_in = user.state is not UserState.INVITED
    return ['change', 'rename', *(['link'] if can_link else []), *(['sessions'] if came_in else []), 'off']


class UserList(ui.element, component='user_list.js'):
    """The rows; `on_act` gets an act and a user's number, `on_more` is asked for more."""

    def __init__(self, *, on_act: Callable[[str, int], Any], on_more: Callable[[], Any]) -> None:
        super().__init__()
        self._on_act = on_act
        texts = act_texts()
        self._props.update(icons=asset('icons.svg'), rows=[], hasMore=False)
        self._props['buttons'] = {act: {'text': texts[act], 'icon': icon} for act, icon in ACT_ICONS.items()}
        self._props['texts'] = {
            'name': _('Name'), 'role': _('Role'), 'signedIn': _('Last sign-in'), 'state': _('State'),
            'menu': _('What to do'), 'account': _('My account'), 'more': _('Show more'),
        }  # fmt: skip
        self.on('act', self._act)
        self.on('more', on_more, args=[])

    def show(self, users: Sequence[ListedUser], *, zone: str, has_more: bool, shows_salon: bool) -> None:
        """Draw the users."""
        rows = [row_of(user, zone=zone, shows_salon=shows_salon) for user in users]
        if rows != self._props['rows'] or has_more != self._props['hasMore']:
            self._props.update(rows=rows, hasMore=has_more)

    def _act(self, event: events.GenericEventArguments) -> Any:
        args = event.args if isinstance(event.args, dict) else {}
        act, number = args.get('act'), args.get('id')
        is_offered = any(row['id'] == number and act in row['acts'] for row in self._props['rows'])
        return self._on_act(str(act), int(str(number))) if is_offered else None


def row_of(user: ListedUser, *, zone: str, shows_salon: bool) -> dict[str, Any]:
    """A user in ready texts."""
    state = label_of(user.state)
    name = user.name[:120]
    return {
        'id': user.id,
        'name': name,
        'initials': ''.join(word[0] for word in name.split()[:2]).upper() or '?',
        'email': user.email[:254] if user.name != user.email else '',
        'role': label_of_raw(Role, user.role).text[:80],
        'salon': _salon(user) if shows_salon else '',
        'signedIn': format_day_time(user.last_sign_in_at, zone) if user.last_sign_in_at else _('never'),
        'state': state.text,
        'tone': state.tone,
        'about': _link_text(user.link_until, zone) if user.state is not UserState.OFF else '',
        'acts': acts_of(user),
        'isOff': user.state is UserState.OFF,
        'isSelf': user.is_self,
    }


def _salon(user: ListedUser) -> str:
    return _('all salons') if user.role == Role.SUPER_ADMIN else (user.salon or DASH)[:120]


def _link_text(until: datetime | None, zone: str) -> str:
    return _('link open until {time}').format(time=format_day_time(until, zone)) if until else ''
