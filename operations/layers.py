"""The layers around the app, from the outside in: id and time of a request, headers, what failed, health, the session.

Its one rule: the session lies inside, so that who asks for the health gets no cookie and leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.middleware.sessions import SessionMiddleware

from config import settings
from operations.failures import Failures
from operations.headers import SecurityHeaders
from operations.health import Health
from operations.watch import Watched

COOKIE_SECONDS = 14 * 24 * 3600


def put_around(app: Starlette, *, count_pages: Callable[[], int]) -> None:
    """Add the layers. NiceGUI finds the session there and puts its own tracking inside of it."""
    app.add_middleware(
        SessionMiddleware,
        secret_key=settings().storage_secret.get_secret_value(),
        https_only=settings().is_behind_tls,
        same_site='lax',
        max_age=COOKIE_SECONDS,
    )
    app.add_middleware(Health, count_pages=count_pages)
    app.add_middleware(Failures, handlers=app.exception_handlers)
    app.add_middleware(SecurityHeaders, is_behind_tls=settings().is_behind_tls)
    app.add_middleware(Watched)
