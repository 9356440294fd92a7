"""A clock that ticks, ids and bytes that count: answers can be compared whole."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

from coldtrace import clock

START = datetime(2026, 11, 23, 4, 0, 0, tzinfo=UTC)


class TickingClock:
    """Returns `start`, then `step` later with every call; `forward` jumps."""

    def __init__(self, start: datetime = START, step: timedelta = timedelta(seconds=1)) -> None:
        self.next = start
        self.step = step

    def __call__(self) -> datetime:
        """Return the present moment and tick."""
        present = self.next
        self.next = present + self.step
        return present

    def forward(self, by: timedelta) -> None:
        """Let time pass."""
        self.next += by


def counting_ids(start: datetime = START) -> Callable[[], UUID]:
    """Return a maker of UUIDv7 that are the same in every run: ...-000000000001, ...-000000000002 and so on."""
    numbers = count(1)
    head = int(start.timestamp() * 1000) << 80 | 0x7 << 76 | 0x2 << 62

    def new_id() -> UUID:
        return UUID(int=head | next(numbers))

    return new_id


def counting_bytes(seed: str = "coldtrace") -> Callable[[int], bytes]:
    """Return a stand-in for `clock.random_bytes` that gives the same bytes in every run."""
    numbers = count(1)

    def random_bytes(size: int) -> bytes:
        block = hashlib.shake_256(f"{seed}/{next(numbers)}".encode())
        return block.digest(size)

    return random_bytes


def fresh_id(at: datetime = START) -> UUID:
    """Return a real, random UUIDv7 of a chosen moment."""
    return clock.new_id(at)
