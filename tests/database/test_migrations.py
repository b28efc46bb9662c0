"""The migrations: on an empty project, on the earlier Rails application's schema, twice in a row."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, LiteralString
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from devstack import migrations
from devstack.postgres import within_reach
from devstack.stack import Stack
from tests.conftest import Connection
from tests.database.odd_salon import OddSalon
from tests.database.plain_sql import PlainFigures

LEGACY_LEFT_ALONE = {
    'tenants', 'conversations', 'session_activities', 'schema_migrations', 'ar_internal_metadata',
    'solid_queue_jobs', 'solid_cache_entries',
}  # fmt: skip
SHAPE: LiteralString = """
select 'column', attrelid::regclass || '.' || attname, concat_ws(' ', format_type(atttypid, atttypmod), attnotnull,
    pg_get_expr(adbin, adrelid), attacl::text)
  from pg_attribute join pg_class c on c.oid = attrelid left join pg_attrdef on adrelid = attrelid and adnum = attnum
  where attnum > 0 and not attisdropped and relkind in ('r', 'v')
    and relnamespace in ('public'::regnamespace, 'dashboard'::regnamespace)
union all select 'table', oid::regclass::text, concat_ws(' ', relrowsecurity, relacl::text, reloptions::text)
  from pg_class
  where relnamespace in ('public'::regnamespace, 'dashboard'::regnamespace) and relkind in ('r', 'v')
union all select 'index', indexrelid::regclass::text, pg_get_indexdef(indexrelid) from pg_index join pg_class c
  on c.oid = indrelid where relnamespace in ('public'::regnamespace, 'dashboard'::regnamespace)
union all select 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) from pg_constraint
  where connamespace in ('public'::regnamespace, 'dashboard'::regnamespace)
union all select 'policy', tablename || '.' || policyname, concat_ws(' ', roles, cmd, qual, with_check) from pg_policies
union all select 'function', oid::regprocedure::text, concat_ws(' ', pg_get_functiondef(oid), proacl::text) from pg_proc
  where pronamespace = 'dashboard'::regnamespace
union all select 'trigger', tgrelid::regclass || '.' || tgname, pg_get_triggerdef(oid) from pg_trigger
  where not tgisinternal
union all select 'published', schemaname || '.' || tablename, '' from pg_publication_tables
order by 1, 2, 3
"""


class Project:
    """A cluster as a hosted project is before the first migration; each case gets a database of its own."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    def database(self, *, legacy: bool) -> str:
        """The address of a new database, for the role `postgres`."""
        name = f'case_{uuid4().hex[:8]}'
        with psycopg.connect(make_conninfo(self.stack.admin_dsn, dbname='template1'), autocommit=True) as connection:
            statement = sql.SQL('create database {} template postgres owner postgres').format(sql.Identifier(name))
            connection.execute(statement)
        dsn = make_conninfo(self.stack.dsn, dbname=name)
        if legacy:
            with psycopg.connect(dsn, autocommit=True) as connection:
                migrations.run_file(connection, migrations.SQL / 'legacy.sql')
        return dsn


@pytest.fixture(scope='module')
def project() -> Iterator[Project]:
    home = within_reach(Path(tempfile.mkdtemp(prefix='agent-p-migrations-')))
    stack = Stack(home, durable=False, throw_away=True)
    try:
        stack.postgres.initialise()
        stack.postgres.start(stack.processes)
        with psycopg.connect(stack.admin_dsn, autocommit=True) as connection:
            migrations.run_file(connection, migrations.SQL / 'roles.sql')
        stack.postgres.set_passwords()
        with psycopg.connect(stack.dsn, autocommit=True) as connection:
            migrations.run_file(connection, migrations.SQL / 'bot_tables.sql')
        yield Project(stack)
    finally:
        stack.stop()
        shutil.rmtree(home, ignore_errors=True)


def migrate(dsn: str) -> None:
    """Runs every file once more, whatever is recorded: as `postgres`, who is no superuser."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        is_superuser = connection.execute('select rolsuper from pg_roles where rolname = current_user').fetchone()
        assert is_superuser == (False,)
        for path in migrations.migration_files():
            migrations.run_file(connection, path)


@pytest.fixture(scope='module')
def empty(project: Project) -> str:
    """An empty project after the migrations."""
    dsn = project.database(legacy=False)
    migrate(dsn)
    return dsn


@pytest.fixture(scope='module')
def adopted(project: Project) -> str:
    """The earlier application's database after the migrations."""
    dsn = project.database(legacy=True)
    migrate(dsn)
    return dsn


@pytest.fixture(params=['empty', 'adopted'])
def migrated(request: pytest.FixtureRequest) -> Iterator[Connection]:
    """Both, one after the other; what a test changes is rolled back."""
    with psycopg.connect(request.getfixturevalue(request.param)) as connection:
        yield connection
        connection.rollback()


