"""The image's own health check, which needs no other program: `python -m operations.alive [HOST PORT PATH]`.

Its one rule: it loads nothing of the app, because it runs every few seconds.
"""

import os
import sys
from http.client import HTTPConnection, HTTPException


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
    sys.exit(main(*sys.argv[1:]))
