"""The embedded Supabase: PostgreSQL, the front door and the Realtime stand-in, started and stopped together.

Rule: whoever uses it sees one address and one key, as with a hosted project; the rest is for tests and tools.

    with Stack.temporary() as stack:        # tests: own data, free ports, nothing left afterwards
    with Stack(home=Path('.devstack')) as stack:        # ./dev run: the data stays
"""

import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import httpx
import jwt
import psycopg

from devstack import migrations
from devstack.faults import Faults
from devstack.node import node
from devstack.postgres import HOST, SUPERUSER, Postgres, binaries, end_left_over, free_port, within_reach
from devstack.processes import Child, Processes, StartError
from devstack.secrets_file import Secrets

FOLDER = Path(__file__).resolve().parent
MAX_ROWS = 1000
START_SECONDS = 30
FORGOTTEN_DAYS = 2
TEMPORARY = 'agent-p-stack-'


class Stack:
    """One running stack. Its attributes are set once it has started."""

    def __init__(self, home: Path, *, durable: bool = True, throw_away: bool = False) -> None:
        home = home if home.is_absolute() else home.absolute()
        home.mkdir(parents=True, exist_ok=True)
        self.home = within_reach(home)
        self.home.mkdir(parents=True, exist_ok=True)
        self.home.chmod(0o711)
        self.throw_away = throw_away
        self.secrets = Secrets.of(self.home)
        self.processes = Processes(self.home)
        self.postgres = Postgres(self.home, self.secrets, durable=durable)
        self.url = ''
        self.faults: Faults
        self.applied: list[str] = []
        self._lock: IO[str] | None = None
        self._front: Child | None = None
        self._port = 0
        self._realtime_port = 0

    @classmethod
    def temporary(cls) -> 'Stack':
        """A stack with its own copy of an initialised and migrated cluster; its data goes when it stops."""
        _forget_old(Path(tempfile.gettempdir()).glob(f'{TEMPORARY}*'))
        home = Path(tempfile.mkdtemp(prefix=TEMPORARY))
        home.chmod(0o711)
        home = within_reach(home)
        home.mkdir(parents=True, exist_ok=True)
        subprocess.run(['cp', '-a', f'{template()}/.', str(home)], check=True)
        return cls(home, durable=False, throw_away=True)

    # --- what the app needs to know

    @property
    def key(self) -> str:
        """The publishable key: what the client library takes beside the address."""
        return self.secrets.publishable_key

    @property
    def jwt_secret(self) -> str:
        return self.secrets.jwt_secret

    @property
    def dsn(self) -> str:
        """PostgreSQL as the role `postgres`, which like on hosted projects is no superuser."""
        return self.postgres.dsn('postgres')

    @property
    def admin_dsn(self) -> str:
        """PostgreSQL as its superuser."""
        return self.postgres.dsn(SUPERUSER)

    def app_environment(self, *, bot_url: str, port: int) -> dict[str, str]:
        """The settings that the dashboard takes from its environment."""
        return {
            'SUPABASE_URL': self.url,
            'SUPABASE_KEY': self.key,
            'SUPABASE_JWT_SECRET': self.jwt_secret,
            'STORAGE_SECRET': self.secrets.storage_secret,
            'BOT_URL': bot_url,
            'BOT_WEBHOOK_URL': f'{bot_url}/webhook',
            'BOT_WEBHOOK_SECRET': self.secrets.webhook_secret,
            'PUBLIC_URL': f'http://{HOST}:{port}',
            'HOST': HOST,
            'PORT': str(port),
        }

    def bot_environment(self, *, app_url: str) -> dict[str, str]:
        """What the stand-in bot takes from its environment."""
        return {
            'BOT_DSN': self.admin_dsn,
            'BOT_WEBHOOK_SECRET': self.secrets.webhook_secret,
            'BOT_CALLBACK_URL': f'{app_url}/api/bot/events',
        }

    def mint(self, claims: Mapping[str, Any], *, expires_in: int = 600) -> str:
        """A token signed as the app signs them; `expires_in` in seconds, negative for an expired one."""
        payload = {'role': 'dashboard_app', 'exp': int(time.time()) + expires_in, **claims}
        return jwt.encode(payload, self.jwt_secret, algorithm='HS256')

    # --- starting and stopping

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Starts everything; call it from a thread that lives as long as the stack (Linux ends children with it)."""
        with ExitStack() as undo:
            undo.callback(self.stop)
            self._take_lock()
            self.processes.end_stale()
            end_left_over(self.home)
            self.start_database()
            self.start_services()
            undo.pop_all()

    def start_database(self) -> None:
        """PostgreSQL with roles, bot tables and every migration that is not recorded yet."""
        is_new = not self.postgres.is_initialised
        if is_new:
            self.postgres.initialise()
        self.postgres.start(self.processes)
        if is_new:
            self._fill_new_cluster()
        self.applied = migrations.apply_pending(self.dsn)

    def _fill_new_cluster(self) -> None:
        with psycopg.connect(self.admin_dsn, autocommit=True) as connection:
            migrations.run_file(connection, migrations.SQL / 'roles.sql')
        self.postgres.set_passwords()
        self._run_node('provision')
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            migrations.run_file(connection, migrations.SQL / 'bot_tables.sql')

    def start_services(self) -> None:
        """The Realtime stand-in and, before it, the front door."""
        self._realtime_port = self._realtime_port or free_port()
        realtime = self._start_realtime()
        self._start_front()
        realtime.wait_ready(START_SECONDS)

    def _start_realtime(self) -> Child:
        settings = {
            'dsn': self.admin_dsn,
            'port': self._realtime_port,
            'jwt_secret': self.jwt_secret,
            'keys': {self.secrets.publishable_key: 'anon', self.secrets.secret_key: 'service_role'},
        }
        command = [sys.executable, '-m', 'devstack.realtime']
        env = {'DEVSTACK_REALTIME': json.dumps(settings)}
        return self.processes.start('realtime', command, env=env, cwd=FOLDER.parent)

    def _front_env(self) -> dict[str, str]:
        settings = {
            'port': self._port,
            'realtimePort': self._realtime_port,
            'restUrl': self.postgres.url('authenticator'),
            'ownerUrl': self.postgres.url('postgres'),
            'authUrl': self.postgres.url('supabase_auth_admin'),
            'jwtSecret': self.jwt_secret,
            'publishableKey': self.secrets.publishable_key,
            'secretKey': self.secrets.secret_key,
            'maxRows': MAX_ROWS,
        }
        return {'DEVSTACK_FRONT': json.dumps(settings), 'DO_NOT_TRACK': '1', 'NODE_ENV': 'production'}

    def _node_command(self, *arguments: str) -> list[str]:
        program = node()
        if program is None:
            raise StartError('Node >= 22 is missing: ./dev run and ./dev test fetch it')
        return [program, str(FOLDER / 'front' / 'server.mjs'), *arguments]

    def _run_node(self, *arguments: str) -> None:
        env = {**os.environ, **self._front_env()}
        done = subprocess.run(self._node_command(*arguments), env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise StartError(f'front door ({" ".join(arguments)}) failed:\n{done.stdout}{done.stderr}')

    def _start_front(self) -> None:
        self._front = self.processes.start('front', self._node_command(), env=self._front_env())
        ports = self._front.wait_ready(START_SECONDS)
        self._port = ports['port']
        self.url = f'http://{HOST}:{self._port}'
        self.faults = Faults(f'http://{HOST}:{ports["control"]}', f'http://{HOST}:{self._realtime_port}')

    def restart_front(self) -> None:
        """The API reads the schema once: after DDL in a test it must start anew (the address stays)."""
        assert self._front is not None
        self.processes.stop(self._front)
        self._start_front()

    def stop(self) -> None:
        """Ends every child, the database last, whatever is pressed meanwhile; temporary data goes too."""
        if threading.current_thread() is threading.main_thread():
            before = signal.signal(signal.SIGINT, signal.SIG_IGN)
            try:
                self._stop()
            finally:
                signal.signal(signal.SIGINT, before)
        else:
            self._stop()

    def _stop(self) -> None:
        self.processes.stop_all()
        if self._lock:
            self._lock.close()
            self._lock = None
        if self.throw_away:
            shutil.rmtree(self.home, ignore_errors=True)

    def forget(self) -> None:
        """Ends what an earlier run left behind, then lets go of the directory so that it may be removed."""
        self._take_lock()
        self.processes.end_stale()
        end_left_over(self.home)
        self.stop()

    def _take_lock(self) -> None:
        self._lock = (self.home / 'lock').open('w')
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            self._lock = None
            raise StartError(f'another stack is running on {self.home}') from None

    # --- Supabase Auth

    def create_auth_user(self, email: str, password: str, *, confirmed: bool = True) -> str:
        """Signs a user up with Supabase Auth and, if wanted, confirms the e-mail as its link would; the user's id."""
        answer = httpx.post(
            f'{self.url}/auth/v1/signup',
            json={'email': email, 'password': password},
            headers={'apikey': self.key},
            trust_env=False,
        ).raise_for_status()
        user_id = str(answer.json().get('user', answer.json())['id'])
        if confirmed:
            with psycopg.connect(self.admin_dsn, autocommit=True) as connection:
                connection.execute('update auth.users set email_confirmed_at = now() where id::text = %s', (user_id,))
        return user_id


