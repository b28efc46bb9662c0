"""Moves between the pages inside one browser tab.

Its one rule: every move asks the session and the role again, because a move inside the page passes no HTTP middleware.
"""

from collections.abc import Coroutine
from typing import Any
from urllib.parse import quote, urlsplit

from nicegui import PageArguments, ui

from auth import Session
from components.form import close_forms
from components.i18n import _
from components.layout import Frame
from components.states import empty_state
from data import Data, DataError, SessionEnded
from pages import PAGES, PageEntry
from pages.view import Address, View


class Moves(ui.sub_pages):
    """Tells of every move inside the tab. Scrolling is the page's own business: a list stays where it is read."""

    def _scroll_to_top(self, *, behavior: str) -> None:
        return


class Router:
    """Which page a tab shows. Addresses are real: each can be reloaded, copied and gone back to."""

    def __init__(self, session: Session, frame: Frame) -> None:
        self.session, self.frame = session, frame
        self.client = ui.context.client
        self.entry: PageEntry | None = None
        self.view: View | None = None
        with frame.content:
            self.place = ui.element('div').classes('page-place')
            Moves({'/': self.dispatch}, show_404=False).classes('hidden')
        self.client.on_delete(self.close)

    def dispatch(self, args: PageArguments) -> Coroutine[Any, Any, None] | None:
        """Show the page of the tab's address. NiceGUI calls this whenever path or parameters change."""
        address = self.client.sub_pages_router.current_path
        try:
            self.session.touch()
        except SessionEnded:
            self.client.open(f'/login?next={quote(address)}')
            return None
        entry = find(urlsplit(address).path)
        self.frame.set_active(address)
        if entry is None or self.session.salon is None or not self.session.user.role.covers(entry.allowed):
            return self._refuse(entry, address)
        if self.view and self.entry is entry and self.view.salon.id == self.session.salon.id:
            return self.view.go(Address.of(address, entry.path))
        return self._open(entry, address)

    def _open(self, entry: PageEntry, address: str) -> Coroutine[Any, Any, None]:
        assert self.session.salon is not None
        self.close()
        with self.place:
            view = entry.view(self.session, self.session.salon, Address.of(address, entry.path))
        self.entry, self.view = entry, view
        view.open()
        self.client.run_javascript('window.scrollTo(0, 0)')
        ui.page_title(f'{_(entry.title)} · Agent P')
        return view.load()

    def _refuse(self, entry: PageEntry | None, address: str) -> Coroutine[Any, Any, None] | None:
        self.close()
        with self.place, ui.element('div').classes('page'):
            if entry is None:
                empty_state(_('There is no such page'), _('The address is wrong or out of date.'), icon_name='search')
                return None
            if self.session.salon is None:
                empty_state(_('There is no salon yet'), _('As soon as the bot serves a salon, it appears here.'))
                return None
            empty_state(
                _('This page is not open to you'),
                _('Your role does not include it. The owner of the salon can change that.'),
                icon_name='lock',
            )
        return self._audit(address)

    async def _audit(self, address: str) -> None:
        try:
            await Data(self.session).people.record('refused', urlsplit(address).path)
        except DataError:
            return

    def close(self) -> None:
        """Take the page from the screen and end what it listens to."""
        if self.view:
            self.view.close()
            close_forms(self.client)
        self.entry = self.view = None
        if not self.place.is_deleted:
            self.place.clear()


def find(path: str) -> PageEntry | None:
    """The page of a path: its own one, or that of its first part."""
    parts = [part for part in path.split('/') if part]
    return PAGES.get(f'/{parts[0]}' if parts else '/')
