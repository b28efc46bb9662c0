"""docs/OPERATIONS.md against the code: whoever finds a line in the log, or a figure, finds it there."""

import ast
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString
from uuid import uuid4

from devstack.demo.salons import SALON_A
from operations.telemetry import registry
from tests.conftest import AsRole, Connection
from tests.operations.conftest import ROOT

TEXT = (ROOT / 'docs' / 'OPERATIONS.md').read_text()
LEVELS = {'debug', 'info', 'warning', 'error', 'exception', 'critical'}
OURS = ('jobs', 'operations', 'pages', 'components')
# A message of a broadcast that is due.
UNDER_WAY: tuple[LiteralString, ...] = (
    'insert into dashboard.broadcasts (id, tenant_id, name, text, status, sent_at)'
    " values (%(broadcast)s, %(salon)s, 'a', 'a', 'running', now())",
    'insert into dashboard.bot_commands (id, key, tenant_id, client_id, type, data) values (%(command)s, %(command)s,'
    " %(salon)s, %(client)s, 'broadcast.message', jsonb_build_object('broadcast_id', %(broadcast)s::uuid))",
    'insert into dashboard.broadcast_recipients (broadcast_id, client_id, tenant_id, place, status, due_at, command_id)'
    " values (%(broadcast)s, %(client)s, %(salon)s, 1, 'sending', now(), %(command)s)",
)


def said(path: Path) -> Iterator[str]:
    """The events that a module writes to the log."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Call(func=ast.Attribute(value=logger, attr=level), args=[event, *_]):
                if level in LEVELS and 'log' in ast.unparse(logger).lower():
                    yield str(ast.literal_eval(event))


def test_every_line_of_the_log_is_explained() -> None:
    paths = [*ROOT.glob('*.py'), *(path for layer in OURS for path in (ROOT / layer).rglob('*.py'))]
    lines = {line for path in paths for line in said(path)}
    rows = '\n'.join(row.split('|')[1] for row in TEXT.splitlines() if row.startswith('|'))
    explained = set(re.findall(r'`([^`]+)`', rows))
    assert {'the jobs run', 'job failed', 'command not taken', 'the process ends'} <= lines, 'they are found'
    assert lines - explained == set()
    assert any(line.startswith('problem: ') for line in explained), 'what operations.checks says'


def test_every_figure_worth_watching_exists() -> None:
    known = {sample for family in registry.collect() for sample in (family.name, f'{family.name}_total')}
    assert set(re.findall(r'dashboard_[a-z_]*[a-z]', TEXT)) - {'dashboard_app'} <= known
    assert 'dashboard_broadcasts' in TEXT


def test_after_a_restore_nothing_goes_out_once_its_statements_ran(db: Connection, as_role: AsRole) -> None:
    restore = TEXT.partition('## Backup and restore')[2].partition('\n## ')[0]
    pause, look, give_up = map(textwrap.dedent, re.findall(r'```sql\n(.*?)```', restore, re.DOTALL))
    db.execute('delete from dashboard.bot_commands where status = %s', ('queued',))
    client = db.execute('select id from public.clients_v2 where tenant_id = %s limit 1', (SALON_A.id,)).fetchone()
    assert client
    ids = {'salon': SALON_A.id, 'client': client[0], 'broadcast': uuid4(), 'command': uuid4()}
    for statement in UNDER_WAY:
        db.execute(statement, ids)
    db.execute(pause.encode())
    assert db.execute(look.encode()).fetchall()[0][0] == ids['command']
    db.execute(give_up.encode())
    assert db.execute(look.encode()).fetchall() == []
    with as_role(app_role='system') as system:
        assert system.execute("select dashboard.release_broadcasts() ->> 'released'").fetchone() == ('0',)
        assert system.execute('select dashboard.claim_commands(200)').fetchone() == ([],)
    ends = 'select b.status, r.status, r.reason from dashboard.broadcasts b join dashboard.broadcast_recipients r'
    left = db.execute(f'{ends} on r.broadcast_id = b.id where b.id = %(broadcast)s'.encode(), ids).fetchone()
    assert left == ('paused', 'failed', 'not_taken'), 'people decide anew'
