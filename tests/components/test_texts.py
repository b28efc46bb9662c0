"""Every value has a word, and every word a translation."""

from enum import StrEnum

import pytest

import models
from components import catalogues, translate
from components.i18n import _
from components.labels import LABELS, label_of, label_of_raw, person_text, weekday_name
from components.theme import TONES
from models import BotState, Intent, Status
from tests.components.conftest import Speak

KINDS: list[type[StrEnum]] = [
    kind for kind in vars(models).values()
    if isinstance(kind, type) and issubclass(kind, StrEnum) and kind not in (StrEnum, BotState)
]  # fmt: skip


@pytest.mark.parametrize('code', ['ru', 'en'])
@pytest.mark.parametrize('kind', KINDS)
def test_every_value_has_a_word_and_a_tone(speak: Speak, kind: type[StrEnum], code: str) -> None:
    speak(code)
    labels = [label_of(value) for value in kind]
    assert all(label.text for label in labels)
    assert {label.tone for label in labels} <= set(TONES)
    assert len({label.text for label in labels}) == len(labels)


def test_people_of_the_platform_are_called_so_in_the_readers_language(speak: Speak) -> None:
    speak('ru')
    assert [person_text(name, 'бот') for name in ('@platform', 'Анна', None)] == ['платформа', 'Анна', 'бот']


def test_the_words_are_in_the_readers_language(speak: Speak) -> None:
    speak('ru')
    assert label_of(Status.ESCALATED).text == 'передан человеку'
    speak('en')
    assert label_of(Status.ESCALATED).text == 'handed to a person'
    assert weekday_name(7) == 'Sun'


def test_a_value_nobody_knows_is_shown_as_it_is() -> None:
    assert label_of_raw(Status, 'mystery').text == 'mystery'
    assert label_of_raw(Status, None).text == ''
    assert label_of_raw(Status, 'dropped') == label_of(Status.ABANDONED)
    assert label_of_raw(Intent, 'canceled') == label_of(Intent.CANCEL)


def test_no_enum_of_the_labels_is_forgotten_by_this_test() -> None:
    assert set(LABELS) == set(KINDS)


def test_every_text_in_the_code_is_translated() -> None:
    assert catalogues.problems('ru') == []


def test_a_text_without_a_translation_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    template = catalogues.template()
    template.add('A text that nobody has translated')
    monkeypatch.setattr(catalogues, 'template', lambda: template)
    assert [problem for problem in catalogues.problems('ru') if 'nobody has translated' in problem]


def test_a_wish_is_not_called_an_appointment(speak: Speak) -> None:
    speak('ru')
    assert translate.ngettext('{number} wish', '{number} wishes', 5) == '{number} заявок'
    assert translate.ngettext('Done for {number} entry.', 'Done for {number} entries.', 1) == 'Готово: {number} заявка.'
    offer = _('{greeting} {staff} would be glad to see you again. Which day would suit you?')
    assert 'рада' not in offer
    assert 'рад ' not in offer
