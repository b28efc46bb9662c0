"""Top services and top specialists.

The one rule: the rows add up to the total that is shown below them, "not specified" included.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from nicegui import ui

from components.i18n import _, format_money, format_number
from models import Ranked

ROWS_SHOWN = 8


class RankingTable(ui.element, component='ranking_table.js'):
    """A table of names with bookings and revenue, as one element."""

    def __init__(self, *, name_title: str) -> None:
        """`name_title` is the first column's title: "Service" or "Specialist"."""
        super().__init__()
        self._props['limit'] = ROWS_SHOWN
        self._props['texts'] = {
            'name': name_title,
            'bookings': _('Bookings'),
            'revenue': _('Revenue'),
            'total': _('Total'),
            'less': _('Show fewer'),
            'empty': _('No bookings in this period.'),
        }

    def show(
        self,
        rows: Sequence[Ranked],
        *,
        currency: str,
        total_bookings: int,
        total_revenue: Decimal,
        address: Callable[[Ranked], str],
    ) -> None:
        """Draw the rows; `address` gives the dialogs behind a row."""
        best = max((_weight(row, total_revenue) for row in rows), default=0.0)
        self._props['rows'] = tuple(
            [
                {
                    'key': row.key,
                    'label': row.label or row.key or _('not specified'),
                    'muted': not row.key,
                    'bookings': format_number(row.bookings),
                    'revenue': format_money(round(row.revenue), currency),
                    'width': round(100 * _weight(row, total_revenue) / best, 1) if best else 0,
                    'href': address(row),
                }
                for row in rows
            ]
        )
        self._props['total'] = {
            'bookings': format_number(total_bookings),
            'revenue': format_money(round(total_revenue), currency),
        }
        self._texts['more'] = _('Show all {number}').format(number=len(rows))
        self.update()

    @property
    def _texts(self) -> dict[str, Any]:
        texts: dict[str, Any] = self._props['texts']
        return texts


def _weight(row: Ranked, total_revenue: Decimal) -> float:
    return float(row.revenue) if total_revenue else float(row.bookings)
