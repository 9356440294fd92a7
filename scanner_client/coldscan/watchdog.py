"""Telling systemd that the loop is alive (sd_notify(3)): a gate that hangs is started again.

The loop itself says so, between two answers.  A thread of its own would go on saying so while the loop
hangs on a dead disk.
"""

import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

QUIET_S: Final = 1.0
"""How often an idle gate looks up when nobody asks for a sign of life."""


class Watchdog:
    """The socket of the service manager; without one, nothing is said to anybody."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        # "@" stands for the NUL byte of an abstract socket.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) if address else None
        asked = environment.get("WATCHDOG_USEC", "")
        self.beat_s = min(int(asked) / 2_000_000, QUIET_S) if asked.isdigit() and int(asked) else QUIET_S

    def say(self, state: str) -> None:
        """Send `READY=1`, `WATCHDOG=1` or `STOPPING=1`."""
        # A manager that is gone or busy for a moment is no reason to stop scanning.
        if self._socket is not None:
            with suppress(OSError):
                self._socket.sendto(state.encode(), self._address)

    def close(self) -> None:
        """Let the socket go."""
        if self._socket is not None:
            self._socket.close()
