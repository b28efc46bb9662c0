"""One dialog, opened beside the list: its messages, and what came of it.

Its one rule: while somebody reads, nothing moves; what is new is added below, what is older above.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

from nicegui import ui

from components.button import button
from components.chat_viewer import ChatViewer
from components.dialog_side import dialog_side
from components.i18n import _, format_phone
from components.icons import icon
from components.labels import label_of_raw
from components.link import link
from components.states import empty_state, error_state, skeleton_rows
from data import Data, DataError, NotFound, SessionEnded, Unavailable
from live import Change
from models import Dialog, DialogQuery, Message, OpenDialog, Status
from pages.view import RETRY_SECONDS, explain

if TYPE_CHECKING:
    from pages.sessions import SessionsView

OVERLAP = 5
"""So many of the newest messages are read again with the new ones: a message may be committed late."""


class OpenDialogPanel:
    """The right side of the dialogs page."""

    def __init__(self, view: 'SessionsView', *, address: Callable[[Dialog], str], closed: Callable[[], str]) -> None:
        self.view, self.address, self.closed = view, address, closed
        self.data = Data(view.session)
        self._serial = 0
        self.key = ''
        self.opened: OpenDialog | None = None
        self.messages: list[Message] = []
        self.root = ui.element('div').classes('dialog-panel')

    @property
    def session_id(self) -> UUID | None:
        """The dialog of the address; None when it names none, or nothing that could be one."""
        try:
            return UUID(self.key) if self.key else None
        except ValueError:
            return None

    def open(self, key: str) -> None:
        """Turn to the dialog that the address names; `load` brings it."""
        if key == self.key:
            return
        self.key, self.opened, self.messages = key, None, []
        self.root.clear()
        if key:
            with self.root:
                skeleton_rows(6)

    async def load(self) -> None:
        """Read the dialog anew and show it."""
        key, session_id = self.key, self.session_id
        if not key:
            return
        if session_id is None:
            self._fail(key, NotFound('the address names no dialog'))
            return
        try:
            opened = await self.view.data.dialogs.open(session_id)
        except SessionEnded:
            return
        except DataError as error:
            self._fail(key, error)
            return
        if key == self.key and self.view.is_open:
            with self.root:
                self._show(opened)

    def _fail(self, key: str, error: DataError) -> None:
        if key != self.key or not self.view.is_open:
            return
        if isinstance(error, Unavailable):
            self.view.later(self._retry, 'retry-dialog')
        if self.opened is not None:
            return
        self.root.clear()
        with self.root:
            self._close_link()
            if isinstance(error, NotFound):
                empty_state(_('There is no such dialog'), explain(error), icon_name='search')
            else:
                error_state(explain(error), on_retry=self.load)

    async def _retry(self) -> None:
        await asyncio.sleep(RETRY_SECONDS)
        await (self.load() if self.opened is None else self.reload())

    def _close_link(self) -> None:
        with link(to=self.closed(), classes='native-button is-quiet dialog-close'):
            icon('arrow-left')
            ui.label(_('Back to the list'))

    # --- drawing

    def _show(self, opened: OpenDialog) -> None:
        is_new, self.opened = self.opened is None, opened
        if is_new:
            self.messages = opened.messages
            self._build()
        self._head.refresh_with(opened)
        self._draw_side(opened)
        if is_new:
            name = opened.dialog.client_name or ''
            self.chat.set_messages(opened.messages, dialog=self.key, client_name=name, has_older=opened.has_older)
        else:
            self._add(opened.messages)

    def _build(self) -> None:
        self.root.clear()
        with self.root:
            self._close_link()
            self._head = DialogHead()
            with ui.element('div').classes('dialog-parts') as self.parts:
                self.chat = ChatViewer(zone=self.view.salon.timezone, on_older=self.older)
                self.side = ui.element('div').classes('dialog-facts')
            self._head.on_details(lambda: self.parts.classes(toggle='shows-facts'))

    def _draw_side(self, opened: OpenDialog) -> None:
        self.side.clear()
        with self.side:
            dialog_side(
                opened,
                zone=self.view.salon.timezone,
                currency=self.view.salon.currency,
                address=self.address,
                all_address=DialogQuery(client=opened.dialog.client_id).address(),
            )

    def _add(self, messages: list[Message]) -> None:
        known = {message.id for message in self.messages}
        added = [message for message in messages if message.id not in known]
        if added:
            self.messages = sorted([*self.messages, *added], key=lambda message: (message.created_at, message.id))
            self.chat.append(added)

    # --- more messages

    async def older(self) -> None:
        """Read what was written before."""
        session_id, key = self.session_id, self.key
        if session_id is None or not self.messages:
            return
        try:
            answer = await self.view.data.dialogs.older(session_id, self.messages[0])
        except DataError as error:
            self.chat.older_failed()
            ui.notify(explain(error))
            return
        if key == self.key and self.view.is_open:
            self.messages = [*answer.messages, *self.messages]
            self.chat.prepend(answer.messages, has_older=answer.has_older)

    async def newer(self) -> None:
        """Read what was written since."""
        session_id, key = self.session_id, self.key
        if session_id is None or self.opened is None:
            return
        if not self.messages:
            await self.load()
            return
        self.data.serial = self._serial
        try:
            answer = await self.data.dialogs.newer(session_id, self.messages[-OVERLAP:][0])
        except DataError as error:
            self._fail(key, error)
            return
        if key == self.key and self.view.is_open:
            with self.root:
                self._add(answer.messages)

    def on_change(self, change: Change) -> None:
        """New messages are added; when the dialog itself changed, all of it is read anew."""
        if self.opened is None:
            return
        self._serial = change.serial
        is_ours = change.key is None or change.key in {str(self.session_id), str(self.opened.dialog.client_id)}
        if change.touches('conversation_sessions_v2', 'active_sessions_v2') and is_ours:
            self.view.later(self.reload, 'dialog')
        elif change.touches('recent_history_v2') and is_ours:
            self.view.later(self.newer, 'messages')

    async def reload(self) -> None:
        """Read the messages since, and the dialog's own state."""
        await asyncio.gather(self.newer(), self.load())


class DialogHead:
    """The client's name, the state of the dialog, and on a phone the way to its details."""

    def __init__(self) -> None:
        with ui.element('div').classes('dialog-head-line'):
            with ui.element('div').classes('grow'):
                with link(to='/clients', classes='link') as self._client:
                    self._name = ui.label().classes('dialog-name').props('dir=auto role=heading aria-level=2')
                self._phone = ui.label().classes('muted small num')
            self._status = ui.label().classes('pill')
            self._details = button(icon='info', kind='quiet', label=_('Details')).classes('dialog-details')

    def on_details(self, act: Callable[[], object]) -> None:
        """What the button for the details does."""
        self._details.on_click(act)

    def refresh_with(self, opened: OpenDialog) -> None:
        """Show the dialog's state."""
        dialog = opened.dialog
        status = label_of_raw(Status, dialog.status)
        self._client.props['href'] = f'/clients/{dialog.client_id or ""}'
        self._name.set_text((dialog.client_name or _('No name'))[:120])
        self._phone.set_text(format_phone(dialog.client_phone)[:60] if dialog.client_phone else '')
        self._status.set_text(status.text)
        self._status.classes(replace=f'pill tone-{status.tone}')
