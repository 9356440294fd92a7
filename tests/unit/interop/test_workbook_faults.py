"""Every fault is named by its cell and nothing else is: the sample with errors, then one fault at a time."""

from datetime import date
from pathlib import Path

import pytest

from coldtrace.interop.workbook.catalogue import ERRORS, FIELD_WORDS, WARNINGS
from support.packing_sheets import BLOCK_ZH, Rows, Value, faults, read, remarks, workbook

FAULTY = Path(__file__).parents[2] / "data/packing-list-a-with-errors.xlsx"

HEADS = ("序号", "托盘号", "品名", "条码", "批号", "生产日期", "保质期", "规格", "件数", "净重", "毛重")
SHIN = ("冷冻去骨牛腱", "19521234543210", "L2609A", "2026-09-03", "24个月", "20KG/箱", 50, 1000, 1060)
FORE = ("冷冻牛前", "19521234543234", "BR337/0909", "2026-09-09", "24个月", "19KG/箱", 50, 950, 1010)
LINES: Rows = ((1, "P01", *SHIN), (2, "P02", *SHIN), (3, "P03", *FORE))
TOTAL = ("合计", None, None, None, None, None, None, None, 150, 2950, 3130)
HEADER_ROW = len(BLOCK_ZH) + 1
FIRST = HEADER_ROW + 1


def sheet(changes: dict[tuple[int, str], Value] | None = None, papers: dict[str, Value] | None = None) -> bytes:
    """Return a faultless sheet with some cells of its lines (0 to 2, 3 is the total) or papers changed."""
    block = [(label, (papers or {}).get(str(label), value)) for label, value in BLOCK_ZH]
    rows = [list(row) for row in (*LINES, TOTAL)]
    for (line, column), value in (changes or {}).items():
        rows[line][ord(column) - 65] = value
    return workbook({"S": (*block, HEADS, *rows)})


def test_the_sheet_of_these_cases_has_no_fault() -> None:
    result = read(sheet())
    assert (faults(result), remarks(result)) == ([], [])


def test_the_faulty_sample_gets_its_nine_faults_and_no_other() -> None:
    result = read(FAULTY.read_bytes())
    assert [(finding.row, finding.column, finding.line, finding.code) for finding in result.errors] == [
        (4, "C", None, "declaration_export"),
        (5, "C", None, "container_check_digit"),
        (21, "E", 1, "gtin_check_digit"),
        (24, "G", 4, "date_impossible"),
        (28, "J", 8, "count_negative"),
        (30, "F", 10, "lot_missing"),
        (33, "K", 13, "weight_implausible"),
        (35, "B", 15, "pallet_repeated"),
        (45, "J", None, "total_differs"),
    ]
    assert remarks(result) == []
    assert result.packing is None
    assert "P15" in result.errors[7].zh
    assert any(change.before == "五十" and change.after == "50" for change in result.normalised)


