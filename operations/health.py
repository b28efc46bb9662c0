"""Says how the process is: /healthz to everybody, /readyz and /metrics to those who run it.

Its one rule: these are answered before any session or page is made, and for a stranger the last two do not exist.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from bot import bot
from config import settings
from data import Data, DataError
from live import feed
from models import BotState, LiveState
from operations import checks, telemetry
from tokens import SYSTEM

PATIENCE_SECONDS = 3.0
"""How long the database may take to answer a question about health."""
FRESH_SECONDS = 2.0
"""How long an answer serves all who ask: looking at the health must not be what ruins it."""
FORWARDED = ('forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'via')


def is_operator(request: Request) -> bool:
    """Whether who asks runs this: the token, or an address of the inner network that asks directly, not by a proxy."""
    token = settings().metrics_token
    given = request.headers.get('authorization', '').removeprefix('Bearer ')
    if token and hmac.compare_digest(given.encode(), token.get_secret_value().encode()):
        return True
    public = urlsplit(settings().public_url or '')
    is_outside = bool(public.hostname) and not _is_inner(public.hostname or '')
    is_public_name = is_outside and request.headers.get('host', '') == public.netloc
    if is_public_name or any(name in request.headers for name in FORWARDED):
        return False
    return _is_inner(request.client.host if request.client else '')


def _is_inner(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return found.is_loopback or found.is_private or found.is_link_local


class Health:
    """Pure ASGI: answers the three addresses itself and passes everything else on."""

    def __init__(self, app: ASGIApp, *, count_pages: Callable[[], int]) -> None:
        self._app, self._count_pages = app, count_pages
        self._answer: dict[str, Any] = {}
        self._answered_at = float('-inf')
        self._turn = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let the app answer."""
        asked = str(scope['path']) if scope['type'] == 'http' and scope['method'] in {'GET', 'HEAD'} else ''
        if asked == '/healthz':
            await JSONResponse({'status': 'ok'})(scope, receive, send)
        elif asked not in {'/readyz', '/metrics'}:
            await self._app(scope, receive, send)
        elif not is_operator(Request(scope)):
            await Response('Not Found', status_code=404)(scope, receive, send)
        else:
            answer = await (self._ready() if asked == '/readyz' else self._metrics())
            await answer(scope, receive, send)

    async def _ready(self) -> Response:
        async with self._turn:
            if time.monotonic() - self._answered_at > FRESH_SECONDS:
                self._answer = await readiness()
                self._answered_at = time.monotonic()
        return JSONResponse(self._answer, status_code=503 if self._answer['status'] == 'unavailable' else 200)

    async def _metrics(self) -> Response:
        async with self._turn:
            telemetry.show_queues(await _queues())
        telemetry.OPEN_PAGES.set(self._count_pages())
        telemetry.show_state(telemetry.LIVE, feed.state.value, [state.value for state in LiveState])
        telemetry.show_state(telemetry.BOT, bot.state.value, [state.value for state in BotState])
        telemetry.LIVE_LAG.set(float('nan') if feed.lag is None else feed.lag)
        telemetry.READ_AGE.set((datetime.now(UTC) - feed.read_at).total_seconds())
        return Response(telemetry.exposition(), media_type=telemetry.CONTENT_TYPE)


async def readiness() -> dict[str, Any]:
    """Each part by itself. `unavailable` means that people cannot work here; `degraded`, that they miss something."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            problems = await checks.look()
    except TimeoutError:
        problems = [checks.Problem('unreachable')]
    words = {problem.word for problem in problems}
    parts = {
        'database': 'down' if words & checks.SHUTTING_OUT else 'ok',
        'migrations': next((word for word in checks.MIGRATION_WORDS if word in words), 'ok'),
        'publication': 'incomplete' if 'unpublished' in words else 'ok',
        'realtime': feed.state.value,
        'bot': bot.state.value,
    }
    if any(problem.is_fatal for problem in problems) or parts['database'] == 'down':
        return {'status': 'unavailable', **parts}
    is_well = not words and feed.state is LiveState.LIVE and bot.state is not BotState.DOWN
    return {'status': 'ok' if is_well else 'degraded', **parts}


async def _queues() -> dict[str, Any] | None:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            answer: dict[str, Any] = await Data(SYSTEM).operations.queues()
    except (DataError, TimeoutError):
        return None
    return answer