def _fingerprint() -> str:
    files = [
        *migrations.migration_files(),
        *sorted(migrations.SQL.glob('*.sql')),
        *sorted((FOLDER / 'front').glob('*.mjs')),
        FOLDER / 'package-lock.json',
        FOLDER / 'postgres.py',
    ]
    digest = hashlib.sha256(str(binaries()).encode())
    for path in files:
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _templates() -> Path:
    place = Path(tempfile.gettempdir()) / f'agent-p-templates-{os.geteuid()}'
    place.mkdir(mode=0o711, exist_ok=True)
    if place.stat().st_uid != os.geteuid():
        raise StartError(f'{place} belongs to somebody else')
    place = within_reach(place)
    place.mkdir(mode=0o711, exist_ok=True)
    return place


def template() -> Path:
    """A stopped, initialised and migrated data directory for the present SQL files; made when there is none."""
    wanted = _templates() / _fingerprint()
    if not wanted.exists():
        _forget_old(wanted.parent.iterdir())
        partial = Path(tempfile.mkdtemp(prefix='making-', dir=wanted.parent))
        partial.chmod(0o711)
        stack = Stack(partial, durable=False)
        try:
            stack.start_database()
        finally:
            stack.stop()
        try:
            partial.rename(wanted)
        except OSError:
            shutil.rmtree(partial)
    return wanted


def _forget_old(paths: Iterable[Path]) -> None:
    """Removes what nobody touched for days: templates of older code, data of tests that were killed."""
    for path in paths:
        if path.stat().st_uid == os.geteuid() and path.stat().st_mtime < time.time() - FORGOTTEN_DAYS * 86400:
            shutil.rmtree(path, ignore_errors=True)


def exit_on_signals() -> None:
    """Turns SIGTERM and SIGHUP into an ordinary exit, so that `with` blocks end what they started."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(130))
