"""Sheets with anything in any cell: there is a packing list or an error, never neither, and never an exception."""

import io
import zipfile
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from coldtrace.interop.workbook.annotate import annotate
from support.packing_sheets import BLOCK_EN, BLOCK_ZH, Rows, Value, read, workbook

HEADS = (
    "序号",
    "托盘号",
    "箱号",
    "品名",
    "条码",
    "批号",
    "生产日期",
    "保质期",
    "到期日",
    "规格",
    "件数",
    "净重",
    "毛重",
)
SHIN = ("冷冻去骨牛腱", "19521234543210", "L2609A", "2026-09-03", "24个月", None, "20KG/箱", 50, 1000, 1060)
SHEET: Rows = (
    *BLOCK_ZH[:4],
    *BLOCK_EN[4:],
    HEADS,
    (1, "P01", "1-50", *SHIN),
    (2, "P02", "51-100", *SHIN),
    ("合计", None, None, None, None, None, None, None, None, None, 100, 2000, 2120),
)
WORDS = [str(cell) for row in SHEET for cell in row if cell is not None]
CELLS: st.SearchStrategy[Value] = st.one_of(
    st.none(),
    st.sampled_from([*WORDS, "同上", "合计", "TOTAL", "#REF!", "-", "无", "=A1", "1000T", "五十", "-50", "03/09/2026"]),
    st.sampled_from(
        ["9" * 40, "1E400", "01/2026", "0", "箱号", "Net", "99521234543216", "2026-09", ":", "报关单号：1"]
    ),
    st.text(max_size=12).filter(lambda text: not ILLEGAL_CHARACTERS_RE.search(text) and text.isprintable()),
    st.integers(-(10**18), 10**18),
    st.floats(-1e12, 1e12),
    st.booleans(),
    st.dates(date(1901, 1, 1), date(2200, 1, 1)),
)
PLACES = st.tuples(st.integers(1, len(SHEET) + 1), st.integers(1, len(HEADS) + 1))


# Each example builds and reads two workbooks, so there are fewer of them.
FEWER = settings(max_examples=max(30, settings().max_examples // 10))


@FEWER
@given(changes=st.dictionaries(PLACES, CELLS, max_size=12), merge=st.tuples(PLACES, PLACES))
def test_a_scrambled_sheet_gives_a_list_or_errors(
    changes: dict[tuple[int, int], Value], merge: tuple[tuple[int, int], tuple[int, int]]
) -> None:
    rows: list[list[Value]] = [[*row, *[None] * (len(HEADS) + 1 - len(row))] for row in (*SHEET, ())]
    for (row, column), value in changes.items():
        rows[row - 1][column - 1] = value
    (top, left), (bottom, right) = merge
    merges = []
    if top < bottom and left <= right:
        merges = [("S", f"{chr(64 + left)}{top}:{chr(64 + right)}{bottom}")]
    data = workbook({"S": rows}, merges=merges)
    result = read(data)
    assert (result.packing is None) == bool(result.errors)
    if result.packing is not None:
        assert result.packing.cartons > 0
        assert all(line.net_g > 0 for line in result.packing.lines)
    copied = annotate(data, result)
    assert zipfile.is_zipfile(io.BytesIO(copied))
