"""Files that are no readable workbook: refused with a clear sentence, in bounded time and memory."""

import io
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from coldtrace.interop.workbook.annotate import annotate
from coldtrace.interop.workbook.archive import FILE_BYTES_MAX, UNPACKED_BYTES_MAX
from coldtrace.interop.workbook.refusals import WorkbookRefused
from coldtrace.interop.workbook.structure import COLUMNS_MAX, ROWS_MAX
from support.packing_sheets import BLOCK_ZH, Rows, read, workbook

GOOD = workbook({"S": (*BLOCK_ZH, ("品名", "批号", "箱数", "净重"), ("牛肉", "L1", 10, 200))})
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def repacked(change: Callable[[str, bytes], tuple[str, bytes] | None], extra: dict[str, bytes] | None = None) -> bytes:
    """Return the good workbook with its parts changed, left out (None) or added."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(GOOD)) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
        for part in source.infolist():
            changed = change(part.filename, source.read(part))
            if changed is not None:
                out.writestr(*changed)
        for name, content in (extra or {}).items():
            out.writestr(name, content)
    return target.getvalue()


def kept(name: str, content: bytes) -> tuple[str, bytes]:
    return name, content


def without(missing: str) -> bytes:
    return repacked(lambda name, content: None if name == missing else (name, content))


def with_sheet(xml: str) -> bytes:
    """Return the workbook with this as its worksheet."""
    head = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    body = f"{head}{xml}</worksheet>".encode()
    return repacked(lambda name, content: (name, body if name == "xl/worksheets/sheet1.xml" else content))


def encrypted_zip() -> bytes:
    """Set the bit that marks a part as encrypted, in both of its headers."""
    data = bytearray(GOOD)
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


FAR_ROW = f'<sheetData><row r="{ROWS_MAX + 1}"><c><v>1</v></c></row></sheetData>'
FAR_COLUMN = '<sheetData><row r="1"><c r="ZZZ1"><v>1</v></c></row></sheetData>'
REFUSED: list[tuple[str, bytes, str]] = [
    ("nothing", b"", "workbook_not_excel"),
    ("csv", "品名,批号\n牛肉,L1\n".encode("gb18030"), "workbook_not_excel"),
    ("html called xls", b"<html><table><tr><td>1</td></tr></table></html>", "workbook_not_excel"),
    ("pdf", b"%PDF-1.7 ...", "workbook_not_excel"),
    ("plain zip", repacked(lambda name, content: None, {"a.txt": b"a"}), "workbook_not_excel"),
    ("word", repacked(lambda n, c: None if n[:3] == "xl/" else (n, c), {"word/a.xml": b""}), "workbook_not_excel"),
    ("xls", OLE + b"\x00" * 600, "workbook_old_format"),
    ("xlsb", repacked(kept, {"xl/workbook.bin": b"\x00"}), "workbook_old_format"),
    ("password", OLE + b"\x00" * 600 + "EncryptedPackage".encode("utf-16-le"), "workbook_encrypted"),
    ("macros", repacked(kept, {"xl/vbaProject.bin": b"\x00"}), "workbook_macros"),
    ("cut", GOOD[: len(GOOD) // 2], "workbook_broken"),
    ("zip with encrypted part", encrypted_zip(), "workbook_broken"),
    ("flipped byte", GOOD[:400] + bytes([GOOD[400] ^ 0xFF]) + GOOD[401:], "workbook_broken"),
    ("no content types", without("[Content_Types].xml"), "workbook_not_excel"),
    ("no workbook part", without("xl/workbook.xml"), "workbook_broken"),
    ("no sheet part", without("xl/worksheets/sheet1.xml"), "workbook_broken"),
    ("no relations", without("xl/_rels/workbook.xml.rels"), "workbook_broken"),
    ("not xml", repacked(lambda n, c: (n, b"<a" if n == "xl/workbook.xml" else c)), "workbook_broken"),
    ("entities", with_sheet("<!DOCTYPE a [<!ENTITY b 'c'>]><sheetData/>"), "workbook_broken"),
    ("too large", b"PK\x03\x04" + b"\x00" * FILE_BYTES_MAX, "workbook_too_large"),
    ("bomb", repacked(kept, {"xl/media/a.bin": b"\x00" * (UNPACKED_BYTES_MAX + 1)}), "workbook_too_large"),
    ("many parts", repacked(kept, {f"xl/media/{n}": b"" for n in range(1000)}), "workbook_too_large"),
    ("far row", with_sheet(FAR_ROW), "workbook_too_large"),
    ("far column", with_sheet(FAR_COLUMN), "workbook_too_large"),
    ("empty", workbook({"S": ()}), "workbook_empty"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "data", "code"), REFUSED, ids=[name for name, _, _ in REFUSED])
def test_what_is_no_readable_workbook_is_refused(name: str, data: bytes, code: str) -> None:
    with pytest.raises(WorkbookRefused) as caught:
        read(data, filename="清单.xlsx")
    assert caught.value.code == code
    assert "清单.xlsx" in caught.value.say("zh")
    assert "清单.xlsx" in caught.value.say("en")


def test_a_part_twice_is_refused() -> None:
    target = io.BytesIO(GOOD)
    with zipfile.ZipFile(target, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("xl/worksheets/sheet1.xml", b"<a/>")
    with pytest.raises(WorkbookRefused):
        read(target.getvalue())


@given(data=st.binary(max_size=200))
def test_any_bytes_are_refused_as_ours(data: bytes) -> None:
    for head in (b"", b"PK\x03\x04", OLE):
        with pytest.raises(WorkbookRefused):
            read(head + data)


@given(place=st.integers(0, len(GOOD) - 1), bit=st.integers(0, 7))
def test_a_flipped_bit_is_read_or_refused_as_ours(place: int, bit: int) -> None:
    data = bytearray(GOOD)
    data[place] ^= 1 << bit
    try:
        result = read(bytes(data))
    except WorkbookRefused:
        return
    annotate(bytes(data), result)


SHEET_PARTS = st.lists(
    st.sampled_from(
        """<row r="1">|</row>|<row r="-3">|<c r="A1" t="s">|<c r="B2" t="d">|<c t="inlineStr">|</c>|<c r="A1" s="999">|
        <v>1</v>|<v>99999999999</v>|<v>x</v>|<is><t>品名</t></is>|<f>A1</f>|<v/>|<sheetData>|</sheetData>|<mergeCell/>|
        <mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>""".replace("\n", "").split("|")
    ),
    max_size=12,
)


@given(parts=SHEET_PARTS)
def test_a_hostile_sheet_is_read_or_refused_as_ours(parts: list[str]) -> None:
    data = with_sheet("".join(parts))
    try:
        result = read(data)
    except WorkbookRefused:
        return
    annotate(data, result)


def test_a_stray_format_far_below_costs_nothing() -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    rows: Rows = (*BLOCK_ZH, ("品名", "批号", "生产日期", "箱数", "净重"), ("牛肉", "L1", "2026-09-03", 10, 200))
    for row in rows:
        sheet.append(list(row))
    sheet.cell(1_048_576, 16_384).number_format = "0.00"
    target = io.BytesIO()
    book.save(target)
    result = read(target.getvalue())
    assert result.packing is not None
    assert annotate(target.getvalue(), result)


def test_a_long_list_is_read() -> None:
    heads = ("托盘号", "品名", "条码", "批号", "生产日期", "保质期", "箱数", "净重")
    lines = [(f"P{n}", "冷冻牛肉", "19521234543210", f"L{n % 50}", "2026-09-03", "24个月", 1, 20) for n in range(1_000)]
    result = read(workbook({"S": (*BLOCK_ZH, heads, *lines)}))
    assert result.packing is not None
    assert (result.packing.cartons, len(result.packing.lots)) == (1_000, 50)


def test_limits_are_those_of_a_packing_list() -> None:
    assert ROWS_MAX >= 5_000
    assert COLUMNS_MAX >= 100
