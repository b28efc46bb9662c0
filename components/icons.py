"""The icons of the dashboard, drawn from one file of symbols.

The one rule: an icon only accompanies a text or has a label of its own; it never speaks alone.
"""

from __future__ import annotations

import re
from functools import lru_cache

from nicegui import ui

from components.theme import STATIC_DIR, asset

SPRITE = 'icons.svg'


@lru_cache
def names() -> frozenset[str]:
    """The names of all icons in the file of symbols."""
    return frozenset(re.findall(r'<symbol id="([\w-]+)"', (STATIC_DIR / SPRITE).read_text(encoding='utf-8')))


def icon_name(name: str) -> str:
    """The icon as NiceGUI's elements take it; a name that is not in the file is one of the Material icons."""
    return f'svguse:{asset(SPRITE)}#{name}|0 0 24 24' if name in names() else name


def icon(name: str, *, classes: str = '') -> ui.icon:
    """An icon as large as the text beside it; `classes` may be `icon-lg` or `icon-sm`."""
    return ui.icon(icon_name(name)).classes(f'icon {classes}')
