"""Texts in the language of the person who looks.

The one rule: a text is translated when it is drawn, in the language of the current browser tab, never at import time;
what must be named at import time is marked with `N_` and translated later.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

if TYPE_CHECKING:
    from nicegui import Client

LOCALE_DIR = Path(__file__).parent.parent / 'locale'
LANGUAGES = {'ru': 'Русский', 'en': 'English'}
"""The languages people can choose, each by its own name."""
DEFAULT_LANGUAGE = 'ru'


_spoken: ContextVar[str | None] = ContextVar('spoken', default=None)


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Texts and formats in another language than the reader's: what a client will read."""
    token = _spoken.set(code)
    try:
        yield
    finally:
        _spoken.reset(token)


def language() -> str:
    """The language of the current browser tab, or Russian outside of one (at import time).

    Jobs say what they speak and have no NiceGUI: it is imported only when a tab has to be asked.
    """
    if (spoken := _spoken.get()) is not None:
        return spoken
    from nicegui import context

    try:
        return str(context.client.storage.get('language', DEFAULT_LANGUAGE))
    except (RuntimeError, AttributeError):
        return DEFAULT_LANGUAGE


def set_language(client: Client, code: str) -> None:
    """Draw everything in this browser tab in the language `code` from now on; an unknown code means Russian."""
    client.storage['language'] = code if code in LANGUAGES else DEFAULT_LANGUAGE


def N_(text: str) -> str:
    """Name a text for the catalogues without translating it yet."""
    return text


def _(text: str) -> str:
    """The text in the language of the current browser tab."""
    return catalogue(language()).gettext(text)


def ngettext(one: str, many: str, number: int) -> str:
    """The form of a text that goes with `number`, in the language of the current browser tab."""
    return catalogue(language()).ngettext(one, many, number)


@lru_cache
def catalogue(code: str) -> NullTranslations:
    """The translations into `code`, compiled in memory from the .po file; English needs none."""
    path = po_path(code)
    if not path.exists():
        return NullTranslations()
    compiled = BytesIO()
    with path.open('rb') as source:
        write_mo(compiled, read_po(source, locale=code))
    compiled.seek(0)
    return GNUTranslations(compiled)


def po_path(code: str) -> Path:
    """Where the catalogue of a language lies."""
    return LOCALE_DIR / code / 'LC_MESSAGES' / 'messages.po'
