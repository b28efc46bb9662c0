"""A client's card: how to reach the client, and what the bookings say beside what the bot remembers.

The one rule: what is not known says "no data"; what the bot remembers never stands in for what happened.
"""

from __future__ import annotations

from datetime import date

from babel import Locale
from nicegui import ui

from components.client_words import came_back_text, days_text, interval_text, money_text, ratio_text
from components.dialog_side import contact_links, contact_ways
from components.formats import locale_of
from components.i18n import _, format_day_time, format_number, format_phone, language
from components.labels import label_of, label_of_raw
from components.states import note
from models import Client, ClientMemory, OpenClient, Risk, TimeOfDay


def block(title: str, hint: str = '') -> None:
    """The title of a part of the card."""
    with ui.element('div').classes('client-block'):
        ui.label(title).classes('side-title').props('role=heading aria-level=3')
        if hint:
            ui.label(hint).classes('muted small')


def contact(opened: OpenClient) -> None:
    """Ways to reach the client; a number that nobody can dial stands as a text."""
    ways = contact_ways(opened.phone, opened.whatsapp_id, opened.client.channel)
    if ways:
        contact_links(ways)
    elif opened.phone:
        ui.label(format_phone(opened.phone)[:60]).classes('num').props('dir=auto')
    else:
        ui.label(_('No phone is known.')).classes('muted small')


def win_back(client: Client, *, zone: str, today: date, currency: str) -> None:
    """How long the client is overdue, what that rests on, and what became of the invitation."""
    if client.risk in {None, Risk.NONE} and not client.invited_at:
        return
    risk = label_of(client.risk or Risk.NONE)
    with ui.element('div').classes(f'side-booking tone-{risk.tone}'):
        ui.label(risk.text).classes('side-amount')
        if client.last_visit_at:
            last = _('Last visit {day}').format(day=format_day_time(client.last_visit_at, zone))
            ui.label(' · '.join(filter(None, (last, interval_text(client), ratio_text(client)))))
        if client.paid_bookings and client.yearly_value:
            value = money_text(client.yearly_value, currency)
            ui.label(_('A year of visits is worth {amount}').format(amount=value))
        if state := came_back_text(client, zone=zone, today=today)[0]:
            ui.label(_('Invitation: {text}').format(text=state) if client.invited_at else state).classes('small')


def comparison(client: Client, memory: ClientMemory | None) -> None:
    """What the bookings say, and what the bot remembers, side by side."""
    none, bot = _('no data'), memory or ClientMemory()
    time = label_of_raw(TimeOfDay, bot.time).text
    rows = [
        (_('Specialist'), client.staff, bot.staff),
        (_('Service'), client.service, bot.service),
        (_('Comes every'), days_text(client.own_interval) if client.own_interval else None,
         days_text(bot.interval) if bot.interval else None),
        (_('Time of day'), '', time), (_('Language'), '', language_name(bot.language)),
        (_('Messages'), '', None if memory is None else _('allowed') if bot.allows_messages else _('not wanted')),
    ]  # fmt: skip
    with ui.element('div').classes('client-compare').props('role=table'):
        cells('row', '', _('Bookings'), _('Bot remembers'), classes='is-head')
        for name, own, remembered in rows:
            cells('row', name, none if own is None else own, remembered or none)


def cells(role: str, *texts: str, classes: str = '') -> None:
    """A row of the comparison."""
    with ui.element('div').classes(f'client-compare-row {classes}').props(f'role={role}'):
        for text in texts:
            ui.label(text[:200]).props('role=cell dir=auto').classes('muted' if text == _('no data') else '')


def language_name(code: str | None) -> str | None:
    """A language by its name; what is no code stays as it is."""
    names = Locale.parse(str(locale_of(language()))).languages
    return str(names.get((code or '').lower(), code)) if code else None


def facts(client: Client, *, zone: str, currency: str) -> None:
    """The client's figures."""
    average = client.average_booking
    known = [
        (_('Visits'), format_number(client.visits)),
        (_('Bookings'), format_number(client.bookings)
         + (_(', {number} cancelled').format(number=format_number(client.cancelled)) if client.cancelled else '')),
        (_('Money'), money_text(client.revenue, currency) if client.paid_bookings else _('no data')),
        (_('Average booking'), money_text(average, currency) if average is not None else _('no data')),
        (_('Last visit'), format_day_time(client.last_visit_at, zone) if client.last_visit_at else _('no data')),
        (_('Next visit'), format_day_time(client.next_visit_at, zone) if client.next_visit_at else _('none is booked')),
    ]  # fmt: skip
    with ui.element('div').classes('client-facts'):
        for name, value in known:
            with ui.element('div').classes('client-fact'):
                ui.label(name).classes('muted small')
                ui.label(value).classes('num')


def refused_note(opened: OpenClient) -> None:
    """A line that says why nothing can be written to the client."""
    if not opened.wants_messages:
        note(_('The client does not want messages.'), tone='neutral')
