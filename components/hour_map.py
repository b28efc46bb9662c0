"""When clients write and book: hours by weekdays on the salon's clock.

The one rule: a cell opens the dialogs that began in its hour, and their count is the number in it.
"""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import ui

from components.i18n import _
from components.labels import weekday_name
from models import DialogQuery, Figure, HourCell


class HourMap(ui.element, component='hour_map.js'):
    """The whole map as one element; people switch between dialogs and bookings in the browser."""

    def __init__(self) -> None:
        super().__init__()
        self._props['weekdays'] = [weekday_name(day) for day in range(1, 8)]
        self._props['texts'] = {
            'dialogs': _('Dialogs'),
            'bookings': _('Bookings'),
            'label': _('What to count'),
            'empty': _('Nothing in this period.'),
        }
        self._props['bases'] = {'dialogs': '/sessions', 'bookings': '/sessions'}

    def show(self, cells: Sequence[HourCell], *, query: DialogQuery) -> None:
        """Draw the cells; `query` holds the period that the links keep."""
        self._props['cells'] = tuple(cell.model_dump() for cell in cells)
        self._props['bases'] = {
            'dialogs': query.replace(figure=None, hour=None, weekday=None).address(),
            'bookings': query.replace(figure=Figure.BOOKINGS, hour=None, weekday=None).address(),
        }
        self.update()
