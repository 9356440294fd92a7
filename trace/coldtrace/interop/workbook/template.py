"""The template to download: headings in both languages, one example line, notes, and checks while typing."""

import io
from collections.abc import Iterable
from datetime import date
from typing import Literal

from openpyxl import Workbook
from openpyxl.cell.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from coldtrace.interop.workbook.example import EXAMPLE_COLUMNS, EXAMPLE_PAPERS
from coldtrace.interop.workbook.layout import NOTES_SHEET
from coldtrace.interop.workbook.safe_cells import put_text

SHEET = "装箱单 Packing list"
FILL_IN_ROWS = 200
"""So many rows below the headings are formatted and checked."""

_HEAD_FILL = PatternFill("solid", fgColor="FFD5DFE5")
_EXAMPLE_INK = Font(color="FF5B6770", italic=True)
_LINE = Border(bottom=Side(style="thin", color="FFD5DFE5"))
_TEXT_FORMAT, _DATE_FORMAT = "@", "yyyy-mm-dd"


def template() -> bytes:
    """Return the workbook; as it is, with its example, it imports without errors and with one remark that says so."""
    workbook = Workbook()
    workbook.remove(workbook.worksheets[0])
    sheet = workbook.create_sheet(SHEET)
    header_row = _write_papers(sheet)
    _write_table(sheet, header_row)
    _add_checks(sheet, header_row)
    _write_notes(workbook.create_sheet(NOTES_SHEET))
    target = io.BytesIO()
    workbook.save(target)
    return target.getvalue()


def _write_papers(sheet: Worksheet) -> int:
    """Write the block from row 3 on; return the row of the table's headings."""
    _put(sheet, 1, 1, "进口冷链食品装箱单 / Packing list of imported cold-chain food", font=Font(bold=True, size=14))
    for row, (label, example, _, _) in enumerate(EXAMPLE_PAPERS, start=3):
        _put(sheet, row, 1, label, font=Font(bold=True))
        _put(sheet, row, 4, example, font=_EXAMPLE_INK, form=_form(example))
    return len(EXAMPLE_PAPERS) + 4


def _write_table(sheet: Worksheet, header_row: int) -> None:
    for column, (heading, example, width, _, _) in enumerate(EXAMPLE_COLUMNS, start=1):
        cell = _put(sheet, header_row, column, heading, font=Font(bold=True))
        cell.fill = _HEAD_FILL
        cell.alignment = Alignment(wrap_text=True, vertical="center")
        sheet.column_dimensions[get_column_letter(column)].width = width
        _put(sheet, header_row + 1, column, example, font=_EXAMPLE_INK, form=_form(example))
        for row in range(header_row + 2, header_row + FILL_IN_ROWS):
            blank = sheet.cell(row, column)
            blank.number_format = _form(example)
            blank.border = _LINE
    sheet.row_dimensions[header_row].height = 36
    sheet.freeze_panes = f"A{header_row + 1}"


def _add_checks(sheet: Worksheet, header_row: int) -> None:
    """Let the spreadsheet program complain while typing; what it lets through, the reader names."""
    first, last = header_row + 1, header_row + FILL_IN_ROWS - 1
    for column, kind, low, high, words in _CHECKS:
        check = DataValidation(
            type=kind,
            operator="between",
            formula1=low,
            formula2=high,
            allow_blank=True,
            showErrorMessage=True,
            showInputMessage=True,
            errorStyle="warning",
            errorTitle="请核对 Please check",
            error=words,
            prompt=words,
        )
        check.add(f"{column}{first}:{column}{last}")
        sheet.add_data_validation(check)


_Kind = Literal["textLength", "date", "whole", "decimal"]
_CHECKS: tuple[tuple[str, _Kind, str, str, str], ...] = (
    ("E", "textLength", "1", "14", "条码为 8 至 14 位数字，没有的填“无”。 A GTIN has 8 to 14 digits; none: 无."),
    ("F", "textLength", "1", "60", "批号最多 60 个字。 A lot has at most 60 characters."),
    ("G", "date", "DATE(2000,1,1)", "DATE(2099,12,31)", "请填写日期，如 2026-09-03。 Write a date."),
    ("J", "whole", "1", "100000", "请填写整箱数。 Write whole cartons."),
    ("K", "decimal", "0.001", "40000", "请填写本行净重（公斤）。 Net weight of the line in kilograms."),
    ("L", "decimal", "0.001", "40000", "请填写本行毛重（公斤）。 Gross weight of the line in kilograms."),
)


def _write_notes(sheet: Worksheet) -> None:
    rows: list[tuple[str, str, str, str]] = [("栏目 Field", "示例 Example", "填写要求", "What to write")]
    rows += [(label, _text(example), zh, en) for label, example, zh, en in EXAMPLE_PAPERS]
    rows += [(heading, _text(example), zh, en) for heading, example, _, zh, en in EXAMPLE_COLUMNS]
    rows += [("", "", zh, en) for zh, en in _GENERAL]
    _write_rows(sheet, rows)
    for letter, width in zip("ABCD", (44, 44, 60, 70), strict=True):
        sheet.column_dimensions[letter].width = width


_GENERAL = (
    ("灰色斜体为示例，请覆盖。", "Grey italics are the example; overwrite them."),
    (
        "列的次序和名称可以不同，列也可以增减；混装托盘的各行应相邻。",
        "Columns may be named and ordered otherwise; lines of a mixed pallet stand together.",
    ),
    (
        "没有托盘时，可增加“箱号”列，写箱号范围，如 1-50。",
        'Without pallets, add a column "Carton No." with ranges such as 1-50.',
    ),
    ("号码请按文本填写，以免 Excel 截断。", "Type long numbers as text, or Excel cuts them."),
    ("只接受 .xlsx，一个文件一个集装箱。", "Only .xlsx; one file is one container."),
)


def _write_rows(sheet: Worksheet, rows: Iterable[tuple[str, ...]]) -> None:
    for row, values in enumerate(rows, start=1):
        for column, value in enumerate(values, start=1):
            cell = _put(sheet, row, column, value, font=Font(bold=row == 1))
            cell.alignment = Alignment(wrap_text=True, vertical="top")


def _put(
    sheet: Worksheet, row: int, column: int, value: str | int | date, *, font: Font, form: str = "General"
) -> Cell:
    cell = sheet.cell(row, column)
    if not isinstance(cell, Cell):
        raise TypeError("the template has no merged cells")
    if isinstance(value, str):
        put_text(cell, value)
    else:
        cell.value = value
    cell.font = font
    cell.number_format = form
    return cell


def _form(example: str | int | date) -> str:
    return _DATE_FORMAT if isinstance(example, date) else _TEXT_FORMAT if isinstance(example, str) else "General"


def _text(example: str | int | date) -> str:
    return example.isoformat() if isinstance(example, date) else str(example)
