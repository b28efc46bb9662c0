"""The stand-in bot writes as production does."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import psycopg
import pytest

from devstack.bot import Bot, Conversation, web
from devstack.stack import Stack

Connection = psycopg.AsyncConnection[tuple[Any, ...]]


@pytest.fixture
async def connection(stack: Stack) -> AsyncIterator[Connection]:
    async with await psycopg.AsyncConnection.connect(stack.dsn) as open_connection:
        yield open_connection
        await open_connection.rollback()


@pytest.fixture
def bot(stack: Stack) -> Bot:
    return Bot(stack.dsn, every=0.01, seed=3)


async def begun(bot: Bot, connection: Connection) -> Conversation:
    conversation = await bot.begin(connection)
    assert conversation
    return conversation


async def count(connection: Connection, table: str, session_id: str) -> int:
    query = psycopg.sql.SQL('select count(*) from public.{} where session_id = %s').format(
        psycopg.sql.Identifier(table)
    )
    row = await (await connection.execute(query, (session_id,))).fetchone()
    assert row
    return int(row[0])


async def test_a_dialog_begins_with_an_active_row_and_a_line(bot: Bot, connection: Connection) -> None:
    session_id = (await begun(bot, connection)).dialog.session_id
    assert await count(connection, 'active_sessions_v2', session_id) == 1
    assert await count(connection, 'recent_history_v2', session_id) == 1


async def test_a_dialog_that_ends_moves_to_the_archive(bot: Bot, connection: Connection) -> None:
    conversation = await begun(bot, connection)
    while not conversation.is_over:
        await bot.go_on(connection, conversation)
    await bot.go_on(connection, conversation)
    session_id = conversation.dialog.session_id
    assert await count(connection, 'active_sessions_v2', session_id) == 0
    assert await count(connection, 'conversation_sessions_v2', session_id) == 1
    assert await count(connection, 'recent_history_v2', session_id) == len(conversation.dialog.lines)
    assert bot.going_on == []


async def test_archive_and_deletion_happen_together(bot: Bot, connection: Connection) -> None:
    conversation = await begun(bot, connection)
    conversation.dialog.status = None  # type: ignore[assignment]
    with pytest.raises(psycopg.errors.NotNullViolation):
        async with connection.transaction():
            await bot.end(connection, conversation)
    assert await count(connection, 'active_sessions_v2', conversation.dialog.session_id) == 1


async def test_many_ticks_keep_a_few_dialogs_going(bot: Bot, connection: Connection) -> None:
    for _ in range(120):
        await bot.tick(connection)
    assert 0 < len(bot.going_on) <= 6
    assert bot.lines_said > 60


async def test_a_wish_lands_on_the_waiting_list(bot: Bot, connection: Connection) -> None:
    await bot.wish(connection)
    row = await (
        await connection.execute('select status, source from public.wishlist_v2 order by id desc limit 1')
    ).fetchone()
    assert row == ('pending', 'bot')


async def test_forgotten_dialogs_are_closed_but_not_the_bots_own(bot: Bot, connection: Connection) -> None:
    own, other = (await begun(bot, connection)).dialog, (await begun(bot, connection)).dialog
    bot.going_on = [talk for talk in bot.going_on if talk.dialog is own]
    await connection.execute(
        "update public.active_sessions_v2 set last_activity_at = now() - interval '2 hours' where session_id = any(%s)",
        ([own.session_id, other.session_id],),
    )
    await bot.close_forgotten(connection)
    assert await count(connection, 'active_sessions_v2', own.session_id) == 1
    assert await count(connection, 'active_sessions_v2', other.session_id) == 0
    assert await count(connection, 'conversation_sessions_v2', other.session_id) == 1


async def test_health_says_whether_the_bot_writes(bot: Bot) -> None:
    transport = httpx.ASGITransport(app=web(bot, None))
    async with httpx.AsyncClient(transport=transport, base_url='http://bot') as http:
        assert (await http.get('/health')).json()['status'] == 'degraded'
        bot.is_writing = True
        assert (await http.get('/health')).json() == {'status': 'ok', 'talks': 0, 'lines': 0}
