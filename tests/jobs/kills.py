"""Ends a command in the middle of whatever it does, again and again, at moments that a seed decides.

Rule: it is the command itself, as an operator starts it, and SIGKILL: nothing of it gets a chance to tidy up.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
KILLS = int(os.environ.get('KILLS', '0'))
"""How often tests kill, where they are told to; else each decides for itself."""
LONGEST_SECONDS = 60.0
_started: list[subprocess.Popen[str]] = []


def start(*arguments: str, environment: Mapping[str, str]) -> subprocess.Popen[str]:
    """`python -m jobs` with these arguments, not waited for."""
    command = [sys.executable, '-m', 'jobs', *arguments]
    kept = {name: value for name, value in os.environ.items() if name != 'PYTEST_CURRENT_TEST'}
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=kept | {'LOG_FORMAT': 'text'} | dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    _started.append(process)
    return process


def end_all() -> None:
    """Kill whatever was started and still runs: after a test that failed, it would do the next one's work."""
    while _started:
        process = _started.pop()
        if process.poll() is None:
            process.kill()
            process.communicate()


def carry_out(*arguments: str, environment: Mapping[str, str]) -> tuple[int, str]:
    """The same to its end: exit code and output."""
    process = start(*arguments, environment=environment)
    output, _nothing = process.communicate(timeout=LONGEST_SECONDS)
    return process.returncode, output


def kill_again_and_again(
    *arguments: str,
    environment: Mapping[str, str],
    times: int,
    seed: int,
    prepare: Callable[[], None],
    earliest: float = 0.5,
) -> list[float]:
    """Kill the command so many times, after a random part of what it takes when it is left alone.

    `prepare` gives it something to do before each start; nothing is killed before `earliest` (0..1) of that time, in
    which Python loads what it needs. Runs that were through do not count, and tell how long it takes. Answers with the
    parts after which it was killed.
    """
    chance, parts = random.Random(f'kills {seed}'), list[float]()
    typical = LONGEST_SECONDS
    while len(parts) < times:
        prepare()
        part = chance.uniform(earliest, 1)
        began = time.monotonic()
        process = start(*arguments, environment=environment)
        try:
            output, _nothing = process.communicate(timeout=part * typical)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            parts.append(part)
        else:
            assert process.returncode == 0, output
            typical = min(typical, time.monotonic() - began)
    return parts
