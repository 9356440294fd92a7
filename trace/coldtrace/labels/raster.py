"""Labels as dots: black or white, whole-dot modules, exactly what a thermal print head puts down."""

from collections import OrderedDict

from PIL import Image, ImageDraw

from coldtrace.labels.drawing import BOLD_EM, Barcode, Box, Code, Drawing, Face, Mark, Text
from coldtrace.labels.font import LabelFont
from coldtrace.labels.page import Page

DOTS_PER_MM = 8
_KEPT_GROUNDS = 32
_FINE = 4
_HALF = [255 if value >= 128 else 0 for value in range(256)]


class Raster:
    """Draws faces at `dots_per_mm`: 8 for a 203 dpi head, 12 for a 300 dpi one."""

    def __init__(self, font: LabelFont, *, dots_per_mm: int = DOTS_PER_MM) -> None:
        self.font = font
        self.dots_per_mm = dots_per_mm
        self._stamps: dict[tuple[str, int, bool, float], tuple[Image.Image, int, int] | None] = {}
        self._grounds: OrderedDict[Drawing, Image.Image] = OrderedDict()

    def draw(self, face: Face) -> Image.Image:
        """Return the label as an 8-bit picture that holds 0 and 255 only."""
        picture = self._ground(face).copy()
        self.put(picture, face.own)
        return picture

    def draw_page(self, page: Page) -> Image.Image:
        """Return a whole page, each label on it exactly as `draw` makes it."""
        picture = Image.new("L", (self.dots(page.width), self.dots(page.height)), 255)
        self.put(picture, page.furniture)
        for placed in page.faces:
            picture.paste(self.draw(placed.face), (self.dots(placed.x), self.dots(placed.y)))
        return picture

    def put(self, picture: Image.Image, drawing: Drawing) -> None:
        """Draw marks onto a picture."""
        for mark in drawing:
            self._mark(picture, mark)

    def quiet_zone_is_white(self, picture: Image.Image, mark: Code | Barcode) -> bool:
        """Whether nothing is printed in the margin that a scanner needs around `mark`."""
        left, top, right, bottom = (self.dots(value) for value in mark.quiet_box)
        if left < 0 or top < 0 or right > picture.width or bottom > picture.height:
            return False
        x, y = self.dots(mark.x), self.dots(mark.y)
        strips = [(left, top, x, bottom), (right - (x - left), top, right, bottom)]
        if y > top:
            strips += [(left, top, right, y), (left, bottom - (y - top), right, bottom)]
        return all(picture.crop(strip).getextrema() == (255, 255) for strip in strips)

    def dots(self, millimetres: float) -> int:
        """Millimetres as whole dots."""
        return round(millimetres * self.dots_per_mm)

    def _ground(self, face: Face) -> Image.Image:
        if face.fixed in self._grounds:
            self._grounds.move_to_end(face.fixed)
            return self._grounds[face.fixed]
        ground = Image.new("L", (self.dots(face.width), self.dots(face.height)), 255)
        self.put(ground, face.fixed)
        self._grounds[face.fixed] = ground
        if len(self._grounds) > _KEPT_GROUNDS:
            self._grounds.popitem(last=False)
        return ground

    def _mark(self, picture: Image.Image, mark: Mark) -> None:
        if isinstance(mark, Text):
            self._text(picture, mark)
        elif isinstance(mark, Box):
            left, top = self.dots(mark.x), self.dots(mark.y)
            right, bottom = self.dots(mark.x + mark.width), self.dots(mark.y + mark.height)
            picture.paste(0, (left, top, max(right, left + 1), max(bottom, top + 1)))
        elif isinstance(mark, Code):
            size, dots = mark.symbol.size, self.dots(mark.module)
            grid = Image.frombytes("L", (size, size), mark.symbol.pixels)
            side = size * dots
            picture.paste(grid.resize((side, side), Image.Resampling.NEAREST), (self.dots(mark.x), self.dots(mark.y)))
        else:
            dots, size = self.dots(mark.module), mark.bars.size
            row = Image.frombytes("L", (size, 1), mark.bars.pixels)
            stretched = row.resize((size * dots, self.dots(mark.height)), Image.Resampling.NEAREST)
            picture.paste(stretched, (self.dots(mark.x), self.dots(mark.y)))

    def _text(self, picture: Image.Image, mark: Text) -> None:
        """Each character at its own rounded place, so that rounding never adds up along a line."""
        pixels = max(round(mark.size * self.dots_per_mm), 1)
        ink = 255 if mark.white else 0
        baseline = self.dots(mark.y)
        start = mark.x
        for character in mark.text:
            shape = self._stamp(character, pixels, mark.bold, mark.stretch)
            if shape is not None:
                stamp, left, top = shape
                picture.paste(ink, (round(start * self.dots_per_mm) + left, baseline + top), stamp)
            start += (self.font.advance(character) + mark.tracking) * mark.size * mark.stretch

    def _stamp(self, character: str, pixels: int, bold: bool, stretch: float) -> tuple[Image.Image, int, int] | None:
        """The dots of one character and their offset from the pen's place; drawn once, then stamped."""
        key = (character, pixels, bold, stretch)
        if key not in self._stamps:
            reach = 2 * pixels
            ground = self._drawn(character, pixels, reach, bold)
            across = reach
            if stretch != 1.0:
                # FreeType has no narrow face here: draw it large, squeeze it, and decide each dot by its half.
                across = round(reach * stretch)
                large = self._drawn(character, _FINE * pixels, _FINE * reach, bold)
                ground = large.resize((2 * across, 2 * reach), Image.Resampling.BOX)
            # A bold outline comes out grey at its edge; what is printed, and so what is checked, has no grey.
            ground = ground.point(_HALF)
            box = ground.getbbox()
            self._stamps[key] = (ground.crop(box), box[0] - across, box[1] - reach) if box else None
        return self._stamps[key]

    def _drawn(self, character: str, pixels: int, reach: int, bold: bool) -> Image.Image:
        ground = Image.new("L", (2 * reach, 2 * reach))
        pen = ImageDraw.Draw(ground)
        pen.fontmode = "1"
        stroke = pixels * BOLD_EM / 2 if bold else 0
        pen.text((reach, reach), character, font=self.font.raster(pixels), fill=255, anchor="ls", stroke_width=stroke)
        return ground
