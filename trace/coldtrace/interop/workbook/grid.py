"""The workbook as plain values by row and column: formulas by their saved results, blanks left out, merges known."""

import io
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple, Protocol, cast

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

from coldtrace.interop.workbook.archive import open_archive
from coldtrace.interop.workbook.refusals import BrokenWorkbook, EmptyWorkbook, OversizedWorkbook
from coldtrace.interop.workbook.structure import SheetStructure, read_structures

CellValue = str | int | float | bool | datetime | date | time | timedelta
MERGED_CELLS_MAX = 200_000

_ERROR_VALUE = re.compile(r"#(?:REF!|N/A|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|SPILL!|CALC!|GETTING_DATA)")


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """One visible worksheet.  Rows and columns count from 1, as Excel shows them."""

    name: str
    cells: Mapping[int, Mapping[int, CellValue]]
    """Row to column to value; blank cells are absent."""
    last_row: int
    last_column: int
    hidden_rows: frozenset[int]
    anchors: Mapping[tuple[int, int], tuple[int, int]]
    """For each covered cell of a merged area, the cell that holds its value."""
    uncached: frozenset[tuple[int, int]]
    date_1904: bool

    def at(self, row: int, column: int) -> CellValue | None:
        """Return the cell's own value."""
        return self.cells.get(row, {}).get(column)

    def spread(self, row: int, column: int) -> CellValue | None:
        """Return the value that the cell shows, which a merged area takes from its first cell."""
        return self.at(*self.anchors.get((row, column), (row, column)))

    def row(self, row: int) -> Iterator[tuple[int, CellValue]]:
        """Yield column and value of the row's filled cells, from left to right."""
        yield from sorted(self.cells.get(row, {}).items())


class _Rows(Protocol):
    def iter_rows(
        self, *, min_row: int, max_row: int, min_col: int, max_col: int, values_only: bool
    ) -> Iterator[tuple[object, ...]]: ...


def read_grid(data: bytes, *, filename: str) -> tuple[Sheet, ...]:
    """Return the visible sheets that have anything on them; raise a `WorkbookRefused` and nothing else."""
    archive = open_archive(data, filename=filename)
    structures = read_structures(archive, filename=filename)
    sheets: list[Sheet] = []
    for name, visible, cells, date_1904 in _load(data, structures, filename):
        shape = structures[name]
        if not visible or not (cells or shape.uncached):
            continue
        sheets.append(
            Sheet(
                name=name,
                cells=cells,
                last_row=shape.last_row,
                last_column=shape.last_column,
                hidden_rows=shape.hidden_rows,
                anchors=_anchors(shape, filename),
                uncached=shape.uncached,
                date_1904=date_1904,
            )
        )
    if not sheets:
        raise EmptyWorkbook(file=filename)
    return tuple(sheets)


def cell_values(
    data: bytes, structures: Mapping[str, SheetStructure], *, filename: str
) -> dict[str, dict[tuple[int, int], CellValue]]:
    """Return the saved values of all sheets, hidden ones too, by row and column."""
    found: dict[str, dict[tuple[int, int], CellValue]] = {}
    for name, _, cells, _ in _load(data, structures, filename):
        found[name] = {(row, column): value for row, line in cells.items() for column, value in line.items()}
    return found


def is_error_value(value: object) -> bool:
    """Tell whether a cell shows one of Excel's own errors, such as #REF!."""
    return isinstance(value, str) and _ERROR_VALUE.fullmatch(value.strip()) is not None


class _Loaded(NamedTuple):
    name: str
    visible: bool
    cells: dict[int, dict[int, CellValue]]
    date_1904: bool


def _load(data: bytes, structures: Mapping[str, SheetStructure], filename: str) -> list[_Loaded]:
    try:
        with warnings.catch_warnings():
            # The library warns of styles and extensions that it leaves out; none of them holds a value.
            warnings.simplefilter("ignore")
            workbook = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
            loaded = [
                _Loaded(
                    worksheet.title,
                    worksheet.sheet_state == "visible",
                    _values(worksheet, structures[worksheet.title]),
                    workbook.epoch.year == 1904,
                )
                for worksheet in workbook.worksheets
                if worksheet.title in structures
            ]
            workbook.close()
    except Exception as error:
        # A hostile file makes the library fail in ways that it does not promise; all mean the same to the caller.
        raise BrokenWorkbook(file=filename) from error
    return loaded


def _values(worksheet: Worksheet, shape: SheetStructure) -> dict[int, dict[int, CellValue]]:
    if shape.last_row == 0:
        return {}
    rows = cast(_Rows, worksheet).iter_rows(
        min_row=1, max_row=shape.last_row, min_col=1, max_col=shape.last_column, values_only=True
    )
    cells: dict[int, dict[int, CellValue]] = {}
    for number, row in enumerate(rows, start=1):
        kept = {column: value for column, raw in enumerate(row, start=1) if (value := _value(raw)) is not None}
        if kept:
            cells[number] = kept
    return cells


def _value(raw: object) -> CellValue | None:
    if isinstance(raw, str):
        return raw if raw.strip() else None
    if isinstance(raw, (bool, int, float, datetime, date, time, timedelta)):
        return raw
    return None if raw is None else str(raw)


def _anchors(shape: SheetStructure, filename: str) -> dict[tuple[int, int], tuple[int, int]]:
    anchors: dict[tuple[int, int], tuple[int, int]] = {}
    for top, left, bottom, right in shape.merges:
        if len(anchors) + (bottom - top + 1) * (right - left + 1) > MERGED_CELLS_MAX:
            raise OversizedWorkbook(
                file=filename, what_zh="合并的单元格数", what_en="the number of merged cells", limit=MERGED_CELLS_MAX
            )
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                if (row, column) != (top, left):
                    anchors[row, column] = (top, left)
    return anchors
