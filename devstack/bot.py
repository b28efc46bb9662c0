"""The stand-in bot: makes demo clients talk, carries out commands, and answers whether it is well.

Rule: it writes as production does (same tables, same order, one transaction for what belongs together), with rights
that bypass row-level security.
"""

import argparse
import asyncio
import json
import os
import random
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import uvicorn
from fastapi import FastAPI, Response
from psycopg.types.json import Jsonb

from devstack.bot_commands import CommandDesk, desk_of_environment
from devstack.demo.clients import Client, new_id
from devstack.demo.dialogs import Dialog, DialogMaker
from devstack.demo.salons import SALONS, Salon
from devstack.demo.talks import STAGES

Connection = psycopg.AsyncConnection[tuple[Any, ...]]
TALKS_AT_ONCE = 4
SECONDS_BETWEEN_WISHES = 90
SECONDS_BETWEEN_CLOSINGS = 60
WAIT_FOR_DATABASE = 3
CLOSE_FORGOTTEN = """
    with gone as (
        delete from public.active_sessions_v2 a
        where last_activity_at between now() - interval '1 day' and now() - interval '30 minutes'
          and session_id <> all (%(own)s::uuid[])
          and not exists (select from public.conversation_sessions_v2 c where c.session_id = a.session_id)
        returning *
    )
    insert into public.conversation_sessions_v2
        (session_id, tenant_id, user_id, channel, started_at, ended_at, duration_sec, final_status, final_intent, meta)
    select session_id, tenant_id, user_id, 'unknown', created_at, last_activity_at,
           extract(epoch from last_activity_at - created_at)::int, 'auto_closed', intent,
           jsonb_build_object('drop_off_stage', current_step)
    from gone
"""


@dataclass
class Conversation:
    """A dialog that goes on: what was made up for it, and how far it has come."""

    dialog: Dialog
    said: int = 0
    written: list[datetime] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        return self.said == len(self.dialog.lines)


