"""What the stand-in bot does with commands: checks the signature, acts once on each id, and reports back.

Rule: acting and remembering the id are one transaction, so that a bot that is killed in between has done neither.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import psycopg
from fastapi import FastAPI, Request, Response
from psycopg.types.json import Jsonb
from pydantic import BaseModel
from standardwebhooks import Webhook, WebhookVerificationError

Connection = psycopg.AsyncConnection[tuple[Any, ...]]
CALLBACK_TRIES = 8
MEMORY = """
    create schema if not exists standin_bot;
    create table if not exists standin_bot.seen_commands (
        id uuid primary key, number bigint generated always as identity, client_id uuid, type text not null,
        acted_at timestamptz not null default clock_timestamp(), outcome jsonb not null, reported_at timestamptz
    );
    alter table standin_bot.seen_commands add column if not exists receipts integer not null default 1;
    create table if not exists standin_bot.chat_lines (
        id bigint generated always as identity primary key, tenant_id uuid not null, text text not null,
        said_at timestamptz not null default clock_timestamp()
    );
"""
DIALOG = """
    with found as (
        select session_id from public.active_sessions_v2 where tenant_id = %(tenant)s and user_id = %(client)s
        order by last_activity_at desc limit 1
    ), begun as (
        insert into public.active_sessions_v2 (tenant_id, user_id, state_data)
        select %(tenant)s, %(client)s, '{"step": "start"}' where not exists (select from found) returning session_id
    )
    select session_id from found union all select session_id from begun
"""
SAY = """
    insert into public.recent_history_v2 (tenant_id, user_id, session_id, role, channel, message)
    select tenant_id, id, %(session)s, %(role)s,
        case when telegram_chat_id is not null then 'telegram' else 'whatsapp' end, %(text)s
    from public.clients_v2 where id = %(client)s
"""
FLAT = {
    'closing_time': ('closing_time',), 'welcome_message': ('welcome_message',), 'admin_chat_id': ('admin_chat_id',),
    'yclients_company_id': ('yclients_company_id',), 'gap_filtering': ('enable_gap_filtering',),
    'bot_enabled': ('telegram_bot_enabled',), 'name': ('salon_name',), 'opening_time': ('opening_time',),
    'branch_name': ('current_branch', 'name'), 'branch_phone': ('current_branch', 'phone'),
    'branch_address': ('current_branch', 'address'), 'quiet_from': ('quiet_from',), 'quiet_to': ('quiet_to',),
}  # fmt: skip
NESTED = FLAT | {
    'closing_time': ('settings', 'closing_time'), 'gap_filtering': ('settings', 'enable_gap_filtering'),
    'admin_chat_id': ('telegram', 'admin_chat_id'), 'yclients_company_id': ('yclients', 'company_id'),
    'bot_enabled': ('telegram', 'bot_enabled'), 'welcome_message': ('settings', 'welcome_message'),
    'opening_time': ('settings', 'opening_time'), 'quiet_from': ('settings', 'quiet_from'),
    'quiet_to': ('settings', 'quiet_to'),
}  # fmt: skip
"""Where each setting of `settings.changed` lies in the two shapes of a salon's metadata."""


CONNECTIONS = 8
"""So many of the database's are used at once, whatever comes in."""


class Manners(BaseModel):
    """How the bot behaves: tests and tools change it through `/control`."""

    mode: str = 'well'
    """well; down (503, health too); error (500, nothing done); deaf (does it, answers 500); slow (does it, answers
    late); refuse (410); unable (takes it, reports that it could not be done); busy (429, nothing done, asks for
    `seconds` of patience); silent (does it, answers too late and never
    reports)"""
    seconds: float = 30
    answers_twice: bool = False
    client_says: str = 'accepted'
    client_answers_after: float = 3


@dataclass
class Callback:
    """Something to tell the dashboard, under an id of its own."""

    type: str
    data: dict[str, Any]


