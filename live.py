"""The live feed: one Realtime connection per process that tells open views what changed in their salon.

Its one rule: an event is a hint. Nothing of its row is shown; a view reads again under its own identity. So a lost,
repeated or reordered event does no harm, and polling needs no code of its own in any view.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self
from uuid import UUID, uuid4

import structlog
from realtime import AsyncRealtimeChannel, AsyncRealtimeClient, RealtimePostgresChangesListenEvent

from config import settings
from data import Data, DataError, LiveData
from models import LiveState
from tokens import SYSTEM

log = structlog.get_logger()
logging.getLogger('realtime').setLevel(logging.CRITICAL)  # it calls every try of ours an error; we say it once

ANYTHING = '*'
BOT_TABLES = ('active_sessions_v2', 'conversation_sessions_v2', 'recent_history_v2', 'wishlist_v2', 'clients_v2')
OWN_TABLES = (
    'bot_commands', 'wishlist_actions', 'client_notes', 'tenant_settings', 'users', 'audits', 'broadcasts', 'alerts',
)  # fmt: skip
CANARY_TABLE = 'live_canary'

CHECK_SECONDS = 2.0
CANARY_SECONDS = 6.0
"""How often the canary is sent, and how long it may take: a silent stall shows after twice that at the latest."""
JOIN_SECONDS, CLOSE_SECONDS = 8.0, 1.0
RENEW_SECONDS = 300.0
FAST_POLL_SECONDS = 4.0
SLOW_POLL_SECONDS = 60.0
LONGEST_SILENCE, LONGEST_SILENCE_IN_DIALOGS = timedelta(days=1), timedelta(hours=1)
"""How long a bot that is well may write nothing: while nobody talks with it, and while somebody does."""
LONGEST_PAUSE_SECONDS = 20.0


@dataclass(frozen=True)
class Change:
    """Something changed: the table (or ANYTHING), the salon, the dialog's or row's key if it is known.

    Views that reload for the same `serial` may share one answer of the database.
    """

    table: str
    tenant_id: UUID
    key: str | None
    serial: int

    def touches(self, *tables: str) -> bool:
        """Whether one of these tables may have changed."""
        return self.table == ANYTHING or self.table in tables


class Lost(Exception):
    """The Realtime connection is not to be trusted any more; the text says why."""


class Feed:
    """What changes, for whoever subscribes; and how fresh that is."""

    def __init__(self, data: LiveData | None = None) -> None:
        self._data = data or Data(SYSTEM).live
        self._views: dict[UUID, dict[int, Callable[[Change], None]]] = defaultdict(dict)
        self._watchers: dict[int, Callable[[], None]] = {}
        self._listeners: dict[int, tuple[str, Callable[[str | None], None]]] = {}
        self._numbers = itertools.count(1)
        self._marks: dict[str, dict[str, str | None]] | None = None
        self._is_pushed, self._is_reachable = False, True
        self._hurry = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self.read_at = datetime.now(UTC)
        """When Supabase answered last."""
        self.lag: float | None = None
        """Seconds from a change to its event, as the canary measured last; None while nothing is pushed."""

    def last_write(self, tenant_id: UUID | None) -> datetime | None:
        """When the bot wrote last into the salon, as far as it is known; None when it never did."""
        marks = (self._marks or {}).get(str(tenant_id), {})
        mark = marks.get('recent_history_v2')
        return datetime.fromisoformat(mark) if mark else None

    def silent_since(self, tenant_id: UUID | None) -> datetime | None:
        """When the bot wrote last, if that is longer ago than it should be; None while all is well or not known."""
        written = self.last_write(tenant_id)
        dialogs = ((self._marks or {}).get(str(tenant_id), {}).get('active_sessions_v2') or '0').split(' ')[0]
        longest = LONGEST_SILENCE if dialogs == '0' else LONGEST_SILENCE_IN_DIALOGS
        return written if written and datetime.now(UTC) - written > longest else None

    @property
    def state(self) -> LiveState:
        """Pushed, polled, or neither."""
        if not self._is_reachable:
            return LiveState.OFFLINE
        return LiveState.LIVE if self._is_pushed else LiveState.POLLING

    # --- for views

    def subscribe(self, tenant_id: UUID, view: Callable[[Change], None]) -> Callable[[], None]:
        """Tell a view of every change in its salon; the answer ends the subscription."""
        number = next(self._numbers)
        self._views[tenant_id][number] = view
        return lambda: self._forget(tenant_id, number)

    def _forget(self, tenant_id: UUID, number: int) -> None:
        self._views[tenant_id].pop(number, None)
        if not self._views[tenant_id]:
            del self._views[tenant_id]

    def watch(self, watcher: Callable[[], None]) -> Callable[[], None]:
        """Call `watcher` when the state changes; the answer ends that."""
        number = next(self._numbers)
        self._watchers[number] = watcher
        return lambda: self._watchers.pop(number, None) and None

    def listen(self, table: str, listener: Callable[[str | None], None]) -> Callable[[], None]:
        """Call `listener` with the row's key, or None, when a table changes in any salon; the answer ends that."""
        number = next(self._numbers)
        self._listeners[number] = (table, listener)
        return lambda: self._listeners.pop(number, None) and None

    @property
    def subscriptions(self) -> int:
        """How many views and watchers are subscribed."""
        return sum(len(views) for views in self._views.values()) + len(self._watchers)

    # --- telling

    def publish(self, table: str, tenant_id: UUID | None = None, key: str | None = None) -> None:
        """Tell the salon's views, or without a salon all views, that something changed."""
        serial = next(self._numbers)
        for name, listener in list(self._listeners.values()):
            if table == name:
                _safely(lambda listener=listener: listener(key))  # type: ignore[misc]
        for salon in [tenant_id] if tenant_id else list(self._views):
            change = Change(table, salon, key, serial)
            for view in list(self._views[salon].values()) if salon in self._views else []:
                _safely(lambda view=view, change=change: view(change))  # type: ignore[misc]

    def _set(self, *, is_pushed: bool | None = None, is_reachable: bool | None = None) -> None:
        before, was_reachable = self.state, self._is_reachable
        self._is_pushed = self._is_pushed if is_pushed is None else is_pushed
        self._is_reachable = self._is_reachable if is_reachable is None else is_reachable
        if self._is_reachable:
            self.read_at = datetime.now(UTC)
        if self.state is before:
            return
        log.info('live state', state=self.state.value)
        self._hurry.set()
        for watcher in list(self._watchers.values()):
            _safely(watcher)
        if self._is_reachable and not was_reachable:
            self.publish(ANYTHING)

    # --- listening

    async def run(self) -> None:
        """Listen and poll for as long as the process lives."""
        await asyncio.gather(self._listen(), self._poll())

    async def _listen(self) -> None:
        pause = 0.5
        while True:
            started = time.monotonic()
            try:
                async with Connection(self._data, self.on_event, self._on_reachable, self._on_lag) as connection:
                    self._set(is_pushed=True)
                    self.publish(ANYTHING)
                    await connection.guard()
            except asyncio.CancelledError:
                raise
            except Exception as error:
                log.warning('realtime lost', reason=repr(error)[:200])
            self._set(is_pushed=False)
            self.lag = None
            pause = 0.5 if time.monotonic() - started > 60 else min(pause * 2, LONGEST_PAUSE_SECONDS)
            await asyncio.sleep(pause)

    def _on_reachable(self, is_reachable: bool) -> None:
        self._set(is_reachable=is_reachable)

    def _on_lag(self, seconds: float) -> None:
        self.lag = seconds

    def on_event(self, payload: Any) -> None:
        """Take one event of the Realtime client. Never raises: an exception would end the client's listener."""
        _safely(lambda: self._take(payload['data']))

    def _take(self, data: dict[str, Any]) -> None:
        row = data.get('record') or data.get('old_record') or {}
        if 'tenant_id' not in row:
            return
        tenant_id, table = row['tenant_id'] and UUID(str(row['tenant_id'])), str(data['table'])
        if table == 'bot_commands' and row.get('type') == 'broadcast.message':
            return  # thousands of them: the broadcast's own row tells its page
        key = row.get('session_id') or row.get('client_id') or row.get('user_id') or row.get('id')
        self.publish(table, tenant_id, str(key) if key else None)
        if tenant_id and table == 'conversation_sessions_v2' and data.get('type') == 'UPDATE' and row.get('session_id'):
            self._spawn(self._forget_day(tenant_id, UUID(str(row['session_id']))))

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _forget_day(self, tenant_id: UUID, session_id: UUID) -> None:
        for pause in (0, 1, 5, 30):
            await asyncio.sleep(pause)
            try:
                await self._data.forget_stored_day(tenant_id, session_id)
            except DataError as error:
                log.warning('stored day not invalidated', reason=repr(error))
            else:
                self.publish('metrics_dailies', tenant_id)
                return

    # --- polling

    async def _poll(self) -> None:
        while True:
            try:
                marks = await self._data.pulse()
                self._compare(marks)
            except DataError:
                self._set(is_reachable=False)
            except Exception:
                log.exception('live feed: polling failed')
                self._set(is_reachable=False)
            else:
                self._set(is_reachable=True)
            self._hurry.clear()
            seconds = SLOW_POLL_SECONDS if self.state is LiveState.LIVE else FAST_POLL_SECONDS
            try:
                async with asyncio.timeout(seconds):
                    await self._hurry.wait()
            except TimeoutError:
                continue
            await asyncio.sleep(0.2)

    def _compare(self, marks: dict[str, dict[str, str | None]]) -> None:
        before, self._marks = self._marks, marks
        if before is None:
            return
        for tenant, tables in marks.items():
            for table, mark in tables.items():
                if before.get(tenant, {}).get(table) != mark:
                    self.publish(table, UUID(tenant))


