"""The salons of the platform with how each is doing, and what was refused at the bot's entrance.

The one rule: a figure that asks for attention has a colour and a word; one that is as it should be has neither.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from nicegui import ui

from components.button import button
from components.i18n import N_, _, format_ago, format_number
from components.page_head import section
from components.settings_texts import zone_text
from models import RefusedCallbacks, SalonState

REFUSALS = {
    'unsigned': N_('without a signature'), 'forged': N_('with a wrong signature'), 'old': N_('sent too long ago'),
    'replayed': N_('sent once more'), 'malformed': N_('not readable'), 'too long': N_('too long'),
    'unknown': N_('of a kind that is not known'),
}  # fmt: skip


def salon_rows(
    salons: Sequence[SalonState],
    *,
    in_view: UUID,
    on_open: Callable[[SalonState], Any],
    on_create: Callable[[SalonState], Any],
) -> None:
    """One row for each salon; `in_view` is the one whose pages are shown now."""
    with ui.element('ul').classes('salon-rows'):
        for salon in salons:
            with ui.element('li').classes('salon-row' + (' is-selected' if salon.id == in_view else '')):
                _name(salon)
                _figure(_('Dialogs today'), format_number(salon.dialogs_today))
                _figure(_('The bot wrote'), format_ago(salon.last_write) if salon.last_write else _('never'))
                tone = 'warn' if salon.open_commands else ''
                _figure(_('Waiting for the bot'), format_number(salon.open_commands), tone=tone)
                tone = 'bad' if salon.failed_commands else ''
                _figure(_('Failed in 7 days'), format_number(salon.failed_commands), tone=tone)
                _acts(salon, in_view=in_view, on_open=on_open, on_create=on_create)


def _name(salon: SalonState) -> None:
    with ui.element('div').classes('salon-title'):
        ui.label(salon.name[:200]).classes('salon-label').props('dir=auto')
        with ui.element('div').classes('row-of salon-notes'):
            ui.label(zone_text(salon.timezone)).classes('muted small')
            if not salon.is_active:
                ui.label(_('switched off')).classes('pill tone-neutral')
            if not salon.has_settings:
                ui.label(_('without settings')).classes('pill tone-warn')


def _figure(label: str, value: str, *, tone: str = '') -> None:
    with ui.element('div').classes('salon-figure'):
        ui.label(label).classes('muted')
        ui.label(value).classes(f'num {f"tone-text tone-{tone}" if tone else ""}')


def _acts(
    salon: SalonState, *, in_view: UUID, on_open: Callable[[SalonState], Any], on_create: Callable[[SalonState], Any]
) -> None:
    with ui.element('div').classes('salon-acts'):
        if not salon.has_settings:
            create = button(_('Create settings'), icon='plus', on_click=lambda: on_create(salon))
            create.props['data-act'] = f'create-{salon.id}'
        if salon.id == in_view:
            ui.label(_('in view')).classes('pill tone-accent')
        else:
            button(_('Open'), icon='arrow-right', on_click=lambda: on_open(salon)).props['data-act'] = (
                f'open-{salon.id}'
            )


def refused_card(refused: Sequence[RefusedCallbacks]) -> None:
    """Messages in the bot's name that were not believed; nothing while there are none."""
    with section(_('Refused messages in the bot’s name'), _('in the last 7 days')):
        if not refused:
            ui.label(_('There were none.')).classes('muted')
        for item in refused:
            words = REFUSALS.get(item.reason)
            with ui.element('div').classes('side-fact refused-fact'):
                ui.label(_(words) if words else item.reason[:50])
                ui.label(format_number(item.number)).classes('num')
