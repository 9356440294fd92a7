"""The font of the labels: finding it, measuring with it, and cutting it down to the characters a file uses.

Default is Noto Sans CJK, face SC, from the `noto-cjk-sans-otc` wheel (SIL Open Font License 1.1); another file can
be named.  Widths are the font's own advances without kerning, so raster, PDF and SVG put each character at the same
place and a line that fits in one fits in all.
"""

import io
import struct
from array import array
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from fontTools import subset
from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.ttLib import TTCollection, TTFont, TTLibError
from PIL import ImageFont

from coldtrace.labels.refusals import CharacterMissing, FontMissing

_PROBE = "批号生产日期到期原产净重进口商0123456789ABCabc()-.:/"


class LabelFont:
    """One opened face.  Reading it takes a third of a second; `load_font` keeps it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                self._face = _chinese_face(file)
                self._read(TTFont(file, fontNumber=self._face, lazy=True))
        except (OSError, TTLibError, KeyError, ValueError, AssertionError, struct.error) as error:
            raise FontMissing(path=str(path)) from error
        if any(ord(character) not in self._glyphs for character in _PROBE):
            raise FontMissing(path=str(path))
        self._rasters: dict[int, ImageFont.FreeTypeFont] = {}
        self._outlines: dict[str, str] = {}
        self._widths: dict[str, float] = {}
        self._shapes: Any = None
        self._name: Callable[[int], str] = str

    def _read(self, font: TTFont) -> None:
        self.units = int(font["head"].unitsPerEm)
        self.is_cff = "CFF " in font
        self.keyed_by_cid = self.is_cff and hasattr(font["CFF "].cff.topDictIndex[0], "ROS")
        self.name = str(font["name"].getDebugName(6) or "LabelFont").replace(" ", "")
        self.ascent, self.descent = int(font["hhea"].ascent), int(font["hhea"].descent)
        self.cap_height = int(getattr(font["OS/2"], "sCapHeight", 0)) or self.ascent * 3 // 4
        head = font["head"]
        self.box = (int(head.xMin), int(head.yMin), int(head.xMax), int(head.yMax))
        self._glyphs = read_cmap(font.reader["cmap"])
        # Three processes hold this: numbers in arrays, where fontTools would make 100,000 names and tuples.
        self._advances = _advances(font.reader["hmtx"], int(font["hhea"].numberOfHMetrics))
        self._cids = array("H", [0] * len(self._advances))
        if self.keyed_by_cid:
            charset = font["CFF "].cff.topDictIndex[0].charset
            self._cids = array("H", (int(name[3:]) if name.startswith("cid") else 0 for name in charset))

    def require(self, text: str) -> str:
        """Return `text` when every character can be drawn, else raise `CharacterMissing`."""
        for character in text:
            if ord(character) not in self._glyphs:
                raise CharacterMissing(text=text, character=character, code_point=f"U+{ord(character):04X}")
        return text

    def advance(self, character: str) -> float:
        """Width of one character in em; an unknown one counts as a full square."""
        width = self._widths.get(character)
        if width is None:
            glyph = self._glyphs.get(ord(character))
            width = 1.0 if glyph is None else self._advances[min(glyph, len(self._advances) - 1)] / self.units
            self._widths[character] = width
        return width

    def width(self, text: str, *, tracking: float = 0.0) -> float:
        """Width of a line in em; `tracking` em are added behind each character but the last."""
        return sum(map(self.advance, text)) + tracking * max(len(text) - 1, 0)

    def code(self, character: str) -> int:
        """The number that shows this character in a PDF: the CID of a CID-keyed font, else the glyph's index."""
        glyph = self._glyphs[ord(character)]
        return self._cids[glyph] if self.keyed_by_cid else glyph

    def raster(self, pixels: int) -> ImageFont.FreeTypeFont:
        """The face at a size in pixels, for Pillow."""
        if pixels not in self._rasters:
            self._rasters[pixels] = ImageFont.truetype(
                str(self.path), pixels, index=self._face, layout_engine=ImageFont.Layout.BASIC
            )
        return self._rasters[pixels]

    def outline(self, character: str) -> str:
        """The character as an SVG path in font units, y upwards."""
        if self._shapes is None:
            font = TTFont(io.BytesIO(self.path.read_bytes()), fontNumber=self._face, lazy=True)
            self._shapes, self._name = font.getGlyphSet(), font.getGlyphName
        if character not in self._outlines:
            pen = SVGPathPen(self._shapes, ntos=lambda value: f"{value:.1f}".rstrip("0").rstrip("."))
            self._shapes[self._name(self._glyphs[ord(character)])].draw(pen)
            self._outlines[character] = pen.getCommands()
        return self._outlines[character]

    def subset(self, characters: str) -> bytes:
        """Return a font program with only `characters`: a bare CFF table, or a TrueType file."""
        options: Any = subset.Options()
        options.layout_features = []
        options.name_IDs = []
        options.notdef_outline = True
        options.desubroutinize = True
        options.retain_gids = not self.keyed_by_cid
        options.drop_tables += ["GSUB", "GPOS", "GDEF", "BASE", "VORG", "vhea", "vmtx", "DSIG", "OS/2"]
        cutter = subset.Subsetter(options)
        cutter.populate(text=characters)
        with self.path.open("rb") as file:
            font = TTFont(file, fontNumber=self._face, lazy=True)
            cutter.subset(font)
            if self.is_cff:
                return bytes(font["CFF "].compile(font))
            whole = io.BytesIO()
            font.save(whole)
            return whole.getvalue()


