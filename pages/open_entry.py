"""One entry of the waiting list, opened beside the list: what is wished, what can be done, and what has happened.

Its one rule: what is being typed is in a form of its own, so that a live update may draw this place anew.
"""

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from nicegui import ui

from bot import bot
from components.button import button
from components.entry_side import entry_contact, entry_facts, entry_story
from components.i18n import _, format_ago
from components.labels import label_of_raw
from components.link import link
from components.reasons import needs_bot_text
from components.waiting_list import ACTS, act_texts
from components.waiting_texts import acts_of, offer_pill
from data import NotFound
from models import GivenCommand, OpenEntry, Salon, WishStatus
from pages.side_panel import SidePanel

if TYPE_CHECKING:
    from pages.wishlist import WaitingListView


class OpenEntryPanel(SidePanel[OpenEntry]):
    """The right side of the waiting list."""

    CLASSES = 'entry-panel'
    view: 'WaitingListView'
    opened: OpenEntry | None

    @property
    def missing(self) -> str:
        return _('There is no such entry')

    @property
    def entry_id(self) -> int | None:
        """The entry of the address; None when it names none, or nothing that could be one."""
        return int(self.key) if self.key.isascii() and self.key.isdigit() and len(self.key) < 19 else None

    async def read(self) -> OpenEntry:
        if self.entry_id is None:
            raise NotFound('the address names no entry')
        return await self.view.data.waiting_list.open(self.entry_id)

    # --- drawing

    def draw(self) -> None:
        """Show what was read."""
        opened, salon = self.opened, self.view.salon
        if opened is None:
            return
        zone = salon.timezone
        shown = (format_ago(opened.entry.created_at), opened.entry.offer and offer_pill(opened.entry.offer, zone=zone))
        if self.place.is_new(opened, shown, self.view.list_address(), bot.is_reachable, self.view.today, salon):
            with self.root:
                self._draw(opened, salon)

    def _draw(self, opened: OpenEntry, salon: Salon) -> None:
        self.close_link()
        self._draw_head(opened)
        with ui.element('div').classes('entry-body'):
            self._draw_acts(opened)
            entry_facts(opened.entry, today=self.view.today, zone=salon.timezone)
            entry_contact(opened)
            ui.label(_('What has happened')).classes('side-title').props('role=heading aria-level=3')
            unable = needs_bot_text(is_reachable=bot.is_reachable)
            entry_story(opened, zone=salon.timezone, currency=salon.currency, on_retry=self.retry, unable=unable)

    def _draw_head(self, opened: OpenEntry) -> None:
        entry = opened.entry
        status = label_of_raw(WishStatus, entry.status)
        with ui.element('div').classes('dialog-head-line'):
            with ui.element('div').classes('grow'):
                name = (entry.client_name or _('No name'))[:120]
                link(name, to=f'/clients/{entry.client_id}', classes='link dialog-name').props('dir=auto')
            ui.label(status.text[:80]).classes(f'pill tone-{status.tone}')

    def _draw_acts(self, opened: OpenEntry) -> None:
        texts = act_texts()
        with ui.element('div').classes('entry-acts'):
            for act in acts_of(opened.entry):
                why = self._why_not(act, opened)
                element = button(
                    texts[act], icon=ACTS[act][1], kind='primary' if act == 'convert' else 'plain',
                    on_click=lambda act=act: self.view.acts.begin(act, [opened.entry]),
                )  # fmt: skip
                element.set_enabled(not why)
                element.props['data-act'] = act
                element.props['title'] = why or f'{texts[act]} · {ACTS[act][0][-1]}'
        reasons = {reason for act in acts_of(opened.entry) if (reason := self._why_not(act, opened))}
        for reason in sorted(reasons):
            ui.label(reason).classes('muted small')

    @staticmethod
    def _why_not(act: str, opened: OpenEntry) -> str:
        if act not in {'offer', 'write'}:
            return ''
        if not bot.is_reachable:
            return _('The bot does not answer: it can neither offer a time nor write now.')
        return '' if opened.wants_messages else _('The client does not want messages, so the bot cannot write.')

    async def retry(self, command: GivenCommand) -> Any:
        """Try a command again."""
        if await self.view.attempt(self.view.data.commands.retry(uuid4(), command.id), fail=self.view.tell):
            await self.load()