@pytest.mark.parametrize(
    ("line", "column", "value", "row", "code"),
    [
        (0, "B", None, FIRST, "value_missing"),
        (2, "B", "P01", FIRST + 2, "pallet_repeated"),
        (0, "B", date(2026, 1, 5), FIRST, "became_date"),
        (0, "C", None, FIRST, "product_missing"),
        (0, "C", "牛" * 201, FIRST, "text_too_long"),
        (0, "C", "#REF!", FIRST, "cell_error"),
        (0, "D", None, FIRST, "gtin_missing"),
        (0, "D", "1952123454321", FIRST, "gtin_check_digit"),
        (0, "D", "19521234543211", FIRST, "gtin_check_digit"),
        (0, "D", "1952123", FIRST, "gtin_form"),
        (0, "D", "1952123454321O", FIRST, "gtin_form"),
        (0, "D", "2000000000008", FIRST, "gtin_restricted"),
        (0, "D", "1.95212E+13", FIRST, "number_cut"),
        (0, "E", None, FIRST, "lot_missing"),
        (0, "E", date(2026, 9, 3), FIRST, "became_date"),
        (0, "E", "L" * 61, FIRST, "text_too_long"),
        (0, "F", None, FIRST, "value_missing"),
        (0, "F", "2026-13-05", FIRST, "date_impossible"),
        (0, "F", "2026-02-29", FIRST, "date_impossible"),
        (0, "F", "九月初三", FIRST, "date_unreadable"),
        (0, "F", "03/09/2026", FIRST, "date_ambiguous"),
        (0, "F", "26.09.03", FIRST, "date_ambiguous"),
        (0, "F", "1926-09-03", FIRST, "date_year"),
        (0, "F", "2026-09-01 至 2026-09-05", FIRST, "date_range"),
        (1, "F", "2026-09-04", FIRST + 1, "lot_two_dates"),
        (0, "G", "两季", FIRST, "shelf_life_unreadable"),
        (0, "G", 24, FIRST, "shelf_life_unit"),
        (0, "G", "900年", FIRST, "shelf_life_unreadable"),
        (1, "G", "12个月", FIRST + 1, "lot_two_expiries"),
        (0, "I", None, FIRST, "value_missing"),
        (0, "I", "若干", FIRST, "count_unreadable"),
        (0, "I", "50kg", FIRST, "count_unit"),
        (0, "I", 50.5, FIRST, "count_not_whole"),
        (0, "I", "100001", FIRST, "count_implausible"),
        (0, "J", None, FIRST, "value_missing"),
        (0, "J", "一车", FIRST, "weight_unreadable"),
        (0, "J", -1000, FIRST, "weight_not_positive"),
        (0, "J", "1000T", FIRST, "weight_implausible"),
        (0, "J", "1000g", FIRST, "weight_implausible"),
                (0, "K", "1060T", FIRST, "weight_implausible"),
        (3, "I", 151, FIRST + 3, "total_differs"),
        (3, "J", 2960, FIRST + 3, "total_differs"),
        (3, "K", 3200, FIRST + 3, "total_differs"),
    ],
)  # fmt: skip
def test_one_fault_in_a_line(line: int, column: str, value: Value, row: int, code: str) -> None:
    assert faults(read(sheet({(line, column): value}))) == [(row, column, code)]


@pytest.mark.parametrize(("value", "code"), [(-50, "count_negative"), (0, "count_zero")])
def test_a_wrong_sign_shows_in_the_total_too(value: int, code: str) -> None:
    found = faults(read(sheet({(0, "I"): value})))
    assert found == [(FIRST, "I", code), (FIRST + 3, "I", "total_differs")]


@pytest.mark.parametrize(
    ("label", "value", "code"),
    [
        ("报关单号", "020220260000000123", "declaration_export"),
        ("报关单号", "0202202610000001", "declaration_form"),
        ("报关单号", 20220261000000123, "number_cut"),
        ("集装箱号", "TXGU0000015", "container_check_digit"),
        ("集装箱号", "A1BU0000013", "container_form"),
        ("进境日期", "2026-11-31", "date_impossible"),
        ("统一社会信用代码", "91350100M000100Y4Z", "uscc_character"),
        ("在华注册编号", "厂" * 31, "overseas_registration_form"),
        ("原产国", "亚特兰蒂斯", "country_unknown"),
        ("原产国", "巴西 ARGENTINA", "country_conflict"),
        ("检验检疫证明编号", "123", "quarantine_certificate_form"),
        ("商品编码", "02023000901", "hs_code_form"),
        ("商品编码", "#N/A", "cell_error"),
    ],
)  # fmt: skip
def test_one_fault_in_the_papers(label: str, value: Value, code: str) -> None:
    row = [name for name, _ in BLOCK_ZH].index(label) + 1
    assert faults(read(sheet(papers={label: value}))) == [(row, "B", code)]


