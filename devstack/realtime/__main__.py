"""The process of the Realtime stand-in. Rule: it listens on the loopback address only, and ends when its stdin ends.

Settings arrive as JSON in the environment variable DEVSTACK_REALTIME.
"""

import asyncio
import http
import json
import logging
import os
import sys
from typing import Any, get_args
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from devstack.realtime.channels import Channels, Tokens
from devstack.realtime.hub import Fault, Hub
from devstack.realtime.rules import Rules
from devstack.realtime.source import Source

HOST = '127.0.0.1'
MAX_MESSAGE = 1 << 20
SERVICE_RESTART = 1012


class Server:
    """Sockets and the fault that is switched on."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.hub = Hub(Rules(settings['dsn']))
        self.source = Source(settings['dsn'], self.hub.take)
        self.tokens = Tokens(settings['jwt_secret'], settings['keys'])
        self.connections: set[ServerConnection] = set()
        self.closing: list[asyncio.Task[None]] = []

    def gate(self, connection: ServerConnection, request: Request) -> Response | None:
        """Before the handshake: the control endpoint, which the front door does not pass on, and who may come in."""
        address = urlsplit(request.path)
        query = parse_qs(address.query)
        if address.path == '/fault':
            return self._switch(connection, query.get('kind', [''])[0])
        if self.hub.fault == 'closed':
            return connection.respond(http.HTTPStatus.SERVICE_UNAVAILABLE, 'fault switched on\n')
        if query.get('apikey', [''])[0] not in self.tokens.roles_by_key:
            return connection.respond(http.HTTPStatus.UNAUTHORIZED, 'invalid API key\n')
        return None

    def _switch(self, connection: ServerConnection, kind: str) -> Response:
        if kind not in get_args(Fault):
            return connection.respond(http.HTTPStatus.BAD_REQUEST, 'unknown fault\n')
        self.hub.fault = kind  # type: ignore[assignment]
        for open_connection in self.connections:
            self._apply(open_connection)
        return connection.respond(http.HTTPStatus.OK, 'ok\n')

    def _apply(self, connection: ServerConnection) -> None:
        transport = connection.transport
        if self.hub.fault == 'closed':
            self.closing.append(asyncio.create_task(connection.close(SERVICE_RESTART, 'fault switched on')))
        elif self.hub.fault == 'black_hole':
            transport.pause_reading()
        else:
            transport.resume_reading()

    async def handle(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        query = parse_qs(urlsplit(connection.request.path).query)
        is_array_protocol = query.get('vsn', ['1.0.0'])[0].startswith('2')
        channels = Channels(
            connection, self.hub, self.tokens, api_key=query['apikey'][0], is_array_protocol=is_array_protocol
        )
        self.connections.add(connection)
        try:
            self._apply(connection)
            await channels.run()
        finally:
            self.connections.discard(connection)


async def _until_parent_ends() -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()


def _announce(port: int) -> None:
    with os.fdopen(int(os.environ['READY_FD']), 'w') as ready:
        ready.write(json.dumps({'port': port}) + '\n')


async def main() -> None:
    settings = json.loads(os.environ['DEVSTACK_REALTIME'])
    server = Server(settings)
    work = [asyncio.create_task(server.hub.run()), asyncio.create_task(server.source.run())]
    await server.source.is_streaming.wait()
    async with serve(
        server.handle, HOST, settings['port'], process_request=server.gate, max_size=MAX_MESSAGE, ping_interval=None
    ):
        _announce(settings['port'])
        await _until_parent_ends()
    for task in work:
        task.cancel()


if __name__ == '__main__':
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    asyncio.run(main())
