"""The dialogs: those going on now, the archive, and one dialog opened beside them.

Its one rule: filters and the open dialog live in the address, so that a copied link shows the same to a colleague.
"""

import asyncio
from collections.abc import Sequence
from typing import ClassVar
from uuid import UUID

from nicegui import ui

from components.dialog_list import DialogList
from components.export_columns import DIALOGS
from components.filters import FilterBar
from components.i18n import N_, _, format_number, ngettext
from components.link import link
from components.page_head import page_head
from components.period_picker import PeriodPicker
from components.states import empty_state, error_state, skeleton_rows
from data import DataError
from live import Change
from models import Count, Dialog, DialogPage, DialogQuery, Period, Role
from pages import page
from pages.export import Exports
from pages.open_dialog import OpenDialogPanel
from pages.view import Address, View, explain


@page('/sessions', title=N_('Dialogs'), icon='dialogs', allowed=Role.STAFF)
class SessionsView(View):
    """The list on the left, the open dialog beside it; on a phone one of them fills the screen."""

    reloads_on: ClassVar[tuple[str, ...]] = ('active_sessions_v2', 'conversation_sessions_v2', 'recent_history_v2')

    def build(self) -> None:
        self.query, self.unknown = DialogQuery.from_params(self.address.params, self.today)
        self.listed: DialogQuery | None = None
        self.dialogs: list[Dialog] = []
        self.active: list[Dialog] = []
        self.next_key: str | None = None
        self.count = Count(rows=0)
        self.shown_filters: tuple[DialogQuery, dict[str, str]] | None = None
        with ui.element('div').classes('split') as self.split:
            with ui.element('div').classes('split-list'):
                self._build_list()
            with ui.element('div').classes('split-side'):
                self.panel = OpenDialogPanel(self, address=self.address_of, closed=self.list_address)
        self._open_panel()

    def _build_list(self) -> None:
        with page_head(_('Dialogs')):
            self.picker = PeriodPicker(period=self.query.period, today=lambda: self.today, on_pick=self.pick)
            if Exports.is_open_to(self):
                self.exports = Exports(
                    self, what='dialogs', columns=DIALOGS, count=lambda: self.count,
                    rows=lambda: self.data.dialogs.all(self.query), address=self.list_address,
                )  # fmt: skip
        self.filters = FilterBar(query=self.query, on_change=self.apply)
        self.unknown_note = ui.label().classes('note tone-warn')
        with ui.element('div').classes('list-foot'):
            self.count_text = ui.label().classes('muted small').props('role=status')
            self.all_time = link(_('All time'), to=self.query.replace(period=None).address())
        self.skeleton = skeleton_rows(8)
        self.list = DialogList(on_more=self.more)
        self.list.set_visibility(False)
        self.empty = ui.element('div')

    # --- the address

    def list_address(self) -> str:
        """This list without an open dialog."""
        return self.query.address()

    def address_of(self, dialog: Dialog) -> str:
        """A dialog, opened beside this list."""
        return self.query.address(f'/sessions/{dialog.session_id}')

    def apply(self, query: DialogQuery) -> None:
        """Other filters: they belong in the address."""
        rest = f'/{self.address.rest}' if self.address.rest else ''
        ui.navigate.to(query.address(f'/sessions{rest}'))

    def pick(self, period: Period) -> None:
        """Another period was chosen."""
        self.apply(self.query.replace(period=period))

    async def go(self, address: Address) -> None:
        is_other_list, self.address = address.params != self.address.params, address
        self.query, self.unknown = DialogQuery.from_params(address.params, self.today)
        self._show_filters()
        self.picker.show(self.query.period)
        self._open_panel()
        self._note_unknown()
        await asyncio.gather(self.load() if is_other_list else asyncio.sleep(0), self.panel.load())
        self._relink()

    def _open_panel(self) -> None:
        self.split.classes(add='has-dialog') if self.address.rest else self.split.classes(remove='has-dialog')
        self.panel.open(self.address.rest)
        self.list.select(self.panel.session_id)

    # --- reading

    async def load(self) -> None:
        first = self.read_at is None
        await asyncio.gather(super().load(), self.panel.load() if first else asyncio.sleep(0))

    async def fetch(self) -> None:
        query = self.query = DialogQuery.from_params(self.address.params, self.today)[0]
        page_, count = await asyncio.gather(self.data.dialogs.page(query), self.data.dialogs.count(query))
        self._keep(page_, count, query)

    def _keep(self, page_: DialogPage, count: Count, query: DialogQuery) -> None:
        """Keep the first page. Rows that "show more" brought stay, when they are rows of the same list."""
        if query != self.query:
            return
        older = [row for row in self.dialogs if is_below(row, page_.rows)] if query == self.listed else []
        self.active, self.count, self.listed = page_.active, count, query
        self.dialogs = [*page_.rows, *older]
        if not older:
            self.next_key = page_.next_key

    async def more(self) -> None:
        """Read the next page of the archive."""
        query, key = self.query, self.next_key
        if key is None or query != self.listed:
            return
        try:
            page_ = await self.data.dialogs.page(query, key)
        except DataError as error:
            ui.notify(explain(error))
        else:
            if (query, key) == (self.query, self.next_key) and self.is_open:
                self.dialogs, self.next_key = [*self.dialogs, *page_.rows], page_.next_key
        self._show_rows()

    # --- drawing

    def draw(self) -> None:
        self.skeleton.set_visibility(False)
        self._note_unknown()
        self.all_time.set_visibility(self.query.period is not None)
        self.count_text.set_text(count_text(self.count))
        self._show_rows()
        self.empty.clear()
        if not self.active and not self.dialogs:
            with self.empty:
                self._draw_empty()

    def _note_unknown(self) -> None:
        self.unknown_note.set_visibility(bool(self.unknown))
        self.unknown_note.set_text(
            _('Not understood in the address and left out: {names}.').format(names=', '.join(self.unknown))
        )

    def show_error(self, error: DataError) -> None:
        self.skeleton.set_visibility(False)
        self.list.set_visibility(False)
        self.count_text.set_text('')
        self.empty.clear()
        with self.empty:
            error_state(explain(error), on_retry=self.load)

    def _draw_empty(self) -> None:
        if self.query.is_filtered or self.query.period:
            empty_state(
                _('No dialog fits'),
                _('Nothing was found with these filters. Widen the period or take a filter away.'),
                icon_name='search',
                action=(_('Show all dialogs'), lambda: ui.navigate.to('/sessions')),
            )
        else:
            empty_state(
                _('No dialogs yet'),
                _('As soon as a client writes to the bot, the dialog appears here by itself.'),
                icon_name='chat',
            )

    def _show_rows(self) -> None:
        rows = distinct_rows([*self.active, *self.dialogs])
        self.list.set_visibility(bool(rows))
        self.list.show(
            rows,
            zone=self.salon.timezone,
            currency=self.salon.currency,
            address=self.address_of,
            has_more=self.next_key is not None,
        )
        self._show_filters()

    def _show_filters(self) -> None:
        shown = (self.query, self._names())
        if shown != self.shown_filters:
            self.shown_filters = shown
            self.filters.show(self.query, names=shown[1])

    def _relink(self) -> None:
        self.all_time.props['href'] = self.query.replace(period=None).address()

    def _names(self) -> dict[str, str]:
        """What to call the client, service and specialist that the address names by their keys."""
        rows = [*self.active, *self.dialogs]
        names = {}
        if self.query.client and rows and rows[0].client_name:
            names['client'] = rows[0].client_name
        for name, labels in (('service', [label for row in rows for label in row.services]),
                             ('staff', [row.staff or '' for row in rows])):  # fmt: skip
            key = getattr(self.query, name) or ''
            found = [label for label in labels if key.startswith('#') and label.endswith(f'№ {key[1:]}')]
            names |= {name: found[0]} if found else {}
        return names

    def on_change(self, change: Change) -> None:
        super().on_change(change)
        self.panel.on_change(change)

    @property
    def open_id(self) -> UUID | None:
        """The dialog that is open, if the address names one."""
        return self.panel.session_id


def is_below(row: Dialog, newest: Sequence[Dialog]) -> bool:
    """Whether an archived row stands below those of a first page."""
    if not newest:
        return False
    last = newest[-1]
    return (row.started_at, row.archive_id or 0) < (last.started_at, last.archive_id or 0)


def distinct_rows(rows: Sequence[Dialog]) -> list[Dialog]:
    """The rows, each once; a dialog that was archived meanwhile is not listed as going on, too."""
    archived = {row.session_id for row in rows if not row.is_active}
    shown = [row for row in rows if not (row.is_active and row.session_id in archived)]
    return list({(row.session_id, row.archive_id): row for row in shown}.values())


def count_text(count: Count) -> str:
    """How many dialogs there are, in words; an estimate says so."""
    number = format_number(count.rows)
    if not count.is_exact:
        return _('about {number} dialogs').format(number=number)
    return ngettext('{number} dialog', '{number} dialogs', count.rows).format(number=number)