@pytest.mark.parametrize(
    ("changes", "papers", "expected"),
    [
        ({(0, "D"): "9521234543213", (1, "D"): "9521234543213"}, {}, {"gtin_is_unit"}),
        ({(1, "C"): "冷冻牛腩"}, {}, {"gtin_two_names"}),
        ({(1, "E"): "l2609a"}, {}, {"lot_looks_alike"}),
        ({(2, "F"): "2026-11-20"}, {}, {"production_after_entry"}),
        ({(2, "F"): "2026-12-20"}, {}, {"production_in_future"}),
        ({(2, "F"): "2020-09-09"}, {}, {"expired"}),
        ({(2, "G"): None}, {}, {"shelf_life_missing"}),
        ({(2, "J"): 980, (3, "J"): 2980}, {}, {"net_differs_from_spec"}),
        ({(2, "H"): None, (2, "I"): 10, (3, "I"): 110}, {}, {"carton_weight"}),
        ({(2, "C"): "Beef forequarter"}, {}, {"product_not_chinese"}),
        ({}, {"报关单号": "预录入"}, {"declaration_provisional"}),
        ({}, {"报关单号": "123456789"}, {"declaration_legacy"}),
        ({}, {"报关单号": "020220231000000123"}, {"declaration_year_differs"}),
        ({}, {"报关单号": None}, {"paper_missing"}),
        ({}, {"进境日期": "2026-12-01"}, {"entry_in_future"}),
        ({}, {"入境口岸": "某港"}, {"port_name_unknown"}),
        ({}, {"入境口岸": "CNZZZ"}, {"port_unlisted"}),
        ({}, {"原产国": "阿根廷"}, {"registration_country_differs"}),
        ({}, {"商品编码": "8703230000"}, {"hs_code_out_of_scope"}),
        ({}, {"商品编码": "0202.30"}, {"hs_code_short"}),
    ],
)
def test_what_is_only_implausible_is_remarked(
    changes: dict[tuple[int, str], Value], papers: dict[str, Value], expected: set[str]
) -> None:
    result = read(sheet(changes, papers))
    assert faults(result) == []
    assert {code for _, _, code in remarks(result)} == expected
    assert result.packing is not None


def test_a_gross_weight_below_the_net_weight_is_named_at_the_net_weight() -> None:
    assert faults(read(sheet({(0, "K"): 900}))) == [(FIRST, "J", "net_exceeds_gross")]


def test_a_column_that_proves_its_order_settles_its_dates() -> None:
    days = ("25/09/2026", "03/09/2026", "09/09/2026")
    lots = ("A", "B", "C")
    changes: dict[tuple[int, str], Value] = {(line, "F"): day for line, day in enumerate(days)}
    changes |= {(line, "E"): lot for line, lot in enumerate(lots)}
    result = read(sheet(changes))
    assert result.packing is not None
    assert [lot.production_date.iso() for lot in result.packing.lots] == ["2026-09-25", "2026-09-03", "2026-09-09"]


def test_carton_ranges_are_compared() -> None:
    heads = ("箱号", "品名", "条码", "批号", "生产日期", "保质期", "件数", "净重")
    goods = ("冷冻牛肉", "19521234543210", "L1", "2026-09-03", "24个月")

    def check(*ranges: tuple[Value, int]) -> set[tuple[int | None, str]]:
        rows = [(span, *goods, count, 20 * count) for span, count in ranges]
        result = read(workbook({"S": (*BLOCK_ZH, heads, *rows)}))
        return {(row, code) for row, _, code in (*faults(result), *remarks(result))}

    assert check(("1-50", 50), ("51-100", 50)) == set()
    assert check(("1-50", 51)) == {(FIRST, "carton_range_differs")}
    assert check(("1-50", 50), ("50-99", 50)) == {(FIRST + 1, "carton_range_overlaps")}
    assert check(("1-50", 50), ("61-100", 40)) == {(FIRST + 1, "carton_range_gap")}
    assert check(("A-B", 50)) == {(FIRST, "carton_range_unreadable")}
    assert check((date(2026, 1, 5), 5)) == {(FIRST, "became_date")}


