"""What became of a command to the bot: a pill, the reason when it did not get through, and a way to try again.

The one rule: a word of ours is told in the reader's language; what the bot itself said is shown as its text, cut short.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import ui

from components.button import button
from components.i18n import _, format_day_time
from components.labels import label_of
from components.reasons import REASONS, reason_text
from models import CommandStatus, GivenCommand

LONGEST = 200


def command_state(
    command: GivenCommand,
    *,
    zone: str,
    on_retry: Callable[[GivenCommand], Any] | None = None,
    unable: str = '',
) -> ui.element:
    """The state of `command`; `on_retry` is for those who may try again, `unable` says why nobody can just now."""
    label = label_of(command.status)
    with ui.element('div').classes('command-state') as element:
        ui.label(label.text).classes(f'pill tone-{label.tone}')
        if reason := why(command, zone=zone):
            ui.label(reason).classes('muted small').props('dir=auto')
        if on_retry and command.status.can_be_repeated:
            again = button(_('Try again'), kind='quiet', icon='retry', on_click=lambda: on_retry(command))
            again.props['data-act'] = f'retry-{command.id}'
            again.set_enabled(not unable)
            again.props['title'] = unable
    return element


def why(command: GivenCommand, *, zone: str) -> str:
    """Why a command is where it is, in words; empty when its state says everything."""
    if command.status is CommandStatus.QUEUED and command.attempts:
        return _('The bot did not take it yet; the next try is at {time}.').format(
            time=format_day_time(command.next_attempt_at, zone)
        )
    if command.status is CommandStatus.DEAD:
        return _('The bot did not take it for a whole day.')
    if command.status is not CommandStatus.FAILED:
        return ''
    if command.error in REASONS:
        return reason_text(command.error)
    if not command.error or command.error.startswith('HTTP '):
        return _('The bot refused it.')
    return _('The bot says: {text}').format(text=' '.join(command.error.split())[:LONGEST])
