"""The look of every page: its stylesheet, its light and dark side, its static files.

The one rule: colours, sizes and spaces live in `static/app.css` as variables and are named nowhere else.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from nicegui import app, ui

STATIC_DIR = Path(__file__).parent.parent / 'static'
FAVICON = STATIC_DIR / 'favicon.svg'
THEMES: dict[str, bool | None] = {'auto': None, 'light': False, 'dark': True}
"""What people can choose, as NiceGUI's dark mode; `auto` follows the device."""
TONES = ('good', 'bad', 'warn', 'info', 'accent', 'neutral')
"""What a colour says; `labels` gives each value one of them and the stylesheet has a class `tone-*` for each."""
PAGE_LIGHT, PAGE_DARK = '#f6f3ef', '#17131a'
"""The page's background before the stylesheet knows the theme; the same as `--page` there."""
PHONE_WIDTH = 700
"""Below this width, in px, a screen is taken for a phone, here as in the stylesheet."""
_PRELOADED_FONTS = ('fonts/onest-cyrillic.woff2', 'fonts/onest-latin.woff2')


def setup() -> None:
    """Serve the static files; call once at start."""
    app.add_static_files('/static', STATIC_DIR, max_cache_age=365 * 24 * 3600)


@lru_cache
def asset(name: str) -> str:
    """The address of a static file, another one whenever the file changes."""
    return f'/static/{name}?v={sha256((STATIC_DIR / name).read_bytes()).hexdigest()[:12]}'


def apply(*, theme: str = 'auto', language: str = 'ru') -> ui.dark_mode:
    """Give the current page its look; set the returned element's value to change between light and dark."""
    fonts = ''.join(f'<link rel="preload" href="/static/{name}" as="font" crossorigin>' for name in _PRELOADED_FONTS)
    ui.add_head_html(
        f'{fonts}<link rel="stylesheet" href="{asset("app.css")}"><style>{_first_paint(theme)}</style>'
        '<meta name="robots" content="noindex">'
    )
    ui.query('html').props(f'lang={"en" if language == "en" else "ru"}')
    return ui.dark_mode(THEMES.get(theme))


def _first_paint(theme: str) -> str:
    """The background until the page is drawn, so that a dark page does not flash white."""
    dark = f'html{{background:{PAGE_DARK}}}'
    if theme == 'dark':
        return dark
    light = f'html{{background:{PAGE_LIGHT}}}'
    return light if theme == 'light' else f'{light}@media (prefers-color-scheme:dark){{{dark}}}'
