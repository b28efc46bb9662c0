"""The settings, read once from the environment (or a file `.env` beside it).

Its one rule: a setting that is missing or still a placeholder stops the start, and one message names them all.
"""

from __future__ import annotations

import base64
import json
import re
import sys
from functools import cache
from typing import Annotated, Literal

import jwt
from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

PLACEHOLDER = re.compile(
    r'^$|change.?me|your[-_ ]|^<.*>$|^x{3,}$|example\.(com|org)|^secret$|^password$', re.IGNORECASE
)


def _no_placeholder(value: SecretStr) -> SecretStr:
    if PLACEHOLDER.search(value.get_secret_value()):
        raise ValueError('is still a placeholder')
    return value


def _long_enough(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < 32:
        raise ValueError('must have at least 32 characters')
    return value


def _web_address(value: str) -> str:
    if not re.fullmatch(r'https?://[^\s/]+(/\S*)?', value) or PLACEHOLDER.search(value):
        raise ValueError('must be an address that starts with http:// or https://')
    return value.rstrip('/')


def _signing_key(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if not text.lstrip().startswith('{'):
        return _long_enough(value)
    try:
        jwk = json.loads(text)
    except ValueError as error:
        raise ValueError('is not a valid JSON Web Key') from error
    if jwk.get('kty') != 'EC' or jwk.get('crv') != 'P-256' or 'd' not in jwk:
        raise ValueError('must be a private ES256 key (kty EC, crv P-256, with d)')
    try:
        jwt.PyJWK(jwk, algorithm='ES256')
    except jwt.PyJWTError as error:
        raise ValueError('is not a valid JSON Web Key') from error
    return value


def _webhook_secret(value: SecretStr) -> SecretStr:
    try:
        key = base64.b64decode(value.get_secret_value().removeprefix('whsec_') + '==', validate=False)
    except ValueError as error:
        raise ValueError('must be whsec_ and 24 to 64 random bytes in Base64') from error
    if not 24 <= len(key) <= 64:
        raise ValueError('must be whsec_ and 24 to 64 random bytes in Base64')
    return value


Secret = Annotated[SecretStr, AfterValidator(_no_placeholder)]
Address = Annotated[str, AfterValidator(_web_address)]


class Settings(BaseSettings):
    """Every setting of the dashboard. The README's table and `.env.example` say the same (a test compares them)."""

    model_config = SettingsConfigDict(env_file='.env', env_ignore_empty=True, extra='ignore', frozen=True)

    supabase_url: Address = Field(description='Address of the Supabase project')
    supabase_key: Secret = Field(description='Its publishable key')
    supabase_jwt_secret: Annotated[Secret, AfterValidator(_signing_key)] = Field(
        description='Key that signs the database tokens: the JWT secret, or a private ES256 key as JSON Web Key'
    )
    storage_secret: Annotated[Secret, AfterValidator(_long_enough)] = Field(
        description='Signs the session cookies; at least 32 random characters'
    )
    bot_url: Address | None = Field(default=None, description='Address of the bot; its health is asked for at /health')
    bot_webhook_url: Address | None = Field(default=None, description='Where commands for the bot are sent')
    bot_webhook_secret: Annotated[Secret, AfterValidator(_webhook_secret)] | None = Field(
        default=None, description='Signs what is sent to the bot and what it answers: whsec_ and random bytes in Base64'
    )
    public_url: Address | None = Field(
        default=None, description='Address at which people open the dashboard; with https:// cookies are Secure'
    )
    prefect_api_url: Address | None = Field(
        default=None,
        description='API of a Prefect server that shows and starts the jobs; without it they go by themselves',
    )
    host: str = Field(default='127.0.0.1', description='Address to listen on')
    port: int = Field(default=8080, ge=1, le=65535, description='Port to listen on')

    log_format: Literal['json', 'text'] | None = Field(
        default=None, description='How the log is written; text on a terminal and JSON elsewhere when it is not set'
    )
    metrics_token: Annotated[Secret, AfterValidator(_long_enough)] | None = Field(
        default=None, description='Opens /readyz and /metrics from outside the inner network; at least 32 characters'
    )

    @property
    def is_behind_tls(self) -> bool:
        """Whether browsers reach the dashboard over TLS only."""
        return (self.public_url or '').startswith('https://')


def _complaint(error: ValidationError) -> str:
    lines = []
    for item in error.errors():
        name = '_'.join(str(part) for part in item['loc'][:1]).upper()
        reason = 'is missing' if item['type'] == 'missing' else item['msg'].removeprefix('Value error, ')
        lines.append(f'  {name}: {reason}')
    return (
        'The dashboard cannot start, these settings need a value:\n'
        + '\n'.join(sorted(set(lines)))
        + '\nThe README explains each. To try the dashboard without a Supabase project: ./dev run'
    )


@cache
def settings() -> Settings:
    """The settings of this process. Exits with one message that names everything that is missing or wrong."""
    try:
        return Settings()
    except ValidationError as error:
        sys.exit(_complaint(error))
