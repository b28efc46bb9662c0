"""The job that sends broadcasts: whatever ends it, and however many run, each recipient gets the message once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from uuid import UUID

import pytest

from bot import AT_ONCE
from devstack.demo.salons import SALON_A
from jobs.broadcasts import send_broadcasts
from tests.commands import FarEnd
from tests.jobs.kills import KILLS, carry_out, kill_again_and_again, start
from tests.simulated import until

CLIENTS = """
    insert into public.clients_v2 (tenant_id, full_name, telegram_chat_id)
    select %s, 'Рассылка ' || n, 9000000 + n from generate_series(1, %s) n returning id
"""
BROADCAST = """
    with made as (
        insert into dashboard.broadcasts (tenant_id, name, text, quiet_days, status, key, sent_at)
        values (%s, 'рассылка', 'Сообщение рассылки', 0, 'running', gen_random_uuid(), now()) returning id, tenant_id
    ), recipients as (
        insert into dashboard.broadcast_recipients (broadcast_id, client_id, tenant_id, place, status, due_at)
        select m.id, c.id, m.tenant_id, row_number() over (order by c.id), 'waiting', now()
        from made m, public.clients_v2 c where c.full_name like 'Рассылка %%'
    )
    select id from made
"""


@pytest.fixture
def crowd(far_end: FarEnd) -> Iterator[int]:
    """Thirty clients of a test's own, each with a chat."""
    far_end.rows(CLIENTS, SALON_A.id, 30)
    yield 30
    far_end.rows('truncate dashboard.broadcast_recipients, dashboard.broadcast_pace')
    far_end.rows("delete from dashboard.broadcasts where name = 'рассылка'")
    for table in ('recent_history_v2', 'active_sessions_v2'):
        far_end.rows(
            f'delete from public.{table} where user_id in (select id from public.clients_v2'
            " where full_name like 'Рассылка %%')"
        )
    far_end.rows("delete from dashboard.client_figures where client_id in (select id from public.clients_v2"
                 " where full_name like 'Рассылка %%')")  # fmt: skip
    far_end.rows("delete from public.clients_v2 where full_name like 'Рассылка %%'")


def begin(far_end: FarEnd) -> UUID:
    """A broadcast to the whole crowd that goes out now. Who talks with the bot already would be left out."""
    far_end.rows("delete from public.active_sessions_v2 where user_id in (select id from public.clients_v2"
                 " where full_name like 'Рассылка %%')")  # fmt: skip
    ((broadcast,),) = far_end.rows(BROADCAST, SALON_A.id)
    assert isinstance(broadcast, UUID)
    return broadcast


def journal(far_end: FarEnd, *broadcasts: UUID) -> dict[str, int]:
    """How many recipients of these broadcasts stand how."""
    return dict(far_end.rows(
        'select status, count(*) from dashboard.broadcast_recipients where broadcast_id = any (%s) group by 1',
        list(broadcasts),
    ))  # fmt: skip


def got(far_end: FarEnd) -> list[int]:
    """How many messages each of the crowd read, and how often that number occurs: [[1, 30]] is right."""
    rows = far_end.rows(
        'select number, count(*) from (select user_id, count(*) as number from public.recent_history_v2'
        " where message = 'Сообщение рассылки' group by 1) x group by 1 order by 1"
    )
    return [number for row in rows for number in row]


async def send_all(far_end: FarEnd, *broadcasts: UUID) -> None:
    """Let the job run until nobody waits any more."""
    async with asyncio.timeout(60):
        while journal(far_end, *broadcasts).keys() & {'waiting', 'sending'}:
            await send_broadcasts()
            await asyncio.sleep(0.2)


async def test_everybody_gets_it_once_and_the_journal_says_so(far_end: FarEnd, crowd: int) -> None:
    broadcast = begin(far_end)
    await send_all(far_end, broadcast)
    await until(lambda: journal(far_end, broadcast) == {'delivered': crowd})
    assert got(far_end) == [1, crowd]
    await send_broadcasts()
    assert far_end.rows('select status from dashboard.broadcasts where id = %s', broadcast) == [('done',)]


