"""What stands in the columns of an export.

The one rule: a column says what the page says, in the reader's words; numbers and moments stay numbers and moments.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from components.audit_texts import action_text, details_text, subject_text, who_text
from components.i18n import N_, _, salon_time
from components.labels import label_of, label_of_raw, person_text
from components.sheets import Cell
from models import Channel, Client, Dialog, DropOff, Intent, Sentiment, Status, TimeOfDay, WaitingEntry, WishStatus

Column = tuple[str, Callable[[Any, str], Cell]]
"""A title and what stands below it, from a row and the salon's time zone."""


def moment(value: datetime | None, zone: str) -> datetime | None:
    """A moment on the salon's clock, as a sheet holds it."""
    return salon_time(value, zone).replace(tzinfo=None, microsecond=0) if value else None


def _booking(dialog: Dialog, _zone: str) -> str:
    if not dialog.is_booked:
        return ''
    return _('cancelled') if dialog.booking_status == 'cancelled' else _('booked')


DIALOGS: tuple[Column, ...] = (
    (N_('Client'), lambda row, _zone: row.client_name),
    (N_('Phone'), lambda row, _zone: row.client_phone),
    (N_('Channel'), lambda row, _zone: label_of_raw(Channel, row.channel).text),
    (N_('Began'), lambda row, zone: moment(row.started_at, zone)),
    (N_('Ended'), lambda row, zone: moment(row.ended_at, zone)),
    (N_('Status'), lambda row, _zone: label_of_raw(Status, row.status).text),
    (N_('Wanted'), lambda row, _zone: label_of_raw(Intent, row.intent).text),
    (N_('Left while'), lambda row, _zone: label_of_raw(DropOff, row.drop_off).text),
    (N_('Mood'), lambda row, _zone: label_of_raw(Sentiment, row.sentiment).text),
    (N_('Services'), lambda row, _zone: ', '.join(row.services)),
    (N_('Specialist'), lambda row, _zone: row.staff),
    (N_('Booking'), _booking),
    (N_('Visit'), lambda row, zone: moment(row.booking_at, zone)),
    (N_('Amount'), lambda row, _zone: row.amount),
    (N_('Currency'), lambda row, _zone: row.currency),
    (N_('Messages'), lambda row, _zone: row.messages_count),
    (N_('Summary'), lambda row, _zone: row.preview),
    (N_('Dialog'), lambda row, _zone: str(row.session_id)),
)


def _offer(entry: WaitingEntry, zone: str) -> datetime | None:
    return moment(entry.offer.at, zone) if entry.offer else None


WAITING_LIST: tuple[Column, ...] = (
    (N_('Client'), lambda row, _zone: row.client_name),
    (N_('Phone'), lambda row, _zone: row.client_phone),
    (N_('Service'), lambda row, _zone: row.service),
    (N_('Specialist'), lambda row, _zone: row.staff),
    (N_('Wished day'), lambda row, _zone: row.wished_on),
    (N_('Time'), lambda row, _zone: label_of_raw(TimeOfDay, row.time_of_day).text),
    (N_('Asked'), lambda row, zone: moment(row.created_at, zone)),
    (N_('Status'), lambda row, _zone: label_of_raw(WishStatus, row.status).text),
    (N_('Decided'), lambda row, zone: moment(row.decided_at, zone)),
    (N_('By'), lambda row, _zone: person_text(row.decided_by) or None),
    (N_('Amount'), lambda row, _zone: row.amount),
    (N_('Currency'), lambda row, _zone: row.currency),
    (N_('Offered'), _offer),
    (N_('Came from'), lambda row, _zone: row.source),
    (N_('Comment'), lambda row, _zone: row.comment),
    (N_('Number'), lambda row, _zone: row.id),
)


def _risk(client: Client, _zone: str) -> str:
    return label_of(client.risk).text if client.risk else ''


def _opted_out(client: Client, _zone: str) -> str:
    return _('no') if client.opted_out else _('yes')


CLIENTS: tuple[Column, ...] = (
    (N_('Client'), lambda row, _zone: row.name),
    (N_('Phone'), lambda row, _zone: row.phone),
    (N_('Channel'), lambda row, _zone: label_of_raw(Channel, row.channel).text),
    (N_('First dialog'), lambda row, zone: moment(row.first_dialog_at, zone)),
    (N_('Last dialog'), lambda row, zone: moment(row.last_dialog_at, zone)),
    (N_('Dialogs'), lambda row, _zone: row.dialogs),
    (N_('Bookings'), lambda row, _zone: row.bookings),
    (N_('Cancelled bookings'), lambda row, _zone: row.cancelled),
    (N_('Money'), lambda row, _zone: row.revenue),
    (N_('Visits'), lambda row, _zone: row.visits),
    (N_('Last visit'), lambda row, zone: moment(row.last_visit_at, zone)),
    (N_('Next visit'), lambda row, zone: moment(row.next_visit_at, zone)),
    (N_('Days between visits'), lambda row, _zone: row.visit_interval),
    (N_('Days since the last visit by the usual interval'), lambda row, _zone: row.overdue_ratio),
    (N_('Risk'), _risk),
    (N_('At stake a year'), lambda row, _zone: row.yearly_value),
    (N_('Specialist'), lambda row, _zone: row.staff),
    (N_('Service'), lambda row, _zone: row.service),
    (N_('Wants messages'), _opted_out),
    (N_('Number'), lambda row, _zone: str(row.id)),
)


AUDIT: tuple[Column, ...] = (
    (N_('When'), lambda row, zone: moment(row.at, zone)),
    (N_('Who'), lambda row, _zone: who_text(row)),
    (N_('What'), lambda row, _zone: action_text(row.action)),
    (N_('About'), lambda row, _zone: subject_text(row)),
    (N_('Details'), lambda row, zone: details_text(row, zone=zone)),
    (N_('Address'), lambda row, _zone: row.address),
    (N_('Browser'), lambda row, _zone: row.agent),
    (N_('Salon'), lambda row, _zone: row.salon),
    (N_('Number'), lambda row, _zone: row.id),
)
