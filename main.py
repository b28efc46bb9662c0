"""Wires the dashboard together and runs it: pages, sign-in, health, live feed, security of the cookies.

Its one rule: nothing is decided here but what is connected with what.
"""

import asyncio
import contextlib
from urllib.parse import quote
from uuid import UUID

from fastapi import Request
from fastapi.responses import FileResponse, JSONResponse, RedirectResponse, Response
from nicegui import Client, app, background_tasks, helpers, ui

from auth import Session, TooManyAttempts, address_of, agent_of, is_same_origin, sessions, sign_in
from bot import LONGEST_EVENT, Receipt, bot
from components import theme
from components.form import keep_forms
from components.i18n import LANGUAGES, N_, _, format_day_time, set_language
from components.layout import Frame, MenuEntry
from components.link import is_inside
from components.login_form import LoginForm
from components.states import error_state
from config import settings
from data import Data, DataError, Unavailable, pool
from live import FAST_POLL_SECONDS, Change, feed
from models import BotState, LiveState, Role, User
from operations import checks, logs, telemetry
from operations.layers import put_around
from pages import PAGES, account, load_pages, welcome
from pages.export import remove_files
from pages.router import Router, find

SIGN_OUT_SECONDS = 2
"""Signing out waits no longer for its line in the audit."""
SILENCE_SECONDS = 60.0
"""How often an open tab looks whether the bot has fallen silent."""

STOP_SECONDS = 4
"""How long open pages and running requests may take to end when the process is to stop."""

logs.set_up()
load_pages()
theme.setup()


def open_pages() -> int:
    """How many browser tabs this process serves now."""
    return sum(1 for client in Client.instances.values() if client.has_socket_connection)


put_around(app, count_pages=open_pages)


@app.get('/favicon.ico', include_in_schema=False)
def favicon() -> FileResponse:
    """The icon for those who ask without reading the page; the route for all pages would answer else."""
    return FileResponse(theme.FAVICON, media_type='image/svg+xml')


@app.get('/files/{ticket}/{name}', include_in_schema=False)
async def give_file(request: Request, ticket: str, name: str) -> Response:
    """A file that was made for the one who asks, once."""
    try:
        session = await sessions.current(request)
    except DataError:
        return Response(status_code=503)
    path = session.files.pop(ticket, None) if session else None
    if path is None or path.name != name:
        return Response(status_code=404)
    return FileResponse(path, filename=name, headers={'cache-control': 'no-store'})


# --- the bot's callbacks


@app.post('/api/bot/events', include_in_schema=False)
async def take_bot_event(request: Request) -> JSONResponse:
    """What became of a command, or of a client's consent; signed as docs/BOT_CONTRACT.md says."""
    body = b''
    async for part in request.stream():
        body += part
        if len(body) > LONGEST_EVENT:
            break
    try:
        receipt = await bot.receive(body, request.headers)
    except DataError:
        receipt = Receipt(503, 'try again')
    return JSONResponse({'status': receipt.text}, status_code=receipt.status)


# --- signing in and out


@ui.page('/login', title='Agent P')
async def login_page(request: Request, next: str = '/', lang: str = '', ended: str = '') -> RedirectResponse | None:
    """The sign-in page; who is signed in already goes on to where he or she wanted to."""
    try:
        session = await sessions.current(request)
    except DataError:
        session = None
    if session:
        return RedirectResponse(safe_path(next))
    if lang in LANGUAGES:
        app.storage.user['language'] = lang
    draw_login(request, next, is_ended=bool(ended))
    return None


def draw_login(request: Request, next_path: str, *, is_ended: bool) -> None:
    """Draw the form, with what was wrong with the last try."""
    language = str(app.storage.user.get('language', 'ru'))
    client = ui.context.client
    set_language(client, language)
    theme.apply(theme=str(app.storage.user.get('theme', 'auto')), language=language)
    failure = request.session.pop('sign_in_failure', None) or {}
    LoginForm(
        error=failure_text(failure) or (_('You are signed out. Sign in again to go on.') if is_ended else ''),
        email=str(failure.get('email', '')),
        next_path=safe_path(next_path),
        on_language=lambda code: ui.navigate.to(f'/login?lang={code}&next={quote(safe_path(next_path))}'),
    )


def failure_text(failure: dict[str, object]) -> str:
    """What to tell about the last try."""
    minutes = failure.get('minutes', 0)
    return {
        'wrong': _('The e-mail or the password is wrong. Check both and try again.'),
        'many': _('Too many tries. The next one is possible in {minutes} min.').format(minutes=minutes),
        'unavailable': _('Signing in is not possible just now: the data store does not answer. Try again in a minute.'),
    }.get(str(failure.get('reason', '')), '')


