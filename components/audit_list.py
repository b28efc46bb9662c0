"""The audit as lines that open.

The one rule: a line holds ready texts only, made in components/audit_texts.py however odd its values are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nicegui import ui

from components.audit_texts import row_of
from components.i18n import _
from components.theme import asset
from models import AuditLine


class AuditList(ui.element, component='audit_list.js'):
    """The lines; `on_more` is asked for more."""

    def __init__(self, *, on_more: Callable[[], Any]) -> None:
        super().__init__()
        self._props.update(icons=asset('icons.svg'), rows=[], hasMore=False)
        self._props['texts'] = {
            'field': _('What'), 'before': _('Before'), 'after': _('After'), 'agent': _('Browser'),
            'more': _('Show more'), 'loading': _('Loading'),
        }  # fmt: skip
        self.on('more', on_more, args=[])

    def show(self, lines: Sequence[AuditLine], *, zone: str, has_more: bool) -> None:
        """Draw the lines."""
        rows = [row_of(line, zone=zone) for line in lines]
        if rows != self._props['rows'] or has_more != self._props['hasMore']:
            self._props.update(rows=rows, hasMore=has_more)
        self.run_method('rest')
