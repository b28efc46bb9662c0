"""The audit: who did what, when and from where.

Its one rule: it only reads; which lines there are is decided by row-level security.
"""

import asyncio
from typing import ClassVar

from nicegui import ui

from components.audit_list import AuditList
from components.audit_texts import ACTIONS, action_text
from components.export_columns import AUDIT
from components.i18n import N_, _, format_number, ngettext
from components.link import link
from components.list_filters import FilterList, ListFilters
from components.page_head import page_head
from components.period_picker import PeriodPicker
from components.states import empty_state, error_state, skeleton_rows
from data import DataError
from models import AuditLine, AuditQuery, Count, Period, Role
from pages import page
from pages.export import Exports
from pages.view import Address, View, explain


@page('/audit', title=N_('Journal'), icon='note', allowed=Role.ADMIN)
class AuditView(View):
    """Filters and the lines, newest first."""

    reloads_on: ClassVar[tuple[str, ...]] = ('audits',)

    def build(self) -> None:
        self.query, self.unknown = AuditQuery.from_params(self.address.params, self.today)
        self.listed: AuditQuery | None = None
        self.lines: list[AuditLine] = []
        self.people: list[tuple[int, str]] = []
        self.next: dict[str, object] | None = None
        self.count = Count(rows=0)
        with page_head(_('Journal'), _('Who did what, when and from where')):
            self.picker = PeriodPicker(period=self.query.period, today=lambda: self.today, on_pick=self.pick)
            self.exports = Exports(
                self, what='audit', columns=AUDIT, count=lambda: self.count,
                rows=lambda: self.data.audit.all(self.query), address=self.list_address,
            )  # fmt: skip
        self.filters = ListFilters(
            placeholder=_('Words of the entry'), on_change=self.change, on_clear=lambda: ui.navigate.to('/audit')
        )
        self.unknown_note = ui.label().classes('note tone-warn')
        with ui.element('div').classes('list-foot'):
            self.count_text = ui.label().classes('muted small').props('role=status')
            self.all_time = link(_('All time'), to=self.query.replace(period=None).address())
        self.skeleton = skeleton_rows(8)
        with ui.element('section').classes('card user-card') as self.card:
            self.list = AuditList(on_more=self.more)
        self.card.set_visibility(False)
        self.empty = ui.element('div')
        self._show_filters()

    # --- the address

    def list_address(self) -> str:
        """This list."""
        return self.query.address()

    def pick(self, period: Period) -> None:
        """Another period was chosen."""
        ui.navigate.to(self.query.replace(period=period).address())

    def change(self, name: str, value: str) -> None:
        """Another filter."""
        read, unknown = AuditQuery.from_params({name: value} if value else {}, self.today)
        if not unknown:
            ui.navigate.to(self.query.replace(**{name: getattr(read, name)}).address())

    async def go(self, address: Address) -> None:
        self.address = address
        self.query, self.unknown = AuditQuery.from_params(address.params, self.today)
        self.picker.show(self.query.period)
        self._show_filters()
        await self.load()

    def _show_filters(self) -> None:
        query = self.query
        words = list(ACTIONS) + ([query.action] if query.action and query.action not in ACTIONS else [])
        people = [(str(number), name) for number, name in self.people]
        lists = [
            FilterList('action', _('What'), query.action or '', [(word, action_text(word)) for word in words]),
            FilterList('person', _('Who'), str(query.person or ''), people),
        ]
        if self.session.user.role is Role.SUPER_ADMIN:
            salons = [(str(salon.id), salon.name) for salon in self.session.who.salons]
            lists.append(FilterList('salon', _('Salon'), str(query.salon or ''), salons))
        self.filters.show(search=query.search or '', lists=lists)
        self.all_time.props['href'] = query.replace(period=None).address()
        self.all_time.set_visibility(query.period is not None)

    # --- reading

    async def fetch(self) -> None:
        query = self.query = AuditQuery.from_params(self.address.params, self.today)[0]
        audit = self.data.audit
        read, count, people = await asyncio.gather(audit.page(query), audit.count(query), audit.people())
        if query != self.query:
            return
        self.people, self.count = people, count
        older = [line for line in self.lines if is_below(line, read.rows)] if query == self.listed else []
        self.lines, self.listed = [*read.rows, *older], query
        if not older:
            self.next = read.next

    async def more(self) -> None:
        """Read the next page."""
        query, key = self.query, self.next
        if key is None or query != self.listed:
            return
        try:
            read = await self.data.audit.page(query, key)
        except DataError as error:
            ui.notify(explain(error))
        else:
            if (query, key) == (self.query, self.next) and self.is_open:
                self.lines, self.next = [*self.lines, *read.rows], read.next
        self._show_rows()

    # --- drawing

    def draw(self) -> None:
        self.skeleton.set_visibility(False)
        self._show_filters()
        self.unknown_note.set_visibility(bool(self.unknown))
        self.unknown_note.set_text(
            _('Not understood in the address and left out: {names}.').format(names=', '.join(self.unknown))
        )
        self.count_text.set_text(count_text(self.count))
        self._show_rows()
        self.empty.clear()
        if not self.lines:
            with self.empty:
                self._draw_empty()

    def _show_rows(self) -> None:
        self.card.set_visibility(bool(self.lines))
        self.list.show(self.lines, zone=self.salon.timezone, has_more=self.next is not None)

    def _draw_empty(self) -> None:
        if self.query.is_filtered:
            empty_state(
                _('Nothing fits'),
                _('No entry was found like this. Widen the period or take a filter away.'),
                icon_name='search',
                action=(_('Show everything'), lambda: ui.navigate.to('/audit')),
            )
        else:
            empty_state(_('Nothing has happened yet'), _('Sign-ins, changes and exports are written down here.'))

    def show_error(self, error: DataError) -> None:
        self.skeleton.set_visibility(False)
        self.card.set_visibility(False)
        self.count_text.set_text('')
        self.empty.clear()
        with self.empty:
            error_state(explain(error), on_retry=self.load)


def is_below(line: AuditLine, newest: list[AuditLine]) -> bool:
    """Whether a line stands below those of a first page."""
    return bool(newest) and (line.at, line.id) < (newest[-1].at, newest[-1].id)


def count_text(count: Count) -> str:
    """How many entries there are, in words."""
    number = format_number(count.rows)
    if not count.is_exact:
        return _('more than {number} entries').format(number=number)
    return ngettext('{number} entry', '{number} entries', count.rows).format(number=number)
