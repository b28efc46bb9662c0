"""The live feed against the Realtime stand-in, whole and broken. Times are those of production: nothing is sped up."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable
from uuid import UUID, uuid4

import psycopg
import pytest

from data import Data
from devstack.stack import Stack
from live import ANYTHING, Change, Connection, Feed
from models import LiveState
from tokens import SYSTEM

SALON = UUID('a0000000-0000-4000-8000-000000000001')
OTHER = UUID('b0000000-0000-4000-8000-000000000002')


class Listening:
    """A feed that runs, and what it told a view of the first salon."""

    def __init__(self) -> None:
        self.feed = Feed()
        self.changes: list[Change] = []
        self.states: list[tuple[float, LiveState]] = []
        self.feed.subscribe(SALON, self.changes.append)
        self.feed.watch(lambda: self.states.append((time.monotonic(), self.feed.state)))

    async def until(self, is_so: Callable[[], bool], seconds: float) -> float:
        """Wait until something is so; how many seconds that took."""
        started = time.monotonic()
        while not is_so():
            assert time.monotonic() - started < seconds, f'not within {seconds} s'
            await asyncio.sleep(0.02)
        return time.monotonic() - started

    async def until_state(self, state: LiveState, seconds: float) -> float:
        return await self.until(lambda: self.feed.state is state, seconds)


@pytest.fixture
async def listening(app: Stack) -> AsyncIterator[Listening]:
    heard = Listening()
    task = asyncio.create_task(heard.feed.run())
    await heard.until_state(LiveState.LIVE, 10)
    await asyncio.sleep(0.3)
    heard.changes.clear()
    yield heard
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await asyncio.sleep(0.1)
    gc.collect()


def write_message(stack: Stack, salon: UUID = SALON, text: str = 'Здравствуйте') -> UUID:
    """The bot writes a message into a dialog; returns the dialog's id."""
    session = uuid4()
    with psycopg.connect(stack.admin_dsn, autocommit=True) as db:
        db.execute(
            'insert into public.recent_history_v2 (tenant_id, user_id, session_id, role, message)'
            " select %s, id, %s, 'user', %s from public.clients_v2 where tenant_id = %s limit 1",
            (salon, session, text, salon),
        )
    return session


async def test_a_message_reaches_the_views_of_its_salon_only(app: Stack, listening: Listening) -> None:
    write_message(app, OTHER)
    session = write_message(app)
    await listening.until(lambda: bool(listening.changes), 3)
    await asyncio.sleep(0.3)
    assert [(change.table, change.key) for change in listening.changes] == [('recent_history_v2', str(session))]


async def test_a_message_of_a_megabyte_is_an_event_like_any_other_or_found_by_the_slow_poll(
    app: Stack, listening: Listening
) -> None:
    write_message(app, text='слово ' * 200_000)
    await listening.until(lambda: any(change.touches('recent_history_v2') for change in listening.changes), 75)


async def test_while_realtime_is_down_for_a_minute_no_change_is_lost(app: Stack, listening: Listening) -> None:
    app.faults.realtime('closed')
    await listening.until_state(LiveState.POLLING, 10)
    ended = time.monotonic() + 60
    for _message in range(4):
        listening.changes.clear()
        write_message(app)
        await listening.until(lambda: any(change.touches('recent_history_v2') for change in listening.changes), 8)
        await asyncio.sleep(9)
    await asyncio.sleep(max(0.0, ended - time.monotonic()))
    listening.changes.clear()
    write_message(app)
    app.faults.realtime('none')
    await listening.until_state(LiveState.LIVE, 30)
    assert any(change.table == ANYTHING for change in listening.changes), 'no catch-up after the gap'
    listening.changes.clear()
    session = write_message(app)
    await listening.until(lambda: str(session) in {change.key for change in listening.changes}, 3)


@pytest.mark.parametrize('fault', ['mute', 'black_hole'])
async def test_a_silent_stall_is_noticed_within_20_seconds(app: Stack, listening: Listening, fault: str) -> None:
    app.faults.realtime(fault)  # type: ignore[arg-type]
    taken = await listening.until_state(LiveState.POLLING, 20)
    assert taken < 20
    app.faults.realtime('none')
    await listening.until_state(LiveState.LIVE, 45)


async def test_without_the_api_the_state_is_offline_and_comes_back_by_itself(app: Stack, listening: Listening) -> None:
    before = listening.feed.read_at
    app.faults.api('unavailable')
    await listening.until_state(LiveState.OFFLINE, 20)
    assert listening.feed.read_at >= before
    listening.changes.clear()
    app.faults.api('none')
    await listening.until(lambda: listening.feed.state is not LiveState.OFFLINE, 20)
    assert any(change.table == ANYTHING for change in listening.changes), 'views must read again'


async def test_a_listener_that_fails_stops_neither_the_feed_nor_the_others(app: Stack, listening: Listening) -> None:
    end = listening.feed.subscribe(SALON, lambda change: 1 / 0)  # type: ignore[arg-type]
    write_message(app)
    await listening.until(lambda: bool(listening.changes), 3)
    end()
    assert listening.feed.subscriptions == 2


async def test_a_changed_archived_dialog_is_computed_anew(app: Stack, listening: Listening) -> None:
    """The bot cancels a booking of a stored day: the day is no longer taken from the store."""
    find = (
        'select c.session_id, m.day from public.conversation_sessions_v2 c join dashboard.metrics_dailies m'
        ' on m.tenant_id = c.tenant_id and m.day = (c.started_at at time zone m.timezone)::date'
        ' where c.tenant_id = %s and c.booking_id is not null and m.computed_at is not null limit 1'
    )
    with psycopg.connect(app.admin_dsn, autocommit=True) as db:
        row = db.execute(find, (SALON,)).fetchone()
        assert row
        session, day = row
        db.execute(
            "update public.conversation_sessions_v2 set booking_status = 'cancelled' where session_id = %s", (session,)
        )
        await listening.until(lambda: any(change.table == 'metrics_dailies' for change in listening.changes), 5)
        kept = db.execute(
            'select computed_at from dashboard.metrics_dailies where tenant_id = %s and day = %s', (SALON, day)
        ).fetchone()
        assert kept == (None,)


async def test_of_two_hundred_messages_none_is_missed(app: Stack, listening: Listening) -> None:
    """Each commit is on its way to the feed before it is visible to a new snapshot: the feed must not lose it."""
    sessions = {str(await asyncio.to_thread(write_message, app)) for _message in range(200)}
    await listening.until(lambda: sessions <= {str(change.key) for change in listening.changes}, 5)


async def test_a_connection_that_is_told_to_end_while_it_closes_keeps_no_socket(app: Stack) -> None:
    def nothing(*_args: object) -> None:
        pass

    connection = await Connection(Data(SYSTEM).live, nothing, nothing, nothing).__aenter__()
    socket = connection._client._ws_connection
    assert socket
    closing = asyncio.create_task(connection.__aexit__(None, None, None))
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait([closing])
    assert closing.cancelled()
    assert socket.transport.is_closing()
