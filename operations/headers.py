"""What browsers are told to allow, with every answer, NiceGUI's own included.

Its one rule: an answer that says nothing about being kept is not kept, because it may hold somebody's data.
"""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = '; '.join((
    "default-src 'self'",
    "script-src 'self' 'unsafe-inline' 'unsafe-eval'",  # NiceGUI writes its page inline, and Vue compiles templates
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'self'",
    "object-src 'none'",
    "frame-ancestors 'none'",
))  # fmt: skip
HEADERS = {
    'content-security-policy': POLICY,
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
    'cross-origin-opener-policy': 'same-origin',
}
TLS_ONLY = 'max-age=31536000'
"""For this host only: other names under the domain are not ours to decide about."""
KEPT = ('/_nicegui/', '/static/')
"""Files of the code itself, which NiceGUI lets browsers keep."""


class SecurityHeaders:
    """Pure ASGI: sockets pass, and nothing is buffered."""

    def __init__(self, app: ASGIApp, *, is_behind_tls: bool) -> None:
        self._app, self._is_behind_tls = app, is_behind_tls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the app does, with the headers on top."""
        if scope['type'] != 'http':
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message['type'] == 'http.response.start':
                self._add(MutableHeaders(scope=message), str(scope['path']))
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _add(self, headers: MutableHeaders, path: str) -> None:
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        if self._is_behind_tls:
            headers.setdefault('strict-transport-security', TLS_ONLY)
        if not path.startswith(KEPT):
            headers.setdefault('cache-control', 'no-store')
