"""The button that takes a list out as a file: its kinds, its progress, and a way to stop.

The one rule: nothing is handed over before all of it is written; whoever stops gets nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui

from components.button import button
from components.i18n import _, format_number
from components.icons import icon
from components.page_head import Heading

KINDS = {'xlsx': 'Excel (XLSX)', 'csv': 'CSV'}


class ExportMenu:
    """A button with a menu; `on_export` gets the kind of file, `on_stop` is for while it is written."""

    def __init__(self, *, on_export: Callable[[str], Any], on_stop: Callable[[], Any]) -> None:
        self._on_stop = on_stop
        self._dialog: ui.dialog | None = None
        with button(_('Export'), icon='download').classes('export-button'), ui.menu().props('auto-close'):
            for kind, text in KINDS.items():
                with ui.item(on_click=lambda kind=kind: on_export(kind)):
                    icon('download')
                    ui.item_label(text)

    def begin(self) -> None:
        """Show that the file is being written."""
        with ui.context.client.content, ui.dialog().props('persistent') as dialog, ui.element('div').classes('form'):
            Heading(_('Writing the file'), 2).classes('form-title')
            self._text = ui.label().props('role=status')
            self._bar = ui.linear_progress(value=0, show_value=False).classes('export-bar')
            with ui.element('div').classes('form-foot'):
                button(_('Stop'), icon='stop', on_click=self._on_stop)
        self._dialog = dialog
        self.show(0, None)
        dialog.open()

    def show(self, done: int, total: int | None) -> None:
        """So many rows of (about) so many are written."""
        number = format_number(done)
        if total is None:
            self._text.set_text(_('{number} rows').format(number=number))
            return
        self._text.set_text(_('{number} of {total} rows').format(number=number, total=format_number(max(total, done))))
        self._bar.set_value(min(1.0, done / total) if total else 1.0)

    def end(self) -> None:
        """The file is written, or nobody wants it any more."""
        if self._dialog and not self._dialog.is_deleted:
            self._dialog.close()
            self._dialog.delete()
        self._dialog = None
