"""Checks at the start whether the Supabase project is set up as the code needs it.

Its one rule: each problem is one line that says what to do. What no waiting can heal ends the start; a project that
does not answer does not, because it may come back.

    python -m operations.checks         says what is wrong and ends with 1, or says that all is well
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import structlog

from config import settings
from live import BOT_TABLES, CANARY_TABLE, OWN_TABLES
from operations import logs
from tokens import SYSTEM

log = structlog.get_logger('checks')

MIGRATIONS = Path(__file__).resolve().parent.parent / 'supabase' / 'migrations'
PATIENCE_SECONDS = 3.0
ADVICE = {
    'unreachable': 'Supabase does not answer at SUPABASE_URL: check the address and whether the project is paused;'
    ' the dashboard starts anyhow and recovers by itself',
    'wrong_key': 'Supabase does not accept SUPABASE_KEY: copy the publishable key from Settings, API Keys',
    'wrong_secret': 'Supabase does not accept tokens signed with SUPABASE_JWT_SECRET: copy the JWT secret from'
    ' Settings, JWT Keys, or import the private key there',
    'not_exposed': 'the schema dashboard is not exposed: add it under Settings, API, Exposed schemas',
    'migrations_missing': 'the database lacks migrations of this version: run its supabase/apply.sh',
    'migrations_newer': 'the database has newer migrations than this version of the dashboard: deploy the newer image',
    'migrations_unknown': 'it is not recorded which migrations ran: if they were run by hand, record them with'
    ' supabase migration repair --status applied',
    'unpublished': 'Realtime does not tell of all tables, pages are refreshed by asking instead: run'
    ' alter publication supabase_realtime add table for each of them',
}
FATAL = {'wrong_key', 'wrong_secret', 'not_exposed', 'migrations_missing'}
SHUTTING_OUT = {'unreachable', 'wrong_key', 'wrong_secret', 'not_exposed'}
MIGRATION_WORDS = ('migrations_missing', 'migrations_newer', 'migrations_unknown')


class Problem(NamedTuple):
    """What is wrong: a word of ADVICE, and the migrations or tables that it is about."""

    word: str
    about: tuple[str, ...] = ()

    @property
    def is_fatal(self) -> bool:
        """Whether no waiting can heal it."""
        return self.word in FATAL

    @property
    def line(self) -> str:
        """What to do."""
        return ADVICE[self.word] + (f' ({", ".join(self.about)})' if self.about else '')


def needed() -> list[str]:
    """The versions of the migrations that this code came with."""
    return sorted(path.name.partition('_')[0] for path in MIGRATIONS.glob('*.sql'))


def tables() -> set[str]:
    """What the live feed listens to."""
    return {*(f'public.{name}' for name in BOT_TABLES), *(f'dashboard.{name}' for name in (*OWN_TABLES, CANARY_TABLE))}


async def look() -> list[Problem]:
    """Everything that is wrong with the project. Never raises."""
    key = settings().supabase_key.get_secret_value()
    headers = {'apikey': key, 'Authorization': f'Bearer {SYSTEM.token()}', 'Content-Profile': 'dashboard'}
    address = f'{settings().supabase_url}/rest/v1/rpc/readiness'
    try:
        async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as http:
            answer = await http.post(address, json={}, headers=headers)
            return of_answer(answer.status_code, answer.json())
    except (httpx.HTTPError, OSError, ValueError):
        return [Problem('unreachable')]


def of_answer(status: int, answer: Any) -> list[Problem]:
    """What an answer of the API says about the project."""
    if status == 200 and isinstance(answer, dict):
        return [*_of_versions(answer), *_of_publication(answer)]
    told = answer if isinstance(answer, dict) else {}
    code, text = str(told.get('code', '')), str(told.get('message', told.get('msg', ''))).lower()
    if code == 'PGRST106':
        return [Problem('not_exposed')]
    if code in {'PGRST202', '42883', '3F000', '22023', '42501'} or 'role "dashboard_app"' in text:
        return [Problem('migrations_missing')]
    if code in {'PGRST300', 'PGRST301', 'PGRST302', 'PGRST303', 'PT403'}:
        return [Problem('wrong_secret')]
    if status in {401, 403}:
        return [Problem('wrong_secret' if 'jw' in text else 'wrong_key')]
    return [Problem('unreachable')]


def _of_versions(answer: dict[str, Any]) -> list[Problem]:
    if answer['versions'] is None:
        return [Problem('migrations_unknown')]
    wanted = needed()
    missing = sorted(set(wanted) - set(answer['versions']))
    newer = [version for version in answer['ours'] if version > wanted[-1]]
    found = [Problem('migrations_missing', tuple(missing))] if missing else []
    return found + ([Problem('migrations_newer', tuple(newer))] if newer else [])


def _of_publication(answer: dict[str, Any]) -> list[Problem]:
    missing = sorted(tables() - set(answer['published']))
    return [Problem('unpublished', tuple(missing))] if missing else []


def must_pass() -> None:
    """Write a line for each problem, before an event loop runs. Raises SystemExit when one cannot heal by itself."""
    problems = asyncio.run(look())
    for problem in problems:
        (log.error if problem.is_fatal else log.warning)(problem.line, problem=problem.word)
    if any(problem.is_fatal for problem in problems):
        raise SystemExit(1)


def main() -> int:
    """The operator's command."""
    logs.set_up()
    problems = asyncio.run(look())
    for problem in problems:
        print(f'{"WRONG" if problem.is_fatal else "NOTE "}  {problem.line}')
    if not problems:
        print('The Supabase project is set up as this version needs it.')
    return 1 if problems else 0


if __name__ == '__main__':
    sys.exit(main())
