"""Shelf life 保质期 and the last day of it.

The expiry is the production date plus the shelf life, counted from the day after production, so that 24 months from
2026-09-03 end on 2028-09-03.  Where the production day itself counts as the first one, ask for that rule.  A production
date that is only a month counts from its first day, which can only make the expiry too early, never too late.
"""

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, Self

from coldtrace.errors import Words
from coldtrace.goods.calendar_date import CalendarDate

Unit = Literal["day", "month", "year"]

LONGEST_DAYS = 3660
_LETTERS: dict[Unit, str] = {"day": "D", "month": "M", "year": "Y"}
_DAYS: dict[Unit, int] = {"day": 1, "month": 30, "year": 365}
_SAID: dict[Unit, Words] = {
    "day": Words("{n}天", "{n} days"),
    "month": Words("{n}个月", "{n} months"),
    "year": Words("{n}年", "{n} years"),
}
_FORM = re.compile(r"P([0-9]{1,4})([DMY])")


@dataclass(frozen=True, slots=True)
class ShelfLife:
    """So many days, months or years; at least one day, at most about ten years (else ValueError).

    >>> ShelfLife(24, "month").expiry(CalendarDate(2026, 9, 3))
    datetime.date(2028, 9, 3)
    """

    amount: int
    unit: Unit

    def __post_init__(self) -> None:
        if not 0 < self.amount * _DAYS[self.unit] <= LONGEST_DAYS:
            raise ValueError("a shelf life outside one day to ten years")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `iso` wrote; raise ValueError for anything else."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise ValueError("not a period of the form P24M")
        unit = next(unit for unit, letter in _LETTERS.items() if letter == match.group(2))
        return cls(int(match.group(1)), unit)

    def iso(self) -> str:
        """Return the ISO 8601 period, such as `P24M`."""
        return f"P{self.amount}{_LETTERS[self.unit]}"

    def words(self) -> Words:
        """Return the period in both languages."""
        return Words(_SAID[self.unit].say("zh", n=self.amount), _SAID[self.unit].say("en", n=self.amount))

    def expiry(self, production: CalendarDate, *, count_production_day: bool = False) -> date:
        """Return the last day on which the goods may be sold."""
        start = production.first
        if self.unit == "day":
            end = start + timedelta(days=self.amount)
        else:
            end = _add_months(start, self.amount * (12 if self.unit == "year" else 1))
        return end - timedelta(days=1) if count_production_day else end


def _add_months(start: date, months: int) -> date:
    year, month0 = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month0 + 1, min(start.day, calendar.monthrange(year, month0 + 1)[1]))
