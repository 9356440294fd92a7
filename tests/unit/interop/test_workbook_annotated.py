"""The annotated copy and the template: faults beside their cells, nothing else changed, nothing executable written."""

import io
from pathlib import Path

import openpyxl
import pytest
from openpyxl.comments import Comment
from openpyxl.workbook.workbook import Workbook

from coldtrace.interop.workbook.annotate import AUTHOR, annotate
from coldtrace.interop.workbook.layout import CHANGES_SHEET, ERRORS_HEADING, ERRORS_SHEET
from coldtrace.interop.workbook.reader import ImportResult
from coldtrace.interop.workbook.safe_cells import is_plain_arithmetic, with_saved_results
from coldtrace.interop.workbook.template import SHEET, template
from support.packing_sheets import BLOCK_ZH, Rows, faults, read, remarks, workbook

FAULTY = (Path(__file__).parents[2] / "data/packing-list-a-with-errors.xlsx").read_bytes()
HEADS = ("托盘号", "品名", "条码", "批号", "生产日期", "保质期", "箱数", "净重", "备注")
GOODS = ("冷冻牛肉", "19521234543210", "L1", "2026-09-03", "24个月")


def opened(data: bytes, *, values: bool = False) -> Workbook:
    return openpyxl.load_workbook(io.BytesIO(data), data_only=values)


def saved(book: Workbook) -> bytes:
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


@pytest.fixture(scope="module")
def result() -> ImportResult:
    return read(FAULTY)


@pytest.fixture(scope="module")
def copy(result: ImportResult) -> bytes:
    return annotate(FAULTY, result)


def test_every_fault_stands_beside_its_cell(result: ImportResult, copy: bytes) -> None:
    sheet = opened(copy)["Sheet1"]
    assert sheet["N20"].value == ERRORS_HEADING
    for finding in result.errors:
        cell = sheet[f"{finding.column}{finding.row}"]
        assert cell.comment is not None
        assert finding.zh in cell.comment.text
        assert finding.en in cell.comment.text
        assert cell.fill.fgColor.rgb == "FFF4B6B6"
        assert finding.zh in str(sheet[f"N{finding.row}"].value)
    assert len([cell for (cell,) in sheet["N1:N47"] if cell.value]) == len(result.errors) + 1


def test_the_brokers_cells_stay_as_they_are(copy: bytes) -> None:
    before, after = opened(FAULTY)["Sheet1"], opened(copy)["Sheet1"]
    for row in before.iter_rows():
        for cell in row:
            assert after[cell.coordinate].value == cell.value
            assert after[cell.coordinate].number_format == cell.number_format


def test_the_summary_lists_all_with_links_and_another_sheet_what_was_normalised(
    result: ImportResult, copy: bytes
) -> None:
    book = opened(copy)
    assert book.sheetnames == [ERRORS_SHEET, "Sheet1", CHANGES_SHEET]
    summary = book[ERRORS_SHEET]
    codes = [summary.cell(row, 6).value for row in range(5, summary.max_row + 1)]
    assert codes == [finding.code for finding in result.errors]
    assert summary["C5"].hyperlink.location == "'Sheet1'!C4"
    assert book[CHANGES_SHEET].max_row == len(result.normalised) + 1


def test_the_copy_reads_the_same_and_is_annotated_anew_without_a_trace(result: ImportResult, copy: bytes) -> None:
    again = read(copy)
    assert again.errors == result.errors
    assert again.normalised == result.normalised
    twice = opened(annotate(copy, again))
    assert twice.sheetnames == opened(copy).sheetnames
    assert twice["Sheet1"].max_column == opened(copy)["Sheet1"].max_column
    assert twice["Sheet1"]["C5"].comment.text == opened(copy)["Sheet1"]["C5"].comment.text


def test_corrected_in_place_it_imports(copy: bytes) -> None:
    book = opened(copy)
    sheet = book["Sheet1"]
    corrections = {"C4": "020220261000000123", "C5": "TXGU0000014", "E21": "19521234543210", "G24": "2026-09-03"}
    corrections |= {"J28": "50", "F30": "L2609A", "K33": "1000", "B35": "P15"}
    for cell, value in corrections.items():
        sheet[cell].value = value
    corrected = read(saved(book))
    assert (faults(corrected), remarks(corrected)) == ([], [])
    assert corrected.packing is not None
    assert (corrected.packing.cartons, corrected.packing.net_g) == (1200, 23_550_000)
    clean = opened(annotate(saved(book), corrected))["Sheet1"]
    assert clean["C5"].comment is None
    assert clean["N20"].value is None


