"""Keeps the catalogues in step with the texts in the code.

The one rule: the code is the source; a catalogue only answers it, and `problems` names every text that has no answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

from components.translate import po_path

ROOT = Path(__file__).parent.parent
KEYWORDS: dict[str, tuple[int, ...] | None] = {'_': None, 'N_': None, 'ngettext': (1, 2)}
TRANSLATED = ('ru',)
"""The languages with a catalogue; English is what the code says."""
FOLDERS = ('components', 'jobs', 'pages')
HEADER: dict[str, Any] = {
    'project': 'Agent P Dashboard', 'version': '1', 'msgid_bugs_address': '-', 'last_translator': '-',
    'language_team': '-', 'copyright_holder': '-', 'charset': 'utf-8', 'fuzzy': False,
}  # fmt: skip
PLACEHOLDER = re.compile(r'{\w*}')


def sources() -> Iterator[Path]:
    """Every file that may hold texts for people."""
    yield from sorted(ROOT.glob('*.py'))
    for folder in FOLDERS:
        yield from sorted((ROOT / folder).rglob('*.py'))


def template() -> Catalog:
    """All texts in the code."""
    catalog = Catalog(charset='utf-8')
    for path in sources():
        for _line, text, _comments, context in extract_from_file('python', path, keywords=KEYWORDS):
            if text:
                catalog.add(text, None, [(path.relative_to(ROOT).as_posix(), 0)], context=context)
    return catalog


def stored(code: str) -> Catalog:
    """The catalogue of a language as it lies on disk."""
    path = po_path(code)
    if not path.exists():
        return Catalog(locale=code, header_comment='# Texts for people; the code holds the originals.', **HEADER)
    with path.open('rb') as source:
        return read_po(source, locale=code)


def update() -> None:
    """Bring each catalogue up to the code: new texts come in empty, texts no longer used go."""
    for code in TRANSLATED:
        catalog = stored(code)
        catalog.update(template(), no_fuzzy_matching=True, update_header_comment=False, update_creation_date=False)
        catalog.obsolete.clear()
        po_path(code).parent.mkdir(parents=True, exist_ok=True)
        with po_path(code).open('wb') as target:
            write_po(target, catalog, width=120, sort_output=True, include_lineno=False)


def problems(code: str) -> list[str]:
    """What is wrong with the catalogue of a language, one line each."""
    catalog = stored(code)
    return [
        f'{code}: {problem}: {message.id!r}'
        for message in template()
        if message.id and (problem := _problem(message, catalog.get(message.id)))
    ]


def _problem(message: Message, answer: Message | None) -> str:
    if answer is None:
        return 'missing'
    if answer.fuzzy:
        return 'fuzzy'
    texts = answer.string if isinstance(answer.string, (tuple, list)) else (answer.string,)
    if not all(texts):
        return 'untranslated'
    original = message.id if isinstance(message.id, str) else message.id[-1]
    wanted = set(PLACEHOLDER.findall(original))
    return '' if all(set(PLACEHOLDER.findall(text or '')) == wanted for text in texts) else 'other placeholders'
