"""Database tokens: who asks, as Supabase reads it. They never reach a browser.

Its one rule: it knows no page and no session, so that jobs can ask under the dashboard's own identity.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import jwt

from config import settings

TOKEN_SECONDS = 600


def mint(claims: Mapping[str, Any], *, seconds: int = TOKEN_SECONDS) -> str:
    """A database token, HS256 or (when the setting holds a JSON Web Key) ES256."""
    secret = settings().supabase_jwt_secret.get_secret_value()
    now = int(time.time())
    payload = {'role': 'dashboard_app', 'aud': 'authenticated', 'iat': now, 'exp': now + seconds, **claims}
    if not secret.lstrip().startswith('{'):
        return jwt.encode(payload, secret, algorithm='HS256')
    key = json.loads(secret)
    headers = {'kid': key['kid']} if 'kid' in key else None
    return jwt.encode(payload, jwt.PyJWK(key, algorithm='ES256').key, algorithm='ES256', headers=headers)


class Tokens:
    """A token for one set of claims, renewed two minutes before it expires."""

    def __init__(self, claims: Mapping[str, Any]) -> None:
        self._claims = claims
        self.audience = (str(claims['app_role']), str(claims.get('tenant_id')))
        self._token, self._fresh_until = '', 0.0

    def token(self) -> str:
        """A token that is good for two more minutes at least."""
        if time.time() > self._fresh_until:
            self._token = mint(self._claims)
            self._fresh_until = time.time() + TOKEN_SECONDS - 120
        return self._token


SYSTEM = Tokens({'app_role': 'system'})
"""The identity of the dashboard itself: signing in, the live feed, delivering commands, jobs."""
