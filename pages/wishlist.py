"""The waiting list: who waits for a place, what has become of the others, and everything that can be done about it.

Its one rule: the bot's rows are never written; each act says which entry it saw, and the page reads again after it.
"""

from collections.abc import Sequence
from typing import ClassVar

from nicegui import ui

from bot import bot
from components.export_columns import WAITING_LIST
from components.filters import FilterBar
from components.i18n import N_, _, format_number, ngettext
from components.page_head import page_head
from components.period_picker import PeriodPicker
from components.place import Place
from components.stat_tiles import StatTiles
from components.states import empty_state
from components.waiting_filters import WAITING
from components.waiting_filters import choices as filter_choices
from components.waiting_filters import names as filter_names
from components.waiting_head import draw_tabs, draw_together, show_tiles, tile_labels
from components.waiting_list import WaitingRows
from data import WaitingListData
from models import (
    Count,
    Period,
    PeriodName,
    Role,
    WaitingEntry,
    WaitingFigures,
    WaitingListQuery,
    WaitingPage,
    WishShown,
)
from pages import page
from pages.export import Exports
from pages.list_view import ListView
from pages.open_entry import OpenEntryPanel
from pages.view import Address
from pages.wishlist_acts import WaitingListActs


@page('/wishlist', title=N_('Waiting list'), icon='wishlist', allowed=Role.STAFF)
class WaitingListView(ListView[WaitingListQuery, WaitingEntry]):
    """Figures, the list, and one entry opened beside it; on a phone one of them fills the screen."""

    reloads_on: ClassVar[tuple[str, ...]] = ('wishlist_v2', 'wishlist_actions', 'bot_commands', 'clients_v2')
    query_type = WaitingListQuery
    panel: OpenEntryPanel

    @property
    def source(self) -> WaitingListData:
        return self.data.waiting_list

    def build(self) -> None:
        self.chosen: list[int] = []
        self.known: set[int] | None = None
        self.new: set[int] = set()
        self.figures: WaitingFigures | None = None
        self.acts = WaitingListActs(self, done=self.load)
        with page_head(_('Waiting list')):
            self.picker = PeriodPicker(period=self.period, today=lambda: self.today, on_pick=self.pick)
            if Exports.is_open_to(self):
                self.exports = Exports(self, what='waiting-list', columns=WAITING_LIST, rows=self.source.all)
        self.tiles = StatTiles(tile_labels())
        self.build_split()

    def build_list(self) -> None:
        self.tabs = Place(ui.element('nav').classes('tabs'))
        self.tabs.root.props['aria-label'] = _('Which entries')
        self.filters = FilterBar(query=self.query, on_change=self.apply, kind=WAITING)
        self.build_unknown()
        self.together = Place(ui.element('div').classes('together'))
        self.build_number()
        self.list = WaitingRows(on_choose=self.choose, on_act=self.act, on_more=self.more)
        self.list.set_reachable(is_reachable=bot.is_reachable)
        self.build_rows(self.list)

    def make_panel(self) -> OpenEntryPanel:
        return OpenEntryPanel(self)

    # --- the address

    @property
    def period(self) -> Period:
        """The period of the figures: that of the address, else 30 days."""
        return self.query.period or Period.named(PeriodName.MONTH, self.today)

    async def go(self, address: Address) -> None:
        if address.params != self.address.params:
            self.choose([])
        await super().go(address)

    def open_panel(self) -> None:
        super().open_panel()
        self.new.discard(self.panel.entry_id or 0)
        if self.figures:
            self.show_rows()

    def relink(self) -> None:
        self.picker.show(self.period)
        if self.figures:
            draw_tabs(self.tabs, self.query, self.period, missed=self.figures.missed)
            self.filters.show(
                self.query, names=filter_names(self.query, self.figures), choices=filter_choices(self.figures)
            )

    # --- reading

    async def fetch_beside(self, query: WaitingListQuery) -> WaitingFigures:
        return await self.source.figures(self.period)

    def keep(self, page_: WaitingPage, count: Count, beside: WaitingFigures) -> None:
        super().keep(page_, count, beside)
        self.figures = self.acts.figures = beside
        ids = {entry.id for entry in self.rows}
        if self.known is not None:
            self.new |= {key for key in ids - self.known if key > max(self.known, default=0)}
        self.known = ids | (self.known or set())
        self.chosen = [key for key in self.chosen if key in ids]

    def add(self, page_: WaitingPage) -> None:
        super().add(page_)
        self.known = (self.known or set()) | {entry.id for entry in page_.rows}

    # --- acts

    def act(self, act: str, keys: list[int]) -> object:
        """Something is to be done with these entries."""
        return self.acts.begin(act, [entry for entry in self.rows if entry.id in keys])

    def choose(self, keys: list[int]) -> None:
        """These entries are chosen."""
        self.chosen = keys
        self._highlight()
        self._draw_together()

    def tell(self, text: str, *, field: str | None = None) -> None:
        self.acts.toast.show(text)

    def _chosen_entries(self) -> Sequence[WaitingEntry]:
        return [entry for entry in self.rows if entry.id in self.chosen]

    def on_bot(self) -> None:
        self.list.set_reachable(is_reachable=bot.is_reachable)
        with self.root:
            self.panel.draw()

    # --- drawing

    def draw(self) -> None:
        super().draw()
        assert self.figures
        show_tiles(self.tiles, self.figures, self.period, currency=self.salon.currency)
        self._draw_together()

    def show_rows(self) -> None:
        self.list.show(
            self.rows,
            zone=self.salon.timezone,
            today=self.today,
            currency=self.salon.currency,
            address=lambda key: self.query.address(f'/wishlist/{key}'),
            new=self.new,
            has_more=self.next is not None,
        )
        self._highlight()

    def _highlight(self) -> None:
        self.list.highlight(chosen=self.chosen, opened=self.panel.entry_id)

    def _draw_together(self) -> None:
        draw_together(self.together, self._chosen_entries(), on_act=self._act_together, on_none=self._choose_none)

    def _act_together(self, act: str) -> object:
        return self.acts.begin(act, self._chosen_entries())

    def _choose_none(self) -> None:
        self.choose([])

    def words_of(self, count: Count) -> str:
        return ngettext('{number} wish', '{number} wishes', count.rows).format(number=format_number(count.rows))

    def draw_empty(self) -> None:
        if self.query.is_filtered or self.query.shown is not WishShown.WAITING:
            empty_state(
                _('Nothing fits'),
                _('No wish was found like this. Widen the period or take a filter away.'),
                icon_name='search',
                action=(_('Who waits now'), lambda: ui.navigate.to('/wishlist')),
            )
        else:
            empty_state(
                _('Nobody is waiting'),
                _('When a client asks the bot for a time that is taken, the wish appears here by itself.'),
                icon_name='wishlist',
            )
