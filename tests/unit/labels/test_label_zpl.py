"""ZPL as a printer would draw it (an offline renderer) reads back; and what the language needs, byte by byte."""

import base64
import binascii
import io
import re
import zlib
from dataclasses import replace

import pytest
from PIL import Image

from coldtrace.labels.content import LabelContent
from coldtrace.labels.font import load_font
from coldtrace.labels.layouts import Draughtsman
from coldtrace.labels.make import make_labels
from coldtrace.labels.raster import Raster
from coldtrace.labels.refusals import LayoutNotForPrinter, SymbolTooLarge
from coldtrace.labels.zpl import graphic_field, raster_label
from support.label_cases import all_contents, bare_carton, carton, command, expected_texts, pallet, place, read_picture
from support.zpl_pictures import ZplFile, zpl_pictures

LAYOUTS = ("60x40", "100x100", "100x150")
CONTENTS = [carton(), pallet(), place(), command()]


def zpl(
    contents: list[LabelContent], *, layout: str, dots_per_mm: int = 8, format: str = "zpl", z64: bool = True
) -> bytes:
    out = io.BytesIO()
    make_labels(contents, layout=layout, format=format, out=out, dots_per_mm=dots_per_mm, z64=z64)
    return out.getvalue()


def drawn(contents: list[LabelContent], **order: object) -> list[Image.Image]:
    width, height = (float(side) for side in str(order["layout"]).split("x"))
    data = zpl(contents, **order)  # type: ignore[arg-type]
    (pictures,) = zpl_pictures(
        [ZplFile(zpl=data, width_mm=width, height_mm=height, dots_per_mm=int(str(order.get("dots_per_mm", 8))))]
    )
    return pictures


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dots_per_mm", [8, 12])
def test_a_raster_label_is_printed_dot_for_dot_as_it_was_checked(layout: str, dots_per_mm: int) -> None:
    font = load_font()
    raster, draughtsman = Raster(font, dots_per_mm=dots_per_mm), Draughtsman(font, layout)
    pictures = drawn(CONTENTS, layout=layout, dots_per_mm=dots_per_mm)
    for content, picture in zip(CONTENTS, pictures, strict=True):
        checked = raster.draw(draughtsman.face(content))
        assert picture.point(lambda value: 255 if value > 127 else 0).tobytes() == checked.tobytes()
        assert read_picture(picture) == expected_texts(content, layout)


def test_plain_hex_says_the_same() -> None:
    whole, packed = (drawn([carton()], layout="60x40", z64=z64)[0] for z64 in (False, True))
    assert whole.tobytes() == packed.tobytes()
    assert read_picture(whole) == expected_texts(carton(), "60x40")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dots_per_mm", [8, 12])
def test_a_native_label_reads_back(layout: str, dots_per_mm: int) -> None:
    # The longest code, in byte mode, needs more than 60 x 40 gives: refused there, as a test below says.
    contents = all_contents() if dots_per_mm == 8 and layout != "60x40" else CONTENTS
    pictures = drawn(contents, layout=layout, dots_per_mm=dots_per_mm, format="zpl-native")
    for content, picture in zip(contents, pictures, strict=True):
        assert read_picture(picture) == expected_texts(content, layout)


def test_the_quiet_zone_of_a_native_symbol_is_white_whatever_version_the_firmware_takes() -> None:
    for content, layout in ((carton(), "60x40"), (all_contents()[1], "100x100")):
        (picture,) = drawn([content], layout=layout, format="zpl-native")
        data = zpl([content], layout=layout, format="zpl-native").decode("ascii")
        found = re.search(r"\^FO(\d+),(\d+)\^BQN,2,(\d+)\^FDQA,", data)
        assert found is not None
        left, top, module = int(found[1]), int(found[2]) + 10, int(found[3])
        right = left
        while picture.crop((left, top, right + 4 * module, top + 7 * module)).crop(
            (right - left, 0, right - left + 4 * module, 7 * module)
        ).getextrema() != (255, 255):
            right += module
            assert right < picture.width
        side = right - left
        ring = Image.new("L", (side + 8 * module, side + 8 * module), 255)
        ring.paste(picture.crop((left - 4 * module, top - 4 * module, right + 4 * module, top + side + 4 * module)))
        ring.paste(255, (4 * module, 4 * module, 4 * module + side, 4 * module + side))
        assert ring.getextrema() == (255, 255)


def test_the_graphic_field_is_what_the_manual_says() -> None:
    picture = Image.new("L", (10, 2), 255)
    picture.putpixel((0, 0), 0)
    picture.putpixel((9, 1), 0)
    assert graphic_field(picture, z64=False) == b"^GFA,4,4,2,80000040^FS"
    packed = graphic_field(picture)
    found = re.fullmatch(rb"\^GFA,4,4,2,:Z64:([^:]+):([0-9A-F]{4})\^FS", packed)
    assert found is not None
    assert zlib.decompress(base64.b64decode(found[1])) == bytes.fromhex("80000040")
    assert int(found[2], 16) == binascii.crc_hqx(found[1], 0)
    assert binascii.crc_hqx(b"123456789", 0) == 0x31C3, "CRC-16/XMODEM's own check value"
    assert raster_label(picture, z64=False) == b"^XA^PW10^LL2^LH0,0^FO0,0^GFA,4,4,2,80000040^FS^XZ\n"


def test_signs_of_the_language_cannot_leave_a_field() -> None:
    hostile = replace(bare_carton(), product_zh="^XA", origin_en="^XZ~JR_a", lot="~JA^FS")
    data = zpl([hostile], layout="100x100", format="zpl-native")
    assert data.count(b"^XA") == data.count(b"^XZ") == 1
    assert b"~" not in data
    assert b"^FH_^FDLOT _7EJA_5EFS^FS" in data
    assert b"^FH_^FDORIGIN _5EXZ_7EJR_5Fa^FS" in data
    data.decode("ascii")


def test_a_sheet_of_paper_is_nothing_for_a_label_printer() -> None:
    for format in ("zpl", "zpl-native"):
        with pytest.raises(LayoutNotForPrinter):
            zpl([carton()], layout="a4", format=format)


def test_a_native_symbol_that_might_not_fit_is_refused() -> None:
    long = replace(bare_carton(), uri=bare_carton().uri + "&x=" + "A" * 60)
    with pytest.raises(SymbolTooLarge):
        zpl([long], layout="60x40", format="zpl-native")
