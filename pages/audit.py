"""The audit: who did what, when and from where.

Its one rule: it only reads; which lines there are is decided by row-level security.
"""

from typing import ClassVar

from nicegui import ui

from components.audit_list import AuditList
from components.audit_texts import ACTIONS, action_text
from components.export_columns import AUDIT
from components.filters import AUDITS, FilterBar
from components.i18n import N_, _, format_number, ngettext
from components.link import link
from components.page_head import page_head
from components.period_picker import PeriodPicker
from components.states import empty_state
from data import AuditData
from models import AuditLine, AuditPage, AuditQuery, Count, Role
from pages import page
from pages.export import Exports
from pages.list_view import ListView


@page('/audit', title=N_('Journal'), icon='note', allowed=Role.ADMIN)
class AuditView(ListView[AuditQuery, AuditLine]):
    """Filters and the lines, newest first."""

    reloads_on: ClassVar[tuple[str, ...]] = ('audits',)
    query_type = AuditQuery

    @property
    def source(self) -> AuditData:
        return self.data.audit

    def build(self) -> None:
        self.people: list[tuple[int, str]] = []
        with page_head(_('Journal'), _('Who did what, when and from where')):
            self.picker = PeriodPicker(period=self.query.period, today=lambda: self.today, on_pick=self.pick)
            self.exports = Exports(self, what='audit', columns=AUDIT, rows=self.source.all)
        self.filters = FilterBar(query=self.query, on_change=self.apply, kind=AUDITS)
        self.build_unknown()
        with ui.element('div').classes('list-foot'):
            self.build_number()
            self.all_time = link(_('All time'), to=self.query.replace(period=None).address())
        with ui.element('section').classes('card user-card') as card:
            self.list = AuditList(on_more=self.more)
        self.build_rows(card)

    # --- the address

    def relink(self) -> None:
        query = self.query
        self.picker.show(query.period)
        words = list(ACTIONS) + ([query.action] if query.action and query.action not in ACTIONS else [])
        choices = {
            'action': [(word, action_text(word)) for word in words],
            'person': [(str(number), name) for number, name in self.people],
        }
        if self.session.user.role is Role.SUPER_ADMIN:
            choices['salon'] = [(str(salon.id), salon.name) for salon in self.session.who.salons]
        self.filters.show(query, choices=choices)
        self.all_time.props['href'] = query.replace(period=None).address()
        self.all_time.set_visibility(query.period is not None)

    # --- reading

    async def fetch_beside(self, query: AuditQuery) -> list[tuple[int, str]]:
        return await self.source.people()

    def keep(self, page_: AuditPage, count: Count, beside: list[tuple[int, str]]) -> None:
        super().keep(page_, count, beside)
        self.people = beside

    # --- drawing

    def show_rows(self) -> None:
        self.list.show(self.rows, zone=self.salon.timezone, has_more=self.next is not None)

    def draw_empty(self) -> None:
        if self.query.is_filtered or self.query.period:
            empty_state(
                _('Nothing fits'),
                _('No entry was found like this. Widen the period or take a filter away.'),
                icon_name='search',
                action=(_('Show everything'), lambda: ui.navigate.to('/audit')),
            )
        else:
            empty_state(_('Nothing has happened yet'), _('Sign-ins, changes and exports are written down here.'))

    def words_of(self, count: Count) -> str:
        number = format_number(count.rows)
        if not count.is_exact:
            return _('more than {number} entries').format(number=number)
        return ngettext('{number} entry', '{number} entries', count.rows).format(number=number)
