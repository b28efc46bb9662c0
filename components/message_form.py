"""A form that asks for a message to a client: chosen from texts that are filled in already, and free to edit.

The one rule: a text with a gap that nothing fills is not offered; what was typed into one text is there again when the
choice comes back to it.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from components.form import Form
from components.i18n import N_, _
from components.translate import catalogue

GAP = re.compile(r'{(\w+)}')
LONGEST = 2000
GREETINGS = (N_('Hello, {name}!'), N_('Hello!'))


@dataclass(frozen=True)
class Template:
    """A text for clients: what it is called, and its words with gaps like {name}; both marked with `N_`.

    {greeting} is a gap that is always filled.
    """

    title: str
    text: str


def filled(template: Template, values: Mapping[str, str], language: str) -> str | None:
    """The words of a template in the client's language; None when a gap stays open."""
    speak = catalogue(language).gettext
    known = {name: ' '.join(value.split())[:100] for name, value in values.items() if value and value.strip()}
    greeting = speak(GREETINGS[0]).format(name=known['name']) if 'name' in known else speak(GREETINGS[1])
    known['greeting'] = greeting
    words = speak(template.text)
    if set(GAP.findall(words)) - known.keys():
        return None
    return GAP.sub(lambda gap: known[gap[1]], words)[:LONGEST]


class MessageForm(Form):
    """A form with a choice of texts and the text itself, which is the act's argument `text`.

    `values` fills the gaps (name, service, staff, date), `language` is the client's, in which the texts are written.
    """

    def __init__(
        self,
        title: str,
        *,
        templates: Sequence[Template],
        values: Mapping[str, str],
        on_submit: Callable[[Form], Awaitable[None]],
        submit: str = '',
        hint: str = '',
        language: str = 'ru',
    ) -> None:
        super().__init__(title, submit=submit or _('Send'), on_submit=on_submit, hint=hint)
        found = [(template.title, filled(template, values, language)) for template in templates]
        self._texts = {name: text for name, text in found if text is not None} or {'': ''}
        self._shown = next(iter(self._texts))
        if len(self._texts) > 1:
            options = [(name, _(name)) for name in self._texts]
            self._choice = self.choice('template', _('Text'), options, self._shown)
            self._choice.on_value_change(lambda event: self._choose(str(event.value)))
        self._area = self.area('text', _('Message'), self._texts[self._shown], longest=LONGEST)

    @property
    def message(self) -> str:
        """What is to be sent."""
        return str(self._area.value or '')

    def _choose(self, name: str) -> None:
        self._texts[self._shown] = self.message
        self._shown = name
        self._area.value = self._texts[name]
