"""Loads the demo into a stack's database. Rule: all or nothing, in one transaction.

The load carries a replication origin, which the Realtime stand-in skips: nobody is told of 40,000 demo rows.
Foreign keys are not checked row by row (the generator keeps them), and the bot's secondary indexes of a big load are
built once at its end.
"""

import time
from collections import Counter
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from devstack.demo.accounts import create_accounts
from devstack.demo.generate import Generator, Plan
from devstack.demo.rows import COLUMNS
from devstack.demo.salons import SALONS, Salon

ORIGIN = 'demo'
BIG = 20_000
BROADCASTS = Path(__file__).with_name('broadcasts.sql')
IDENTITIES = (
    'conversation_sessions_v2',
    'recent_history_v2',
    'wishlist_v2',
    'user_ltm_v2',
    'agent_trajectories_v2',
)
SECONDARY_INDEXES = """
    select i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
    from pg_index i
    where i.indrelid in ('public.conversation_sessions_v2'::regclass, 'public.recent_history_v2'::regclass)
      and not i.indisprimary and not i.indisunique
"""


def load(admin_dsn: str, owner_dsn: str, plan: Plan, password: str) -> dict[str, int]:
    """Fills an empty database; how many rows each of the bot's tables got."""
    with psycopg.connect(admin_dsn) as connection:
        _prepare(connection)
        indexes = _drop_indexes(connection) if plan.dialogs > BIG else []
        counts = _copy(connection, plan)
        for definition in indexes:
            connection.execute(definition)
        _restart_identities(connection)
        create_accounts(connection, password)
        _make_broadcasts(connection)
        connection.execute('select pg_replication_origin_session_reset()')
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        connection.execute(f'analyze {", ".join(COLUMNS)}')
        collect_metrics(connection, plan)
    return counts


def is_loaded(dsn: str) -> bool:
    with psycopg.connect(dsn) as connection:
        row = connection.execute('select exists (select from public.tenants_v2)').fetchone()
    return bool(row and row[0])


def _prepare(connection: psycopg.Connection[Any]) -> None:
    connection.execute('select pg_replication_origin_create(%s) where not exists'
                       ' (select from pg_replication_origin where roname = %s)', (ORIGIN, ORIGIN))  # fmt: skip
    connection.execute('select pg_replication_origin_session_setup(%s)', (ORIGIN,))
    connection.execute('set local session_replication_role = replica')
    connection.execute("set local maintenance_work_mem = '512MB'")


def _drop_indexes(connection: psycopg.Connection[Any]) -> list[str]:
    found = connection.execute(SECONDARY_INDEXES).fetchall()
    for name, _ in found:
        connection.execute(f'drop index {name}')
    return [definition for _, definition in found]


def _copy(connection: psycopg.Connection[Any], plan: Plan) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for table, text in Generator(plan).chunks():
        columns = sql.SQL(', ').join(map(sql.Identifier, COLUMNS[table].split()))
        statement = sql.SQL('copy {} ({}) from stdin').format(sql.Identifier('public', table), columns)
        with connection.cursor().copy(statement) as copy:
            copy.write(text)
        counts[table] += text.count('\n')
    return dict(counts)


def _restart_identities(connection: psycopg.Connection[Any]) -> None:
    for table in IDENTITIES:
        connection.execute(
            sql.SQL(
                "select setval(pg_get_serial_sequence({}, 'id'), (select coalesce(max(id), 0) + 1 from {}), false)"
            ).format(sql.Literal(f'public.{table}'), sql.Identifier('public', table))
        )


def _make_broadcasts(connection: psycopg.Connection[Any]) -> None:
    if not connection.execute("select to_regclass('dashboard.broadcasts')").fetchone()[0]:  # type: ignore[index]
        return
    for statement in BROADCASTS.read_text().split(';\n\n'):
        connection.execute(statement.encode(), {'salon': SALONS[0].id})


def collect_metrics(connection: psycopg.Connection[Any], plan: Plan) -> None:
    """What the nightly job would have stored by now: every complete day of each salon."""
    if not connection.execute("select to_regprocedure('dashboard.collect_metrics(uuid, date, date)')").fetchone()[0]:  # type: ignore[index]
        return
    for salon in SALONS:
        _collect(connection, salon, plan)


def _collect(connection: psycopg.Connection[Any], salon: Salon, plan: Plan) -> None:
    connection.execute(
        'select dashboard.collect_metrics(%(salon)s,'
        ' ((%(now)s - make_interval(days => %(days)s)) at time zone %(zone)s)::date,'
        ' (%(now)s at time zone %(zone)s)::date - 1)',
        {'salon': salon.id, 'now': plan.now, 'days': plan.history, 'zone': salon.timezone},
    )


def main() -> None:
    """Times a load into a throw-away stack: python -m devstack.demo.load [DIALOGS]."""
    import sys

    from devstack.stack import Stack

    plan = Plan(dialogs=int(sys.argv[1]) if len(sys.argv) > 1 else 5000)
    with Stack.temporary() as stack:
        start = time.perf_counter()
        counts = load(stack.admin_dsn, stack.dsn, plan, 'no-such-password')
        print(f'{time.perf_counter() - start:.2f} s for {plan.history} days: {counts}')


if __name__ == '__main__':
    main()
