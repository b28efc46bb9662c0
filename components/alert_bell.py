"""The bell in the header: how many alerts are open, and a way to them.

The one rule: its colour says whether somebody has seen them all; without an open alert it says nothing.
"""

from __future__ import annotations

from nicegui import ui

from components.i18n import _, format_number, ngettext
from components.icons import icon
from components.link import link
from models import AlertCount


class AlertBell:
    """A link to the alerts with the number of open ones."""

    def __init__(self) -> None:
        with link(to='/alerts', classes='alert-bell') as self._link:
            icon('alerts')
            self._number = ui.label().classes('alert-number num').props('aria-hidden=true')
        self.show(AlertCount(open=0, unseen=0))

    def show(self, count: AlertCount) -> None:
        """Show how many are open."""
        text = ngettext('{number} open alert', '{number} open alerts', count.open)
        words = text.format(number=format_number(count.open)) if count.open else _('Alerts')
        self._link.props['aria-label'] = self._link.props['title'] = words
        self._number.set_text('99+' if count.open > 99 else str(count.open))
        self._number.set_visibility(count.open > 0)
        self._number.classes(add='is-new' if count.unseen else '', remove='' if count.unseen else 'is-new')
