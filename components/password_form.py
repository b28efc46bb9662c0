"""A form that sets a password, with or without asking for the present one.

The one rule: it is a plain form that posts `current`, `password` and `again`; nothing typed passes through the socket.
"""

from __future__ import annotations

from collections.abc import Mapping

from nicegui import ui

from components.i18n import _
from components.reasons import reason_text
from components.theme import asset

SEEN_HERE = ('required', 'password_short', 'password_long', 'password_email', 'password_differs')
"""What the browser can tell before anything is sent."""


class PasswordForm(ui.element, component='password_form.js'):
    """The fields; `errors` are texts by field, of the last try."""

    def __init__(
        self,
        *,
        action: str,
        email: str,
        submit: str,
        shortest: int,
        longest: int,
        errors: Mapping[str, str] | None = None,
        asks_for_present: bool = False,
        takes_focus: bool = False,
    ) -> None:
        """`shortest` in characters, `longest` in bytes of UTF-8."""
        super().__init__()
        hint = _('At least {number} characters. A few words that only you would put together are good.')
        fields = [
            {'name': 'password', 'label': _('New password'), 'autocomplete': 'new-password',
             'hint': hint.format(number=shortest)},
            {'name': 'again', 'label': _('Once more'), 'autocomplete': 'new-password', 'hint': ''},
        ]  # fmt: skip
        if asks_for_present:
            present = {'name': 'current', 'label': _('Present password'), 'autocomplete': 'current-password'}
            fields.insert(0, {**present, 'hint': ''})
        self._props.update(
            action=action,
            email=email,
            fields=fields,
            errors=dict(errors or {}),
            shortest=shortest,
            longest=longest,
            icons=asset('icons.svg'),
            takesFocus=takes_focus,
            texts={
                'submit': submit,
                'show': _('Show the password'),
                'hide': _('Hide the password'),
                **{reason: reason_text(reason) for reason in SEEN_HERE},
            },
        )


def password_errors(failure: Mapping[str, object]) -> dict[str, str]:
    """What was wrong with the last try, in words at its field; nothing when there was none."""
    reason = str(failure.get('reason', ''))
    if not reason:
        return {}
    text = reason_text(reason)
    if reason == 'password_many':
        text = _('Too many tries. The next one is possible in {minutes} min.').format(minutes=failure.get('minutes'))
    return {str(failure.get('field', 'password')): text}
