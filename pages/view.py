"""What every open page has in common: an identity, an address, a place on screen and an ear for changes.

Its one rule: `load` fetches and keeps, `draw` (sync) only shows what was kept; whatever happens in between, what is on
screen is either right or says since when it may not be.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from nicegui import background_tasks, ui

from auth import Session
from bot import bot
from components.form import Form
from components.i18n import _
from components.place import FocusKeeper
from components.reasons import reason_text
from components.states import counting_state, error_state, note, stale_note
from data import Conflict, Data, DataError, NotAllowed, NotFound, Refused, SessionEnded, StillCounting, Unavailable
from live import Change, feed
from models import LiveState, Salon

SETTLE_SECONDS = (0.2, 0.5)
"""Changes come in groups (a message, its dialog, its archive row): a page reloads once for all of them, and not all
pages at the same moment."""
RETRY_SECONDS = 5.0
"""How long after a failure that was too short for the live feed to notice a page reads again."""
COUNTING_SECONDS = 1.0
"""The same while figures are being made: each reading brings them on."""


@dataclass(frozen=True)
class Address:
    """Where a page is: the part of the path below the page's own, and the parameters."""

    rest: str = ''
    params: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str, below: str) -> 'Address':
        """The address `text`, of which `below` is the page's own path."""
        parts = urlsplit(text)
        return cls(parts.path[len(below) :].strip('/'), dict(parse_qsl(parts.query, keep_blank_values=True)))


class View:
    """What one open page shows. A page's own view says what it reloads on, builds, loads and draws."""

    reloads_on: ClassVar[tuple[str, ...]] = ()
    """The tables whose changes this page shows."""

    def __init__(self, session: Session, salon: Salon, address: Address) -> None:
        self.session, self.address, self._salon = session, address, salon
        self.data = Data(session)
        self.client = ui.context.client
        self.root = FocusKeeper().classes('page')
        self.error: DataError | None = None
        self.read_at: datetime | None = None
        self.shown_for: Mapping[str, str] | None = None
        """The parameters that what is on screen was read for."""
        self._ends: list[Callable[[], None]] = []
        self._serial: int | None = None
        self._fetching: asyncio.Future[None] | None = None

    @property
    def salon(self) -> Salon:
        """The salon that the page was opened for, as the session knows it now."""
        latest = self.session.salon
        return latest if latest and latest.id == self._salon.id else self._salon

    # --- what a page writes itself

    def build(self) -> None:
        """Draw the page's lasting parts with a skeleton for what is still to come. Runs inside the page's root."""
        raise NotImplementedError

    async def fetch(self) -> None:
        """Ask for what the page shows and keep it. May raise DataError."""
        raise NotImplementedError

    def draw(self) -> None:
        """Show what was kept, in place where only values changed."""
        raise NotImplementedError

    def show_error(self, error: DataError) -> None:
        """Nothing could be read yet: say so where the data would be."""
        self.note.clear()
        with self.note:
            failure(error, on_retry=self.load)

    def on_bot(self) -> None:
        """The bot went away or came back: offer what needs it, or say why not."""

    async def go(self, address: Address) -> None:
        """The address changed and the page stays."""
        self.address = address
        await self.load()

    # --- what all pages share

    def open(self) -> None:
        """Draw the page and begin to listen."""
        with self.root:
            self.note = ui.element('div').classes('page-note')
            self.build()
        self._ends = [
            feed.subscribe(self.salon.id, self.on_change), feed.watch(self._on_state), bot.watch(self.on_bot),
        ]  # fmt: skip

    def close(self) -> None:
        """Stop listening; called when the page goes from the screen and when its tab closes."""
        for end in self._ends:
            end()
        self._ends = []

    @property
    def is_open(self) -> bool:
        """Whether the page is on somebody's screen still."""
        return bool(self._ends) and not self.root.is_deleted

    async def load(self) -> None:
        """Read again and show it. After a failure what is on screen stays, with the time it is from.

        Of two that overlap the later one counts: the earlier is given up, so that its answer cannot come after. An
        answer that comes after the address has changed is dropped: it belongs to another list or period.
        """
        asked, failure = self.address.params, None
        if self._fetching:
            self._fetching.cancel()
        fetching = self._fetching = asyncio.ensure_future(self.fetch())
        try:
            await fetching
        except SessionEnded:
            return
        except DataError as error:
            failure = error
        except asyncio.CancelledError:
            if self._fetching is fetching:
                raise
            return
        if not self.is_open or asked != self.address.params:
            return
        self.error = failure
        if failure is None:
            self.read_at, self.shown_for = datetime.now(UTC), asked
        with self.root:
            self._show()
        if isinstance(failure, Unavailable):
            self.later(self._retry, 'retry')

    async def _retry(self) -> None:
        """Read again after a short failure; the end of a long one is told by the live feed."""
        await asyncio.sleep(pause_after(self.error))
        if self.error is not None and feed.state is not LiveState.OFFLINE:
            await self.load()

    def _show(self) -> None:
        self.note.clear()
        if self.error is None:
            self.draw()
        elif self.shown_for != self.address.params or isinstance(self.error, (NotFound, NotAllowed, Refused)):
            self.show_error(self.error)
        else:
            self.draw()
            with self.note:
                if isinstance(self.error, StillCounting):
                    note(explain(self.error), tone='info', icon_name='clock')
                else:
                    stale_note(self.read_at, zone=self.salon.timezone)

    def on_change(self, change: Change) -> None:
        """Something changed in the salon: reload soon, once for however many changes come meanwhile."""
        if not change.touches(*self.reloads_on):
            return
        is_waiting, self._serial = self._serial is not None, change.serial
        if not is_waiting:
            self.later(self._reload, 'reload')

    async def _reload(self) -> None:
        """Read again after a change; views that do so for the same change share one answer."""
        await asyncio.sleep(random.uniform(*SETTLE_SECONDS))  # noqa: S311
        self.data.serial, self._serial = self._serial, None
        try:
            await self.load()
        finally:
            self.data.serial = None

    def _on_state(self) -> None:
        if feed.state is not LiveState.OFFLINE and self.error is not None:
            self.later(self.load, 'load')

    # --- acts

    async def perform(self, form: Form, act: Awaitable[Any], *, done: str) -> bool:
        """Do what a form asks for. Done: the form goes and a line says so; else it stays and says why.

        What needs the bot is sent to it at once.
        """
        if not await self.attempt(act, fail=form.fail):
            return False
        form.close()
        ui.notify(done, type='positive')
        return True

    async def attempt(
        self, act: Awaitable[Any], *, fail: Callable[..., None], conflict: Callable[[Conflict], str] | None = None
    ) -> bool:
        """Do something, or say why not with `fail(text, field=...)`; whether it was done.

        `conflict` finds the words when somebody was faster."""
        try:
            self.session.touch()
            await act
        except SessionEnded:
            if asyncio.iscoroutine(act):
                act.close()
            fail(_('You are signed out, so this cannot be sent. Copy what you typed, then sign in again.'))
            return False
        except Refused as error:
            fail(reason_text(error.reason), field=error.field)
            return False
        except Conflict as error:
            fail(conflict(error) if conflict else explain_act(error), field=error.details)
            return False
        except DataError as error:
            fail(explain_act(error))
            return False
        bot.deliver_soon()
        return True

    def tell(self, text: str, *, field: str | None = None) -> None:
        """Say something about the page as a whole."""
        ui.notify(text)

    def later(self, work: Callable[[], Awaitable[Any]], name: str) -> None:
        """Run `work` in the background, at most once at a time and once after."""
        if self.is_open:
            background_tasks.create_lazy(work(), name=f'{self.client.id}:{id(self)}:{name}')

    @property
    def today(self) -> date:
        """The salon's day."""
        return datetime.now(ZoneInfo(self.salon.timezone)).date()


