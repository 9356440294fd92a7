"""A reader of our own SVG files, small enough to be believed: it puts rectangles and grids of modules down as dots.

Letters are left out; what is tested is that the codes in the file can be scanned.
"""

import re
import xml.etree.ElementTree as ElementTree

from PIL import Image, ImageDraw

_SVG = "{http://www.w3.org/2000/svg}"
_RUN = re.compile(r"M(\d+) (\d+)h(\d+)v1h-\d+z")
_NUMBERS = re.compile(r"-?[\d.]+")


def svg_picture(text: str, *, dots_per_unit: float) -> Image.Image:
    """Return the picture of an SVG document."""
    root = ElementTree.fromstring(text)
    _, _, width, height = (float(value) for value in root.attrib["viewBox"].split())
    picture = Image.new("L", (round(width * dots_per_unit), round(height * dots_per_unit)), 255)
    _draw(root, ImageDraw.Draw(picture), (0.0, 0.0), dots_per_unit)
    return picture


def _draw(node: ElementTree.Element, pen: ImageDraw.ImageDraw, origin: tuple[float, float], dots: float) -> None:
    for child in node:
        moved = _numbers(child, "translate", (0.0, 0.0))
        x, y = origin[0] + moved[0], origin[1] + moved[1]
        scale = _numbers(child, "scale", (1.0, 1.0))
        if child.tag == f"{_SVG}g" and child.attrib.get("fill") is None:
            _draw(child, pen, (x, y), dots)
        elif child.tag == f"{_SVG}rect" and child.attrib.get("fill") is None:
            box = [float(child.attrib[name]) for name in ("x", "y", "width", "height")]
            _fill(pen, x + box[0], y + box[1], box[2], box[3], dots)
        elif child.tag == f"{_SVG}path":
            for run in _RUN.finditer(child.attrib["d"]):
                column, row, length = map(int, run.groups())
                _fill(pen, x + column * scale[0], y + row * scale[1], length * scale[0], scale[1], dots)


def _fill(pen: ImageDraw.ImageDraw, x: float, y: float, width: float, height: float, dots: float) -> None:
    left, top = round(x * dots), round(y * dots)
    pen.rectangle((left, top, round((x + width) * dots) - 1, round((y + height) * dots) - 1), fill=0)


def _numbers(node: ElementTree.Element, name: str, otherwise: tuple[float, float]) -> tuple[float, float]:
    match = re.search(rf"{name}\(([^)]*)\)", node.attrib.get("transform", ""))
    if not match:
        return otherwise
    values = [float(value) for value in _NUMBERS.findall(match[1])]
    return values[0], values[-1]
