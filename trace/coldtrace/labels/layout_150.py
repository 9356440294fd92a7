"""100 x 150 mm carton label with two symbols in opposite corners: one patch of frost does not cover both."""

from coldtrace.labels.content import LabelContent
from coldtrace.labels.drawing import Canvas
from coldtrace.labels.parts import (
    HAIRLINE,
    RULE,
    aligned_left,
    carton_facts,
    key_in,
    module_for,
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
_TITLE_SIZES = (9.0, 8.0, 7.2, 6.4, 5.6, 5.0, 4.4)


def fixed(canvas: Canvas, content: LabelContent, modules: int) -> None:
    """What all labels of a lot share; `modules` is the symbol's side with its quiet zone."""
    module = module_for(modules, _SYMBOL_ROOM, layout=NAME)
    title(canvas, content, x=_MARGIN, top=3.5, width=_INNER, height=18.5, sizes=_TITLE_SIZES)
    canvas.box(_MARGIN, _RULE_TOP, _INNER, RULE)
    dark = (modules - 2 * QUIET_MODULES) * module
    top = _SYMBOL_TOP + QUIET_MODULES * module
    x = _MARGIN + dark + QUIET_MODULES * module + 1.5
    carton_facts(canvas, content, x=x, top=top, width=WIDTH - _MARGIN - x, bottom=max(top + dark, 69.75))
    canvas.box(_MARGIN, _BAND_TOP, _INNER, HAIRLINE)
    canvas.box(_MARGIN, _SECOND_RULE, _INNER, HAIRLINE)
    width = _second_left(module, modules) - _MARGIN - 1.0
    y = _SECOND_RULE + 3.5
    for caption, name in (("进口商 IMPORTER", content.importer_zh), ("", content.importer_en)):
        if name:
            if caption:
                canvas.line(_MARGIN, y + 2.0, caption, 2.0)
                y += 2.75
            y = canvas.block(_MARGIN, y, name, width, [3.2, 2.8, 2.5], lines=3) + 0.75
    if content.plant_reg:
        canvas.line(_MARGIN, y + 4.0, "境外注册号 PLANT REG.", 2.0)
        canvas.block(_MARGIN, y + 4.75, content.plant_reg, width, [3.2, 2.8, 2.5], lines=2)


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
