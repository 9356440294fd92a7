"""A day or a whole month of the calendar: papers from abroad often state a production month only."""

import calendar
import re
from dataclasses import dataclass
from datetime import date
from typing import Self

_FORM = re.compile(r"(20[0-9]{2})-([0-9]{2})(?:-([0-9]{2}))?")


@dataclass(frozen=True, slots=True)
class CalendarDate:
    """A date of the years 2000 to 2099; `day` is None when only the month is known.

    Raises ValueError for a date that does not exist.

    >>> CalendarDate(2026, 9).iso(), CalendarDate(2026, 9).last
    ('2026-09', datetime.date(2026, 9, 30))
    """

    year: int
    month: int
    day: int | None = None

    def __post_init__(self) -> None:
        if not 2000 <= self.year <= 2099:
            raise ValueError("a year outside 2000 to 2099")
        date(self.year, self.month, 1 if self.day is None else self.day)

    @classmethod
    def of(cls, day: date) -> Self:
        """Return the whole day `day`."""
        return cls(day.year, day.month, day.day)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `iso` wrote; raise ValueError for anything else."""
        match = _FORM.fullmatch(text)
        if match is None:
            raise ValueError("not a date of the form 2026-09-03 or 2026-09")
        year, month, day = match.groups()
        return cls(int(year), int(month), int(day) if day else None)

    def iso(self) -> str:
        """Return `2026-09-03`, or `2026-09` for a month."""
        month = f"{self.year:04}-{self.month:02}"
        return month if self.day is None else f"{month}-{self.day:02}"

    @property
    def first(self) -> date:
        """The earliest day that is meant."""
        return date(self.year, self.month, self.day or 1)

    @property
    def last(self) -> date:
        """The latest day that is meant."""
        return date(self.year, self.month, self.day or calendar.monthrange(self.year, self.month)[1])
