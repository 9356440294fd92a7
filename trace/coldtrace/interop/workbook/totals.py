"""Totals against the lines: rows of totals and subtotals in the table, totals stated in the block.

A total is compared when the figure of every line it covers could be read.  A figure below zero is read, so a wrong sign
shows in the total as well; an unreadable or impossible one is unknown, and then nothing can be said of the sum.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from coldtrace.interop.workbook.block import Given, is_blank
from coldtrace.interop.workbook.figures import read_count, read_figure
from coldtrace.interop.workbook.findings import Findings, Place, Unreadable, naming
from coldtrace.interop.workbook.grid import CellValue
from coldtrace.interop.workbook.layout import RowKind, Table
from coldtrace.interop.workbook.line_checks import sum_of
from coldtrace.interop.workbook.lines import Draft
from coldtrace.interop.workbook.weights import read_weight, show_kg, weight_unit_in_heading

TOTAL_COUNT_MAX = 10_000_000
ROUNDING_G_PER_LINE = 50
ROUNDING_G_MIN = 500

_IN_WORDS = re.compile(r"([0-9][0-9.,]*)\s*(CTNS?|CARTONS?|CASES?|箱|件|KGS?|公斤|千克)", re.IGNORECASE)
_PALLETS = re.compile(r"托盘?|板|PALLETS?|PLTS?", re.IGNORECASE)


def check_totals(table: Table, drafts: Sequence[Draft], findings: Findings) -> None:
    """Compare each row of totals with the lines since the last one, and with all lines above it."""
    by_row = {draft.row: draft for draft in drafts}
    above: list[Draft] = []
    group: list[Draft] = []
    for row, kind in table.rows:
        if kind is RowKind.LINE and row in by_row:
            above.append(by_row[row])
            group.append(by_row[row])
        elif kind is RowKind.TOTAL and above:
            _check_row(table, row, above, group, findings)
            group = []


def check_stated_totals(given: Sequence[Given], drafts: Sequence[Draft], findings: Findings) -> None:
    """Compare the totals of the block with all lines."""
    for item in given:
        name = _STATED.get(item.field)
        if name == "pallets":
            count = _count(item.value)
            _compare(item.place, name, count, (_pallets(drafts),), findings)
        elif name is not None:
            figure = _count(item.value) if name == "cartons" else _weight(item.value, "KG")
            _compare(item.place, name, figure, (_sum(name, drafts),), findings, lines=len(drafts))


_STATED = {"total_cartons": "cartons", "total_net": "net", "total_gross": "gross", "total_pallets": "pallets"}
_FIGURE: Mapping[str, Callable[[Draft], int | None]] = {
    "cartons": lambda draft: draft.cartons,
    "net": lambda draft: draft.net_g,
    "gross": lambda draft: draft.gross_g,
}


def _check_row(table: Table, row: int, above: Sequence[Draft], group: Sequence[Draft], findings: Findings) -> None:
    compared = False
    for name in _FIGURE:
        column = table.columns.get(name)
        value = None if column is None else table.sheet.at(row, column)
        if column is None or value is None or is_blank(value):
            continue
        unit = weight_unit_in_heading(table.headings.get(column, ""))
        figure = _count(value) if name == "cartons" else _weight(value, unit)
        place = Place(sheet=table.sheet.name, row=row, column=column)
        compared = compared or figure is not None
        _compare(place, name, figure, (_sum(name, group), _sum(name, above)), findings, lines=len(above))
    pallets = table.columns.get("pallet")
    value = None if pallets is None else table.sheet.at(row, pallets)
    if isinstance(value, str) and _PALLETS.search(value) and (figure := _pallet_count(value)) is not None:
        place = Place(sheet=table.sheet.name, row=row, column=pallets)
        _compare(place, "pallets", figure, (_pallets(group), _pallets(above)), findings)
    if not compared:
        _check_words(table, row, above, group, findings)


def _check_words(table: Table, row: int, above: Sequence[Draft], group: Sequence[Draft], findings: Findings) -> None:
    """ "TOTAL: 1,200 CTNS 23,550 KGS" in one cell."""
    for column, value in table.sheet.row(row):
        if not isinstance(value, str):
            continue
        for number, unit in _IN_WORDS.findall(value[:200]):
            name = "net" if unit.upper().startswith("K") or unit in ("公斤", "千克") else "cartons"
            figure = _count(number) if name == "cartons" else _weight(f"{number} KG", "KG")
            place = Place(sheet=table.sheet.name, row=row, column=column)
            # One weight in words may be the net or the gross one.
            sums = [_sum(name, group), _sum(name, above)]
            sums += [_sum("gross", group), _sum("gross", above)] if name == "net" else []
            _compare(place, name, figure, tuple(sums), findings, lines=len(above))


def _compare(
    place: Place,
    name: str,
    figure: int | None,
    sums: tuple[int | None, ...],
    findings: Findings,
    *,
    lines: int = 1,
) -> None:
    known = [total for total in sums if total is not None]
    if figure is None or not known:
        return
    tolerance = 0 if name in ("cartons", "pallets") else max(ROUNDING_G_MIN, ROUNDING_G_PER_LINE * lines)
    if any(abs(figure - total) <= tolerance for total in known):
        return
    show = str if name in ("cartons", "pallets") else _kg
    findings.error(place, "total_differs", **naming(name), text=show(figure), sum=show(known[-1]))


def _sum(name: str, drafts: Sequence[Draft]) -> int | None:
    return sum_of(_FIGURE[name](draft) for draft in drafts)


def _pallets(drafts: Sequence[Draft]) -> int | None:
    names = {draft.pallet for draft in drafts}
    return None if None in names else len(names)


def _pallet_count(text: str) -> int | None:
    figure = read_figure(_PALLETS.sub("", text))
    return int(figure.value) if figure is not None and not figure.unit else None


def _count(value: CellValue) -> int | None:
    text = _PALLETS.sub("", value) if isinstance(value, str) else value
    try:
        return read_count(text, limit=TOTAL_COUNT_MAX)
    except Unreadable:
        return None


def _weight(value: CellValue, unit: str) -> int | None:
    try:
        return read_weight(value, unit=unit).grams
    except Unreadable:
        return None


def _kg(grams: int) -> str:
    return f"{show_kg(grams)} kg"
