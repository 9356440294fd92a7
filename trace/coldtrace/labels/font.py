"""The font of the labels: finding it, measuring with it, and cutting it down to the characters a file uses.

Default is Noto Sans CJK, face SC, from the `noto-cjk-sans-otc` wheel (SIL Open Font License 1.1); another file can
be named.  Widths are the font's own advances without kerning, so raster, PDF and SVG put each character at the same
place and a line that fits in one fits in all.
"""

import io
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
        except (OSError, TTLibError, KeyError, ValueError, AssertionError) as error:
            raise FontMissing(path=str(path)) from error
        if any(ord(character) not in self._glyphs for character in _PROBE):
            raise FontMissing(path=str(path))
        self._rasters: dict[int, ImageFont.FreeTypeFont] = {}
        self._outlines: dict[str, str] = {}
        self._shapes: Any = None

    def _read(self, font: TTFont) -> None:
        self.units = int(font["head"].unitsPerEm)
        self.is_cff = "CFF " in font
        self.keyed_by_cid = self.is_cff and hasattr(font["CFF "].cff.topDictIndex[0], "ROS")
        self.name = str(font["name"].getDebugName(6) or "LabelFont").replace(" ", "")
        self.ascent, self.descent = int(font["hhea"].ascent), int(font["hhea"].descent)
        self.cap_height = int(getattr(font["OS/2"], "sCapHeight", 0)) or self.ascent * 3 // 4
        head = font["head"]
        self.box = (int(head.xMin), int(head.yMin), int(head.xMax), int(head.yMax))
        self._glyphs: dict[int, str] = font.getBestCmap() or {}
        self._advances: dict[str, int] = {name: pair[0] for name, pair in font["hmtx"].metrics.items()}
        self._gids = {name: gid for gid, name in enumerate(font.getGlyphOrder())}

    def require(self, text: str) -> str:
        """Return `text` when every character can be drawn, else raise `CharacterMissing`."""
        for character in text:
            if ord(character) not in self._glyphs:
                raise CharacterMissing(text=text, character=character, code_point=f"U+{ord(character):04X}")
        return text

    def advance(self, character: str) -> float:
        """Width of one character in em; an unknown one counts as a full square."""
        name = self._glyphs.get(ord(character))
        return self._advances[name] / self.units if name else 1.0

    def width(self, text: str, *, tracking: float = 0.0) -> float:
        """Width of a line in em; `tracking` em are added behind each character but the last."""
        return sum(map(self.advance, text)) + tracking * max(len(text) - 1, 0)

    def code(self, character: str) -> int:
        """The number that shows this character in a PDF: the CID of a CID-keyed font, else the glyph's index."""
        name = self._glyphs[ord(character)]
        return int(name[3:]) if self.keyed_by_cid and name.startswith("cid") else self._gids[name]

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
            self._shapes = font.getGlyphSet()
        if character not in self._outlines:
            pen = SVGPathPen(self._shapes, ntos=lambda value: f"{value:.1f}".rstrip("0").rstrip("."))
            self._shapes[self._glyphs[ord(character)]].draw(pen)
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


def _chinese_face(file: BinaryIO) -> int:
    """The number of the simplified-Chinese face in a collection; 0 in a plain font file."""
    is_collection = file.read(4) == b"ttcf"
    file.seek(0)
    if not is_collection:
        return 0
    names = [str(font["name"].getDebugName(4)) for font in TTCollection(file, lazy=True).fonts]
    return next((number for number, name in enumerate(names) if name.endswith((" SC", " SC Regular"))), 0)