async def test_killed_at_any_point_it_sends_nothing_twice_and_forgets_nobody(
    far_end: FarEnd, crowd: int, environment: dict[str, str]
) -> None:
    settings, begun = environment | far_end.environment(), list[UUID]()

    def prepare() -> None:
        far_end.rows("update dashboard.bot_commands set leased_until = now() - interval '1 s' where lease is not null")
        far_end.rows("update dashboard.bot_commands set sent_at = sent_at - interval '2 s'")
        begun.append(begin(far_end))

    times = KILLS or 4
    kill = partial(kill_again_and_again, 'broadcasts', '--once', times=times, seed=3, prepare=prepare, earliest=0.2)
    killed = await asyncio.to_thread(kill, environment=settings)
    assert len(killed) > times / 2
    far_end.rows("update dashboard.bot_commands set leased_until = now() - interval '1 s' where lease is not null")
    far_end.rows('update dashboard.broadcast_pace set paused_until = null')
    async with asyncio.timeout(60 + 3 * times):
        while journal(far_end, *begun).keys() & {'waiting', 'sending'}:
            far_end.rows('delete from public.active_sessions_v2 where state_data = %s', '{"step": "start"}')
            await send_broadcasts()
    await until(lambda: set(journal(far_end, *begun)) <= {'delivered', 'skipped'}, seconds=30)
    ends = journal(far_end, *begun)
    assert sum(ends.values()) == crowd * len(begun)
    ((seen, repeated),) = far_end.rows(
        "select count(*), sum(receipts - 1) from standin_bot.seen_commands where type = 'broadcast.message'"
    )
    assert seen == ends['delivered']
    assert repeated <= AT_ONCE * len(killed), 'only what was under way when it was killed is sent once more'
    said = far_end.rows("select count(*) from public.recent_history_v2 where message = 'Сообщение рассылки'")
    assert said == [(ends['delivered'],)]
    twice = far_end.rows(
        'select 1 from dashboard.broadcast_recipients group by broadcast_id, client_id having count(*) > 1'
    )
    assert twice == []


async def test_two_processes_at_once_send_each_message_once(
    far_end: FarEnd, crowd: int, environment: dict[str, str]
) -> None:
    broadcast = begin(far_end)
    settings = environment | far_end.environment()
    pair = [start('broadcasts', '--once', environment=settings) for _process in range(2)]
    ends = [await asyncio.to_thread(process.communicate, timeout=30) for process in pair]
    assert [process.returncode for process in pair] == [0, 0], ends
    await send_all(far_end, broadcast)
    await until(lambda: journal(far_end, broadcast) == {'delivered': crowd})
    assert got(far_end) == [1, crowd]
    assert far_end.rows('select max(receipts) from standin_bot.seen_commands') == [(1,)]


async def test_a_message_that_was_sent_and_not_answered_is_not_sent_again(
    far_end: FarEnd, crowd: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('bot.SEND_SECONDS', 0.5)
    await far_end.behave(mode='silent', seconds=5)
    broadcast = begin(far_end)
    await send_all(far_end, broadcast)
    assert journal(far_end, broadcast) == {'unknown': crowd}
    await far_end.behave()
    await send_broadcasts()
    assert journal(far_end, broadcast) == {'unknown': crowd}
    assert got(far_end) == [1, crowd]


async def test_a_bot_that_is_away_gets_everything_when_it_is_back(far_end: FarEnd, crowd: int) -> None:
    await far_end.behave(mode='down')
    broadcast = begin(far_end)
    await send_broadcasts()
    assert journal(far_end, broadcast).keys() <= {'waiting', 'sending'}
    await far_end.behave()
    far_end.rows('update dashboard.bot_commands set next_attempt_at = now()')
    await send_all(far_end, broadcast)
    await until(lambda: journal(far_end, broadcast) == {'delivered': crowd})
    assert got(far_end) == [1, crowd]


async def test_a_bot_that_has_too_many_requests_is_left_alone_as_long_as_it_asks(far_end: FarEnd, crowd: int) -> None:
    await far_end.behave(mode='busy', seconds=2)
    broadcast = begin(far_end)
    await send_broadcasts()
    ((number, seconds),) = far_end.rows(
        'select count(*), max(extract(epoch from next_attempt_at - updated_at))::float from dashboard.bot_commands'
        " where last_error = 'HTTP 429'"
    )
    assert number > 0
    assert 1.9 < seconds < 2.1
    await far_end.behave()
    assert await send_broadcasts() == 0
    await asyncio.sleep(2)
    await send_all(far_end, broadcast)
    await until(lambda: journal(far_end, broadcast) == {'delivered': crowd})
    assert got(far_end) == [1, crowd]


async def test_nothing_to_send_is_one_question_and_no_answer(far_end: FarEnd) -> None:
    assert await send_broadcasts() == 0


async def test_once_from_the_command_line(environment: dict[str, str]) -> None:
    assert await asyncio.to_thread(carry_out, 'broadcasts', '--once', environment=environment) == (0, 'broadcasts: 0\n')
    away = environment | {'SUPABASE_URL': 'http://127.0.0.1:9'}
    code, output = await asyncio.to_thread(carry_out, 'broadcasts', '--once', environment=away)
    assert code == 1
    assert 'broadcasts: not done' in output
