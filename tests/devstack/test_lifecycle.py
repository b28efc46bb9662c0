"""Starting and ending: nothing is left behind, nothing is lost."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from devstack.postgres import within_reach
from devstack.processes import Processes, start_time, wait_gone
from devstack.run import ROOT, reset
from devstack.stack import Stack

linux_only = pytest.mark.skipif(sys.platform != 'linux', reason='only Linux tells children that their parent died')


class Run:
    """`./dev run` without the dashboard, as a process of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        command = [sys.executable, '-m', 'devstack.run', '--no-app', '--every', '0.2', '--dialogs', '60']
        self.process = subprocess.Popen(
            [*command, '--home', str(home)], cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        self.output = ''

    def wait_until_it_says(self, text: str) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.output += line
            if text in line:
                return
        raise AssertionError(f'it ended without saying "{text}":\n{self.output}')

    def children(self) -> list[tuple[int, str]]:
        return [(pid, started) for pid, started in Processes(within_reach(self.home))._recorded()]

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        code = self.process.wait(20)
        assert self.process.stdout
        self.output += self.process.stdout.read()
        self.process.stdout.close()
        return code


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A data directory of its own, in a private folder that `nobody` cannot enter."""
    yield tmp_path / 'data'
    reset(tmp_path / 'data')


def count_clients(home: Path) -> int:
    with Stack(home) as stack, psycopg.connect(stack.dsn) as connection:
        row = connection.execute('select count(*) from public.clients_v2').fetchone()
    assert row
    return int(row[0])


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_asked_to_stop_it_ends_every_child_within_seconds(home: Path, number: signal.Signals) -> None:
    run = Run(home)
    run.wait_until_it_says('Ctrl-C')
    children = run.children()
    assert len(children) == 4
    begun = time.monotonic()
    assert run.end(number) == 130
    assert time.monotonic() - begun < 8
    assert [pid for pid, started in children if start_time(pid) == started] == []


@linux_only
def test_killed_it_leaves_no_process_and_the_next_start_has_the_data(home: Path) -> None:
    run = Run(home)
    run.wait_until_it_says('Ctrl-C')
    children = run.children()
    run.end(signal.SIGKILL)
    assert all(wait_gone(pid, started, 10) for pid, started in children)
    assert count_clients(home) >= 75


def test_what_a_crash_left_behind_is_ended_at_the_next_start(home: Path) -> None:
    with Stack(home) as stack:
        left = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])
        registry = stack.home / 'processes.json'
        registry.write_text(f'[[{left.pid}, "{start_time(left.pid)}"], [{os.getpid()}, "another start"]]')
        assert Processes(stack.home).end_stale() == 1
    assert left.wait(5) == -signal.SIGTERM


def test_a_second_start_makes_nothing_anew_and_keeps_its_secrets(home: Path) -> None:
    first = Run(home)
    first.wait_until_it_says('Ctrl-C')
    first.end(signal.SIGINT)
    second = Run(home)
    second.wait_until_it_says('Ctrl-C')
    second.end(signal.SIGINT)
    assert 'Loading the demo' in first.output
    assert 'Loading the demo' not in second.output
    assert re.findall(r'password  (\S+)', first.output) == re.findall(r'password  (\S+)', second.output)


def test_two_stacks_do_not_share_a_data_directory(home: Path) -> None:
    with Stack(home):
        run = Run(home)
        run.wait_until_it_says('another stack is running')
        assert run.process.wait(10) == 1
        assert run.process.stdout
        run.process.stdout.close()


def test_secrets_are_readable_by_their_owner_only(home: Path) -> None:
    stack = Stack(home)
    assert (stack.home / 'secrets.json').stat().st_mode & 0o077 == 0


def test_a_temporary_stack_takes_its_data_away(tmp_path: Path) -> None:
    with Stack.temporary() as stack:
        assert stack.home.exists()
    assert not stack.home.exists()
