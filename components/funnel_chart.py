"""The way from a dialog to a booking, step by step.

The one rule: each step shows its count, its share of all dialogs and of the step before, and opens its dialogs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nicegui import ui

from components.i18n import _, format_number, format_share
from components.labels import label_of
from models import DialogQuery, FunnelStep


class FunnelChart(ui.element, component='funnel_chart.js'):
    """All steps as one element."""

    def show(self, steps: Sequence[FunnelStep], *, query: DialogQuery) -> None:
        """Draw the steps; `query` holds the period that the links keep."""
        self._props['steps'] = [step_row(step, query=query, is_first=not index) for index, step in enumerate(steps)]
        self.update()


def step_row(step: FunnelStep, *, query: DialogQuery, is_first: bool) -> dict[str, Any]:
    """A step as the browser draws it."""
    shares = [
        text.format(share=format_share(share))
        for text, share in (
            (_('{share} of all'), step.of_first),
            (_('{share} of the step before'), step.of_previous),
        )
        if share is not None
    ]
    return {
        'key': step.figure.value,
        'label': label_of(step.figure).text,
        'count': format_number(step.dialogs),
        'shares': '' if is_first else ' · '.join(shares),
        'width': round(100 * (step.of_first or 0), 2),
        'href': query.replace(figure=step.figure).address(),
    }
