"""What admins do with users: the forms, and what is asked of the database.

Its one rule: each form says what the act does before it is done; a link is shown once and is kept nowhere.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from nicegui import ui

from auth import sessions
from components.button import button
from components.copy_field import CopyField
from components.form import Form
from components.i18n import _, format_day_time
from components.labels import label_of
from components.page_head import Heading
from components.reasons import reason_text
from components.user_texts import changed_text, off_text, on_text, open_text, renamed_text, role_hint
from data import Conflict
from models import ListedUser, Role, UserLink, UserState
from passwords import link_address

if TYPE_CHECKING:
    from pages.users import UsersView


class UserActs:
    """The acts of one open page."""

    def __init__(self, view: UsersView) -> None:
        self.view, self.data = view, view.data.users

    def begin(self, act: str, user: ListedUser) -> None:
        """Open the form of an act."""
        acts: dict[str, Callable[[ListedUser], object]] = {
            'change': self.change, 'rename': self.rename, 'link': self.link, 'sessions': self.sessions,
            'off': self.switch, 'on': self.switch,
        }  # fmt: skip
        acts[act](user)

    def _roles(self) -> list[tuple[str, str]]:
        roles = [Role.STAFF, Role.ADMIN, *([Role.SUPER_ADMIN] if self.view.is_platform else [])]
        return [(role.value, label_of(role).text) for role in roles]

    def _choose_salon(self, form: Form, chosen: UUID | None) -> None:
        if self.view.is_platform:
            salons = self.view.salons()
            value = str(chosen) if str(chosen) in dict(salons) else (salons[0][0] if salons else '')
            form.choice('tenant', _('Salon'), salons, value, hint=_('A platform administrator belongs to none'))

    def _chosen_salon(self, form: Form) -> UUID | None:
        is_without = not self.view.is_platform or form.value('role') == Role.SUPER_ADMIN
        return None if is_without else UUID(form.value('tenant'))

    # --- inviting

    def invite(self) -> None:
        """Make a user, and the link to hand over."""
        form = Form(
            _('Invite somebody'),
            submit=_('Make the link'),
            on_submit=self._invite,
            hint=_('You get a link to hand over. With it the person chooses a password and comes in.'),
        )
        form.text('email', _('E-mail'), longest=254, kind='email')
        form.text('first_name', _('First name'), longest=100)
        form.text('last_name', _('Last name'), longest=100)
        form.choice('role', _('Role'), self._roles(), Role.STAFF.value, hint=role_hint())
        self._choose_salon(form, self.view.query.salon or self.view.salon.id)
        form.open()

    async def _invite(self, form: Form) -> None:
        names = {name: form.value(name) for name in ('email', 'first_name', 'last_name', 'role')}
        await self._make(form, lambda: self.data.invite(form.key, **names, tenant=self._chosen_salon(form)))

    def link(self, user: ListedUser) -> None:
        """A link to choose a new password."""
        hint = (
            _('{name} has not come in yet. A new invitation ends the link before it.')
            if user.state is UserState.INVITED
            else _('With the link {name} chooses a new password. Until then the present one stays; older links end.')
        )
        form = Form(
            _('Link for a new password'),
            submit=_('Make the link'),
            on_submit=lambda form: self._make(form, lambda: self.data.make_link(form.key, user.id)),
            hint=hint.format(name=user.name[:100]),
        )
        form.open()

    async def _make(self, form: Form, act: Callable[[], Awaitable[UserLink]]) -> None:
        made: list[UserLink] = []
        if await self.view.attempt(self._keep(act, made), fail=form.fail):
            form.close()
            LinkDialog(self.view, made[0])
            await self.view.load()

    @staticmethod
    async def _keep(act: Callable[[], Awaitable[UserLink]], made: list[UserLink]) -> None:
        made.append(await act())

    # --- changing

    def change(self, user: ListedUser) -> None:
        """Another role or, for the platform, another salon."""
        seen = SeenUser(self, user)
        form = Form(
            _('Change the role'),
            submit=_('Save'),
            on_submit=seen.change,
            hint=_('{name} is signed out and comes in with the new role.').format(name=user.name[:100]),
        )
        known = dict(self._roles())
        form.choice('role', _('Role'), self._roles(), user.role if user.role in known else Role.STAFF, hint=role_hint())
        self._choose_salon(form, user.tenant_id or self.view.salon.id)
        form.open()

    def switch(self, user: ListedUser) -> None:
        """Switch off or on again."""
        is_on = user.state is UserState.OFF
        seen = SeenUser(self, user)
        form = Form(
            _('Switch on') if is_on else _('Switch off'),
            submit=_('Switch on') if is_on else _('Switch off'),
            on_submit=seen.switch_on if is_on else seen.switch_off,
            kind='primary' if is_on else 'danger',
            hint=on_text(user) if is_on else off_text(user, sessions.open_of(user.id)),
        )
        form.open()

    def rename(self, user: ListedUser) -> None:
        """Call somebody otherwise."""
        form = Form(_('Change the name'), submit=_('Save'), on_submit=SeenUser(self, user).rename)
        form.text('first_name', _('First name'), user.first_name, longest=100)
        form.text('last_name', _('Last name'), user.last_name, longest=100)
        form.open()

    def sessions(self, user: ListedUser) -> None:
        """Sign somebody out everywhere."""
        text = _('{name} is signed out on every device within a minute and can come in again with the password.')
        form = Form(
            _('Sign out everywhere'),
            submit=_('Sign out everywhere'),
            on_submit=lambda form: self._end(form, user),
            kind='danger',
            hint='\n'.join([text.format(name=user.name[:100]), open_text(sessions.open_of(user.id))]),
        )
        form.open()

    async def _end(self, form: Form, user: ListedUser) -> None:
        act = self.data.end_sessions(form.key, user.id)
        if await self.view.perform(form, act, done=_('Signed out everywhere.')):
            await sessions.check(user.id)


class SeenUser:
    """A user as he or she stood when a form was opened. When somebody was faster the form says so, and asks again."""

    def __init__(self, acts: UserActs, user: ListedUser) -> None:
        self.acts, self.user, self.version = acts, user, user.version

    async def change(self, form: Form) -> None:
        """Another role or salon."""
        salon = self.acts._chosen_salon(form)
        await self._send(form, form.value('role'), is_active=True, salon=salon, done=_('The role is changed.'))

    async def switch_off(self, form: Form) -> None:
        """No coming in any more."""
        await self._send(form, self.user.role, is_active=False, done=_('Switched off.'))

    async def switch_on(self, form: Form) -> None:
        """Coming in again."""
        await self._send(form, self.user.role, is_active=True, done=_('Switched on.'))

    async def rename(self, form: Form) -> None:
        """Another name."""
        names = {'first_name': form.value('first_name'), 'last_name': form.value('last_name')}
        act = self.acts.data.rename(form.key, self.user.id, **names, seen=self.version)
        await self._finish(form, act, _('The name is changed.'))

    async def _send(self, form: Form, role: str, *, is_active: bool, done: str, salon: UUID | None = None) -> None:
        act = self.acts.data.change(
            form.key, self.user.id, role=role, active=is_active, seen=self.version, tenant=salon
        )
        await self._finish(form, act, done)

    async def _finish(self, form: Form, act: Awaitable[None], done: str) -> None:
        view = self.acts.view
        if await view.attempt(act, fail=form.fail, conflict=self._changed):
            form.close()
            ui.notify(done, type='positive')
            await sessions.check(self.user.id)
            await view.load()

    def _changed(self, error: Conflict) -> str:
        if error.reason != 'changed_meanwhile':
            return reason_text(error.reason)
        now = json.loads(error.details or '{}')
        self.version = int(now.get('version', self.version))
        return renamed_text(now) if 'first_name' in now else changed_text(now)


class LinkDialog:
    """Shows a link once."""

    def __init__(self, view: UsersView, made: UserLink) -> None:
        assert view.client.request
        until = datetime.fromtimestamp(made.expires, UTC)
        with view.client.content, ui.dialog().props('persistent') as self.dialog, ui.element('div').classes('form'):
            Heading(_('The link is ready'), 2).classes('form-title')
            text = _('Hand it over yourself, in a messenger or by e-mail. It works once, until {time}.')
            ui.label(text.format(time=format_day_time(until, view.salon.timezone))).classes('form-hint')
            CopyField(link_address(view.client.request, made), label=_('Link'))
            ui.label(_('It is shown only now. If it is lost, make a new one.')).classes('muted small')
            with ui.element('div').classes('form-foot'):
                button(_('Done'), on_click=self.dialog.close)
        self.dialog.on('hide', self._forget)
        self.dialog.open()

    def _forget(self) -> None:
        if not self.dialog.is_deleted:
            self.dialog.delete()
