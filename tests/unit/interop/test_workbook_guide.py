"""The guide on importing says what the code does: headings, labels, codes."""

import re

import pytest

from coldtrace.interop.workbook.archive import FILE_BYTES_MAX, UNPACKED_BYTES_MAX
from coldtrace.interop.workbook.reader import LINES_MAX
from coldtrace.interop.workbook.structure import CELLS_MAX, COLUMNS_MAX, ROWS_MAX
from coldtrace.interop.workbook.vocabulary import column_field, label_field, words_of
from support.import_guide import GUIDE, table, written


def rows_under(title: str) -> list[tuple[str, str]]:
    """Return field and examples of the table under a heading of the guide."""
    part = GUIDE.read_text(encoding="utf-8").partition(f"### {title}")[2].partition("\n#")[0]
    found = re.findall(r"^\| `([a-z_]+)` \|[^|]+\|[^|]+\| ([^|]+) \|$", part, flags=re.MULTILINE)
    return [(field, example) for field, examples in found for example in examples.split(", ")]


@pytest.mark.parametrize(("field", "heading"), rows_under("Columns"))
def test_headings_of_the_guide_are_understood(field: str, heading: str) -> None:
    found = column_field(heading)
    assert found is not None
    assert found[0] == field


@pytest.mark.parametrize(("field", "label"), rows_under("Papers"))
def test_labels_of_the_guide_are_understood(field: str, label: str) -> None:
    found = label_field(label)
    assert found is not None
    assert found[0] == field


def test_every_field_is_in_the_guide() -> None:
    inner = {"item", "weight", "ignored", "errors", "carton_from", "carton_to"}
    assert {field for field, _ in rows_under("Columns")} == set(words_of("columns").values()) - inner
    goods = {"product", "gtin", "lot", "production_date", "expiry_date", "shelf_life", "spec"}
    assert {field for field, _ in rows_under("Papers")} == set(words_of("labels").values()) - {"ignored"} - goods


def test_the_table_of_codes_is_that_of_the_code() -> None:
    assert written() == table(), "write it anew: python -m support.import_guide, with tests/ on the path"


def test_limits_of_the_guide_are_those_of_the_code() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    for said in (
        f"{FILE_BYTES_MAX // 2**20} MiB ({UNPACKED_BYTES_MAX // 2**20} MiB unpacked)",
        f"{ROWS_MAX:,} rows",
        f"{COLUMNS_MAX} columns",
        f"{CELLS_MAX:,} filled cells",
        f"{LINES_MAX:,} lines",
    ):
        assert said in text
