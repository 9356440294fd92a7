"""Where things stand in a workbook: the table of goods, its headings, and what each row below them is.

Each row of each sheet is scored by how many headings it could be; the best row with at least three of them, goods and
quantity among them, is the head of a table.  Headings may take two rows (a group over its parts, or one language over
the other), be repeated on every printed page, and the table may go on over several sheets.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import Enum
from functools import cached_property

from coldtrace.interop.workbook.grid import CellValue, Sheet
from coldtrace.interop.workbook.vocabulary import column_field, fold, is_total, label_field

ERRORS_HEADING = "错误 / Errors"
ERRORS_SHEET = "错误汇总 Errors"
CHANGES_SHEET = "已规范 Normalised"
NOTES_SHEET = "填写说明 Notes"
TAUGHT_SCORE = 110
HEADER_ROW_MAX = 300
"""Nobody writes three hundred rows before the table."""

_RANGE = re.compile(r"\s*#?[0-9]{1,7}\s*(?:[-~–—～至]|to)\s*#?[0-9]{1,7}\s*", re.IGNORECASE)
_DATE = re.compile(r"20[0-9]{2}\s*[-/.年]|[0-9]{1,2}[-/.][0-9]{1,2}[-/.]20[0-9]{2}|[A-Za-z]{3}\w*[-., ]+20[0-9]{2}")
_PERIOD = re.compile(r"[0-9一二三四五六七八九十两]\s*(?:个月|月|天|日|年|months?|days?|years?)\s*$")
_CONTAINER = re.compile(r"\s*[A-Za-z]{4}\s*[0-9]{6}")
_GOODS = frozenset({"product", "item", "lot", "gtin"})
_PACKING = frozenset({"lot", "production_date", "expiry_date", "pallet", "carton_range", "carton_from"})
_QUANTITY = frozenset({"cartons", "carton_range", "carton_from", "net", "net_each", "weight"})
_SEVERAL = frozenset({"product"})
_HARD = frozenset({"pallet", "carton_range", "carton_from", "gtin", "lot", "production_date", "expiry_date"}) | {
    "cartons", "net", "net_each", "gross", "gross_each", "weight", "product", "item",
}  # fmt: skip


Taught = Mapping[str, str]
"""What somebody said that a broker's headings mean: folded heading to field, `ignored` for a column to leave out."""
NOTHING_TAUGHT: Taught = {}


class RowKind(Enum):
    """What a row below the headings is."""

    LINE = "line"
    TOTAL = "total"
    HEADINGS = "headings"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table of goods: where its headings are and which column holds what."""

    sheet: Sheet
    header_row: int
    header_end: int
    columns: dict[str, int]
    product_columns: tuple[int, ...]
    headings: dict[int, str]
    skipped: frozenset[int]
    """Columns of an earlier annotation."""
    rows: tuple[tuple[int, RowKind], ...] = field(repr=False)

    @cached_property
    def lines(self) -> list[int]:
        """The worksheet rows that hold goods."""
        return [row for row, kind in self.rows if kind is RowKind.LINE]

    @cached_property
    def last_row(self) -> int:
        """The last row that belongs to the table: its last line or total."""
        ours = [row for row, kind in self.rows if kind in (RowKind.LINE, RowKind.TOTAL)]
        return max(ours, default=self.header_end)


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The tables of goods of a workbook, and the sheets whose tables are something else."""

    tables: tuple[Table, ...]
    ignored_sheets: tuple[Sheet, ...]


def find_layout(sheets: tuple[Sheet, ...], taught: Taught = NOTHING_TAUGHT) -> Layout:
    """Return the tables of goods in the order of the sheets; `taught` headings go before the vocabulary."""
    found = [table for sheet in sheets if not is_ours(sheet.name) and (table := _find_table(sheet, taught)) is not None]
    # Beside a real packing table, one without lots or pallets (an invoice, a summary) says the same goods once more.
    detailed = [table for table in found if table.columns.keys() & _PACKING and table.lines]
    chosen = detailed or found[:1]
    ignored = tuple(table.sheet for table in found if table not in chosen)
    return Layout(tables=tuple(chosen), ignored_sheets=ignored)


def is_ours(sheet_name: str) -> bool:
    """Tell whether a sheet is a note or a summary that this software wrote itself."""
    return sheet_name.startswith((ERRORS_SHEET, CHANGES_SHEET, NOTES_SHEET))


def error_columns(sheet: Sheet) -> frozenset[int]:
    """Return the columns that an annotated copy added; nothing in them counts."""
    marks = fold(ERRORS_HEADING)
    return frozenset(
        column
        for cells in sheet.cells.values()
        for column, value in cells.items()
        if isinstance(value, str) and fold(value).startswith(marks)
    )


