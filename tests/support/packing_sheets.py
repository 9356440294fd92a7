"""Workbooks of the brokers' family, built in memory for tests."""

import io
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from openpyxl import Workbook

from coldtrace.interop.workbook.reader import ImportResult, read_workbook

Value = str | int | float | bool | date | datetime | None
Rows = Sequence[Sequence[Value]]

TODAY = date(2026, 11, 23)

BLOCK_ZH: Rows = (
    ("报关单号", "020220261000000123"),
    ("集装箱号", "TXGU0000014"),
    ("入境口岸", "天津新港 (CNTXG)"),
    ("进境日期", "2026-11-18"),
    ("境内收货人", "滨海远洋冷链进出口（天津）有限公司"),
    ("统一社会信用代码", "91120116MA05TE5T1N"),
    ("在华注册编号", "CBRA01012201010001"),
    ("原产国", "巴西"),
    ("检验检疫证明编号", "12000012611180456"),
    ("贮存条件", "-18℃以下冷冻保存"),
    ("商品编码", "0202300090"),
)
BLOCK_EN: Rows = (
    ("Customs declaration No.:", "020220261000000123"),
    ("Container No.:", "TXGU 000001-4"),
    ("Port of discharge:", "Xingang, China"),
    ("Arrival date:", "18-Nov-2026"),
    ("Consignee:", "Binhai Ocean Cold Chain (Tianjin) Co., Ltd."),
    ("Consignee USCC:", "91120116MA05TE5T1N"),
    ("GACC registration No.:", "CBRA01012201010001"),
    ("Country of origin:", "Brazil"),
    ("CIQ certificate No.:", "12000012611180456"),
    ("Storage conditions:", "Keep frozen at -18°C or below"),
    ("HS code:", "0202.30.00.90"),
)


def workbook(
    sheets: Mapping[str, Rows],
    *,
    merges: Sequence[tuple[str, str]] = (),
    hidden_rows: Sequence[tuple[str, int]] = (),
    hidden_sheets: Sequence[str] = (),
) -> bytes:
    """Return a workbook with these rows; `merges` and `hidden_rows` name their sheet first."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for number, row in enumerate(rows, start=1):
            for column, value in enumerate(row, start=1):
                if value is not None:
                    sheet.cell(number, column).value = value
    for name, area in merges:
        book[name].merge_cells(area)
    for name, number in hidden_rows:
        book[name].row_dimensions[number].hidden = True
    for name in hidden_sheets:
        book[name].sheet_state = "hidden"
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def read(data: bytes, filename: str = "list.xlsx") -> ImportResult:
    """Read a workbook on the tests' day."""
    return read_workbook(data, filename=filename, today=TODAY)


def faults(result: ImportResult) -> list[tuple[int | None, str | None, str]]:
    """Return row, column and code of each error."""
    return [(finding.row, finding.column, finding.code) for finding in result.errors]


def remarks(result: ImportResult) -> list[tuple[int | None, str | None, str]]:
    """Return row, column and code of each warning."""
    return [(finding.row, finding.column, finding.code) for finding in result.warnings]
