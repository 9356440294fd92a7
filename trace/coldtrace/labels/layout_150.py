"""100 x 150 mm carton label with two symbols in opposite corners: one patch of frost does not cover both."""

from coldtrace.labels.column import Fact, column
from coldtrace.labels.content import LabelContent
from coldtrace.labels.drawing import Canvas
from coldtrace.labels.parts import (
    HAIRLINE,
    RULE,
    aligned_left,
    carton_facts,
    dark_side,
    key_in,
    module_for,
    storage_chip,
    title,
)
from coldtrace.labels.symbol import QUIET_MODULES, Symbol

NAME = "100x150"
WIDTH, HEIGHT = 100.0, 150.0
DIGITS_MM = 6.0
_MARGIN = 4.0
_INNER = WIDTH - 2 * _MARGIN
_RULE_TOP = 23.0
_SYMBOL_TOP = 24.0
_SYMBOL_ROOM = 52.0
_BAND_TOP = 75.5
_SECOND_RULE = 95.0
_TITLE_SIZES = (9.0, 8.0, 7.2, 6.4, 5.6, 5.0, 4.4, 3.8)


def fixed(canvas: Canvas, content: LabelContent, modules: int) -> None:
    """What all labels of a lot share; `modules` is the symbol's side with its quiet zone."""
    module = module_for(modules, _SYMBOL_ROOM, layout=NAME)
    title(canvas, content, x=_MARGIN, top=3.5, width=_INNER, height=18.75, sizes=_TITLE_SIZES)
    canvas.box(_MARGIN, _RULE_TOP, _INNER, RULE)
    dark = dark_side(modules, module)
    top = _SYMBOL_TOP + QUIET_MODULES * module
    x = _MARGIN + dark + QUIET_MODULES * module + 1.5
    carton_facts(
        canvas,
        content,
        x=x,
        top=top,
        width=WIDTH - _MARGIN - x,
        bottom=max(top + dark, 69.75),
        chip_here=False,
        size=5.6,
    )
    canvas.box(_MARGIN, _SECOND_RULE, _INNER, HAIRLINE)
    width = _second_left(module, modules) - _MARGIN - 1.0
    bottom = HEIGHT - _MARGIN
    bottom -= storage_chip(canvas, content, x=_MARGIN, width=width, bottom=bottom) + 2.0
    column(
        canvas,
        [
            [Fact("进口商", "IMPORTER", content.importer_zh or content.importer_en, size=3.6, lines=3)],
            [Fact("", "", content.importer_en if content.importer_zh else "", size=2.8, lines=4)],
            [Fact("境外注册号", "PLANT REG.", content.plant_reg, size=3.2)],
        ],
        x=_MARGIN,
        top=_SECOND_RULE + 3.0,
        width=width,
        bottom=bottom,
        gap=2.0,
    )


def own(canvas: Canvas, content: LabelContent, symbol: Symbol) -> None:
    """What belongs to this label alone."""
    modules = symbol.full_size
    module = module_for(modules, _SYMBOL_ROOM, layout=NAME)
    canvas.code(aligned_left(_MARGIN, module), _SYMBOL_TOP, module, symbol)
    top = HEIGHT - _MARGIN + QUIET_MODULES * module - modules * module
    canvas.code(_second_left(module, modules), top, module, symbol)
    key_in(canvas, content, x=_MARGIN, top=_BAND_TOP, width=_INNER, digits=DIGITS_MM)


def _second_left(module: float, modules: int) -> float:
    """The second symbol's dark part lines up with the right and lower text margins."""
    return WIDTH - _MARGIN + QUIET_MODULES * module - modules * module
