"""Choosing a password: what a good one is, links that let somebody choose one, and changing one's own.

Its one rule: a password goes to bcrypt and nowhere else; a link's token is signed here and stored nowhere.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, NamedTuple
from uuid import UUID

import jwt
from fastapi import Request

from auth import FAILURE_SECONDS, Session, hash_password, is_password, sessions
from config import settings
from data import Conflict, Data, NotFound, parse
from models import LinkOwner, UserLink
from tokens import SYSTEM

SHORTEST = 12
"""Characters that a password must have."""
LONGEST_BYTES = 72
"""Bytes of UTF-8 that bcrypt reads; what comes after would count for nothing."""
AUDIENCE = 'welcome'


class Problem(NamedTuple):
    """What is wrong: a word of components/reasons.py, the field it is about, minutes to wait if that is it."""

    reason: str
    field: str = 'password'
    minutes: int = 0


def problem_of(password: str, again: str, email: str) -> Problem | None:
    """Why a new password is not good enough; None when it is."""
    if len(password) < SHORTEST:
        return Problem('password_short')
    if len(password.encode()) > LONGEST_BYTES:
        return Problem('password_long')
    if password.strip().lower() == email.strip().lower():
        return Problem('password_email')
    return None if password == again else Problem('password_differs', 'again')


# --- links


def link_address(request: Request, made: UserLink) -> str:
    """The address to hand over. The same link always gives the same address."""
    claims = {'sub': str(made.link), 'exp': made.expires, 'aud': AUDIENCE}
    token = jwt.encode(claims, settings().storage_secret.get_secret_value(), algorithm='HS256')
    origin = settings().public_url or str(request.base_url).rstrip('/')
    return f'{origin}/welcome/{token}'


def link_of(token: str) -> UUID | None:
    """The link that a token names; None for one that is forged or past."""
    secret = settings().storage_secret.get_secret_value()
    try:
        claims = jwt.decode(token, secret, algorithms=['HS256'], audience=AUDIENCE, options={'require': ['exp', 'sub']})
        return UUID(claims['sub'])
    except (jwt.PyJWTError, ValueError):
        return None


async def owner_of(token: str) -> LinkOwner | None:
    """Whose password the token's link sets; None when it cannot be used (any more). Raises Unavailable."""
    link = link_of(token)
    answer = await Data(SYSTEM).call('peek_link', link=link) if link else None
    return parse(LinkOwner, answer) if answer else None


async def use_link(token: str, password: str, *, address: str, user_agent: str) -> bool:
    """Set the password; False when the link cannot be used (any more). Raises Unavailable."""
    link = link_of(token)
    if link is None:
        return False
    hashed = await asyncio.to_thread(hash_password, password)
    try:
        await Data(SYSTEM).call('use_link', link=link, new_hash=hashed, address=address, user_agent=user_agent)
    except NotFound:
        return False
    return True


# --- one's own


async def change_own(
    session: Session, current: str, password: str, again: str, *, address: str, user_agent: str
) -> Problem | None:
    """Change the password of a signed-in person; None when that is done. Other sessions end, this one goes on.

    A wrong present password counts like a failed sign-in. Raises Unavailable.
    """
    if problem := problem_of(password, again, session.user.email):
        return problem
    system, place = Data(SYSTEM), {'address': address, 'user_agent': user_agent}
    answer = await system.call('begin_sign_in', email=session.user.email, address=address)
    if 'retry_after' in answer:
        return Problem('password_many', 'current', -(-int(answer['retry_after']) // 60))
    if problem := await _check_present(session, current, password, answer, place):
        return problem
    new_hash = await asyncio.to_thread(hash_password, password)
    with sessions.expecting(session, int(answer['user']['session_version']) + 1):
        try:
            changed = await system.call(
                'finish_password_change', attempt=answer['attempt'], person=session.user.id, new_hash=new_hash, **place
            )
        except Conflict:
            return Problem('password_wrong', 'current')
        await sessions.go_on(session, int(changed['session_version']))
    return None


async def _check_present(
    session: Session, current: str, password: str, answer: dict[str, Any], place: dict[str, str]
) -> Problem | None:
    """Why the present password does not let it be changed; the attempt is closed then."""
    started, system = time.monotonic(), Data(SYSTEM)
    person, attempt = answer['user'] or {}, answer['attempt']
    hashed, is_own = person.get('encrypted_password'), person.get('id') == session.user.id
    if is_own and not hashed:
        await system.call('withdraw_sign_in', attempt=attempt)
        return Problem('password_elsewhere', 'current')
    if not (await asyncio.to_thread(is_password, current, hashed) and is_own):
        await system.call('finish_sign_in', attempt=attempt, user_id=session.user.id, succeeded=False, **place)
        await asyncio.sleep(max(0.0, FAILURE_SECONDS - (time.monotonic() - started)))
        return Problem('password_wrong', 'current')
    if current == password:
        await system.call('withdraw_sign_in', attempt=attempt)
        return Problem('password_same')
    return None
