"""Builds the image without a Docker daemon, runs it against the embedded stack, signs in, and stops it.

    python -m tests.deploy.image [--base FOLDER] [--skip-jobs]

Needs root, buildah, debootstrap, and Docker's compose (the plugin, or docker-compose). The base image is made of Debian
packages and named as the Dockerfile names it. What the build must see of this machine (a package index on disk) is
mounted by BUILD_MOUNTS, as `FROM:TO:ro` separated by spaces. Each step prints what it did and how long it took.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from devstack.demo import Plan, load
from devstack.postgres import free_port
from devstack.stack import Stack

ROOT = Path(__file__).resolve().parent.parent.parent
BASE, IMAGE = 'docker.io/library/python:3.12-slim', 'localhost/agent-p-dashboard:latest'
PACKAGES = 'python3,python3-venv,python3-pip,python-is-python3,ca-certificates'
STOP_SECONDS = 10
USER = '10001:10001'


def run(*command: str, **options: str) -> str:
    """The output of a command that must succeed."""
    environment = os.environ | options
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f'{" ".join(command)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}')
    return done.stdout.strip()


@contextmanager
def step(name: str) -> Iterator[None]:
    """Say what is done and how long it took."""
    begun = time.monotonic()
    yield
    print(f'{time.monotonic() - begun:7.1f} s  {name}', flush=True)


class Builder:
    """buildah with its own storage, so that nothing of the machine's is touched."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self, *arguments: str) -> str:
        """The output of one buildah command."""
        place = ('--root', str(self._folder / 'store'), '--runroot', str(self._folder / 'run'))
        return run('buildah', '--storage-driver', 'vfs', *place, *arguments)

    def make_base(self, tree: Path | None) -> None:
        """The base image, from a folder or from Debian's packages."""
        if tree is None:
            tree = self._folder / 'base'
            run('debootstrap', '--variant=minbase', f'--include={PACKAGES}', 'bookworm', str(tree))
        container = self('from', 'scratch')
        self('add', container, str(tree), '/')
        self('commit', '-q', container, BASE)

    def build(self) -> None:
        """The image, as the Dockerfile says."""
        mounts = [part for mount in os.environ.get('BUILD_MOUNTS', '').split() for part in ('-v', mount)]
        self('build', '--isolation', 'chroot', '--format', 'docker', '--pull-never', *mounts, '-t', IMAGE, '.')

    def mount(self) -> Path:
        """The root file system of a container of the image."""
        return Path(self('mount', self('from', '--pull-never', IMAGE)))


class Container:
    """Processes in the image's root file system: as its user, with its environment, and with nothing else."""

    def __init__(self, root: Path) -> None:
        """Give it the devices that a container runtime gives."""
        self._root = root
        self._started: list[subprocess.Popen[bytes]] = []
        if not (root / 'dev' / 'urandom').exists():
            run('mknod', '-m', '666', str(root / 'dev' / 'urandom'), 'c', '1', '9')
        shared = root / 'dev' / 'shm'
        shared.mkdir(exist_ok=True)
        shared.chmod(0o1777)

    def start(self, environment: dict[str, str], *command: str) -> 'subprocess.Popen[bytes]':
        """One process; its output goes to ours."""
        image = {'PATH': '/opt/venv/bin:/usr/bin:/bin', 'HOME': '/tmp', 'LOG_FORMAT': 'json', 'DO_NOT_TRACK': '1',
                 'PREFECT_SERVER_ANALYTICS_ENABLED': 'false',
                 'PYTHONDONTWRITEBYTECODE': '1', 'NICEGUI_STORAGE_PATH': '/data/nicegui',
                 'PREFECT_HOME': '/tmp/prefect'}  # fmt: skip
        chroot = [
            shutil.which('chroot') or 'chroot',
            f'--userspec={USER}',
            str(self._root),
            'sh',
            '-c',
            'cd /app && exec "$@"',
            'sh',
        ]
        self._started.append(subprocess.Popen([*chroot, *command], env=image | environment))
        return self._started[-1]

    def end(self) -> None:
        """End what a failed step left running."""
        for process in self._started:
            if process.poll() is None:
                process.kill()
                process.wait()

    def written(self, since: float) -> list[str]:
        """Files outside of /data and /tmp that were written; on a read-only root file system none could be."""
        kept = {self._root / name for name in ('data', 'tmp', 'dev', 'proc')}
        found = []
        for folder, names, files in os.walk(self._root):
            names[:] = [name for name in names if Path(folder, name) not in kept]
            found += [str(Path(folder, name)) for name in files if Path(folder, name).lstat().st_mtime > since]
        return found


