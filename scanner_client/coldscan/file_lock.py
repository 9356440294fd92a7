"""A lock between the processes of one device.  The kernel drops it with the process, kill -9 included."""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PAUSE_S = 0.1


@contextmanager
def held(path: Path, *, wait_s: float) -> Iterator[bool]:
    """Hold the lock at `path` inside the block; yields False if somebody else kept it for all of `wait_s`."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield _take(descriptor, wait_s)
    finally:
        os.close(descriptor)


def _take(descriptor: int, wait_s: float) -> bool:
    pause = threading.Event()
    for _ in range(1 + round(wait_s / _PAUSE_S)):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pause.wait(_PAUSE_S if wait_s else 0)
        else:
            return True
    return False
