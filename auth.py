"""Who may come in: passwords, sign-in, sessions, roles.

Its one rule: a session that has ended gets no token, so no handler of any open tab can read or do anything more.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import UUID, uuid4

import bcrypt
import structlog
from fastapi import Request
from nicegui import Client, app, background_tasks
from nicegui.persistence import RedisPersistentDict
from pydantic import ValidationError
from supabase import AsyncClientOptions, acreate_client
from supabase_auth.errors import AuthError

from config import settings
from data import Data, DataError, NotAllowed, SessionEnded, Unavailable, pool
from models import Role, Salon, User, Whoami
from tokens import SYSTEM, Tokens

log = structlog.get_logger()

BCRYPT_COST = 12
IDLE_SECONDS = 12 * 3600
ANSWER_SECONDS = 2.0
"""How long opening a page may wait for that: NiceGUI gives up on a page after three seconds."""
KEPT_SECONDS = 900
"""How long a tab in which somebody types outlives its session: it shows what was typed, and can do nothing."""
SEEN_SECONDS = 60
"""How exactly it is known when a person was here last."""
CHECK_SECONDS = 30
"""How often a signed-in person's role, salon and right to sign in are read again."""
FAILURE_SECONDS = 1.0
"""Every failed sign-in takes this long, whatever was wrong with it."""

NOBODY = bcrypt.hashpw(uuid4().bytes, bcrypt.gensalt(BCRYPT_COST))


# --- passwords


def hash_password(password: str) -> str:
    """A bcrypt hash of today's cost. Slow on purpose: call it in a thread."""
    return bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(BCRYPT_COST)).decode()


def is_password(password: str, hashed: str | None) -> bool:
    """Whether the password fits; takes as long when there is no hash. Call it in a thread."""
    stored = hashed.encode() if hashed else NOBODY
    try:
        fits = bcrypt.checkpw(password.encode()[:72], stored)
    except ValueError:
        fits = bcrypt.checkpw(b'', NOBODY)
    return fits and hashed is not None


def is_weak(hashed: str) -> bool:
    """Whether a hash was made at a lower cost than today's, or in the older `$2a$` form."""
    parts = hashed.split('$')
    return len(parts) < 3 or parts[1] != '2b' or int(parts[2]) < BCRYPT_COST


async def _is_supabase_password(email: str, password: str) -> bool:
    """Whether Supabase Auth knows the pair and the e-mail is confirmed. Raises Unavailable."""
    options = AsyncClientOptions(httpx_client=pool.client(), auto_refresh_token=False, persist_session=False)
    client = await acreate_client(settings().supabase_url, settings().supabase_key.get_secret_value(), options)
    try:
        answer = await client.auth.sign_in_with_password({'email': email, 'password': password})
    except AuthError as error:
        if getattr(error, 'status', 400) >= 500 or getattr(error, 'status', 400) == 0:
            raise Unavailable('Supabase Auth') from error
        return False
    except (OSError, ValidationError) as error:
        raise Unavailable('Supabase Auth') from error
    confirmed = answer.user is not None and answer.user.email_confirmed_at is not None
    return confirmed and (answer.user.email or '').lower() == email.lower() if answer.user else False


# --- sessions


def address_of(request: Request) -> str:
    """Where the request comes from; behind a proxy uvicorn has put the forwarded address here."""
    return request.client.host if request.client else ''


def agent_of(request: Request) -> str:
    """The browser's own name for itself."""
    return request.headers.get('user-agent', '')[:300]


def is_same_origin(request: Request) -> bool:
    """Whether a form came from a page of this app; browsers say so in every POST."""
    origin = request.headers.get('origin')
    own = {request.headers.get('host'), urlsplit(settings().public_url or '').netloc} - {None, ''}
    return origin is None or urlsplit(origin).netloc in own


