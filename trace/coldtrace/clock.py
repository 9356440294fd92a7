"""The only reader of wall time and randomness (style: settings, time, chance)."""

import os
import time
import uuid
from datetime import UTC, datetime
from functools import lru_cache


def now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


def random_bytes(count: int) -> bytes:
    """Return `count` bytes of the system's CSPRNG."""
    return os.urandom(count)


def new_id(at: datetime | None = None) -> uuid.UUID:
    """Return a new UUIDv7 (RFC 9562, section 5.7): 48 bits of milliseconds, then 74 random bits."""
    millis = int(time.time() * 1000) if at is None else int(at.timestamp() * 1000)
    value = (millis & (2**48 - 1)) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return uuid.UUID(int=value)


def format_utc(moment: datetime) -> str:
    """Return `moment` as RFC 3339 UTC with milliseconds: `2026-11-23T04:00:00.000Z`."""
    return _utc_text(moment.astimezone(UTC))


@lru_cache(maxsize=1024)  # all of a batch came at one moment, and its receipts say so several times each
def _utc_text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_utc(text: str) -> datetime:
    """Read what `format_utc` wrote; raise ValueError for anything without an offset, or beyond all years."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        raise ValueError("a time needs its offset")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("no year has this time") from None
