"""Headings that nobody understood, so that a person can say what they mean.

Of a table that was found, those without a field.  Where no table was found, the row that looks most like headings:
several words, with a row of values below.
"""

from coldtrace.interop.workbook.findings import SHOWN_MAX, Place, shorten
from coldtrace.interop.workbook.grid import Sheet
from coldtrace.interop.workbook.layout import HEADER_ROW_MAX, Layout, Taught, is_ours
from coldtrace.interop.workbook.vocabulary import column_field, fold

HEADINGS_MIN = 3
Heading = tuple[str, int, str, str]
"""Sheet, row, column letter, and the heading."""


def unknown_headings(sheets: tuple[Sheet, ...], layout: Layout, taught: Taught) -> list[Heading]:
    """Return the headings that mean nothing yet, in the order of the sheets; sentences are none."""
    if not layout.tables:
        return _likely(sheets)
    found: list[Heading] = []
    for table in layout.tables:
        known = {*table.columns.values(), *table.product_columns, *table.skipped}
        found += [
            (table.sheet.name, table.header_row, Place(column=column).letter or "", shorten(heading))
            for column, heading in sorted(table.headings.items())
            if column not in known
            and len(heading) <= SHOWN_MAX
            and column_field(heading) is None
            and fold(heading) not in taught
        ]
    return found


def _likely(sheets: tuple[Sheet, ...]) -> list[Heading]:
    best: tuple[int, Sheet, int] | None = None
    for sheet in sheets:
        if is_ours(sheet.name):
            continue
        for row in range(1, min(sheet.last_row, HEADER_ROW_MAX + 1)):
            words = [column for column, value in sheet.row(row) if isinstance(value, str)]
            below = [value for column, value in sheet.row(row + 1) if column in words]
            values = sum(1 for value in below if not isinstance(value, str) or any(map(str.isdigit, value)))
            if len(words) >= HEADINGS_MIN and values >= 2 and (best is None or len(words) > best[0]):
                best = (len(words), sheet, row)
    if best is None:
        return []
    _, sheet, row = best
    return [
        (sheet.name, row, Place(column=column).letter or "", shorten(value))
        for column, value in sheet.row(row)
        if isinstance(value, str) and len(value) <= SHOWN_MAX
    ]