class Bot:
    """Keeps a few dialogs going; each tick says one line, begins a dialog or ends one."""

    def __init__(self, dsn: str, *, every: float, seed: int | None = None) -> None:
        self.dsn = dsn
        self.every = every
        self.chance = random.Random(seed)
        self.maker = DialogMaker(self.chance, old_until=datetime.min.replace(tzinfo=UTC))
        self.maker.booked = 10_000_000 + int(datetime.now(UTC).timestamp()) % 1_000_000
        self.going_on: list[Conversation] = []
        self.lines_said = 0
        self.is_writing = False

    async def run(self) -> None:
        """Talks for ever; while the database is away it waits."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self.dsn, autocommit=True) as connection:
                    await self._talk(connection)
            except psycopg.OperationalError as error:
                self.is_writing = False
                print(f'the database is away: {error}', file=sys.stderr, flush=True)
                await asyncio.sleep(WAIT_FOR_DATABASE)

    async def _talk(self, connection: Connection) -> None:
        self.is_writing = True
        while True:
            await self.tick(connection)
            await asyncio.sleep(self.every * self.chance.uniform(0.5, 1.5))

    async def tick(self, connection: Connection) -> None:
        """One thing happens."""
        if self.chance.random() < self.every / SECONDS_BETWEEN_WISHES:
            await self.wish(connection)
        if self.chance.random() < self.every / SECONDS_BETWEEN_CLOSINGS:
            await self.close_forgotten(connection)
        if len(self.going_on) < TALKS_AT_ONCE and (not self.going_on or self.chance.random() < 0.3):
            await self.begin(connection)
        else:
            await self.go_on(connection, self.chance.choice(self.going_on))

    async def begin(self, connection: Connection) -> Conversation | None:
        """Somebody who is not in a dialog writes first."""
        salon = self.chance.choices(SALONS, [salon.share for salon in SALONS])[0]
        client = await self._somebody(connection, salon)
        if client is None:
            return None
        conversation = Conversation(self.maker.make(client, datetime.now(UTC)))
        self.going_on.append(conversation)
        async with connection.transaction():
            await connection.execute(
                'insert into public.active_sessions_v2 (session_id, tenant_id, user_id, state_data)'
                ' values (%s, %s, %s, %s)',
                (conversation.dialog.session_id, salon.id, client.id, Jsonb({'step': 'start'})),
            )
            await self._say(connection, conversation)
        return conversation

    async def go_on(self, connection: Connection, conversation: Conversation) -> None:
        """The next line, or the end."""
        if conversation.is_over:
            await self.end(connection, conversation)
            return
        async with connection.transaction():
            await self._say(connection, conversation)
            dialog = conversation.dialog
            step = STAGES[min(conversation.said // 2, len(STAGES) - 1)]
            await connection.execute(
                'update public.active_sessions_v2 set current_step = %s, intent = %s, state_data = %s,'
                ' updated_at = now(), last_activity_at = now() where session_id = %s',
                (step, dialog.intent, Jsonb({'step': step, 'attempts': conversation.said}), dialog.session_id),
            )

    async def _say(self, connection: Connection, conversation: Conversation) -> None:
        dialog = conversation.dialog
        role, text, _ = dialog.lines[conversation.said]
        await connection.execute(
            'insert into public.recent_history_v2 (tenant_id, user_id, session_id, role, channel, message)'
            ' values (%s, %s, %s, %s, %s, %s)',
            (dialog.client.salon.id, dialog.client.id, dialog.session_id, role, dialog.client.channel, text),
        )
        conversation.said += 1
        conversation.written.append(datetime.now(UTC))
        self.lines_said += 1

    async def end(self, connection: Connection, conversation: Conversation) -> None:
        """Archives the dialog and deletes the active row, at once."""
        self.going_on.remove(conversation)
        dialog, began = conversation.dialog, conversation.written[0]
        row = {**self._archived(dialog), 'started_at': began, 'ended_at': datetime.now(UTC)}
        row['duration_sec'] = int((row['ended_at'] - began).total_seconds())
        columns = psycopg.sql.SQL(', ').join(map(psycopg.sql.Identifier, row))
        values = psycopg.sql.SQL(', ').join(map(psycopg.sql.Placeholder, row))
        insert = psycopg.sql.SQL('insert into public.conversation_sessions_v2 ({}) values ({})').format(columns, values)
        async with connection.transaction():
            await connection.execute(insert, row)
            await connection.execute(
                'delete from public.active_sessions_v2 where session_id = %s', (dialog.session_id,)
            )

    def _archived(self, dialog: Dialog) -> dict[str, Any]:
        booking = dialog.booking
        return {
            'session_id': dialog.session_id,
            'tenant_id': dialog.client.salon.id,
            'user_id': dialog.client.id,
            'channel': dialog.client.channel,
            'final_status': dialog.status,
            'final_intent': dialog.intent,
            'final_summary': dialog.summary,
            'booking_id': booking and booking.id,
            'booking_source': booking and booking.source,
            'booking_status': booking and booking.status,
            'booking_datetime': booking and booking.at,
            'booking_amount': booking and booking.amount,
            'booking_currency': booking and booking.currency,
            'messages_count': dialog.count('user', 'assistant', 'operator', 'system'),
            'agent_messages_count': dialog.count('assistant', 'operator'),
            'user_messages_count': dialog.count('user'),
            'meta': Jsonb(dialog.meta),
        }

    async def wish(self, connection: Connection, salon: Salon | None = None) -> int | None:
        """Somebody asks to be told when a place gets free; the key of the waiting-list entry."""
        salon = salon or self.chance.choice(SALONS)
        client = await self._somebody(connection, salon)
        if client is None:
            return None
        service, staff = self.chance.choice(salon.services), self.chance.choice(salon.specialists)
        meta = {
            'service_id': service.id,
            'service_title': service.title,
            'staff_id': staff.id,
            'staff_name': staff.name,
            'date': f'{datetime.now(salon.zone) + timedelta(days=self.chance.randint(1, 6)):%Y-%m-%d}',
            'time_preference': self.chance.choice(('morning', 'day', 'afternoon', 'evening', None)),
        }
        cursor = await connection.execute(
            'insert into public.wishlist_v2 (tenant_id, user_id, item_type, item_id, source, meta)'
            ' values (%s, %s, %s, %s, %s, %s) returning id',
            (salon.id, client.id, 'slot_waiting', new_id(self.chance), 'bot', Jsonb(meta)),
        )
        row = await cursor.fetchone()
        return int(row[0]) if row else None

    async def close_forgotten(self, connection: Connection) -> None:
        """Archives dialogs in which nobody wrote for half an hour; what lies for days is left lying."""
        await connection.execute(CLOSE_FORGOTTEN, {'own': [talk.dialog.session_id for talk in self.going_on]})

    async def _somebody(self, connection: Connection, salon: Salon) -> Client | None:
        """A random client of the salon who is in no dialog now."""
        cursor = await connection.execute(
            'select id::text, full_name, phone, telegram_chat_id, whatsapp_id from public.clients_v2 c'
            ' where tenant_id = %s and id >= %s::uuid and not exists'
            ' (select from public.active_sessions_v2 a where a.user_id = c.id) order by id limit 1',
            (salon.id, new_id(self.chance)),
        )
        row = await cursor.fetchone()
        if row is None:
            return None
        client_id, name, phone, telegram, whatsapp = row
        return Client(
            id=client_id,
            salon=salon,
            name=name,
            phone=phone,
            channel='telegram' if telegram else 'whatsapp',
            telegram=telegram,
            whatsapp=whatsapp,
            yclients_id=None,
            is_hostile=False,
            staff=self.chance.randrange(len(salon.specialists)),
            service=self.chance.randrange(len(salon.services)),
        )


def web(bot: Bot, desk: CommandDesk | None) -> FastAPI:
    """What the bot answers over HTTP: its health and, with a secret, the webhook."""
    app = FastAPI(openapi_url=None)

    @app.get('/health')
    async def health(response: Response) -> dict[str, Any]:
        is_well = desk is None or desk.is_well
        response.status_code = 200 if is_well else 503
        status = ('ok' if bot.is_writing else 'degraded') if is_well else 'down'
        return {'status': status, 'talks': len(bot.going_on), 'lines': bot.lines_said}

    @app.post('/wish')
    async def wish() -> dict[str, Any]:
        async with await psycopg.AsyncConnection.connect(bot.dsn, autocommit=True) as connection:
            return {'id': await bot.wish(connection, SALONS[0])}

    if desk is not None:
        desk.join(app)
    return app


class Server(uvicorn.Server):
    """Says its port on READY_FD once it listens."""

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        if 'READY_FD' in os.environ:
            with os.fdopen(int(os.environ['READY_FD']), 'w') as ready:
                port = self.servers[0].sockets[0].getsockname()[1]
                ready.write(json.dumps({'port': port}) + '\n')


async def work(server: uvicorn.Server, bot: Bot | None, desk: CommandDesk | None) -> None:
    """Serves, talks if there is somebody to talk, and reports what is still to be reported."""
    if desk:
        desk.prepare()
        await desk.resume()
    await _until_first(server.serve, *([bot.run] if bot else []))


async def _until_first(*work: Callable[[], Awaitable[None]]) -> None:
    tasks = [asyncio.ensure_future(part()) for part in work]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()


def main() -> None:
    """Takes the database's address from BOT_DSN, because arguments are seen by everybody on the machine."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--every', type=float, default=2.5, help='seconds between two lines; 0: nobody talks')
    parser.add_argument('--port', type=int, default=0)
    options = parser.parse_args()
    bot = Bot(os.environ['BOT_DSN'], every=options.every)
    desk = desk_of_environment(bot.dsn)
    server = Server(uvicorn.Config(web(bot, desk), host='127.0.0.1', port=options.port, log_level='warning'))
    asyncio.run(work(server, bot if options.every else None, desk))


if __name__ == '__main__':
    main()
