"""A text that is handed over by copying it.

The one rule: the text is shown, so that it can be copied by hand where the browser does not let a page do it.
"""

from __future__ import annotations

from nicegui import ui

from components.i18n import _
from components.theme import asset


class CopyField(ui.element, component='copy_field.js'):
    """The text with its button; `label` says what it is to those who do not see the screen. One that `is_short` is a
    button beside the text, which shows the text itself only where it cannot be copied."""

    def __init__(self, text: str, *, label: str, is_short: bool = False) -> None:
        super().__init__()
        self._props.update(text=text, label=label, isShort=is_short, icons=asset('icons.svg'))
        self._props['texts'] = {'copy': _('Copy'), 'copied': _('Copied'), 'failed': _('Copy it by hand')}
