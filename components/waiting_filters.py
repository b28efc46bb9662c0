"""The filters of the waiting list.

The one rule: what can be chosen is what those who wait now wish; what an address names besides is shown as a chip.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from components.entry_side import source_text
from components.filters import FilterKind
from components.i18n import N_, _, format_day
from components.labels import label_of
from models import TimeOfDay, WaitingFigures, WaitingListQuery

CHIPS = ('service', 'staff', 'time_of_day', 'source', 'wished_from', 'wished_to', 'client')


def titles() -> dict[str, str]:
    """What the lists and days are called."""
    return {
        'service': _('Service'), 'staff': _('Specialist'), 'time_of_day': _('Time'), 'source': _('Came from'),
        'wished_from': _('Wished from'), 'wished_to': _('to'),
    }  # fmt: skip


def chip(query: WaitingListQuery, name: str, names: Mapping[str, str]) -> str:
    """An active filter in words."""
    value = getattr(query, name)
    if name == 'time_of_day':
        return label_of(query.time_of_day).text if query.time_of_day else ''
    if name in {'wished_from', 'wished_to'}:
        text = _('Wished from {day}') if name == 'wished_from' else _('Wished up to {day}')
        return text.format(day=format_day(value, short=True))
    if name == 'client':
        return _('Client: {name}').format(name=names.get(name) or _('chosen'))
    if name == 'source':
        return source_text(None if value == 'unknown' else value)[:60]
    text = _('Service: {name}') if name == 'service' else _('Specialist: {name}')
    return text.format(name=names.get(name) or str(value)[:60] or _('not specified'))


def choices(figures: WaitingFigures | None) -> dict[str, Sequence[tuple[str, str]]]:
    """What can be chosen of those who wait now."""
    if figures is None:
        return {}
    return {
        'service': [(key, text) for key, text in figures.services if key],
        'staff': [(key, text) for key, text in figures.staff if key],
        'source': [(source, source_text(source)) for source in figures.sources],
    }


def names(query: WaitingListQuery, figures: WaitingFigures | None) -> dict[str, str]:
    """What to call the service and the specialist that the address names by their keys."""
    known = choices(figures)
    found = {name: dict(known.get(name, [])).get(getattr(query, name) or '') for name in ('service', 'staff')}
    return {name: text for name, text in found.items() if text}


WAITING = FilterKind(
    lists={'time_of_day': tuple(TimeOfDay)},
    chips=CHIPS,
    search=N_('Name, phone, service or words of the comment'),
    titles=titles,
    chip=chip,
    cleared=lambda query: WaitingListQuery(shown=query.shown, order=query.order, period=query.period),
    days=('wished_from', 'wished_to'),
)
