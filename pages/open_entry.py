"""One entry of the waiting list, opened beside the list: what is wished, what can be done, and what has happened.

Its one rule: what is being typed is in a form of its own, so that a live update may draw this place anew.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from nicegui import ui

from bot import bot
from components.button import button
from components.entry_side import entry_contact, entry_facts, entry_story
from components.i18n import _, format_ago
from components.icons import icon
from components.labels import label_of_raw
from components.link import link
from components.place import Place
from components.reasons import needs_bot_text
from components.states import empty_state, error_state, skeleton_rows
from components.waiting_list import ACTS, act_texts
from components.waiting_texts import acts_of, offer_pill
from data import DataError, NotFound, SessionEnded
from models import GivenCommand, OpenEntry, Salon, WishStatus
from pages.view import explain

if TYPE_CHECKING:
    from pages.wishlist import WaitingListView


class OpenEntryPanel:
    """The right side of the waiting list."""

    def __init__(self, view: 'WaitingListView', *, closed: Callable[[], str]) -> None:
        self.view, self.closed = view, closed
        self.key = ''
        self.opened: OpenEntry | None = None
        self.root = ui.element('div').classes('dialog-panel entry-panel')
        self.place = Place(self.root)

    @property
    def entry_id(self) -> int | None:
        """The entry of the address; None when it names none, or nothing that could be one."""
        return int(self.key) if self.key.isascii() and self.key.isdigit() and len(self.key) < 19 else None

    def open(self, key: str) -> None:
        """Turn to the entry that the address names; `load` brings it."""
        if key == self.key:
            return
        self.key, self.opened = key, None
        self.place.clear()
        if key:
            with self.root:
                skeleton_rows(6)

    async def load(self) -> None:
        """Read the entry and show it."""
        key = self.key
        if not key:
            return
        error: DataError | None = None
        try:
            opened = await self._read()
        except SessionEnded:
            return
        except DataError as failure:
            error = failure
        if key != self.key or not self.view.is_open:
            return
        if error is None:
            self.opened = opened
            self.draw()
        elif self.opened is None or isinstance(error, NotFound):
            self._fail(error)

    async def _read(self) -> OpenEntry:
        if self.entry_id is None:
            raise NotFound('the address names no entry')
        return await self.view.data.waiting_list.open(self.entry_id)

    def _fail(self, error: DataError) -> None:
        self.place.clear()
        with self.root:
            self._close_link()
            if isinstance(error, NotFound):
                empty_state(_('There is no such entry'), explain(error), icon_name='search')
            else:
                error_state(explain(error), on_retry=self.load)

    def _close_link(self) -> None:
        with link(to=self.closed(), classes='native-button is-quiet dialog-close'):
            icon('arrow-left')
            ui.label(_('Back to the list'))

    # --- drawing

    def draw(self) -> None:
        """Show what was read."""
        opened, salon = self.opened, self.view.salon
        if opened is None:
            return
        zone = salon.timezone
        shown = (format_ago(opened.entry.created_at), opened.entry.offer and offer_pill(opened.entry.offer, zone=zone))
        if self.place.is_new(opened, shown, self.closed(), bot.is_reachable, self.view.today, salon):
            with self.root:
                self._draw(opened, salon)

    def _draw(self, opened: OpenEntry, salon: Salon) -> None:
        self._close_link()
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
