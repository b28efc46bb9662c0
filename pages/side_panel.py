"""What is opened beside a list: one row of it, whole.

Its one rule: the address names what is open; an answer for something else is dropped, and what is on screen stays until
something better is known.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar
from uuid import UUID

from nicegui import ui

from components.i18n import _
from components.icons import icon
from components.link import link
from components.place import Place
from components.states import empty_state, skeleton_rows
from data import DataError, NotFound, SessionEnded, Unavailable
from pages.view import explain, failure, pause_after

if TYPE_CHECKING:
    from pages.list_view import ListView

A = TypeVar('A')


class SidePanel(Generic[A]):
    """One side of a page with a list. Its own panel says how to read and draw what the address names."""

    CLASSES: ClassVar[str] = ''

    def __init__(self, view: ListView[Any, Any]) -> None:
        self.view, self.key = view, ''
        self.forget()
        self.root = ui.element('div').classes(f'dialog-panel {self.CLASSES}')
        self.place = Place(self.root)

    # --- what a panel writes itself

    @property
    def missing(self) -> str:
        """What is said when there is no such row."""
        raise NotImplementedError

    async def read(self) -> A:
        """Ask for what the address names. May raise DataError."""
        raise NotImplementedError

    def forget(self) -> None:
        """Nothing is open now, or something else will be."""
        self.opened: Any = None

    def keep(self, answer: A) -> None:
        """Keep what was read."""
        self.opened = answer

    def draw(self) -> None:
        """Show what was kept, if anything was."""
        raise NotImplementedError

    # --- what all share

    @property
    def uuid(self) -> UUID | None:
        """The key of the address; None when it names none, or nothing that could be one."""
        try:
            return UUID(self.key) if self.key else None
        except ValueError:
            return None

    def open(self, key: str) -> None:
        """Turn to what the address names; `load` brings it."""
        if key == self.key:
            return
        self.key = key
        self.forget()
        self.place.clear()
        if key:
            with self.root:
                skeleton_rows(6)

    async def refresh(self) -> None:
        """The list is read again."""
        await self.load()

    async def load(self) -> None:
        """Read it and show it."""
        key = self.key
        if not key:
            return
        try:
            answer = await self.read()
        except SessionEnded:
            return
        except DataError as error:
            self.fail(key, error)
            return
        if self.is_shown(key):
            self.keep(answer)
            self.draw()

    def is_shown(self, key: str) -> bool:
        """Whether the panel still shows what has this key."""
        return key == self.key and self.view.is_open

    def fail(self, key: str, error: DataError) -> None:
        """What has this key could not be read: what is on screen stays, unless it is gone."""
        if not self.is_shown(key):
            return
        if isinstance(error, Unavailable):
            self.view.later(lambda: self._retry(pause_after(error)), 'retry-panel')
        if self.opened is not None and not isinstance(error, NotFound):
            return
        self.forget()
        self.place.clear()
        with self.root:
            self.close_link()
            if isinstance(error, NotFound):
                empty_state(self.missing, explain(error), icon_name='search')
            else:
                failure(error, on_retry=self.load)

    async def _retry(self, pause: float) -> None:
        await asyncio.sleep(pause)
        await self.again()

    async def again(self) -> None:
        """Read again after a failure."""
        await self.load()

    def close_link(self) -> None:
        """The way back to the list, for narrow screens."""
        with link(to=self.view.list_address(), classes='native-button is-quiet dialog-close'):
            icon('arrow-left')
            ui.label(_('Back to the list'))
