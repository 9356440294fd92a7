"""Carton numbers as a range instead of pallets: 1-50, 001~050, C/NO. 51-100, 1-25/30-54."""

import re
import unicodedata
from datetime import date, datetime

from coldtrace.interop.workbook.findings import Unreadable, plain, shorten
from coldtrace.interop.workbook.grid import CellValue

CARTON_NUMBER_MAX = 1_000_000
PARTS_MAX = 50

_LEAD = re.compile(r"^(?:箱号|C/?NO\.?S?|CTNS?(?:\s*NO\.?)?|CARTONS?(?:\s*NOS?\.?)?|NOS?\.?|#)\s*[:：]?\s*")
_PART = re.compile(r"#?([0-9]{1,7})(?:\s*(?:-|–|—|~|～|至|到|TO)\s*#?([0-9]{1,7}))?")


def read_carton_ranges(value: CellValue) -> tuple[tuple[int, int], ...]:
    """Return first and last number of each run of cartons, rising and apart; raise Unreadable."""
    shown = shorten(plain(value))
    if isinstance(value, (datetime, date)):
        raise Unreadable("became_date", text=shown)
    text = unicodedata.normalize("NFKC", plain(value)[:400]).strip().strip("'`´‘’").strip().upper()
    text = _LEAD.sub("", text).removesuffix("箱").strip()
    parts = [part.strip() for part in re.split(r"[,，;；、+&\n]|/", text)]
    ranges: list[tuple[int, int]] = []
    for part in parts[: PARTS_MAX + 1]:
        match = _PART.fullmatch(part)
        if match is None or len(parts) > PARTS_MAX:
            raise Unreadable("carton_range_unreadable", text=shown)
        first = int(match.group(1))
        last = int(match.group(2) or first)
        if not 0 < first <= last <= CARTON_NUMBER_MAX or (ranges and first <= ranges[-1][1]):
            raise Unreadable("carton_range_unreadable", text=shown)
        ranges.append((first, last))
    return tuple(ranges)


def cartons_in(ranges: tuple[tuple[int, int], ...]) -> int:
    """Return how many cartons the ranges hold."""
    return sum(last - first + 1 for first, last in ranges)


def show_ranges(ranges: tuple[tuple[int, int], ...]) -> str:
    """Return the ranges as they should be written: 1-25,30-54."""
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)
