"""The dialogs: those going on now, the archive, and one dialog opened beside them.

Its one rule: filters and the open dialog live in the address, so that a copied link shows the same to a colleague.
"""

from collections.abc import Sequence
from typing import ClassVar

from nicegui import ui

from components.dialog_list import DialogList
from components.export_columns import DIALOGS
from components.filters import FilterBar
from components.i18n import N_, _, format_number, ngettext
from components.link import link
from components.page_head import page_head
from components.period_picker import PeriodPicker
from components.states import empty_state
from data import DialogData
from live import Change
from models import Count, Dialog, DialogPage, DialogQuery, Role
from pages import page
from pages.export import Exports
from pages.list_view import ListView
from pages.open_dialog import OpenDialogPanel


@page('/sessions', title=N_('Dialogs'), icon='dialogs', allowed=Role.STAFF)
class SessionsView(ListView[DialogQuery, Dialog]):
    """The list on the left, the open dialog beside it; on a phone one of them fills the screen."""

    reloads_on: ClassVar[tuple[str, ...]] = ('active_sessions_v2', 'conversation_sessions_v2', 'recent_history_v2')
    query_type = DialogQuery
    panel: OpenDialogPanel

    @property
    def source(self) -> DialogData:
        return self.data.dialogs

    def build(self) -> None:
        self.active: list[Dialog] = []
        self.shown_filters: tuple[DialogQuery, dict[str, str]] | None = None
        self.build_split()

    def build_list(self) -> None:
        with page_head(_('Dialogs')):
            self.picker = PeriodPicker(period=self.query.period, today=lambda: self.today, on_pick=self.pick)
            if Exports.is_open_to(self):
                self.exports = Exports(self, what='dialogs', columns=DIALOGS, rows=self.source.all)
        self.filters = FilterBar(query=self.query, on_change=self.apply)
        self.build_unknown()
        with ui.element('div').classes('list-foot'):
            self.build_number()
            self.all_time = link(_('All time'), to=self.query.replace(period=None).address())
        self.list = DialogList(on_more=self.more)
        self.build_rows(self.list)

    def make_panel(self) -> OpenDialogPanel:
        return OpenDialogPanel(self)

    # --- the address

    def address_of(self, dialog: Dialog) -> str:
        """A dialog, opened beside this list."""
        return self.query.address(f'/sessions/{dialog.session_id}')

    def open_panel(self) -> None:
        super().open_panel()
        self.list.select(self.panel.uuid)

    def relink(self) -> None:
        self.picker.show(self.query.period)
        shown = (self.query, self._names())
        if shown != self.shown_filters:
            self.shown_filters = shown
            self.filters.show(self.query, names=shown[1])
        self.all_time.props['href'] = self.query.replace(period=None).address()
        self.all_time.set_visibility(self.query.period is not None)

    # --- reading

    def keep(self, page_: DialogPage, count: Count, beside: None) -> None:
        super().keep(page_, count, beside)
        self.active = page_.active

    @property
    def is_empty(self) -> bool:
        return not self.active and not self.rows

    def on_change(self, change: Change) -> None:
        super().on_change(change)
        self.panel.on_change(change)

    # --- drawing

    def draw_empty(self) -> None:
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

    def show_rows(self) -> None:
        self.list.show(
            distinct_rows([*self.active, *self.rows]),
            zone=self.salon.timezone,
            currency=self.salon.currency,
            address=self.address_of,
            has_more=self.next is not None,
        )

    def _names(self) -> dict[str, str]:
        """What to call the client, service and specialist that the address names by their keys."""
        rows = [*self.active, *self.rows]
        names = {}
        if self.query.client and rows and rows[0].client_name:
            names['client'] = rows[0].client_name
        for name, labels in (('service', [label for row in rows for label in row.services]),
                             ('staff', [row.staff or '' for row in rows])):  # fmt: skip
            key = getattr(self.query, name) or ''
            found = [label for label in labels if key.startswith('#') and label.endswith(f'№ {key[1:]}')]
            names |= {name: found[0]} if found else {}
        return names

    def words_of(self, count: Count) -> str:
        number = format_number(count.rows)
        if not count.is_exact:
            return _('about {number} dialogs').format(number=number)
        return ngettext('{number} dialog', '{number} dialogs', count.rows).format(number=number)


def distinct_rows(rows: Sequence[Dialog]) -> list[Dialog]:
    """The rows, each once; a dialog that was archived meanwhile is not listed as going on, too."""
    archived = {row.session_id for row in rows if not row.is_active}
    shown = [row for row in rows if not (row.is_active and row.session_id in archived)]
    return list({(row.session_id, row.archive_id): row for row in shown}.values())
