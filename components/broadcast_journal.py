"""The journal of a broadcast: who, how it stands, why, and when.

The one rule: every name leads to the client's card.
"""

from __future__ import annotations

from collections.abc import Sequence

from nicegui import ui

from components.broadcast_texts import left_out_text
from components.i18n import _, format_day_time, format_phone
from components.labels import label_of
from components.link import link
from models import Recipient, RecipientStatus

WITH_REASON = {RecipientStatus.SKIPPED, RecipientStatus.FAILED}


def journal_rows(rows: Sequence[Recipient], *, zone: str) -> None:
    """One line for each recipient in the order of sending."""
    if not rows:
        ui.label(_('There is nobody in this state.')).classes('muted')
    with ui.element('ul').classes('journal-rows').props('role=list'):
        for row in rows:
            status = label_of(row.status)
            with ui.element('li').classes('journal-row'):
                with ui.element('span').classes('journal-who'):
                    link((row.name or _('No name'))[:120], to=f'/clients/{row.client_id}').props('dir=auto')
                    ui.label(format_phone(row.phone)[:40] if row.phone else '').classes('muted small num')
                with ui.element('span').classes('journal-state'):
                    ui.label(status.text).classes(f'pill tone-{status.tone}')
                    if row.status in WITH_REASON:
                        ui.label(left_out_text(row.reason)).classes('muted small').props('dir=auto')
                ui.label(format_day_time(row.at, zone)).classes('muted small num')
