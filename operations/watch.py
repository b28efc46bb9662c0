"""Looks at each request from the outside: gives it an id, takes its time, writes its line.

Its one rule: of an address only the route's template is noted; what stands in it may be somebody's.
"""

from __future__ import annotations

import re
import time
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from operations import telemetry

log = structlog.get_logger('requests')

HARMLESS = re.compile(r'[A-Za-z0-9-]{8,64}')
"""A request id that a proxy may give: long enough to be one, with nothing in it that a log could trip over."""
QUIET = ('/_nicegui', '/static', '/healthz', '/readyz', '/metrics', '/favicon.ico')
"""Asked for all the time: counted, not written down while all is well."""


def id_of(given: str | None) -> str:
    """The request's id: the proxy's when it is harmless and not a phone number, else a new one."""
    is_fine = given is not None and HARMLESS.fullmatch(given) and not re.fullmatch(r'[\d-]+', given)
    return given if is_fine and given else uuid4().hex


def route_of(scope: Scope) -> str:
    """The template of the route that answered; what no route has is counted together."""
    route = getattr(scope.get('route'), 'path', None)
    if route:
        return str(route)
    path = str(scope['path'])
    return next((start for start in QUIET if path.startswith(start)), 'other')


class Watched:
    """Pure ASGI: each request and each socket, with an id in the log for all that happens in it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the app does, with the id on top."""
        if scope['type'] not in {'http', 'websocket'}:
            await self._app(scope, receive, send)
            return
        request_id = id_of(Headers(scope=scope).get('x-request-id'))
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            if scope['type'] == 'websocket':
                await self._app(scope, receive, send)
            else:
                await self._answer(scope, receive, send, request_id)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        started, status = time.monotonic(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message['type'] == 'http.response.start':
                status = int(message['status'])
                MutableHeaders(scope=message)['x-request-id'] = request_id
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            seconds = time.monotonic() - started
            _note(route_of(scope), str(scope['method']), status, seconds)


def _note(route: str, method: str, status: int, seconds: float) -> None:
    telemetry.count_request(route, method, status, seconds)
    if status >= 500 or not route.startswith(QUIET):
        log.info('request', route=route, method=method, status=status, ms=round(seconds * 1000))
