"""The column of facts beside a symbol: captions over values, spread evenly, smaller when there is more to say.

Type never falls below what a 203 dpi head prints legibly; what still does not fit ends in an ellipsis.  A fact that
nobody stated takes no room.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from coldtrace.labels.drawing import Canvas
from coldtrace.labels.fit import Fitted, fit

LEAST_MM = 1.75
_CAPTION, _SMALL_CAPTION = 2.1, 1.75
_LARGEST_GAP = 3.0
_CAPTION_DEPTH = 1.12
_LEADING = 1.16
_SCALES = (1.0, 0.92, 0.85, 0.78, 0.72, 0.66, 0.6, 0.55)


@dataclass(frozen=True)
class Fact:
    """A caption in both languages and its value; `share` is the part of the column's width it takes."""

    zh: str
    en: str
    value: str
    size: float = 3.6
    bold: bool = False
    lines: int = 1
    share: float = 1.0

    @property
    def caption(self) -> str:
        """Chinese first."""
        return both(self.zh, self.en)


def both(zh: str, en: str) -> str:
    """Chinese and English on one line, either of which may be missing."""
    return f"{zh} {en}".strip()


@dataclass(frozen=True)
class _Cell:
    fact: Fact
    caption_size: float
    value: Fitted

    @property
    def caption_height(self) -> float:
        return self.caption_size * _CAPTION_DEPTH if self.fact.caption else 0.0

    @property
    def height(self) -> float:
        return self.caption_height + len(self.value.lines) * self.value.size * _LEADING


def column(
    canvas: Canvas,
    rows: Sequence[Sequence[Fact]],
    *,
    x: float,
    top: float,
    width: float,
    bottom: float,
    gap: float = _LARGEST_GAP,
) -> None:
    """Set rows of facts between `top` and `bottom`, as large as they fit; `gap` is the widest space between rows."""
    stated = [kept for row in rows if (kept := [fact for fact in row if fact.value])]
    if not stated:
        return
    room = bottom - top
    heights: list[float] = []
    cells: list[list[_Cell]] = []
    for scale in _SCALES:
        cells = [[_cell(canvas, fact, width * _share(fact, row), scale) for fact in row] for row in stated]
        heights = [max(cell.height for cell in row) for row in cells]
        if sum(heights) + 0.8 * (len(heights) - 1) <= room:
            break
    space = min(gap, max((room - sum(heights)) / max(len(heights) - 1, 1), 0.0))
    y = top
    for row, facts, height in zip(cells, stated, heights, strict=True):
        left = x
        for cell in row:
            _draw(canvas, cell, x=left, top=y)
            left += width * _share(cell.fact, facts)
        y += height + space


def chip(canvas: Canvas, zh: str, en: str, *, x: float, top: float, width: float, height: float) -> None:
    """White on black, Chinese over English: the temperature to keep, or what kind of label this is.

    Words that do not fit at a legible size are cut, the English first.
    """
    if not zh and not en:
        return
    canvas.box(x, top, width, height)
    first, second = (zh, en) if zh else (en, "")
    blocks: list[Fitted] = []
    for scale, first_lines, second_lines in (
        *((scale, 2, 2) for scale in _SCALES),
        (0.5, 2, 1),
        (0.5, 1, 1),
        (0.5, 1, 0),
    ):
        blocks = [_fitted(canvas, first, width, height * (0.42 if second else 0.6) * scale, first_lines)]
        if second and second_lines:
            blocks.append(_fitted(canvas, second, width, height * 0.26 * scale, second_lines))
        if sum(map(_tall, blocks)) <= height - 0.6:
            break
    y = top + (height - sum(map(_tall, blocks))) / 2
    for number, block in enumerate(blocks):
        for line in block.lines:
            middle = x + width / 2
            canvas.line(middle, y + 0.93 * block.size, line, block.size, bold=number == 0, white=True, align=0.5)
            y += block.size * _LEADING


def _share(fact: Fact, row: Sequence[Fact]) -> float:
    return fact.share if len(row) > 1 else 1.0


def _cell(canvas: Canvas, fact: Fact, width: float, scale: float) -> _Cell:
    caption = _CAPTION if scale > 0.75 else _SMALL_CAPTION
    wide = width - (1.0 if fact.share < 1.0 else 0.0)
    sizes = [max(fact.size * scale * step, LEAST_MM) for step in (1.0, 0.9, 0.8, 0.7, 0.6, 0.5)]
    return _Cell(
        fact, caption, fit(canvas.font, canvas.font.require(fact.value), width=wide, sizes=sizes, lines=fact.lines)
    )


def _draw(canvas: Canvas, cell: _Cell, *, x: float, top: float) -> None:
    canvas.line(x, top + 0.88 * cell.caption_size, cell.fact.caption, cell.caption_size)
    y = top + cell.caption_height
    for line in cell.value.lines:
        canvas.line(x, y + 0.9 * cell.value.size, line, cell.value.size, bold=cell.fact.bold)
        y += cell.value.size * _LEADING


def _fitted(canvas: Canvas, text: str, width: float, size: float, lines: int) -> Fitted:
    largest = max(size, LEAST_MM)
    sizes = [largest, max(largest * 0.85, LEAST_MM)]
    return fit(canvas.font, canvas.font.require(text), width=width - 1.5, sizes=sizes, lines=lines)


def _tall(block: Fitted) -> float:
    return len(block.lines) * block.size * _LEADING
