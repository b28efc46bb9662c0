"""What the tests of commands share: the stand-in bot as a process that can be killed, and a place for its callbacks.

Rule: the bot is the real stand-in, over HTTP; only its manners are chosen.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import suppress
from typing import Any

import httpx
import psycopg
import uvicorn
from fastapi import FastAPI, Request, Response

from bot import bot
from devstack.demo.salons import SALON_A
from devstack.postgres import HOST, free_port
from devstack.stack import Stack
from tokens import Tokens

OWNER = {'app_role': 'admin', 'tenant_id': SALON_A.id, 'sub': '1'}
STAFF = {'app_role': 'staff', 'tenant_id': SALON_A.id, 'sub': '2'}

WISHES = """
    insert into public.wishlist_v2 (tenant_id, user_id, item_type, item_id, comment, meta)
    select c.tenant_id, c.id, 'slot', 'x' || n, 'test',
        jsonb_build_object('service_title', 'Маникюр', 'date', (current_date + 3)::text)
    from generate_series(0, %s) n join (
        select k.tenant_id, k.id, row_number() over (order by k.id) - 1 as i
        from public.clients_v2 k left join public.user_ltm_v2 m on m.user_id = k.id
        where k.tenant_id = %s and coalesce(m.allow_notifications, true)
    ) c on c.i = n %% %s order by n returning id
"""


def identity(claims: dict[str, str]) -> Tokens:
    """Somebody of the demo, as a page's session is."""
    return Tokens(claims)


class FarEnd:
    """The stand-in bot on a port that stays, and a server that takes its callbacks as the dashboard does."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.port, self.callback_port = free_port(), free_port()
        self.url = f'http://{HOST}:{self.port}'
        self.process: asyncio.subprocess.Process | None = None
        self.callbacks: list[int] = []
        self.server: uvicorn.Server | None = None
        self.serving: asyncio.Task[None] | None = None

    def environment(self) -> dict[str, str]:
        """The dashboard's settings for this bot."""
        return {
            'BOT_URL': self.url,
            'BOT_WEBHOOK_URL': f'{self.url}/webhook',
            'BOT_WEBHOOK_SECRET': self.stack.secrets.webhook_secret,
        }

    async def start(self) -> None:
        """Start the bot; it talks with nobody."""
        env = os.environ | self.stack.bot_environment(app_url=f'http://{HOST}:{self.callback_port}')
        command = [sys.executable, '-m', 'devstack.bot', '--every', '0', '--port', str(self.port)]
        self.process = await asyncio.create_subprocess_exec(*command, env=env)
        async with httpx.AsyncClient(trust_env=False) as http:
            for _attempt in range(200):
                with suppress(httpx.HTTPError):
                    await http.get(f'{self.url}/health')
                    return
                await asyncio.sleep(0.05)
        raise AssertionError('the bot did not start')

    async def kill(self) -> None:
        """End the bot in the middle of whatever it does."""
        assert self.process
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()
        self.process = None

    async def behave(self, **manners: Any) -> None:
        """Choose the bot's manners."""
        async with httpx.AsyncClient(trust_env=False) as http:
            (await http.post(f'{self.url}/control', json=manners)).raise_for_status()

    async def listen(self) -> None:
        """Take callbacks, as the dashboard's route does."""
        app = FastAPI(openapi_url=None)
        app.add_api_route('/api/bot/events', self._take, methods=['POST'])
        self.server = uvicorn.Server(uvicorn.Config(app, host=HOST, port=self.callback_port, log_level='warning'))
        self.serving = asyncio.create_task(self.server.serve())
        while not self.server.started:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async def _take(self, request: Request) -> Response:
        receipt = await bot.receive(await request.body(), request.headers)
        self.callbacks.append(receipt.status)
        return Response(status_code=receipt.status)

    async def stop(self) -> None:
        """End everything."""
        if self.process:
            await self.kill()
        if self.server and self.serving:
            self.server.should_exit = True
            await self.serving

    # --- what came of it

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """A statement of somebody with all rights, committed at once."""
        with psycopg.connect(self.stack.admin_dsn, autocommit=True) as db:
            cursor = db.execute(statement.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def statuses(self) -> dict[str, int]:
        """How many commands stand how."""
        return dict(self.rows('select status, count(*) from dashboard.bot_commands group by 1'))

    def forget(self) -> None:
        """Take away all commands and what was done about them."""
        self.rows('truncate dashboard.wishlist_actions, dashboard.wishlist_states, dashboard.bot_commands')
        self.rows('truncate dashboard.bot_events, dashboard.refused_callbacks, dashboard.client_opt_outs')
        self.rows('delete from dashboard.audits where key is not null')
        self.rows("delete from public.wishlist_v2 where comment = 'test'")
        self.rows(
            "delete from public.recent_history_v2 where role = 'operator' and message ~ '^(Сообщение|Добрый|Ждём)'"
        )
        with suppress(psycopg.errors.UndefinedTable):
            self.rows('truncate standin_bot.seen_commands')

    def wishes(self, number: int, *, clients: int = 10) -> list[int]:
        """So many new entries of the first salon, of so many clients who want messages; their keys."""
        return [row[0] for row in self.rows(WISHES, number - 1, SALON_A.id, clients)]

    def queue(self, number: int, *, clients: int = 10) -> None:
        """So many messages in the outbox, numbered in the order in which each client shall get them."""
        self.rows(
            'insert into dashboard.bot_commands (id, key, tenant_id, client_id, type, data)'
            " select gen_random_uuid(), gen_random_uuid(), c.tenant_id, c.id, 'client.message',"
            " jsonb_build_object('text', 'Сообщение ' || n) from generate_series(1, %s) n"
            ' join (select k.tenant_id, k.id, row_number() over (order by k.id) - 1 as i from public.clients_v2 k'
            ' where k.tenant_id = %s and dashboard.wants_messages(k.tenant_id, k.id)) c on c.i = n %% %s order by n',
            number, SALON_A.id, clients,
        )  # fmt: skip
