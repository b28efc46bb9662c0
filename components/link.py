"""Links that are real addresses and still move inside the page.

The one rule: a plain click on an address of this app is taken by `ui.sub_pages` in the browser (it listens on the whole
document), all other clicks are the browser's own; so a link needs an `href` and no handler.
"""

from __future__ import annotations

import re

from nicegui import ui

OUTSIDE = re.compile(r'(tel:\+\d{5,15}|https://t\.me/\+\d{5,15}|https://wa\.me/\d{5,15})')
"""All addresses outside of this app that a page may link to."""


def is_inside(address: str) -> bool:
    """Whether an address is a path of this app."""
    return address.startswith('/') and not address.startswith(('//', '/\\'))


def link(text: str = '', *, to: str, classes: str = 'link') -> ui.link:
    """A link to the path `to` of this app; use it as a context manager to put more than a text inside."""
    if not is_inside(to):
        raise ValueError(f'not a path of this app: {to!r}')
    return ui.link(text, to).classes(replace=f'plain-link {classes}')


def outside_link(text: str, *, to: str, classes: str = 'link') -> ui.link:
    """A link to a phone number or a messenger, in a new tab."""
    if not OUTSIDE.fullmatch(to):
        raise ValueError(f'not an address to link to: {to!r}')
    return ui.link(text, to, new_tab=True).classes(replace=f'plain-link {classes}').props('rel="noopener noreferrer"')
