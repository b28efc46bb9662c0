"""The image's own health check, which needs no other program.

`python -m operations.alive [HOST PORT PATH]` asks a server, `python -m operations.alive jobs` looks for the jobs' beat.

Its one rule: it loads nothing of the app, because it runs every few seconds.
"""

import os
import sys
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from tempfile import gettempdir

BEAT = Path(gettempdir()) / f'agent-p-jobs-{os.getuid()}'
"""The process of the jobs touches it every second."""
LONGEST_PAUSE_SECONDS = 60.0


def beats() -> int:
    """0 when the process of the jobs touched its file a moment ago, else 1: it hangs, or was never there."""
    try:
        return int(time.time() - BEAT.stat().st_mtime > LONGEST_PAUSE_SECONDS)
    except OSError:
        return 1


def main(host: str = '127.0.0.1', port: str = '', path: str = '/healthz') -> int:
    """0 when the address answers with 200, else 1."""
    connection = HTTPConnection(host, int(port or os.environ.get('PORT', '8080')), timeout=3)
    try:
        connection.request('GET', path)
        return int(connection.getresponse().status != 200)
    except (OSError, HTTPException):
        return 1
    finally:
        connection.close()


if __name__ == '__main__':
    sys.exit(beats() if sys.argv[1:] == ['jobs'] else main(*sys.argv[1:]))
