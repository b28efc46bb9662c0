"""The clients: who they are, who is worth winning back, and one client's card opened beside them.

Its one rule: filters, order and the open client live in the address, so that a copied link shows the same.
"""

from collections.abc import Sequence
from typing import Any, ClassVar
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
from components.states import empty_state
from data import ClientData
from models import Client, ClientKind, ClientPage, ClientQuery, ClientSort, Count, Role
from pages import page
from pages.client_acts import ClientActs
from pages.export import Exports
from pages.list_view import ListView
from pages.open_client import OpenClientPanel
from pages.saved_views import SavedViews

WIN_BACK = ClientQuery(kind=ClientKind.OVERDUE, sort=ClientSort.AT_STAKE)


@page('/clients', title=N_('Clients'), icon='clients', allowed=Role.STAFF)
class ClientsView(ListView[ClientQuery, Client]):
    """The list on the left, the card beside it; on a phone one of them fills the screen."""

    reloads_on: ClassVar[tuple[str, ...]] = (
        'conversation_sessions_v2', 'active_sessions_v2', 'clients_v2', 'client_notes', 'bot_commands', 'wishlist_v2',
        'metrics_dailies',
    )  # fmt: skip
    query_type = ClientQuery
    panel: OpenClientPanel

    @property
    def source(self) -> ClientData:
        return self.data.clients

    def build(self) -> None:
        self.staff: Sequence[tuple[str, str]] = []
        self.acts = ClientActs(self, done=self.load)
        self.saved = SavedViews(self, self.acts)
        self.build_split()

    def build_list(self) -> None:
        with page_head(_('Clients')):
            if Exports.is_open_to(self):
                self.exports = Exports(self, what='clients', columns=CLIENTS_COLUMNS, rows=self.source.all)
        self.tabs = ui.element('nav').classes('tabs')
        self.tabs.props['aria-label'] = _('Which clients')
        self.filters = FilterBar(query=self.query, on_change=self.apply, kind=CLIENTS)
        self.filter_acts = ui.element('div').classes('row-of')
        self.build_unknown()
        with ui.element('div').classes('list-foot'):
            self.build_number()
            self.count_text.classes('grow')
            self.sort = NativeSelect(
                options=[(sort.value, label_of(sort).text) for sort in ClientSort],
                value=self.query.sort.value, label=_('Order'), on_choose=self.order,
            )  # fmt: skip
        self.list = ClientList(on_invite=self.invite, on_more=self.more)
        self.build_rows(self.list)

    def make_panel(self) -> OpenClientPanel:
        return OpenClientPanel(self)

    # --- the address

    def order(self, sort: str) -> None:
        """Another order was chosen."""
        self.apply(self.query.replace(sort=ClientSort(sort)))

    def open_panel(self) -> None:
        super().open_panel()
        self.list.select(self.panel.uuid)

    def relink(self) -> None:
        self.sort._props['value'] = self.query.sort.value
        self.filters.show(self.query, names=dict(self.staff), choices={'staff': self.staff})
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

    async def fetch_beside(self, query: ClientQuery) -> None:
        await self.saved.fetch()

    def keep(self, page_: ClientPage, count: Count, beside: Any) -> None:
        super().keep(page_, count, beside)
        self.staff = page_.staff

    def add(self, page_: ClientPage) -> None:
        known = {client.id for client in self.rows}
        super().add(page_.model_copy(update={'rows': [client for client in page_.rows if client.id not in known]}))

    # --- acts

    async def invite(self, key: UUID) -> None:
        """A client of the list is to be invited."""
        for client in self.rows:
            if client.id == key:
                await self.acts.invite_row(client)

    def tell(self, text: str, *, field: str | None = None) -> None:
        self.acts.tell(text)

    def on_bot(self) -> None:
        with self.root:
            self.show_rows()
            self.panel.draw()

    # --- drawing

    def show_rows(self) -> None:
        salon = self.salon
        self.list.show(
            self.rows, is_win_back=self.query.is_win_back, zone=salon.timezone, today=self.today,
            currency=salon.currency, address=self.address_of, can_invite=self.acts.may_act, unable=self.acts.unable,
            has_more=self.next is not None,
        )  # fmt: skip

    def address_of(self, client: Client) -> str:
        """A client's card, opened beside this list."""
        return self.query.address(f'/clients/{client.id}')

    def draw_empty(self) -> None:
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

    def words_of(self, count: Count) -> str:
        number = format_number(count.rows)
        if not count.is_exact:
            return _('about {number} clients').format(number=number)
        return ngettext('{number} client', '{number} clients', count.rows).format(number=number)
