"""A place whose content is drawn from data, and which stays as it is while that data stays the same.

The one rule: keyboard focus, selection and scrolling outlive a live update, whatever has to be drawn anew for it.
"""

from __future__ import annotations

from nicegui import ui


class FocusKeeper(ui.element, component='focus_keeper.js'):
    """Gives keyboard focus back when what had it was drawn anew: to the same `data-act`, else to the same words."""


class Place:
    """Remembers what `root` shows: `with place.root` draw only `if place.is_new(...)`, which empties it as well."""

    def __init__(self, root: ui.element) -> None:
        self.root = root
        self._shown: object = None

    def is_new(self, *shown: object) -> bool:
        """Whether this is not what was drawn last; name everything that the drawing depends on."""
        if self._shown == shown:
            return False
        self.clear()
        self._shown = shown
        return True

    def clear(self) -> None:
        """Empty it for something else."""
        self._shown = None
        self.root.clear()
