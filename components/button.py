"""Buttons in four weights.

The one rule: one `primary` button a view at most; what destroys is `danger`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from nicegui import ui

from components.icons import icon_name

Kind = Literal['primary', 'plain', 'quiet', 'danger']


def button(
    text: str = '',
    *,
    on_click: Callable[..., Any] | None = None,
    kind: Kind = 'plain',
    icon: str | None = None,
    label: str = '',
) -> ui.button:
    """A button; one with an icon only needs a `label` for those who do not see it."""
    element = ui.button(text, on_click=on_click, icon=icon_name(icon) if icon else None, color=None)
    element.classes(f'btn btn-{kind}' + ('' if text else ' btn-icon')).props('unelevated no-caps')
    if label:
        element.props['aria-label'] = label
        element.props['title'] = label
    return element
