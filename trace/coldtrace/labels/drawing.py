"""A label as a list of marks in millimetres; raster, PDF and SVG are three ways to put down the same list.

The origin is the top left corner, y grows downwards.  Everything that must be exact for a print head (symbols,
bars, rules) sits on a grid of 0.25 mm: 2 dots of a 203 dpi head and 3 of a 300 dpi one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from coldtrace.labels.fit import fit, shrink
from coldtrace.labels.metrics import Metrics
from coldtrace.labels.symbol import BARS_QUIET_MODULES, QUIET_MODULES, Bars, Symbol

GRID_MM = 0.25
BOLD_EM = 0.034
LEAST_STRETCH = 0.625
_ASCENT_EM = 0.88
_CAP_EM = 0.733


@dataclass(frozen=True)
class Text:
    """One line of text; `x` and `y` are the left end of its baseline; `stretch` below 1 sets narrow characters."""

    x: float
    y: float
    size: float
    text: str
    bold: bool = False
    white: bool = False
    tracking: float = 0.0
    stretch: float = 1.0

    def width(self, font: Metrics) -> float:
        """From the pen's first place to its last, in millimetres."""
        return font.width(self.text, tracking=self.tracking) * self.size * self.stretch


@dataclass(frozen=True)
class Box:
    """A filled black rectangle: a rule, a frame's side or the ground of a chip."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Code:
    """A QR code; `x` and `y` are the corner of the dark part, outside of which 4 modules stay white."""

    x: float
    y: float
    module: float
    symbol: Symbol

    @property
    def quiet_box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the symbol with its quiet zone."""
        margin = QUIET_MODULES * self.module
        side = self.symbol.size * self.module
        return self.x - margin, self.y - margin, self.x + side + margin, self.y + side + margin


@dataclass(frozen=True)
class Barcode:
    """GS1-128 bars; `x` is the first bar, with 10 modules of white left and right."""

    x: float
    y: float
    module: float
    height: float
    bars: Bars

    @property
    def quiet_box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the bars with their quiet zones."""
        margin = BARS_QUIET_MODULES * self.module
        return self.x - margin, self.y, self.x + self.bars.size * self.module + margin, self.y + self.height


Mark = Text | Box | Code | Barcode
Drawing = tuple[Mark, ...]


@dataclass(frozen=True)
class Face:
    """One label: `fixed` is the same for a whole lot and drawn once, `own` belongs to this label alone.

    `handle` names it to a person.
    """

    width: float
    height: float
    fixed: Drawing
    own: Drawing
    handle: str = ""

    @property
    def symbols(self) -> tuple[Code | Barcode, ...]:
        """What a scanner must find on this label."""
        return tuple(mark for mark in self.own if isinstance(mark, Code | Barcode))


@dataclass
class Canvas:
    """Collects marks; its methods are the few gestures that all layouts are made of."""

    font: Metrics
    marks: list[Mark] = field(default_factory=list)

    def done(self) -> Drawing:
        """The marks so far, frozen."""
        return tuple(self.marks)

    def width(self, text: str, size: float, *, tracking: float = 0.0) -> float:
        """Width of a line in millimetres."""
        return self.font.width(text, tracking=tracking) * size

    def box(self, x: float, y: float, width: float, height: float) -> None:
        """A black rectangle."""
        self.marks.append(Box(x, y, width, height))

    def line(
        self,
        x: float,
        baseline: float,
        text: str,
        size: float,
        *,
        bold: bool = False,
        white: bool = False,
        tracking: float = 0.0,
        align: float = 0.0,
    ) -> None:
        """One line; `align` 0 puts its left end at `x`, 0.5 its middle, 1 its right end."""
        if text:
            left = x - align * self.width(self.font.require(text), size, tracking=tracking)
            self.marks.append(Text(left, baseline, size, text, bold, white, tracking))

    def fitted_line(
        self,
        x: float,
        baseline: float,
        text: str,
        width: float,
        sizes: Sequence[float],
        *,
        bold: bool = False,
        white: bool = False,
        tracking: float = 0.0,
        align: float = 0.0,
    ) -> float:
        """One line in the largest of `sizes` that fits, else in a smaller one; return the size taken."""
        size = shrink(self.font, self.font.require(text), width=width, sizes=sizes, tracking=tracking)
        self.line(x, baseline, text, size, bold=bold, white=white, tracking=tracking, align=align)
        return size

    def narrow_line(self, x: float, baseline: float, text: str, width: float, size: float) -> None:
        """One bold line that keeps its height: too long a text is set in narrower characters, smaller only after that.

        The step is 1/32, so that a run needs few different shapes.
        """
        if not text:
            return
        em = self.font.width(self.font.require(text))
        size = min(size, width / (em * LEAST_STRETCH))
        stretch = max(min(int(32 * width / (em * size)) / 32, 1.0), LEAST_STRETCH)
        self.marks.append(Text(x, baseline, size, text, bold=True, stretch=stretch))

    def block(
        self,
        x: float,
        top: float,
        text: str,
        width: float,
        sizes: Sequence[float],
        *,
        lines: int,
        bold: bool = False,
        leading: float = 1.22,
        align: float = 0.0,
    ) -> float:
        """Wrapped text from `top` downwards; return its bottom (`top` when there is no text)."""
        if not text:
            return top
        fitted = fit(self.font, self.font.require(text), width=width, sizes=sizes, lines=lines)
        for number, line in enumerate(fitted.lines):
            baseline = top + (_ASCENT_EM + number * leading) * fitted.size
            self.line(x, baseline, line, fitted.size, bold=bold, align=align)
        return top + len(fitted.lines) * leading * fitted.size

    def code(self, left: float, top: float, module: float, symbol: Symbol) -> None:
        """A QR code whose quiet zone begins at `left`, `top`."""
        margin = QUIET_MODULES * module
        self.marks.append(Code(left + margin, top + margin, module, symbol))

    def barcode(self, left: float, top: float, module: float, height: float, bars: Bars) -> None:
        """GS1-128 bars whose first bar is at `left`."""
        self.marks.append(Barcode(left, top, module, height, bars))


def cap_size(height: float) -> float:
    """The type size whose digits are `height` millimetres tall."""
    return height / _CAP_EM


def on_grid(value: float) -> float:
    """The nearest multiple of 0.25 mm."""
    return round(value / GRID_MM) * GRID_MM
