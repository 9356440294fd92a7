"""Goods without a GTIN beside others that have one: said with a word, never by leaving a cell empty."""

import pytest

from support.packing_sheets import BLOCK_ZH, faults, read, remarks, workbook

HEADER = ("托盘号", "品名", "GTIN", "批号", "生产日期", "保质期", "箱数", "净重(kg)")
GTIN = "19521234543210"


def lines(*gtins: object) -> bytes:
    rows = [
        (f"P{number:02}", f"冻品{number}", gtin, f"L{number}", "2026-09-03", "24个月", 10, 200)
        for number, gtin in enumerate(gtins, start=1)
    ]
    return workbook({"装箱单": [*BLOCK_ZH, (), HEADER, *rows]})  # type: ignore[list-item]


@pytest.mark.parametrize("word", ["无", "none", "N/A", " None "])
def test_a_word_says_that_there_is_none(word: str) -> None:
    result = read(lines(GTIN, word))
    assert faults(result) == []
    assert result.packing is not None
    assert [line.gtin for line in result.packing.lines] == [GTIN, None]
    assert len(result.packing.lots) == 2


@pytest.mark.parametrize("cell", [None, "-", "暂缺", "/"])
def test_an_empty_cell_may_have_been_forgotten(cell: str | None) -> None:
    result = read(lines(GTIN, cell))
    assert [code for _, _, code in faults(result)] == ["gtin_missing"]


def test_a_column_of_such_words_is_a_list_without_gtins() -> None:
    result = read(lines("无", "无"))
    assert faults(result) == []
    assert result.packing is not None
    assert "gtin_column_missing" in {code for _, _, code in remarks(result)}
