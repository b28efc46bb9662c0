"""Runs the jobs: `python -m jobs` all of them on their schedules, `python -m jobs metrics --once` one of them now.

Its one rule: one job at once needs neither Prefect nor a server, and its exit code says whether it was done.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable
from datetime import date
from functools import partial

import structlog

from config import settings
from data import DataError, pool
from jobs.clock import Clock, beat
from jobs.failures import SalonsFailed
from jobs.metrics_collector import collect_metrics
from jobs.schedule import JOBS
from jobs.server import Server
from operations import logs

DONE, NOT_DONE, WRONG_CALL = 0, 1, 2


def options_of(arguments: list[str]) -> argparse.Namespace:
    """What is asked for. Ends the process with 2 when that cannot be understood."""
    parser = argparse.ArgumentParser(prog='python -m jobs', description='Without a name: all jobs on their schedules.')
    parser.add_argument('name', nargs='?', choices=JOBS, help='one job')
    parser.add_argument('--once', action='store_true', help='do it now and end: 0 done, 1 not done')
    parser.add_argument('--from', dest='first', type=date.fromisoformat, metavar='DATE', help='metrics: the first day')
    parser.add_argument('--to', dest='last', type=date.fromisoformat, metavar='DATE', help='metrics: the last day')
    options = parser.parse_args(arguments)
    has_period = options.first is not None or options.last is not None
    if options.name and not (options.once or has_period):
        parser.error('say --once to run one job')
    if options.once and not options.name:
        parser.error('--once needs the name of a job')
    if has_period and (options.name != 'metrics' or not (options.first and options.last)):
        parser.error('--from and --to go together, and with metrics only')
    if has_period and not options.first <= options.last:
        parser.error('--from is later than --to')
    return options


async def _once(run: Callable[[], Awaitable[int]]) -> int:
    try:
        return await run()
    finally:
        await pool.close()


def run_once(name: str, run: Callable[[], Awaitable[int]]) -> int:
    """Do one job; the exit code."""
    try:
        number = asyncio.run(_once(run))
    except DataError as error:
        print(f'{name}: not done, {error!r}')
        if isinstance(error, SalonsFailed):
            print(f'{name}: failed for {", ".join(error.names)}')
        return NOT_DONE
    print(f'{name}: {number}')
    return DONE


async def serve() -> None:
    """All jobs on their schedules, until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    clock, address = Clock(JOBS.values()), settings().prefect_api_url
    structlog.get_logger().info('the jobs run', jobs=', '.join(JOBS), prefect=address or 'none')
    await clock.serve(stop, beat, *([Server(address, clock).serve] if address else []))
    await pool.close()


def main(arguments: list[str]) -> int:
    """Do what the arguments ask for; the exit code."""
    options = options_of(arguments)
    logs.set_up()
    logging.getLogger('httpx').setLevel(logging.WARNING)
    if options.first:
        return run_once('metrics', partial(collect_metrics, options.first, options.last))
    if options.name:
        return run_once(options.name, JOBS[options.name].run)
    from operations import checks  # it loads what one job alone does not need

    checks.must_pass()
    asyncio.run(serve())
    return DONE


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
