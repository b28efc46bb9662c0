"""The form that changes a group of a salon's settings, with what each of them is now and what it will be.

Its one rule: only what was changed in the form is sent, with the version of the settings that the form was opened on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import time
from typing import Any

from nicegui import ui
from nicegui.elements.mixins.validation_element import ValidationElement

from components.form import Form
from components.i18n import _, dial_number, format_ago, format_phone
from components.labels import person_text
from components.settings_texts import (
    HINTS,
    OWN,
    SWITCHES,
    TIMES,
    TOGETHER,
    Group,
    option_of,
    options_of,
    setting_name,
    setting_text,
)
from data import Conflict, DataError
from models import ChangedSettings, SalonSettings, SettingValue
from pages.view import View, explain_act

LONGEST = {'branch_phone': 40, 'branch_address': 300, 'admin_chat_id': 20, 'yclients_company_id': 18}
KINDS = {'branch_phone': 'tel'}


class SettingsForm:
    """One group of settings while it is being changed; `unable` says why the bot's settings cannot be, if so."""

    def __init__(
        self,
        view: View,
        group: Group,
        known: SalonSettings,
        *,
        saved: Callable[[set[str]], Awaitable[None]],
        unable: str,
    ) -> None:
        self.view, self.saved, self.unable = view, saved, unable
        self.seen, self.is_overtaken = known.version, False
        self.before: dict[str, SettingValue] = {name: known.value(name) for name in group.names}
        self.form = Form(_(group.title), submit=_('Save'), on_submit=self._send)
        self.fields = {name: self._field(name) for name in group.names}
        with self.form.fields:
            self.changed = ui.element('div').classes('setting-changes').props('role=status')
        for field in self.fields.values():
            field.on_value_change(self._show_changes)
        self._show_changes()
        self.form.open()

    # --- fields

    def _field(self, name: str) -> ValidationElement[Any]:
        is_locked = bool(self.unable) and name not in OWN
        field = self._draw(name, self.unable if is_locked else _(HINTS[name]) if name in HINTS else '')
        if is_locked:
            field.props('disable')
        return field

    def _draw(self, name: str, hint: str) -> ValidationElement[Any]:
        label, value = setting_name(name), self.before[name]
        if name in TIMES:
            return self.form.time(name, label, time.fromisoformat(str(value)) if value else None, hint)
        if name in OWN or name in SWITCHES:
            options = options_of(name, value)
            return self.form.choice(name, label, options, option_of(value), hint, is_long=name == 'timezone')
        if name == 'welcome_message':
            return self.form.area(name, label, option_of(value), hint=hint)
        longest, kind = LONGEST.get(name, 200), KINDS.get(name, 'text')
        return self.form.text(name, label, option_of(value), longest=longest, kind=kind, hint=hint)

    # --- what changes

    def changes(self) -> dict[str, SettingValue]:
        """What differs from what was there when the form was opened; settings that belong together come together."""
        now: dict[str, SettingValue] = {name: self.form.value(name).strip() or None for name in self.fields}
        changed = {name: value for name, value in now.items() if (value or '') != option_of(self.before[name])}
        if set(changed) & set(TOGETHER):
            changed |= {name: now[name] for name in TOGETHER}
        return changed

    def _show_changes(self) -> None:
        self.changed.clear()
        with self.changed:
            for name, value in self.changes().items():
                before, after = setting_text(name, self.before[name]), self._after(name, value)
                if before == after:
                    continue
                with ui.element('div').classes('setting-change'):
                    ui.label(setting_name(name)).classes('muted')
                    with ui.element('div').classes('setting-change-values'):
                        ui.label(before).classes('setting-before').props('dir=auto')
                        ui.label('→').props('aria-hidden=true')
                        ui.label(after).classes('setting-after').props('dir=auto')
            self._show_phone()

    @staticmethod
    def _after(name: str, value: SettingValue) -> str:
        is_switch = name in SWITCHES and value is not None
        return setting_text(name, value == 'true' if is_switch else value)

    def _show_phone(self) -> None:
        typed = self.form.value('branch_phone').strip() if 'branch_phone' in self.fields else ''
        if typed and dial_number(typed) is None:
            ui.label(_('This does not look like a whole phone number. It is kept as you write it.')).classes(
                'note tone-warn'
            )
        elif typed and format_phone(typed).replace('\u00a0', ' ') != typed:
            ui.label(_('Understood as {phone}').format(phone=format_phone(typed))).classes('muted small')

    # --- doing it

    async def _send(self, form: Form) -> None:
        changes = self.changes()
        if not changes:
            form.close()
            return
        act = self.view.data.settings.change(form.key, self.seen, changes)
        if await self.view.attempt(act, fail=form.fail, conflict=self._somebody_was_faster):
            form.close()
            await self.saved(set(changes))
        elif self.is_overtaken:
            await self._read_again()

    def _somebody_was_faster(self, error: Conflict) -> str:
        if error.reason != 'changed_meanwhile':
            return explain_act(error)
        changed = ChangedSettings.model_validate_json(error.details or '{}')
        self.is_overtaken = True
        return _('{who} changed the settings {when}. Nothing of yours was saved.').format(
            who=person_text(changed.by, _('Somebody')), when=format_ago(changed.at)
        )

    async def _read_again(self) -> None:
        """Show what holds now. What was typed stays; a field that nobody touched here follows."""
        try:
            known = await self.view.data.settings.read()
        except DataError:
            return  # the version stays the one that was seen: pressing again overwrites nothing
        for name, before in list(self.before.items()):
            now = known.value(name)
            if now != before:
                value = setting_text(name, now)[:200]
                self.form.fail(_('{setting} is now: {value}').format(setting=setting_name(name), value=value))
                self._follow(name, now)
        self.seen, self.is_overtaken = known.version, False
        self._show_changes()
        self.form.fail(_('Press once more to save yours.'))

    def _follow(self, name: str, now: SettingValue) -> None:
        field, before = self.fields[name], option_of(self.before[name])
        self.before[name] = now
        if self.form.value(name).strip() != before:
            return
        if isinstance(field, ui.select):
            field.set_options(dict(options_of(name, now)), value=option_of(now))
        else:
            field.set_value(option_of(now))
