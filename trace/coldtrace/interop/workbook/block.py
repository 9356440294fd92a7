"""The block of label and value around the table: side by side, in one cell behind a colon, or one below the other."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from coldtrace.interop.workbook.findings import Place
from coldtrace.interop.workbook.grid import CellValue, Sheet
from coldtrace.interop.workbook.layout import Layout, error_columns, is_ours
from coldtrace.interop.workbook.vocabulary import label_field

LINE_DEFAULTS = frozenset({"product", "gtin", "lot", "production_date", "expiry_date", "shelf_life", "spec"})
"""What may be said once for all lines instead of in a column."""

_NONE = frozenset({"N/A", "NA", "NIL", "NONE", "无"})
_BLANKS = frozenset({"", "-", "--", "—", "——", "/", "\\", "N/A", "NA", "NIL", "NONE", "无", "暂缺", "空", ":", "："})
_CHUNKS = re.compile(r"\n+|\t+|\s{2,}(?=\S[^:：]{0,40}[:：])|[;；]\s*(?=\S[^:：]{0,40}[:：])")
_COMPANY = re.compile(r"[\u4e00-\u9fff][\u4e00-\u9fff（）()·]{3,40}?(?:有限责任公司|股份有限公司|有限公司|集团公司)")


@dataclass(frozen=True, slots=True)
class Given:
    """One value of the block with the cell where it stands."""

    field: str
    value: CellValue
    place: Place


def read_block(sheets: tuple[Sheet, ...], layout: Layout) -> list[Given]:
    """Return everything the block says, in the order of the sheets; a field may occur more than once."""
    found: list[Given] = []
    tables = {table.sheet.name: table for table in layout.tables}
    ignored = {sheet.name for sheet in layout.ignored_sheets}
    for sheet in sheets:
        if is_ours(sheet.name):
            continue
        table = tables.get(sheet.name)
        rows = [row for row in sorted(sheet.cells) if table is None or not table.header_row <= row <= table.last_row]
        scan = _Scan(sheet, frozenset(rows))
        for row in rows:
            found += scan.row(row)
        if sheet.name in ignored:
            found = [given for given in found if given.place.sheet != sheet.name or given.field not in LINE_DEFAULTS]
    return found


def company_in_title(sheets: tuple[Sheet, ...], layout: Layout) -> Given | None:
    """Return the company whose name stands in a title above the table: brokers head the sheet with the importer."""
    for table in layout.tables:
        for row in range(1, table.header_row):
            for column, value in table.sheet.row(row):
                match = _COMPANY.match(value.strip()) if isinstance(value, str) and len(value) < 200 else None
                if match:
                    place = Place(sheet=table.sheet.name, row=row, column=column)
                    return Given("importer", match.group(0), place)
                break
    return None


class _Scan:
    """One sheet's rows outside the table."""

    def __init__(self, sheet: Sheet, rows: frozenset[int]) -> None:
        self.sheet = sheet
        self.rows = rows
        self.skipped = error_columns(sheet)

    def row(self, row: int) -> Iterator[Given]:
        cells = [(column, value) for column, value in self.sheet.row(row) if column not in self.skipped]
        labels = sum(1 for _, value in cells if isinstance(value, str) and label_field(value) is not None)
        taken: set[int] = set()
        for index, (column, value) in enumerate(cells):
            if index in taken or not isinstance(value, str):
                continue
            pairs = list(_pairs(value))
            for name, text in pairs:
                if text and name != "ignored" and not is_blank(text):
                    yield Given(name, text, self._place(row, column))
            label = pairs[-1][0] if pairs and not pairs[-1][1] else None if pairs else _label(value)
            if label is None:
                continue
            right = self._right_of(cells, index)
            if right is not None:
                taken.add(right)
                if label != "ignored" and not is_blank(cells[right][1]):
                    yield Given(label, cells[right][1], self._place(row, cells[right][0]))
            elif label not in LINE_DEFAULTS | {"ignored"} and labels >= 2:
                yield from self._below(label, row, column)

    def _right_of(self, cells: list[tuple[int, CellValue]], index: int) -> int | None:
        for other in range(index + 1, len(cells)):
            value = cells[other][1]
            if isinstance(value, str) and value.strip() in (":", "："):
                continue
            if isinstance(value, str) and (_label(value) is not None or any(True for _ in _pairs(value))):
                return None
            return other
        return None

    def _below(self, label: str, row: int, column: int) -> Iterator[Given]:
        """Labels in one row and their values in the next; two filled rows below would be a table instead."""
        value = self.sheet.at(row + 1, column)
        alone = self.sheet.at(row + 2, column) is None or row + 2 not in self.rows
        if row + 1 in self.rows and value is not None and alone and not is_blank(value):
            if isinstance(value, str) and _label(value) is not None:
                return
            yield Given(label, value, self._place(row + 1, column))

    def _place(self, row: int, column: int) -> Place:
        return Place(sheet=self.sheet.name, row=row, column=column)


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Yield the label and value pairs written in one cell; the value is empty when it stands in the next cell."""
    if len(text) > 2000 or not (":" in text or "：" in text):
        return
    for chunk in _CHUNKS.split(text):
        label, sign, _ = unicodedata.normalize("NFKC", chunk).partition(":")
        field = _label(label)
        if sign and field is not None:
            # What is kept is the text as typed, not its folded form.
            yield field, re.split(r"[:：]", chunk, maxsplit=1)[1].strip()


def _label(text: str) -> str | None:
    match = label_field(text) if len(text) <= 60 else None
    return match[0] if match is not None and match[1] >= 60 else None


def says_none(value: CellValue) -> bool:
    """Tell whether a cell says that there is no such thing, rather than nothing at all."""
    return isinstance(value, str) and value.strip().upper() in _NONE


def is_blank(value: CellValue | None) -> bool:
    """Tell whether a cell says nothing: empty, a dash, "N/A", 无."""
    return value is None or (isinstance(value, str) and value[:40].strip().upper() in _BLANKS and len(value) <= 40)
