"""Moments as people on site read them."""

from contextlib import suppress
from datetime import datetime, timedelta, timezone

from coldscan.compose import offset_of
from coldtrace.clock import parse_utc


def local_time(utc: str | datetime, offset: timedelta | None, pattern: str = "%Y-%m-%d %H:%M") -> str:
    """Return a moment in the fixed offset of the device, without one in the system's local time.

    >>> local_time("2026-11-23T20:30:00.000Z", timedelta(hours=8))
    '2026-11-24 04:30'
    """
    moment = parse_utc(utc) if isinstance(utc, str) else utc
    # The first and last day of the calendar have no local time everywhere; a clock may well stand there.
    with suppress(OverflowError):
        moment = moment.astimezone(timezone(offset_of(moment, offset)))
    return moment.strftime(pattern)
