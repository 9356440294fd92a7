"""`sync --watch`: send whenever something waits, renew the lists now and then, back off when nobody answers."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from coldscan.sync import SyncReport

FIRST_PAUSE_S: Final = 2.0
LAST_PAUSE_S: Final = 60.0
IDLE_PAUSE_S: Final = 3.0
LISTS_EVERY: Final = timedelta(minutes=5)
SMALLEST_BATCH: Final = 5


@dataclass
class Pace:
    """How long to wait and how much to send at once, learnt from what came of the last attempt."""

    batch_max: int
    random: Callable[[int], bytes]
    failures: int = 0
    batch: int = 0

    def __post_init__(self) -> None:
        self.batch = self.batch_max

    def after(self, report: SyncReport) -> float:
        """Return the seconds to wait: 2, 4, 8 ... 60 after failures, each shortened by chance up to a half.

        A slow network also gets smaller batches, until one has gone through.
        """
        if not report.problems:
            self.failures, self.batch = 0, self.batch_max
            return self._jittered(IDLE_PAUSE_S)
        if not report.reached:
            self.batch = max(min(SMALLEST_BATCH, self.batch_max), self.batch // 2)
        self.failures += 1
        return self._jittered(min(LAST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(self.failures - 1, 10)))

    def _jittered(self, pause_s: float) -> float:
        return pause_s * (1 - int.from_bytes(self.random(2), "big") / 131_072)


def watch(
    sync: Callable[[int, bool], SyncReport],
    *,
    pace: Pace,
    waiting: Callable[[], bool],
    lists_due: Callable[[], bool],
    tell: Callable[[SyncReport], None],
    stop: threading.Event,
) -> None:
    """Sync until `stop` is set.  `sync(batch, lists)` does one; nothing is asked while nothing waits or is due."""
    while not stop.is_set():
        lists = lists_due() or pace.failures > 0
        if lists or waiting():
            report = sync(pace.batch, lists)
            tell(report)
            pause_s = pace.after(report)
        else:
            pause_s = IDLE_PAUSE_S
        stop.wait(pause_s)
