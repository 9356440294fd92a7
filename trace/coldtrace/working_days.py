"""Working days of offices: clocks that end so many of them after something came.

Saturdays, Sundays and the days that the operator names (`COLDTRACE_COMPLAINT_HOLIDAYS`) are none.  Days are those of
one time zone, the offices'.
"""

from collections.abc import Collection
from datetime import date, datetime, time, timedelta, timezone

SATURDAY = 5
LOCAL = timezone(timedelta(hours=8), "UTC+08:00")


def end_of_working_day(came_at: datetime, days: int, holidays: Collection[date] = ()) -> datetime:
    """Return the end of the last of so many working days; the day on which it came does not count.

    >>> end_of_working_day(datetime(2026, 11, 27, 9, tzinfo=LOCAL), 1).isoformat()
    '2026-11-30T23:59:59+08:00'
    """
    day, left = came_at.astimezone(LOCAL).date(), days
    while left > 0:
        day += timedelta(days=1)
        if day.weekday() < SATURDAY and day not in holidays:
            left -= 1
    return datetime.combine(day, time(23, 59, 59), LOCAL)
