"""What people do about a client: write through the bot, invite back, keep notes.

Its one rule: each form makes its key once; whatever the database refuses stands in the form, with what was typed.
"""

from collections.abc import Awaitable, Callable
from datetime import date
from uuid import uuid4

from bot import bot
from components.client_texts import CLIENT_LANGUAGE, CLIENT_TEMPLATES, WIN_BACK_TEMPLATES, values_of_client
from components.form import Form
from components.i18n import LANGUAGES, _, format_day
from components.i18n import language as spoken_here
from components.message_form import MessageForm, Template
from components.reasons import needs_bot_text, reason_text
from components.toast import Toast
from data import Conflict, DataError
from models import Client, ClientNote, GivenCommand, OpenClient, Role
from pages.view import View, explain


class ClientActs:
    """The acts of one open page; `done` is awaited after each."""

    def __init__(self, view: View, *, done: Callable[[], Awaitable[object]]) -> None:
        self.view, self.done = view, done
        self.data = view.data.clients
        self.toast = Toast()

    @property
    def may_act(self) -> bool:
        """Whether this person may do anything here; employees read."""
        return self.view.session.user.role.covers(Role.ADMIN)

    @property
    def unable(self) -> str:
        """Why nothing can be sent just now; empty when it can."""
        return needs_bot_text(is_reachable=bot.is_reachable)

    async def invite_row(self, client: Client) -> None:
        """Ask for the words of an invitation to a client of the list, in the client's language."""
        try:
            opened = await self.data.open(client.id)
        except DataError as error:
            self.tell(explain(error))
        else:
            self.invite(opened)

    def invite(self, opened: OpenClient) -> None:
        """Ask for the words of an invitation."""
        ClientMessage(self, opened, _('Invite back'), WIN_BACK_TEMPLATES, self.data.invite)

    def write(self, opened: OpenClient) -> None:
        """Ask for the words of a message."""
        ClientMessage(self, opened, _('Write through the bot'), CLIENT_TEMPLATES, self.data.write)

    def add_note(self, opened: OpenClient) -> None:
        """Ask for a note."""
        NoteForm(self, opened)

    def remove_note(self, note: ClientNote) -> None:
        """Take a note away, after asking."""
        form = Form(
            _('Remove the note'),
            submit=_('Remove the note'),
            on_submit=lambda form: self._remove_note(form, note),
            kind='danger',
            hint=note.text[:300],
        )
        form.open()

    async def _remove_note(self, form: Form, note: ClientNote) -> None:
        if await self.view.attempt(self.data.remove_note(form.key, note.id), fail=form.fail):
            await self.finished(form, _('The note is removed.'))

    async def retry(self, command: GivenCommand) -> None:
        """Try a message again that did not get through."""
        if await self.view.attempt(self.view.data.commands.retry(uuid4(), command.id), fail=self.tell):
            await self.done()

    def tell(self, text: str, *, field: str | None = None) -> None:
        """Say something about the page as a whole."""
        self.toast.show(text)

    async def finished(self, form: Form, text: str) -> None:
        """The act of a form is done."""
        form.close()
        self.toast.show(text)
        await self.done()


class ClientMessage:
    """A form for a message to a client."""

    def __init__(
        self, acts: ClientActs, opened: OpenClient, title: str, templates: tuple[Template, ...],
        act: Callable[..., Awaitable[None]],
    ) -> None:  # fmt: skip
        self.acts, self.act, self.client = acts, act, opened.client
        spoken = (opened.memory.language if opened.memory else None) or CLIENT_LANGUAGE
        language = spoken if spoken in LANGUAGES else CLIENT_LANGUAGE
        values = values_of_client(opened.client, zone=acts.view.salon.timezone, language=language)
        hint = (opened.client.name or _('No name'))[:120]
        if language != spoken_here():
            hint += '\n' + _('The texts are in the client’s language: {language}.').format(language=LANGUAGES[language])
        form = MessageForm(title, templates=templates, values=values, on_submit=self.send, hint=hint, language=language)
        form.open()

    async def send(self, form: Form) -> None:
        """Send it."""
        act = self.act(form.key, self.client.id, form.value('text'))
        if await self.acts.view.attempt(act, fail=form.fail, conflict=conflict_text):
            await self.acts.finished(form, _('The message is on its way to the bot.'))


class NoteForm:
    """A form for a note about a client."""

    def __init__(self, acts: ClientActs, opened: OpenClient) -> None:
        self.acts, self.client = acts, opened.client
        hint = (opened.client.name or _('No name'))[:120]
        form = Form(_('Note'), submit=_('Save'), on_submit=self.send, hint=hint)
        form.area('text', _('Note'), hint=_('Seen by your colleagues, not by the client'))
        form.open()

    async def send(self, form: Form) -> None:
        """Keep it."""
        act = self.acts.data.add_note(form.key, self.client.id, form.value('text'))
        if await self.acts.view.attempt(act, fail=form.fail):
            await self.acts.finished(form, _('The note is kept.'))


def conflict_text(error: Conflict) -> str:
    """Why a client cannot be written to, with the day from which it is possible again."""
    text = reason_text(error.reason)
    if error.reason == 'invited_recently' and (day := read_day(error.details)):
        again = _('Again from {day}.').format(day=format_day(day))
        return f'{text} {again}'
    return text


def read_day(text: str | None) -> date | None:
    """A day as the database writes it."""
    try:
        return date.fromisoformat(text or '')
    except ValueError:
        return None
