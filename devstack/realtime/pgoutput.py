"""Decodes logical replication messages (pgoutput, protocol version 1). Rule: bytes in, changes out, no I/O."""

import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

POSTGRES_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
TIMESTAMPTZ = 1184
OPERATIONS = {b'I': 'INSERT', b'U': 'UPDATE', b'D': 'DELETE'}


def _number(text: str) -> Any:
    return json.loads(text) if text not in ('NaN', 'Infinity', '-Infinity') else text


def _timestamp(text: str) -> str:
    return text.replace(' ', 'T', 1)


def _timestamptz(text: str) -> str:
    text = _timestamp(text)
    return f'{text}:00' if text[-3] in '+-' else text


# By type oid; every other type stays text. bool, int8, int2, int4, float4, float8, numeric, json, jsonb, timestamps.
PARSERS: dict[int, Callable[[str], Any]] = {
    16: lambda text: text == 't',
    **dict.fromkeys((20, 21, 23), int),
    **dict.fromkeys((700, 701, 1700), _number),
    **dict.fromkeys((114, 3802), json.loads),
    1114: _timestamp,
    TIMESTAMPTZ: _timestamptz,
}


@dataclass(frozen=True)
class Column:
    """One column of a published table."""

    name: str
    type_oid: int
    is_key: bool


@dataclass(frozen=True)
class Table:
    """A published table as the stream described it last."""

    oid: int
    schema: str
    name: str
    columns: tuple[Column, ...]

    @property
    def key(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.is_key)


@dataclass(frozen=True)
class Change:
    """One row inserted, updated or deleted. `old` holds the key only, unless the replica identity is full."""

    operation: str
    table: Table
    record: dict[str, Any] | None
    old: dict[str, Any]
    committed_at: datetime
    transaction: int
    """The low 32 bits of the id of the transaction that made it."""

    @property
    def row(self) -> dict[str, Any]:
        """What filters are compared with."""
        return self.record if self.record is not None else self.old


class Reader:
    """Reads fields one after the other."""

    def __init__(self, data: bytes, position: int) -> None:
        self.data = data
        self.position = position

    def take(self, count: int) -> bytes:
        start, self.position = self.position, self.position + count
        return self.data[start : self.position]

    def number(self, layout: str) -> int:
        return int(struct.unpack(f'>{layout}', self.take(struct.calcsize(layout)))[0])

    def text(self) -> str:
        end = self.data.index(0, self.position)
        found = self.data[self.position : end].decode()
        self.position = end + 1
        return found


class Decoder:
    """Remembers the tables and the current transaction's time between messages."""

    def __init__(self) -> None:
        self._tables: dict[int, Table] = {}
        self._committed_at = POSTGRES_EPOCH
        self._transaction = 0

    def feed(self, message: bytes) -> Iterator[Change]:
        """The changes of one message: none or one."""
        kind = message[:1]
        if kind == b'B':
            micros, self._transaction = struct.unpack('>qI', message[9:21])
            self._committed_at = POSTGRES_EPOCH + timedelta(microseconds=micros)
        elif kind == b'R':
            self._describe(Reader(message, 1))
        elif kind in OPERATIONS:
            yield self._change(OPERATIONS[kind], Reader(message, 1))

    def _describe(self, reader: Reader) -> None:
        oid, schema, name = reader.number('I'), reader.text() or 'pg_catalog', reader.text()
        reader.take(1)
        columns = []
        for _ in range(reader.number('H')):
            is_key = bool(reader.number('B') & 1)
            column_name, type_oid = reader.text(), reader.number('I')
            reader.take(4)
            columns.append(Column(column_name, type_oid, is_key))
        self._tables[oid] = Table(oid, schema, name, tuple(columns))

    def _change(self, operation: str, reader: Reader) -> Change:
        table = self._tables[reader.number('I')]
        old: dict[str, Any] = {}
        record = None
        if operation != 'INSERT' and reader.data[reader.position : reader.position + 1] in (b'K', b'O'):
            is_key_only = reader.take(1) == b'K'
            old = self._row(reader, table)
            if is_key_only:
                old = {name: old[name] for name in table.key}
        if operation != 'DELETE':
            reader.take(1)
            record = self._row(reader, table)
        if operation == 'UPDATE' and not old:
            assert record is not None
            old = {name: record[name] for name in table.key}
        return Change(operation, table, record, old, self._committed_at, self._transaction)

    def _row(self, reader: Reader, table: Table) -> dict[str, Any]:
        row: dict[str, Any] = {}
        reader.take(2)
        for column in table.columns:
            kind = reader.take(1)
            if kind == b'n':
                row[column.name] = None
            elif kind == b't':
                text = reader.take(reader.number('I')).decode()
                row[column.name] = PARSERS.get(column.type_oid, str)(text)
        return row
