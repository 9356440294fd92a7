"""Symbols: two writers, one text; sizes as codes.md states them; bars that old scanners read."""

import json

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from coldtrace.labels.content import Level
from coldtrace.labels.refusals import CodeNotPrintable
from coldtrace.labels.svg import symbol_svg
from coldtrace.labels.symbol import Symbol, qr_symbol, single_symbol, sscc_bars
from support.label_cases import SSCC, carton, pallet
from support.published import own_vectors_dir, vectors_dir
from support.svg_dots import svg_picture


def read(symbol: Symbol) -> zxingcpp.Barcode:
    """Decode a symbol drawn at 4 dots a module with its quiet zone."""
    ground = Image.new("L", (symbol.full_size, symbol.full_size), 255)
    ground.paste(Image.frombytes("L", (symbol.size, symbol.size), symbol.pixels), (4, 4))
    found = zxingcpp.read_barcode(ground.resize((ground.width * 4, ground.height * 4), Image.Resampling.NEAREST))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "level", "size"),
    [(carton().uri, "M", 49), (carton().uri, "Q", 57), (pallet().uri, "M", 45), (pallet().uri, "Q", 53)],
)
def test_our_codes_take_the_sizes_of_the_format(text: str, level: Level, size: int) -> None:
    symbol = qr_symbol(text, level)
    found = read(symbol)
    assert (symbol.size, found.text, found.ec_level) == (size, text, level)


@pytest.mark.parametrize("level", ["M", "Q"])
@pytest.mark.parametrize("text", [carton().uri, pallet().uri, "CT:IN"])
def test_the_single_picture_says_the_same(text: str, level: Level) -> None:
    found = read(single_symbol(text, level))
    assert (found.text, found.ec_level) == (text, level)


def test_every_published_code_prints_and_reads_back() -> None:
    folder = vectors_dir() or own_vectors_dir()
    files = sorted((folder / "gs1").glob("cct1_*.json"))
    assert files
    texts = {case["uri"] for file in files for case in json.loads(file.read_text("utf-8"))["cases"] if case.get("uri")}
    printable = [text for text in texts if text.isascii() and text.isprintable()]
    assert len(printable) >= 20
    for text in printable:
        assert read(qr_symbol(text, "Q")).bytes == text.encode()


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=300))
def test_any_printable_ascii_reads_back(text: str) -> None:
    assert read(qr_symbol(text, "Q")).bytes == text.encode()


@given(st.text(max_size=40))
def test_any_text_is_a_symbol_or_a_refusal(text: str) -> None:
    for write in (qr_symbol, single_symbol):
        try:
            symbol = write(text, "M")
        except CodeNotPrintable:
            assert not text or not text.isascii() or not text.isprintable()
        else:
            assert len(symbol.pixels) == symbol.size**2


def test_a_text_beyond_any_symbol_is_refused_by_both_writers() -> None:
    for write in (qr_symbol, single_symbol):
        with pytest.raises(CodeNotPrintable):
            write("x" * 4000, "Q")


def test_runs_are_the_dark_modules() -> None:
    symbol = qr_symbol(carton().uri, "Q")
    rebuilt = bytearray(b"\xff" * symbol.size**2)
    for column, row, length in symbol.runs():
        rebuilt[row * symbol.size + column : row * symbol.size + column + length] = bytes(length)
    assert bytes(rebuilt) == symbol.pixels


def test_bars_are_gs1_128() -> None:
    bars = sscc_bars(SSCC)
    assert bars.size == 156
    row = Image.frombytes("L", (bars.size, 1), bars.pixels).resize((bars.size * 3, 80), Image.Resampling.NEAREST)
    ground = Image.new("L", (row.width + 80, 120), 255)
    ground.paste(row, (40, 20))
    found = zxingcpp.read_barcode(ground)
    assert found is not None
    assert (found.symbology_identifier, bytes(found.bytes)) == ("]C1", f"00{SSCC}".encode())


@pytest.mark.parametrize("sscc", ["", "39506000000000001", "3950600000000000101", "39506000000000001X", "３" * 18])
def test_bars_take_18_digits_only(sscc: str) -> None:
    with pytest.raises(CodeNotPrintable):
        sscc_bars(sscc)


def test_a_single_symbol_for_a_page_reads_back() -> None:
    picture = svg_picture(symbol_svg(single_symbol(carton().uri, "M")), dots_per_unit=4)
    found = zxingcpp.read_barcode(picture)
    assert found is not None
    assert found.text == carton().uri
