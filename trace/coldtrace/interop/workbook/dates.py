"""Dates in the many forms of packing lists: year first, day first, month first, in words, month only, Excel's own."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Literal

from coldtrace.goods.calendar_date import CalendarDate
from coldtrace.interop.workbook.figures import read_han_number
from coldtrace.interop.workbook.findings import Unreadable, plain, shorten
from coldtrace.interop.workbook.grid import CellValue

Order = Literal["day first", "month first"]

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_MONTH = r"(?P<name>JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)[A-Z]*\.?"
_TIME = r"(?:[ T]+[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|\+[0-9:]+)?)?"
_YEAR_FIRST = re.compile(rf"([0-9]{{4}})\s*[-/.年 ]\s*([0-9]{{1,2}})\s*[-/.月 ]\s*([0-9]{{1,2}})\s*[日号]?{_TIME}")
_YEAR_MONTH = re.compile(r"([0-9]{4})\s*[-/.年]\s*([0-9]{1,2})\s*月?")
_MONTH_YEAR = re.compile(r"([0-9]{1,2})\s*[-/.]\s*([0-9]{4})")
_YEAR_LAST = re.compile(rf"([0-9]{{1,2}})\s*([-/. ])\s*([0-9]{{1,2}})\s*\2\s*([0-9]{{4}}){_TIME}")
_SHORT_YEAR = re.compile(r"[0-9]{1,2}\s*([-/.])\s*[0-9]{1,2}\s*\1\s*[0-9]{2}")
_DAY_NAME_YEAR = re.compile(
    rf"(?P<day>[0-9]{{1,2}})(?:ST|ND|RD|TH)?[-/., ]*{_MONTH}[-/., ]*(?P<year>[0-9]{{4}}|[0-9]{{2}})"
)
_NAME_DAY_YEAR = re.compile(rf"{_MONTH}[-/., ]*(?P<day>[0-9]{{1,2}})(?:ST|ND|RD|TH)?[-/., ]+(?P<year>[0-9]{{4}})")
_YEAR_NAME_DAY = re.compile(rf"(?P<year>[0-9]{{4}})[-/., ]*{_MONTH}[-/., ]*(?P<day>[0-9]{{1,2}})")
_NAME_YEAR = re.compile(rf"{_MONTH}[-/., ]*(?P<year>[0-9]{{4}})")
_HAN_DATE = re.compile(r"([^年月日\s]{2,4})年([^年月日\s]{1,3})月(?:([^年月日\s]{1,3})[日号])?")
_TWO_DATES = re.compile(
    r"(?:[0-9]{4}[-/.年][0-9]{1,2}|[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{4}).*?"
    r"(?:[-~～–—至到,，、\s]|TO|AND).*?[0-9]{1,4}[-/.年月][0-9]{1,2}.*"
)
_LEAD = re.compile(r"^(?:约|ETA|ETD|DATE|日期)?\s*[:：]?\s*")


def read_date(value: CellValue, *, order: Order | None = None, date_1904: bool = False) -> CalendarDate:
    """Return the date or month that a cell states; `order` settles 03/09/2026.  Raises Unreadable."""
    shown = shorten(plain(value))
    if isinstance(value, datetime):
        return _calendar_date(value.year, value.month, value.day, shown)
    if isinstance(value, date):
        return _calendar_date(value.year, value.month, value.day, shown)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _from_number(value, shown, date_1904)
    if not isinstance(value, str) or len(value) > 60:
        raise Unreadable("date_unreadable", text=shown)
    text = _LEAD.sub("", unicodedata.normalize("NFKC", value).strip().strip("'`´‘’").strip().upper())
    found = _from_text(text, shown, order)
    if found is not None:
        return found
    raise Unreadable("date_range" if _TWO_DATES.fullmatch(text) else "date_unreadable", text=shown)


def order_of(values: Iterable[CellValue]) -> Order | None:
    """Return the order of day and month that a column's own dates prove, or None when they prove none or both."""
    proven: set[Order] = set()
    for value in values:
        match = _YEAR_LAST.fullmatch(unicodedata.normalize("NFKC", value).strip()) if isinstance(value, str) else None
        if match and match.group(2) != ".":
            if int(match.group(1)) > 12 >= int(match.group(3)):
                proven.add("day first")
            if int(match.group(3)) > 12 >= int(match.group(1)):
                proven.add("month first")
    return proven.pop() if len(proven) == 1 else None


