"""One entry of the waiting list: what the client wishes, how to reach the client, and the story so far.

The one rule: what people decided and what the bot's own row says stand in one story, in the order in which it happened.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from typing import Any

from nicegui import ui

from components.command_state import command_state
from components.dialog_side import contact_links, contact_ways
from components.i18n import _, dial_number, format_ago, format_day_time, format_money, format_phone
from components.icons import icon
from components.labels import label_of, label_of_raw, person_text
from components.waiting_texts import offer_pill, wished_text
from models import GivenCommand, OpenEntry, TimeOfDay, WaitingEntry, WishAct, WishStatus, WishStep


def entry_facts(entry: WaitingEntry, *, today: date, zone: str) -> None:
    """What the client wishes."""
    if entry.offer and entry.status == WishStatus.WAITING:
        pill = offer_pill(entry.offer, zone=zone)
        with ui.element('div').classes(f'side-booking tone-{pill["tone"]}'):
            ui.label(_('Offered: {time}').format(time=format_day_time(entry.offer.at, zone))).classes('side-title')
            ui.label(pill['text'])
    with ui.element('div').classes('side-facts'):
        _fact(_('Service'), entry.service or _('Any service'))
        _fact(_('Specialist'), entry.staff or _('Any specialist'))
        _fact(_('Day'), wished_text(entry, today=today), tone='warn' if entry.is_missed else '')
        _fact(_('Time'), label_of_raw(TimeOfDay, entry.time_of_day).text or _('any time'))
        _fact(_('Asked'), f'{format_day_time(entry.created_at, zone)} ({format_ago(entry.created_at)})')
        _fact(_('Came from'), source_text(entry.source))
        _fact(_('Comment'), entry.comment or '')


def source_text(source: str | None) -> str:
    """Where a wish came from, in words."""
    return {'bot': _('the bot'), 'manual': _('entered by hand')}.get(source or '', source or _('not known'))


def _fact(name: str, value: str, *, tone: str = '') -> None:
    if value:
        with ui.element('div').classes('side-fact'):
            ui.label(name).classes('muted')
            ui.label(value[:2000]).props('dir=auto').classes(f'tone-text tone-{tone}' if tone else '')


def entry_contact(opened: OpenEntry) -> None:
    """Ways to reach the client: a call, the number to copy, the messenger."""
    phone = opened.entry.client_phone
    number = dial_number(phone)
    if phone and not number:
        ui.label(format_phone(phone)[:60]).props('dir=auto')
    contact_links(contact_ways(phone, opened.whatsapp_id, opened.channel or ''), to_copy=number)


def entry_story(
    opened: OpenEntry, *, zone: str, currency: str, on_retry: Callable[[GivenCommand], Any], unable: str = ''
) -> None:
    """What happened to the entry, the newest last; `unable` says why nothing can be tried again just now."""
    draw_step = partial(_step, zone=zone, currency=currency, on_retry=on_retry, unable=unable)
    moments: list[tuple[datetime, Callable[[], None]]] = [
        (step.at, partial(draw_step, step)) for step in opened.actions
    ]
    moments.append(
        (opened.entry.created_at, lambda: _bot_line(_('The client asked for it'), opened.entry.created_at, zone))
    )
    changed = opened.bot_changed_at
    if changed:
        text = _('In the bot: {status}').format(status=label_of_raw(WishStatus, opened.bot_status).text)
        moments.append((changed, lambda: _bot_line(text, changed, zone)))
    with ui.element('ol').classes('story'):
        for _at, draw in sorted(moments, key=lambda moment: moment[0]):
            draw()


def _bot_line(text: str, at: datetime, zone: str) -> None:
    with ui.element('li').classes('story-step tone-neutral'):
        icon('bot')
        with ui.element('div').classes('grow'):
            ui.label(text[:200]).classes('story-title').props('dir=auto')
            ui.label(format_day_time(at, zone)).classes('muted small')


def _step(step: WishStep, *, zone: str, currency: str, on_retry: Callable[[GivenCommand], Any], unable: str) -> None:
    label = label_of(step.kind)
    with ui.element('li').classes(f'story-step tone-{label.tone}'):
        icon(label.icon)
        with ui.element('div').classes('grow'):
            ui.label(f'{label.text}{_more(step, zone=zone, currency=currency)}').classes('story-title')
            if step.note:
                ui.label(step.note).classes('story-note').props('dir=auto')
            who = person_text(step.by, _('the bot'))
            ui.label(f'{who} · {format_day_time(step.at, zone)}').classes('muted small').props('dir=auto')
            if step.command and step.kind is not WishAct.ACCEPTED and step.kind is not WishAct.DECLINED:
                command_state(step.command, zone=zone, on_retry=on_retry, unable=unable)


def _more(step: WishStep, *, zone: str, currency: str) -> str:
    if step.amount is not None:
        return f' · {format_money(step.amount, step.currency or currency)}'
    if step.offer_at:
        return ': ' + ', '.join(filter(None, (format_day_time(step.offer_at, zone), step.offer_staff)))
    return ''
