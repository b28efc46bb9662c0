"""A form in a dialog: asks for what an act needs, and stays open until the act is done.

The one rule: what was typed is never lost. An error stands at its field, the dialog stays, and the key of the act is
made when the form is drawn, so that a second click on the button is the same act.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, time
from typing import Any, TypeVar
from uuid import UUID, uuid4

from nicegui import Client, ui
from nicegui.elements.mixins.validation_element import ValidationElement

from components.button import Kind, button
from components.i18n import _
from components.page_head import Heading
from components.states import note


class FormDialog(ui.dialog):
    """The layer of a form, which knows its form."""

    form: Form | None = None


def forms_of(client: Client) -> list[FormDialog]:
    """The layers of forms in a tab, wherever they hang."""
    return [element for element in list(client.elements.values()) if isinstance(element, FormDialog)]


def close_forms(client: Client) -> None:
    """Take away the forms of a page that goes from the screen."""
    for dialog in forms_of(client):
        dialog.delete()


def keep_forms(client: Client, text: str, *, then: Callable[[], object]) -> bool:
    """Nothing can be sent from this tab any more: let the open forms say `text` and keep what was typed until they are
    put away, and do `then` after that. Whether there are any."""
    forms = [dialog.form for dialog in forms_of(client) if dialog.value and dialog.form]
    for form in forms:
        form.lock(text, then=then)
    return bool(forms)


F = TypeVar('F', bound=ValidationElement[Any])


class Form:
    """A dialog with fields; draw them inside `with form.fields`, named as the act's arguments are.

    `on_submit` gets the form and does the act: it closes the form when that is done, or says with `fail` why it is not.
    """

    def __init__(
        self,
        title: str,
        *,
        submit: str,
        on_submit: Callable[[Form], Awaitable[None]],
        kind: Kind = 'primary',
        hint: str = '',
    ) -> None:
        self.key: UUID = uuid4()
        self._on_submit = on_submit
        self._was_sent = False
        self._named: dict[str, ValidationElement[Any]] = {}
        # Not where the button is: that place may be drawn anew while somebody types.
        with ui.context.client.content, FormDialog() as self.dialog, ui.element('form').classes('form') as form:
            form.props('novalidate')  # what is wrong is said at its field, in the reader's language
            form.on('submit', self._submit, js_handler='(event) => { event.preventDefault(); emit() }')
            Heading(title, 2).classes('form-title')
            if hint:
                ui.label(hint).classes('form-hint').props('dir=auto')
            self.fields = ui.element('div').classes('form-fields')
            self._failure = ui.element('div')
            with ui.element('div').classes('form-foot'):
                button(_('Cancel'), kind='quiet', on_click=self.close)
                self._button = button(submit, kind=kind).props('type=submit')
        self.dialog.form = self
        self._then: Callable[[], object] | None = None
        self.dialog.on('hide', self._forget)

    def open(self) -> None:
        """Show the form."""
        self.dialog.open()

    def close(self) -> None:
        """Put the form away; the act is done or not wanted."""
        self.dialog.close()

    def _forget(self) -> None:
        if not self.dialog.is_deleted:
            self.dialog.delete()
        if self._then:
            self._then()

    def lock(self, text: str, *, then: Callable[[], object]) -> None:
        """Nothing can be sent any more; what was typed stays to be copied until the form is put away."""
        self._then = then
        self._button.set_enabled(False)
        self._failure.clear()
        with self._failure:
            note(text, tone='warn')

    async def _submit(self) -> None:
        if self._button.props.get('loading'):
            return
        self._failure.clear()
        self._was_sent = True
        for field in self._named.values():
            field.error = None
        self._button.props(add='loading')
        try:
            await self._on_submit(self)
        finally:
            if not self.dialog.is_deleted:
                self._button.props(remove='loading')

    def _changed(self, field: ValidationElement[Any]) -> None:
        """Something else was typed: no error stands there any more, and what is sent next is another act.

        What was sent before may have been done although no answer came: sent again with other words under the same key,
        it would count as done.
        """
        field.error = None
        self._is_another_act()

    def _is_another_act(self) -> None:
        if self._was_sent:
            self.key, self._was_sent = uuid4(), False

    def fail(self, text: str, *, field: str | None = None) -> None:
        """Say why the act was not done, at its field if it is about one."""
        if self.dialog.is_deleted:
            return
        if field in self._named:
            self._named[field].error = text
            self._named[field].run_method('focus')
            return
        with self._failure:
            note(text, tone='bad')

    def __contains__(self, name: str) -> bool:
        return name in self._named

    def value(self, name: str) -> str:
        """What stands in a field now."""
        return str(self._named[name].value or '')

    def name(self, name: str, field: ValidationElement[Any]) -> None:
        """Errors of the argument `name` are shown at this field."""
        self._named[name] = field

    # --- fields

    def text(
        self, name: str, label: str, value: str | None = '', *, longest: int = 200, kind: str = 'text', hint: str = ''
    ) -> ui.input:
        """A line of text; `kind` is an input's type (text, email, tel, password, url)."""
        with self.fields:
            field = ui.input(label, value=value or '').props(f'outlined maxlength={longest} type={kind}')
        return self._keep(name, field, hint)

    def area(
        self, name: str, label: str, value: str | None = '', *, longest: int = 2000, hint: str = ''
    ) -> ui.textarea:
        """Several lines of text."""
        with self.fields:
            field = ui.textarea(label, value=value or '').props(f'outlined autogrow maxlength={longest}')
        return self._keep(name, field, hint)

    def choice(
        self,
        name: str,
        label: str,
        options: Sequence[tuple[str, str]],
        value: str,
        hint: str = '',
        *,
        is_long: bool = False,
    ) -> ui.select:
        """One of some: pairs of key and text; a long list is narrowed by typing."""
        with self.fields:
            field = ui.select(dict(options), label=label, value=value, with_input=is_long)
            field.props('outlined options-dense')
        return self._keep(name, field, hint)

    def day(
        self, name: str, label: str, value: date | None = None, *, first: date | None = None, hint: str = ''
    ) -> ui.input:
        """A day, chosen with the browser's own calendar; the value is 'YYYY-MM-DD' or empty."""
        shown, more = value.isoformat() if value else '', f'min={first}' if first else ''
        return self._native(name, label, kind='date', value=shown, more=more, hint=hint)

    def time(self, name: str, label: str, value: time | None = None, hint: str = '') -> ui.input:
        """A time of the day; the value is 'HH:MM' or empty."""
        return self._native(name, label, kind='time', value=f'{value:%H:%M}' if value else '', hint=hint)

    def switch(self, label: str, *, value: bool = False) -> ui.switch:
        """On or off."""
        with self.fields:
            field = ui.switch(label, value=value)
        field.on_value_change(self._is_another_act)
        return field

    def _native(self, name: str, label: str, *, kind: str, value: str, more: str = '', hint: str = '') -> ui.input:
        with self.fields:
            field = ui.input(label, value=value).props(f'outlined stack-label type={kind} {more}')
        return self._keep(name, field, hint)

    def _keep(self, name: str, field: F, hint: str) -> F:
        self._named[name] = field
        field.props('hide-bottom-space')
        if hint:
            field.props['hint'] = hint
        field.on_value_change(lambda: self._changed(field))
        return field