def contents(dsn: str, columns: dict[str, list[str]]) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of these tables, of these columns only, as text."""
    found = {}
    with psycopg.connect(dsn) as connection:
        for table, names in columns.items():
            fields = sql.SQL(', ').join(sql.SQL('{}::text').format(sql.Identifier(name)) for name in names)
            source = sql.SQL('.').join(map(sql.Identifier, table.split('.')))
            rows = connection.execute(sql.SQL('select {} from {}').format(fields, source)).fetchall()
            found[table] = sorted(rows, key=repr)
    return found


def columns_of(dsn: str) -> dict[str, list[str]]:
    """The tables of both schemas with their columns."""
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "select table_schema || '.' || table_name, array_agg(column_name::text order by ordinal_position)"
            " from information_schema.columns where table_schema in ('public', 'dashboard') group by 1"
        )
        return dict(rows.fetchall())


def shape(dsn: str) -> list[tuple[Any, ...]]:
    """Everything the migrations define, without the rows."""
    with psycopg.connect(dsn) as connection:
        return connection.execute(SHAPE).fetchall()


@pytest.mark.parametrize('legacy', [False, True])
def test_running_the_migrations_twice_changes_nothing(project: Project, legacy: bool) -> None:
    dsn = project.database(legacy=legacy)
    migrate(dsn)
    once, rows = shape(dsn), contents(dsn, columns_of(dsn))
    migrate(dsn)
    assert shape(dsn) == once
    assert contents(dsn, columns_of(dsn)) == rows


def test_no_row_and_no_value_of_the_earlier_application_is_lost(project: Project) -> None:
    dsn = project.database(legacy=True)
    columns = columns_of(dsn)
    before = contents(dsn, columns)
    migrate(dsn)
    assert contents(dsn, columns) == before
    assert sum(len(rows) for table, rows in before.items() if table.startswith('dashboard.')) > 20


def test_tables_of_the_earlier_application_that_are_not_adopted_are_left_alone(project: Project) -> None:
    dsn = project.database(legacy=True)
    parts = tuple(f'dashboard.{name}' for name in LEGACY_LEFT_ALONE)
    before = [row for row in shape(dsn) if row[1].startswith(parts)]
    migrate(dsn)
    assert [row for row in shape(dsn) if row[1].startswith(parts)] == before


def test_duplicate_days_are_kept_and_marked(adopted: str) -> None:
    with psycopg.connect(adopted) as connection:
        rows = connection.execute(
            'select tenant_id is null, array_agg(id order by id), array_agg(duplicate_of order by id)'
            " from dashboard.metrics_dailies where day = '2025-06-01' group by tenant_id order by 1"
        ).fetchall()
    assert [(marks[-1], set(marks[:-1])) for _, _, marks in rows] == [(None, {ids[-1]}) for _, ids, _ in rows]
    assert [len(ids) for _, ids, _ in rows] == [3, 2]


def test_of_e_mails_that_differ_by_case_the_oldest_signs_in(adopted: str) -> None:
    with psycopg.connect(adopted) as connection:
        groups = connection.execute(
            'select array_agg(id order by id), array_agg(duplicate_of order by id) from dashboard.users'
            ' group by lower(btrim(email)) having count(*) > 1'
        ).fetchall()
        system = '{"role": "dashboard_app", "app_role": "system"}'
        connection.execute("select set_config('request.jwt.claims', %s, true)", (system,))
        statement = (
            "select dashboard.begin_sign_in((select upper(email) || ' ' from dashboard.users where id = %s), '')"
        )
        found = [connection.execute(statement, (ids[-1],)).fetchone() for ids, _ in groups]
    assert groups
    assert all(marks == [None, *[ids[0]] * (len(ids) - 1)] for ids, marks in groups)
    assert [row and row[0]['user']['id'] for row in found] == [ids[0] for ids, _ in groups]


def test_a_second_user_with_the_same_e_mail_is_refused(migrated: Connection) -> None:
    migrated.execute("insert into dashboard.users (email) values ('one@demo.example')")
    with pytest.raises(psycopg.errors.UniqueViolation):
        migrated.execute("insert into dashboard.users (email) values (' ONE@demo.example')")


def test_the_earlier_application_can_still_write(adopted: str) -> None:
    with psycopg.connect(adopted) as connection:
        connection.execute(
            'insert into dashboard.users (email, encrypted_password, role, created_at, updated_at)'
            " values ('rails@demo.example', '$2a$x', 'manager', now(), now())"
        )
        connection.execute(
            'insert into dashboard.audits (user_id, action, metadata, created_at, updated_at)'
            " select id, 'login', '{}', now(), now() from dashboard.users where email = 'rails@demo.example'"
        )
        connection.execute(
            'insert into dashboard.metrics_dailies (day, created_at, updated_at) values (now(), now(), now())'
        )
        connection.rollback()


def test_figures_and_stored_days_are_right_on_either_schema(migrated: Connection) -> None:
    salon = OddSalon(migrated, seed=5)
    salon.fill(dialogs=80)
    assert salon.collect() > 100
    plain = PlainFigures(migrated, salon.id, salon.zone, salon.currency)
    first, last = salon.today - timedelta(days=60), salon.today - timedelta(days=12)
    migrated.execute("select set_config('request.jwt.claims', %s, true)",
                     (f'{{"app_role": "admin", "tenant_id": "{salon.id}"}}',))  # fmt: skip
    row = migrated.execute('select dashboard.overview(%s, %s)', (first, last)).fetchone()
    assert row
    expected = plain.figures(first, last)
    assert row[0]['freshness']['stored_days'] > 20
    for name in ('dialogs', 'bookings', 'cancelled', 'clients', 'new_clients', 'answered', 'paid_bookings'):
        assert row[0]['figures'][name] == expected[name], name


def test_file_names_follow_the_supabase_cli() -> None:
    names = [path.name for path in migrations.migration_files()]
    assert all(re.fullmatch(r'\d{14}_[a-z][a-z0-9_]*\.sql', name) for name in names)
    versions = [name.split('_')[0] for name in names]
    assert versions == sorted(set(versions))
    assert (migrations.ROOT / 'supabase' / 'config.toml').exists()


def test_migrations_need_no_extension(migrated: Connection) -> None:
    assert migrated.execute('select array_agg(extname::text) from pg_extension').fetchone() == (['plpgsql'],)
    assert not any('extension' in path.read_text().lower() for path in migrations.migration_files())


def test_no_function_is_open_to_everybody(migrated: Connection) -> None:
    rows = migrated.execute(
        "select p.oid::regprocedure::text from pg_proc p where pronamespace = 'dashboard'::regnamespace and"
        ' (proacl is null or exists (select from aclexplode(proacl)'
        " where grantee in (0, 'anon'::regrole, 'authenticated'::regrole)))"
    ).fetchall()
    assert rows == []


def test_every_function_sets_its_search_path(migrated: Connection) -> None:
    rows = migrated.execute(
        "select p.oid::regprocedure::text from pg_proc p where pronamespace = 'dashboard'::regnamespace"
        """ and not coalesce(proconfig, '{}') @> array['search_path=""']"""
    ).fetchall()
    assert rows == []


def test_every_table_is_protected_and_no_policy_is_for_others(migrated: Connection) -> None:
    tables = migrated.execute(
        "select relname from pg_class where relkind = 'r' and not relrowsecurity and relnamespace ="
        " 'dashboard'::regnamespace or relkind = 'r' and not relrowsecurity and relname like '%\\_v2'"
    )
    assert {row[0] for row in tables} <= LEGACY_LEFT_ALONE
    roles = migrated.execute("select distinct roles::text from pg_policies where schemaname in ('public', 'dashboard')")
    assert roles.fetchall() == [('{dashboard_app}',)]


def test_every_view_asks_under_the_callers_rights(migrated: Connection) -> None:
    rows = migrated.execute(
        "select relname from pg_class where relkind = 'v' and relnamespace = 'dashboard'::regnamespace"
        " and not coalesce(reloptions, '{}') @> array['security_invoker=true']"
    ).fetchall()
    assert rows == []


def test_the_dashboards_role_reaches_no_table_of_the_earlier_application(adopted: str) -> None:
    with psycopg.connect(adopted) as connection:
        for role in ('dashboard_app', 'anon', 'authenticated'):
            rows = connection.execute(
                'select t from unnest(%s::text[]) t where has_table_privilege(%s, t::regclass, %s)',
                ([f'dashboard.{name}' for name in LEGACY_LEFT_ALONE], role, 'select, insert, update, delete'),
            )
            assert rows.fetchall() == []


def test_the_dashboards_role_cannot_log_in_and_inherits_nothing(empty: str) -> None:
    with psycopg.connect(empty) as connection:
        row = connection.execute(
            'select rolcanlogin, rolsuper, rolbypassrls, rolcreaterole, rolinherit from pg_roles where rolname = %s',
            ('dashboard_app',),
        ).fetchone()
    assert row == (False,) * 5


def test_no_index_refuses_a_row_that_the_bot_writes(migrated: Connection) -> None:
    salon, long, varied = OddSalon(migrated), 'длинно' * 20_000, ' '.join(f'слово{n}' for n in range(20_000))
    for text in (long, varied):
        client = salon.client(full_name=text, phone=text, whatsapp_id=text)
        meta = {'service_id': text, 'staff_id': text, 'services_mentioned': [text], 'staff_name': text}
        session = salon.archive(client, salon.ago(days=2), booking_id=text, channel=text, meta=meta)
        salon.say(client, session, 'user', salon.ago(days=2), text)
        salon.insert('wishlist_v2', tenant_id=salon.id, user_id=client, item_type='slot', item_id=text, meta=meta)
    assert salon.collect(salon.today - timedelta(days=3)) == 3
