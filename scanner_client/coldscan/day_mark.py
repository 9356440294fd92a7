"""The daily `mark`: what a device says first on a new day, and by it that nothing before is missing.

What was lost from the end of a chain leaves no hole, so nobody sees it.  A `mark` behind it has its number and names
its header: from then on the server lists what it lacks, on a day on which nothing else was said as well.  A chain that
ends with a `mark` has nothing more to close, so a device in a drawer stays silent.
"""

import sqlite3
from datetime import date, datetime, timedelta, timezone
from typing import Final

from coldscan import statements
from coldscan.compose import Matter, append, offset_of
from coldscan.device import Device
from coldscan.knowledge import Knowledge
from coldscan.statements import End, Moment
from coldtrace.clock import format_utc, parse_utc
from coldtrace.events.statement_type import CHAIN_ONLY, StatementType
from coldtrace.seal.b64 import b64

_MARK: Final = Matter(type=StatementType.MARK, lines=())


def is_due(end: End | None, *, offset: timedelta, today: date) -> bool:
    """Tell whether the day of the last statement of a chain is over and not closed yet.

    A clock that was set back makes no day anew.
    """
    if end is None or end.type in CHAIN_ONLY:
        return False
    return local_day(parse_utc(end.at), offset) < today


def local_day(moment: datetime, offset: timedelta) -> date:
    """Return the day on which a moment lies for people on site."""
    try:
        return moment.astimezone(timezone(offset)).date()
    except OverflowError:
        # The first and last day of the calendar have no local time everywhere; a clock may well stand there.
        return moment.date()


def today_of(device: Device, knowledge: Knowledge, *, now: datetime) -> date:
    """Return what day it is on site, by the server's time as far as it is known."""
    true_at = knowledge.corrected(now)
    return local_day(true_at, offset_of(true_at, device.offset))


def close_day(connection: sqlite3.Connection, device: Device, knowledge: Knowledge, *, now: datetime) -> str | None:
    """Say the `mark` if it is due, and return its id; the caller owns the transaction."""
    end, today = statements.end_of(connection, b64(device.key)), today_of(device, knowledge, now=now)
    if not is_due(end, offset=offset_of(now, device.offset), today=today):
        return None
    ran = knowledge.steady()
    moment = Moment(true_at=format_utc(knowledge.corrected(now)), ran=None if ran is None else str(ran))
    return append(connection, device, _MARK, now=now, ahead_s=knowledge.ahead_s(now), moment=moment)