@lru_cache(maxsize=4)
def load_font(path: Path | None = None) -> LabelFont:
    """Open the font at `path`, or the one that comes with the install; raise `FontMissing` when there is none."""
    if path is not None:
        return LabelFont(path)
    try:
        from noto_cjk_sans_otc import FONT_PATH
    except ImportError as error:
        raise FontMissing(path="noto-cjk-sans-otc") from error
    return LabelFont(Path(str(FONT_PATH)))


def read_cmap(table: bytes) -> dict[int, int]:
    """Return the glyph number of each code point of an OpenType `cmap` table: format 12, else format 4, for Unicode.

    Raises ValueError when the table has neither.
    """
    (count,) = struct.unpack_from(">H", table, 2)
    found: dict[int, int] = {}
    for entry in range(count):
        platform, encoding, offset = struct.unpack_from(">HHL", table, 4 + 8 * entry)
        (form,) = struct.unpack_from(">H", table, offset)
        if (platform, encoding) in ((3, 10), (0, 4), (0, 6)) and form == 12:
            return dict(_format_12(table, offset))
        if (platform, encoding) in ((3, 1), (0, 3)) and form == 4 and not found:
            found = dict(_format_4(table, offset))
    if not found:
        raise ValueError("no Unicode cmap of format 12 or 4")
    return found


def _format_12(table: bytes, offset: int) -> Iterator[tuple[int, int]]:
    (groups,) = struct.unpack_from(">L", table, offset + 12)
    for first, last, glyph in struct.iter_unpack(">LLL", table[offset + 16 : offset + 16 + 12 * groups]):
        yield from zip(range(first, last + 1), range(glyph, glyph + last - first + 1), strict=True)


def _format_4(table: bytes, offset: int) -> Iterator[tuple[int, int]]:
    half = struct.unpack_from(">H", table, offset + 6)[0] // 2
    ends = struct.unpack_from(f">{half}H", table, offset + 14)
    starts = struct.unpack_from(f">{half}H", table, offset + 16 + 2 * half)
    deltas = struct.unpack_from(f">{half}H", table, offset + 16 + 4 * half)
    ranges = offset + 16 + 6 * half
    for number, (first, last, delta) in enumerate(zip(starts, ends, deltas, strict=True)):
        place = ranges + 2 * number
        (shift,) = struct.unpack_from(">H", table, place)
        for code in range(first, min(last, 0xFFFE) + 1):
            glyph = code
            if shift:
                (glyph,) = struct.unpack_from(">H", table, place + shift + 2 * (code - first))
            if glyph := (glyph + delta) & 0xFFFF if glyph or not shift else 0:
                yield code, glyph


def _advances(table: bytes, count: int) -> "array[int]":
    """Return the widths of an `hmtx` table; glyphs behind the last are as wide as that one."""
    return array("H", (pair[0] for pair in struct.iter_unpack(">Hh", table[: 4 * count])))


def _chinese_face(file: BinaryIO) -> int:
    """The number of the simplified-Chinese face in a collection; 0 in a plain font file."""
    is_collection = file.read(4) == b"ttcf"
    file.seek(0)
    if not is_collection:
        return 0
    names = [str(font["name"].getDebugName(4)) for font in TTCollection(file, lazy=True).fonts]
    return next((number for number, name in enumerate(names) if name.endswith((" SC", " SC Regular"))), 0)
