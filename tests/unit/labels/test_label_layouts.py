"""The drawings: whatever the words, nothing is clipped, nothing overlaps, modules are whole dots."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.labels.content import LabelContent, LabelKind
from coldtrace.labels.decode_check import decode_check
from coldtrace.labels.drawing import Barcode, Code, Text
from coldtrace.labels.font import load_font
from coldtrace.labels.layouts import LAYOUTS, Draughtsman
from coldtrace.labels.parts import key_in_text
from coldtrace.labels.raster import Raster
from coldtrace.labels.refusals import CharacterMissing, CodeNotPrintable, SymbolTooLarge, TextsDisagree
from support.label_cases import (
    HOST,
    TOKEN,
    all_contents,
    carton,
    foreign_carton,
    own_carton,
    own_roll,
    pallet,
    roll,
    sscc_carton,
)
from support.label_geometry import faults

FONT = load_font()
DRAUGHTSMEN = {layout: Draughtsman(FONT, layout) for layout in LAYOUTS}

chinese = st.text("冷冻牛肉羊排虾仁鳕鱼去骨带皮分割一二三四（）、，天津港口", max_size=60)
english = st.text("abcdefghij ABCDEW-,.&'", max_size=160).map(str.strip)
latin = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-.", min_size=1, max_size=20)
dates = st.sampled_from(["", "2026-09-12", "2028-12-31"])

serials = st.from_regex(r"[0-9A-HJKMNP-TV-Z]{12}", fullmatch=True)

words = st.fixed_dictionaries(
    {
        "product_zh": chinese.filter(bool),
        "product_en": english,
        "lot": st.one_of(st.just(""), latin),
        "production_date": dates,
        "expiry_date": dates,
        "origin_zh": chinese.map(lambda text: text[:14]),
        "origin_en": english.map(lambda text: text[:60].strip()),
        "net_g": st.one_of(st.none(), st.integers(1, 30_000_000)),
        "storage_zh": chinese.map(lambda text: text[:40]),
        "storage_en": english.map(lambda text: text[:100].strip()),
        "importer_zh": chinese,
        "importer_en": english,
        "plant_reg": st.one_of(st.just(""), latin),
        "count": st.one_of(st.none(), st.integers(1, 9999)),
        "note_zh": chinese.map(lambda text: text[:30]),
        "note_en": english.map(lambda text: text[:60].strip()),
        "retail": st.booleans(),
    }
)


@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_usual_wordy_and_bare_labels_are_drawn_without_a_fault(layout: str) -> None:
    for content in all_contents():
        assert faults(DRAUGHTSMEN[layout].face(content), FONT) == []


@pytest.mark.parametrize("layout", list(LAYOUTS))
@given(
    stated=words, kind=st.sampled_from(list(LabelKind)), serial=st.from_regex(r"[0-9A-HJKMNP-TV-Z]{12}", fullmatch=True)
)
def test_any_words_are_drawn_without_a_fault(
    layout: str, stated: dict[str, object], kind: LabelKind, serial: str
) -> None:
    given_codes = {
        LabelKind.UNIT: carton(serial),
        LabelKind.PALLET: pallet(),
        LabelKind.PLACE: replace(carton(serial), short_code=""),
        LabelKind.COMMAND: LabelContent(uri="CT:UNDO", product_zh="-"),
    }
    content = replace(given_codes[kind], kind=kind, **stated)  # type: ignore[arg-type]
    face = DRAUGHTSMEN[layout].face(content)
    assert faults(face, FONT) == []
    raster = Raster(FONT)
    assert decode_check(raster.draw(face), face, raster) == len(face.symbols)


@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_modules_are_whole_dots_at_both_resolutions(layout: str) -> None:
    for content in all_contents():
        for mark in DRAUGHTSMEN[layout].face(content).symbols:
            for dots_per_mm in (8, 12):
                assert (mark.module * dots_per_mm).is_integer()
                assert (mark.x * dots_per_mm).is_integer()
                assert (mark.y * dots_per_mm).is_integer()
            assert mark.module >= 0.5


@pytest.mark.parametrize("layout", list(LAYOUTS))
@pytest.mark.parametrize(
    "content", [carton(), foreign_carton(), sscc_carton(), own_carton(), roll(), own_roll(), pallet()]
)
def test_keyed_digits_are_five_millimetres_high(layout: str, content: LabelContent) -> None:
    text = key_in_text(content)
    face = DRAUGHTSMEN[layout].face(content)
    mark = next(mark for mark in face.own if isinstance(mark, Text) and mark.text.removeprefix("(00) ") == text)
    for digit in "0123456789":
        digits = replace(face, fixed=(), own=(replace(mark, text=digit),))
        for dots_per_mm in (8, 12):
            picture = Raster(FONT, dots_per_mm=dots_per_mm).draw(digits)
            left, top, right, bottom = picture.point(lambda value: 255 - value).getbbox() or (0, 0, 0, 0)
            assert bottom - top >= 5 * dots_per_mm, digit
            assert right - left > dots_per_mm


def test_a_large_label_carries_its_code_in_two_corners() -> None:
    codes = [mark for mark in DRAUGHTSMEN["100x150"].face(carton()).own if isinstance(mark, Code)]
    assert len(codes) == 2
    assert codes[0].x < 10
    assert codes[1].y - codes[0].y > 60
    assert codes[1].x - codes[0].x > 40


def test_pallets_carry_bars_where_they_fit() -> None:
    for layout, wanted in (("60x40", 0), ("100x100", 1), ("100x150", 1), ("a4", 1)):
        bars = [mark for mark in DRAUGHTSMEN[layout].face(pallet()).own if isinstance(mark, Barcode)]
        assert len(bars) == wanted


def test_cartons_take_level_q_and_retail_packs_level_m() -> None:
    case, retail = carton(), replace(carton(), retail=True)
    sizes = []
    for content in (case, retail):
        code = next(mark for mark in DRAUGHTSMEN["60x40"].face(content).own if isinstance(mark, Code))
        sizes.append((code.symbol.level, code.symbol.size))
    assert sizes == [("Q", 57), ("M", 49)]


def test_what_a_lot_shares_is_laid_out_once() -> None:
    one, two = (DRAUGHTSMEN["100x100"].face(carton(serial)) for serial in ("000000000000", "111111111111"))
    assert one.fixed is two.fixed
    assert one.own != two.own


def test_a_code_too_large_for_the_label_is_refused() -> None:
    content = LabelContent(uri=f"{HOST}/01/09506000134352/21/{'A' * 20}?s={TOKEN}&x={'b' * 200}", product_zh="牛肉")
    with pytest.raises(SymbolTooLarge):
        DRAUGHTSMEN["60x40"].face(content)


@pytest.mark.parametrize("uri", ["", "https://例子.CN/", "A\nB", "A" * 5000])
def test_texts_that_no_symbol_should_carry_are_refused(uri: str) -> None:
    with pytest.raises(CodeNotPrintable):
        DRAUGHTSMEN["100x150"].face(LabelContent(uri=uri, product_zh="牛肉"))


@pytest.mark.parametrize(
    "changed",
    [
        {"gs1_text": "(01)09506000134352(10)L2409A17(21)7QK4M2ZX9RTC"},
        {"gs1_text": "(01)09506000134352(10)L2409A1(21)7QK4M2ZX9RTB"},
        {"gs1_text": "(00)395060000000000010"},
        {"short_code": "7QK4-M2ZX-9RTC-5"},
    ],
)
def test_words_that_disagree_with_the_code_are_refused(changed: dict[str, str]) -> None:
    with pytest.raises(TextsDisagree):
        DRAUGHTSMEN["60x40"].face(replace(carton(), **changed))  # type: ignore[arg-type]


def test_an_encoded_lot_agrees_with_its_words() -> None:
    uri = f"{HOST}/01/09506000134352/10/A%2FB/21/7QK4M2ZX9RTB?17=280911&s={TOKEN}"
    text = "(01)09506000134352(10)A/B(21)7QK4M2ZX9RTB(17)280911"
    DRAUGHTSMEN["100x100"].face(replace(carton(), uri=uri, gs1_text=text, lot="A/B"))


@pytest.mark.parametrize("field", ["product_zh", "product_en", "origin_zh", "storage_en", "importer_zh", "lot"])
@pytest.mark.parametrize("layout", ["100x100", "100x150"])
def test_a_character_that_would_print_as_a_box_is_refused(field: str, layout: str) -> None:
    with pytest.raises(CharacterMissing) as caught:
        DRAUGHTSMEN[layout].face(replace(carton(), **{field: "Beef \U0001f969"}))  # type: ignore[arg-type]
    assert "U+1F969" in caught.value.say("zh")
