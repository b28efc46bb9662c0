"""A list to choose one thing from, drawn by the browser itself.

The one rule: keys and texts go in, a key of the list comes out; anything else is ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nicegui import events, ui


class NativeSelect(ui.element, component='native_select.js'):
    """One choice out of `options`, pairs of key and text; `label` is for those who do not see the screen."""

    def __init__(
        self, *, options: Sequence[tuple[str, str]], value: str, label: str, on_choose: Callable[[str], object]
    ) -> None:
        super().__init__()
        self._props.update(options=[list(pair) for pair in options], value=value, label=label)
        self._on_choose = on_choose
        self.on('choose', self._choose)

    def _choose(self, event: events.GenericEventArguments) -> object:
        if event.args not in [key for key, _text in self._props['options']]:
            return None
        self._props['value'] = event.args
        return self._on_choose(event.args)
