"""The overview: what the bot did for the salon in a period, and the way to every dialog behind a number.

Its one rule: each number comes from the one answer of the database; nothing is added up here.
"""

from datetime import date
from typing import ClassVar

from nicegui import ui

from components.day_chart import DayChart
from components.dialog_list import DialogList
from components.funnel_chart import FunnelChart
from components.hour_map import HourMap
from components.i18n import N_, _, format_day_time, format_money, format_number, format_time
from components.kpi_card import KpiCard
from components.link import link
from components.page_head import page_head, section
from components.period_picker import PeriodPicker, period_title
from components.ranking_table import RankingTable
from components.states import empty_state
from data import DataError
from models import DialogQuery, Figure, Overview, Period, PeriodName, Ranked, Role, Status
from pages import page
from pages.figures import CARDS, FIGURES, definition_of, texts_of, value_of
from pages.view import View


@page('/', title=N_('Overview'), icon='overview', allowed=Role.STAFF)
class OverviewView(View):
    """Figures, days, funnel, tables and what goes on now."""

    reloads_on: ClassVar[tuple[str, ...]] = (
        'active_sessions_v2', 'conversation_sessions_v2', 'recent_history_v2', 'metrics_dailies',
    )  # fmt: skip
    shown: Overview | None = None
    shown_period: Period | None = None

    @property
    def period(self) -> Period:
        """The period that the address asks for; seven days when it asks for none that there is."""
        return Period.from_params(self.address.params, self.today, default=PeriodName.WEEK)[0]

    @property
    def is_understood(self) -> bool:
        """Whether the address asks for a period that there is."""
        return Period.from_params(self.address.params, self.today, default=PeriodName.WEEK)[1]

    def build(self) -> None:
        with page_head(_('Overview')):
            self.picker = PeriodPicker(period=self.period, today=lambda: self.today, on_pick=self.pick)
        self.body = ui.element('div').classes('overview is-loading')
        with self.body:
            self.hint = ui.element('div').classes('overview-hint')
            with ui.element('div').classes('kpi-grid'):
                self.cards = {
                    name: KpiCard(
                        label=_(label), definition='', lower_is_better=name == 'response',
                        is_share=name == 'conversion',
                    )
                    for name, (label, _definition) in CARDS.items()
                }  # fmt: skip
            self.other = link('', to='/', classes='overview-other link')
            with section(_('Going on now'), classes='span-all'):
                self.active = DialogList()
                self.active_note = ui.element('div')
            with section(_('By day'), classes='span-all'):
                self.chart = DayChart()
            self._build_tables()
            self.freshness = ui.label().classes('freshness')

    def _build_tables(self) -> None:
        with ui.element('div').classes('card-grid'):
            with section(_('From dialog to booking')):
                self.funnel = FunnelChart()
            with section(_('Top services'), _('A booking with several services counts in each of them.')):
                self.services = RankingTable(name_title=_('Service'))
            with section(_('Top specialists')):
                self.staff = RankingTable(name_title=_('Specialist'))
        with section(_('When clients write')):
            self.hours = HourMap()

    def pick(self, period: Period) -> None:
        """Another period was chosen: it belongs in the address."""
        params = '&'.join(f'{name}={value}' for name, value in period.params().items())
        ui.navigate.to(f'/?{params}')

    def show_error(self, error: DataError) -> None:
        self.body.set_visibility(False)
        super().show_error(error)

    async def fetch(self) -> None:
        asked, period = self.address.params, self.period
        overview = await self.data.overview.of(period)
        if asked == self.address.params:
            self.overview, self.overview_period = overview, period

    def draw(self) -> None:
        overview, period = self.overview, self.overview_period
        before = self.shown if self.shown_period == period else None
        self.shown, self.shown_period = overview, period
        self.body.classes(remove='is-loading').set_visibility(True)
        self.picker.show(period)
        self._draw_hint(period)
        if before is None or drawn_of(before) != drawn_of(overview):
            self._draw_cards(overview, period)
            self._draw_charts(overview, period)
        if before is None or (before.active, before.active_count) != (overview.active, overview.active_count):
            self._draw_active(overview)
        self.freshness.set_text(self._freshness(overview))

    def _draw_hint(self, period: Period) -> None:
        self.hint.clear()
        with self.hint:
            if not self.is_understood:
                ui.label(_('The address asked for a period that does not exist; {period} is shown instead.').format(
                    period=period_title(period))).classes('note tone-warn')  # fmt: skip
            elif not self.overview.figures.dialogs and not self.overview.previous.dialogs:
                empty_state(
                    _('No dialogs in this period'),
                    _('As soon as clients write to the bot, their dialogs and bookings appear here.'),
                    icon_name='chat',
                )

    def _draw_cards(self, overview: Overview, period: Period) -> None:
        now, before = texts_of(overview.figures, self.salon.currency), texts_of(overview.previous, self.salon.currency)
        series = {
            'dialogs': [float(day.dialogs) for day in overview.days],
            'bookings': [float(day.bookings) for day in overview.days],
            'revenue': [float(day.revenue) for day in overview.days],
        }
        for name, card in self.cards.items():
            card.show(
                now[name],
                now=value_of(overview.figures, name),
                before=value_of(overview.previous, name),
                before_text=before[name],
                href=DialogQuery(period=period, figure=FIGURES[name]).address(),
                definition=definition_of(name, overview.figures),
                series=series.get(name, []),
            )
        others = ', '.join(format_money(money.amount, money.currency) for money in overview.figures.other_currencies)
        self.other.set_text(_('Not in the revenue, because in another currency: {amounts}').format(amounts=others))
        self.other.props['href'] = DialogQuery(period=period, figure=Figure.OTHER_CURRENCY).address()
        self.other.set_visibility(bool(others))

    def _draw_charts(self, overview: Overview, period: Period) -> None:
        query, figures = DialogQuery(period=period), overview.figures
        self.chart.show(overview.days, currency=self.salon.currency, address=days_address)
        self.funnel.show(overview.funnel, query=query)
        self.hours.show(overview.hours, query=query)
        for table, rows, name in ((self.services, overview.services, 'service'), (self.staff, overview.staff, 'staff')):
            table.show(
                rows,
                currency=self.salon.currency,
                total_bookings=figures.bookings,
                total_revenue=figures.revenue,
                address=lambda row, name=name: ranked_address(query, name, row),  # type: ignore[misc]
            )

    def _draw_active(self, overview: Overview) -> None:
        self.active.show(
            overview.active,
            zone=self.salon.timezone,
            currency=self.salon.currency,
            address=lambda dialog: f'/sessions/{dialog.session_id}',
        )
        self.active.set_visibility(bool(overview.active))
        self.active_note.clear()
        with self.active_note:
            if not overview.active:
                ui.label(_('Nobody is writing just now.')).classes('muted')
            elif overview.active_count > len(overview.active):
                text = _('All {number}').format(number=format_number(overview.active_count))
                link(text, to=DialogQuery(status=Status.ACTIVE).address())

    def _freshness(self, overview: Overview) -> str:
        zone, written = self.salon.timezone, overview.freshness.last_write
        if written is None:
            return _('The bot has not written anything yet.')
        return _('As of {now}. The bot’s last message: {written}.').format(
            now=format_time(overview.freshness.as_of, zone), written=format_day_time(written, zone)
        )


def drawn_of(overview: Overview) -> tuple[object, ...]:
    """What the cards, charts and tables show: they are drawn anew when any of it changed."""
    parts = overview.figures, overview.previous, overview.days, overview.funnel
    return (*parts, overview.services, overview.staff, overview.hours)


def days_address(first: date, last: date) -> str:
    """The dialogs that began on these days."""
    return DialogQuery(period=Period(PeriodName.CUSTOM, first, last)).address()


def ranked_address(query: DialogQuery, name: str, row: Ranked) -> str:
    """The bookings behind a row of a ranking."""
    return query.replace(figure=Figure.BOOKINGS, **{name: row.key}).address()
