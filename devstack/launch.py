"""Becomes another program that dies with its parent. Rule: standard library only, so that it starts at once.

Usage: python -S -E launch.py PARENT_PID SIGNAL UID PROGRAM [ARGUMENT...]; UID -1 keeps the user.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Drops rights first: Linux forgets the parent-death signal when the user changes."""
    parent, signal_number, uid = (int(text) for text in sys.argv[1:4])
    if uid >= 0:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
    if sys.platform == 'linux':
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal_number)
        if os.getppid() != parent:
            sys.exit('the parent is gone already')
    os.execv(sys.argv[4], sys.argv[4:])


if __name__ == '__main__':
    main()
