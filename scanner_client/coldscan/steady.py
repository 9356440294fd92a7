"""A clock that nobody can set: how long this machine has been running, sleep included, and since which start.

The wall clock of a terminal jumps: a dead buffer battery, somebody's finger, a time service that wakes up late.  Beside
each server time that a sync brings, this clock's reading is kept; until the machine is started anew, server time plus
what has run since is the true time to within the answer's delay, whatever the wall clock says.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Steady:
    """One reading: the name of this start of the machine, and milliseconds since it."""

    boot: str
    ms: int

    def __str__(self) -> str:
        """Return the text kept in the cache."""
        return f"{self.boot} {self.ms}"

    @classmethod
    def parse(cls, text: str | None) -> "Steady | None":
        """Read what `str` wrote."""
        boot, _, ms = (text or "").partition(" ")
        return cls(boot, int(ms)) if ms.isdigit() else None

    def since(self, earlier: "Steady | None") -> int | None:
        """Return the milliseconds since an earlier reading, None if the machine was started anew in between."""
        if earlier is None or earlier.boot != self.boot or earlier.ms > self.ms:
            return None
        return self.ms - earlier.ms


SteadyClock: TypeAlias = Callable[[], Steady | None]


def read_steady() -> Steady | None:
    """Return the reading of this moment, None on a system that has no such clock."""
    with suppress(OSError, AttributeError):
        return Steady(_BOOT_ID.read_text().strip(), time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000)
    return None


def no_steady() -> Steady | None:
    """Stand in for a system that has no such clock."""
    return None
