"""Labels and single symbols as SVG.  Letters are outlines, so the file looks the same wherever it is opened."""

from xml.sax.saxutils import escape

from coldtrace.labels.drawing import BOLD_EM, Box, Code, Drawing, Mark, Text
from coldtrace.labels.font import LabelFont
from coldtrace.labels.page import Page
from coldtrace.labels.symbol import QUIET_MODULES, Symbol


def page_svg(page: Page, font: LabelFont) -> str:
    """Return a page as one SVG document in millimetres."""
    body: list[str] = []
    used: dict[str, int] = {}
    for placed in page.faces:
        body.append(f'<g transform="translate({_number(placed.x)} {_number(placed.y)})">')
        body += [_mark(mark, font, used) for mark in (*placed.face.fixed, *placed.face.own)]
        body.append("</g>")
    body += [_mark(mark, font, used) for mark in page.furniture]
    glyphs = "".join(f'<path id="c{number}" d="{font.outline(text)}"/>' for text, number in used.items())
    title = escape(", ".join(placed.face.handle for placed in page.faces[:1]))
    width, height = _number(page.width), _number(page.height)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{height}mm" '
        f'viewBox="0 0 {width} {height}"><title>{title}</title><desc>{escape(_words(page))}</desc>'
        f'<defs>{glyphs}</defs><rect width="{width}" height="{height}" fill="#fff"/>{"".join(body)}</svg>\n'
    )


def symbol_svg(symbol: Symbol) -> str:
    """Return a QR code with its quiet zone as an SVG that scales to its container; one unit is one module."""
    side = symbol.full_size
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges">'
        f'<rect width="{side}" height="{side}" fill="#fff"/>'
        f'<path transform="translate({QUIET_MODULES} {QUIET_MODULES})" d="{_grid(symbol)}"/></svg>'
    )


def _mark(mark: Mark, font: LabelFont, used: dict[str, int]) -> str:
    if isinstance(mark, Text):
        return _text(mark, font, used)
    if isinstance(mark, Box):
        return (
            f'<rect x="{_number(mark.x)}" y="{_number(mark.y)}" width="{_number(mark.width)}" '
            f'height="{_number(mark.height)}"/>'
        )
    where = f"translate({_number(mark.x)} {_number(mark.y)})"
    if isinstance(mark, Code):
        return f'<path transform="{where} scale({_number(mark.module)})" d="{_grid(mark.symbol)}"/>'
    path = "".join(f"M{first} 0h{width}v1h-{width}z" for first, width in mark.bars.runs())
    return f'<path transform="{where} scale({_number(mark.module)} {_number(mark.height)})" d="{path}"/>'


def _text(mark: Text, font: LabelFont, used: dict[str, int]) -> str:
    scale = mark.size / font.units
    ink = "#fff" if mark.white else "#000"
    stroke = f' stroke="{ink}" stroke-width="{_number(BOLD_EM * font.units)}"' if mark.bold else ""
    uses, x = [], 0.0
    for character in mark.text:
        if character != " ":
            uses.append(f'<use href="#c{used.setdefault(character, len(used))}" x="{_number(x)}"/>')
        x += (font.advance(character) + mark.tracking) * font.units
    place = f"translate({_number(mark.x)} {_number(mark.y)}) scale({scale * mark.stretch:.6f} -{scale:.6f})"
    return f'<g transform="{place}" fill="{ink}"{stroke}>{"".join(uses)}</g>'


def _grid(symbol: Symbol) -> str:
    return "".join(f"M{column} {row}h{length}v1h-{length}z" for column, row, length in symbol.runs())


def _words(page: Page) -> str:
    def lines(drawing: Drawing) -> list[str]:
        return [mark.text for mark in drawing if isinstance(mark, Text)]

    return "; ".join(line for placed in page.faces for line in lines(placed.face.fixed) + lines(placed.face.own))


def _number(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".") or "0"
