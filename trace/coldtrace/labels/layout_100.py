"""100 x 100 mm carton label: name, symbol with facts beside it, a key-in band with digits over 5 mm, small print."""

from coldtrace.labels.content import LabelContent
from coldtrace.labels.drawing import Canvas
from coldtrace.labels.parts import (
    RULE,
    aligned_left,
    carton_facts,
    dark_side,
    importer_lines,
    key_in,
    module_for,
    small_print,
    title,
)
from coldtrace.labels.symbol import QUIET_MODULES, Symbol

NAME = "100x100"
WIDTH, HEIGHT = 100.0, 100.0
DIGITS_MM = 5.5
_MARGIN = 4.0
_INNER = WIDTH - 2 * _MARGIN
_RULE_TOP = 19.5
_SYMBOL_TOP = 20.5
_SYMBOL_ROOM = 52.0
_BAND_TOP = 72.0
_TITLE_SIZES = (8.0, 7.2, 6.4, 5.6, 5.0, 4.4, 3.8, 3.4)


def fixed(canvas: Canvas, content: LabelContent, modules: int) -> None:
    """What all labels of a lot share; `modules` is the symbol's side with its quiet zone."""
    module = module_for(modules, _SYMBOL_ROOM, layout=NAME)
    title(canvas, content, x=_MARGIN, top=3.25, width=_INNER, height=15.75, sizes=_TITLE_SIZES)
    canvas.box(_MARGIN, _RULE_TOP, _INNER, RULE)
    dark = dark_side(modules, module)
    top = _SYMBOL_TOP + QUIET_MODULES * module
    x = _MARGIN + dark + QUIET_MODULES * module + 1.5
    carton_facts(canvas, content, x=x, top=top, width=WIDTH - _MARGIN - x, bottom=max(top + dark, 66.25))
    small_print(canvas, importer_lines(content), x=_MARGIN, top=89.25, width=_INNER, height=8.5)


def own(canvas: Canvas, content: LabelContent, symbol: Symbol) -> None:
    """What belongs to this label alone."""
    module = module_for(symbol.full_size, _SYMBOL_ROOM, layout=NAME)
    canvas.code(aligned_left(_MARGIN, module), _SYMBOL_TOP, module, symbol)
    key_in(canvas, content, x=_MARGIN, top=_BAND_TOP, width=_INNER, digits=DIGITS_MM)
