"""The two sheets that an annotated copy adds: the list of faults with links, and what was normalised."""

from collections.abc import Iterable

from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.workbook.workbook import Workbook
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from coldtrace.interop.workbook.findings import Finding
from coldtrace.interop.workbook.layout import CHANGES_SHEET, ERRORS_SHEET
from coldtrace.interop.workbook.reader import ImportResult
from coldtrace.interop.workbook.safe_cells import put_text

ERROR_FILL = PatternFill("solid", fgColor="FFF4B6B6")
WARNING_FILL = PatternFill("solid", fgColor="FFFFE9A8")
HEAD_FILL = PatternFill("solid", fgColor="FFD5DFE5")

_TITLES = ("级别 Level", "工作表 Sheet", "行 Row", "列 Column", "序号 Line", "代码 Code", "中文", "English")
_WIDTHS = (14, 22, 8, 9, 9, 28, 70, 80)
_CHANGE_TITLES = ("工作表 Sheet", "行 Row", "列 Column", "原文 As written", "理解为 Understood as")
_CHANGE_WIDTHS = (22, 8, 9, 44, 44)


def add_summary(workbook: Workbook, result: ImportResult) -> None:
    """Add the list of errors and remarks as the first sheet, each linked to its cell."""
    sheet = workbook.create_sheet(ERRORS_SHEET, 0)
    workbook.active = 0
    errors, remarks = len(result.errors), len(result.warnings)
    write_row(sheet, 1, [f"{errors} 处错误，{remarks} 处提醒。改正后保存本文件即可重新上传。"])
    write_row(sheet, 2, [f"{errors} errors, {remarks} notes. Correct them in place and upload this file again."])
    write_row(sheet, 4, _TITLES, head=True)
    levels = [("错误 Error", ERROR_FILL, each) for each in result.errors]
    levels += [("提醒 Note", WARNING_FILL, each) for each in result.warnings]
    for row, (level, fill, finding) in enumerate(levels, start=5):
        where = (finding.sheet, finding.row, finding.column, finding.line)
        write_row(sheet, row, [level, *where, finding.code, finding.zh, finding.en])
        sheet.cell(row, 1).fill = fill
        if finding.sheet is not None and finding.row is not None:
            _link(sheet, row, finding)
    set_widths(sheet, _WIDTHS)
    sheet.freeze_panes = "A5"


def add_changes(workbook: Workbook, result: ImportResult) -> None:
    """Add what was understood as something else than it literally says, as the last sheet."""
    if not result.normalised:
        return
    sheet = workbook.create_sheet(CHANGES_SHEET)
    write_row(sheet, 1, _CHANGE_TITLES, head=True)
    for row, change in enumerate(result.normalised, start=2):
        write_row(sheet, row, [change.sheet, change.row, change.column, change.before, change.after])
    set_widths(sheet, _CHANGE_WIDTHS)
    sheet.freeze_panes = "A2"


def write_row(sheet: Worksheet, row: int, values: Iterable[str | int | None], *, head: bool = False) -> None:
    """Write plain values from the first column on, text as text."""
    for column, value in enumerate(values, start=1):
        cell = sheet.cell(row, column)
        if not isinstance(cell, Cell):
            continue
        if isinstance(value, str):
            put_text(cell, value)
        else:
            cell.value = value
        if column > 6 or head:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
        if head:
            cell.font, cell.fill = Font(bold=True), HEAD_FILL


def set_widths(sheet: Worksheet, widths: Iterable[int]) -> None:
    """Set the widths of the first columns."""
    for column, width in enumerate(widths):
        sheet.column_dimensions["ABCDEFGHIJKLMNOPQRSTUVWXYZ"[column]].width = width


def _link(sheet: Worksheet, row: int, finding: Finding) -> None:
    quoted = (finding.sheet or "").replace("'", "''")
    cell = sheet.cell(row, 3)
    cell.hyperlink = Hyperlink(ref=cell.coordinate, location=f"'{quoted}'!{finding.column or 'A'}{finding.row}")
    cell.font = Font(underline="single", color="FF0A5FA8")
