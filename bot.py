"""The bot at the other end: commands go to its webhook, its callbacks come in, and its health is watched.

Its one rule: a command is in the database before anything is sent, so nothing here is worth keeping: whatever happens
to a try, the next one is made from the row. docs/BOT_CONTRACT.md says what the bot may rely on.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import httpx
import structlog
from standardwebhooks import Webhook, WebhookVerificationError

from config import settings
from data import CommandData, Data, DataError, Refused, Unavailable
from models import BotState, Command, Outcome
from tokens import SYSTEM

log = structlog.get_logger()

SEND_SECONDS = 10.0
"""How long the bot may take to say that it took a command."""
CLOSE_SECONDS = 4.0
"""How long the end of the process waits for commands that are being sent."""
AT_ONCE = 16
"""Commands under way at the same time; of one client there is never more than one."""
CLAIMED = 64
"""Commands that are claimed and not yet through: a slow bot takes all of them long before their lease runs out."""
GATHER_SECONDS = 0.01
"""How long the end of a try waits for others, to be written down together."""
SETTLE_PAUSES = (0.5, 2.0, 5.0)
HEALTH_SECONDS = 10.0
HEALTH_TIMEOUT_SECONDS = 4.0
LONGEST_EVENT = 64 * 1024
"""Bytes that a callback may have."""


class Receipt(NamedTuple):
    """What a callback is answered with."""

    status: int
    text: str


class _Try:
    """One command on its way to the bot."""

    def __init__(
        self, command: Command, send: Callable[[Command], Awaitable[Outcome]], room: asyncio.Semaphore
    ) -> None:
        self.command, self.has_begun = command, False
        self.task = asyncio.create_task(self._begin(send, room))

    async def _begin(self, send: Callable[[Command], Awaitable[Outcome]], room: asyncio.Semaphore) -> Outcome:
        async with room:
            self.has_begun = True
            return await send(self.command)

    @property
    def outcome(self) -> Outcome:
        """How it ended."""
        if not self.task.cancelled():
            return self.task.result()
        return Outcome('unanswered', 'ended') if self.has_begun else Outcome('untried')


class Bot:
    """The bot as this process knows it."""

    def __init__(self, data: CommandData | None = None) -> None:
        self._data = data or Data(SYSTEM).commands
        self._http: httpx.AsyncClient | None = None
        self._delivery: asyncio.Task[None] | None = None
        self._wanted = asyncio.Event()
        self._is_closing = False
        self._patient_until = 0.0
        self._refused: Counter[str] = Counter()
        self._counting: asyncio.Task[None] | None = None
        self._watchers: list[Callable[[], None]] = []
        self.state = BotState.UNKNOWN

    @property
    def is_reachable(self) -> bool:
        """Whether what needs the bot may be offered: it answers, or nobody knows better."""
        return self.state is not BotState.DOWN

    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            self._http = httpx.AsyncClient(timeout=SEND_SECONDS, trust_env=False, follow_redirects=False)
        return self._http

    async def close(self) -> None:
        """Finish what is being sent, or give it back, and close the connections.

        What the bot does not answer within CLOSE_SECONDS counts as sent without an answer."""
        self._is_closing = True
        if self._delivery and not self._delivery.done():
            await asyncio.wait([self._delivery], timeout=CLOSE_SECONDS)
        for task in (self._delivery, self._counting):
            if task and not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        client, self._http = self._http, None
        if client:
            await client.aclose()
        self._is_closing = False

    # --- sending

    def deliver_soon(self) -> None:
        """Send what is due, now and in the background; what is asked for meanwhile is looked for at once, too."""
        self._wanted.set()
        if self._delivery is None or self._delivery.done():
            self._delivery = asyncio.create_task(self._deliver_while_wanted())

    async def delivered(self) -> None:
        """Wait until what is being sent in the background is through."""
        if self._delivery:
            await asyncio.shield(self._delivery)

    async def _deliver_while_wanted(self) -> None:
        while self._wanted.is_set() and not self._is_closing:
            try:
                await self.deliver()
            except DataError as error:
                log.warning('commands not delivered', reason=repr(error))

    async def deliver(self) -> int:
        """Send every command that is due, of each client one after the other; how many tries that took.

        Raises DataError when the database cannot be asked; what was claimed is then free again after its lease.
        """
        self._wanted = asyncio.Event()  # of this event loop
        if not (settings().bot_webhook_url and settings().bot_webhook_secret):
            return 0
        tries, under_way, room = 0, set[_Try](), asyncio.Semaphore(AT_ONCE)
        try:
            while True:
                self._wanted.clear()
                claimed = await self._claim(CLAIMED - len(under_way))
                under_way |= {_Try(command, self._try, room) for command in claimed}
                tries += len(claimed)
                if not under_way:
                    return tries
                await self._wait_for_one_of(under_way)
                ended = {each for each in under_way if each.task.done()}
                under_way -= ended
                await self._settle(ended)
        except DataError:
            await asyncio.gather(*(each.task for each in under_way), return_exceptions=True)
            raise
        finally:
            await _give_up(under_way)
            await self._settle(under_way)

    async def _claim(self, number: int) -> list[Command]:
        """Some more commands; few at a time are not worth the question."""
        return await self._data.claim(number) if number >= AT_ONCE and not self._is_closing else []

    async def _wait_for_one_of(self, under_way: set[_Try]) -> None:
        """Wait until a try has ended, or somebody wants more to be sent and there is room for it."""
        wanted = asyncio.create_task(self._wanted.wait())
        try:
            waits_for: set[asyncio.Task[Any]] = {each.task for each in under_way}
            if CLAIMED - len(under_way) >= AT_ONCE:
                waits_for |= {wanted}
            await asyncio.wait(waits_for, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.sleep(GATHER_SECONDS)
        finally:
            wanted.cancel()

    async def _try(self, command: Command) -> Outcome:
        if self._is_closing:
            return Outcome('untried')
        patience = self._patient_until - time.monotonic()
        if patience > 0 and command.type == 'broadcast.message':
            return Outcome('later', 'HTTP 429', math.ceil(patience))
        try:
            outcome = await self._send(command)
        except Exception as error:  # whatever it is: the others go on
            log.exception('command failed', command=str(command.id), type=command.type)
            return Outcome('unanswered', type(error).__name__)
        if outcome.wait:
            self._patient_until = max(self._patient_until, time.monotonic() + outcome.wait)
        if outcome.word != 'taken':
            log.warning('command not taken', command=str(command.id), type=command.type, reason=outcome.error)
        return outcome

    async def _settle(self, ended: Iterable[_Try]) -> None:
        """Write down how the tries ended, if need be again after some seconds: leases last longer. Raises DataError."""
        tries = [(each.command, each.outcome) for each in ended]
        if not tries:
            return
        for pause in SETTLE_PAUSES:
            try:
                await self._data.settle(tries)
            except Unavailable:
                await asyncio.sleep(pause)
            else:
                return
        await self._data.settle(tries)

    async def _send(self, command: Command) -> Outcome:
        """One try. The signature covers id, time and body (Standard Webhooks); the id is the command's own."""
        secret = settings().bot_webhook_secret
        assert secret
        body = json.dumps(
            {'type': command.type, 'timestamp': command.created_at.isoformat(), 'data': command.data},
            ensure_ascii=False,
        )
        now = datetime.now(UTC)
        headers = {
            'content-type': 'application/json',
            'webhook-id': str(command.id),
            'webhook-timestamp': str(int(now.timestamp())),
            'webhook-signature': Webhook(secret.get_secret_value()).sign(str(command.id), now, body),
        }
        try:
            async with asyncio.timeout(SEND_SECONDS):  # the client's own limit is for each part of an answer
                answer = await self._client().post(
                    str(settings().bot_webhook_url), content=body.encode(), headers=headers
                )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            return Outcome('later', type(error).__name__)
        except (httpx.HTTPError, TimeoutError) as error:
            return Outcome('unanswered', type(error).__name__)
        return _outcome_of(answer)

    # --- health

    def watch(self, watcher: Callable[[], None]) -> Callable[[], None]:
        """Call `watcher` when the bot goes or comes back; the answer ends that."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher) if watcher in self._watchers else None

    async def run(self) -> None:
        """Ask for the bot's health and deliver what is due, for as long as the process lives."""
        while True:
            await self.check()
            if self.is_reachable:
                self.deliver_soon()
            await asyncio.sleep(HEALTH_SECONDS)

    async def check(self) -> None:
        """Ask once whether the bot is well."""
        before, self.state = self.state, await self._ask()
        if self.state is before:
            return
        log.info('bot state', state=self.state.value)
        if before is BotState.DOWN:
            try:
                await self._data.hurry()
            except DataError as error:
                log.warning('commands not hurried', reason=repr(error))
        for watcher in list(self._watchers):
            watcher()

    async def _ask(self) -> BotState:
        if not settings().bot_url:
            return BotState.UNKNOWN
        try:
            async with asyncio.timeout(HEALTH_TIMEOUT_SECONDS):
                answer = await self._client().get(f'{settings().bot_url}/health')
        except (httpx.HTTPError, TimeoutError):
            return BotState.DOWN
        return BotState.UP if answer.is_success else BotState.DOWN

    # --- callbacks

    async def receive(self, body: bytes, headers: Mapping[str, str]) -> Receipt:
        """Take a callback: 200 when it counted, 409 when it came before, 4xx when it is not to be believed or read.

        Raises Unavailable when it could not be written down: the bot shall send it again.
        """
        event = self._verified(body, headers)
        if isinstance(event, Receipt):
            self._refuse(event.text)
            return event
        try:
            is_new = await self._data.take_event(headers['webhook-id'], event['type'], event['data'])
        except Refused:
            self._refuse('unknown')
            return Receipt(400, 'unknown')
        if not is_new:
            self._refuse('replayed')
            return Receipt(409, 'replayed')
        return Receipt(200, 'taken')

    def _verified(self, body: bytes, headers: Mapping[str, str]) -> dict[str, Any] | Receipt:
        secret = settings().bot_webhook_secret
        if secret is None or 'webhook-signature' not in headers:
            return Receipt(401, 'unsigned')
        if len(body) > LONGEST_EVENT:
            return Receipt(413, 'too long')
        try:
            Webhook(secret.get_secret_value()).verify(body, dict(headers), json_parse=False)
        except WebhookVerificationError as error:
            return Receipt(401, 'old' if 'timestamp' in str(error) else 'forged')
        except ValueError:
            return Receipt(401, 'forged')
        return _event_of(body) or Receipt(400, 'malformed')

    def _refuse(self, reason: str) -> None:
        """Count a callback that was refused; many at once are written down together."""
        log.warning('callback refused', reason=reason)
        self._refused[reason] += 1
        if self._counting is None or self._counting.done():
            self._counting = asyncio.create_task(self._count())

    async def _count(self) -> None:
        while self._refused:
            counted, self._refused = self._refused, Counter()
            try:
                for reason, number in counted.items():
                    await self._data.count_refused(reason, number)
            except DataError as error:
                log.warning('refused callbacks not counted', reason=repr(error))
            await asyncio.sleep(1)


