"""Dates and times of day as GS1 codes write them (General Specifications, sections 3.4 and 7.12).

Two-digit years: every fourth one is a leap year, since the only century year in reach is 2000.
"""

from typing import Final

from coldtrace.codes.check_digit import is_digits

_DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def is_yymmdd(text: str) -> bool:
    """Tell whether six digits are a day of the calendar."""
    return is_yymmd0(text) and text[4:] != "00"


def is_yymmd0(text: str) -> bool:
    """Tell whether six digits are a day of the calendar; day 00 stands for the last of the month."""
    return len(text) == 6 and is_digits(text) and _is_day(int(text[:2]), int(text[2:4]), int(text[4:]))


def is_yyyymmdd(text: str) -> bool:
    """Tell whether eight digits are a day of the calendar."""
    if len(text) != 8 or not is_digits(text) or text[6:] == "00":
        return False
    return _is_day(int(text[:4]), int(text[4:6]), int(text[6:]))


def is_hhmi(text: str) -> bool:
    """Tell whether four digits are a time of day."""
    return len(text) == 4 and is_digits(text) and int(text[:2]) < 24 and int(text[2:]) < 60


def _is_day(year: int, month: int, day: int) -> bool:
    if not 1 <= month <= 12:
        return False
    century_year = year >= 100 and year % 100 == 0
    leap = year % 400 == 0 if century_year else year % 4 == 0
    return day <= (28 if month == 2 and not leap else _DAYS[month - 1])
