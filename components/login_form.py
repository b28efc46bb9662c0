"""The look of the sign-in page.

The one rule: it is a plain form that posts `email`, `password` and `next`; nothing typed passes through the socket.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui

from components.i18n import LANGUAGES, _, language
from components.theme import asset


class LoginForm(ui.element, component='login_form.js'):
    """The sign-in card in the middle of the page, with a switch for the language below it."""

    def __init__(
        self,
        *,
        on_language: Callable[[str], Any],
        email: str = '',
        error: str = '',
        next_path: str = '/',
    ) -> None:
        """`email` is what was typed before an error."""
        super().__init__()
        ui.context.client.content.classes('bare')
        self._props.update(
            email=email,
            error=error,
            action='/login',
            hidden={'next': next_path},
            language=language(),
            languages=[list(pair) for pair in LANGUAGES.items()],
            icons=asset('icons.svg'),
            logo=asset('logo.svg'),
            texts={
                'title': _('Sign-in'),
                'subtitle': _('The control centre of your salon'),
                'email': _('E-mail'),
                'password': _('Password'),
                'show': _('Show the password'),
                'hide': _('Hide the password'),
                'submit': _('Sign in'),
                'busy': _('Signing in…'),
                'language': _('Language'),
            },
        )
        self.on('language', lambda event: on_language(event.args) if event.args in list(LANGUAGES) else None)
