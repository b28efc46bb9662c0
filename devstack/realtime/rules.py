"""Who may see which change. Rule: the database decides, by reading the row again as the subscriber."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from devstack.realtime.pgoutput import Change, Table

Key = tuple[Any, ...]

COLUMNS = """
    select a.attname, has_column_privilege(%(role)s, a.attrelid, a.attnum, 'select'), c.relrowsecurity,
           format_type(a.atttypid, null)
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    where a.attrelid = %(table)s and a.attnum > 0 and not a.attisdropped
"""


VISIBLE = """
    select bool_and(pg_visible_in_snapshot(
        ((pg_snapshot_xmax(s)::text::bigint >> 32 << 32) | asked.id)::text::xid8, s))
    from unnest(%s::bigint[]) as asked(id), pg_current_snapshot() as s
"""


@dataclass(frozen=True)
class Identity:
    """A subscriber's role and claims, comparable so that equal ones are asked about once."""

    role: str
    claims: str

    @classmethod
    def of(cls, claims: dict[str, Any]) -> 'Identity':
        return cls(str(claims.get('role', 'anon')), json.dumps(claims, sort_keys=True))


@dataclass(frozen=True)
class Sight:
    """What one identity sees of one table in one batch of changes."""

    columns: frozenset[str]
    types: dict[str, str]
    keys: frozenset[Key] | None  # None: no row-level security, every row

    def sees(self, change: Change) -> bool:
        """DELETE goes to all who may read the key, whatever row-level security says: no row is left to ask about."""
        if not set(change.table.key) <= self.columns or not change.table.key:
            return False
        return change.operation == 'DELETE' or self.keys is None or key_of(change) in self.keys

    def visible(self, row: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in row.items() if name in self.columns}


def key_of(change: Change) -> Key:
    return tuple(str(change.row.get(name)) for name in change.table.key)


class Rules:
    """Asks the database through one connection of its own."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: psycopg.AsyncConnection[tuple[Any, ...]] | None = None

    async def _connected(self) -> psycopg.AsyncConnection[tuple[Any, ...]]:
        if self._connection is None or self._connection.closed:
            self._connection = await psycopg.AsyncConnection.connect(self._dsn, autocommit=True)
        return self._connection

    async def until_visible(self, transactions: set[int]) -> None:
        """Waits until new snapshots see these commits: the stream may bring one a moment before they do."""
        connection = await self._connected()
        for _attempt in range(500):
            row = await (await connection.execute(VISIBLE, [list(transactions)])).fetchone()
            if row and row[0]:
                return
            await asyncio.sleep(0.002)

    async def sight(self, identity: Identity, table: Table, changes: Iterable[Change]) -> Sight:
        """What `identity` may see of these changes of one table; nothing when its role does not exist."""
        try:
            return await self._sight(identity, table, changes)
        except (
            psycopg.errors.UndefinedObject,
            psycopg.errors.InsufficientPrivilege,
            psycopg.errors.InvalidParameterValue,
        ):
            return Sight(frozenset(), {}, frozenset())

    async def _sight(self, identity: Identity, table: Table, changes: Iterable[Change]) -> Sight:
        connection = await self._connected()
        cursor = await connection.execute(COLUMNS, {'role': identity.role, 'table': table.oid})
        rows = await cursor.fetchall()
        columns = frozenset(row[0] for row in rows if row[1])
        types = {row[0]: row[3] for row in rows}
        if not any(row[2] for row in rows):
            return Sight(columns, types, None)
        wanted = {key_of(change) for change in changes if change.operation != 'DELETE'}
        keys = await self._readable(identity, table, wanted, types) if wanted and set(table.key) <= columns else set()
        return Sight(columns, types, frozenset(keys))

    async def _readable(self, identity: Identity, table: Table, keys: set[Key], types: dict[str, str]) -> set[Key]:
        connection = await self._connected()
        async with connection.transaction():
            await connection.execute(
                "select set_config('request.jwt.claims', %s, true), set_config('role', %s, true)",
                (identity.claims, identity.role),
            )
            cursor = await connection.execute(
                self._query(table, types), [list(part) for part in zip(*keys, strict=True)]
            )
            return {tuple(row) for row in await cursor.fetchall()}

    def _query(self, table: Table, types: dict[str, str]) -> sql.Composed:
        names = [sql.Identifier(name) for name in table.key]
        asked = [sql.Identifier(f'asked_{number}') for number, _ in enumerate(names)]
        match = [
            sql.SQL('t.{} = k.{}::{}').format(name, ask, sql.SQL(types[column]))
            for name, ask, column in zip(names, asked, table.key, strict=True)
        ]
        return sql.SQL('select {} from unnest({}) as k({}) join {} t on {}').format(
            sql.SQL(', ').join(sql.SQL('k.{}').format(ask) for ask in asked),
            sql.SQL(', ').join([sql.SQL('%s::text[]')] * len(names)),
            sql.SQL(', ').join(asked),
            sql.Identifier(table.schema, table.name),
            sql.SQL(' and ').join(match),
        )