def _from_text(text: str, shown: str, order: Order | None) -> CalendarDate | None:
    if match := _YEAR_FIRST.fullmatch(text):
        return _calendar_date(int(match.group(1)), int(match.group(2)), int(match.group(3)), shown)
    if match := _YEAR_LAST.fullmatch(text):
        first, sign, second, year = match.groups()
        return _year_last(int(first), int(second), int(year), shown, "day first" if sign == "." else order)
    if match := _YEAR_MONTH.fullmatch(text):
        return _calendar_date(int(match.group(1)), int(match.group(2)), None, shown)
    if match := _MONTH_YEAR.fullmatch(text):
        return _calendar_date(int(match.group(2)), int(match.group(1)), None, shown)
    if _SHORT_YEAR.fullmatch(text):
        raise Unreadable("date_ambiguous", text=shown)
    for pattern in (_DAY_NAME_YEAR, _NAME_DAY_YEAR, _YEAR_NAME_DAY):
        if match := pattern.fullmatch(text):
            year_number = int(match["year"])
            year_number += 2000 if year_number < 100 else 0
            return _calendar_date(year_number, _MONTHS.index(match["name"]) + 1, int(match["day"]), shown)
    if match := _NAME_YEAR.fullmatch(text):
        return _calendar_date(int(match["year"]), _MONTHS.index(match["name"]) + 1, None, shown)
    if match := _HAN_DATE.fullmatch(text):
        return _from_words(match.group(1), match.group(2), match.group(3), shown)
    if text.isascii() and text.isdigit():
        return _from_digits(text, shown)
    return None


def _year_last(first: int, second: int, year: int, shown: str, order: Order | None) -> CalendarDate:
    if order is None and first != second and first <= 12 and second <= 12:
        raise Unreadable("date_ambiguous", text=shown)
    if order == "month first" or (order is None and second > 12 >= first):
        first, second = second, first
    return _calendar_date(year, second, first, shown)


def _from_words(year: str, month: str, day: str | None, shown: str) -> CalendarDate | None:
    numbers = [int(part) if part.isascii() and part.isdigit() else read_han_number(part) for part in (year, month)]
    day_number = None if day is None else (int(day) if day.isascii() and day.isdigit() else read_han_number(day))
    if numbers[0] is None or numbers[1] is None or (day is not None and day_number is None):
        return None
    year_number = numbers[0] + (2000 if numbers[0] < 100 else 0)
    return _calendar_date(year_number, numbers[1], day_number, shown)


def _from_digits(text: str, shown: str) -> CalendarDate | None:
    if len(text) == 8:
        return _calendar_date(int(text[:4]), int(text[4:6]), int(text[6:]), shown)
    if len(text) != 6:
        return None
    month_only = text.startswith("20") and 1 <= int(text[4:]) <= 12
    whole = _exists(2000 + int(text[:2]), int(text[2:4]), int(text[4:]))
    if month_only and whole:
        raise Unreadable("date_ambiguous", text=shown)
    if month_only:
        return _calendar_date(int(text[:4]), int(text[4:]), None, shown)
    return _calendar_date(2000 + int(text[:2]), int(text[2:4]), int(text[4:]), shown)


def _from_number(value: int | float, shown: str, date_1904: bool) -> CalendarDate:
    """Excel's day number when the cell lost its date format, or 20260903 written as a number."""
    if value != value or abs(value) > 99_999_999:
        raise Unreadable("date_unreadable", text=shown)
    if 20_000_101 <= value <= 20_991_231 and value == int(value):
        text = str(int(value))
        return _calendar_date(int(text[:4]), int(text[4:6]), int(text[6:]), shown)
    start = date(1904, 1, 1) if date_1904 else date(1899, 12, 30)
    if not 0 < value < 100_000:
        raise Unreadable("date_unreadable", text=shown)
    day = start + timedelta(days=int(value))
    if not 2000 <= day.year <= 2099:
        raise Unreadable("date_unreadable", text=shown)
    return CalendarDate.of(day)


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _calendar_date(year: int, month: int, day: int | None, shown: str) -> CalendarDate:
    if not 1 <= year <= 9999 or not _exists(year, month, 1 if day is None else day):
        raise Unreadable("date_impossible", text=shown)
    if not 2000 <= year <= 2099:
        raise Unreadable("date_year", text=shown)
    return CalendarDate(year, month, day)
