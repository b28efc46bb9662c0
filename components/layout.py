"""The frame around every page: menu, header, banner and the place where the page is drawn.

The one rule: it is built once per browser tab; moving between pages only changes which entry is active.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from nicegui import ui

from components.account_menu import AccountMenu
from components.alert_bell import AlertBell
from components.button import button
from components.i18n import _
from components.icons import icon
from components.link import link
from components.live_chip import LiveChip
from components.native_select import NativeSelect
from components.states import note
from components.theme import asset
from models import LiveState, Role

OPEN_MENU = '() => {document.body.classList.add("nav-open"); document.querySelector(".side a").focus()}'
CLOSE_MENU = '() => document.body.classList.remove("nav-open")'


@dataclass(frozen=True)
class MenuEntry:
    """One page in the menu; `title` is in the reader's language, `icon` one of `static/icons.svg`."""

    path: str
    title: str
    icon: str


class Frame:
    """What stays while pages come and go; draw the pages inside `with frame.content`."""

    def __init__(
        self,
        *,
        entries: Sequence[MenuEntry],
        user_name: str,
        role: Role,
        salon_name: str,
        on_language: Callable[[str], Any],
        on_theme: Callable[[str], Any],
        on_sign_out: Callable[[], Any],
        on_salon: Callable[[str], Any] | None = None,
        salons: Sequence[tuple[str, str]] = (),
        salon_id: str = '',
        theme: str = 'auto',
        zone: str = 'Europe/Moscow',
    ) -> None:
        """`salons` are pairs of id and name for those who may change the salon; nobody else sees a switch."""
        self._links: dict[str, ui.link] = {}
        ui.context.client.content.classes('bare')
        with ui.element('div').classes('frame'):
            ui.link(_('To the content'), '#content').classes(replace='skip-link')
            self._draw_menu(entries)
            ui.element('div').classes('side-scrim').on('click', js_handler=CLOSE_MENU)
            with ui.element('div').classes('frame-main'):
                with ui.element('header').classes('head'):
                    self._draw_salon(salon_name, salons, salon_id, on_salon)
                    self.bell = AlertBell()
                    self.live = LiveChip(zone=zone)
                    self.account = AccountMenu(
                        user_name=user_name, role=role, theme=theme,
                        on_language=on_language, on_theme=on_theme, on_sign_out=on_sign_out,
                    )  # fmt: skip
                self.banner = ui.element('div').classes('banner')
                self.content = ui.element('main').classes('content').props('id=content tabindex=-1')
        self._banner_shown: tuple[str | None, str] = ('', '')
        self.set_banner(None)

    def _draw_menu(self, entries: Sequence[MenuEntry]) -> None:
        with ui.element('aside').classes('side').on('keydown.escape', js_handler=CLOSE_MENU):
            with link(to='/', classes='brand'):
                ui.element('img').props(f'src="{asset("logo.svg")}" alt="" width=36 height=36')
                ui.label('Agent P').classes('brand-name')
            with ui.element('nav').on('click', js_handler=CLOSE_MENU).props(f'aria-label="{_("Menu")}"'):
                for entry in entries:
                    with link(to=entry.path, classes='nav-link') as self._links[entry.path]:
                        icon(entry.icon)
                        ui.label(entry.title)

    def _draw_salon(
        self, name: str, salons: Sequence[tuple[str, str]], salon_id: str, on_salon: Callable[[str], Any] | None
    ) -> None:
        hamburger = button(icon='menu', kind='quiet', label=_('Menu')).classes('menu-button')
        hamburger.on('click', js_handler=OPEN_MENU)
        if salons and on_salon:
            NativeSelect(options=salons, value=salon_id, label=_('Salon'), on_choose=on_salon).classes('salon-select')
            ui.element('div').classes('grow')
        else:
            ui.label(name).classes('salon-name grow').props('dir=auto')

    def set_active(self, path: str) -> None:
        """Show which page is open; an address below an entry's path belongs to that entry."""
        wanted = urlsplit(path).path.rstrip('/') or '/'
        fitting = [
            known for known in self._links if wanted == known or (known != '/' and wanted.startswith(f'{known}/'))
        ]
        active = max(fitting, key=len, default=None)
        for known, element in self._links.items():
            if known == active:
                element.classes(add='is-active').props(add='aria-current=page')
            else:
                element.classes(remove='is-active').props(remove='aria-current')

    def set_live(self, state: LiveState, since: datetime | None = None, *, every_seconds: int = 15) -> None:
        """Show how fresh the page is kept; `since` is when what is shown was read."""
        self.live.set(state, since, every_seconds=every_seconds)

    def set_banner(self, text: str | None, *, tone: str = 'warn') -> None:
        """Say above every page that something does not work now; None takes it away."""
        if (text, tone) == self._banner_shown:
            return
        self._banner_shown = text, tone
        self.banner.clear()
        self.banner.set_visibility(text is not None)
        if text is not None:
            with self.banner:
                note(text, tone=tone)