class Connection:
    """One try at Realtime: joined when entered, watched by `guard`, gone when left. Never mended, always built anew."""

    def __init__(
        self,
        data: LiveData,
        on_event: Callable[[Any], None],
        on_reachable: Callable[[bool], None],
        on_lag: Callable[[float], None],
    ) -> None:
        self._data, self._on_event, self._on_reachable, self._on_lag = data, on_event, on_reachable, on_lag
        self._canary = f'dashboard-{uuid4()}'
        self._sent_at = self._returned_at = 0.0
        self._ready = asyncio.Event()
        self._client = AsyncRealtimeClient(
            f'{settings().supabase_url}/realtime/v1',
            token=settings().supabase_key.get_secret_value(),
            auto_reconnect=False,
        )
        self._channel: AsyncRealtimeChannel = self._client.channel('dashboard')

    async def __aenter__(self) -> Self:
        try:
            async with asyncio.timeout(JOIN_SECONDS):
                await self._join()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def _join(self) -> None:
        every = RealtimePostgresChangesListenEvent.All
        for schema, tables in (('public', BOT_TABLES), ('dashboard', OWN_TABLES)):
            for table in tables:
                self._channel.on_postgres_changes(every, self._on_event, schema=schema, table=table)
        self._channel.on_postgres_changes(every, self._on_canary, schema='dashboard', table=CANARY_TABLE)
        self._channel.on_system(self._on_system)
        await self._client.set_auth(SYSTEM.token())
        await self._client.connect()
        await self._channel.subscribe()
        await self._ready.wait()

    async def _close(self) -> None:
        """Close in order; a peer that does not answer is hung up on, and whatever happens no socket stays open."""
        socket = self._client._ws_connection
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._client.close()
        except Exception as error:
            log.debug('realtime not closed in order', reason=repr(error))
        finally:
            if socket is not None:
                socket.transport.abort()

    def _on_system(self, payload: Any) -> None:
        """Data flows only after this message, which comes later than the join's reply."""
        text = payload if isinstance(payload, dict) else getattr(payload, '__dict__', {})
        if text.get('status') == 'ok':
            self._ready.set()

    def _on_canary(self, payload: Any) -> None:
        _safely(lambda: self._recognise(payload['data'].get('record') or {}))

    def _recognise(self, record: dict[str, Any]) -> None:
        if record.get('id') == self._canary:
            self._returned_at = time.monotonic()
            self._on_lag(self._returned_at - self._sent_at)

    async def guard(self) -> None:
        """Watch the connection. Raises Lost when it is closed, errored or silent."""
        renewed_at = time.monotonic()
        while True:
            self._inspect()
            if time.monotonic() - renewed_at > RENEW_SECONDS:
                await self._client.set_auth(SYSTEM.token())
                renewed_at = time.monotonic()
            if time.monotonic() - self._sent_at > CANARY_SECONDS:
                await self._send_canary()
            await asyncio.sleep(CHECK_SECONDS)

    def _inspect(self) -> None:
        listener = self._client._listen_task
        if not (self._client.is_connected and self._channel.is_joined and listener and not listener.done()):
            raise Lost('closed')
        if self._sent_at > self._returned_at and time.monotonic() - self._sent_at > CANARY_SECONDS:
            raise Lost('silent')

    async def _send_canary(self) -> None:
        """Touch the canary row. While Supabase itself does not answer, silence says nothing about Realtime."""
        self._sent_at = time.monotonic()
        try:
            await self._data.touch_canary(self._canary)
        except DataError:
            self._sent_at = self._returned_at = 0.0
            self._on_reachable(False)
        else:
            self._on_reachable(True)


def _safely(act: Callable[[], object]) -> None:
    try:
        act()
    except Exception:
        log.exception('live feed: a listener failed')


feed = Feed()
