"""One dialog, opened beside the list: its messages, and what came of it.

Its one rule: while somebody reads, nothing moves; what is new is added below, what is older above.
"""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from nicegui import ui

from components.button import button
from components.chat_viewer import ChatViewer
from components.dialog_side import dialog_side
from components.i18n import _, format_phone
from components.labels import label_of_raw
from components.link import link
from data import Data, DataError, NotFound
from live import Change
from models import DialogQuery, Message, OpenDialog, Status
from pages.side_panel import SidePanel
from pages.view import explain

if TYPE_CHECKING:
    from pages.sessions import SessionsView

OVERLAP = 5
"""So many of the newest messages are read again with the new ones: a message may be committed late."""


class OpenDialogPanel(SidePanel[OpenDialog]):
    """The right side of the dialogs page."""

    view: 'SessionsView'
    opened: OpenDialog | None

    def __init__(self, view: 'SessionsView') -> None:
        super().__init__(view)
        self.data = Data(view.session)
        self._serial = 0

    @property
    def missing(self) -> str:
        return _('There is no such dialog')

    def forget(self) -> None:
        super().forget()
        self.messages: list[Message] = []
        self.chat: ChatViewer | None = None

    async def read(self) -> OpenDialog:
        if self.uuid is None:
            raise NotFound('the address names no dialog')
        return await self.view.data.dialogs.open(self.uuid)

    async def refresh(self) -> None:
        if self.opened is None:
            await self.load()

    def fail(self, key: str, error: DataError) -> None:
        # On its way to the archive a dialog is nowhere for a moment: what is on screen stays.
        if self.opened is None or not isinstance(error, NotFound):
            super().fail(key, error)

    async def again(self) -> None:
        await (self.load() if self.opened is None else self.reload())

    # --- drawing

    def draw(self) -> None:
        opened = self.opened
        if opened is None:
            return
        with self.root:
            if self.chat is None:
                self.chat = self._build()
                self.messages = opened.messages
                name = opened.dialog.client_name or ''
                self.chat.set_messages(opened.messages, dialog=self.key, client_name=name, has_older=opened.has_older)
            else:
                self._add(opened.messages)
            self._head.refresh_with(opened)
            self._draw_side(opened)

    def _build(self) -> ChatViewer:
        self.place.clear()
        self.close_link()
        self._head = DialogHead()
        with ui.element('div').classes('dialog-parts') as parts:
            chat = ChatViewer(zone=self.view.salon.timezone, on_older=self.older)
            self.side = ui.element('div').classes('dialog-facts')
        self._head.on_details(lambda: parts.classes(toggle='shows-facts'))
        return chat

    def _draw_side(self, opened: OpenDialog) -> None:
        self.side.clear()
        with self.side:
            dialog_side(
                opened,
                zone=self.view.salon.timezone,
                currency=self.view.salon.currency,
                address=self.view.address_of,
                all_address=DialogQuery(client=opened.dialog.client_id).address(),
            )

    def _add(self, messages: list[Message]) -> None:
        known = {message.id for message in self.messages}
        added = [message for message in messages if message.id not in known]
        if added and self.chat:
            self.messages = sorted([*self.messages, *added], key=lambda message: (message.created_at, message.id))
            self.chat.append(added)

    # --- more messages

    async def older(self) -> None:
        """Read what was written before."""
        session_id, key, chat = self.uuid, self.key, self.chat
        if session_id is None or chat is None or not self.messages:
            return
        try:
            answer = await self.view.data.dialogs.older(session_id, self.messages[0])
        except DataError as error:
            chat.older_failed()
            self.view.tell(explain(error))
            return
        if self.is_shown(key):
            self.messages = [*answer.messages, *self.messages]
            chat.prepend(answer.messages, has_older=answer.has_older)

    async def newer(self) -> None:
        """Read what was written since."""
        session_id, key = self.uuid, self.key
        if session_id is None or self.opened is None:
            return
        if not self.messages:
            await self.load()
            return
        self.data.serial = self._serial
        try:
            answer = await self.data.dialogs.newer(session_id, self.messages[-OVERLAP:][0])
        except DataError as error:
            self.fail(key, error)
            return
        if self.is_shown(key):
            with self.root:
                self._add(answer.messages)

    def on_change(self, change: Change) -> None:
        """New messages are added; when the dialog itself changed, all of it is read anew."""
        if self.opened is None:
            return
        self._serial = change.serial
        is_ours = change.key is None or change.key in {str(self.uuid), str(self.opened.dialog.client_id)}
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
