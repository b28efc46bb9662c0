"""One client, opened beside the list: the card with what can be done, and all dialogs.

Its one rule: forms stand apart from the card, so that a live update may draw it anew while somebody types.
"""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nicegui import ui

from components import client_card as card
from components import client_history as history
from components.button import button
from components.client_words import why_not_invite
from components.dialog_list import DialogList
from components.i18n import _, ngettext
from data import DataError, NotFound
from models import Dialog, DialogPage, DialogQuery, OpenClient
from pages.side_panel import SidePanel
from pages.view import explain

if TYPE_CHECKING:
    from pages.clients import ClientsView


class OpenClientPanel(SidePanel[tuple[OpenClient, DialogPage]]):
    """The right side of the clients page."""

    CLASSES = 'client-panel'
    view: 'ClientsView'
    opened: OpenClient | None

    @property
    def missing(self) -> str:
        return _('There is no such client')

    def forget(self) -> None:
        super().forget()
        self.dialogs: list[Dialog] = []
        self.next: Mapping[str, Any] | None = None

    async def read(self) -> tuple[OpenClient, DialogPage]:
        client = self.uuid
        if client is None:
            raise NotFound('the address names no client')
        data = self.view.data
        return await asyncio.gather(data.clients.open(client), data.dialogs.page(DialogQuery(client=client)))

    def keep(self, answer: tuple[OpenClient, DialogPage]) -> None:
        self.opened, page_ = answer
        newest = [*page_.active, *page_.rows]
        known = {dialog.session_id for dialog in newest}
        older = [dialog for dialog in self.dialogs if dialog.session_id not in known and not dialog.is_active]
        self.dialogs = [*newest, *older]
        self.next = self.next if older else page_.next

    async def more(self) -> None:
        """Read older dialogs."""
        client, key = self.uuid, self.next
        if client is None or key is None:
            return
        try:
            page_ = await self.view.data.dialogs.page(DialogQuery(client=client), key)
        except DataError as error:
            self.view.tell(explain(error))
        else:
            if (client, key) == (self.uuid, self.next) and self.view.is_open:
                self.dialogs, self.next = [*self.dialogs, *page_.rows], page_.next
        self._show_dialogs()

    # --- drawing

    def draw(self) -> None:
        """Show what was read."""
        opened = self.opened
        if opened is None:
            return
        acts, salon = self.view.acts, self.view.salon
        if self.place.is_new(opened, self.view.list_address(), acts.may_act, acts.unable, self.view.today, salon):
            with self.root:
                self._draw(opened)
        else:
            self._show_dialogs()

    def _draw(self, opened: OpenClient) -> None:
        self.close_link()
        with ui.element('div').classes('dialog-head-line'):
            name = (opened.client.name or _('No name'))[:120]
            ui.label(name).classes('dialog-name grow').props('dir=auto role=heading aria-level=2')
        with ui.element('div').classes('client-body'):
            self._draw_card(opened)
            self._draw_dialogs(opened)

    def _draw_card(self, opened: OpenClient) -> None:
        salon, acts = self.view.salon, self.view.acts
        card.contact(opened)
        if acts.may_act:
            self._draw_acts(opened)
        card.refused_note(opened)
        card.win_back(opened.client, zone=salon.timezone, today=self.view.today, currency=salon.currency)
        card.facts(opened.client, zone=salon.timezone, currency=salon.currency)
        card.comparison(opened.client, opened.memory)
        if opened.notes:
            card.block(_('Notes'))
            history.notes(opened.notes, zone=salon.timezone, on_remove=acts.remove_note if acts.may_act else None)
        if opened.commands:
            card.block(_('Written from here'))
            retry = acts.retry if acts.may_act else None
            history.messages(opened.commands, zone=salon.timezone, on_retry=retry, unable=acts.unable)
        if opened.wishes:
            card.block(_('Waiting list'))
            history.wishes(opened.wishes, zone=salon.timezone)

    def _draw_acts(self, opened: OpenClient) -> None:
        acts = self.view.acts
        refused = '' if opened.wants_messages else _('The client does not want messages.')
        why = why_not_invite(opened.client, zone=self.view.salon.timezone) or refused or acts.unable
        with ui.element('div').classes('entry-acts'):
            write = button(_('Write'), icon='chat', on_click=lambda: acts.write(opened))
            invite = button(_('Invite back'), icon='gift', on_click=lambda: acts.invite(opened))
            note = button(_('Note'), icon='note', on_click=lambda: acts.add_note(opened))
        for element, act in ((write, 'write'), (invite, 'invite'), (note, 'note')):
            element.props['data-act'] = act
        for element, reason in ((write, refused or acts.unable), (invite, why)):
            element.set_enabled(not reason)
            element.props['title'] = reason
        if why and why != refused:
            ui.label(why).classes('muted small')

    def _draw_dialogs(self, opened: OpenClient) -> None:
        number = opened.client.dialogs
        card.block(_('Dialogs'), ngettext('{number} dialog', '{number} dialogs', number).format(number=number))
        self.list = DialogList(on_more=self.more)
        self._show_dialogs()

    def _show_dialogs(self) -> None:
        salon = self.view.salon
        self.list.show(
            self.dialogs, zone=salon.timezone, currency=salon.currency, has_more=self.next is not None,
            address=lambda dialog: f'/sessions/{dialog.session_id}',
        )  # fmt: skip
