"""Brings changes to subscriptions. Rule: it never waits for a socket; one that takes no messages is dropped."""

import asyncio
import logging
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import psycopg

from devstack.realtime.pgoutput import Change
from devstack.realtime.rules import Identity, Rules, Sight

BATCH = 500
COMMA = re.compile(r',(?![^()]*\))')
Fault = Literal['none', 'closed', 'mute', 'black_hole']
log = logging.getLogger(__name__)


class BadFilter(ValueError):
    """A subscription's filter that nobody can understand."""


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    'eq': lambda value, wanted: value == wanted,
    'neq': lambda value, wanted: value != wanted,
    'lt': lambda value, wanted: value < wanted,
    'lte': lambda value, wanted: value <= wanted,
    'gt': lambda value, wanted: value > wanted,
    'gte': lambda value, wanted: value >= wanted,
}


@dataclass(frozen=True)
class Filter:
    """`column=operator.value`, as in `tenant_id=eq.…`; a row without the column does not match."""

    column: str
    operator: str
    value: str

    @classmethod
    def parse(cls, text: str) -> 'Filter':
        column, equals, rest = text.partition('=')
        operator, dot, value = rest.partition('.')
        if not (column and equals and dot) or operator not in {*COMPARISONS, 'in'}:
            raise BadFilter(text)
        return cls(column, operator, value)

    @classmethod
    def parse_all(cls, text: str | None) -> tuple['Filter', ...]:
        """Several conditions, joined by commas outside brackets, must all hold."""
        return tuple(map(cls.parse, COMMA.split(text))) if text else ()

    def matches(self, row: dict[str, Any]) -> bool:
        value = row.get(self.column)
        if value is None:
            return False
        if self.operator == 'in':
            return any(self._compare('eq', value, part) for part in self.value.strip('()').split(','))
        return self._compare(self.operator, value, self.value)

    @staticmethod
    def _compare(operator: str, value: Any, wanted: str) -> bool:
        if isinstance(value, bool):
            return COMPARISONS[operator](str(value).lower(), wanted.lower())
        if isinstance(value, int | float):
            try:
                return COMPARISONS[operator](value, float(wanted))
            except ValueError:
                return False
        return COMPARISONS[operator](str(value), wanted.strip('"'))


@dataclass(frozen=True)
class Binding:
    """One `on_postgres_changes` of a channel."""

    id: int
    event: str
    schema: str
    table: str
    filters: tuple[Filter, ...]

    def wants(self, change: Change) -> bool:
        if self.event not in ('*', change.operation) or self.schema not in ('*', change.table.schema):
            return False
        return self.table in ('*', change.table.name) and all(part.matches(change.row) for part in self.filters)


class Socket(Protocol):
    """Where messages of a subscription go."""

    def send(self, topic: str, event: str, payload: dict[str, Any]) -> None: ...


@dataclass(eq=False)
class Subscription:
    """A joined channel: who joined, what is bound, where it goes."""

    topic: str
    socket: Socket
    bindings: list[Binding]
    claims: dict[str, Any] = field(default_factory=dict)

    @property
    def identity(self) -> Identity:
        return Identity.of(self.claims)

    def ids_for(self, change: Change) -> list[int]:
        return [binding.id for binding in self.bindings if binding.wants(change)]


class Hub:
    """Takes changes from the source, in order, and sends each to the subscriptions that want and may see it."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._changes: asyncio.Queue[Change] = asyncio.Queue()
        self.subscriptions: set[Subscription] = set()
        self.fault: Fault = 'none'

    def take(self, change: Change) -> None:
        self._changes.put_nowait(change)

    async def run(self) -> None:
        """Delivers for ever; a batch that fails is lost and logged, the next one is tried."""
        while True:
            batch = [await self._changes.get()]
            while not self._changes.empty() and len(batch) < BATCH:
                batch.append(self._changes.get_nowait())
            try:
                await self._deliver(batch)
            except psycopg.Error as error:
                log.warning('lost %d changes: %s', len(batch), error)

    async def _deliver(self, batch: list[Change]) -> None:
        if self.fault in ('mute', 'black_hole'):
            return
        await self._rules.until_visible({change.transaction for change in batch})
        sights = await self._sights(batch)
        for change in batch:
            for subscription in list(self.subscriptions):
                ids = subscription.ids_for(change)
                sight = sights.get((subscription.identity, change.table.oid))
                if ids and sight and sight.sees(change):
                    payload = {'ids': ids, 'data': self._data(change, sight)}
                    subscription.socket.send(subscription.topic, 'postgres_changes', payload)

    async def _sights(self, batch: list[Change]) -> dict[tuple[Identity, int], Sight]:
        """What each identity sees of each table, asked once for the whole batch."""
        wanted: dict[tuple[Identity, int], list[Change]] = defaultdict(list)
        identities = {subscription: subscription.identity for subscription in self.subscriptions}
        for change in batch:
            asking = {who for subscription, who in identities.items() if subscription.ids_for(change)}
            for identity in asking:
                wanted[identity, change.table.oid].append(change)
        return {
            (identity, oid): await self._rules.sight(identity, changes[-1].table, changes)
            for (identity, oid), changes in wanted.items()
        }

    @staticmethod
    def _data(change: Change, sight: Sight) -> dict[str, Any]:
        data: dict[str, Any] = {
            'schema': change.table.schema,
            'table': change.table.name,
            'type': change.operation,
            'commit_timestamp': change.committed_at.isoformat(timespec='milliseconds').replace('+00:00', 'Z'),
            'errors': None,
            'columns': [
                {'name': column.name, 'type': SHORT_TYPES.get(kind := sight.types.get(column.name, 'text'), kind)}
                for column in change.table.columns
                if column.name in sight.columns
            ],
        }
        if change.record is not None:
            data['record'] = sight.visible(change.record)
        if change.operation != 'INSERT':
            data['old_record'] = sight.visible(_old_of(change, sight))
        return data


def _old_of(change: Change, sight: Sight) -> dict[str, Any]:
    """With row-level security a deleted row shows its key only, even if the replica identity is full."""
    if change.operation == 'DELETE' and sight.keys is not None:
        return {name: change.old.get(name) for name in change.table.key}
    return change.old


# The client libraries expect the names of pg_type.
SHORT_TYPES = {
    'bigint': 'int8',
    'integer': 'int4',
    'smallint': 'int2',
    'boolean': 'bool',
    'double precision': 'float8',
    'real': 'float4',
    'timestamp with time zone': 'timestamptz',
    'timestamp without time zone': 'timestamp',
    'character varying': 'varchar',
}
