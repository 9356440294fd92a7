"""Guns at work: each is opened for us alone and read by a thread of its own, and all threads speak into one queue.

A gun that is not there is asked for twice a second; one that is pulled out is missed, and taken again when it is back.
Exclusive means: no other program gets the keys of a USB gun (EVIOCGRAB), so no console or login prompt sees a code, and
no other program opens a serial gun (TIOCEXCL, and a lock that root respects, too).
"""

import errno
import fcntl
import os
import queue
import stat
import termios
import threading
import tty
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from coldscan.gun import Gun, GunKind
from coldscan.hid_keys import KeyReader, Line
from coldscan.line_reader import CHUNK_BYTES, LineSplitter

RETRY_S: Final = 0.5
EVIOCGRAB: Final = 0x40044590
"""_IOW('E', 0x90, int), linux/input.h, as on x86, ARM and RISC-V."""


class GunState(StrEnum):
    """What became of a gun."""

    READY = "gun_ready"
    AWAITED = "gun_awaited"
    LOST = "gun_lost"
    BACK = "gun_back"


@dataclass(frozen=True, kw_only=True)
class Heard:
    """A gun has read something."""

    gun: Gun
    line: Line


@dataclass(frozen=True, kw_only=True)
class Changed:
    """A gun is there, or not; `reason` is the system's word for why not."""

    gun: Gun
    state: GunState
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Broken:
    """A fault of this program ended a gun's thread: nobody listens to that gun any more."""

    gun: Gun


Report = Heard | Changed | Broken


def start_listening(gun: Gun, reports: "queue.SimpleQueue[Report | None]") -> None:
    """Listen to a gun until the process ends."""
    threading.Thread(target=_listen, args=(gun, reports), name=f"gun-{gun.lane}", daemon=True).start()


def open_gun(gun: Gun) -> int:
    """Open a gun for us alone and return its descriptor; raise OSError, with EBUSY or EAGAIN if another has it."""
    descriptor = os.open(gun.path, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if gun.kind is GunKind.HID:
            _grab(descriptor)
        else:
            _set_line(descriptor, gun)
        os.set_blocking(descriptor, True)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def is_busy(fault: OSError) -> bool:
    """Tell whether a gun could not be opened because another program has it."""
    return fault.errno in (errno.EBUSY, errno.EAGAIN)


def _grab(descriptor: int) -> None:
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISCHR(mode):
        fcntl.ioctl(descriptor, EVIOCGRAB, 1)
    elif not stat.S_ISFIFO(mode):
        # A file would be read again from its start each time; a pipe brings records that somebody recorded.
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))


def _set_line(descriptor: int, gun: Gun) -> None:
    """Raw bytes, 8 data bits, no parity, no flow control, no waiting for a modem's carrier."""
    try:
        tty.setraw(descriptor, termios.TCSANOW)
        modes = termios.tcgetattr(descriptor)
        modes[2] = (modes[2] | termios.CLOCAL | termios.CREAD) & ~termios.CRTSCTS
        modes[4] = modes[5] = getattr(termios, f"B{gun.baud}")
        termios.tcsetattr(descriptor, termios.TCSANOW, modes)
        fcntl.ioctl(descriptor, termios.TIOCEXCL)
    except termios.error as fault:
        raise OSError(*fault.args) from fault


def _listen(gun: Gun, reports: "queue.SimpleQueue[Report | None]") -> None:
    pause, known, told = threading.Event(), False, ""
    try:
        while True:
            try:
                descriptor = open_gun(gun)
            except OSError as fault:
                reason = os.strerror(fault.errno or 0)
                if not known and reason != told:
                    reports.put(Changed(gun=gun, state=GunState.AWAITED, reason=reason))
                told = reason
            else:
                reports.put(Changed(gun=gun, state=GunState.BACK if known else GunState.READY))
                known = True
                reason = _read(descriptor, gun, reports)
                reports.put(Changed(gun=gun, state=GunState.LOST, reason=reason))
            pause.wait(RETRY_S)
    finally:
        # Only a fault of ours ends this loop; Python prints it, and the gate must not go on deaf in one ear.
        reports.put(Broken(gun=gun))


def _read(descriptor: int, gun: Gun, reports: "queue.SimpleQueue[Report | None]") -> str:
    """Hand over lines until the gun is gone, and say why; half a line goes with the gun."""
    feed = _feeder(gun)
    try:
        while data := os.read(descriptor, CHUNK_BYTES):
            for line in feed(data):
                reports.put(Heard(gun=gun, line=line))
    except OSError as fault:
        return os.strerror(fault.errno or 0)
    finally:
        os.close(descriptor)
    return os.strerror(errno.ENODEV)


def _feeder(gun: Gun) -> Callable[[bytes], list[Line]]:
    if gun.kind is GunKind.HID:
        return KeyReader().feed
    splitter = LineSplitter()
    return lambda data: [Line(text) for text in splitter.feed(data)]