def stop(process: 'subprocess.Popen[bytes]', name: str) -> None:
    """End a process as Docker does; it may take ten seconds."""
    with step(f'{name} stopped'):
        process.terminate()
        process.wait(STOP_SECONDS)


def wait_for(url: str, process: 'subprocess.Popen[bytes]') -> httpx.Response:
    """The first good answer."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return httpx.get(url, trust_env=False).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.2)
    sys.exit(f'{url} does not answer')


def use(stack: Stack, url: str) -> None:
    """Sign in and read a page, by HTTP."""
    with httpx.Client(base_url=url, trust_env=False, headers={'accept': 'text/html'}) as http:
        form = {'email': 'owner@demo.salon', 'password': stack.secrets.demo_password}
        answer = http.post('/login', data=form)
        assert (answer.status_code, answer.headers['location']) == (303, '/'), answer.text
        assert '<html' in http.get('/').raise_for_status().text
        print('           /readyz:', http.get('/readyz').text)


def try_image(container: Container, stack: Stack, *, skip_jobs: bool) -> None:
    """Start what the compose file starts, use it, stop it."""
    load(stack.admin_dsn, stack.dsn, Plan(dialogs=300), stack.secrets.demo_password)
    port, prefect_port, begun = free_port(), free_port(), time.time()
    environment = stack.app_environment(bot_url='http://127.0.0.1:9', port=port)
    with step('dashboard up'):
        dashboard = container.start(environment, 'python', 'main.py')
        wait_for(f'http://127.0.0.1:{port}/healthz', dashboard)
    with step('health check of the image'):
        assert container.start({'PORT': str(port)}, 'python', '-m', 'operations.alive').wait(10) == 0
    with step('signed in'):
        use(stack, f'http://127.0.0.1:{port}')
    with step('one job, once'):
        assert container.start(environment, 'python', '-m', 'jobs', 'commands', '--once').wait(60) == 0
    with step('Prefect up'):
        start = ('prefect', 'server', 'start', '--host', '127.0.0.1', '--port', str(prefect_port))
        prefect = container.start({'PREFECT_HOME': '/data/prefect', 'PREFECT_SERVER_UI_ENABLED': 'false'}, *start)
        wait_for(f'http://127.0.0.1:{prefect_port}/api/health', prefect)
    if not skip_jobs:
        with step('jobs served for 10 s'):
            api = {'PREFECT_API_URL': f'http://127.0.0.1:{prefect_port}/api'}
            jobs = container.start(environment | api, 'python', '-m', 'jobs')
            time.sleep(10)
            assert jobs.poll() is None, 'python -m jobs has ended'
        with step('health check of the jobs'):
            assert container.start({}, 'python', '-m', 'operations.alive', 'jobs').wait(10) == 0
        stop(jobs, 'jobs')
    stop(prefect, 'Prefect')
    stop(dashboard, 'dashboard')
    assert container.written(begun) == [], 'the root file system could not be read-only'


def check_compose() -> None:
    """The compose file, as Docker reads it."""
    required = dict.fromkeys(
        ('SUPABASE_URL', 'SUPABASE_KEY', 'SUPABASE_JWT_SECRET', 'STORAGE_SECRET', 'PUBLIC_URL'), 'x'
    )
    asked = ['docker', 'compose', 'version']
    has_plugin = shutil.which('docker') and not subprocess.run(asked, capture_output=True, check=False).returncode
    command = ['docker', 'compose'] if has_plugin else ['docker-compose']
    run(*command, '--file', 'docker-compose.yml', 'config', '--quiet', **required)


def main() -> None:
    """Every step, in order; the first that fails ends it."""
    parser = argparse.ArgumentParser(prog='python -m tests.deploy.image')
    parser.add_argument('--base', type=Path, help='a root file system with Python, instead of debootstrap')
    parser.add_argument('--skip-jobs', action='store_true', help='without python -m jobs')
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix='agent-p-image-') as folder:
        builder = Builder(Path(folder))
        with step('hadolint'):
            run(str(Path(sys.executable).with_name('hadolint')), 'Dockerfile')
        with step('compose file'):
            check_compose()
        with step('base image'):
            builder.make_base(options.base)
        with step('image'):
            builder.build()
        container = Container(builder.mount())
        with Stack.temporary() as stack:
            try:
                try_image(container, stack, skip_jobs=options.skip_jobs)
            finally:
                container.end()
    print('All steps passed.')


if __name__ == '__main__':
    main()
