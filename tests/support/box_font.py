"""A font of boxes, made for tests: one that nobody could mistake for the one of the install."""

from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen


def box_font(path: Path, characters: str) -> Path:
    """Write a TrueType font in which each of `characters` is a box of its own height."""
    names = [".notdef", *(f"u{ord(character):04X}" for character in characters)]
    glyphs = {}
    for number, name in enumerate(names):
        pen = TTGlyphPen(None)
        pen.moveTo((50, 0))
        for point in ((50, 300 + number), (450, 300 + number), (450, 0)):
            pen.lineTo(point)
        pen.closePath()
        glyphs[name] = pen.glyph()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(character): f"u{ord(character):04X}" for character in characters})
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics({name: (500, 50) for name in names})
    builder.setupHorizontalHeader(ascent=880, descent=-120)
    builder.setupNameTable({"familyName": "Boxes", "styleName": "Regular", "psName": "Boxes-Regular"})
    builder.setupOS2(sTypoAscender=880, sCapHeight=700)
    builder.setupPost()
    builder.save(path)
    return path
