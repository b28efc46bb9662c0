"""The broadcasts in a list: what each is, how far it is and what came of it.

The one rule: a row is a link to the broadcast and holds nothing else to press.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nicegui import ui

from components.broadcast_texts import THROUGH, audience_text
from components.i18n import _, format_day_time, format_number
from components.labels import label_of, person_text
from components.link import link
from models import Broadcast, BroadcastStatus


def broadcast_rows(rows: Sequence[Broadcast], *, zone: str, address: Callable[[Broadcast], str]) -> None:
    """One row for each, newest first."""
    with ui.element('ul').classes('broadcast-rows').props('role=list'):
        for row in rows:
            with ui.element('li'), link(to=address(row), classes='broadcast-row'):
                _row(row, zone)


def _row(row: Broadcast, zone: str) -> None:
    status = label_of(row.status)
    with ui.element('span').classes('broadcast-what'):
        ui.label(row.name).classes('broadcast-name').props('dir=auto')
        ui.label(audience_text(row.audience, row.staff_label)).classes('muted small').props('dir=auto')
    with ui.element('span').classes('broadcast-state'):
        ui.label(status.text).classes(f'pill tone-{status.tone}')
        ui.label(numbers_text(row)).classes('small num')
    who, at = (row.created_by, row.created_at) if row.status is BroadcastStatus.DRAFT else (row.sent_by, row.sent_at)
    with ui.element('span').classes('broadcast-when'):
        ui.label(format_day_time(at, zone)).classes('small num')
        ui.label(person_text(who)).classes('muted small').props('dir=auto')


def numbers_text(row: Broadcast) -> str:
    """How far it is."""
    if row.status is BroadcastStatus.DRAFT:
        return ''
    return _('{number} of {total}').format(number=format_number(row.number(*THROUGH)), total=format_number(row.getting))
