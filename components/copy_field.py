"""A text that is handed over by copying it.

The one rule: the text is shown, so that it can be copied by hand where the browser does not let a page do it.
"""

from __future__ import annotations

from nicegui import ui

from components.i18n import _
from components.theme import asset


class CopyField(ui.element, component='copy_field.js'):
    """The text with its button; `label` says what it is to those who do not see the screen."""

    def __init__(self, text: str, *, label: str) -> None:
        super().__init__()
        self._props.update(text=text, label=label, icons=asset('icons.svg'))
        self._props['texts'] = {'copy': _('Copy'), 'copied': _('Copied')}
