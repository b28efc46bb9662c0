"""The state of the data: what of the bot's rows is odd, how much of it there is, and what it costs.

Its one rule: it only counts and leads to the rows; how odd values are read is docs/METRICS.md's business.
"""

from nicegui import ui

from components.health_texts import flaw_cost, flaw_name
from components.i18n import N_, _, format_day, format_day_time, format_number, salon_time
from components.link import link
from components.page_head import page_head
from components.place import Place
from components.states import empty_state, error_state, skeleton_rows
from data import DataError
from models import DataHealth, Flaw, FlawExample, Role
from pages import page
from pages.view import View, explain

PATHS = {'dialog': '/sessions/', 'client': '/clients/', 'wish': '/wishlist/'}


@page('/data-health', title=N_('State of the data'), icon='warning', allowed=Role.ADMIN, in_menu=False)
class HealthView(View):
    """One card for each rule that is broken."""

    def build(self) -> None:
        self.known: DataHealth | None = None
        with page_head(_('State of the data'), _('What the bot wrote in the last 90 days')):
            link(_('Alerts'), to='/alerts')
        self.place = Place(ui.element('div').classes('stack'))
        with self.place.root:
            skeleton_rows(6)

    async def fetch(self) -> None:
        self.known = await self.data.alerts.data_health()

    def draw(self) -> None:
        known = self.known
        assert known
        if not self.place.is_new(known, self.salon.timezone):
            return
        with self.place.root:
            ui.label(self._looked_at(known)).classes('muted small')
            if not known.flaws:
                empty_state(
                    _('Nothing is wrong'), _('All rows of the last 90 days can be read, and every figure counts them.'),
                    icon_name='check',
                )  # fmt: skip
            for flaw in known.flaws:
                self._draw_flaw(flaw)

    def _looked_at(self, known: DataHealth) -> str:
        return _('Looked at: {dialogs} dialogs since {first}, and the newest {messages} messages.').format(
            dialogs=format_number(known.dialogs),
            first=format_day(known.first, year=False),
            messages=format_number(known.messages_read),
        )

    def _draw_flaw(self, flaw: Flaw) -> None:
        with ui.element('article').classes('card flaw'):
            with ui.element('div').classes('alert-head'):
                ui.label(format_number(flaw.number)).classes('flaw-number num')
                with ui.element('div').classes('grow'):
                    ui.label(flaw_name(flaw.rule)).classes('alert-who')
                    ui.label(flaw_cost(flaw.rule)).classes('muted small')
            zone = self.salon.timezone
            ui.label(
                _('From {first} to {last}').format(
                    first=format_day(salon_time(flaw.since, zone).date(), year=False),
                    last=format_day(salon_time(flaw.last, zone).date(), year=False),
                )
            ).classes('muted small')
            with ui.element('div').classes('row-of flaw-examples'):
                for example in flaw.examples:
                    self._draw_example(example)

    def _draw_example(self, example: FlawExample) -> None:
        words = {'dialog': _('Dialog'), 'client': _('Client'), 'wish': _('Wish')}[example.kind]
        text = f'{words}, {format_day_time(example.at, self.salon.timezone)}'
        link(text, to=f'{PATHS[example.kind]}{example.key}', classes='link flaw-example')

    def show_error(self, error: DataError) -> None:
        self.place.clear()
        with self.place.root:
            error_state(explain(error), on_retry=self.load)
