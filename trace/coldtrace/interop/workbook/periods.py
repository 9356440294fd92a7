"""Shelf life as written: 24个月, 24 months, 730天, 两年, 18 (in a column headed "months")."""

import re
import unicodedata

from coldtrace.goods.shelf_life import ShelfLife, Unit
from coldtrace.interop.workbook.figures import read_figure
from coldtrace.interop.workbook.findings import Unreadable, plain, shorten
from coldtrace.interop.workbook.grid import CellValue

_UNITS: dict[str, tuple[Unit, int]] = {}
for _names, _unit, _times in (
    ("个月 月 個月 MONTH MONTHS MTH MTHS MO MOS M", "month", 1),
    ("天 日 DAY DAYS D", "day", 1),
    ("周 星期 WEEK WEEKS WK WKS W", "day", 7),
    ("年 YEAR YEARS YR YRS Y", "year", 1),
):
    for _name in _names.split():
        _UNITS[_name] = ("year" if _unit == "year" else "month" if _unit == "month" else "day", _times)

# "-18℃冷冻保存24个月", "24 months from production": one amount with one unit somewhere in a sentence.
_INSIDE = re.compile(r"([0-9]{1,4})\s*(个月|個月|MONTHS?|天|DAYS?|年|YEARS?)(?![A-Z])")
_HALF_YEAR = re.compile(r"(?P<years>.*)年半")


def read_shelf_life(value: CellValue, *, unit: Unit | None = None) -> ShelfLife:
    """Return the shelf life that a cell states; `unit` is the column's, if its heading says one.  Raises Unreadable."""
    shown = shorten(plain(value))
    text = unicodedata.normalize("NFKC", plain(value)[:60]).strip().upper()
    text = re.sub(r"^(?:保质期|SHELF\s*LIFE)\s*[:：]?\s*", "", text)
    try:
        if match := _HALF_YEAR.fullmatch(text):
            years = read_figure(match["years"])
            if years is not None and years.value == int(years.value):
                return ShelfLife(int(years.value) * 12 + 6, "month")
        inside = _INSIDE.findall(text)
        figure = read_figure("".join(inside[0]) if len(inside) == 1 else text)
        if figure is None or figure.value != int(figure.value):
            raise Unreadable("shelf_life_unreadable", text=shown)
        amount = int(figure.value)
        if not figure.unit:
            if unit is None:
                raise Unreadable("shelf_life_unit", text=shown)
            return ShelfLife(amount, unit)
        named = _UNITS.get(figure.unit)
        if named is None:
            raise Unreadable("shelf_life_unreadable", text=shown)
        return ShelfLife(amount * named[1], named[0])
    except ValueError as error:
        raise Unreadable("shelf_life_unreadable", text=shown) from error


def unit_in_heading(heading: str) -> Unit | None:
    """Return the unit that a column's heading states in brackets or at its end."""
    text = unicodedata.normalize("NFKC", heading).upper()
    for part in re.findall(r"\(([^)]*)\)|[/,\s]([^\s/,()]+)$", text):
        for name in filter(None, part):
            if name.strip() in _UNITS:
                return _UNITS[name.strip()][0]
    return None
