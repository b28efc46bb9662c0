"""What stands beside a dialog: what came of it, what the bot noted, how to reach the client, their other dialogs.

The one rule: it shows what is known and leaves out what is not; a link to a person is built from checked digits only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from nicegui import ui

from components.copy_field import CopyField
from components.dialog_list import booking_of
from components.i18n import _, dial_number, format_day_time, format_duration, format_phone
from components.icons import icon
from components.labels import Label, label_of_raw
from components.link import link, outside_link
from models import Channel, Dialog, DropOff, Intent, OpenDialog, Sentiment, Status


def dialog_side(
    opened: OpenDialog, *, zone: str, currency: str, address: Callable[[Dialog], str], all_address: str = ''
) -> ui.element:
    """Draw everything about `opened` but its messages; `all_address` lists all dialogs of the client."""
    with ui.element('div').classes('side-notes') as element:
        _booking(opened, zone=zone, currency=currency)
        _contact(opened)
        if opened.summary:
            _block(_('Summary'))
            ui.label(opened.summary).classes('side-text').props('dir=auto')
        _notes(opened, zone=zone)
        _others(opened, zone=zone, address=address, all_address=all_address)
    return element


def _block(title: str) -> None:
    ui.label(title).classes('side-title').props('role=heading aria-level=3')


def _fact(name: str, value: str) -> None:
    if value:
        with ui.element('div').classes('side-fact'):
            ui.label(name).classes('muted')
            ui.label(value).props('dir=auto')


def _pill(label: Label) -> None:
    if label.text:
        ui.label(label.text).classes(f'pill tone-{label.tone}')


def _booking(opened: OpenDialog, *, zone: str, currency: str) -> None:
    dialog = opened.dialog
    headline, note, tone = booking_of(dialog, zone=zone, currency=currency)
    with ui.element('div').classes(f'side-booking tone-{tone if dialog.is_booked else "neutral"}'):
        ui.label(_('Booking') if dialog.is_booked else _('No booking')).classes('field-label')
        if dialog.is_booked:
            ui.label(headline).classes('side-amount')
            ui.label(note)
        elif note:
            ui.label(_('The client left: {step}').format(step=note))
        if opened.booking_source == 'manual':
            ui.label(_('Entered by hand')).classes('small')
        if opened.counted_elsewhere:
            ui.label(_('This booking is counted with an earlier dialog.')).classes('small')


def _notes(opened: OpenDialog, *, zone: str) -> None:
    dialog = opened.dialog
    _block(_('What the bot noted'))
    with ui.element('div').classes('row-of'):
        for label in (label_of_raw(Status, dialog.status), label_of_raw(Sentiment, dialog.sentiment)):
            _pill(label)
    _fact(_('Wanted'), label_of_raw(Intent, dialog.intent).text)
    _fact(_('Services'), ', '.join(dialog.services))
    _fact(_('Specialist'), dialog.staff or '')
    if dialog.is_booked:
        _fact(_('Left while'), label_of_raw(DropOff, dialog.drop_off).text)
    _fact(_('Channel'), label_of_raw(Channel, dialog.channel).text)
    _fact(_('Began'), format_day_time(dialog.started_at, zone))
    _fact(_('Lasted'), format_duration(opened.duration_seconds) if opened.duration_seconds is not None else '')


def contacts(opened: OpenDialog) -> list[tuple[str, str, str]]:
    """How to reach the client of a dialog: icon, text, address."""
    return contact_ways(opened.dialog.client_phone, opened.whatsapp_id, opened.dialog.channel)


def contact_ways(phone: str | None, whatsapp_id: str | None, channel: str) -> list[tuple[str, str, str]]:
    """How to reach a client: icon, text, address. Telegram opens a chat by phone number only."""
    number = dial_number(phone)
    whatsapp = dial_number(f'+{"".join(sign for sign in (whatsapp_id or "")[:40] if sign.isdigit())}')
    found = [('phone', format_phone(number), f'tel:{number}')] if number else []
    if whatsapp or (number and channel == Channel.WHATSAPP):
        found.append(('whatsapp', 'WhatsApp', f'https://wa.me/{(whatsapp or number or "").lstrip("+")}'))
    if number and channel == Channel.TELEGRAM:
        found.append(('telegram', 'Telegram', f'https://t.me/+{number.lstrip("+")}'))
    return found


def contact_links(ways: Sequence[tuple[str, str, str]], *, to_copy: str | None = None) -> None:
    """Draw ways to reach a client, and a button that copies the number `to_copy`."""
    with ui.element('div').classes('row-of'):
        for name, text, address in ways:
            with outside_link('', to=address, classes='native-button'):
                icon(name)
                ui.label(text)
        if to_copy:
            CopyField(to_copy, label=_('Copy the number'), is_short=True)


def _contact(opened: OpenDialog) -> None:
    ways = contacts(opened)
    if not ways and opened.dialog.client_phone:
        _fact(_('Phone'), opened.dialog.client_phone[:60])
    contact_links(ways)


def _others(opened: OpenDialog, *, zone: str, address: Callable[[Dialog], str], all_address: str) -> None:
    if not opened.others:
        return
    _block(_('Other dialogs of this client'))
    seen: set[UUID] = set()
    for other in opened.others:
        if other.session_id not in seen:
            with link(to=address(other), classes='side-other'):
                ui.label(format_day_time(other.started_at, zone))
                _pill(label_of_raw(Status, other.status))
        seen.add(other.session_id)
    if all_address and opened.others_count > len(opened.others):
        link(_('All {number}').format(number=opened.others_count), to=all_address)
