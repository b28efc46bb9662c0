"""The chip in the header that says how fresh the page is.

The one rule: it says what the reader may rely on, and the tooltip says what that means.
"""

from __future__ import annotations

from datetime import datetime

from nicegui import ui

from components.i18n import _, format_time
from components.labels import label_of
from models import LiveState


class LiveChip:
    """The state of the connection to the data, as a dot and a few words."""

    def __init__(self, *, zone: str) -> None:
        self._zone = zone
        with ui.element('span').classes('chip live-chip').props('role=status tabindex=0') as self.root:
            ui.element('i').classes('dot')
            self._text = ui.label()
            self._tooltip = ui.tooltip().classes('tip')
        self.set(LiveState.LIVE, None)

    def set(self, state: LiveState, since: datetime | None, *, every_seconds: int = 15) -> None:
        """Show `state`; `since` is when the data shown was read, `every_seconds` how often polling asks."""
        time = format_time(since, self._zone)
        text, hint = {
            LiveState.LIVE: (label_of(LiveState.LIVE).text, _('New messages and bookings appear by themselves.')),
            LiveState.POLLING: (
                _('every {number} s').format(number=every_seconds),
                _('The page refreshes itself every {number} seconds until the instant connection is back.').format(
                    number=every_seconds
                ),
            ),
            LiveState.OFFLINE: (
                _('no connection · {time}').format(time=time) if since else label_of(LiveState.OFFLINE).text,
                _('There is no connection to the data. You see what was known at {time}.').format(time=time),
            ),
        }[state]
        self._text.set_text(text)
        self._tooltip.set_text(hint)
        self.root.classes(replace=f'chip live-chip tone-{label_of(state).tone} is-{state}')
