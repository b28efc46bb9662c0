"""Answers for what failed, inside of the layers that add headers and an id.

Its one rule: each answer has them. Starlette's own would be given outside of all layers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger()


class Failures:
    """Pure ASGI: an answer that has begun is not begun again."""

    def __init__(self, app: ASGIApp, *, handlers: Mapping[Any, Any]) -> None:
        self._app, self._handlers = app, handlers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the app does, and with status 500 where it raised."""
        if scope['type'] != 'http':
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def noting(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception as error:
            if has_begun:
                raise
            answer = await self._answer(Request(scope), error)
            await answer(scope, receive, send)

    async def _answer(self, request: Request, error: Exception) -> Response:
        """What the app draws for people; it raises the same again where it draws nothing."""
        try:
            drawn = await self._handlers[Exception](request, error)
            assert isinstance(drawn, Response)
        except Exception:
            log.exception('request failed')
            return PlainTextResponse('Internal Server Error', 500)
        return drawn
