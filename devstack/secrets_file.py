"""The secrets of one data directory: made at first start, readable by its owner only. Rule: no secret has a default."""

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path


def _token() -> str:
    return secrets.token_urlsafe(32)


def _readable_password() -> str:
    letters = 'abcdefghjkmnpqrstuvwxyz23456789'
    return '-'.join(''.join(secrets.choice(letters) for _ in range(5)) for _ in range(3))


@dataclass(frozen=True)
class Secrets:
    """What the parts of the stack, the app and the people signing in need to know."""

    postgres_password: str = field(default_factory=_token)
    jwt_secret: str = field(default_factory=_token)
    publishable_key: str = field(default_factory=lambda: 'sb_publishable_' + secrets.token_urlsafe(24))
    secret_key: str = field(default_factory=lambda: 'sb_secret_' + secrets.token_urlsafe(24))
    storage_secret: str = field(default_factory=_token)
    webhook_secret: str = field(default_factory=lambda: 'whsec_' + base64.b64encode(secrets.token_bytes(24)).decode())
    demo_password: str = field(default_factory=_readable_password)

    @classmethod
    def of(cls, home: Path) -> 'Secrets':
        """Reads the directory's secrets; makes them when there are none yet."""
        path = home / 'secrets.json'
        if path.exists():
            return cls(**json.loads(path.read_text()))
        made = cls()
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), 'w') as file:
            json.dump(asdict(made), file, indent=2)
        return made