def test_figures_merged_over_lines_are_not_counted_twice() -> None:
    data = workbook({"S": (*BLOCK_ZH, HEADS, *LINES)}, merges=[("S", f"J{FIRST}:J{FIRST + 1}")])
    assert (FIRST + 1, "J", "value_merged") in faults(read(data))


def test_a_formula_without_its_result_is_named() -> None:
    found = faults(read(sheet({(0, "J"): "=I13*20", (3, "I"): "=SUM(I13:I15)"})))
    assert (FIRST, "J", "formula_without_value") in found


def test_contradicting_papers_are_named_at_the_second_place() -> None:
    data = workbook({"S": (*BLOCK_ZH, HEADS, *LINES), "T": (("Container No.", "MWCU6789015"),)})
    (finding,) = read(data).errors
    assert (finding.sheet, finding.row, finding.column, finding.code) == ("T", 1, "B", "paper_repeated")
    assert "TXGU0000014" in finding.en


@pytest.mark.parametrize(
    ("heading", "field"), [("品名", "product"), ("批号", "lot"), ("生产日期", "production_date"), ("件数", "cartons")]
)
def test_a_missing_column_is_named_once(heading: str, field: str) -> None:
    column = HEADS.index(heading)
    rows = [[cell for index, cell in enumerate(row) if index != column] for row in (HEADS, *LINES)]
    result = read(workbook({"S": (*BLOCK_ZH, *rows)}))
    (finding,) = result.errors
    assert (finding.row, finding.code) == (HEADER_ROW, "column_missing")
    assert FIELD_WORDS[field].zh in finding.zh


def test_a_cell_as_full_as_excel_lets_it_be_is_named_and_harms_nothing() -> None:
    for text in ("a" * 32_767, " " * 32_000 + "箱", "1" * 32_767, "：" * 32_767):
        changes: dict[tuple[int, str], Value] = {(0, column): text for column in "ABCDEFGHIJK"}
        result = read(sheet(changes, {str(label): text for label, _ in BLOCK_ZH}))
        assert result.packing is None


def test_no_table_and_an_empty_table_are_named() -> None:
    assert [code for _, _, code in faults(read(workbook({"S": BLOCK_ZH})))] == ["table_not_found"]
    assert [code for _, _, code in faults(read(workbook({"S": (*BLOCK_ZH, HEADS)})))] == ["table_empty"]


def test_stated_totals_are_compared() -> None:
    block = (*BLOCK_ZH, ("总件数", "149箱"), ("总净重", "2950 KGS"), ("托盘数", 4))
    found = faults(read(workbook({"S": (*block, HEADS, *LINES)})))
    row = len(BLOCK_ZH) + 1
    assert found == [(row, "B", "total_differs"), (row + 2, "B", "total_differs")]


def test_many_errors_end_with_one_that_says_so() -> None:
    rows = [(line, f"P{line:04}", *SHIN[:6], "x", "y", "z") for line in range(1, 400)]
    result = read(workbook({"S": (*BLOCK_ZH, HEADS, *rows)}))
    assert len(result.errors) == 501
    assert "too_many_errors" in {finding.code for finding in result.errors}


def test_every_sentence_of_the_catalogue_is_whole_in_both_languages() -> None:
    for words in (*ERRORS.values(), *WARNINGS.values()):
        assert words.zh.endswith(("。", "}")), words.zh
        assert words.en.endswith((".", "}")), words.en
        for name in ("field_zh", "field_en", "hint_zh", "hint_en"):
            assert not ("{" + name + "}" in words.en and name.endswith("zh"))
            assert not ("{" + name + "}" in words.zh and name.endswith("en"))
    assert not ERRORS.keys() & WARNINGS.keys()