def test_plain_sums_keep_their_formula_and_result_and_anything_else_becomes_its_value() -> None:
    lines: Rows = (
        ("P1", *GOODS, 50, "=G13*20", '=HYPERLINK("http://example.org","x")'),
        ("P2", *GOODS, 50, "=G14*20", "=cmd|'/c calc'!A0"),
        ("合计", None, None, None, None, None, "=SUM(G13:G14)", "=SUM(H13:H14)", "=[1]Other!A1"),
    )
    source = workbook({"S": (*BLOCK_ZH, HEADS, *lines)})
    copied = opened(annotate(source, read(source)))["S"]
    assert (copied["H13"].value, copied["G15"].value) == ("=G13*20", "=SUM(G13:G14)")
    for cell in ("I13", "I14", "I15"):
        assert copied[cell].data_type != "f"
        assert not copied[cell].value


def test_results_of_formulas_survive_in_the_copy() -> None:
    lines: Rows = (
        ("P1", *GOODS, 50, "=G13*20", None),
        ("合计", None, None, None, None, None, "=SUM(G13:G13)", 999, None),
    )
    source = with_results(workbook({"S": (*BLOCK_ZH, HEADS, *lines)}), {"H13": 1000, "G14": 50})
    first = read(source)
    assert faults(first) == [(14, "H", "total_differs")]
    copied = annotate(source, first)
    assert opened(copied, values=True)["S"]["H13"].value == 1000
    assert read(copied).errors == first.errors


def with_results(data: bytes, results: dict[str, object]) -> bytes:
    """Give formulas their results, as a spreadsheet program does when it saves."""
    return with_saved_results(data, {"xl/worksheets/sheet1.xml": results})


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "=HYPERLINK(A1)"])
def test_text_that_looks_like_a_formula_is_written_as_text(text: str) -> None:
    book = opened(workbook({"S": (*BLOCK_ZH, HEADS, ("P1", *GOODS, 50, 1000, None))}))
    for place in ("A13", "B13", "G13"):
        book["S"][place].value = text
        book["S"][place].data_type = "s"
    source = saved(book)
    copied = opened(annotate(source, read(source)))
    for sheet in copied.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type != "f", f"{sheet.title}!{cell.coordinate}"


def test_a_comment_of_somebody_else_is_kept() -> None:
    book = opened(FAULTY)
    book["Sheet1"]["C5"].comment = Comment("请核对柜号", "王")
    source = saved(book)
    once = annotate(source, read(source))
    comment = opened(once)["Sheet1"]["C5"].comment
    assert comment.text.startswith("请核对柜号")
    assert comment.author != AUTHOR


def test_which_formulas_are_plain_arithmetic() -> None:
    for formula in ("=A1*20", "=SUM(K21:K44)", "=ROUND(J21*18.5,2)", "=IF(A1>0,B1,0)", "=SUM($A$1:B2)/2"):
        assert is_plain_arithmetic(formula), formula
    for formula in (
        "=WEBSERVICE(A1)",
        "=[1]Sheet!A1",
        "=Sheet2!A1",
        '=A1&"x"',
        "=cmd|'/c'!A0",
        "=NAME",
        "A1",
        "=@SUM(A1)",
    ):
        assert not is_plain_arithmetic(formula), formula


def test_the_template_imports_as_it_is_and_says_that_it_is_the_example() -> None:
    result = read(template())
    assert faults(result) == []
    assert [code for _, _, code in remarks(result)] == ["example_left"]
    assert result.packing is not None
    assert (result.packing.cartons, len(result.packing.lots)) == (50, 1)


def test_the_template_filled_in_imports_without_a_remark() -> None:
    book = opened(template())
    sheet = book[SHEET]
    first = next(row for row in range(1, 60) if sheet.cell(row, 1).value == "序号 No.") + 1
    sheet["D3"].value = "020220261000000123"
    sheet["D4"].value = "TXGU0000014"
    example = [cell.value for cell in sheet[first]]
    for number in (2, 3):
        for column, value in enumerate(example, start=1):
            sheet.cell(first + number - 1, column).value = f"P0{number}" if column == 2 else value
    for row in range(1, first):
        label = str(sheet.cell(row, 1).value)
        if label.startswith("总件数"):
            sheet.cell(row, 4).value = 150
        if label.startswith("总净重"):
            sheet.cell(row, 4).value = 3000
    result = read(saved(book))
    assert (faults(result), remarks(result)) == ([], [])
    assert result.packing is not None
    assert (result.packing.cartons, result.packing.pallets) == (150, ("P01", "P02", "P03"))


def test_the_template_checks_while_typing() -> None:
    checks = opened(template())[SHEET].data_validations.dataValidation
    assert {check.type for check in checks} == {"textLength", "date", "whole", "decimal"}
