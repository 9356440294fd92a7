"""Working days of offices: clocks that end so many of them after something came.

Days are those of one time zone, the offices'.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

from coldtrace.settings import SettingInvalid, Settings

SATURDAY = 5
LOCAL = timezone(timedelta(hours=8), "UTC+08:00")


@dataclass(frozen=True, kw_only=True)
class WorkingDays:
    """On which days offices work: Monday to Friday, but not on `holidays`, and on the weekends that are `worked` for
    them (调休)."""

    holidays: Collection[date] = ()
    worked: Collection[date] = ()

    def __post_init__(self) -> None:
        both = sorted(set(self.holidays) & set(self.worked))
        if both:
            reason = f"{both[0]} is in COLDTRACE_COMPLAINT_HOLIDAYS too: a day is one or the other"
            raise SettingInvalid(name="COLDTRACE_COMPLAINT_WORKED_DAYS", reason=reason)

    def __contains__(self, day: date) -> bool:
        return day in self.worked or (day.weekday() < SATURDAY and day not in self.holidays)


def working_days_of(settings: Settings) -> WorkingDays:
    """Return the days that the operator chose; raise `SettingInvalid` for a day that is both."""
    return WorkingDays(holidays=settings.complaint_holidays or (), worked=settings.complaint_worked_days or ())


def end_of_working_day(came_at: datetime, days: int, working: WorkingDays) -> datetime:
    """Return the end of the last of so many working days; the day on which it came does not count.

    >>> end_of_working_day(datetime(2026, 11, 27, 9, tzinfo=LOCAL), 1, WorkingDays()).isoformat()
    '2026-11-30T23:59:59+08:00'
    """
    day, left = came_at.astimezone(LOCAL).date(), days
    while left > 0:
        day += timedelta(days=1)
        left -= day in working
    return datetime.combine(day, time(23, 59, 59), LOCAL)