def _find_table(sheet: Sheet, taught: Taught) -> Table | None:
    skipped = error_columns(sheet)
    rows = range(1, min(sheet.last_row, HEADER_ROW_MAX) + 1)
    best: tuple[int, int, dict[int, tuple[str, int]]] | None = None
    # Headings spread over two rows count only where no single row will do: else a label right above would join in.
    for headings_of in (_headings_in, _headings_over_two):
        for row in rows:
            matches = headings_of(sheet, row, skipped, taught)
            fields = {name for name, _ in matches.values()} - {"ignored", "line", "remark"}
            if len(fields) < 3 or not fields & (_GOODS | _PACKING) or not fields & _QUANTITY:
                continue
            score = sum(points for _, points in matches.values()) + 100 * len(fields)
            if best is None or score > best[0]:
                best = (score, row, matches)
        if best is not None:
            return _table_at(sheet, best[1], best[2], skipped, taught)
    return None


def _headings_in(sheet: Sheet, row: int, skipped: frozenset[int], taught: Taught) -> dict[int, tuple[str, int]]:
    return _headings_of(_texts(sheet, row, skipped), taught)


def _headings_over_two(sheet: Sheet, row: int, skipped: frozenset[int], taught: Taught) -> dict[int, tuple[str, int]]:
    """A row whose every heading is a group, such as 重量 over 净重 and 毛重, names little by itself."""
    if row == sheet.last_row or not _all_words(sheet, row + 1, skipped):
        return {}
    upper = _texts(sheet, row, skipped, spread=True)
    return _headings_of(_join_headings(upper, _texts(sheet, row + 1, skipped), taught), taught) if upper else {}


def _table_at(
    sheet: Sheet, row: int, matches: dict[int, tuple[str, int]], skipped: frozenset[int], taught: Taught
) -> Table:
    header_end = row
    if row < sheet.last_row:
        below = _texts(sheet, row + 1, skipped)
        joined = _join_headings(_texts(sheet, row, skipped, spread=True), below, taught)
        two_rows = _headings_of(joined, taught)
        if (
            below
            and _all_words(sheet, row + 1, skipped)
            and (_is_headings(below, taught) or len(two_rows) > len(matches))
        ):
            header_end = row + 1
            matches = two_rows | {column: match for column, match in matches.items() if column not in two_rows}
    columns, products = _assign(sheet, header_end, matches)
    headings = _join_headings(
        _texts(sheet, row, skipped), _texts(sheet, header_end, skipped) if header_end > row else {}, taught
    )
    _settle(sheet, header_end, columns, products)
    table = Table(
        sheet=sheet,
        header_row=row,
        header_end=header_end,
        columns=columns,
        product_columns=tuple(sorted(products)),
        headings=headings,
        skipped=skipped,
        rows=(),
    )
    kinds = ((number, _kind_of(table, number)) for number in range(header_end + 1, sheet.last_row + 1))
    return replace(table, rows=tuple((number, kind) for number, kind in kinds if kind is not None))


def _texts(sheet: Sheet, row: int, skipped: frozenset[int], *, spread: bool = False) -> dict[int, str]:
    if not spread:
        return {column: v for column, v in sheet.row(row) if isinstance(v, str) and column not in skipped}
    values = ((column, sheet.spread(row, column)) for column in range(1, sheet.last_column + 1))
    return {column: v for column, v in values if isinstance(v, str) and column not in skipped}


def _headings_of(texts: dict[int, str], taught: Taught) -> dict[int, tuple[str, int]]:
    return {column: match for column, text in texts.items() if (match := _field_of(text, taught)) is not None}


def _field_of(heading: str, taught: Taught) -> tuple[str, int] | None:
    """What was taught is better than the best word of ours."""
    meant = taught.get(fold(heading)) if taught else None
    return column_field(heading) if meant is None else (meant, TAUGHT_SCORE)


def _is_headings(texts: dict[int, str], taught: Taught) -> bool:
    return len(_headings_of(texts, taught)) >= max(2, 0.6 * len(texts))


def _all_words(sheet: Sheet, row: int, skipped: frozenset[int]) -> bool:
    """A second row of headings holds words only: no number, no date, no digit but in brackets."""
    values = [value for column, value in sheet.row(row) if column not in skipped]
    return bool(values) and all(isinstance(v, str) and not any(map(str.isdigit, v)) for v in values)


def _join_headings(upper: dict[int, str], lower: dict[int, str], taught: Taught) -> dict[int, str]:
    joined: dict[int, str] = {}
    for column in {**upper, **lower}:
        above, below = upper.get(column), lower.get(column)
        if above is None or below is None or above == below:
            joined[column] = below or above or ""
            continue
        # 净重 | KG, 重量 | 净重, Net | Weight: whichever reading names a column.
        forms = (f"{above} {below}", f"{below} {above}", below, above)
        joined[column] = max(forms, key=lambda form: (_field_of(form, taught) or ("", 0))[1])
    return joined


