"""Commands and messages as pages show them: every state has its reason, and no text for a client has a gap."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from nicegui import ui
from nicegui.testing import User

from components.command_state import command_state, why
from components.form import Form
from components.message_form import MessageForm, Template, filled
from models import CommandStatus, GivenCommand

pytestmark = pytest.mark.nicegui_main_file('')
WARM = Template('Warm', '{greeting} Shall we book {service} on {date}?')
PLAIN = Template('Plain', '{greeting}')


def a_command(status: str, **values: Any) -> GivenCommand:
    """A command to the bot of which only the given values are known."""
    moment = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
    return GivenCommand(
        id=UUID(int=1), type='client.message', status=CommandStatus(status), created_at=moment, **values
    )


@pytest.mark.parametrize(('command', 'said'), [
    (a_command('queued'), ''),
    (a_command('queued', attempts=2, next_attempt_at='2026-11-20T09:31:00Z'), '12:31'),
    (a_command('sent'), ''), (a_command('delivered'), ''),
    (a_command('failed', error='opted_out'), 'Клиент'),
    (a_command('failed', error='HTTP 410'), 'отказался'),
    (a_command('failed', error='chat\nnot found'), 'chat not found'),
    (a_command('dead', error='ConnectError'), 'сутки'),
])  # fmt: skip
def test_a_command_says_why_it_is_where_it_is(command: GivenCommand, said: str) -> None:
    text = why(command, zone='Europe/Moscow')
    assert said in text if said else text == ''


async def test_only_what_failed_can_be_tried_again(user: User) -> None:
    again: list[GivenCommand] = []

    @ui.page('/')
    def page() -> None:
        for status in CommandStatus:
            command_state(a_command(status), zone='UTC', on_retry=again.append)

    await user.open('/')
    assert len(user.find(kind=ui.button).elements) == 2
    user.find(kind=ui.button).click()
    assert [command.status for command in again] == [CommandStatus.FAILED]


def test_a_text_with_an_open_gap_is_not_offered() -> None:
    assert filled(WARM, {'name': 'Анна', 'service': 'Маникюр'}, 'ru') is None
    whole = filled(WARM, {'name': ' Анна\n', 'service': '{date}', 'date': '1 мая'}, 'en')
    assert whole == 'Hello, Anna! Shall we book {date} on 1 мая?'.replace('Anna', 'Анна')
    assert filled(PLAIN, {'name': ' '}, 'ru') == 'Здравствуйте!'


async def test_what_was_typed_comes_back_with_its_text(user: User) -> None:
    forms: list[MessageForm] = []

    async def send(_form: Form) -> None: ...

    @ui.page('/')
    def page() -> None:
        values = {'service': 'Маникюр', 'date': '1 мая'}
        forms.append(MessageForm('Write', templates=[PLAIN, WARM], values=values, on_submit=send))

    await user.open('/')
    (form,) = forms
    assert form.message == 'Здравствуйте!'
    form._area.value = 'Мой текст'
    form._choice.value = 'Warm'
    assert form.message == 'Здравствуйте! Shall we book Маникюр on 1 мая?'
    form._choice.value = 'Plain'
    assert form.message == 'Мой текст'
