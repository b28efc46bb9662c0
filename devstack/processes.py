"""Child processes that never outlive the stack. Rule: only processes that this data directory started are ever ended.

On Linux each child dies with its parent, even on SIGKILL (see launch.py). Elsewhere, and for whatever still
slips through, the data directory keeps a list of pids with their start times; the next start ends those.
"""

import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any

LAUNCHER = Path(__file__).with_name('launch.py')


class StartError(RuntimeError):
    """A part of the stack did not start; the message holds the end of its log."""


def start_time(pid: int) -> str | None:
    """When the process started, as an opaque text, or None when there is no such process."""
    stat = Path(f'/proc/{pid}/stat')
    if Path('/proc/self/stat').exists():
        try:
            fields = stat.read_text().rpartition(')')[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] == 'Z' else fields[19]
    found = subprocess.run(['ps', '-o', 'lstart=', '-p', str(pid)], capture_output=True, text=True, check=False)
    return found.stdout.strip() or None


def wait_gone(pid: int, started: str | None, seconds: float) -> bool:
    """Waits until the process that started then is gone; False when it is still there."""
    deadline = time.monotonic() + seconds
    while started is not None and start_time(pid) == started:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


class Child:
    """One running child: its log, and the line it writes when it is ready."""

    def __init__(
        self, process: 'subprocess.Popen[bytes]', log: Path, stop_signal: int, ready: IO[bytes] | None
    ) -> None:
        self.process = process
        self.log = log
        self.stop_signal = stop_signal
        self.ready = ready

    @property
    def pid(self) -> int:
        return self.process.pid

    def is_running(self) -> bool:
        return self.process.poll() is None

    def wait_ready(self, seconds: float) -> Any:
        """The JSON object that the child announces itself with."""
        assert self.ready is not None
        line = b''
        if select.select([self.ready], [], [], seconds)[0]:
            line = self.ready.readline()
        self.ready.close()
        if not line:
            raise StartError(f'{self.log.stem} did not start:\n{self.last_words()}')
        return json.loads(line)

    def last_words(self) -> str:
        return self.log.read_text(errors='replace')[-2000:]

    def stop(self, seconds: float = 5.0) -> None:
        """Asks the child to end, then ends it."""
        if self.is_running():
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(seconds)
        if self.process.stdin:
            self.process.stdin.close()


class Processes:
    """The children of one data directory, started in order and stopped in the opposite order."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.registry = home / 'processes.json'
        self.children: list[Child] = []

    def start(
        self,
        name: str,
        command: list[str],
        *,
        env: dict[str, str] | None = None,
        uid: int = -1,
        stop_signal: int = signal.SIGTERM,
        announces: bool = True,
        cwd: Path | None = None,
        inherit_output: bool = False,
    ) -> Child:
        """Starts `command` in a session of its own, so that the terminal's Ctrl-C reaches the stack only."""
        log = self.home / f'{name}.log'
        launch = [sys.executable, '-S', '-E', str(LAUNCHER), str(os.getpid()), str(int(stop_signal)), str(uid)]
        reading, writing = os.pipe()
        with log.open('ab') as output:
            process = subprocess.Popen(
                [*launch, *command],
                stdin=subprocess.PIPE,
                stdout=None if inherit_output else output,
                stderr=None if inherit_output else subprocess.STDOUT,
                pass_fds=[writing],
                cwd=cwd,
                env={**os.environ, 'READY_FD': str(writing), **(env or {})},
                start_new_session=True,
            )
        os.close(writing)
        ready = os.fdopen(reading, 'rb')
        if not announces:
            ready.close()
        return self._keep(Child(process, log, stop_signal, ready if announces else None))

    def _keep(self, child: Child) -> Child:
        self.children.append(child)
        self._record()
        return child

    def stop(self, child: Child, seconds: float = 5.0) -> None:
        """Stops one child and forgets it."""
        child.stop(seconds)
        if child in self.children:
            self.children.remove(child)
        self._record()

    def stop_all(self) -> None:
        for child in reversed(list(self.children)):
            self.stop(child)

    def end_stale(self) -> int:
        """Ends what an earlier run with the same data directory left behind; how many that were."""
        ended = 0
        for pid, started in self._recorded():
            if start_time(pid) == started:
                os.kill(pid, signal.SIGTERM)
                if not wait_gone(pid, started, 5):
                    os.kill(pid, signal.SIGKILL)
                    wait_gone(pid, started, 5)
                ended += 1
        self.registry.unlink(missing_ok=True)
        return ended

    def _recorded(self) -> list[tuple[int, str]]:
        try:
            return [(int(pid), str(started)) for pid, started in json.loads(self.registry.read_text())]
        except (FileNotFoundError, ValueError):
            return []

    def _record(self) -> None:
        pids = [(child.pid, start_time(child.pid)) for child in self.children if child.is_running()]
        partial = self.registry.with_suffix('.new')
        partial.write_text(json.dumps(pids))
        partial.replace(self.registry)
