"""The settings of the salon: what is wanted, what the bot uses, and whether it has taken the wish over.

Its one rule: the bot's own row is never written; a change is a wish here and a command to the bot in one act.
"""

from typing import Any, ClassVar
from uuid import uuid4

from nicegui import ui

from auth import sessions
from bot import bot
from components.i18n import N_, _, format_day_time
from components.labels import person_text
from components.page_head import page_head
from components.setting_rows import SettingsCard, bot_row, own_row, secret_rows
from components.settings_texts import GROUPS, OWN, Group
from components.states import error_state, skeleton_rows
from components.toast import Toast
from data import DataError
from models import GivenCommand, Role, SalonSettings
from pages import page
from pages.settings_form import SettingsForm
from pages.view import View, explain


@page('/settings', title=N_('Settings'), icon='settings', allowed=Role.ADMIN)
class SettingsView(View):
    """One card for each group of settings."""

    reloads_on: ClassVar[tuple[str, ...]] = ('tenant_settings', 'bot_commands')

    def build(self) -> None:
        self.known: SalonSettings | None = None
        self.toast = Toast()
        with page_head(_('Settings')):
            self.changed = ui.label().classes('page-subtitle')
        self.place = ui.element('div').classes('settings-cards')
        with self.place:
            self.cards = {group.key: SettingsCard(group, on_edit=self.edit) for group in GROUPS}
        for card in self.cards.values():
            with card.rows:
                skeleton_rows(2)
        self.failure = ui.element('div')

    async def fetch(self) -> None:
        self.known = await self.data.settings.read()

    # --- drawing

    @property
    def unable(self) -> str:
        """Why what the bot uses cannot be changed now; empty when it can."""
        return '' if bot.is_reachable else _('The bot does not answer: what it uses cannot be changed now.')

    def draw(self) -> None:
        known = self.known
        assert known
        self.failure.clear()
        self.place.set_visibility(True)
        self.changed.set_text(
            _('Last change: {who}, {time}').format(
                who=person_text(known.changed_by, '—'), time=format_day_time(known.changed_at, self.salon.timezone)
            )
            if known.changed_at
            else ''
        )
        for group in GROUPS:
            card = self.cards[group.key]
            card.set_editable(reason=self.unable if group.needs_bot else '')
            values = [known.value(name) if name in OWN else known.settings[name] for name in group.names]
            if card.place.is_new(values, known.secrets, self.unable, self.salon.timezone):
                with card.rows:
                    self._draw_rows(group, known)

    def _draw_rows(self, group: Group, known: SalonSettings) -> None:
        for name in group.names:
            if name in OWN:
                own_row(name, known.value(name))
            else:
                bot_row(
                    name, known.settings[name], zone=self.salon.timezone, on_retry=self.retry, on_again=self.tell_again,
                    unable=self.unable,
                )  # fmt: skip
        if group.key == 'bot':
            secret_rows(known.secrets)

    def show_error(self, error: DataError) -> None:
        self.place.set_visibility(False)
        self.failure.clear()
        with self.failure:
            error_state(explain(error), on_retry=self.load)

    def on_bot(self) -> None:
        if self.known:
            with self.root:
                self.draw()

    # --- acts

    def edit(self, group: Group) -> None:
        """A group is to be changed."""
        if self.known:
            SettingsForm(self, group, self.known, saved=self.saved, unable=self.unable)

    async def saved(self, names: set[str]) -> None:
        """Settings were changed: say so, and let every page of this person know of zone and currency at once."""
        for_bot = names - set(OWN)
        self.toast.show(_('Saved. The bot is told now.') if for_bot else _('Saved.'))
        if names & {'timezone', 'currency'}:
            await sessions.refresh(self.session)
        await self.load()

    async def tell_again(self, name: str) -> None:
        """The bot said that it took a wish and uses something else: tell it once more."""
        assert self.known
        wish = {name: self.known.settings[name].wanted}
        if await self.attempt(self.data.settings.change(uuid4(), self.known.version, wish), fail=self._tell):
            await self.saved({name})

    async def retry(self, command: GivenCommand) -> Any:
        """Try a command again that did not get through."""
        if await self.attempt(self.data.commands.retry(uuid4(), command.id), fail=self._tell):
            await self.load()

    def _tell(self, text: str, *, field: str | None = None) -> None:
        self.toast.show(text)
