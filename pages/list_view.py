"""What pages with a list have in common: filters in the address, rows, their number, and one row opened beside them.

Its one rule: what is on screen always belongs to the address; an answer for another query is dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Generic, Protocol, Self, TypeVar

from nicegui import ui

from auth import Session
from components.i18n import _
from components.states import skeleton_rows
from data import DataError
from models import Count, Period, Query, Salon
from pages.side_panel import SidePanel
from pages.view import Address, View, explain, failure

Q = TypeVar('Q', bound=Query)
R = TypeVar('R')
LONGEST_PAGE = 500
"""So many rows that "show more" brought stay through a live update."""


class Page(Protocol[R]):
    """Some rows, and the key of those after them."""

    @property
    def rows(self) -> list[R]: ...
    @property
    def next(self) -> Mapping[str, Any] | None: ...
    def model_copy(self, *, update: Mapping[str, Any]) -> Self: ...


class Source(Protocol[R]):
    """What a list is read from; see data.py."""

    PAGE_SIZE: int
    LARGEST_PAGE: int

    async def page(self, query: Any, after: Mapping[str, Any] | None = None, *, size: int = ...) -> Page[R]: ...
    async def count(self, query: Any) -> Count: ...


class ListView(View, Generic[Q, R]):
    """A page with a list. Its own view builds what surrounds the rows and draws them."""

    query_type: type[Q]
    panel: SidePanel[Any] | None = None
    """What opens beside the list, if anything does."""

    def __init__(self, session: Session, salon: Salon, address: Address) -> None:
        super().__init__(session, salon, address)
        self.query, self.unknown = self.query_type.from_params(address.params, self.today)
        self.rows: list[R] = []
        self.next: Mapping[str, Any] | None = None
        self.listed: Q | None = None
        """The query that the rows belong to."""
        self.count = Count(rows=0)

    # --- what a page writes itself

    @property
    def source(self) -> Source[R]:
        """What the list is read from."""
        raise NotImplementedError

    def relink(self) -> None:
        """Show the query in the filters and whatever else leads on from it."""

    def show_rows(self) -> None:
        """Draw the rows."""
        raise NotImplementedError

    def draw_empty(self) -> None:
        """Say why there are no rows."""
        raise NotImplementedError

    def words_of(self, count: Count) -> str:
        """How many rows there are, in words."""
        raise NotImplementedError

    async def fetch_beside(self, query: Q) -> Any:
        """What else the page shows, asked for at the same time."""

    def keep(self, page_: Any, count: Count, beside: Any) -> None:
        """Keep what was read for the page's query."""
        self.rows, self.next, self.count, self.listed = page_.rows, page_.next, count, self.query

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to list."""
        return not self.rows

    # --- building

    def open(self) -> None:
        super().open()
        with self.root:
            self._relink()

    def build_number(self) -> None:
        """The words for how many there are."""
        self.count_text = ui.label().classes('muted small').props('role=status')

    def build_unknown(self) -> None:
        """The note on what the address asks for and nobody understands."""
        self.unknown_note = ui.label().classes('note tone-warn')

    def build_rows(self, place: ui.element) -> None:
        """`place` has the rows; a skeleton and what is said instead of them belong to it."""
        self.rows_place = place
        place.set_visibility(False)
        self.skeleton = skeleton_rows(8)
        self.empty = ui.element('div')

    def build_split(self) -> None:
        """The list, and beside it the panel; on a phone one of them fills the screen."""
        with ui.element('div').classes('split') as self.split:
            with ui.element('div').classes('split-list'):
                self.build_list()
            with ui.element('div').classes('split-side'):
                self.panel = self.make_panel()
        self.open_panel()

    def build_list(self) -> None:
        """What stands on the list's side."""

    def make_panel(self) -> SidePanel[Any]:
        """What opens beside the list."""
        raise NotImplementedError

    # --- the address

    @property
    def path(self) -> str:
        """The page's path with the row that is open."""
        return f'{self.query.PATH}/{self.address.rest}' if self.address.rest else self.query.PATH

    def list_address(self) -> str:
        """This list with nothing open."""
        return self.query.address()

    def apply(self, query: Q) -> None:
        """Other filters, period or order: they belong in the address."""
        ui.navigate.to(query.address(self.path))

    def pick(self, period: Period) -> None:
        """Another period was chosen."""
        self.apply(self.query.replace(period=period))

    async def go(self, address: Address) -> None:
        is_other_list, self.address = address.params != self.address.params, address
        self.query, self.unknown = self.query_type.from_params(address.params, self.today)
        if self.panel:
            self.open_panel()
        self._relink()
        await asyncio.gather(
            View.load(self) if is_other_list else asyncio.sleep(0),
            self.panel.load() if self.panel else asyncio.sleep(0),
        )

    def open_panel(self) -> None:
        """Turn to the row that the address names, or to none."""
        assert self.panel
        self.split.classes(add='has-dialog') if self.address.rest else self.split.classes(remove='has-dialog')
        self.panel.open(self.address.rest)

    def _relink(self) -> None:
        self.relink()
        self.unknown_note.set_visibility(bool(self.unknown))
        self.unknown_note.set_text(
            _('Not understood in the address and left out: {names}.').format(names=', '.join(self.unknown))
        )

    # --- reading

    async def load(self) -> None:
        await asyncio.gather(super().load(), self.panel.refresh() if self.panel else asyncio.sleep(0))

    async def fetch(self) -> None:
        query = self.query = self.query_type.from_params(self.address.params, self.today)[0]
        page_, count, beside = await asyncio.gather(
            self._read(query), self.source.count(query), self.fetch_beside(query)
        )
        if query == self.query:
            self.keep(page_, count, beside)

    async def _read(self, query: Q) -> Page[R]:
        """As many rows as are shown, in as few requests as the database allows."""
        source = self.source
        shown = min(len(self.rows), LONGEST_PAGE) if query == self.listed else 0
        page_ = await source.page(query, size=min(max(source.PAGE_SIZE, shown), source.LARGEST_PAGE))
        while page_.next and len(page_.rows) < shown:
            further = await source.page(query, page_.next, size=min(shown - len(page_.rows), source.LARGEST_PAGE))
            page_ = page_.model_copy(update={'rows': [*page_.rows, *further.rows], 'next': further.next})
        return page_

    async def more(self) -> None:
        """Read the next page."""
        query, key = self.query, self.next
        if key is None or query != self.listed:
            return
        try:
            page_ = await self.source.page(query, key)
        except DataError as error:
            self.tell(explain(error))
        else:
            if (query, key) == (self.query, self.next) and self.is_open:
                self.add(page_)
        self.show_rows()

    def add(self, page_: Any) -> None:
        """Keep the next page."""
        self.rows, self.next = [*self.rows, *page_.rows], page_.next

    # --- drawing

    def draw(self) -> None:
        self.skeleton.set_visibility(False)
        self._relink()
        self.count_text.set_text(self.words_of(self.count))
        self.rows_place.set_visibility(not self.is_empty)
        self.show_rows()
        self.empty.clear()
        if self.is_empty:
            with self.empty:
                self.draw_empty()

    def show_error(self, error: DataError) -> None:
        self.skeleton.set_visibility(False)
        self.rows_place.set_visibility(False)
        self.count_text.set_text('')
        self.empty.clear()
        with self.empty:
            failure(error, on_retry=self.load)
