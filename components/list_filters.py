"""A search field, lists to choose from and what is set as chips, for any list.

The one rule: it knows no filter by itself; a name and a value come out only if they were offered, or as a search.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from nicegui import events, ui

from components.i18n import _
from components.theme import asset


class FilterList(NamedTuple):
    """One list: the filter's name, what it is called, what is chosen (or nothing), and pairs of value and text."""

    name: str
    label: str
    value: str
    options: Sequence[tuple[str, str]]


class ListFilters(ui.element, component='filters.js'):
    """`on_change` gets the name of a filter and its new value, the empty text for none; `on_clear` takes all away."""

    def __init__(self, *, placeholder: str, on_change: Callable[[str, str], Any], on_clear: Callable[[], Any]) -> None:
        super().__init__()
        self._on_change = on_change
        self._props.update(icons=asset('icons.svg'), lists=[], chips=[], value='')
        self._props['texts'] = {
            'search': placeholder,
            'filters': _('Filters'),
            'any': _('any'),
            'clear': _('Clear all'),
            'done': _('Show'),
            'remove': _('Remove the filter'),
        }
        self.on('change', self._change)
        self.on('clear', on_clear, args=[])

    def show(self, *, search: str, lists: Sequence[FilterList]) -> None:
        """Show what is searched for and chosen."""
        self._props['value'] = search
        self._props['lists'] = [
            {'name': item.name, 'label': item.label, 'value': item.value, 'options': [list(o) for o in item.options]}
            for item in lists
        ]
        self._props['chips'] = [
            {'name': item.name, 'text': f'{item.label}: {dict(item.options).get(item.value, item.value)}'}
            for item in lists
            if item.value
        ]

    def _change(self, event: events.GenericEventArguments) -> Any:
        args = event.args if isinstance(event.args, dict) else {}
        name, value = str(args.get('name')), str(args.get('value') or '')
        offered = {item['name']: {'', *(key for key, _text in item['options'])} for item in self._props['lists']}
        if name == 'search' or value in offered.get(name, ()):
            return self._on_change(name, value)
        return None
