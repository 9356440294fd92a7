"""Headings that somebody taught for a broker: read as taught, before our own words, and offered when unknown."""

import pytest

from coldtrace.interop.workbook.reader import read_workbook
from support.packing_sheets import BLOCK_ZH, TODAY, Rows, workbook

FOREIGN = ("Palette", "Ware", "Losnummer", "Hergestellt", "Haltbar bis", "Kartons", "Netto", "Preis")
TAUGHT = {
    "palette": "pallet",
    "ware": "product",
    "losnummer": "lot",
    "hergestellt": "production_date",
    "haltbarbis": "expiry_date",
    "kartons": "cartons",
    "netto": "net",
    "preis": "ignored",
}
LINES: Rows = (
    ("P1", "Rinderbrust", "L-1", "2026-09-03", "2028-09-03", 10, 200, 7),
    ("P2", "Rinderbrust", "L-2", "2026-09-04", "2028-09-04", 12, 240, 7),
)
GERMAN = workbook({"Liste": (*BLOCK_ZH, FOREIGN, *LINES)})


def test_a_foreign_table_is_offered_and_read_once_it_is_taught() -> None:
    blind = read_workbook(GERMAN, filename="x.xlsx", today=TODAY)
    assert "table_not_found" in [each.code for each in blind.errors]
    assert [each.heading for each in blind.unknown] == list(FOREIGN)
    assert {(each.sheet, each.row) for each in blind.unknown} == {("Liste", len(BLOCK_ZH) + 1)}
    read = read_workbook(GERMAN, filename="x.xlsx", today=TODAY, taught=TAUGHT)
    assert read.errors == ()
    assert read.packing is not None
    assert (read.packing.cartons, len(read.packing.lots), read.packing.pallets) == (22, 2, ("P1", "P2"))
    assert read.unknown == ()


@pytest.mark.parametrize("left_out", ["lot", "cartons", "production_date"])
def test_half_taught_is_named_and_the_rest_is_offered(left_out: str) -> None:
    taught = {heading: meant for heading, meant in TAUGHT.items() if meant != left_out}
    read = read_workbook(GERMAN, filename="x.xlsx", today=TODAY, taught=taught)
    assert read.packing is None
    assert read.errors != ()
    assert len(read.unknown) == 1


def test_what_was_taught_goes_before_our_own_words() -> None:
    headings = ("托盘号", "品名", "批号", "生产日期", "到期日", "数量", "件数", "净重")
    lines = (("P1", "牛腩", "L-1", "2026-09-03", "2028-09-03", 99, 10, 200),)
    data = workbook({"S": (*BLOCK_ZH, headings, *lines)})
    ours = read_workbook(data, filename="x.xlsx", today=TODAY)
    theirs = read_workbook(data, filename="x.xlsx", today=TODAY, taught={"数量": "ignored"})
    assert ours.cartons == 99
    assert theirs.cartons == 10


def test_headings_over_two_rows_may_be_taught_by_either_part() -> None:
    upper = ("Palette", "Ware", "Losnummer", "Hergestellt", "Haltbar bis", "Kartons", "Gewicht", "Preis")
    lower = (None, None, None, None, None, None, "Netto", "Euro")
    data = workbook({"S": (*BLOCK_ZH, upper, lower, *LINES)})
    read = read_workbook(data, filename="x.xlsx", today=TODAY, taught=TAUGHT)
    assert read.errors == ()
    assert read.packing is not None
    assert read.packing.net_g == 440_000


def test_an_empty_or_useless_lesson_changes_nothing() -> None:
    plain = read_workbook(GERMAN, filename="x.xlsx", today=TODAY)
    for taught in ({}, {"": "lot"}, {"nothing here": "lot"}):
        assert read_workbook(GERMAN, filename="x.xlsx", today=TODAY, taught=taught) == plain
