"""How many complaints came today: by visitor, by network, by network about a code, about a code, without a genuine one.

Visitors and networks are known by tokens under the salt of the day (`custody/lookups.py`), and every count goes with
its day.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.errors import Refusal
from coldtrace.watch.complaint_refusals import (
    TooManyAboutCode,
    TooManyAlike,
    TooManyComplaints,
    TooManyFromNetwork,
    TooManyUnproven,
)
from coldtrace.watch.complaint_rules import ComplaintLimits, until_next_day_s
from coldtrace.working_days import LOCAL


@dataclass(frozen=True, kw_only=True)
class CountedAs:
    """Under what a complaint is counted; `proven` is what a genuine code stands for, None without one."""

    visitor: bytes
    network: bytes
    proven: str | None


def require_room(session: Session, now: datetime, limits: ComplaintLimits, counted: CountedAs) -> None:
    """Raise what `count` would, without counting: before a photo is decoded for nothing."""
    for what, limit, refusal in _limited(counted, limits):
        times = session.execute(
            text("SELECT times FROM complaint_count WHERE day = :day AND what = :what"),
            {"day": now.astimezone(LOCAL).date(), "what": what},
        ).scalar_one_or_none()
        if (times or 0) >= limit:
            raise refusal(limit=limit, retry_s=until_next_day_s(now))


def count(session: Session, now: datetime, limits: ComplaintLimits, counted: CountedAs) -> None:
    """Count a complaint; a refusal undoes it, with the caller's transaction.

    Raises TooManyComplaints, TooManyFromNetwork, TooManyAlike, TooManyAboutCode and TooManyUnproven.
    """
    for what, limit, refusal in _limited(counted, limits):
        if _times(session, now.astimezone(LOCAL).date(), what) > limit:
            raise refusal(limit=limit, retry_s=until_next_day_s(now))


def forget_counts(session: Session, *, before: date) -> None:
    """Delete how many complained on days that are over."""
    session.execute(text("DELETE FROM complaint_count WHERE day < :day"), {"day": before})


def _limited(counted: CountedAs, limits: ComplaintLimits) -> Iterator[tuple[bytes, int, type[Refusal]]]:
    """Give the counters of a complaint, for all in one order: two that wait for each other's would wait for ever."""
    yield b"v" + counted.visitor, limits.visitor, TooManyComplaints
    yield b"n" + counted.network, limits.network, TooManyFromNetwork
    # By a hash of both: neither the network's token nor the code stands there to be joined with others.
    code = sha256((counted.proven or "").encode()).digest()
    alike = limits.network_unproven if counted.proven is None else limits.network_code
    yield b"a" + sha256(counted.network + code).digest(), alike, TooManyAlike
    if counted.proven is None:
        yield b"u", limits.unproven, TooManyUnproven
    else:
        yield b"c" + code, limits.code, TooManyAboutCode


def _times(session: Session, day: date, what: bytes) -> int:
    found: int = session.execute(
        text(
            "INSERT INTO complaint_count (day, what, times) VALUES (:day, :what, 1)"
            " ON CONFLICT (day, what) DO UPDATE SET times = complaint_count.times + 1 RETURNING times"
        ),
        {"day": day, "what": what},
    ).scalar_one()
    return found
