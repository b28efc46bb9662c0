"""Where an invitation or a reset link leads: choose a password, then come in.

Its one rule: the page says the same of a link that is forged, used, past or ended; only a good one shows whose it is.
"""

from urllib.parse import quote

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from nicegui import app, ui

from auth import SignedIn, address_of, agent_of, is_same_origin, sessions, sign_in
from components import theme
from components.i18n import LANGUAGES, _, set_language
from components.link import link
from components.page_head import Heading
from components.password_form import PasswordForm, password_errors
from components.states import note
from components.theme import asset
from data import DataError
from models import LinkOwner
from passwords import LONGEST_BYTES, SHORTEST, Problem, owner_of, problem_of, use_link

FAILURE = 'password_failure'
"""Under which name the last try's problem waits in the browser's session for the page to be drawn again."""


async def draw(request: Request, token: str, lang: str = '') -> None:
    """Draw the page of a link."""
    problem, owner = None, None
    try:
        owner = await owner_of(token)
    except DataError:
        problem = _unavailable_text
    if lang in LANGUAGES:
        app.storage.user['language'] = lang
    language = str(app.storage.user.get('language', owner.language if owner else 'ru'))
    set_language(ui.context.client, language)
    theme.apply(theme=str(app.storage.user.get('theme', 'auto')), language=language)
    ui.add_head_html('<meta name="referrer" content="same-origin"><meta name="robots" content="noindex">')
    ui.context.client.content.classes('bare')
    with ui.element('main').classes('login'), ui.element('div').classes('login-card card'):
        with ui.element('div').classes('login-brand'):
            ui.element('img').props(f'src="{asset("logo.svg")}" alt="" width=44 height=44')
            ui.label('Agent P')
        if owner:
            draw_form(request, owner, token)
        else:
            draw_dead_end(problem() if problem else '')


def _unavailable_text() -> str:
    return _('The data store does not answer, so the link cannot be checked just now. Try again in a minute.')


def draw_form(request: Request, owner: LinkOwner, token: str) -> None:
    """Ask for the password."""
    is_new, is_named = owner.purpose == 'invite', owner.name != owner.email
    greeting = _('Welcome, {name}!').format(name=owner.name[:100]) if is_named else _('Welcome!')
    with ui.element('div'):
        Heading(greeting if is_new else _('A new password'), 1).classes('page-title').props('dir=auto')
        text = _('{place}: choose your password. You will sign in as {email}.')
        place = (owner.salon or _('Agent P platform'))[:100]
        ui.label(text.format(place=place, email=owner.email[:254])).classes('page-subtitle').props('dir=auto')
    PasswordForm(
        action=f'/welcome/{quote(token)}',
        email=owner.email,
        submit=_('Save and sign in'),
        shortest=SHORTEST,
        longest=LONGEST_BYTES,
        errors=password_errors(request.session.pop(FAILURE, None) or {}),
        takes_focus=True,
    )


def draw_dead_end(trouble: str) -> None:
    """The link leads nowhere; say what to do."""
    Heading(_('This link does not work'), 1).classes('page-title')
    if trouble:
        note(trouble, tone='bad')
    else:
        ui.label(
            _(
                'It was used already, has expired, or a newer one was made. Ask whoever sent it for a new link.'
                ' If you have chosen a password already, just sign in.'
            )
        ).classes('muted')
    link(_('To the sign-in'), to='/login', classes='native-button is-primary')


async def choose_password(request: Request, token: str) -> Response:
    """Take the form: set the password, then sign in with it."""
    if not is_same_origin(request):
        return Response('this form was sent from another site', status_code=403)
    form = await request.form()
    password, again = str(form.get('password', ''))[:1000], str(form.get('again', ''))[:1000]
    back = RedirectResponse(f'/welcome/{quote(token)}', status_code=303)
    place = {'address': address_of(request), 'user_agent': agent_of(request)}
    try:
        owner = await owner_of(token)
        if owner is None:
            return back
        if problem := problem_of(password, again, owner.email):
            request.session[FAILURE] = problem._asdict()
            return back
        if not await use_link(token, password, **place):
            return back
    except DataError:
        request.session[FAILURE] = Problem('password_unavailable')._asdict()
        return back
    return await _enter(request, owner, password, place)


async def _enter(request: Request, owner: LinkOwner, password: str, place: dict[str, str]) -> Response:
    """Sign in; if that is not possible just now, the sign-in page is where to go on."""
    try:
        result = await sign_in(owner.email, password, **place)
    except DataError:
        result = None
    if not isinstance(result, SignedIn):
        return RedirectResponse('/login', status_code=303)
    await sessions.start(request, result.who, result.tenant_id)
    return RedirectResponse('/', status_code=303)
