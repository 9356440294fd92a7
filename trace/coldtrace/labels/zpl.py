"""ZPL II raster labels: the very dots that were decode-checked, sent as one graphic field.

    ^XA^PW812^LL812^LH0,0^FO0,0^GFA,82824,82824,102,:Z64:eJz7...:1A2B^FS^XZ

`^GFA,b,c,d,data`: bytes that follow, bytes of the picture, bytes a row.  `:Z64:` is zlib, then base64, then a
CRC-16/XMODEM of the base64 text (ZPL II Programming Guide, "Alternative Data Compression Scheme").  Plain hex, which
some clones of the language want, says the same in 16 times the bytes.  A dot is a 1 bit; rows are padded with white.
"""

import base64
import binascii
import zlib

from PIL import Image

DPI = {203: 8, 300: 12}
"""Print heads by their nominal resolution, in dots a millimetre: 8 (203.2 dpi) and 12 (304.8, sold as 300)."""

_ZLIB_LEVEL = 4
"""Half the time of level 6 for 7 % more bytes."""
_CRC_START = 0


def raster_label(picture: Image.Image, *, z64: bool = True) -> bytes:
    """Return one label as ZPL.  `picture` holds 0 and 255 only; each of its pixels becomes one dot of the head."""
    width, height = picture.size
    return b"^XA^PW%d^LL%d^LH0,0^FO0,0%s^XZ\n" % (width, height, graphic_field(picture, z64=z64))


def graphic_field(picture: Image.Image, *, z64: bool = True) -> bytes:
    """Return a black and white picture as `^GFA...^FS`, to stand behind a `^FO`."""
    bits = picture.convert("1", dither=Image.Dither.NONE).tobytes("raw", "1;I")
    row = (picture.width + 7) // 8
    if row * 8 != picture.width:
        bits = _white_padding(bits, row, used=picture.width % 8)
    data = _z64(bits) if z64 else bits.hex().upper().encode("ascii")
    return b"^GFA,%d,%d,%d,%s^FS" % (len(bits), len(bits), row, data)


def _z64(bits: bytes) -> bytes:
    text = base64.b64encode(zlib.compress(bits, _ZLIB_LEVEL))
    return b":Z64:%s:%04X" % (text, binascii.crc_hqx(text, _CRC_START))


def _white_padding(bits: bytes, row: int, *, used: int) -> bytes:
    """Pillow fills the last byte of a row with what `1;I` makes ink; a printer would draw it as an edge."""
    mask = 0xFF << (8 - used) & 0xFF
    padded = bytearray(bits)
    padded[row - 1 :: row] = bytes(byte & mask for byte in padded[row - 1 :: row])
    return bytes(padded)
