"""The Phoenix protocol of one socket, as supabase-py (1.0.0, objects) and supabase-js (2.0.0, arrays) speak it.

Rule: nothing that a client sends ends more than its own socket.
"""

import asyncio
import json
import time
import zlib
from collections.abc import Callable
from typing import Any

import jwt
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from devstack.realtime.hub import BadFilter, Binding, Filter, Hub, Subscription

OUTBOX = 5000
Claims = dict[str, Any]


class BadToken(ValueError):
    """A token that is expired, signed by somebody else, or none at all."""


class Tokens:
    """Turns an access token or an API key into claims."""

    def __init__(self, secret: str, roles_by_key: dict[str, str]) -> None:
        self._secret = secret
        self.roles_by_key = roles_by_key

    def claims(self, token: str) -> Claims:
        if token in self.roles_by_key:
            return {'role': self.roles_by_key[token]}
        try:
            claims: Claims = jwt.decode(token, self._secret, algorithms=['HS256'], options={'verify_aud': False})
        except jwt.ExpiredSignatureError as error:
            raise BadToken('InvalidJWTToken: Token has expired') from error
        except jwt.PyJWTError as error:
            raise BadToken(f'InvalidJWTToken: {error}') from error
        return claims


def binding_of(config: dict[str, Any]) -> Binding:
    """The binding of one entry of `config.postgres_changes`; its id depends on what it says."""
    return Binding(
        id=zlib.crc32(json.dumps(config, sort_keys=True).encode()) or 1,
        event=str(config.get('event', '*')).upper(),
        schema=config.get('schema', 'public'),
        table=config.get('table') or '*',
        filters=Filter.parse_all(config.get('filter')),
    )


class Channels:
    """One socket: its joined channels, and a queue of what is to be sent."""

    def __init__(
        self, connection: ServerConnection, hub: Hub, tokens: Tokens, *, api_key: str, is_array_protocol: bool
    ) -> None:
        self._connection = connection
        self._hub = hub
        self._tokens = tokens
        self._api_key = api_key
        self._is_array_protocol = is_array_protocol
        self._outbox: asyncio.Queue[str] = asyncio.Queue(OUTBOX)
        self._joined: dict[str, Subscription] = {}
        self._join_refs: dict[str, Any] = {}
        self._handlers: dict[str, Callable[[str, Any, dict[str, Any]], None]] = {
            'heartbeat': self._on_heartbeat,
            'phx_join': self._on_join,
            'phx_leave': self._on_leave,
            'access_token': self._on_access_token,
        }

    async def run(self) -> None:
        """Serves the socket until it closes."""
        writing = asyncio.create_task(self._write())
        expiring = asyncio.create_task(self._expire())
        try:
            async for message in self._connection:
                self._receive(message)
        except ConnectionClosed:
            pass
        finally:
            writing.cancel()
            expiring.cancel()
            self._hub.subscriptions -= set(self._joined.values())

    def send(self, topic: str, event: str, payload: dict[str, Any], *, ref: Any = None) -> None:
        """Queues a message; a socket that has thousands waiting is cut off."""
        if self._is_array_protocol:
            text = json.dumps([self._join_refs.get(topic), ref, topic, event, payload])
        else:
            text = json.dumps({'topic': topic, 'event': event, 'payload': payload, 'ref': ref})
        try:
            self._outbox.put_nowait(text)
        except asyncio.QueueFull:
            self._connection.transport.abort()

    async def _write(self) -> None:
        try:
            while True:
                await self._connection.send(await self._outbox.get())
        except ConnectionClosed:
            pass

    def _receive(self, message: str | bytes) -> None:
        if self._hub.fault == 'black_hole':
            return
        parsed = json.loads(message)
        if isinstance(parsed, list):
            join_ref, ref, topic, event, payload = parsed
        else:
            ref, topic, event, payload = parsed.get('ref'), parsed['topic'], parsed['event'], parsed.get('payload')
            join_ref = parsed.get('join_ref')
        if event == 'phx_join':
            self._join_refs[topic] = join_ref
        handler = self._handlers.get(event)
        if handler:
            handler(topic, ref, payload or {})

    def _reply(self, topic: str, ref: Any, response: dict[str, Any], status: str = 'ok') -> None:
        self.send(topic, 'phx_reply', {'status': status, 'response': response}, ref=ref)

    def _system(self, topic: str, status: str, message: str, extension: str = 'postgres_changes') -> None:
        channel = topic.removeprefix('realtime:')
        payload = {'extension': extension, 'status': status, 'message': message, 'channel': channel}
        self.send(topic, 'system', payload)

    def _on_heartbeat(self, topic: str, ref: Any, payload: dict[str, Any]) -> None:
        self._reply('phoenix', ref, {})

    def _on_join(self, topic: str, ref: Any, payload: dict[str, Any]) -> None:
        self._drop(topic)
        configs = (payload.get('config') or {}).get('postgres_changes') or []
        try:
            claims = self._tokens.claims(payload.get('access_token') or self._api_key)
            bindings = [binding_of(config) for config in configs]
        except BadToken as error:
            self._reply(topic, ref, {'reason': str(error)}, status='error')
            return
        except BadFilter as error:
            self._reply(topic, ref, {'postgres_changes': []})
            self._system(topic, 'error', f'Unable to subscribe to changes with given parameters. Filter: {error}')
            return
        self._admit(topic, ref, claims, configs, bindings)

    def _admit(
        self, topic: str, ref: Any, claims: Claims, configs: list[dict[str, Any]], bindings: list[Binding]
    ) -> None:
        echoed = [{'id': binding.id, **config} for binding, config in zip(bindings, configs, strict=True)]
        self._reply(topic, ref, {'postgres_changes': echoed})
        self.send(topic, 'presence_state', {})
        subscription = Subscription(topic, self, bindings, claims)
        self._joined[topic] = subscription
        self._hub.subscriptions.add(subscription)
        if bindings:
            self._system(topic, 'ok', 'Subscribed to PostgreSQL')

    def _on_leave(self, topic: str, ref: Any, payload: dict[str, Any]) -> None:
        self._drop(topic)
        self._reply(topic, ref, {})
        self.send(topic, 'phx_close', {})

    def _on_access_token(self, topic: str, ref: Any, payload: dict[str, Any]) -> None:
        subscription = self._joined.get(topic)
        token = payload.get('access_token')
        if subscription is None or not token:
            return
        try:
            subscription.claims = self._tokens.claims(token)
        except BadToken as error:
            self._end(topic, str(error))

    def _end(self, topic: str, reason: str) -> None:
        self._drop(topic)
        self._system(topic, 'error', reason, extension='system')
        self.send(topic, 'phx_close', {})

    def _drop(self, topic: str) -> None:
        subscription = self._joined.pop(topic, None)
        if subscription:
            self._hub.subscriptions.discard(subscription)

    async def _expire(self) -> None:
        """Ends channels whose token has run out, within half a second."""
        while True:
            await asyncio.sleep(0.5)
            for topic, subscription in list(self._joined.items()):
                if subscription.claims.get('exp', time.time() + 1) <= time.time():
                    self._end(topic, 'Token has expired')
