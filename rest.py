"""One request to Supabase, and what can go wrong with it.

Its one rule: whoever asks carries an identity, and every failure becomes one of these errors.

    DataError                     something could not be had
    ├── NotFound                  no such row, or not one of this salon: the same answer for both
    ├── NotAllowed                the person may not do this
    │   └── SessionEnded          the person is not signed in any more
    ├── Conflict                  it is there already, or somebody was faster
    ├── Refused                   the request itself is wrong (a period of 3,000 days)
    └── Unavailable               Supabase does not answer; what is on screen stays, with its time
        ├── StillCounting         it answers that the figures are being made; they are there in a moment
        └── TooSlow               it took longer than a request may: ask for less at once
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

import httpx
from postgrest import AsyncPostgrestClient
from postgrest.exceptions import APIError
from pydantic import BaseModel, ValidationError

from config import settings

TIMEOUT = httpx.Timeout(15, connect=3)
"""Seconds that a request may take; the page's skeleton is on screen long before."""


SHARE_SECONDS = 2.0
"""How long an answer serves the pages that reload for the same change."""


class DataError(Exception):
    """Something could not be had or done; the subclasses say why."""


class NotFound(DataError):
    """There is no such row in this salon."""


class NotAllowed(DataError):
    """The person may not do this."""


class SessionEnded(NotAllowed):
    """The person is not signed in any more."""


class Conflict(DataError):
    """It exists already, or somebody else changed it first; `details` is what the database says about that."""

    def __init__(self, reason: str = '', details: str | None = None) -> None:
        super().__init__(reason)
        self.reason, self.details = reason, details


class Refused(DataError):
    """The request itself is wrong: `reason` is a word for why, `field` the argument that it is about."""

    def __init__(self, reason: str = '', field: str | None = None) -> None:
        super().__init__(reason)
        self.reason, self.field = reason, field


class Unavailable(DataError):
    """Supabase cannot be reached, or does not answer in time."""


class StillCounting(Unavailable):
    """The figures are being made, part by part: whoever asks again brings them on."""


class Identity(Protocol):
    """Somebody who may send queries."""

    @property
    def audience(self) -> tuple[str, str]:
        """Role and salon: whoever has the same two is shown the same rows."""

    def token(self) -> str:
        """A database token that is valid now. Raises SessionEnded when the person is signed out."""


class TooSlow(Unavailable):
    """The answer took longer than a request may take; half of it may come in time."""


M = TypeVar('M', bound=BaseModel)


class Pool:
    """The HTTP connections of the process: shared, because opening one costs more than a query."""

    def __init__(self) -> None:
        self._client: httpx.AsyncClient | None = None
        self._flights: dict[object, asyncio.Task[Any]] = {}
        self._turn = asyncio.Lock()
        self.on_call: Callable[[str, str, float], None] = lambda _function, _outcome, _seconds: None
        """Told of every call: the function, `ok` or the kind of error, seconds."""

    def client(self) -> httpx.AsyncClient:
        """The open client; a new one after `close`."""
        if self._client is None:
            self._client = httpx.AsyncClient(timeout=TIMEOUT, limits=httpx.Limits(max_connections=64), http2=False)
        return self._client

    async def share(self, key: object, send: Callable[[], Coroutine[Any, Any, M]]) -> M:
        """One answer for all who ask the same within a moment. They get it one after the other, so that two hundred
        pages that draw it leave room for everybody else in between."""
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = asyncio.create_task(send())
            asyncio.get_running_loop().call_later(SHARE_SECONDS, self._flights.pop, key, None)
        answer: M = await asyncio.shield(flight)
        async with self._turn:
            await asyncio.sleep(0)
        return answer

    async def close(self) -> None:
        """Close all connections."""
        client, self._client = self._client, None
        self._flights, self._turn = {}, asyncio.Lock()
        if client:
            await client.aclose()


pool = Pool()


def _as_data_error(error: APIError) -> DataError:
    code = error.code or ''
    text = error.message or ''
    if code in {'42501', 'PT403', '403', '401'}:
        return NotAllowed(text)
    if code in {'PT404', 'PGRST116', 'P0002'}:
        return NotFound(text)
    if code in {'23505', 'PT409'}:
        return Conflict(text, error.details)
    if code == '57014':
        return TooSlow(text)
    if code[:2] in {'22', '23'} or code in {'PT400', '400'}:
        return Refused(text, error.details)
    return Unavailable(f'{code} {text}')


class Requests:
    """Requests under one identity."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self.serial: int | None = None
        """The change that a view reloads for: pages of one salon and role then share one request."""

    async def call(self, function: str, **arguments: Any) -> Any:
        """The answer of a function of schema `dashboard`, found by the names of all its arguments; None is null.

        Raises DataError as the module's docstring draws it.
        """
        token = self._identity.token()
        client = AsyncPostgrestClient(
            f'{settings().supabase_url}/rest/v1',
            schema='dashboard',
            headers={'apikey': settings().supabase_key.get_secret_value(), 'Authorization': f'Bearer {token}'},
            http_client=pool.client(),
        )
        given = {name: _plain(value) for name, value in arguments.items()}
        started, outcome = time.monotonic(), 'ok'
        try:
            answer = await client.rpc(function, given).execute()
        except APIError as error:
            failure = _as_data_error(error)
            outcome = type(failure).__name__
            raise failure from error
        except httpx.ReadTimeout as error:
            outcome = TooSlow.__name__
            raise TooSlow(function) from error
        except (httpx.HTTPError, OSError) as error:
            outcome = Unavailable.__name__
            raise Unavailable(repr(error)) from error
        finally:
            pool.on_call(function, outcome, time.monotonic() - started)
        return answer.data

    async def one(self, model: type[M], function: str, **arguments: Any) -> M:
        """The one row that a function answers with; all of one salon and role get the same. Raises NotFound when it
        answers with nothing."""
        if self.serial is None:
            return await self._one(model, function, arguments)
        self._identity.token()
        key = (self._identity.audience, self.serial, function, str(arguments))
        return await pool.share(key, lambda: self._one(model, function, arguments))

    async def own(self, model: type[M], function: str, **arguments: Any) -> M:
        """As `one`, where the answer depends on the person: no other page ever gets it."""
        return await self._one(model, function, arguments)

    async def _one(self, model: type[M], function: str, arguments: dict[str, Any]) -> M:
        answer = await self.call(function, **arguments)
        if answer is None:
            raise NotFound(function)
        if isinstance(answer, dict) and answer.get('pending'):
            raise StillCounting(f'{answer.get("done")} of {answer.get("total")}')
        return parse(model, answer)


def _plain(value: Any) -> Any:
    """A value as JSON has it; PostgreSQL keeps no NUL in its texts."""
    if value is None or isinstance(value, (int, float, bool)):
        return value
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return str(value).replace('\x00', '')


def parse(model: type[M], answer: Any) -> M:
    """A model from what the database answered. An answer of another shape counts as not available, never as zero."""
    try:
        return model.model_validate(json.loads(answer) if isinstance(answer, str) else answer)
    except (ValidationError, ValueError) as error:
        raise Unavailable(f'{model.__name__}: unexpected answer') from error
