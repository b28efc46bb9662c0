"""What people do about broadcasts: write, test, send, pause, resume, stop, try again.

Its one rule: each form makes its key once, and what reaches people says beforehand how many.
"""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from nicegui import ui

from bot import bot
from components.broadcast_texts import clients_text
from components.form import Form
from components.i18n import _, format_day_time, format_number, ngettext
from components.reasons import needs_bot_text
from components.toast import Toast
from data import Conflict, DataError
from models import Broadcast, ClientQuery, OpenBroadcast, Preflight, RecipientStatus
from pages.broadcast_form import BroadcastForm
from pages.view import View, explain, explain_act


class BroadcastActs:
    """The acts of one open page of broadcasts."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.data = view.data.broadcasts
        self.toast = Toast()
        self._test_keys: dict[tuple[UUID, int], UUID] = {}
        self._is_asking = False

    @property
    def unable(self) -> str:
        """Why nothing can be sent just now; empty when it can."""
        return needs_bot_text(is_reachable=bot.is_reachable)

    def tell(self, text: str, *, field: str | None = None) -> None:
        """Say something about the page as a whole."""
        self.toast.show(text)

    # --- writing

    async def write(self, audience: ClientQuery) -> None:
        """Ask for a new broadcast."""
        await self._form(None, audience)

    async def change(self, broadcast: Broadcast) -> None:
        """Ask what is to be otherwise in a draft."""
        await self._form(broadcast, broadcast.audience)

    async def _form(self, broadcast: Broadcast | None, audience: ClientQuery) -> None:
        if self._is_asking:
            return
        self._is_asking = True
        try:
            views = await self.view.data.views.list()
        except DataError as error:
            self.tell(explain(error))
            return
        finally:
            self._is_asking = False
        if self.view.is_open:
            with self.view.root:
                BroadcastForm(self.view, broadcast, audience, views).open()

    def remove(self, broadcast: Broadcast) -> None:
        """Ask whether a draft is to go."""
        form = Form(
            _('Delete the draft'), submit=_('Delete'), on_submit=lambda form: self._remove(form, broadcast),
            kind='danger', hint=broadcast.name,
        )  # fmt: skip
        form.open()

    async def _remove(self, form: Form, broadcast: Broadcast) -> None:
        if await self.view.attempt(self.data.remove(form.key, broadcast.id), fail=form.fail):
            form.close()
            ui.navigate.to('/broadcasts')

    async def test(self, opened: OpenBroadcast) -> None:
        """Send it to the salon's own chat."""
        version = (opened.broadcast.id, opened.broadcast.version)
        act = self.data.test(self._test_keys.setdefault(version, uuid4()), opened.broadcast.id)
        if await self.view.attempt(act, fail=self.tell) and self.view.is_open:
            self._test_keys.pop(version, None)
            self.tell(_('The bot writes it into the salon’s own chat now.'))

    # --- sending

    def send(self, opened: OpenBroadcast) -> None:
        """Ask once more, with what it will do in figures."""
        plan = opened.preflight
        assert plan
        zone = self.view.salon.timezone
        begins = format_day_time(plan.times.starts_at, zone) if is_later(plan) else _('now')
        lines = [
            _('It goes to {clients}, begins {begin} and is through at about {end}.').format(
                clients=clients_text(plan.getting), begin=begins, end=format_day_time(plan.times.ends_at, zone)
            ),
            _('What has gone out cannot be taken back.'),
        ]
        if left_out := sum(item.number for item in plan.left_out):
            lines.insert(1, _('Left out: {number}.').format(number=format_number(left_out)))
        form = Form(
            _('Send the broadcast'), submit=_('Send'), on_submit=lambda form: self._send(form, opened.broadcast, plan),
            hint='\n'.join(lines),
        )  # fmt: skip
        form.open()

    async def _send(self, form: Form, broadcast: Broadcast, plan: Preflight) -> None:
        act = self.data.send(form.key, broadcast.id, seen=broadcast.version, expected=plan.getting)
        begins = format_day_time(plan.times.starts_at, self.view.salon.timezone)
        planned = _('It is planned and begins {begin}.').format(begin=begins)
        await self._finish(form, act, planned if is_later(plan) else _('It goes out now.'))

    def stop(self, broadcast: Broadcast) -> None:
        """Ask once more, with what it will do in figures."""
        rest = broadcast.number(RecipientStatus.WAITING, RecipientStatus.SENDING)
        hint = _('It will not reach {clients} any more. A stopped broadcast cannot be resumed.').format(
            clients=clients_text(rest)
        )
        form = Form(
            _('Stop the broadcast'), submit=_('Stop'), on_submit=lambda form: self._stop(form, broadcast),
            kind='danger', hint=hint,
        )  # fmt: skip
        form.open()

    async def _stop(self, form: Form, broadcast: Broadcast) -> None:
        await self._finish(form, self.data.steer(form.key, broadcast.id, 'stop'), _('Stopped.'))

    async def steer(self, broadcast: Broadcast, act: str) -> None:
        """Pause or resume it."""
        if await self.view.attempt(self.data.steer(uuid4(), broadcast.id, act), fail=self.tell):
            self.tell(
                _('Paused. What the bot has already still goes out.') if act == 'pause' else _('The broadcast goes on.')
            )
        await self.view.load()

    def retry(self, opened: OpenBroadcast) -> None:
        """Ask once more before something is sent again."""
        hint = ngettext(
            'The bot has not confirmed {number} message. It is sent again under its number, so that a client gets it'
            ' once if the bot keeps account.',
            'The bot has not confirmed {number} messages. They are sent again under their numbers, so that a client'
            ' gets it once if the bot keeps account.', opened.can_retry,
        )  # fmt: skip
        form = Form(
            _('Try again'), submit=_('Send again'), on_submit=lambda form: self._retry(form, opened.broadcast),
            hint=hint.format(number=format_number(opened.can_retry)),
        )  # fmt: skip
        form.open()

    async def _retry(self, form: Form, broadcast: Broadcast) -> None:
        await self._finish(form, self.data.retry(form.key, broadcast.id), _('They are sent again.'))

    async def _finish(self, form: Form, act: Awaitable[Any], text: str) -> None:
        """Do what a form asks for, and read again."""
        if await self.view.attempt(act, fail=form.fail, conflict=conflict_text):
            form.close()
            self.tell(text)
            await self.view.load()


def is_later(plan: Preflight) -> bool:
    """Whether it does not begin at once: it is for later, or the quiet hours must end first."""
    return plan.times.starts_at > datetime.now(UTC) + timedelta(minutes=2)


def conflict_text(error: Conflict) -> str:
    """What to say when many more would get it than were on screen."""
    if error.reason == 'audience_grew' and (error.details or '').isdigit():
        return _('Meanwhile it would reach {clients}. Close this, look at the new figures and send it then.').format(
            clients=clients_text(int(error.details or 0))
        )
    return explain_act(error)