async def _give_up(tries: Iterable[_Try]) -> None:
    """End them, all together: nobody waits for the bot's answers any longer."""
    tasks = [each.task for each in tries]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _outcome_of(answer: httpx.Response) -> Outcome:
    """What the bot's answer means for the command."""
    if answer.is_success or answer.status_code == httpx.codes.CONFLICT:
        return Outcome('taken')
    error = f'HTTP {answer.status_code}'
    if answer.status_code == httpx.codes.GONE:
        return Outcome('refused', error)
    return Outcome('later', error, _wait_of(answer) if answer.status_code == httpx.codes.TOO_MANY_REQUESTS else 0)


def _wait_of(answer: httpx.Response) -> int:
    """The seconds that a bot with too many requests asks for: the header Retry-After, or `retry_after` as Telegram's
    own answers hold it; 1 when it names none."""
    texts: list[Any] = [_seconds_until(answer.headers.get('retry-after', ''))]
    with contextlib.suppress(ValueError, RecursionError):
        body = answer.json()
        if isinstance(body, dict):
            inner = body.get('parameters')
            texts += [body.get('retry_after'), inner.get('retry_after') if isinstance(inner, dict) else None]
    seconds = [math.ceil(float(text)) for text in texts if re.fullmatch(r'\d{1,5}(\.\d+)?', str(text))]
    return max(seconds, default=1)


def _seconds_until(header: str) -> str:
    """What a header Retry-After names in seconds, which may be a moment."""
    with contextlib.suppress(ValueError, TypeError):
        wait = (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds()
        return str(min(max(1, math.ceil(wait)), 86400))
    return header


def _event_of(body: bytes) -> dict[str, Any] | None:
    """The event that a body holds; None when it holds something else."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return None
    is_event = isinstance(event, dict) and isinstance(event.get('type'), str) and isinstance(event.get('data'), dict)
    return event if is_event else None


bot = Bot()
