"""Settings as they stand: what is wanted, what the bot uses, and what became of the wish.

The one rule: what the bot uses is said wherever it differs from what is wanted; of a secret only whether it is set.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nicegui import ui

from components.button import button
from components.command_state import command_state
from components.i18n import _
from components.labels import label_of
from components.page_head import Heading
from components.place import Place
from components.settings_texts import SECRETS, Group, setting_name, setting_text
from models import BotSetting, GivenCommand, SettingState, SettingValue


class SettingsCard:
    """A group of settings with a button to change them."""

    def __init__(self, group: Group, *, on_edit: Callable[[Group], Any]) -> None:
        self._group = group
        with ui.element('section').classes('card settings-card'):
            with ui.element('div').classes('card-head settings-head'):
                with ui.element('div').classes('grow card-head'):
                    Heading(_(group.title), 2).classes('card-title')
                    if group.hint:
                        ui.label(_(group.hint)).classes('card-hint')
                self._edit = button(_('Change'), icon='edit', kind='quiet', on_click=lambda: on_edit(group))
                self._edit.props['aria-label'] = f'{_("Change")}: {_(group.title)}'
            self._why = ui.label().classes('muted small')
            self.rows = ui.element('div').classes('settings')
        self.place = Place(self.rows)
        """Draw the rows `with card.rows` when it is new."""
        self.set_editable(reason='', is_ready=False)

    def set_editable(self, *, reason: str, is_ready: bool = True) -> None:
        """Offer to change the group, or say why that is not possible now."""
        self._edit.set_enabled(is_ready and not reason)
        self._edit.props['title'] = reason
        self._why.set_text(reason)
        self._why.set_visibility(bool(reason))


def own_row(name: str, value: SettingValue) -> None:
    """A setting that the dashboard alone uses."""
    with ui.element('div').classes('setting'):
        ui.label(setting_name(name)).classes('setting-name')
        with ui.element('div').classes('setting-value'):
            ui.label(setting_text(name, value)).props('dir=auto')


def bot_row(
    name: str,
    setting: BotSetting,
    *,
    zone: str,
    on_retry: Callable[[GivenCommand], Any],
    on_again: Callable[[str], Any],
    unable: str = '',
) -> None:
    """A setting of the bot. `on_retry` tries a command again, `on_again` tells the bot a wish that it does not follow;
    `unable` says why nothing can be sent to it just now."""
    differs = setting.state not in {SettingState.TAKEN, SettingState.UNSET}
    with ui.element('div').classes('setting'):
        ui.label(setting_name(name)).classes('setting-name')
        with ui.element('div').classes('setting-value'):
            is_set = setting.value is not None
            text = ui.label(setting_text(name, setting.wanted if differs else setting.value)).props('dir=auto')
            text.classes('' if is_set else 'muted')
            if differs:
                used = setting_text(name, setting.used)
                ui.label(_('The bot uses now: {value}').format(value=used)).classes('muted small').props('dir=auto')
            if setting.command and setting.state in {SettingState.ON_THE_WAY, SettingState.FAILED}:
                command_state(setting.command, zone=zone, on_retry=on_retry, unable=unable)
            elif setting.state is SettingState.DIFFERS:
                with ui.element('div').classes('command-state'):
                    again = button(_('Tell the bot again'), icon='retry', kind='quiet', on_click=lambda: on_again(name))
                    again.props['data-act'] = f'again-{name}'
                    again.set_enabled(not unable)
                    again.props['title'] = unable
        if is_set or differs:
            label = label_of(setting.state)
            look = 'muted' if setting.state is SettingState.UNSET else f'pill tone-{label.tone}'
            ui.label(label.text).classes(f'setting-state {look}')


def secret_rows(secrets: Mapping[str, bool]) -> None:
    """Which keys the bot has; they are kept by the bot and can be neither seen nor changed here."""
    for name, title in SECRETS.items():
        is_set = secrets.get(name, False)
        with ui.element('div').classes('setting'):
            ui.label(_(title)).classes('setting-name')
            with ui.element('div').classes('setting-value'):
                ui.label(_('is set') if is_set else _('is not set')).classes('' if is_set else 'muted')
                ui.label(_('Kept by the bot; never shown.')).classes('muted small')