def _assign(sheet: Sheet, header_end: int, matches: dict[int, tuple[str, int]]) -> tuple[dict[str, int], list[int]]:
    """Give each field its best heading, the leftmost of equals; products may have a column per language."""
    columns: dict[str, int] = {}
    products: list[int] = []
    for column, (name, _) in sorted(matches.items(), key=lambda item: (-item[1][1], item[0])):
        if name == "cartons" and _RANGE.fullmatch(str(_first_below(sheet, header_end, column) or "")):
            # "Cartons" over 1-50 and "Qty" over 50.
            columns.setdefault("carton_range", column)
        elif name in _SEVERAL:
            products.append(column)
        elif name not in ("ignored", "errors"):
            columns.setdefault(name, column)
    return columns, products


def _settle(sheet: Sheet, header_end: int, columns: dict[str, int], products: list[int]) -> None:
    """Decide headings that say too little by what stands below: "Item", "Weight", and 箱号 over container numbers."""
    item = columns.pop("item", None)
    if item is not None:
        below = _first_below(sheet, header_end, item)
        if isinstance(below, (int, float)) or (isinstance(below, str) and below.strip().isdigit()):
            columns.setdefault("line", item)
        else:
            products.append(item)
    cartons = columns.get("carton_range")
    if cartons is not None and _CONTAINER.match(str(_first_below(sheet, header_end, cartons) or "")):
        columns.setdefault("container_number", columns.pop("carton_range"))
    _settle_expiry(sheet, header_end, columns)
    weight = columns.pop("weight", None)
    if weight is not None and not columns.keys() & {"net", "net_each"}:
        columns["net"] = weight


def _settle_expiry(sheet: Sheet, header_end: int, columns: dict[str, int]) -> None:
    """有效期 may head a period or a date, and so may "Expiry"."""
    for name, other in (("shelf_life", "expiry_date"), ("expiry_date", "shelf_life")):
        column = columns.get(name)
        if column is None or other in columns:
            continue
        below = _first_below(sheet, header_end, column)
        is_date = isinstance(below, (datetime, date)) or _DATE.search(str(below)[:60]) is not None
        is_period = isinstance(below, str) and _PERIOD.search(below[:60].casefold()) is not None
        if (name == "shelf_life" and is_date) or (name == "expiry_date" and is_period and not is_date):
            columns[other] = columns.pop(name)
            return


def _first_below(sheet: Sheet, header_end: int, column: int) -> CellValue | None:
    rows = range(header_end + 1, sheet.last_row + 1)
    return next((value for row in rows if (value := sheet.at(row, column)) is not None), None)


def _kind_of(table: Table, row: int) -> RowKind | None:
    cells = list(cells_of(table, row))
    if not cells:
        return _kind_of_blank(table, row)
    texts = {column: value for column, value in cells if isinstance(value, str)}
    if _is_repeated_heading(table, texts):
        return RowKind.HEADINGS
    first = cells[0][1]
    if isinstance(first, str) and is_total(first) and not _has_lot(table, row):
        return RowKind.TOTAL
    if any(is_total(text) and len(text) <= 20 for text in texts.values()) and not _has_lot(table, row):
        return RowKind.TOTAL
    # Zeros are what a formula leaves in rows that nobody has filled in.
    filled = {name for name, column in table.columns.items() if table.sheet.at(row, column) not in (None, 0)}
    filled |= {"product"} if any(table.sheet.at(row, column) is not None for column in table.product_columns) else set()
    uncached = {name for name, column in table.columns.items() if (row, column) in table.sheet.uncached}
    labelled = isinstance(first, str) and label_field(first) is not None and "lot" not in filled
    if len((filled | uncached) & _HARD) >= 2 and not labelled:
        return RowKind.LINE
    return RowKind.OTHER


def _kind_of_blank(table: Table, row: int) -> RowKind | None:
    if any((row, column) in table.sheet.uncached for column in table.columns.values()):
        return RowKind.LINE
    return None


def _is_repeated_heading(table: Table, texts: dict[int, str]) -> bool:
    same = sum(1 for column, text in texts.items() if fold(table.headings.get(column, "")).find(fold(text)) >= 0)
    return len(texts) >= 3 and same >= 0.6 * len(texts)


def _has_lot(table: Table, row: int) -> bool:
    column = table.columns.get("lot")
    return column is not None and table.sheet.at(row, column) is not None


def cells_of(table: Table, row: int) -> Iterator[tuple[int, CellValue]]:
    """Yield the filled cells of a row of the table."""
    yield from ((column, value) for column, value in table.sheet.row(row) if column not in table.skipped)