class CommandDesk:
    """Takes commands and carries them out."""

    def __init__(self, dsn: str, *, secret: str, callback_url: str) -> None:
        self.dsn, self.callback_url = dsn, callback_url
        self.webhook = Webhook(secret)
        self.manners = Manners()
        self.tasks: set[asyncio.Task[None]] = set()
        self.room = asyncio.Semaphore(CONNECTIONS)
        self.acts: dict[str, Callable[[Connection, dict[str, Any]], Awaitable[None]]] = {
            'client.message': self._message, 'broadcast.message': self._message, 'waitlist.offer': self._offer,
            'waitlist.converted': self._converted, 'waitlist.cancelled': self._cancelled,
            'waitlist.reopened': self._reopened, 'settings.changed': self._settings,
            'broadcast.test': self._salons_own_chat,
            'salon.alert': self._tell_salon, 'salon.digest': self._tell_salon,
        }  # fmt: skip

    def prepare(self) -> None:
        """Makes the memory of commands that were seen."""
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            connection.execute(MEMORY)

    @asynccontextmanager
    async def _database(self) -> AsyncIterator[Connection]:
        async with self.room, await psycopg.AsyncConnection.connect(self.dsn) as connection:
            yield connection

    def join(self, app: FastAPI) -> None:
        """Adds the routes to the bot's."""
        app.add_api_route('/webhook', self.take, methods=['POST'])
        app.add_api_route('/control', self.control, methods=['POST'])

    async def control(self, manners: Manners) -> Manners:
        self.manners = manners
        return manners

    @property
    def is_well(self) -> bool:
        return self.manners.mode != 'down'

    async def take(self, request: Request) -> Response:
        """The webhook: 200 taken, 409 seen before, 410 never, anything else later."""
        body = await request.body()
        try:
            event = self.webhook.verify(body, dict(request.headers))
        except (WebhookVerificationError, ValueError):
            return Response(status_code=401)
        early = {'down': 503, 'error': 500, 'refuse': 410, 'busy': 429}.get(self.manners.mode)
        if early:
            headers = {'retry-after': str(round(self.manners.seconds))} if early == 429 else None
            return Response(status_code=early, headers=headers)
        is_new = await self._act_once(request.headers['webhook-id'], event)
        if self.manners.mode in {'slow', 'silent'}:
            await asyncio.sleep(self.manners.seconds)
        return Response(status_code=500 if self.manners.mode == 'deaf' else 200 if is_new else 409)

    async def _act_once(self, command: str, event: dict[str, Any]) -> bool:
        data, is_able = event['data'], self.manners.mode != 'unable'
        outcome = {'type': 'command.delivered' if is_able else 'command.failed', 'data': {'command_id': command}}
        if not is_able:
            outcome['data'] |= {'reason': 'the client blocked the bot'}  # type: ignore[operator]
        async with self._database() as connection:
            cursor = await connection.execute(
                'insert into standin_bot.seen_commands (id, client_id, type, outcome) values (%s, %s, %s, %s)'
                ' on conflict (id) do update set receipts = seen_commands.receipts + 1 returning receipts',
                (command, data.get('client_id'), event['type'], Jsonb(outcome)),
            )
            is_new = await cursor.fetchone() == (1,)
            if is_new and is_able:
                await self.acts[event['type']](connection, data)
        if is_new and self.manners.mode != 'silent':
            self.later(self._report(command, outcome))
        return is_new

    async def resume(self) -> None:
        """Reports what an earlier run did and could not tell any more."""
        async with self._database() as connection:
            cursor = await connection.execute(
                'select id::text, outcome from standin_bot.seen_commands where reported_at is null'
            )
            for command, outcome in await cursor.fetchall():
                self.later(self._report(command, outcome))

    async def _report(self, command: str, outcome: dict[str, Any]) -> None:
        if not self.callback_url:
            return
        await self._tell(Callback(outcome['type'], outcome['data']), str(uuid4()))
        async with self._database() as connection:
            await connection.execute(
                'update standin_bot.seen_commands set reported_at = now() where id = %s', (command,)
            )

    # --- acts

    async def _say(self, connection: Connection, data: dict[str, Any], role: str, text: str) -> None:
        names = {'tenant': data['tenant_id'], 'client': data['client_id'], 'role': role, 'text': text}
        cursor = await connection.execute(DIALOG, names)
        row = await cursor.fetchone()
        assert row
        await connection.execute(SAY, {**names, 'session': row[0]})
        await connection.execute(
            'update public.active_sessions_v2 set last_activity_at = now(), updated_at = now() where session_id = %s',
            row,
        )

    async def _message(self, connection: Connection, data: dict[str, Any]) -> None:
        await self._say(connection, data, 'operator', data['text'])

    async def _salons_own_chat(self, connection: Connection, data: dict[str, Any]) -> None:
        """The salon's own chat is nowhere in the database: having seen the command is all there is to see."""

    async def _offer(self, connection: Connection, data: dict[str, Any]) -> None:
        await self._say(connection, data, 'assistant', data['text'])
        self.later(self._client_answers(data))

    async def _client_answers(self, data: dict[str, Any]) -> None:
        await asyncio.sleep(self.manners.client_answers_after)
        answer = self.manners.client_says
        if answer == 'nothing':
            return
        async with self._database() as connection:
            text = 'Да, подходит!' if answer == 'accepted' else 'Нет, в это время не смогу'
            await self._say(connection, data, 'user', text)
        names = ('command_id', 'wishlist_id')
        self.tell(Callback('waitlist.answered', {name: data[name] for name in names} | {'answer': answer}))

    async def _wish(self, connection: Connection, data: dict[str, Any], status: str) -> None:
        await connection.execute(
            'update public.wishlist_v2 set status = %s, updated_at = now(),'
            " processed_at = case when %s = 'pending' then null else now() end where id = %s and tenant_id = %s",
            (status, status, data['wishlist_id'], data['tenant_id']),
        )

    async def _converted(self, connection: Connection, data: dict[str, Any]) -> None:
        await self._wish(connection, data, 'converted')

    async def _cancelled(self, connection: Connection, data: dict[str, Any]) -> None:
        await self._wish(connection, data, 'cancelled')

    async def _reopened(self, connection: Connection, data: dict[str, Any]) -> None:
        await self._wish(connection, data, 'pending')

    async def _tell_salon(self, connection: Connection, data: dict[str, Any]) -> None:
        """Into the chat of the salon's own people; here that is a table."""
        await connection.execute(
            'insert into standin_bot.chat_lines (tenant_id, text) values (%s, %s)', (data['tenant_id'], data['text'])
        )

    async def _settings(self, connection: Connection, data: dict[str, Any]) -> None:
        cursor = await connection.execute(
            'select name, metadata from public.tenants_v2 where id = %s for update', (data['tenant_id'],)
        )
        row = await cursor.fetchone()
        assert row
        name, metadata = row
        is_nested = any(isinstance(metadata.get(part), dict) for part in ('settings', 'yclients', 'telegram'))
        for setting, value in data['settings'].items():
            put(metadata, (NESTED if is_nested else FLAT)[setting], value)
        await connection.execute(
            'update public.tenants_v2 set metadata = %s, name = %s, updated_at = now() where id = %s',
            (Jsonb(metadata), data['settings'].get('name') or name, data['tenant_id']),
        )

    # --- telling

    def later(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def tell(self, callback: Callback) -> None:
        if self.callback_url:
            self.later(self._tell(callback, str(uuid4())))

    async def _tell(self, callback: Callback, event: str) -> None:
        """Until the dashboard has it; twice, when the manners say so."""
        body = json.dumps({'type': callback.type, 'timestamp': datetime.now(UTC).isoformat(), 'data': callback.data})
        async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
            for number in range(CALLBACK_TRIES):
                now = datetime.now(UTC)
                headers = {
                    'webhook-id': event, 'webhook-timestamp': str(int(now.timestamp())),
                    'webhook-signature': self.webhook.sign(event, now, body), 'content-type': 'application/json',
                }  # fmt: skip
                try:
                    answer = await http.post(self.callback_url, content=body, headers=headers)
                except httpx.HTTPError:
                    await asyncio.sleep(min(30, 2**number))
                    continue
                if answer.status_code < 500:
                    break
                await asyncio.sleep(min(30, 2**number))
            if self.manners.answers_twice:
                await http.post(self.callback_url, content=body, headers=headers)


def put(place: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Writes a value into nested objects, which are made where they are missing or something else."""
    for part in path[:-1]:
        if not isinstance(place.get(part), dict):
            place[part] = {}
        place = place[part]
    place[path[-1]] = value


def desk_of_environment(dsn: str) -> CommandDesk | None:
    """The desk, if the bot was given a secret and a dashboard to report to."""
    secret = os.environ.get('BOT_WEBHOOK_SECRET')
    return CommandDesk(dsn, secret=secret, callback_url=os.environ.get('BOT_CALLBACK_URL', '')) if secret else None
