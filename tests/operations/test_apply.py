"""supabase/apply.sh on a project whose record holds the bot's migrations too."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from devstack.postgres import binaries
from devstack.stack import Stack
from tests.operations.conftest import ROOT

BOTS = ('20990101000000', ['create table public.of_the_bot ()'], 'of_the_bot')
RECORD = 'supabase_migrations.schema_migrations'


@pytest.fixture
def project(stack: Stack) -> Iterator[str]:
    """The address of a database with a newer migration of the bot on record and none of ours."""
    name = f'apply_{uuid4().hex[:8]}'
    admin = make_conninfo(stack.admin_dsn, dbname='template1')
    named = sql.Identifier(name)
    with psycopg.connect(admin, autocommit=True) as db:
        db.execute(sql.SQL('create database {} owner postgres').format(named))
    with psycopg.connect(make_conninfo(stack.dsn, dbname=name), autocommit=True) as db:
        db.execute('create schema supabase_migrations')
        db.execute(f'create table {RECORD} (version text primary key, statements text[], name text)'.encode())
        db.execute(f'insert into {RECORD} values (%s, %s, %s)'.encode(), BOTS)
    yield stack.postgres.url('postgres').rpartition('/')[0] + f'/{name}'
    with psycopg.connect(admin, autocommit=True) as db:
        db.execute(sql.SQL('drop database {} with (force)').format(named))


def apply(address: str, script: Path) -> 'subprocess.CompletedProcess[str]':
    environment = os.environ | {'DATABASE_URL': address, 'PATH': f'{binaries()}:{os.environ["PATH"]}'}
    return subprocess.run([str(script)], env=environment, capture_output=True, text=True, timeout=60, check=False)


def checkout(folder: Path, **files: str) -> Path:
    """The script beside these migrations."""
    (folder / 'migrations').mkdir()
    for name, text in files.items():
        (folder / 'migrations' / f'{name[1:]}.sql').write_text(text)
    return Path(shutil.copy(ROOT / 'supabase' / 'apply.sh', folder))


def test_it_runs_and_records_what_is_missing_and_leaves_the_bots_line_alone(project: str, tmp_path: Path) -> None:
    one, two = 'create schema dashboard;\n', "create table dashboard.t as select 'it''s \\d' as a;\n"
    script = checkout(tmp_path, _20260101000000_make_schema=one, _20260102000000_make_t=two)
    first, again = apply(project, script), apply(project, script)
    assert (first.returncode, first.stderr, len(first.stdout.splitlines())) == (0, '', 2)
    assert (again.returncode, again.stdout) == (0, '')
    with psycopg.connect(project) as db:
        assert db.execute(f'select version, statements, name from {RECORD} order by 1'.encode()).fetchall() == [
            ('20260101000000', [one.strip()], 'make_schema'), ('20260102000000', [two.strip()], 'make_t'), BOTS,
        ]  # fmt: skip


def test_what_fails_leaves_nothing_and_can_be_run_again(project: str, tmp_path: Path) -> None:
    a, b, c = (f'create table public.{name} ();' for name in 'abc')
    script = checkout(tmp_path, _20260101000000_a=a, _20260102000000_b=f'{b} x;', _20260103000000_c=c)
    assert apply(project, script).returncode != 0
    with psycopg.connect(project) as db:
        recorded = db.execute(f'select version from {RECORD} order by 1'.encode()).fetchall()
        assert recorded == [('20260101000000',), BOTS[:1]]
        assert db.execute("select to_regclass('public.b'), to_regclass('public.c')").fetchone() == (None, None)
    (tmp_path / 'migrations' / '20260102000000_b.sql').write_text(b)
    assert apply(project, script).stdout.splitlines() == ['20260102000000_b.sql', '20260103000000_c.sql']


def test_it_finds_nothing_to_do_where_all_of_ours_are_on_record(stack: Stack) -> None:
    done = apply(stack.postgres.url('postgres'), ROOT / 'supabase' / 'apply.sh')
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
