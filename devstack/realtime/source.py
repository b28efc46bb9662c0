"""The replication connection. Rule: when it breaks it is made anew; what was committed in between is lost."""

import asyncio
import logging
import os
import struct
from collections.abc import Callable
from datetime import UTC, datetime

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn

from devstack.realtime.pgoutput import POSTGRES_EPOCH, Change, Decoder

PUBLICATION = 'supabase_realtime'
FEEDBACK_SECONDS = 5
PAUSE_SECONDS = 0.5
log = logging.getLogger(__name__)


class Source:
    """Streams the publication's changes to `emit` from the moment that `is_streaming` is set."""

    def __init__(self, dsn: str, emit: Callable[[Change], None]) -> None:
        self._dsn = make_conninfo(dsn, replication='database', options='-c datestyle=ISO -c timezone=UTC')
        self._emit = emit
        self._received = 0
        self._broken = asyncio.Event()
        self.is_streaming = asyncio.Event()

    async def run(self) -> None:
        """Streams for ever."""
        while True:
            try:
                await self._stream()
            except psycopg.Error as error:
                log.warning('replication stopped: %s', error)
            self.is_streaming.clear()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _stream(self) -> None:
        async with await psycopg.AsyncConnection.connect(self._dsn, autocommit=True) as connection:
            wire = connection.pgconn
            self._begin(wire)
            self._broken.clear()
            decoder = Decoder()
            loop = asyncio.get_running_loop()
            loop.add_reader(wire.socket, self._on_readable, wire, decoder)
            self.is_streaming.set()
            try:
                await self._send_feedback_until_broken(wire)
            finally:
                loop.remove_reader(wire.socket)

    def _begin(self, wire: PGconn) -> None:
        slot = f'realtime_{os.getpid()}'
        made = wire.exec_(f'CREATE_REPLICATION_SLOT {slot} TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT'.encode())
        options = f"proto_version '1', origin 'none', publication_names '{PUBLICATION}'"
        started = wire.exec_(f'START_REPLICATION SLOT {slot} LOGICAL 0/0 ({options})'.encode())
        if made.status != ExecStatus.TUPLES_OK or started.status != ExecStatus.COPY_BOTH:
            raise psycopg.OperationalError((made.error_message or started.error_message).decode())

    def _on_readable(self, wire: PGconn, decoder: Decoder) -> None:
        try:
            wire.consume_input()
            while (message := self._next(wire)) is not None:
                self._take(wire, decoder, message)
        except psycopg.Error as error:
            log.warning('replication broke: %s', error)
            asyncio.get_running_loop().remove_reader(wire.socket)
            self._broken.set()

    def _next(self, wire: PGconn) -> bytes | None:
        length, data = wire.get_copy_data(1)
        if length < 0:
            raise psycopg.OperationalError('the server ended the stream')
        return bytes(data) if length else None

    def _take(self, wire: PGconn, decoder: Decoder, message: bytes) -> None:
        if message[:1] == b'w':
            self._received = max(self._received, struct.unpack('>Q', message[9:17])[0])
            for change in decoder.feed(message[25:]):
                self._emit(change)
        elif message[:1] == b'k' and message[17]:
            self._send_feedback(wire)

    async def _send_feedback_until_broken(self, wire: PGconn) -> None:
        while not self._broken.is_set():
            try:
                await asyncio.wait_for(self._broken.wait(), FEEDBACK_SECONDS)
            except TimeoutError:
                self._send_feedback(wire)

    def _send_feedback(self, wire: PGconn) -> None:
        micros = int((datetime.now(UTC) - POSTGRES_EPOCH).total_seconds() * 1_000_000)
        wire.put_copy_data(b'r' + struct.pack('>QQQqB', self._received, self._received, self._received, micros, 0))
        wire.flush()
