"""The dashboard inside a test's own event loop, and people who use it as browsers do.

Rule: nothing is made up but the browser. Requests, sessions, queries and the live feed are the real ones.
"""

import asyncio
import json
from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx
import psycopg
from nicegui import Client, background_tasks, core, ui
from nicegui.testing import User

from auth import Session, Sessions, sessions
from bot import Bot, bot
from data import pool
from devstack.stack import Stack
from live import Feed, feed
from pages.router import Router
from pages.view import View

PATIENCE = 8.0
E = TypeVar('E', bound=ui.element)


def forget_everything() -> None:
    """Sessions, live feed and the bot's state as in a process that has just begun, on the loop that runs now."""
    vars(feed).clear()
    vars(feed).update(vars(Feed()))
    vars(sessions).clear()
    vars(sessions).update(vars(Sessions()))
    vars(bot).clear()
    vars(bot).update(vars(Bot()))


async def until(is_so: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(seconds):
        while not is_so():  # noqa: ASYNC110  (anything may make it so)
            await asyncio.sleep(0.02)


class Person:
    """One browser with its cookies, and the tab that it looks at."""

    def __init__(self, stack: Stack, name: str, address: str) -> None:
        self.stack = stack
        self.email = name if '@' in name else f'{name}@demo.salon'
        transport = httpx.ASGITransport(core.app, client=(address, 1))
        self.http = httpx.AsyncClient(
            transport=transport,
            base_url='http://test',
            headers={'accept': 'text/html'},
            event_hooks={'response': [self._remember]},
        )
        self.user = User(self.http)
        self.path = ''
        self.received: list[str] = []
        """Everything that the server sent: pages and messages of the socket."""
        self.sent_to: list[str] = []
        """The addresses that the server sent the tab to."""

    async def _remember(self, response: httpx.Response) -> None:
        await response.aread()
        self.path = response.request.url.raw_path.decode()
        self.received.append(response.text)

    async def sign_in(self, password: str | None = None, path: str = '/', **headers: str) -> httpx.Response:
        """Send the sign-in form; the server's answer to it."""
        form = {'email': self.email, 'password': password or self.stack.secrets.demo_password, 'next': path}
        return await self.http.post('/login', data=form, headers=headers)

    async def open(self, path: str = '/') -> 'Person':
        """Load an address, and wait until its page has read what it shows."""
        client = await self.user.open(path)
        self._listen(client)
        view = self.view
        if view:
            await until(lambda: view.read_at or view.error)
        return self

    def _listen(self, client: Client) -> None:
        emit = client.outbox._emit

        async def listening(message: Any) -> None:
            await emit(message)
            _target, kind, data = message
            self.received.append(json.dumps(data, default=str, ensure_ascii=False))
            if kind == 'open':
                self.sent_to.append(data['path'])

        client.outbox._emit = listening  # type: ignore[method-assign]

    async def go(self, path: str) -> None:
        """Follow a link inside the tab, and wait until the page there has read what it shows."""
        with self.client:
            await self.client.sub_pages_router._handle_open(path)
        await until(lambda: not self.is_moving)

    @property
    def is_moving(self) -> bool:
        """Whether a page is on its way still."""
        return any(element._active_tasks for element in self.all(ui.sub_pages))

    @property
    def client(self) -> Client:
        """The tab."""
        assert self.user.client
        return self.user.client

    @property
    def router(self) -> Router | None:
        """What moves between the pages of the tab."""
        return next((moves._routes['/'].__self__ for moves in self.all(ui.sub_pages)), None)  # type: ignore[attr-defined]

    @property
    def view(self) -> View | None:
        """The page that the tab shows."""
        return self.router.view if self.router else None

    @property
    def session(self) -> Session:
        """The session that the tab was opened in."""
        assert self.router
        return self.router.session

    @property
    def key(self) -> str:
        """The id in the browser's cookie, as of the tab's page."""
        return str(self.client.request.session['id'])

    def all(self, kind: type[E]) -> list[E]:
        """All elements of a kind, in the order in which they were drawn."""
        return [element for element in self.client.elements.values() if isinstance(element, kind)]

    def one(self, kind: type[E]) -> E:
        """The only element of a kind."""
        (element,) = self.all(kind)
        return element

    def texts(self, *, visible: bool = True) -> str:
        """What stands on the page, but for what components draw by themselves."""
        shown = [element for element in self.all(ui.label) if not visible or is_shown(element)]
        buttons = [element for element in self.all(ui.button) if not visible or is_shown(element)]
        return '\n'.join([*(label.text for label in shown), *(button.text for button in buttons)])

    async def sees(self, *texts: str) -> None:
        """Wait until these texts stand on the page."""
        try:
            await until(lambda: all(text in self.texts() for text in texts))
        except TimeoutError:
            raise AssertionError(f'{texts} not in:\n{self.texts()}') from None

    def click(self, text: str) -> None:
        """Press the button with this text."""
        (button,) = [button for button in self.all(ui.button) if button.text == text and is_shown(button)]
        tell(button, 'click')

    async def close(self) -> None:
        """Close the browser."""
        await self.http.aclose()


def is_shown(element: ui.element) -> bool:
    """Whether neither the element nor anything around it is hidden."""
    return element.visible and all(parent.visible for parent in element.ancestors())


def tell(element: ui.element, event: str, args: Any = None) -> None:
    """Let the browser report an event of an element, as its socket does."""
    for listener in list(element._event_listeners.values()):
        if listener.type == event:
            element.client.handle_event(
                {
                    'id': element.id,
                    'client_id': element.client.id,
                    'listener_id': listener.id,
                    'args': [json.dumps(args)],
                }
            )


class Dashboard:
    """The running app."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.people: list[Person] = []

    def browser(self, name: str = 'owner', *, address: str = '127.0.0.1') -> Person:
        """A browser of the demo's owner, staff, stranger or platform (or of whoever has the e-mail)."""
        person = Person(self.stack, name, address)
        self.people.append(person)
        return person

    async def signed_in(self, name: str = 'owner', path: str | None = '/', *, password: str | None = None) -> Person:
        """A browser whose person has signed in and looks at `path`."""
        person = self.browser(name)
        answer = await person.sign_in(password)
        assert answer.headers['location'] == '/'
        return await person.open(path) if path else person

    async def another_tab(self, person: Person, path: str = '/') -> Person:
        """The same browser once more: same cookies, another tab."""
        tab = self.browser(person.email)
        tab.http.cookies = person.http.cookies
        return await tab.open(path)

    def run(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """A statement of somebody with all rights, committed at once."""
        with psycopg.connect(self.stack.admin_dsn, autocommit=True) as db:
            cursor = db.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    async def close(self) -> None:
        """Close all browsers, and end what is under way: a request that outlives its pool keeps its socket."""
        for person in self.people:
            await person.close()
        await background_tasks.teardown()
        await until(lambda: not pool._flights)


def path_of(address: str) -> str:
    """An address without host and parameters."""
    return urlsplit(address).path


def addresses(rows: Iterable[dict[str, Any]]) -> list[str]:
    """The links of rows that a component draws."""
    return [row['href'] for row in rows]
