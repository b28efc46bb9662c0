"""docs/OPERATIONS.md against the code: whoever finds a line in the log, or a figure, finds it there."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from operations.telemetry import registry
from tests.operations.conftest import ROOT

TEXT = (ROOT / 'docs' / 'OPERATIONS.md').read_text()
LEVELS = {'debug', 'info', 'warning', 'error', 'exception', 'critical'}
OURS = ('jobs', 'operations', 'pages', 'components')


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
