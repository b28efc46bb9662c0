"""The title of a page with what belongs beside it.

The one rule: one page has one title, and it is the page's only `h1`.
"""

from __future__ import annotations

from nicegui import ui


class Heading(ui.label):
    """A label that is a real heading."""

    def __init__(self, text: str, level: int) -> None:
        super().__init__(text)
        self.tag = f'h{level}'


def page_head(title: str, subtitle: str = '') -> ui.element:
    """The title and a line below it; use it as a context manager to put controls beside them."""
    with ui.element('div').classes('page-head') as element, ui.element('div').classes('page-head-text'):
        Heading(title, 1).classes('page-title')
        if subtitle:
            ui.label(subtitle).classes('page-subtitle')
    return element


def section(title: str, hint: str = '', *, classes: str = '') -> ui.element:
    """A card with a heading; use it as a context manager for what it holds."""
    with ui.element('section').classes(f'card {classes}') as element, ui.element('div').classes('card-head'):
        Heading(title, 2).classes('card-title')
        if hint:
            ui.label(hint).classes('card-hint')
    return element
