"""The filters of lists: of the dialogs, and with another kind of any other list.

The one rule: everything that narrows the list is visible as a chip and can be taken away, also what came from a figure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from nicegui import events, ui

from components.i18n import N_, _
from components.labels import label_of, weekday_name
from components.theme import asset
from models import (
    AuditQuery,
    Channel,
    ClientKind,
    ClientQuery,
    DialogQuery,
    DropOff,
    Figure,
    Intent,
    Query,
    Sentiment,
    Status,
    UsersQuery,
)  # fmt: skip

Q = TypeVar('Q', bound=Query)

LISTS: dict[str, tuple[StrEnum, ...]] = {
    'status': tuple(Status),
    'figure': (Figure.BOOKINGS, Figure.NOT_BOOKED, Figure.CANCELLED),
    'intent': tuple(Intent),
    'drop_off': tuple(DropOff),
    'channel': tuple(Channel),
    'sentiment': tuple(Sentiment),
}
CHIPS = (*LISTS, 'service', 'staff', 'weekday', 'hour', 'client')


@dataclass(frozen=True)
class FilterKind:
    """The filters of one kind of query: lists, chips and their words; `days` are asked for by a date.

    Without a `chip` of its own a filter is shown as the list's title and the text that was chosen from it.
    """

    lists: Mapping[str, tuple[StrEnum, ...]]
    chips: tuple[str, ...]
    search: str
    titles: Callable[[], dict[str, str]]
    cleared: Callable[[Any], Any]
    chip: Callable[[Any, str, Mapping[str, str]], str] | None = None
    days: tuple[str, ...] = ()

    def chip_text(self, query: Query, name: str, names: Mapping[str, str], options: Mapping[str, str]) -> str:
        """An active filter in words; `options` are what its list offers."""
        if self.chip:
            return self.chip(query, name, names)
        value = str(getattr(query, name))
        return f'{self.titles()[name]}: {options.get(value, value)[:60]}'


class FilterBar(ui.element, component='filters.js'):
    """Search, lists and chips as one element; `on_change` gets the new query, what is no filter in it untouched."""

    def __init__(self, *, query: Q, on_change: Callable[[Q], Any], kind: FilterKind | None = None) -> None:
        super().__init__()
        self._query: Any = query
        self._on_change: Callable[[Any], Any] = on_change
        self._kind = kind or DIALOGS
        self._props['icons'] = asset('icons.svg')
        self._props['texts'] = {
            'search': _(self._kind.search),
            'filters': _('Filters'),
            'any': _('any'),
            'clear': _('Clear all'),
            'done': _('Show'),
            'remove': _('Remove the filter'),
        }
        self.show(query)
        self.on('change', self._change)
        self.on('clear', lambda: self._take(self._kind.cleared(self._query)))

    def show(
        self,
        query: Q,
        *,
        names: Mapping[str, str] | None = None,
        choices: Mapping[str, Sequence[tuple[str, str]]] | None = None,
    ) -> None:
        """Show what `query` asks for; `names` says what to call a value that is a key, `choices` are further lists."""
        self._query = query
        titles = self._kind.titles()
        options: dict[str, Sequence[tuple[str, str]]] = {
            name: [(item.value, label_of(item).text) for item in items] for name, items in self._kind.lists.items()
        } | dict(choices or {})
        self._props['value'] = query.search or ''
        # Tuples: NiceGUI looks into every list of its own to see it change, which costs more than drawing it.
        self._props['lists'] = tuple(
            [
                {
                    'name': name,
                    'label': titles[name],
                    'value': value if (value := str(getattr(query, name) or '')) in dict(pairs) else '',
                    'options': [list(pair) for pair in pairs],
                }
                for name, pairs in options.items()
                if pairs
            ]
        )
        self._props['days'] = [
            {'name': name, 'label': titles[name], 'value': str(getattr(query, name) or '')} for name in self._kind.days
        ]
        self._props['chips'] = tuple(
            [
                {'name': name, 'text': self._kind.chip_text(query, name, names or {}, dict(options.get(name, ())))}
                for name in self._kind.chips
                if getattr(query, name) is not None
            ]
        )

    def _change(self, event: events.GenericEventArguments) -> Any:
        args = event.args if isinstance(event.args, dict) else {}
        name, value = str(args.get('name')), str(args.get('value') or '')
        return self._take(changed(self._query, name, value, self._kind.chips))

    def _take(self, query: Any) -> Any:
        if query == self._query:
            return None
        self.show(query)
        return self._on_change(query)


def changed(query: Q, name: str, value: str, chips: Sequence[str] = CHIPS) -> Q:
    """The query with another value, none for the empty text; what is no filter or no value of it changes nothing."""
    if name not in {*chips, 'search'}:
        return query
    if not value:
        return query.replace(**{name: None})
    read, unknown = type(query).from_params({name: value}, date.min)
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


DIALOGS = FilterKind(
    lists=LISTS,
    chips=CHIPS,
    search=N_('Name, phone or words from messages'),
    titles=list_titles,
    chip=chip_text,
    cleared=lambda query: DialogQuery(period=query.period),
)


def client_titles() -> dict[str, str]:
    """What the lists of the clients' filters are called."""
    return {'kind': _('Clients'), 'channel': _('Channel'), 'staff': _('Favourite specialist')}


def client_chip(query: ClientQuery, name: str, names: Mapping[str, str]) -> str:
    """An active filter of the clients in words."""
    value = getattr(query, name)
    if isinstance(value, StrEnum):
        return label_of(value).text
    return _('Favourite specialist: {name}').format(name=names.get(name) or str(value)[:60])


CLIENTS = FilterKind(
    lists={'kind': tuple(ClientKind), 'channel': tuple(Channel)},
    chips=('kind', 'channel', 'staff'),
    search=N_('Name, phone, number in Telegram or YClients'),
    titles=client_titles,
    chip=client_chip,
    cleared=lambda query: ClientQuery(sort=query.sort),
)


AUDITS = FilterKind(
    lists={},
    chips=('action', 'person', 'salon'),
    search=N_('Words of the entry'),
    titles=lambda: {'action': _('What'), 'person': _('Who'), 'salon': _('Salon')},
    cleared=lambda _query: AuditQuery(),
)

USERS = FilterKind(
    lists={},
    chips=('role', 'state', 'salon'),
    search=N_('Name or e-mail'),
    titles=lambda: {'role': _('Role'), 'state': _('State'), 'salon': _('Salon')},
    cleared=lambda _query: UsersQuery(),
)
