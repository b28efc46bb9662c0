"""The person's own account: name, language, looks, password.

Its one rule: everything here is about the one who is signed in; nothing takes a user's number from the page.
"""

from collections.abc import Mapping
from typing import ClassVar

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from nicegui import app, ui

from auth import address_of, agent_of, is_same_origin, sessions
from components.account_menu import theme_names
from components.button import button
from components.form import Form
from components.i18n import LANGUAGES, N_, _, language
from components.labels import label_of
from components.page_head import page_head, section
from components.password_form import PasswordForm, password_errors
from components.states import note
from data import DataError
from models import Role, User
from pages import page
from pages.view import View
from passwords import LONGEST_BYTES, SHORTEST, Problem, change_own

FAILURE = 'own_password_failure'


@page('/account', title=N_('My account'), icon='user', allowed=Role.STAFF, in_menu=False)
class AccountView(View):
    """Three cards."""

    reloads_on: ClassVar[tuple[str, ...]] = ('users',)

    def build(self) -> None:
        self.stored = app.storage.user
        self.has_password: bool | None = None
        self.user: User = self.session.user
        self.failure: Mapping[str, object] = self._failure()
        page_head(_('My account'))
        if 'changed' in self.address.params:
            note(_('The password is changed. You are signed out on all other devices.'), tone='good', icon_name='check')
        with ui.element('div').classes('grid-2 account-cards'):
            with ui.element('div').classes('stack'):
                with section(_('About me')):
                    self.facts = ui.element('div').classes('side-facts')
                    button(_('Change the name'), icon='edit', on_click=self.rename).classes('self-start')
                with section(_('Language and looks')):
                    self._build_looks()
            with section(_('Password')):
                self.password = ui.element('div').classes('stack')
        self._draw_facts()

    def _failure(self) -> Mapping[str, object]:
        request = self.client.request
        found = request.session.pop(FAILURE, None) if request else None
        return found if isinstance(found, dict) else {}

    def _build_looks(self) -> None:
        ui.label(_('Language')).classes('field-label')
        ui.toggle(
            dict(LANGUAGES), value=language(), on_change=lambda event: self.choose('language', event.value)
        ).props('unelevated no-caps spread').classes('segments')
        ui.label(_('Theme')).classes('field-label')
        chosen = str(self.stored.get('theme', self.user.theme))
        ui.toggle(theme_names(), value=chosen, on_change=lambda event: self.choose('theme', event.value)).props(
            'unelevated no-caps spread'
        ).classes('segments')

    async def fetch(self) -> None:
        who = await self.data.people.whoami()
        self.user = who.user
        self.has_password = await self.data.users.has_own_password()

    def draw(self) -> None:
        self._draw_facts()
        if self.has_password is not None and not self.password.default_slot.children:
            with self.password:
                self._draw_password()

    def _draw_facts(self) -> None:
        facts = {
            _('Name'): self.user.name,
            _('E-mail'): self.user.email,
            _('Role'): label_of(self.user.role).text,
            _('Salon'): self.salon.name if self.user.role is not Role.SUPER_ADMIN else _('all salons'),
        }
        self.facts.clear()
        with self.facts:
            for title, value in facts.items():
                with ui.element('div').classes('side-fact'):
                    ui.label(title).classes('muted')
                    ui.label(value[:254]).props('dir=auto')

    def _draw_password(self) -> None:
        if not self.has_password:
            ui.label(
                _('You sign in with the platform’s common account: its password is changed there, not here.')
            ).classes('muted')
            return
        PasswordForm(
            action='/account/password',
            email=self.user.email,
            submit=_('Change the password'),
            shortest=SHORTEST,
            longest=LONGEST_BYTES,
            errors=password_errors(self.failure),
            asks_for_present=True,
        )
        ui.label(_('On all other devices you will be signed out.')).classes('muted small')

    # --- acts

    def rename(self) -> None:
        """Change the own name."""
        form = Form(_('Change the name'), submit=_('Save'), on_submit=self._rename)
        form.text('first_name', _('First name'), self.user.first_name, longest=100)
        form.text('last_name', _('Last name'), self.user.last_name, longest=100)
        form.open()

    async def _rename(self, form: Form) -> None:
        first, last = form.value('first_name'), form.value('last_name')
        act = self.data.users.rename(form.key, self.session.user.id, first_name=first, last_name=last)
        if await self.perform(form, act, done=_('The name is changed.')):
            await self.load()

    async def choose(self, what: str, value: str) -> None:
        """Keep another language or theme, and draw the tab in it."""
        known = LANGUAGES if what == 'language' else theme_names()
        if value not in known:
            return
        self.stored[what] = value
        chosen = {
            'language': str(self.stored.get('language', self.user.language)),
            'theme': str(self.stored.get('theme', self.user.theme)),
        }
        try:
            await self.data.people.prefer(**chosen)
        except DataError:
            ui.notify(_('This holds in this browser only: the data store does not answer.'))
        ui.navigate.reload()


async def change_password(request: Request) -> Response:
    """Take the form with the own new password."""
    if not is_same_origin(request):
        return Response('this form was sent from another site', status_code=403)
    form = await request.form()
    current, password, again = (str(form.get(name, ''))[:1000] for name in ('current', 'password', 'again'))
    try:
        session = await sessions.current(request)
        if session is None:
            return RedirectResponse('/login?ended=1&next=/account', status_code=303)
        place = {'address': address_of(request), 'user_agent': agent_of(request)}
        problem = await change_own(session, current, password, again, **place)
    except DataError:
        problem = Problem('password_unavailable')
    if problem is None:
        return RedirectResponse('/account?changed=1', status_code=303)
    request.session[FAILURE] = problem._asdict()
    return RedirectResponse('/account', status_code=303)
