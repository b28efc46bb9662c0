"""Runs all that a person needs to try the dashboard: `./dev run`. Rule: it leaves no process behind.

python -m devstack.run [--port 8080] [--no-bot] [--no-app] [--every SECONDS] [--dialogs N]
python -m devstack.run --reset      forgets the data
"""

import argparse
import shutil
import signal
import socket
import sys
import time
from pathlib import Path

from devstack import migrations
from devstack.demo import ACCOUNTS, Plan, is_loaded, load
from devstack.postgres import HOST, within_reach
from devstack.processes import Child, StartError
from devstack.stack import Stack, exit_on_signals

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / '.devstack'
APP_SECONDS = 60


def say(text: str) -> None:
    print(text, flush=True)


def options_of(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog='./dev run', description='Starts the dashboard on an embedded Supabase.')
    parser.add_argument('--port', type=int, default=8080, help='port of the dashboard (default: 8080)')
    parser.add_argument('--no-bot', action='store_true', help='without the stand-in bot: nobody writes')
    parser.add_argument('--no-app', action='store_true', help='without the dashboard: only what it works on')
    parser.add_argument('--every', type=float, default=2.5, help="seconds between two of the stand-in bot's lines")
    parser.add_argument('--dialogs', type=int, default=5000, help='size of the demo, at its first load')
    parser.add_argument('--home', type=Path, default=HOME, help='where the data lies (default: .devstack)')
    parser.add_argument('--reset', action='store_true', help='forgets the data and ends')
    return parser.parse_args(arguments)


def reset(home: Path) -> None:
    """Removes the data directory, unless a stack runs on it."""
    Stack(home).forget()
    for path in {home, within_reach(home)}:
        shutil.rmtree(path, ignore_errors=True)
    say('The embedded data is gone; the next start makes it anew.')


def prepare_data(stack: Stack, dialogs: int) -> None:
    """Says which migrations ran, and loads the demo on first use."""
    if stack.applied:
        say(f'Applied {len(stack.applied)} migration(s).')
    changed = migrations.changed_since_applied(stack.dsn)
    if changed:
        say(f'These migrations say something else than when they were applied here: {", ".join(changed)}.')
        say('Stop, then ./dev reset makes the data anew.')
    if not is_loaded(stack.dsn):
        say('Loading the demo salons ...')
        begun = time.monotonic()
        counts = load(stack.admin_dsn, stack.dsn, Plan(dialogs=dialogs), stack.secrets.demo_password)
        rows = f'{counts["conversation_sessions_v2"]:,} dialogs, {counts["recent_history_v2"]:,} messages'
        say(f'Loaded {rows} in {time.monotonic() - begun:.1f} s.')


def start_bot(stack: Stack, every: float, app_port: int) -> str:
    """The stand-in bot's address; it reports to the dashboard on `app_port`."""
    command = [sys.executable, '-m', 'devstack.bot', '--every', str(every)]
    env = stack.bot_environment(app_url=f'http://{HOST}:{app_port}')
    child = stack.processes.start('bot', command, env=env, cwd=ROOT)
    return f'http://{HOST}:{child.wait_ready(30)["port"]}'


def start_app(stack: Stack, bot_url: str, port: int) -> Child:
    """The dashboard, as a child whose output is ours."""
    env = stack.app_environment(bot_url=bot_url, port=port)
    command = [sys.executable, str(ROOT / 'main.py')]
    app = stack.processes.start('app', command, env=env, cwd=ROOT, announces=False, inherit_output=True)
    deadline = time.monotonic() + APP_SECONDS
    while app.is_running() and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return app
        time.sleep(0.1)
    raise StartError(f'the dashboard did not start (exit code {app.process.poll()})')


def start_jobs(stack: Stack, bot_url: str, port: int) -> Child:
    """The jobs on their schedules, without a Prefect server; what they say is in their log."""
    env = stack.app_environment(bot_url=bot_url, port=port)
    command = [sys.executable, '-m', 'jobs']
    return stack.processes.start('jobs', command, env=env, cwd=ROOT, announces=False)


def show_accounts(stack: Stack) -> None:
    say('')
    say('Sign in with one of these, password  ' + stack.secrets.demo_password)
    for email, first, last, role, _ in ACCOUNTS:
        say(f'    {email:24}{role:14}{first} {last}')
    say('')


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) != 0


def run(options: argparse.Namespace) -> int:
    """Starts everything, in order, and waits until it is told to end or a part ends by itself."""
    with_app = not options.no_app
    if with_app and not (ROOT / 'main.py').exists():
        say('main.py does not exist: starting without the dashboard.')
        with_app = False
    if with_app and not is_free(options.port):
        raise StartError(f'port {options.port} is taken: choose another one with --port')
    say('Starting PostgreSQL, the API and Realtime ...')
    with Stack(options.home) as stack:
        prepare_data(stack, options.dialogs)
        bot_url = 'http://127.0.0.1:9' if options.no_bot else start_bot(stack, options.every, options.port)
        if with_app:
            say('Starting the dashboard ...')
            start_app(stack, bot_url, options.port)
            start_jobs(stack, bot_url, options.port)
        show_accounts(stack)
        say(f'Dashboard   http://{HOST}:{options.port}' if with_app else f'Supabase    {stack.url}   key {stack.key}')
        say('Ctrl-C ends everything; ./dev reset forgets the data.')
        return wait(stack)


def wait(stack: Stack) -> int:
    """Until a child ends by itself, which no child should."""
    while True:
        for child in stack.processes.children:
            if not child.is_running():
                say(f'{child.log.stem} ended by itself (exit code {child.process.returncode}):')
                say(child.last_words())
                return 1
        time.sleep(0.5)


def main() -> int:
    options = options_of()
    exit_on_signals()
    try:
        if options.reset:
            reset(options.home)
            return 0
        return run(options)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        say('\nStopped.')
        return 130
    except StartError as error:
        say(f'\n{error}')
        return 1


if __name__ == '__main__':
    sys.exit(main())
