"""Dialogs in a list.

The one rule: a row holds ready texts only, made here from a `Dialog` however odd its values are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from nicegui import events, ui

from components.i18n import _, format_day_time, format_money, format_number, format_phone
from components.labels import Label, label_of, label_of_raw
from components.theme import asset
from models import Channel, Dialog, DropOff, Intent, Status

LONGEST = 160
"""More letters of a name, a service or a message never fit into a row."""


class DialogList(ui.element, component='dialog_list.js'):
    """The whole list as one element; `on_open` gets the session id, `on_more` is asked for the rows below."""

    def __init__(
        self, *, on_open: Callable[[UUID], Any] | None = None, on_more: Callable[[], Any] | None = None
    ) -> None:
        """Without `on_open` a click follows the row's link; with it the link is for other tabs only."""
        super().__init__()
        self._on_open = on_open
        self._drawn: dict[UUID, tuple[Dialog, str, dict[str, Any]]] = {}
        self._props.update(takesClicks=on_open is not None, followsEnd=True, hasMore=False, icons=asset('icons.svg'))
        self._props['texts'] = {
            'columns': [_('Client'), _('Began'), _('Status'), _('Wanted'), _('Booking'), _('Specialist, services'), ''],
            'messages': _('Messages'),
            'more': _('Show more'),
            'loading': _('Loading'),
        }
        self.on('open', self._open)
        if on_more:
            self.on('more', on_more, args=[])

    def show(
        self,
        dialogs: Sequence[Dialog],
        *,
        zone: str,
        currency: str,
        address: Callable[[Dialog], str],
        has_more: bool = False,
    ) -> None:
        """Draw the dialogs; the rows that are there already stay in their place on the screen."""
        # A tuple: NiceGUI looks into every list and row of its own to see it change, which costs more than drawing it.
        rows = tuple(self._row(dialog, address(dialog), zone=zone, currency=currency) for dialog in dialogs)
        if rows != self._props.get('rows') or has_more != self._props['hasMore']:
            self._props.update(rows=rows, hasMore=has_more)
        self.run_method('rest')

    def _row(self, dialog: Dialog, href: str, *, zone: str, currency: str) -> dict[str, Any]:
        """A row as drawn before, or anew when the dialog, its link or the hour on the salon's clock changed."""
        stamp = f'{href} {datetime.now(UTC):%Y%m%d%H}'
        known = self._drawn.get(dialog.session_id)
        if known is None or known[1] != stamp or known[0] != dialog:
            known = (dialog, stamp, row_of(dialog, zone=zone, currency=currency) | {'href': href})
            self._drawn[dialog.session_id] = known
        return known[2]

    def select(self, session_id: UUID | None) -> None:
        """Mark the dialog that is open."""
        self._props['selected'] = str(session_id) if session_id else ''

    def _open(self, event: events.GenericEventArguments) -> Any:
        known = [row['key'] for row in self._props.get('rows', [])]
        return self._on_open(UUID(event.args)) if self._on_open and event.args in known else None


def row_of(dialog: Dialog, *, zone: str, currency: str) -> dict[str, Any]:
    """A dialog as the list draws it; `currency` is the salon's, for amounts that name none."""
    status = label_of_raw(Status, dialog.status)
    channel = label_of_raw(Channel, dialog.channel)
    booking, note, tone = booking_of(dialog, zone=zone, currency=currency)
    phone = format_phone(dialog.client_phone) if dialog.client_phone else ''
    row: dict[str, Any] = {
        'client': _cut(dialog.client_name) or _('No name'),
        'phone': _cut(phone),
        'started': format_day_time(dialog.started_at, zone),
        'channel': _cut(channel.text),
        'channelIcon': channel.icon or label_of(Channel.UNKNOWN).icon,
        'status': _cut(status.text),
        'statusTone': status.tone,
        'isActive': dialog.is_active,
        'intent': _cut(label_of_raw(Intent, dialog.intent).text),
        'booking': booking,
        'bookingNote': note,
        'bookingTone': tone,
        'staff': _cut(dialog.staff),
        'services': _cut(
            ', '.join(name for name in dialog.services if name) or (dialog.is_active and dialog.preview) or ''
        ),
        'preview': _cut(dialog.preview),
        'count': '' if dialog.messages_count is None else format_number(dialog.messages_count),
    }
    return row | {'key': str(dialog.session_id), 'stamp': '|'.join(str(value) for value in row.values())}


def booking_of(dialog: Dialog, *, zone: str, currency: str) -> tuple[str, str, str]:
    """What came of a dialog: a headline, a note and a tone."""
    when = format_day_time(dialog.booking_at, zone) if dialog.booking_at else ''
    if dialog.is_booked and dialog.booking_status == 'cancelled':
        return _('cancelled'), when, 'bad'
    if dialog.is_booked:
        amount = format_money(dialog.amount, dialog.currency or currency) if dialog.amount is not None else _('booked')
        return amount[:LONGEST], when, 'good'
    left: Label = label_of_raw(DropOff, dialog.drop_off)
    return '', _cut(left.text), left.tone


def _cut(text: str | None) -> str:
    line = ' '.join((text or '')[: LONGEST * 4].split())
    return line if len(line) <= LONGEST else f'{line[: LONGEST - 1]}…'
