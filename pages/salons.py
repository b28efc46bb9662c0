"""All salons of the platform: how each is doing, a way into each, and settings for those that have none.

Its one rule: it shows counts of other salons and nothing of what is in them; to see that, the salon is opened.
"""

from typing import ClassVar

from nicegui import ui

from auth import sessions
from components.form import Form
from components.i18n import N_, _, format_ago
from components.page_head import page_head
from components.place import Place
from components.salon_rows import refused_card, salon_rows
from components.settings_texts import options_of, setting_name
from components.states import empty_state, error_state, skeleton_rows
from components.times import DEFAULT_ZONE
from components.toast import Toast
from data import DataError
from models import Role, SalonList, SalonState
from pages import page
from pages.view import View, explain, explain_act

REFRESH_SECONDS = 30.0
"""The live feed tells a page of its own salon only; this page shows all of them."""


@page('/salons', title=N_('Salons'), icon='salon', allowed=Role.SUPER_ADMIN)
class SalonsView(View):
    """The list of salons, and below it what was refused at the bot's entrance."""

    reloads_on: ClassVar[tuple[str, ...]] = ('tenant_settings', 'bot_commands')

    def build(self) -> None:
        self.known: SalonList | None = None
        self.toast = Toast()
        page_head(_('Salons'))
        self.place = Place(ui.element('div').classes('stack'))
        with self.place.root:
            skeleton_rows(4)
        ui.timer(REFRESH_SECONDS, self.load, immediate=False)

    async def fetch(self) -> None:
        self.known = await self.data.settings.salons()

    def draw(self) -> None:
        assert self.known
        written = [format_ago(salon.last_write) for salon in self.known.salons]
        if self.place.is_new(self.known, written, self.salon.id):
            with self.place.root:
                self._draw(self.known)

    def _draw(self, known: SalonList) -> None:
        if known.salons:
            with ui.element('section').classes('card salons-card'):
                salon_rows(
                    known.salons,
                    in_view=self.salon.id,
                    on_open=self.open_salon,
                    on_create=CreateSettings(self).open,
                )
        else:
            empty_state(_('There is no salon yet'), _('As soon as the bot serves a salon, it appears here.'))
        refused_card(known.refused)

    def show_error(self, error: DataError) -> None:
        self.place.clear()
        with self.place.root:
            error_state(explain(error), on_retry=self.load)

    async def open_salon(self, salon: SalonState) -> None:
        """Show another salon, from its overview on."""
        try:
            await sessions.choose_salon(self.session, salon.id)
        except DataError as error:
            self.toast.show(explain_act(error))


class CreateSettings:
    """Asks for the zone and the currency of a salon that has no settings yet."""

    def __init__(self, view: SalonsView) -> None:
        self.view = view
        self.salon: SalonState | None = None

    def open(self, salon: SalonState) -> None:
        """Show the form for a salon."""
        self.salon = salon
        form = Form(_('Create settings'), submit=_('Create'), on_submit=self._send, hint=salon.name[:200])
        zones, money = options_of('timezone', DEFAULT_ZONE), options_of('currency', 'RUB')
        form.choice('timezone', setting_name('timezone'), zones, DEFAULT_ZONE, is_long=True)
        form.choice('currency', setting_name('currency'), money, 'RUB')
        form.open()

    async def _send(self, form: Form) -> None:
        assert self.salon
        act = self.view.data.settings.create(
            form.key, self.salon.id, timezone=form.value('timezone'), currency=form.value('currency')
        )
        if await self.view.attempt(act, fail=form.fail):
            form.close()
            self.view.toast.show(_('The settings are there now.'))
            await self.view.load()
