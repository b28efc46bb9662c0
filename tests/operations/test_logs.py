"""The log: readable, one event a line, and without anything that belongs to a person or opens a door."""

import json
import subprocess
import sys

import pytest

from devstack.stack import Stack
from operations.logs import HIDDEN, clean, without_secrets
from tests.operations.conftest import ROOT, Process, environment_of


@pytest.mark.parametrize(
    'secret',
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-DEF_1', 'sb_publishable_abc123', 'sb_secret_abc', 'whsec_QUJD+/=',
     '$2b$12$abcdefghijklmnopqrstuv', 'Anna.K@example.com', '+7 (999) 123-45-67', '89991234567', '8 999 123-45-67',
     '5123456789', 'Анна Петрова', 'Здравствуйте, можно записаться?', 'hunter2'],
)  # fmt: skip
def test_a_secret_or_a_person_never_stands_in_a_line(secret: str) -> None:
    texts = [f'failed for {secret} at once', f'http://h/rest/v1/x?name=eq.{secret}&a=1', f"{{'k': '{secret}'}}"]
    if secret == 'hunter2':
        texts = [f'password={secret}', f'{{"token": "{secret}"}}', f'redis://user:{secret}@host/0', f'Bearer {secret}']
    for text in texts:
        assert secret not in without_secrets(text), text


@pytest.mark.parametrize(
    'text',
    ['command 5f1c0e2a-1234-4321-9999-123456789012 not taken', 'HTTP 503', '20261201000100', 'bot state',
     'took 1234 ms at 2026-11-24T15:41:38', 'GET /login 200', 'ConnectError(All connection attempts failed)',
     'is the project paused?'],
)  # fmt: skip
def test_what_an_operator_needs_stays(text: str) -> None:
    assert without_secrets(text) == text


def test_what_the_database_quotes_of_a_row_goes() -> None:
    assert 'Anna' not in without_secrets('Failing row contains (1, Anna, null).')
    assert 'Anna' not in without_secrets('Key (name)=(Anna) already exists.')
    assert 'Anna' not in without_secrets("[type=int, input_value='Anna', input_type=str]")


def test_values_under_telling_keys_go_however_deep() -> None:
    event = clean(None, '', {'event': 'x', 'full_name': 'Anna', 'rows': [{'phone': 1}], 'chat': 5123456789})
    assert event == {'event': 'x', 'full_name': HIDDEN, 'rows': [{'phone': HIDDEN}], 'chat': HIDDEN}


def written(environment: dict[str, str], code: str) -> str:
    """What a process writes that sets the log up and runs some code."""
    command = [sys.executable, '-c', f'from operations import logs\nlogs.set_up()\n{code}']
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    return done.stderr


def test_every_library_writes_json_through_the_same_form(stack: Stack) -> None:
    code = """
import logging, structlog
structlog.get_logger('own').warning('mine', reason='x')
logging.getLogger('prefect.flow').warning('theirs %s', '+79991234567')
try: raise ValueError('Анна anna@salon.ru')
except ValueError: logging.getLogger('nicegui').exception('broken')
raise RuntimeError('Анна')
"""
    text = written(environment_of(stack, LOG_FORMAT='json'), code)
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line['event'] for line in lines] == ['mine', f'theirs {HIDDEN}', 'broken', 'the process ends']
    assert all({'timestamp', 'level', 'logger'} <= line.keys() for line in lines)
    assert 'ValueError' in lines[2]['exception']
    assert 'Анна' not in text and 'anna@' not in text and '\\u0410' not in text


def test_people_get_text(stack: Stack) -> None:
    code = "import structlog\nstructlog.get_logger().info('mine', n=1)"
    text = written(environment_of(stack, LOG_FORMAT='text'), code)
    assert 'mine' in text and 'n=1' in text and '{' not in text


def test_nobody_and_no_secret_stands_in_the_log_of_real_work(served: Process, stack: Stack) -> None:
    password, name = stack.secrets.demo_password, 'owner@demo.salon'
    served.sign_in(name, 'a wrong password 17')
    served.sign_in('Анна@salon.test', 'пароль')
    served.sign_in(name, password)
    for path in (
        '/',
        '/sessions?search=Анна',
        '/clients?search=%2B79991234567',
        '/welcome/eyJmade.up',
        '/login?next=/x',
    ):
        served.http.get(path)
    served.http.post('/api/bot/events', content='{"phone": "+79991234567"}', headers={'webhook-signature': 'v1,x'})
    text = served.log
    assert text.count('"request"') >= 8
    private = [password, name, 'wrong password', 'Анна', '\\u0410', 'пароль', '9991234567', 'eyJ', stack.key, '?search',
               stack.jwt_secret, stack.secrets.storage_secret, stack.secrets.webhook_secret]  # fmt: skip
    assert [word for word in private if word in text] == []
    assert all(line.get('request_id') for line in map(json.loads, text.splitlines()) if line['event'] == 'request')
