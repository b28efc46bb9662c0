"""The stack's PostgreSQL: what hosted Supabase promises about roles, and how tests look at it."""

import psycopg
import pytest

from devstack.demo.salons import SALON_A, SALON_B
from devstack.stack import Stack
from tests.conftest import AsRole, Connection


def test_postgres_is_no_superuser_but_may_create_roles(db: Connection) -> None:
    row = db.execute("select rolsuper, rolcreaterole, rolbypassrls from pg_roles where rolname = 'postgres'").fetchone()
    assert row == (False, True, True)


def test_every_migration_is_recorded_as_the_supabase_cli_does(db: Connection) -> None:
    rows = db.execute('select version, name, statements from supabase_migrations.schema_migrations').fetchall()
    assert rows
    assert all(version.isdigit() and name and statements for version, name, statements in rows)


def test_a_role_sees_its_own_salon_only(as_role: AsRole) -> None:
    with as_role(app_role='admin', tenant_id=SALON_A.id, sub='1') as db:
        seen = {str(row[0]) for row in db.execute('select distinct tenant_id from public.conversation_sessions_v2')}
    assert seen == {SALON_A.id}


def test_roles_end_with_their_block(as_role: AsRole, db: Connection) -> None:
    with as_role(app_role='admin', tenant_id=SALON_B.id, sub='1'):
        pass
    row = db.execute('select current_user, count(distinct tenant_id) from public.clients_v2').fetchone()
    assert row == ('postgres', 3)


def test_a_refused_statement_undoes_its_block_only(as_role: AsRole, db: Connection) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), as_role(app_role='admin', tenant_id=SALON_A.id) as other:
        other.execute('delete from public.clients_v2')
    assert db.execute('select count(*) > 0 from public.clients_v2').fetchone() == (True,)


def test_the_server_listens_on_the_loopback_address_only(stack: Stack) -> None:
    with psycopg.connect(stack.admin_dsn) as connection:
        assert connection.execute('show listen_addresses').fetchone() == ('127.0.0.1',)
        assert connection.execute('show unix_socket_directories').fetchone() == ('',)


def test_nobody_logs_in_without_the_password_of_this_data_directory(stack: Stack) -> None:
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(psycopg.conninfo.make_conninfo(stack.dsn, password='postgres'))
