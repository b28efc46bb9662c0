"""The waiting list: who waits for a place, what has become of the others, and everything that can be done about it.

Its one rule: the bot's rows are never written; each act says which entry it saw, and the page reads again after it.
"""

import asyncio
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
from components.states import empty_state, error_state, skeleton_rows
from components.waiting_filters import WAITING
from components.waiting_filters import choices as filter_choices
from components.waiting_filters import names as filter_names
from components.waiting_head import draw_tabs, draw_together, show_tiles, tile_labels
from components.waiting_list import WaitingRows
from data import DataError
from models import Count, Period, PeriodName, Role, WaitingEntry, WaitingFigures, WaitingListQuery, WishShown
from pages import page
from pages.export import Exports
from pages.open_entry import OpenEntryPanel
from pages.view import Address, View, explain
from pages.wishlist_acts import WaitingListActs

LONGEST_PAGE = 500
"""So many rows that "show more" brought stay through a live update."""


@page('/wishlist', title=N_('Waiting list'), icon='wishlist', allowed=Role.STAFF)
class WaitingListView(View):
    """Figures, the list, and one entry opened beside it; on a phone one of them fills the screen."""

    reloads_on: ClassVar[tuple[str, ...]] = ('wishlist_v2', 'wishlist_actions', 'bot_commands', 'clients_v2')

    def build(self) -> None:
        self.query, self.unknown = WaitingListQuery.from_params(self.address.params, self.today)
        self.entries: list[WaitingEntry] = []
        self.chosen: list[int] = []
        self.known: set[int] | None = None
        self.new: set[int] = set()
        self.listed: WaitingListQuery | None = None
        self.next: dict[str, object] | None = None
        self.figures: WaitingFigures | None = None
        self.count = Count(rows=0)
        self.acts = WaitingListActs(self, done=self.load)
        with page_head(_('Waiting list')):
            self.picker = PeriodPicker(period=self.period, today=lambda: self.today, on_pick=self.pick)
            if Exports.is_open_to(self):
                self.exports = Exports(
                    self, what='waiting-list', columns=WAITING_LIST, count=lambda: self.count,
                    rows=lambda: self.data.waiting_list.all(self.query), address=self.list_address,
                )  # fmt: skip
        self.tiles = StatTiles(tile_labels())
        with ui.element('div').classes('split') as self.split:
            with ui.element('div').classes('split-list'):
                self._build_list()
            with ui.element('div').classes('split-side'):
                self.panel = OpenEntryPanel(self, closed=self.list_address)
        self._open_panel()

    def _build_list(self) -> None:
        self.tabs = Place(ui.element('nav').classes('tabs'))
        self.tabs.root.props['aria-label'] = _('Which entries')
        self.filters = FilterBar(query=self.query, on_change=self.apply, kind=WAITING)
        self.unknown_note = ui.label().classes('note tone-warn')
        self.together = Place(ui.element('div').classes('together'))
        self.count_text = ui.label().classes('muted small').props('role=status')
        self.skeleton = skeleton_rows(8)
        self.list = WaitingRows(on_choose=self.choose, on_act=self.act, on_more=self.more)
        self.list.set_reachable(is_reachable=bot.is_reachable)
        self.list.set_visibility(False)
        self.empty = ui.element('div')

    # --- the address

    def list_address(self) -> str:
        """This list without an open entry."""
        return self.query.address()

    @property
    def period(self) -> Period:
        """The period of the figures: that of the address, else 30 days."""
        return self.query.period or Period.named(PeriodName.MONTH, self.today)

    def apply(self, query: WaitingListQuery) -> None:
        """Other filters: they belong in the address."""
        ui.navigate.to(query.address(self._path))

    def pick(self, period: Period) -> None:
        """Another period was chosen."""
        ui.navigate.to(self.query.replace(period=period).address(self._path))

    @property
    def _path(self) -> str:
        return f'/wishlist/{self.address.rest}' if self.address.rest else '/wishlist'

    async def go(self, address: Address) -> None:
        is_other_list, self.address = address.params != self.address.params, address
        self.query, self.unknown = WaitingListQuery.from_params(address.params, self.today)
        if is_other_list:
            self.choose([])
        self.picker.show(self.period)
        self._open_panel()
        await asyncio.gather(self.load() if is_other_list else asyncio.sleep(0), self.panel.load())

    def _open_panel(self) -> None:
        self.split.classes(add='has-dialog') if self.address.rest else self.split.classes(remove='has-dialog')
        self.panel.open(self.address.rest)
        self.new.discard(self.panel.entry_id or 0)
        if self.figures:
            self._show_rows()

    # --- reading

    async def load(self) -> None:
        await asyncio.gather(super().load(), self.panel.load())

    async def fetch(self) -> None:
        query = self.query = WaitingListQuery.from_params(self.address.params, self.today)[0]
        data = self.data.waiting_list
        shown = min(len(self.entries), LONGEST_PAGE) if query == self.listed else 0
        page_, count, figures = await asyncio.gather(
            data.page(query, size=max(data.PAGE_SIZE, shown)), data.count(query), data.figures(self.period)
        )
        if query != self.query:
            return
        self.entries, self.next, self.count, self.figures, self.listed = page_.rows, page_.next, count, figures, query
        self.acts.figures = figures
        self._mark_new()

    def _mark_new(self) -> None:
        ids = {entry.id for entry in self.entries}
        if self.known is not None and self.query == self.listed:
            self.new |= {key for key in ids - self.known if key > max(self.known, default=0)}
        self.known = ids | (self.known or set())
        self.chosen = [key for key in self.chosen if key in ids]

    async def more(self) -> None:
        """Read the next page."""
        query, key = self.query, self.next
        if key is None or query != self.listed:
            return
        try:
            page_ = await self.data.waiting_list.page(query, key)
        except DataError as error:
            self.tell(explain(error))
        else:
            if (query, key) == (self.query, self.next) and self.is_open:
                self.entries, self.next = [*self.entries, *page_.rows], page_.next
                self.known = (self.known or set()) | {entry.id for entry in page_.rows}
        self._show_rows()

    # --- acts

    def act(self, act: str, keys: list[int]) -> object:
        """Something is to be done with these entries."""
        return self.acts.begin(act, [entry for entry in self.entries if entry.id in keys])

    def choose(self, keys: list[int]) -> None:
        """These entries are chosen."""
        self.chosen = keys
        self._highlight()
        self._draw_together()

    def tell(self, text: str, *, field: str | None = None) -> None:
        """Say something about the page as a whole."""
        self.acts.toast.show(text)

    def _chosen_entries(self) -> Sequence[WaitingEntry]:
        return [entry for entry in self.entries if entry.id in self.chosen]

    def on_bot(self) -> None:
        self.list.set_reachable(is_reachable=bot.is_reachable)
        with self.root:
            self.panel.draw()

    # --- drawing

    def draw(self) -> None:
        self.skeleton.set_visibility(False)
        self.unknown_note.set_visibility(bool(self.unknown))
        self.unknown_note.set_text(
            _('Not understood in the address and left out: {names}.').format(names=', '.join(self.unknown))
        )
        assert self.figures
        draw_tabs(self.tabs, self.query, self.period, missed=self.figures.missed)
        self.filters.show(
            self.query, names=filter_names(self.query, self.figures), choices=filter_choices(self.figures)
        )
        show_tiles(self.tiles, self.figures, self.period, currency=self.salon.currency)
        number = format_number(self.count.rows)
        self.count_text.set_text(ngettext('{number} wish', '{number} wishes', self.count.rows).format(number=number))
        self._show_rows()
        self._draw_together()
        self.empty.clear()
        if not self.entries:
            with self.empty:
                self._draw_empty()

    def _show_rows(self) -> None:
        self.list.set_visibility(bool(self.entries))
        self.list.show(
            self.entries,
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

    def show_error(self, error: DataError) -> None:
        self.skeleton.set_visibility(False)
        self.list.set_visibility(False)
        self.count_text.set_text('')
        self.empty.clear()
        with self.empty:
            error_state(explain(error), on_retry=self.load)

    def _draw_empty(self) -> None:
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
