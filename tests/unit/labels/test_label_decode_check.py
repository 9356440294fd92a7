"""The gate: what a printer or a layout could spoil is found before the label is released."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import ImageDraw

from coldtrace.labels import make, press
from coldtrace.labels.content import LabelContent
from coldtrace.labels.decode_check import decode_check
from coldtrace.labels.drawing import Box, Code, Face
from coldtrace.labels.font import load_font
from coldtrace.labels.layouts import Draughtsman
from coldtrace.labels.raster import Raster
from coldtrace.labels.refusals import NotDecoded, NotDecodedSmall, QuietZoneNotWhite
from coldtrace.labels.symbol import qr_symbol
from support.label_cases import carton, pallet

FONT = load_font()
RASTER = Raster(FONT)


def face_of(content: LabelContent, layout: str = "100x100") -> Face:
    return Draughtsman(FONT, layout).face(content)


def test_a_good_label_passes() -> None:
    for content, symbols in ((carton(), 1), (pallet(), 2)):
        face = face_of(content)
        assert decode_check(RASTER.draw(face), face, RASTER) == symbols


@pytest.mark.parametrize("corner", [(1, 1), (1, 55), (55, 1)])
def test_a_missing_finder_pattern_is_found(corner: tuple[int, int]) -> None:
    face = face_of(carton())
    picture = RASTER.draw(face)
    code = next(mark for mark in face.own if isinstance(mark, Code))
    x, y = (RASTER.dots(code.x + corner[0] * code.module), RASTER.dots(code.y + corner[1] * code.module))
    ImageDraw.Draw(picture).rectangle((x - 40, y - 40, x + 40, y + 40), fill=255)
    with pytest.raises(NotDecoded) as caught:
        decode_check(picture, face, RASTER)
    assert caught.value.facts == {"label": "7QK4-M2ZX-9RTB-5", "expected": 1, "found": 0}


def test_another_labels_picture_is_found() -> None:
    face, other = face_of(carton()), face_of(carton("000000000000"))
    with pytest.raises(NotDecoded):
        decode_check(RASTER.draw(other), face, RASTER)


def test_one_of_two_symbols_missing_is_found() -> None:
    face = face_of(carton(), "100x150")
    spoiled = replace(face, own=face.own[1:])
    with pytest.raises(NotDecoded) as caught:
        decode_check(RASTER.draw(spoiled), face, RASTER)
    assert caught.value.facts["found"] == 1


def test_missing_bars_are_found() -> None:
    face = face_of(pallet())
    without = replace(face, own=tuple(mark for mark in face.own if mark is not face.symbols[1]))
    with pytest.raises(NotDecoded):
        decode_check(RASTER.draw(without), face, RASTER)


def test_a_symbol_with_no_label_around_it_is_refused() -> None:
    face = Face(60.0, 40.0, (), (), "empty")
    with pytest.raises(NotDecoded):
        decode_check(RASTER.draw(face), face, RASTER)


def test_modules_too_fine_for_a_second_look_are_found() -> None:
    code = Code(5.0, 5.0, 0.125, qr_symbol(carton().uri, "Q"))  # one dot a module: reads up close, not from afar
    face = Face(60.0, 40.0, (), (code,), "fine")
    with pytest.raises((NotDecodedSmall, NotDecoded)):
        decode_check(RASTER.draw(face), face, RASTER)
    code = replace(code, module=0.25)
    face = replace(face, own=(code,))
    with pytest.raises(NotDecodedSmall):
        decode_check(RASTER.draw(face), face, RASTER)


@pytest.mark.parametrize("side", ["left", "top", "right", "bottom"])
def test_ink_in_the_quiet_zone_is_found(side: str) -> None:
    face = face_of(carton())
    code = face.symbols[0]
    left, top, right, bottom = code.quiet_box
    speck = {
        "left": Box(left + 0.5, top + 20, 0.25, 0.25),
        "top": Box(left + 20, top + 0.5, 0.25, 0.25),
        "right": Box(right - 0.75, top + 20, 0.25, 0.25),
        "bottom": Box(left + 20, bottom - 0.75, 0.25, 0.25),
    }[side]
    spoiled = replace(face, own=(*face.own, speck))
    with pytest.raises(QuietZoneNotWhite):
        decode_check(RASTER.draw(spoiled), spoiled, RASTER)


def test_a_symbol_over_the_labels_edge_is_found() -> None:
    face = Face(60.0, 40.0, (), (Code(1.0, 5.0, 0.5, qr_symbol(carton().uri, "Q")),), "edge")
    with pytest.raises(QuietZoneNotWhite):
        decode_check(RASTER.draw(face), face, RASTER)


@pytest.mark.parametrize(("format", "name"), [("pdf", "run.pdf"), ("png", "run.zip"), ("svg", "run.zip")])
def test_a_run_with_one_bad_label_leaves_no_file(
    format: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoiling(picture: object, face: Face, raster: Raster) -> int:
        if "2" in face.handle:
            raise NotDecoded(label=face.handle, expected=1, found=0)
        return 1

    monkeypatch.setattr(press, "decode_check", spoiling)
    contents = [carton("000000000000"), carton("222222222222"), carton("333333333333")]
    with pytest.raises(NotDecoded):
        make.make_labels(contents, layout="60x40", format=format, out=tmp_path / name)
    assert list(tmp_path.iterdir()) == []
