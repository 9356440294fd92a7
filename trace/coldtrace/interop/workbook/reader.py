"""From the bytes of a workbook to the facts of a packing list, or to every fault in it by sheet, row and column.

    bytes -> archive (is it safe) -> grid (values) -> layout (where is what) -> block and lines (cell by cell)
          -> papers, line checks, list checks, totals -> PackingList, or errors

Pure: no database, no clock; `today` is a value.  Nothing is half read: with one error there is no packing list.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from coldtrace.goods.intake_lot import intake_lot
from coldtrace.goods.packing_list import ConsignmentPapers, PackedLine, PackingList
from coldtrace.interop.workbook.block import LINE_DEFAULTS, Given, company_in_title, is_blank, read_block
from coldtrace.interop.workbook.example import EXAMPLE_CONTAINER, EXAMPLE_DECLARATION
from coldtrace.interop.workbook.findings import Finding, Findings, Normalised, Place, plain, shorten
from coldtrace.interop.workbook.grid import Sheet, read_grid
from coldtrace.interop.workbook.headings import unknown_headings
from coldtrace.interop.workbook.layout import (
    NOTHING_TAUGHT,
    Layout,
    RowKind,
    Table,
    Taught,
    cells_of,
    find_layout,
)
from coldtrace.interop.workbook.line_checks import check_columns, check_line, sum_of
from coldtrace.interop.workbook.lines import Draft, LineReader
from coldtrace.interop.workbook.list_checks import check_list
from coldtrace.interop.workbook.papers import read_papers
from coldtrace.interop.workbook.totals import check_stated_totals, check_totals

LINES_MAX = 5_000

_PAPER_COLUMNS = ("container_number", "origin", "plant", "overseas_registration", "hs_code")


@dataclass(frozen=True, kw_only=True, slots=True)
class UnderstoodColumn:
    """One column of the table and what it was taken for."""

    sheet: str
    row: int
    column: str
    heading: str
    field: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportResult:
    """What a workbook says.  `packing` is None as soon as there is one error."""

    filename: str
    packing: PackingList | None
    cartons: int | None
    """The sum as far as every line's count could be read."""
    columns: tuple[UnderstoodColumn, ...]
    unknown: tuple[UnderstoodColumn, ...]
    """Headings that mean nothing yet, with an empty field: a person may say what they are."""
    normalised: tuple[Normalised, ...]
    errors: tuple[Finding, ...]
    warnings: tuple[Finding, ...]

    def to_json(self) -> dict[str, object]:
        """Return the reader's part of the answer that the interfaces describe."""
        packing = self.packing
        return {
            "cartons": None if packing is None else packing.cartons,
            "pallets": None if packing is None else len(packing.pallets),
            "lots": None if packing is None else len(packing.lots),
            "net_g": None if packing is None else packing.net_g,
            "normalised": [change.to_json() for change in self.normalised],
            "warnings": [finding.to_json() for finding in self.warnings],
            "errors": [finding.to_json() for finding in self.errors],
        }


def read_workbook(data: bytes, *, filename: str, today: date, taught: Taught = NOTHING_TAUGHT) -> ImportResult:
    """Read a broker's workbook; `taught` says what headings of this broker mean that our vocabulary does not know.

    Raises a `WorkbookRefused` when the file cannot be read at all, and nothing else; whatever is wrong inside a
    readable workbook is in the result's `errors`.
    """
    sheets = read_grid(data, filename=shorten(filename))
    layout = find_layout(sheets, taught)
    findings = Findings()
    for sheet in layout.ignored_sheets:
        findings.warn(Place(sheet=sheet.name), "sheet_ignored", text=sheet.name)
    if not layout.tables:
        findings.error(Place(sheet=sheets[0].name), "table_not_found")
    given = _given(sheets, layout)
    main = layout.tables[0].sheet if layout.tables else sheets[0]
    papers = read_papers(given, findings=findings, sheet=main.name, date_1904=main.date_1904, today=today)
    _remark_example(papers, given, findings)
    drafts = _read_tables(layout, given, papers, findings, today)
    check_list(drafts, findings)
    check_stated_totals(given, drafts, findings)
    errors = tuple(sorted(findings.errors, key=_reading_order))
    return ImportResult(
        filename=filename,
        packing=None if errors else PackingList(papers=papers, lines=tuple(map(_packed, drafts))),
        cartons=sum_of(draft.cartons for draft in drafts),
        columns=tuple(_understood(layout)),
        unknown=tuple(
            UnderstoodColumn(sheet=sheet, row=row, column=column, heading=heading, field="")
            for sheet, row, column, heading in unknown_headings(sheets, layout, taught)
        ),
        normalised=tuple(findings.normalised),
        errors=errors,
        warnings=tuple(sorted(findings.warnings, key=_reading_order)),
    )


