"""What was done about a client: messages sent from here, notes, and wishes on the waiting list.

The one rule: texts of people stand as they were written, with who wrote them and when.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui

from components.button import button
from components.command_state import command_state
from components.i18n import _, format_day, format_day_time
from components.labels import label_of_raw, person_text
from components.link import link
from models import ClientNote, ClientWish, GivenCommand, WishStatus


def messages(
    commands: list[GivenCommand], *, zone: str, on_retry: Callable[[GivenCommand], Any] | None, unable: str
) -> None:
    """What was written to the client from here, and what became of it."""
    for command in commands:
        with ui.element('div').classes('client-line'):
            ui.label(command.text or '').classes('story-note').props('dir=auto')
            ui.label(
                f'{person_text(command.by, _("author unknown"))} · {format_day_time(command.created_at, zone)}'
            ).classes('muted small')
            is_broadcast = command.type == 'broadcast.message'  # it is tried again where it was given
            command_state(command, zone=zone, on_retry=None if is_broadcast else on_retry, unable=unable)


def notes(found: list[ClientNote], *, zone: str, on_remove: Callable[[ClientNote], Any] | None) -> None:
    """What colleagues wrote down."""
    for item in found:
        with ui.element('div').classes('client-line is-note'):
            with ui.element('div').classes('grow'):
                ui.label(item.text).classes('story-note').props('dir=auto')
                who = person_text(item.by, _('author unknown'))
                ui.label(f'{who} · {format_day_time(item.created_at, zone)}').classes('muted small').props('dir=auto')
            if on_remove:
                remove = button(icon='delete', kind='quiet', label=_('Remove the note'))
                remove.props['data-act'] = f'remove-{item.id}'
                remove.on_click(lambda item=item: on_remove(item))


def wishes(found: list[ClientWish], *, zone: str) -> None:
    """The client's entries of the waiting list, with what has become of them."""
    for wish in found:
        status = label_of_raw(WishStatus, wish.status)
        with link(to=f'/wishlist/{wish.id}', classes='side-other'):
            words = ', '.join(
                filter(
                    None, (wish.service, wish.staff, format_day(wish.day, short=True, year=False) if wish.day else '')
                )
            ) or _('any service')
            ui.label(words[:160]).props('dir=auto')
            ui.label(status.text[:60]).classes(f'pill tone-{status.tone}')
            ui.label(format_day_time(wish.created_at, zone)).classes('muted small')
