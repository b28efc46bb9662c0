"""The clients: who they are, who is worth winning back, and one client's card opened beside them.

Its one rule: filters, order and the open client live in the address, so that a copied link shows the same.
"""

import asyncio
from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from nicegui import ui

from components.client_list import ClientList
from components.export_columns import CLIENTS as CLIENTS_COLUMNS
from components.filters import CLIENTS, FilterBar
from components.i18n import N_, _, format_number, ngettext
from components.labels import label_of
from components.link import link
from components.native_select import NativeSelect
from components.page_head import page_head
from components.states import empty_state, skeleton_rows
from data import DataError
from models import Client, ClientKind, ClientPage, ClientQuery, ClientSort, Count, Role
from pages import page
from pages.client_acts import ClientActs
from pages.export import Exports
from pages.open_client import OpenClientPanel
from pages.saved_views import SavedViews
from pages.view import Address, View, explain, failure

LONGEST_PAGE = 500
"""So many rows that "show more" brought stay through a live update."""
WIN_BACK = ClientQuery(kind=ClientKind.OVERDUE, sort=ClientSort.AT_STAKE)


@page('/clients', title=N_('Clients'), icon='clients', allowed=Role.STAFF)
class ClientsView(View):
    """The list on the left, the card beside it; on a phone one of them fills the screen."""

    reloads_on: ClassVar[tuple[str, ...]] = (
        'conversation_sessions_v2', 'active_sessions_v2', 'clients_v2', 'client_notes', 'bot_commands', 'wishlist_v2',
        'metrics_dailies',
    )  # fmt: skip

    def build(self) -> None:
        self.query, self.unknown = ClientQuery.from_params(self.address.params, self.today)
        self.clients: list[Client] = []
        self.staff: Sequence[tuple[str, str]] = []
        self.next: dict[str, object] | None = None
        self.listed: ClientQuery | None = None
        self.count = Count(rows=0)
        self.acts = ClientActs(self, done=self.load)
        self.saved = SavedViews(self, self.acts)
        with ui.element('div').classes('split') as self.split:
            with ui.element('div').classes('split-list'):
                self._build_list()
            with ui.element('div').classes('split-side'):
                self.panel = OpenClientPanel(self, closed=self.list_address)
        self._open_panel()

    def _build_list(self) -> None:
        with page_head(_('Clients')):
            if Exports.is_open_to(self):
                self.exports = Exports(
                    self, what='clients', columns=CLIENTS_COLUMNS, count=lambda: self.count,
                    rows=lambda: self.data.clients.all(self.query), address=self.list_address,
                )  # fmt: skip
        self.tabs = ui.element('nav').classes('tabs')
        self.tabs.props['aria-label'] = _('Which clients')
        self.filters = FilterBar(query=self.query, on_change=self.apply, kind=CLIENTS)
        self.filter_acts = ui.element('div').classes('row-of')
        self.unknown_note = ui.label().classes('note tone-warn')
        with ui.element('div').classes('list-foot'):
            self.count_text = ui.label().classes('muted small grow').props('role=status')
            self.sort = NativeSelect(
                options=[(sort.value, label_of(sort).text) for sort in ClientSort],
                value=self.query.sort.value, label=_('Order'), on_choose=self.order,
            )  # fmt: skip
        self.skeleton = skeleton_rows(8)
        self.list = ClientList(on_invite=self.invite, on_more=self.more)
        self.list.set_visibility(False)
        self.empty = ui.element('div')
        self._relink()

    # --- the address

    def list_address(self) -> str:
        """This list without an open client."""
        return self.query.address()

    def apply(self, query: ClientQuery) -> None:
        """Other filters or another order: they belong in the address."""
        rest = f'/{self.address.rest}' if self.address.rest else ''
        ui.navigate.to(query.address(f'/clients{rest}'))

    def order(self, sort: str) -> None:
        """Another order was chosen."""
        self.apply(self.query.replace(sort=ClientSort(sort)))

    async def go(self, address: Address) -> None:
        is_other_list, self.address = address.params != self.address.params, address
        self.query, self.unknown = ClientQuery.from_params(address.params, self.today)
        self._open_panel()
        self._relink()
        await asyncio.gather(super().load() if is_other_list else asyncio.sleep(0), self.panel.load())

    def _open_panel(self) -> None:
        self.split.classes(add='has-dialog') if self.address.rest else self.split.classes(remove='has-dialog')
        self.panel.open(self.address.rest)
        self.list.select(self.panel.client_id)

    def _relink(self) -> None:
        self.sort._props['value'] = self.query.sort.value
        self.filters.show(self.query, names=dict(self.staff), choices={'staff': self.staff})
        self.unknown_note.set_visibility(bool(self.unknown))
        self.unknown_note.set_text(
            _('Not understood in the address and left out: {names}.').format(names=', '.join(self.unknown))
        )
        self.tabs.clear()
        with self.tabs:
            for text, query, is_active in (
                (_('All clients'), ClientQuery(), not self.query.is_win_back and not self.saved.active(self.query)),
                (_('To win back'), WIN_BACK, self.query.is_win_back),
            ):
                tab = link(text, to=query.address(), classes='tab is-active' if is_active else 'tab')
                tab.props('aria-current=page' if is_active else '')
            self.saved.draw_tabs(self.query)
        self.filter_acts.clear()
        with self.filter_acts:
            self.saved.draw_acts(self.query)

    # --- reading

    async def load(self) -> None:
        await asyncio.gather(super().load(), self.panel.load())

    async def fetch(self) -> None:
        query = self.query = ClientQuery.from_params(self.address.params, self.today)[0]
        clients = self.data.clients
        shown = min(len(self.clients), LONGEST_PAGE) if query == self.listed else 0
        size = max(clients.PAGE_SIZE, shown)
        page_, count, _saved = await asyncio.gather(
            clients.page(query, size=size), clients.count(query), self.saved.fetch()
        )
        if query == self.query:
            self._keep(page_, count, query)

    def _keep(self, page_: ClientPage, count: Count, query: ClientQuery) -> None:
        self.clients, self.next, self.staff = page_.rows, page_.next, page_.staff
        self.count, self.listed = count, query

    async def more(self) -> None:
        """Read the next page."""
        query, key = self.query, self.next
        if key is None or query != self.listed:
            return
        try:
            page_ = await self.data.clients.page(query, key)
        except DataError as error:
            self.acts.tell(explain(error))
        else:
            if (query, key) == (self.query, self.next) and self.is_open:
                known = {client.id for client in self.clients}
                self.clients += [client for client in page_.rows if client.id not in known]
                self.next = page_.next
        self._show_rows()

    # --- acts

    async def invite(self, key: UUID) -> None:
        """A client of the list is to be invited."""
        for client in self.clients:
            if client.id == key:
                await self.acts.invite_row(client)

    def on_bot(self) -> None:
        with self.root:
            self._show_rows()
            self.panel.draw()

    # --- drawing

    def draw(self) -> None:
        self.skeleton.set_visibility(False)
        self._relink()
        self.count_text.set_text(count_text(self.count))
        self._show_rows()
        self.empty.clear()
        if not self.clients:
            with self.empty:
                self._draw_empty()

    def _show_rows(self) -> None:
        salon = self.salon
        self.list.set_visibility(bool(self.clients))
        self.list.show(
            self.clients, is_win_back=self.query.is_win_back, zone=salon.timezone, today=self.today,
            currency=salon.currency, address=self.address_of, can_invite=self.acts.may_act, unable=self.acts.unable,
            has_more=self.next is not None,
        )  # fmt: skip

    def address_of(self, client: Client) -> str:
        """A client's card, opened beside this list."""
        return self.query.address(f'/clients/{client.id}')

    def show_error(self, error: DataError) -> None:
        self.skeleton.set_visibility(False)
        self.list.set_visibility(False)
        self.count_text.set_text('')
        self.empty.clear()
        with self.empty:
            failure(error, on_retry=self.load)

    def _draw_empty(self) -> None:
        if self.query == WIN_BACK:
            empty_state(_('Nobody to win back'), _('Every client who comes again comes in time.'), icon_name='smile')
        elif self.query.is_filtered:
            empty_state(
                _('No client fits'),
                _('Nobody was found with these filters. Take a filter away.'),
                icon_name='search',
                action=(_('Show all clients'), lambda: ui.navigate.to('/clients')),
            )
        else:
            empty_state(
                _('No clients yet'),
                _('As soon as somebody writes to the bot, the client appears here by itself.'),
                icon_name='clients',
            )


def count_text(count: Count) -> str:
    """How many clients there are, in words; an estimate says so."""
    number = format_number(count.rows)
    if not count.is_exact:
        return _('about {number} clients').format(number=number)
    return ngettext('{number} client', '{number} clients', count.rows).format(number=number)