def pause_after(error: DataError | None) -> float:
    """How many seconds until a page reads again what could not be read."""
    return COUNTING_SECONDS if isinstance(error, StillCounting) else RETRY_SECONDS


def failure(error: DataError, *, on_retry: Callable[..., Any]) -> ui.element:
    """What stands where the data would be."""
    if isinstance(error, StillCounting):
        return counting_state(explain(error))
    return error_state(explain(error), on_retry=on_retry)


def explain_act(error: DataError) -> str:
    """Why an act was not done."""
    if isinstance(error, NotFound):
        return _('This is not there any more. Nothing was changed.')
    if isinstance(error, NotAllowed):
        return _('You may not do this (any more). Nothing was changed.')
    if isinstance(error, Conflict):
        return reason_text(
            error.reason, _('Somebody changed this a moment ago. Nothing was changed; please look again.')
        )
    return _('The data store does not answer. Nothing was changed; please try again.')


def explain(error: DataError) -> str:
    """What to tell a person about an error."""
    if isinstance(error, NotFound):
        return _('There is nothing here, or it belongs to another salon.')
    if isinstance(error, NotAllowed):
        return _('Your role does not include this. The owner of the salon can change that.')
    if isinstance(error, Refused):
        return _('The address of this page asks for something that does not exist.')
    if isinstance(error, StillCounting):
        return _('The clients are being counted; this page shows them in a moment.')
    return _('The data store does not answer. Nothing is lost; this page recovers by itself.')
