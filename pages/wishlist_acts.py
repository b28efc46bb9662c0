"""What people do with entries of the waiting list: the forms, and what is asked of the database.

Its one rule: an act names the entries as the person saw them; when somebody was faster the person is told who did what,
and decides.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from components.client_texts import WISH_TEMPLATES, offer_text, values_of
from components.form import Form
from components.i18n import N_, _, currency_sign, format_ago, ngettext
from components.labels import label_of, label_of_raw, person_text
from components.message_form import MessageForm
from components.reasons import reason_text
from components.toast import Toast
from data import Conflict, Refused, WaitingListData
from models import ChangedEntry, WaitingEntry, WaitingFigures, WishAct, WishStatus
from pages.view import View

REASONS_TO_CANCEL = (
    N_('The client has changed their mind'), N_('The client does not answer'), N_('Nothing suitable has become free'),
    N_('The client has booked elsewhere'), N_('Another reason'),
)  # fmt: skip
ANSWER_HOURS = (2, 6, 24, 48)
Act = Callable[..., Awaitable[dict[int, str]]]


class WaitingListActs:
    """The acts of one open page."""

    def __init__(self, view: View, *, done: Callable[[], Any]) -> None:
        self.view, self.done = view, done
        self.data: WaitingListData = view.data.waiting_list
        self.figures: WaitingFigures | None = None
        self.toast = Toast()

    def begin(self, act: str, entries: Sequence[WaitingEntry]) -> Any:
        """Open the form of an act, or do it when it needs none."""
        acts: dict[str, Callable[[Sequence[WaitingEntry]], Any]] = {
            'convert': self.convert, 'cancel': self.cancel, 'note': self.note, 'offer': self.offer, 'write': self.write,
            'reopen': self.reopen,
        }  # fmt: skip
        return acts[act](entries) if entries else None

    # --- the forms

    def convert(self, entries: Sequence[WaitingEntry]) -> None:
        """They are booked."""
        form = self.form(_('The client is booked'), entries, submit=_('Save'), act=self._convert)
        label, hint = _('Amount, {currency}'), _('May stay empty')
        if len(entries) > 1:
            label, hint = _('Amount for each, {currency}'), _('Counts for each of the chosen ones. May stay empty')
        form.text('amount', label.format(currency=currency_sign(self.view.salon.currency)), hint=hint)
        form.area('note', _('Note'))
        form.open()

    async def _convert(self, form: Form, seen: dict[int, str]) -> dict[int, str]:
        amount = read_amount(form.value('amount'))
        return await self.data.convert(form.key, seen, amount=amount, note=form.value('note'))

    def cancel(self, entries: Sequence[WaitingEntry]) -> None:
        """They wait no longer."""
        form = self.form(_('Take off the list'), entries, submit=_('Take off'), act=self._cancel)
        reasons = [_(reason) for reason in REASONS_TO_CANCEL]
        form.choice('reason', _('Why'), [(reason, reason) for reason in reasons], reasons[0])
        form.area('note', _('Details'))
        form.open()

    async def _cancel(self, form: Form, seen: dict[int, str]) -> dict[int, str]:
        reason, details = form.value('reason'), form.value('note').strip()
        is_other = reason == _(REASONS_TO_CANCEL[-1])
        note = details if is_other else f'{reason}. {details}' if details else reason
        return await self.data.cancel(form.key, seen, note=note)

    def note(self, entries: Sequence[WaitingEntry]) -> None:
        """Write something down."""
        form = self.form(_('Note'), entries, submit=_('Save'), act=self._note)
        form.area('note', _('Note'), hint=_('Seen by your colleagues, not by the client'))
        form.open()

    async def _note(self, form: Form, seen: dict[int, str]) -> dict[int, str]:
        return await self.data.note(form.key, seen, note=form.value('note'))

    def write(self, entries: Sequence[WaitingEntry]) -> None:
        """Let the bot write to the client."""
        MessageForm(
            _('Write through the bot'),
            templates=WISH_TEMPLATES,
            values=values_of(entries[0]),
            on_submit=SeenEntries(self, entries[:1], self._write).send,
            hint=entries_text(entries[:1]),
        ).open()

    async def _write(self, form: Form, seen: dict[int, str]) -> dict[int, str]:
        return await self.data.write(form.key, seen, message=form.value('text'))

    def offer(self, entries: Sequence[WaitingEntry]) -> None:
        """Let the bot ask the client whether a time suits."""
        OfferForm(self, entries[0])

    # --- doing it

    def form(self, title: str, entries: Sequence[WaitingEntry], *, submit: str, act: Act) -> Form:
        """A form about entries."""
        return Form(title, submit=submit, on_submit=SeenEntries(self, entries, act).send, hint=entries_text(entries))

    async def reopen(self, entries: Sequence[WaitingEntry]) -> None:
        """They wait again."""
        await self._reopen({entry.id: entry.version for entry in entries})

    async def _reopen(self, seen: dict[int, str]) -> None:
        act = self.data.reopen(uuid4(), seen)
        if await self.view.attempt(
            act, fail=self.view.tell, conflict=lambda error: changes_text(error, can_repeat=False)[0]
        ):
            self.toast.show(_('Back on the list.'))
            await self.done()

    @staticmethod
    def _overtaken(error: Conflict) -> str:
        return changes_text(error, can_repeat=False)[0]

    async def finished(self, act: Act, seen: dict[int, str]) -> None:
        """Say what was done, and offer to undo what can be undone."""
        can_undo = act in (self._convert, self._cancel)
        text = ngettext('Done for {number} entry.', 'Done for {number} entries.', len(seen)).format(number=len(seen))
        self.toast.show(text, undo=(lambda: self._reopen(seen)) if can_undo else None)
        await self.done()


class SeenEntries:
    """Entries as they stood when a form was opened. When somebody was faster the form says so, and asks again."""

    def __init__(self, acts: WaitingListActs, entries: Sequence[WaitingEntry], act: Act) -> None:
        self.acts, self.act = acts, act
        self.seen = {entry.id: entry.version for entry in entries}
        self.left: dict[int, str] = {}

    async def send(self, form: Form) -> None:
        """Do the act of a form."""
        if await self.acts.view.attempt(self._send(form), fail=form.fail, conflict=self._changed):
            form.close()
            await self.acts.finished(self.act, self.left)

    async def _send(self, form: Form) -> None:
        self.left = await self.act(form, self.seen)

    def _changed(self, error: Conflict) -> str:
        text, versions = changes_text(error)
        self.seen |= versions
        return text


class OfferForm:
    """Asks for a time to offer; the message follows the time until somebody changes it."""

    def __init__(self, acts: WaitingListActs, entry: WaitingEntry) -> None:
        self.acts, self.entry, self.zone = acts, entry, ZoneInfo(acts.view.salon.timezone)
        self.form = acts.form(_('Offer a time'), [entry], submit=_('Ask the client'), act=self._offer)
        today = acts.view.today
        day = entry.wished_on if entry.wished_on and entry.wished_on > today else today + timedelta(days=1)
        staff = acts.figures.staff if acts.figures else []
        names = [entry.staff or '', *(name for key, name in staff if key and name != entry.staff)]
        options = [(name, name or _('Any')) for name in dict.fromkeys([*names, ''])]
        self.day = self.form.day('offer_at', _('Day'), day, first=today)
        self.time = self.form.time('time', _('Time'), time(12))
        self.staff = self.form.choice('offer_staff', _('Specialist'), options, names[0])
        hours = [(str(n), ngettext('{number} hour', '{number} hours', n).format(number=n)) for n in ANSWER_HOURS]
        self.hours = self.form.choice('offer_until', _('Wait for the answer'), hours, '24')
        self.suggested = ''
        self.message = self.form.area('text', _('The bot’s question'))
        for field in (self.day, self.time, self.staff):
            field.on_value_change(self._suggest)
        self._suggest()
        self.form.open()

    @property
    def at(self) -> datetime | None:
        """The moment that is offered; None while day or time is not whole."""
        try:
            local = datetime.combine(date.fromisoformat(self.day.value), time.fromisoformat(self.time.value))
        except (ValueError, TypeError):
            return None
        return local.replace(tzinfo=self.zone)

    def _suggest(self) -> None:
        if self.at and self.message.value in {'', self.suggested}:
            self.suggested = offer_text(self.entry, staff=self.staff.value or '', at=self.at, zone=self.zone.key)
            self.message.set_value(self.suggested)

    async def _offer(self, form: Form, seen: dict[int, str]) -> dict[int, str]:
        at = self.at
        until = datetime.now(UTC) + timedelta(hours=int(self.hours.value))
        return await self.acts.data.offer(
            form.key, seen, at=at, staff=self.staff.value or '', until=min(until, at) if at else None,
            message=form.value('text'),
        )  # fmt: skip


def read_amount(text: str) -> Decimal | None:
    """The amount that was typed, as people write amounts; None for none. Raises Refused for what is no amount."""
    plain = re.sub(r'(₽|руб(ль|ля|лей)?\.?|р\.?|RUB)$', '', ''.join(text.split()), flags=re.IGNORECASE)
    if not plain:
        return None
    if not re.fullmatch(r'[0-9]{1,12}([.,][0-9]{1,10})?', plain):
        raise Refused('amount_range', 'amount')
    return Decimal(plain.replace(',', '.'))


def entries_text(entries: Sequence[WaitingEntry]) -> str:
    """Whom an act is about."""
    if len(entries) == 1:
        return ' · '.join(filter(None, (entries[0].client_name or _('No name'), entries[0].service)))[:200]
    return ngettext('{number} wish', '{number} wishes', len(entries)).format(number=len(entries))


def changes_text(error: Conflict, *, can_repeat: bool = True) -> tuple[str, dict[int, str]]:
    """Who did what meanwhile, in words, and the entries as they stand now."""
    if error.reason != 'changed_meanwhile':
        return reason_text(error.reason), {}
    changed = [ChangedEntry.model_validate(item) for item in json.loads(error.details or '[]')]
    lines = [
        _('{client}: {what} — {who}, {when}').format(
            client=(entry.client or _('No name'))[:80],
            what=label_of(WishAct(entry.kind)).text if entry.kind else label_of_raw(WishStatus, entry.status).text,
            who=person_text(entry.by, _('the bot')),
            when=format_ago(entry.at),
        )
        for entry in changed[:5]
    ]
    text = _('This has changed since you looked, so nothing was done.')
    if can_repeat:
        text = _('This has changed since you looked. Nothing was done yet; press once more to do it all the same.')
    return '\n'.join([text, *lines]), {entry.id: entry.version for entry in changed}
