"""60 x 40 mm label for small packs and office sheets: the symbol left, name and facts in a narrow column."""

from coldtrace.labels.content import LabelContent, LabelKind
from coldtrace.labels.drawing import Canvas
from coldtrace.labels.parts import Fact, both, chip, module_for, title, weight
from coldtrace.labels.symbol import Symbol

NAME = "60x40"
WIDTH, HEIGHT = 60.0, 40.0
_LEFT, _TOP, _RIGHT = 0.5, 0.5, 58.5
_SYMBOL_ROOM = 34.5
_FOOT = 39.0
_TITLE_SIZES = (3.6, 3.2, 2.9, 2.6, 2.3)
_CAPTION, _VALUE = 1.75, 2.5


def fixed(canvas: Canvas, content: LabelContent, modules: int) -> None:
    """What all labels of a lot share; `modules` is the symbol's side with its quiet zone."""
    x = _column(modules)
    width = _RIGHT - x
    y = title(canvas, content, x=x, top=2.25, width=width, height=9.5, sizes=_TITLE_SIZES) + 0.75
    rows = [
        Fact("批号", "LOT", content.lot),
        Fact("到期", "EXP", content.expiry_date),
        Fact("生产", "MFD", content.production_date),
        Fact("净重", "NET", weight(content)),
        Fact("原产", "", both(content.origin_zh, content.origin_en)),
    ]
    if content.kind is LabelKind.PALLET and content.count is not None:
        rows.insert(0, Fact("箱数", "CTN", str(content.count)))
    step = min(3.0, (27.75 - y) / max(sum(1 for row in rows if row.value), 1))
    for row in rows:
        if row.value:
            y += step
            canvas.line(x, y, both(row.zh, row.en), _CAPTION)
            canvas.fitted_line(x + 7.5, y, row.value, width - 7.5, [min(_VALUE, step)], bold=row.zh in ("批号", "到期"))
    chip(canvas, content.storage_zh, content.storage_en, x=x, top=28.75, width=width, height=4.75)


def own(canvas: Canvas, content: LabelContent, symbol: Symbol) -> None:
    """What belongs to this label alone."""
    module = module_for(symbol.full_size, _SYMBOL_ROOM, layout=NAME)
    canvas.code(_LEFT, _TOP, module, symbol)
    text, width = content.gs1_text, _RIGHT - 2.5
    if content.short_code:
        canvas.fitted_line(2.5, _FOOT - 2.4, content.short_code, 26.0, [3.4], bold=True, tracking=0.03)
    canvas.fitted_line(2.5, _FOOT, text, width, [1.75])


def _column(modules: int) -> float:
    return _LEFT + modules * module_for(modules, _SYMBOL_ROOM, layout=NAME) + 0.25
