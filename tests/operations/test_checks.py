"""The checks at the start: each thing that is set up wrongly is one line that says what to do."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from config import settings
from devstack.migrations import migration_files
from devstack.stack import Stack
from operations import checks
from operations.checks import Problem, look, of_answer
from tests.operations.conftest import ROOT, environment_of, running


@pytest.fixture
def project(app_environment: Stack) -> Stack:
    settings.cache_clear()
    return app_environment


async def test_a_project_that_is_set_up_has_no_problem(project: Stack) -> None:
    assert await look() == []


def test_the_code_needs_the_migrations_that_it_came_with() -> None:
    assert checks.needed() == [path.stem.partition('_')[0] for path in migration_files()]


async def test_missing_and_newer_migrations_are_named(project: Stack) -> None:
    table = 'supabase_migrations.schema_migrations'
    with psycopg.connect(project.dsn, autocommit=True) as db:
        row = db.execute(f'delete from {table} where version = %s returning *', ('20261101000200',)).fetchone()
        assert row
        newer = (
            "('29990101000000', '{create table dashboard.x ()}', 'a'),"
            " ('29990101000001', '{create table public.y ()}', 'b')"
        )
        db.execute(f'insert into {table} (version, statements, name) values {newer}'.encode())
        try:
            found = await look()
        finally:
            db.execute(f"delete from {table} where version like '2999%'".encode())
            db.execute(f'insert into {table} values (%s, %s, %s)', row)
    assert found == [
        Problem('migrations_missing', ('20261101000200',)),
        Problem('migrations_newer', ('29990101000000',)),
    ], 'migrations of others do not count'
    assert [problem.is_fatal for problem in found] == [True, False]


async def test_a_table_that_realtime_does_not_tell_of_is_named(project: Stack) -> None:
    with psycopg.connect(project.dsn, autocommit=True) as db:
        db.execute('alter publication supabase_realtime drop table dashboard.audits')
        try:
            found = await look()
        finally:
            db.execute('alter publication supabase_realtime add table dashboard.audits')
    assert found == [Problem('unpublished', ('dashboard.audits',))]


@pytest.mark.parametrize(
    ('status', 'answer', 'word'),
    [
        (406, {'code': 'PGRST106', 'message': 'The schema must be one of the following: public'}, 'not_exposed'),
        (404, {'code': 'PGRST202', 'message': 'Could not find the function dashboard.readiness'}, 'migrations_missing'),
        (400, {'code': '22023', 'message': 'role "dashboard_app" does not exist'}, 'migrations_missing'),
        (401, {'code': '42501', 'message': 'permission denied to set role "dashboard_app"'}, 'migrations_missing'),
        (401, {'code': 'PGRST301', 'message': 'JWSError JWSInvalidSignature'}, 'wrong_secret'),
        (401, {'message': 'Invalid API key', 'hint': 'Double check your Supabase `anon` key'}, 'wrong_key'),
        (401, {'msg': 'Unauthorized'}, 'wrong_key'),
        (540, {'message': 'Project paused'}, 'unreachable'),
        (503, {'code': 'PGRST002', 'message': 'Could not query the database for the schema cache'}, 'unreachable'),
        (200, 'not what was asked for', 'unreachable'),
    ],
)
def test_what_the_api_answers_is_understood(status: int, answer: object, word: str) -> None:
    assert of_answer(status, answer) == [Problem(word)]


def test_every_problem_has_a_line_that_says_what_to_do() -> None:
    assert all(Problem(word).line for word in checks.ADVICE)
    assert checks.FATAL | checks.SHUTTING_OUT | set(checks.MIGRATION_WORDS) <= set(checks.ADVICE)


@pytest.mark.parametrize(
    ('changes', 'word'),
    [
        ({'SUPABASE_KEY': 'sb_publishable_wrong_wrong'}, 'wrong_key'),
        ({'SUPABASE_JWT_SECRET': 'w' * 40}, 'wrong_secret'),
    ],
)
def test_what_cannot_heal_ends_the_start_with_one_line(
    stack: Stack, tmp_path: Path, changes: dict[str, str], word: str
) -> None:
    environment = environment_of(stack, **changes, NICEGUI_STORAGE_PATH=str(tmp_path))
    done = subprocess.run([sys.executable, 'main.py'], cwd=ROOT, env=environment, capture_output=True, text=True,
                          timeout=60, check=False)  # fmt: skip
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert f'"problem": "{word}"' in line
    assert checks.ADVICE[word] in line


def test_a_project_that_does_not_answer_does_not_keep_the_dashboard_from_starting(stack: Stack, tmp_path: Path) -> None:
    with running(environment_of(stack, SUPABASE_URL='http://127.0.0.1:9'), tmp_path) as process:
        assert process.http.get('/readyz').status_code == 503
        assert checks.ADVICE['unreachable'] in process.log


def test_the_operators_command_says_what_is_wrong(stack: Stack) -> None:
    for changes, code, text in (({}, 0, 'is set up'), ({'SUPABASE_KEY': 'sb_publishable_wrong_wrong'}, 1, 'WRONG')):
        done = subprocess.run([sys.executable, '-m', 'operations.checks'], cwd=ROOT, capture_output=True, text=True,
                              env=environment_of(stack, **changes), timeout=60, check=False)  # fmt: skip
        assert (done.returncode, text in done.stdout) == (code, True), done.stderr
