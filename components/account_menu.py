"""The person's own corner of the header: language, light or dark, account, sign-out.

The one rule: what does not fit into a phone's header stands in the menu there, so nothing is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nicegui import ui

from components.button import button
from components.i18n import LANGUAGES, _, language
from components.icons import icon, icon_name
from components.labels import label_of
from components.link import link
from models import Role

THEME_ICONS = {'auto': 'auto', 'light': 'sun', 'dark': 'moon'}


class AccountMenu:
    """Switches for language and theme, and a menu with the person's name, role and sign-out."""

    def __init__(
        self,
        *,
        user_name: str,
        role: Role,
        theme: str,
        on_language: Callable[[str], Any],
        on_theme: Callable[[str], Any],
        on_sign_out: Callable[[], Any],
    ) -> None:
        self._on_language, self._on_theme = on_language, on_theme
        self._theme = theme if theme in THEME_ICONS else 'auto'
        other = next(code for code in LANGUAGES if code != language())
        with ui.element('div').classes('head-switches'):
            button(other.upper(), kind='quiet', label=LANGUAGES[other], on_click=lambda: on_language(other)).classes(
                'btn-icon'
            )
            self._theme_button = button(icon='auto', kind='quiet', on_click=self._next_theme, label=_('Theme'))
        initials = ''.join(word[0] for word in user_name.split()[:2]).upper() or '?'
        avatar = button(initials, kind='quiet', label=_('Account')).classes('avatar').mark('account')
        with avatar, ui.menu().props('anchor="bottom right" self="top right"').classes('account-menu'):
            ui.label(user_name).classes('account-name').props('dir=auto')
            ui.label(label_of(role).text).classes('muted')
            self._switch(_('Language'), LANGUAGES, language(), self._on_language)
            self._theme_switch = self._switch(_('Theme'), theme_names(), self._theme, self.set_theme)
            with link(to='/account', classes='native-button account-link'):
                icon('user')
                ui.label(_('My account'))
            button(_('Sign out'), on_click=on_sign_out, icon='sign-out').mark('sign-out')
        self._show_theme()

    def _switch(self, title: str, options: Mapping[str, str], value: str, on_change: Callable[[str], Any]) -> ui.toggle:
        ui.label(title).classes('field-label')
        toggle = ui.toggle(dict(options), value=value, on_change=lambda event: on_change(event.value))
        return toggle.props('unelevated no-caps spread').classes('segments')

    def _next_theme(self) -> None:
        order = list(THEME_ICONS)
        self._theme_switch.set_value(order[(order.index(self._theme) + 1) % len(order)])

    def set_theme(self, theme: str) -> Any:
        """Take another theme and tell the page of it; the answer is what the page does about it, to be awaited."""
        if theme == self._theme or theme not in THEME_ICONS:
            return None
        self._theme = theme
        self._show_theme()
        return self._on_theme(theme)

    def _show_theme(self) -> None:
        self._theme_button.props['icon'] = icon_name(THEME_ICONS[self._theme])
        title = _('Theme: {name}').format(name=theme_names()[self._theme])
        self._theme_button.props['aria-label'] = title
        self._theme_button.props['title'] = title


def theme_names() -> dict[str, str]:
    """The names of the themes."""
    return {'auto': _('As on the device'), 'light': _('Light'), 'dark': _('Dark')}
