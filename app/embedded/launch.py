"""The first breath of a child: drop privileges, bind its life to its parent's, become the program.

Runs as a script of its own (`python -I -S launch.py SIGNAL PARENT UID GID PROGRAM …`), because a process with threads
must not run Python between fork and exec.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
NOT_STARTED = 127


def main(arguments: list[str]) -> None:  # pragma: no cover  # a process of its own, without site-packages
    """Become the program; `-1` as uid leaves the account as it is."""
    death_signal, parent, uid, gid = map(int, arguments[:4])
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":
        # After the change of account: the kernel forgets the death signal when credentials change.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != parent:  # the parent ended before the call
            sys.exit(NOT_STARTED)
    try:
        os.execv(arguments[4], arguments[4:])  # noqa: S606  # no shell is meant
    except OSError as error:
        sys.exit(f"{arguments[4]} can't be started: {error.strerror}")


if __name__ == "__main__":  # pragma: no cover
    main(sys.argv[1:])
