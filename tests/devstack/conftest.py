"""What the tests of the stack share: a hand that writes as the bot does, and ears at Realtime in two languages."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, Self

import psycopg
import pytest
from supabase import AsyncClient, AsyncClientOptions, acreate_client

from devstack.demo.salons import SALON_A
from devstack.node import node
from devstack.stack import Stack
from tests.conftest import Connection

PATIENCE = 10.0
JS_CLIENT = Path(__file__).parent / 'js' / 'realtime.mjs'


class Writer:
    """Writes clients of salons as the bot does, and takes them away afterwards."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.made: list[str] = []

    def insert(self, tenant: str = SALON_A.id, name: str = 'Проба') -> str:
        row = self.connection.execute(
            'insert into public.clients_v2 (tenant_id, full_name) values (%s, %s) returning id::text', (tenant, name)
        ).fetchone()
        assert row
        self.made.append(row[0])
        return str(row[0])

    def rename(self, client: str, name: str) -> None:
        self.connection.execute('update public.clients_v2 set full_name = %s where id = %s', (name, client))

    def delete(self, client: str) -> None:
        self.connection.execute('delete from public.wishlist_v2 where user_id = %s', (client,))
        self.connection.execute('delete from public.clients_v2 where id = %s', (client,))

    def wish(self, client: str, tenant: str = SALON_A.id) -> int:
        row = self.connection.execute(
            "insert into public.wishlist_v2 (tenant_id, user_id, item_type, item_id) values (%s, %s, 'slot', '1')"
            ' returning id',
            (tenant, client),
        ).fetchone()
        assert row
        return int(row[0])


def wait_until_announced(connection: Connection) -> None:
    """Until what was written so far has gone to the Realtime stand-in, so that no later test hears of it."""
    (written,) = connection.execute('select pg_current_wal_lsn()').fetchone() or ('',)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        behind = connection.execute('select 1 from pg_stat_replication where sent_lsn < %s::pg_lsn', (written,))
        if behind.fetchone() is None:
            break
        time.sleep(0.005)
    time.sleep(0.03)


@pytest.fixture
def writer(stack: Stack) -> Iterator[Writer]:
    with psycopg.connect(stack.dsn, autocommit=True) as connection:
        writing = Writer(connection)
        yield writing
        for client in writing.made:
            writing.delete(client)
        wait_until_announced(connection)


@pytest.fixture
def owner_token(mint: Callable[..., str]) -> str:
    return mint(app_role='admin', tenant_id=SALON_A.id, sub='1')


class Ear:
    """One supabase-py client; what its channels hear lies in `heard`."""

    def __init__(self, client: AsyncClient) -> None:
        self.client = client
        self.heard: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
        self.statuses: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self.ready: asyncio.Queue[str] = asyncio.Queue()

    async def listen(self, channel: str, *bindings: dict[str, Any], ready: bool = True) -> None:
        """Subscribes, and waits until data flows."""
        joined = self.client.channel(channel)
        for binding in bindings:
            joined.on_postgres_changes(
                callback=lambda change: self.heard.put_nowait((channel, dict(change['data']))),
                **{'event': '*', **binding},
            )
        joined.on_system(lambda message: self.ready.put_nowait(message.message))
        await joined.subscribe(lambda status, error: self.statuses.put_nowait((channel, str(status))))
        if ready:
            assert await asyncio.wait_for(self.ready.get(), PATIENCE) == 'Subscribed to PostgreSQL'

    async def status(self, wanted: str) -> None:
        """Waits until some channel has this status."""
        async with asyncio.timeout(PATIENCE):
            while wanted not in (await self.statuses.get())[1]:
                pass

    async def next(self) -> tuple[str, dict[str, Any]]:
        return await asyncio.wait_for(self.heard.get(), PATIENCE)

    async def hears_nothing(self, seconds: float = 0.4) -> bool:
        await asyncio.sleep(seconds)
        return self.heard.empty()


@pytest.fixture
async def hear(stack: Stack) -> AsyncIterator[Callable[[str | None], Any]]:
    """`ear = await hear(token)`: a supabase-py client with this token, closed after the test."""
    ears: list[Ear] = []

    async def hearing(token: str | None = None) -> Ear:
        client = await acreate_client(stack.url, stack.key, AsyncClientOptions(auto_refresh_token=False))
        if token:
            await client.realtime.set_auth(token)
        ears.append(Ear(client))
        return ears[-1]

    yield hearing
    for ear in ears:
        await ear.client.realtime.close()


class JsEar:
    """One supabase-js client in a Node process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.events: list[dict[str, Any]] = []

    @classmethod
    async def start(cls, stack: Stack) -> Self:
        program = node()
        assert program
        process = await asyncio.create_subprocess_exec(
            program, str(JS_CLIENT), stack.url, stack.key, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        return cls(process)

    async def tell(self, command: str, **rest: Any) -> None:
        assert self.process.stdin
        self.process.stdin.write(json.dumps({'command': command, **rest}).encode() + b'\n')
        await self.process.stdin.drain()

    async def listen(self, channel: str, *bindings: dict[str, Any]) -> None:
        await self.tell('subscribe', channel=channel, bindings=[{'event': '*', **binding} for binding in bindings])
        while (await self.next('system'))['message']['status'] != 'ok':
            pass

    async def next(self, kind: str, seconds: float = PATIENCE) -> dict[str, Any]:
        """The next event of this kind; others are kept aside."""
        for event in self.events:
            if event['event'] == kind:
                self.events.remove(event)
                return event
        assert self.process.stdout
        async with asyncio.timeout(seconds):
            while True:
                line = await self.process.stdout.readline()
                assert line, 'the JavaScript client ended'
                event = json.loads(line)
                if event['event'] == kind:
                    return dict(event)
                self.events.append(event)

    async def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        await asyncio.wait_for(self.process.wait(), PATIENCE)


@pytest.fixture
async def js_hear(stack: Stack) -> AsyncIterator[Callable[[str | None], Any]]:
    """`ear = await js_hear(token)`: a supabase-js client with this token, ended after the test."""
    ears: list[JsEar] = []

    async def hearing(token: str | None = None) -> JsEar:
        ear = await JsEar.start(stack)
        ears.append(ear)
        if token:
            await ear.tell('auth', token=token)
        return ear

    yield hearing
    for ear in ears:
        await ear.close()