class Session:
    """A signed-in person in one browser, with the salon in view. All tabs of the browser share it."""

    def __init__(self, key: str, who: Whoami, tenant_id: UUID | None) -> None:
        self.key = key
        self.who = who
        self.tenant_id = tenant_id
        self.clients: dict[str, Client] = {}
        self._keep_open: dict[str, Callable[[str], bool]] = {}
        self.files: dict[str, Path] = {}
        """Files that wait to be fetched by this person's browser, each once."""
        self.is_ended = False
        self.checked_at = time.monotonic()
        self._address = ''
        self._tokens = _tokens_of(who.user, tenant_id)

    @property
    def user(self) -> User:
        """The person."""
        return self.who.user

    @property
    def salon(self) -> Salon | None:
        """The salon in view; None for a platform admin before the first salon exists."""
        return self.who.salon

    def token(self) -> str:
        """The person's database token. Raises SessionEnded after the session's end."""
        if self.is_ended:
            raise SessionEnded('signed out')
        return self._tokens.token()

    @property
    def audience(self) -> tuple[str, str]:
        """Role and salon."""
        return self._tokens.audience

    def seen_at(self, address: str) -> None:
        """Where the person is now: the token says it, so that the database can write it into the audit."""
        if address != self._address:
            self._address = address
            self._tokens = _tokens_of(self.user, self.tenant_id, address)

    def hand_over(self, path: Path) -> str:
        """Keep a file for this person's browser; the answer is the address that gives it, once."""
        ticket = uuid4().hex
        self.files[ticket] = path
        return f'/files/{ticket}/{quote(path.name)}'

    def attach(self, client: Client, *, keep_open: Callable[[str], bool] = lambda _address: False) -> None:
        """Remember an open tab, so that it is closed with the session; `keep_open` says whether somebody types in it,
        and sees to it that it goes to the address afterwards."""
        self.clients[client.id] = client
        self._keep_open[client.id] = keep_open
        client.on_delete(lambda: (self.clients.pop(client.id, None), self._keep_open.pop(client.id, None)))

    def end(self, address: str) -> None:
        """No token from now on; the open tabs go to `address`, which may hold `{next}` for where each of them is."""
        self.is_ended = True
        for client in list(self.clients.values()):
            target = address.format(next=quote(client.sub_pages_router.current_path))
            wait = KEPT_SECONDS if self._keep_open[client.id](target) else 0
            background_tasks.create(_close(client, target, after=wait), name=f'{client.id}:close')

    def touch(self) -> None:
        """The person did something: the idle time starts anew. Raises SessionEnded after the session's end."""
        stored = _stored(self.key)
        if self.is_ended or stored is None or not _is_fresh(stored):
            raise SessionEnded('signed out')
        _note_seen(stored)


def _tokens_of(user: User, tenant_id: UUID | None, address: str = '') -> Tokens:
    salon = {'tenant_id': str(tenant_id)} if tenant_id else {}
    place = {'address': address[:100]} if address else {}
    return Tokens({'sub': str(user.id), 'app_role': user.role.value, **salon, **place})


def _stored(key: str) -> dict[str, Any] | None:
    stored = app.storage._users.get(key)
    return stored if stored is not None and 'user_id' in stored else None


def _note_seen(stored: dict[str, Any]) -> None:
    """The person was here. Rarely enough that it seldom writes over what another process writes at the same time."""
    if time.time() - float(stored.get('seen_at', 0)) > SEEN_SECONDS:
        stored['seen_at'] = time.time()


def _empty(stored: dict[str, Any]) -> None:
    """Take everything out, piece by piece: `clear` deletes what processes share without telling the others."""
    for name in list(stored):
        del stored[name]


async def _written(stored: dict[str, Any]) -> None:
    """Wait until a shared storage is where the next request finds it, whichever process that reaches."""
    if isinstance(stored, RedisPersistentDict):
        while task := background_tasks.lazy_tasks_running.get(f'redis-{stored.key}'):
            await asyncio.wait([task])
            await asyncio.sleep(0)


def _is_fresh(stored: Mapping[str, Any]) -> bool:
    return time.time() - float(stored.get('seen_at', 0)) < IDLE_SECONDS