@app.post('/login', include_in_schema=False)
async def enter(request: Request) -> Response:
    """Check e-mail and password and start a session under a new id."""
    form = await request.form()
    email, password = str(form.get('email', ''))[:320], str(form.get('password', ''))[:1000]
    wanted = safe_path(str(form.get('next', '/')))
    if not is_same_origin(request):
        return Response('this form was sent from another site', status_code=403)
    try:
        result = await sign_in(email, password, address=address_of(request), user_agent=agent_of(request))
    except DataError:
        return refuse(request, email, wanted, 'unavailable')
    if result is None:
        return refuse(request, email, wanted, 'wrong')
    if isinstance(result, TooManyAttempts):
        return refuse(request, email, wanted, 'many', result.minutes)
    await sessions.start(request, result.who, result.tenant_id)
    return RedirectResponse(wanted, status_code=303)


def refuse(request: Request, email: str, wanted: str, reason: str, minutes: int = 0) -> Response:
    """Back to the form, which says why."""
    request.session['sign_in_failure'] = {'reason': reason, 'email': email, 'minutes': minutes}
    return RedirectResponse(f'/login?next={quote(wanted)}', status_code=303)


def safe_path(path: str) -> str:
    """The path if it leads into this app, else the overview."""
    inside = is_inside(path) and path.isprintable() and '\\' not in path and not path.startswith('/login')
    return path if inside else '/'


@ui.page('/welcome/{token}', title='Agent P')
async def welcome_page(request: Request, token: str, lang: str = '') -> None:
    """Where an invitation or a reset link leads."""
    await welcome.draw(request, token, lang)


app.post('/welcome/{token}', include_in_schema=False)(welcome.choose_password)
app.post('/account/password', include_in_schema=False)(account.change_password)


# --- the frame and the pages


@ui.page('/', title='Agent P')
@ui.page('/{path:path}', title='Agent P')
async def frame_page(request: Request) -> Response | None:
    """One frame per browser tab; the pages come and go inside it. Who asks for no page gets none built."""
    if find(request.url.path) is None and 'text/html' not in request.headers.get('accept', ''):
        return Response(status_code=404)
    try:
        session = await sessions.current(request)
    except Unavailable:
        draw_unavailable()
        return None
    if session is None:
        wanted = request.url.path + (f'?{request.url.query}' if request.url.query else '')
        return RedirectResponse('/login' if wanted == '/' else f'/login?next={quote(wanted)}')
    Tab(session, request)
    return None


def draw_unavailable() -> None:
    """Nothing can be shown, not even who asks: say so, and offer to try again."""
    draw_failure(N_('The data store does not answer, so nothing can be shown yet. Nothing is lost.'))


def draw_fault() -> None:
    """A page broke while it was built: say so, and nothing of how; that is in the log."""
    draw_failure(N_('This is a fault of the dashboard. It is written down; please try again in a moment.'))


app.on_page_exception(draw_fault)


def draw_failure(text: str) -> None:
    """A page that has nothing but why it is empty."""
    language = str(app.storage.user.get('language', 'ru'))
    set_language(ui.context.client, language)
    theme.apply(theme=str(app.storage.user.get('theme', 'auto')), language=language)
    with ui.element('div').classes('page'):
        error_state(_(text), on_retry=ui.navigate.reload)


