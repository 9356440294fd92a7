"""Become another program that does not outlive its parent: `launch.py PARENT_PID PROGRAM ARGUMENTS...`

Linux only.  Run as a script by the interpreter alone (`-I -S`), so it imports nothing of ours.  The kernel sends
the program SIGINT, PostgreSQL's fast and clean shutdown, when the thread that started it ends, however it ends:
`kill -9` of the service leaves no orphan.  The setting survives exec and `unshare --user` (seen on Linux 6.x).
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    """Ask for the signal, make sure that the parent is still there to cause it, become `command`."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
    if os.getppid() != parent:  # it died before we asked
        sys.exit(1)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