class Sessions:
    """All sessions of this process. What outlives a restart is in NiceGUI's storage: ids and times only."""

    def __init__(self) -> None:
        self._open: dict[str, Session] = {}

    async def current(self, request: Request) -> Session | None:
        """The session of the browser that asks, or None. Raises Unavailable when it cannot be checked."""
        session = await self._current(request)
        if session:
            session.seen_at(address_of(request))
        return session

    async def _current(self, request: Request) -> Session | None:
        key = str(request.session.get('id', ''))
        stored = _stored(key)
        if stored is None:
            return None
        if not _is_fresh(stored):
            await self.end(key)
            return None
        _note_seen(stored)
        session = self._open.get(key)
        if session and time.monotonic() - session.checked_at < CHECK_SECONDS:
            return session
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._check(key, stored)
        except TimeoutError as error:
            if session and not session.is_ended:
                return session
            raise Unavailable('whoami') from error

    async def _check(self, key: str, stored: dict[str, Any]) -> Session | None:
        """Read the person again; end the session when it should not go on."""
        session = self._open.get(key)
        tenant_id = UUID(stored['tenant_id']) if stored.get('tenant_id') else None
        user = User(id=stored['user_id'], email='', role=Role(stored['role']))
        identity = session or _tokens_of(user, tenant_id)
        try:
            who = await Data(identity).people.whoami()
        except Unavailable:
            if session:
                return session
            raise
        except DataError:
            await self.end(key)
            return None
        if _stored(key) is None:
            return None
        if stored.get('tenant_id') != (str(tenant_id) if tenant_id else None):
            return self._open.get(key)
        if not _still_holds(who.user, stored):
            await self.end(key)
            return None
        return self._keep(key, who, tenant_id)

    def _keep(self, key: str, who: Whoami, tenant_id: UUID | None) -> Session:
        session = self._open.get(key)
        if session is None or session.tenant_id != tenant_id:
            if session is not None:
                session.end('/')
            session = self._open[key] = Session(key, who, tenant_id)
        session.who, session.checked_at = who, time.monotonic()
        return session

    async def start(self, request: Request, who: Whoami, tenant_id: UUID | None) -> Session:
        """A new session under a new id; whatever the browser's old id held is dropped."""
        old, key = str(request.session.get('id', '')), uuid4().hex
        await self.end(old)
        await app.storage._create_user_storage(key)
        app.storage._users[key].update({
            'user_id': who.user.id, 'role': who.user.role.value, 'version': who.user.session_version,
            'tenant_id': str(tenant_id) if tenant_id else None, 'seen_at': time.time(),
            'language': who.user.language, 'theme': who.user.theme,
        })  # fmt: skip
        request.session['id'] = key
        await _written(app.storage._users[key])
        return self._keep(key, who, tenant_id)

    async def end(self, key: str) -> None:
        """End a session: its tabs go to the sign-in page, and whatever they still send is refused."""
        session = self._open.pop(key, None)
        if (stored := app.storage._users.get(key)) is not None:
            _empty(stored)
        if session is not None:
            session.end('/login?ended=1&next={next}')

    def open_of(self, user_id: int) -> int:
        """In how many browsers a user has the dashboard open now, as far as this process knows."""
        return sum(1 for session in self._open.values() if session.user.id == user_id and session.clients)

    @contextmanager
    def expecting(self, session: Session, version: int) -> Iterator[None]:
        """While it lasts the session holds under this version, too: a check before `go_on` ends nothing."""
        stored = _stored(session.key) or {}
        stored['next_version'] = version
        try:
            yield
        finally:
            stored.pop('next_version', None)

    async def go_on(self, session: Session, version: int) -> None:
        """The password was changed in this session, which goes on under the new version; the user's others end."""
        stored = _stored(session.key)
        if stored is not None:
            stored['version'] = version
        for key, other in list(self._open.items()):
            if other is not session and other.user.id == session.user.id:
                await self.end(key)

    async def choose_salon(self, session: Session, tenant_id: UUID) -> Session:
        """Show another salon, in all tabs of the browser. Raises NotAllowed when it is none of this person's."""
        stored = _stored(session.key)
        if stored is None or session.is_ended:
            raise SessionEnded('signed out')
        if tenant_id not in {salon.id for salon in session.who.salons}:
            await Data(session).people.record('refused', f'salon {tenant_id}')
            raise NotAllowed('not a salon of this person')
        who = await Data(_tokens_of(session.user, tenant_id)).people.whoami()
        if session.is_ended:
            raise SessionEnded('signed out')
        stored['tenant_id'] = str(tenant_id)
        return self._keep(session.key, who, tenant_id)

    async def refresh(self, session: Session) -> None:
        """Read the person and the salon in view again, now: what every page shows of them was changed."""
        stored = _stored(session.key)
        if stored is not None and not session.is_ended:
            await self._check(session.key, stored)

    async def check(self, user_id: int) -> None:
        """Check a user's sessions now: what the user may do was changed a moment ago."""
        for key, session in list(self._open.items()):
            stored = _stored(key)
            if session.user.id != user_id or stored is None:
                continue
            try:
                await self._check(key, stored)
            except Exception as error:
                log.warning('session not checked', reason=repr(error))

    def check_soon(self, user: str | None) -> None:
        """The user's row was changed by somebody; without a key anybody's was."""
        work = self.check(int(user)) if user and user.isdecimal() else self.check_all()
        background_tasks.create_lazy(work, name=f'sessions of {user}')

    async def watch(self) -> None:
        """Check every open session again and again; runs as long as the process."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            await self.check_all()

    async def check_all(self) -> None:
        """Check every open session once; one that cannot be checked keeps no other from it."""
        for key, session in list(self._open.items()):
            try:
                await self._check_open(key, session)
            except Exception as error:
                log.warning('session not checked', reason=repr(error))

    async def _check_open(self, key: str, session: Session) -> None:
        stored = _stored(key)
        if stored is None or not _is_fresh(stored):
            await self.end(key)
        elif session.clients:
            await self._check(key, stored)
        elif time.monotonic() - session.checked_at > IDLE_SECONDS:
            self._open.pop(key, None)


def _still_holds(user: User, stored: Mapping[str, Any]) -> bool:
    same_salon = user.role is Role.SUPER_ADMIN or str(user.tenant_id) == stored.get('tenant_id')
    is_known_version = user.session_version in {stored['version'], stored.get('next_version')}
    same_person = is_known_version and user.role.value == stored['role']
    return user.active and same_person and same_salon


async def _close(client: Client, address: str, *, after: float = 0) -> None:
    """Send a tab to another address; half a second later it is gone, whether it went there or not."""
    await asyncio.sleep(after)
    if client.is_deleted:
        return
    client.open(address)
    await asyncio.sleep(0.5)
    if not client.is_deleted:
        for document in list(client._delete_tasks):  # of a tab that has gone already: it would be deleted once more
            client._cancel_delete_task(document)
        client.delete()


sessions = Sessions()


# --- signing in


@dataclass(frozen=True)
class SignedIn:
    """A sign-in that succeeded."""

    who: Whoami
    tenant_id: UUID | None


@dataclass(frozen=True)
class TooManyAttempts:
    """A sign-in that was not tried; `minutes` until the next one will be."""

    minutes: int


async def sign_in(email: str, password: str, *, address: str, user_agent: str) -> SignedIn | TooManyAttempts | None:
    """Check a pair of e-mail and password; None when it does not fit. Raises Unavailable.

    An unknown e-mail, a wrong password and a person who was switched off look the same and last the same.
    """
    started = time.monotonic()
    system = Data(SYSTEM)
    answer = await system.call('begin_sign_in', email=email, address=address)
    if 'retry_after' in answer:
        return TooManyAttempts(-(-int(answer['retry_after']) // 60))
    person = answer['user'] or {}
    hashed = person.get('encrypted_password')
    fits = await asyncio.to_thread(is_password, password, hashed)
    if person and not hashed:
        try:
            fits = await _is_supabase_password(email.strip(), password)
        except Unavailable:
            await system.call('withdraw_sign_in', attempt=answer['attempt'])
            raise
    accepted = fits and _may_enter(person)
    new_hash = await asyncio.to_thread(hash_password, password) if accepted and hashed and is_weak(hashed) else None
    finish = system.call(
        'finish_sign_in', attempt=answer['attempt'], user_id=person.get('id'), succeeded=accepted, address=address,
        user_agent=user_agent, new_hash=new_hash,
    )  # fmt: skip
    if not accepted:
        await finish
        await asyncio.sleep(max(0.0, FAILURE_SECONDS - (time.monotonic() - started)))
        return None
    tenant_id = UUID(person['tenant_id']) if person['tenant_id'] else None
    _done, who = await asyncio.gather(finish, _whoami(person, tenant_id))
    if tenant_id is None and who.salons:
        tenant_id = who.salons[0].id
        who = who.model_copy(update={'salon': who.salons[0]})
    return SignedIn(who, tenant_id)


def _may_enter(person: Mapping[str, Any]) -> bool:
    role = person['role'] if person['role'] in set(Role) else None
    has_salon = role == Role.SUPER_ADMIN or person['tenant_id'] is not None
    return bool(person['active'] and role and has_salon)


async def _whoami(person: Mapping[str, Any], tenant_id: UUID | None) -> Whoami:
    user = User(id=person['id'], email=person['email'], role=Role(person['role']))
    return await Data(_tokens_of(user, tenant_id)).people.whoami()


# --- the operator's command


async def create_admin(email: str, password: str) -> None:
    """Make the first super_admin. Raises Conflict when the e-mail is taken."""
    hashed = await asyncio.to_thread(hash_password, password)
    await Data(SYSTEM).call(
        'create_user', email=email, encrypted_password=hashed, role=Role.SUPER_ADMIN.value, tenant=None
    )
    await pool.close()


def main(arguments: list[str]) -> int:
    """`python -m auth create-admin EMAIL`: asks for a password twice and makes a platform admin."""
    from getpass import getpass

    if len(arguments) != 2 or arguments[0] != 'create-admin' or '@' not in arguments[1]:
        print('usage: python -m auth create-admin EMAIL')
        return 2
    password = getpass('Password (at least 12 characters): ')
    if len(password) < 12 or password != getpass('Once more: '):
        print('The password is too short, or the two differ. Nothing was made.')
        return 1
    try:
        asyncio.run(create_admin(arguments[1], password))
    except DataError as error:
        print(f'Nothing was made: {error!r}')
        return 1
    print(f'{arguments[1]} can sign in now.')
    return 0


if __name__ == '__main__':
    import sys

    sys.exit(main(sys.argv[1:]))
