"""What the components' tests share: a tab's language without a browser, and a dialog to begin from."""

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from models import Dialog

Speak = Callable[[str], None]


@pytest.fixture
def speak(monkeypatch: pytest.MonkeyPatch) -> Speak:
    """`speak('en')`: from here on the texts are in this language."""
    return lambda code: monkeypatch.setattr(
        'nicegui.context', SimpleNamespace(client=SimpleNamespace(storage={'language': code}))
    )


def a_dialog(**values: Any) -> Dialog:
    """A dialog of which only the given values are known."""
    known = {'session_id': UUID(int=1), 'is_active': False, 'started_at': datetime(2026, 11, 20, 9, 30, tzinfo=UTC)}
    return Dialog(**(known | {'status': 'done'} | values))
