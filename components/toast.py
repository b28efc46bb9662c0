"""A line at the bottom of the page that says what was just done and lets it be undone.

The one rule: it goes by itself, and what it offers can be reached in another way, too.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui

from components.button import button
from components.i18n import _

SECONDS = 12.0


class Toast:
    """One line at a time; another one takes its place."""

    def __init__(self) -> None:
        self._place = ui.element('div').classes('toast-place').props('role=status aria-live=polite')

    def show(self, text: str, *, undo: Callable[[], Awaitable[Any]] | None = None) -> None:
        """Say that something was done; with `undo` a button takes it back."""
        self._place.clear()
        with self._place, ui.element('div').classes('toast') as line:
            ui.label(text).classes('grow').props('dir=auto')
            if undo:
                button(_('Undo'), kind='quiet', on_click=undo)
            button(icon='close', kind='quiet', label=_('Close'), on_click=self.hide)
            ui.timer(SECONDS, lambda: self._end(line), once=True)

    def hide(self) -> None:
        """Take the line away."""
        self._place.clear()

    def _end(self, line: ui.element) -> None:
        if not line.is_deleted:
            line.delete()