class Tab:
    """One browser tab of a signed-in person."""

    def __init__(self, session: Session, request: Request) -> None:
        self.session, self.request = session, request
        self.client = ui.context.client
        self.stored = app.storage.user
        user, salon = session.user, session.salon
        self.zone = salon.timezone if salon else 'Europe/Moscow'
        language = str(self.stored.get('language', user.language))
        set_language(self.client, language)
        self.dark = theme.apply(theme=str(self.stored.get('theme', user.theme)), language=language)
        session.attach(self.client, keep_open=self.keep_open)
        self.frame = Frame(
            entries=entries_for(user.role),
            user_name=user.name,
            role=user.role,
            salon_name=salon.name if salon else '',
            salons=[(str(item.id), item.name) for item in session.who.salons],
            salon_id=str(salon.id) if salon else '',
            theme=str(self.stored.get('theme', user.theme)),
            zone=self.zone,
            on_language=self.choose_language,
            on_theme=self.choose_theme,
            on_sign_out=self.sign_out,
            on_salon=self.choose_salon,
        )
        self.show_state()
        for end_watch in (feed.watch(self.show_state), bot.watch(self.show_state)):
            self.client.on_delete(end_watch)
        ui.timer(SILENCE_SECONDS, self.show_state, immediate=False)
        self.router = Router(session, self.frame)
        self.data = Data(session)
        if salon:
            self.client.on_delete(feed.subscribe(salon.id, self.on_change))
            background_tasks.create(self.count_alerts(), name='alerts')

    def on_change(self, change: Change) -> None:
        """Something changed in the salon: an alert may have come or gone."""
        if change.touches('alerts'):
            self.data.serial = change.serial
            background_tasks.create_lazy(self.count_alerts(), name=f'{self.client.id}:alerts')

    async def count_alerts(self) -> None:
        """Show in the header how many alerts are open; what it says stays while that cannot be read."""
        try:
            count = await self.data.alerts.count()
        except DataError:
            return
        if not self.client.is_deleted:
            with self.frame.content:
                self.frame.bell.show(count)

    def keep_open(self, address: str) -> bool:
        """The session has ended: whether somebody types here still. What was typed is not thrown away."""
        with self.frame.content:
            text = _('You are signed out, so this cannot be sent. Copy what you typed, then sign in again.')
            return keep_forms(self.client, text, then=lambda: self.client.open(address))

    def show_state(self) -> None:
        """Show how fresh the page is kept."""
        with self.frame.content:
            self.frame.set_live(feed.state, feed.read_at, every_seconds=round(FAST_POLL_SECONDS))
            failure = self._banner()
            self.frame.set_banner(failure or self._silence(), tone='warn' if failure else 'info')

    def _banner(self) -> str | None:
        if feed.state is LiveState.OFFLINE:
            return _('The data store does not answer. You see what was known; changes are not possible now.')
        if bot.state is BotState.DOWN:
            return _(
                'The bot does not answer. Its last message: {time}. What needs it is not possible now;'
                ' what was given to it before is kept and goes out as soon as it is back.'
            ).format(time=format_day_time(feed.last_write(self.session.tenant_id), self.zone))
        return None

    def _silence(self) -> str | None:
        since = feed.silent_since(self.session.tenant_id) if bot.state is BotState.UP else None
        text = _(
            'The bot answers, but has written nothing since {time}. If clients are writing to it, have it checked.'
        )
        return text.format(time=format_day_time(since, self.zone)) if since else None

    async def choose_language(self, code: str) -> None:
        """Draw the tab in another language and keep it for the next time."""
        self.stored['language'] = code
        await self._keep()
        ui.navigate.reload()

    async def choose_theme(self, name: str) -> None:
        """Show the tab light, dark or as the device has it."""
        self.stored['theme'] = name
        self.dark.value = theme.THEMES.get(name)
        await self._keep()

    async def _keep(self) -> None:
        user: User = self.session.user
        chosen = {'language': self.stored.get('language', user.language), 'theme': self.stored.get('theme', user.theme)}
        try:
            await Data(self.session).people.prefer(**chosen)
        except DataError:
            return

    async def choose_salon(self, tenant_id: str) -> None:
        """Show another salon, from its overview on."""
        try:
            await sessions.choose_salon(self.session, UUID(tenant_id))
        except (DataError, ValueError):
            ui.notify(_('This salon cannot be opened now.'))

    async def sign_out(self) -> None:
        """End the session, in all tabs of this browser."""
        with contextlib.suppress(DataError, TimeoutError):
            async with asyncio.timeout(SIGN_OUT_SECONDS):
                await Data(self.session).people.record('sign_out', '', address=address_of(self.request))
        await sessions.end(self.session.key)


def entries_for(role: Role) -> list[MenuEntry]:
    """The menu of a role."""
    return [
        MenuEntry(entry.path, _(entry.title), entry.icon)
        for entry in PAGES.values()
        if entry.in_menu and role.covers(entry.allowed)
    ]


# --- the process


@app.on_startup
def start() -> None:
    """Begin to listen, to watch the sessions and to deliver to the bot."""
    background_tasks.create(feed.run(), name='live feed')
    background_tasks.create(bot.run(), name='bot')
    background_tasks.create(sessions.watch(), name='sessions')
    background_tasks.create(telemetry.watch_loop(), name='event loop')
    feed.listen('users', sessions.check_soon)


@app.on_shutdown
async def stop() -> None:
    """Close the connections; what was exported and not fetched goes."""
    await bot.close()
    await pool.close()
    await asyncio.to_thread(remove_files)


pool.on_call = telemetry.count_query
if not helpers.is_user_simulation():
    checks.must_pass()

ui.run(
    host=settings().host,
    port=settings().port,
    title='Agent P',
    favicon=theme.FAVICON,
    storage_secret=settings().storage_secret.get_secret_value(),
    reconnect_timeout=30,
    tailwind=False,
    show=False,
    reload=False,
    show_welcome_message=False,
    uvicorn_logging_level='info',
    log_config=None,
    access_log=False,
    timeout_graceful_shutdown=STOP_SECONDS,
)
