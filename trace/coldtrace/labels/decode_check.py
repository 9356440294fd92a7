"""The gate every label passes: drawn as it will be printed, it must read back byte for byte.

Three looks at the same dots: at full size; at half size, blurred and pale, as from twice the distance through a
frosted window; and at the margins, which must be white.  This is a decode check, not a print grade (ISO/IEC 15415).
"""

from collections.abc import Sequence

import zxingcpp
from PIL import Image, ImageFilter

from coldtrace.labels.drawing import Code, Face
from coldtrace.labels.raster import Raster
from coldtrace.labels.refusals import NotDecoded, NotDecodedSmall, QuietZoneNotWhite

_QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
_QR_AND_BARS = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode, zxingcpp.BarcodeFormat.Code128])
_BLUR_PIXELS = 0.5
_PALE = [round(128 + (value - 128) * 0.4) for value in range(256)]


def decode_check(picture: Image.Image, face: Face, raster: Raster) -> int:
    """Return how many symbols of the label read back; raise one of the three refusals when a look fails.

    `picture` is `raster.draw(face)`: the caller has it at hand and prints the same.
    """
    expected = sorted(_texts(face))
    formats = _QR if all(isinstance(mark, Code) for mark in face.symbols) else _QR_AND_BARS
    found = _read(picture, formats)
    if not expected or found != expected:
        raise NotDecoded(label=face.handle, expected=len(expected), found=_right(found, expected))
    small = picture.reduce(2).filter(ImageFilter.BoxBlur(_BLUR_PIXELS)).point(_PALE)
    found = _read(small, formats)
    if found != expected:
        raise NotDecodedSmall(label=face.handle, expected=len(expected), found=_right(found, expected))
    if not all(raster.quiet_zone_is_white(picture, mark) for mark in face.symbols):
        raise QuietZoneNotWhite(label=face.handle)
    return len(expected)


def _texts(face: Face) -> list[bytes]:
    return [(mark.symbol.text if isinstance(mark, Code) else mark.bars.data).encode("ascii") for mark in face.symbols]


def _read(picture: Image.Image, formats: zxingcpp.BarcodeFormats) -> list[bytes]:
    barcodes = zxingcpp.read_barcodes(picture, formats=formats, try_rotate=False, try_downscale=False, try_invert=False)
    return sorted(bytes(barcode.bytes) for barcode in barcodes)


def _right(found: Sequence[bytes], expected: Sequence[bytes]) -> int:
    rest = list(found)
    right = 0
    for text in expected:
        if text in rest:
            rest.remove(text)
            right += 1
    return right
