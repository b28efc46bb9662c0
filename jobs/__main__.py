"""Runs a job from the command line: `python -m jobs commands --once`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any

from data import DataError
from jobs.commands import deliver_commands

JOBS: dict[str, Callable[[], Coroutine[Any, Any, int]]] = {'commands': deliver_commands}


def main(arguments: list[str]) -> int:
    """Run one job once; 0 when it went through, 1 when the data store was not to be had, 2 for a wrong call."""
    if len(arguments) != 2 or arguments[0] not in JOBS or arguments[1] != '--once':
        print(f'usage: python -m jobs {"|".join(JOBS)} --once')
        return 2
    try:
        number = asyncio.run(JOBS[arguments[0]]())
    except DataError as error:
        print(f'{arguments[0]}: not done, {error!r}')
        return 1
    print(f'{arguments[0]}: {number}')
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
