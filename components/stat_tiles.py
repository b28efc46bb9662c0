"""Figures in a row of small tiles.

The one rule: each tile is a link to the rows behind its figure; no data is a word and never a zero.
"""

from __future__ import annotations

from collections.abc import Mapping

from nicegui import ui

from components.link import link


class StatTiles:
    """Tiles by name; draw them once, then `show` what they say."""

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._values: dict[str, ui.label] = {}
        self._notes: dict[str, ui.label] = {}
        self._links: dict[str, ui.link] = {}
        with ui.element('div').classes('tiles'):
            for name, label in labels.items():
                with link(to='/', classes='tile') as self._links[name]:
                    ui.label(label).classes('tile-label')
                    self._values[name] = ui.label('—').classes('tile-value num')
                    self._notes[name] = ui.label().classes('tile-note')

    def show(self, name: str, value: str, *, note: str = '', to: str, tone: str = '') -> None:
        """Show a figure as written, a line below it, and where its rows are; `tone` colours the line."""
        self._values[name].set_text(value)
        self._notes[name].set_text(note)
        self._notes[name].classes(replace=f'tile-note {f"tone-{tone}" if tone else ""}')
        self._links[name].props['href'] = to
