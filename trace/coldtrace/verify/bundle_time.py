"""The checks on time.  A device's clock proves nothing; what others saw, and when, bounds what it may claim.

Above: a statement cannot be later than the day on which the platform says it came in, nor than the moment at which a
witness cosigned a tree that holds it.  Claims are local days, so each is given the benefit of every time zone.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from coldtrace.events.certificate import day_bounds
from coldtrace.verify.bundle_statement import StatementReport
from coldtrace.verify.report import Failed, NotChecked

_DAY = timedelta(days=1)


def check_time(statements: Sequence[StatementReport], cosigned_at_s: Sequence[int]) -> str:
    """Return which upper bound all claimed days keep; raise Failed or NotChecked."""
    witnessed = _earliest(cosigned_at_s)
    judged = 0
    for statement in statements:
        if statement.public is None:
            continue
        judged += 1
        first, _ = day_bounds(statement.public.date)
        received = statement.shown.received_at
        if first > _end_of_day(received):
            raise Failed("claimed_after_receipt")
        if witnessed is not None and received > witnessed:
            raise Failed("received_after_cosignature")
        if witnessed is not None and first > witnessed:
            raise Failed("claimed_after_cosignature")
    if not judged:
        raise NotChecked("no_statements")
    return "not_after_receipt" if witnessed is None else "not_after_cosignature"


def check_seen(statements: Sequence[StatementReport]) -> str:
    """Say why the lower bound is open: the checkpoint that a header names is older than the one of the bundle.

    It cannot be the same one, as that holds the header; version 1 of the bundle has no room for others.
    """
    named = any(each.header is not None and each.header.seen is not None for each in statements)
    raise NotChecked("seen_not_shown" if named else "no_seen")


def _earliest(at_s: Sequence[int]) -> datetime | None:
    """Return the earliest time of these POSIX seconds; one past the year 9999 says nothing and is left out."""
    times = [datetime.fromtimestamp(each, UTC) for each in at_s if each < 253_402_300_800]
    return min(times, default=None)


def _end_of_day(day: datetime) -> datetime:
    try:
        return day + _DAY
    except OverflowError:
        return day