def _given(sheets: tuple[Sheet, ...], layout: Layout) -> list[Given]:
    given = read_block(sheets, layout)
    given += [item for table in layout.tables for item in _papers_in_columns(table)]
    title = company_in_title(sheets, layout)
    if title is not None and not any(item.field == "importer" for item in given):
        given.append(title)
    return given


def _papers_in_columns(table: Table) -> list[Given]:
    """A paper may be a column of the table; its different values are then given once each."""
    found: list[Given] = []
    for name in _PAPER_COLUMNS:
        column = table.columns.get(name)
        seen: set[str] = set()
        for row in table.lines if column is not None else []:
            value = table.sheet.at(row, column or 0)
            if value is not None and not is_blank(value) and plain(value).strip() not in seen:
                seen.add(plain(value).strip())
                found.append(Given(name, value, Place(sheet=table.sheet.name, row=row, column=column)))
    return found


def _read_tables(
    layout: Layout, given: Sequence[Given], papers: ConsignmentPapers, findings: Findings, today: date
) -> list[Draft]:
    defaults: dict[str, Given] = {}
    for item in given:
        if item.field in LINE_DEFAULTS:
            defaults.setdefault(item.field, item)
    drafts: list[Draft] = []
    for table in layout.tables:
        if not table.lines:
            findings.error(Place(sheet=table.sheet.name, row=table.header_row), "table_empty")
            continue
        if len(drafts) + len(table.lines) > LINES_MAX:
            findings.error(Place(sheet=table.sheet.name), "too_many_lines", limit=LINES_MAX)
            break
        drafts += _read_table(table, defaults, papers, findings, today)
    return drafts


def _read_table(
    table: Table, defaults: dict[str, Given], papers: ConsignmentPapers, findings: Findings, today: date
) -> list[Draft]:
    reader = LineReader(table, defaults, findings)
    check_columns(reader, findings)
    drafts: list[Draft] = []
    last_line = table.lines[-1]
    for row, kind in table.rows:
        if kind is RowKind.LINE:
            draft = reader.read(row)
            check_line(draft, reader, findings, entry=papers.entry_date, today=today)
            drafts.append(draft)
        elif kind is RowKind.OTHER and row < last_line:
            text = " ".join(plain(value) for _, value in cells_of(table, row))
            findings.warn(Place(sheet=table.sheet.name, row=row), "row_not_understood", text=shorten(text))
    check_totals(table, drafts, findings)
    return drafts


def _remark_example(papers: ConsignmentPapers, given: Sequence[Given], findings: Findings) -> None:
    if (papers.declaration_number, papers.container_number) == (EXAMPLE_DECLARATION, EXAMPLE_CONTAINER):
        place = next(item.place for item in given if item.field == "declaration_number")
        findings.warn(place, "example_left")


def _packed(draft: Draft) -> PackedLine:
    """Return the finished line.  A part may only be missing when an error was named, and then there is no list."""
    if draft.lot is None or draft.production_date is None or draft.cartons is None or draft.net_g is None:
        raise AssertionError(f"row {draft.row} lacks a part and no error was named")
    return PackedLine(
        sheet=draft.sheet,
        row=draft.row,
        number=draft.number,
        pallet=draft.pallet,
        carton_ranges=draft.ranges,
        product_zh=draft.product_zh,
        product_en=draft.product_en,
        gtin=draft.gtin,
        lot=draft.lot,
        intake_lot=intake_lot(draft.lot),
        production_date=draft.production_date,
        shelf_life=draft.shelf_life,
        expiry=draft.expiry,
        spec=draft.spec,
        cartons=draft.cartons,
        net_g=draft.net_g,
        gross_g=draft.gross_g,
        remark=draft.remark,
    )


def _understood(layout: Layout) -> list[UnderstoodColumn]:
    found: list[UnderstoodColumn] = []
    for table in layout.tables:
        columns = [(column, name) for name, column in table.columns.items()]
        columns += [(column, "product") for column in table.product_columns]
        found += [
            UnderstoodColumn(
                sheet=table.sheet.name,
                row=table.header_row,
                column=Place(column=column).letter or "",
                heading=shorten(table.headings.get(column, "")),
                field=name,
            )
            for column, name in sorted(columns)
        ]
    return found


def _reading_order(finding: Finding) -> tuple[str, int, int, str]:
    column = finding.column or ""
    return (finding.sheet or "\uffff", finding.row or 0, len(column), column)
