"""The annotated copy: the broker's own workbook with every fault written beside its cell.

The sheets stay as they are.  Faulty cells get a red fill (remarks a yellow one) and a comment; a column 错误 / Errors
to the right of the sheet says the same in words that print; a summary sheet lists everything, with links; another
shows what was normalised.  Corrected in place, the copy can be uploaded again: our marks are not read, and they are
taken away when it is annotated anew.
"""

import io
import warnings
from collections import defaultdict
from collections.abc import Iterable, Mapping

import openpyxl
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import column_index_from_string, get_column_letter
from openpyxl.workbook.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from coldtrace.interop.workbook.annotation_sheets import ERROR_FILL, HEAD_FILL, WARNING_FILL, add_changes, add_summary
from coldtrace.interop.workbook.archive import open_archive
from coldtrace.interop.workbook.findings import Finding
from coldtrace.interop.workbook.grid import cell_values
from coldtrace.interop.workbook.layout import CHANGES_SHEET, ERRORS_HEADING, ERRORS_SHEET
from coldtrace.interop.workbook.reader import ImportResult
from coldtrace.interop.workbook.refusals import BrokenWorkbook
from coldtrace.interop.workbook.safe_cells import is_plain_arithmetic, put_text, with_saved_results
from coldtrace.interop.workbook.structure import read_structures
from coldtrace.interop.workbook.vocabulary import fold

AUTHOR = "coldtrace"


def annotate(source: bytes, result: ImportResult) -> bytes:
    """Return the workbook with the faults of `result` written into it; raise a `WorkbookRefused` as the reader does."""
    structures = read_structures(open_archive(source, filename=result.filename), filename=result.filename)
    saved = cell_values(source, structures, filename=result.filename)
    workbook = _open(source, result.filename)
    kept: dict[str, dict[str, object]] = {}
    for sheet in _take_away_old_marks(workbook):
        kept[sheet.title] = _tame_formulas(sheet, saved.get(sheet.title, {}))
        errors = [finding for finding in result.errors if finding.sheet == sheet.title]
        remarks = [finding for finding in result.warnings if finding.sheet == sheet.title]
        if errors or remarks:
            _mark_sheet(sheet, errors, remarks, result)
    add_summary(workbook, result)
    add_changes(workbook, result)
    target = io.BytesIO()
    workbook.save(target)
    parts = {f"xl/worksheets/sheet{number}.xml": sheet.title for number, sheet in enumerate(workbook.worksheets, 1)}
    return with_saved_results(target.getvalue(), {part: kept.get(title, {}) for part, title in parts.items()})


def _open(source: bytes, filename: str) -> Workbook:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            workbook = openpyxl.load_workbook(io.BytesIO(source), keep_links=False)
    except Exception as error:
        raise BrokenWorkbook(file=filename) from error
    # Names may hide references to other files; the formulas that stay need none.
    workbook.defined_names.clear()
    return workbook


def _take_away_old_marks(workbook: Workbook) -> list[Worksheet]:
    """Remove what an earlier annotation added; return the broker's own sheets."""
    for title in list(workbook.sheetnames):
        if title.startswith((ERRORS_SHEET, CHANGES_SHEET)):
            del workbook[title]
    heading = fold(ERRORS_HEADING)
    for sheet in workbook.worksheets:
        cells = list(_cells(sheet))
        ours = {cell.column for cell in cells if isinstance(cell.value, str) and fold(cell.value).startswith(heading)}
        for cell in cells:
            if cell.comment is not None and cell.comment.author == AUTHOR:
                cell.comment = None
                cell.fill = PatternFill()
            if cell.column in ours:
                cell.value = None
                cell.fill = PatternFill()
    return list(workbook.worksheets)


def _tame_formulas(sheet: Worksheet, saved: Mapping[tuple[int, int], object]) -> dict[str, object]:
    """Replace what is not plain arithmetic by its saved value; return the saved results of what stays."""
    kept: dict[str, object] = {}
    for cell in _cells(sheet):
        if cell.data_type != "f":
            continue
        value = saved.get((cell.row, cell.column))
        if isinstance(cell.value, str) and is_plain_arithmetic(cell.value):
            kept[cell.coordinate] = value
        elif isinstance(value, (int, float)):
            cell.value = value
        else:
            put_text(cell, "" if value is None else str(value))
    return kept


def _mark_sheet(sheet: Worksheet, errors: list[Finding], remarks: list[Finding], result: ImportResult) -> None:
    head_row = next((each.row for each in result.columns if each.sheet == sheet.title), 1)
    column = max((cell.column for cell in _cells(sheet) if cell.value is not None), default=0) + 1
    sheet.column_dimensions[get_column_letter(column)].width = 70
    by_cell: dict[tuple[int, int], list[Finding]] = defaultdict(list)
    by_row: dict[int, list[Finding]] = defaultdict(list, {head_row: []})
    wrong = {id(finding) for finding in errors}
    for finding in [*errors, *remarks]:
        by_row[finding.row or head_row].append(finding)
        if finding.row is not None and finding.column is not None:
            by_cell[finding.row, column_index_from_string(finding.column)].append(finding)
    for (row, number), findings in by_cell.items():
        _mark_cell(_own_cell(sheet, row, number), findings, error=any(id(each) in wrong for each in findings))
    for row, findings in by_row.items():
        cell = _own_cell(sheet, row, column)
        lines = [_said(each, error=id(each) in wrong) for each in findings]
        put_text(cell, "\n".join([ERRORS_HEADING, *lines] if row == head_row else lines))
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        faulty = any(id(each) in wrong for each in findings)
        cell.fill = ERROR_FILL if faulty else WARNING_FILL if findings else HEAD_FILL
        if row == head_row:
            cell.font = Font(bold=True)


def _mark_cell(cell: Cell, findings: list[Finding], *, error: bool) -> None:
    cell.fill = ERROR_FILL if error else WARNING_FILL
    text = "\n\n".join(f"{finding.zh}\n{finding.en}" for finding in findings)
    author = AUTHOR
    if cell.comment is not None:
        # Somebody else's comment keeps its author, so that it is not taken away with our marks.
        text, author = f"{cell.comment.text}\n\n{text}", cell.comment.author or "?"
    comment = Comment(text[:4000], author)
    comment.width, comment.height = 420, 60 + 40 * len(findings)
    cell.comment = comment


def _cells(sheet: Worksheet) -> Iterable[Cell]:
    """Yield the cells that exist.  The public iterators would make one for every cell up to the farthest styled one."""
    return [cell for _, cell in sorted(sheet._cells.items()) if isinstance(cell, Cell)]


def _own_cell(sheet: Worksheet, row: int, column: int) -> Cell:
    """Return the cell, or the first cell of the merged area that covers it."""
    cell = sheet.cell(row, column)
    if isinstance(cell, MergedCell):
        area = next(area for area in sheet.merged_cells.ranges if cell.coordinate in area)
        cell = sheet.cell(area.min_row, area.min_col)
    if not isinstance(cell, Cell):
        raise BrokenWorkbook(file=sheet.title)
    return cell


def _said(finding: Finding, *, error: bool) -> str:
    level = "错误 Error" if error else "提醒 Note"
    where = f" {finding.column}{finding.row}" if finding.column else ""
    return f"[{level}{where}] {finding.zh}\n{finding.en}"
