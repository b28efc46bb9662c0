"""The settings: what is missing or wrong is named, all at once, before anything starts."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, generate_private_key
from pydantic import ValidationError

from config import Settings

ROOT = Path(__file__).resolve().parent.parent
GOOD = {
    'SUPABASE_URL': 'https://abc.supabase.co/',
    'SUPABASE_KEY': 'sb_publishable_0123456789',
    'SUPABASE_JWT_SECRET': 'a-secret-of-forty-letters-0123456789-abcd',
    'STORAGE_SECRET': 'b-secret-of-forty-letters-0123456789-abcd',
}
NAMES = {name.upper() for name in Settings.model_fields}


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting comes from the machine."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def read(monkeypatch: pytest.MonkeyPatch, **values: str) -> Settings:
    for name, value in (GOOD | values).items():
        monkeypatch.setenv(name, value)
    return Settings()


def complaints(error: ValidationError) -> set[str]:
    return {str(item['loc'][0]).upper() for item in error.errors()}


def started(cwd: Path, **values: str) -> subprocess.CompletedProcess[str]:
    """The dashboard's own start, with these settings only."""
    kept = {name: value for name, value in os.environ.items() if name not in {*NAMES, 'PYTEST_CURRENT_TEST'}}
    command = [sys.executable, str(ROOT / 'main.py')]
    return subprocess.run(command, cwd=cwd, env=kept | values, capture_output=True, text=True, timeout=60, check=False)


def test_without_settings_the_start_ends_with_one_message_that_names_them_all(tmp_path: Path) -> None:
    done = started(tmp_path)
    assert done.returncode == 1
    assert all(f'{name}: is missing' in done.stderr for name in GOOD)
    assert './dev run' in done.stderr
    assert 'Traceback' not in done.stderr
    assert done.stdout == ''


def test_placeholders_and_mistakes_are_named_together_with_what_is_missing(tmp_path: Path) -> None:
    wrong = {'SUPABASE_URL': 'https://your-project.supabase.co', 'SUPABASE_KEY': '<publishable key>',
             'STORAGE_SECRET': 'short', 'PORT': 'eighty', 'BOT_URL': 'ftp://bot'}  # fmt: skip
    done = started(tmp_path, **wrong)
    assert done.returncode == 1
    named = set(re.findall(r'^  ([A-Z_]+): ', done.stderr, re.MULTILINE))
    assert named == {*wrong, 'SUPABASE_JWT_SECRET'}
    assert not any(value in done.stderr for value in ('short', 'publishable')), 'values are not printed'


def test_good_settings_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read(monkeypatch, PUBLIC_URL='https://salon.test', PORT='9000')
    assert (settings.supabase_url, settings.port, settings.is_behind_tls) == ('https://abc.supabase.co', 9000, True)
    assert 'secret-of-forty' not in repr(settings)


@pytest.mark.parametrize('name', sorted(GOOD))
@pytest.mark.parametrize('value', ['', 'changeme', 'change-me', 'xxx', '<here>', 'secret', 'your-key', 'PASSWORD'])
def test_no_placeholder_is_taken(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    with pytest.raises(ValidationError) as error:
        read(monkeypatch, **{name: value})
    assert complaints(error.value) == {name}


def a_key(curve: Any = SECP256R1, **changes: Any) -> str:
    jwk = jwt.algorithms.ECAlgorithm.to_jwk(generate_private_key(curve()), as_dict=True) | changes
    return json.dumps({name: value for name, value in jwk.items() if value is not None})


def test_a_private_es256_key_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, SUPABASE_JWT_SECRET=a_key()).supabase_jwt_secret


@pytest.mark.parametrize(
    'key', ['{', '{}', a_key(SECP384R1), a_key(d=None), a_key(x='AAAA'), a_key(kty='RSA'), 'short']
)
def test_any_other_key_is_refused(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    with pytest.raises(ValidationError) as error:
        read(monkeypatch, SUPABASE_JWT_SECRET=key)
    assert complaints(error.value) == {'SUPABASE_JWT_SECRET'}


def example() -> dict[str, str]:
    """The names and values of `.env.example`."""
    return dict(re.findall(r'^([A-Z_]+)=(.*)$', (ROOT / '.env.example').read_text(), re.MULTILINE))


def test_the_example_names_every_setting_and_no_other() -> None:
    assert set(example()) == NAMES


def test_the_example_starts_once_the_required_ones_are_filled_in(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / '.env').write_text('\n'.join(f'{name}={value}' for name, value in (example() | GOOD).items()))
    assert Settings().bot_url is None
    (tmp_path / '.env').write_text('\n'.join(f'{name}={value}' for name, value in example().items()))
    with pytest.raises(ValidationError) as error:
        Settings()
    assert complaints(error.value) == set(GOOD)


def test_the_readme_explains_every_setting_and_no_other() -> None:
    table = (ROOT / 'README.md').read_text().partition('## Settings')[2].partition('\n## ')[0]
    assert set(re.findall(r'^\| `([A-Z_]+)` \|', table, re.MULTILINE)) == NAMES
