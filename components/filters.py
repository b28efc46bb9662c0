"""The filters of the dialogs.

The one rule: everything that narrows the list is visible as a chip and can be taken away, also what came from a figure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from typing import Any

from nicegui import events, ui

from components.i18n import _
from components.labels import label_of, weekday_name
from components.theme import asset
from models import Channel, DialogQuery, DropOff, Figure, Intent, Sentiment, Status

LISTS: dict[str, tuple[StrEnum, ...]] = {
    'status': tuple(Status),
    'figure': (Figure.BOOKINGS, Figure.NOT_BOOKED, Figure.CANCELLED),
    'intent': tuple(Intent),
    'drop_off': tuple(DropOff),
    'channel': tuple(Channel),
    'sentiment': tuple(Sentiment),
}
CHIPS = (*LISTS, 'service', 'staff', 'weekday', 'hour', 'client')


class FilterBar(ui.element, component='filters.js'):
    """Search, lists and chips as one element; `on_change` gets the new query, its period untouched."""

    def __init__(self, *, query: DialogQuery, on_change: Callable[[DialogQuery], Any]) -> None:
        super().__init__()
        self._query = query
        self._on_change = on_change
        self._props['icons'] = asset('icons.svg')
        self._props['texts'] = {
            'search': _('Name, phone or words from messages'),
            'filters': _('Filters'),
            'any': _('any'),
            'clear': _('Clear all'),
            'done': _('Show'),
            'remove': _('Remove the filter'),
        }
        self.show(query)
        self.on('change', self._change)
        self.on('clear', lambda: self._take(DialogQuery(period=self._query.period)))

    def show(self, query: DialogQuery, *, names: Mapping[str, str] | None = None) -> None:
        """Show what `query` asks for; `names` says what to call a `service`, `staff` or `client` instead of its key."""
        self._query = query
        titles = list_titles()
        self._props['value'] = query.search or ''
        self._props['lists'] = [
            {
                'name': name,
                'label': titles[name],
                'value': value if (value := str(getattr(query, name) or '')) in options else '',
                'options': [[option.value, label_of(option).text] for option in options],
            }
            for name, options in LISTS.items()
        ]
        self._props['chips'] = [
            {'name': name, 'text': chip_text(query, name, names or {})}
            for name in CHIPS
            if getattr(query, name) is not None
        ]

    def _change(self, event: events.GenericEventArguments) -> Any:
        args = event.args if isinstance(event.args, dict) else {}
        return self._take(changed(self._query, str(args.get('name')), str(args.get('value') or '')))

    def _take(self, query: DialogQuery) -> Any:
        if query == self._query:
            return None
        self.show(query)
        return self._on_change(query)


def changed(query: DialogQuery, name: str, value: str) -> DialogQuery:
    """The query with another value, none for the empty text; what is no filter or no value of it changes nothing."""
    if name not in {*CHIPS, 'search'}:
        return query
    if not value:
        return query.replace(**{name: None})
    read, unknown = DialogQuery.from_params({name: value}, date.min)
    return query if unknown else query.replace(**{name: getattr(read, name)})


def list_titles() -> dict[str, str]:
    """What the lists are called."""
    return {
        'status': _('Status'),
        'figure': _('Result'),
        'intent': _('Wanted'),
        'drop_off': _('Left while'),
        'channel': _('Channel'),
        'sentiment': _('Mood'),
    }


def chip_text(query: DialogQuery, name: str, names: Mapping[str, str]) -> str:
    """An active filter in words."""
    value = getattr(query, name)
    if isinstance(value, StrEnum):
        title, text = list_titles()[name], label_of(value).text
        return text if name in {'figure', 'channel', 'sentiment'} else f'{title}: {text}'
    texts = {
        'service': _('Service: {name}'),
        'staff': _('Specialist: {name}'),
        'client': _('Client: {name}'),
        'weekday': '{name}',
        'hour': _('{name}:00 – {name}:59'),
    }
    shown = weekday_name(value) if name == 'weekday' else names.get(name) or str(value)[:60] or _('not specified')
    return texts[name].format(name=shown if name != 'client' or name in names else _('chosen'))
