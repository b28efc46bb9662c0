"""Broadcasts: all of them, or the one whose key stands in the address.

Its one rule: nothing goes out from here but by an act that says beforehand how many people it reaches.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from nicegui import ui

from components.broadcast_rows import broadcast_rows
from components.button import button
from components.i18n import N_, _
from components.page_head import page_head
from components.states import empty_state, skeleton_rows
from data import DataError
from models import Broadcast, ClientQuery, Role
from pages import page
from pages.broadcast_acts import BroadcastActs
from pages.open_broadcast import OpenBroadcastPanel, act
from pages.view import Address, View, explain, failure

NEW = 'new'
"""`/broadcasts/new?kind=...` opens the form for these clients."""
LONGEST_PAGE = 200


@page('/broadcasts', title=N_('Broadcasts'), icon='broadcast', allowed=Role.ADMIN)
class BroadcastsView(View):
    """The list, or one broadcast that fills the page."""

    reloads_on: ClassVar[tuple[str, ...]] = ('broadcasts',)

    def build(self) -> None:
        self.rows: list[Broadcast] = []
        self.next: Mapping[str, Any] | None = None
        self.acts = BroadcastActs(self)
        self.list_place = ui.element('div').classes('stack')
        with self.list_place:
            with page_head(_('Broadcasts'), _('One message to many clients, sent by the bot')):
                act('write', button(_('New broadcast'), kind='primary', icon='plus', on_click=self.write))
            self.rows_place = ui.element('div')
            with self.rows_place:
                skeleton_rows(4)
        self.panel = OpenBroadcastPanel(self, self.acts)
        self._show_place()

    @property
    def is_list(self) -> bool:
        """Whether the list is shown, and not one broadcast."""
        return self.address.rest in {'', NEW}

    def _show_place(self) -> None:
        self.list_place.set_visibility(self.is_list)
        self.panel.open('' if self.is_list else self.address.rest, self.address.params)

    async def go(self, address: Address) -> None:
        if address.rest != self.address.rest:
            self.shown_for = None
        self.address = address
        self._show_place()
        await self.load()

    # --- reading

    async def load(self) -> None:
        await super().load()
        if self.address.rest == NEW and self.is_open and self.error is None:
            audience = ClientQuery.from_params(self.address.params, self.today)[0]
            self.address = Address()  # what a live update brings must not open the form again
            await self.acts.write(audience)

    async def fetch(self) -> None:
        if not self.is_list:
            await self.panel.fetch()
            return
        found = await self.data.broadcasts.page(size=min(max(30, len(self.rows)), LONGEST_PAGE))
        self.rows, self.next = found.rows, found.next

    async def more(self) -> None:
        """Read the next page."""
        key = self.next
        if key is None:
            return
        try:
            found = await self.data.broadcasts.page(key)
        except DataError as error:
            self.acts.tell(explain(error))
        else:
            if key == self.next and self.is_open:
                self.rows, self.next = self.rows + found.rows, found.next
                with self.root:
                    self._draw_list()

    # --- acts

    async def write(self) -> None:
        """A new broadcast to all clients."""
        await self.acts.write(ClientQuery())

    def on_bot(self) -> None:
        with self.root:
            self.panel.draw()

    # --- drawing

    def draw(self) -> None:
        if self.is_list:
            self._draw_list()
        else:
            self.panel.draw()

    def _draw_list(self) -> None:
        self.rows_place.clear()
        with self.rows_place:
            if not self.rows:
                empty_state(
                    _('No broadcasts yet'),
                    _('Tell your clients about free days, a new specialist or the holidays. Before anything goes out'
                      ' you see who gets it and how it reads.'),
                    icon_name='broadcast',
                )  # fmt: skip
                return
            broadcast_rows(self.rows, zone=self.salon.timezone, address=lambda row: f'/broadcasts/{row.id}')
            if self.next:
                with ui.element('div').classes('dialog-more'):
                    button(_('Show more'), on_click=self.more)

    def show_error(self, error: DataError) -> None:
        if not self.is_list:
            self.panel.show_error(error)
            return
        self.rows_place.clear()
        with self.rows_place:
            failure(error, on_retry=self.load)
