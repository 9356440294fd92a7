"""60 x 40 mm label for small packs and office sheets: the symbol left, name and facts in a narrow column."""

from coldtrace.labels.column import Fact, both, chip
from coldtrace.labels.content import LabelContent, LabelKind
from coldtrace.labels.drawing import Canvas, cap_size
from coldtrace.labels.fit import fit
from coldtrace.labels.parts import module_for, sscc_words, title, weight
from coldtrace.labels.symbol import Symbol

NAME = "60x40"
WIDTH, HEIGHT = 60.0, 40.0
_LEFT, _TOP, _RIGHT, _TEXT_LEFT = 0.5, 0.5, 58.5, 2.5
_SYMBOL_ROOM = 34.5
_GS1_BASELINE = 39.0
_CODE_BASELINE = 36.25
_LEAST_DIGITS = 2.25
_CHIP_TOP, _CHIP = 26.25, 7.0
_CAPTION, _VALUE, _LEAST = 1.75, 2.5, 1.5
_CAPTION_WIDTH, _SHORT_CAPTION_WIDTH = 8.25, 4.25
_TITLE_SIZES = (3.6, 3.2, 2.9, 2.6, 2.3)


def fixed(canvas: Canvas, content: LabelContent, modules: int) -> None:
    """What all labels of a lot share; `modules` is the symbol's side with its quiet zone."""
    x = _column(modules)
    width = _RIGHT - x
    y = title(canvas, content, x=x, top=2.0, width=width, height=11.25, sizes=_TITLE_SIZES, lines=3) + 0.5
    rows = [
        Fact("批号", "LOT", content.lot, bold=True),
        Fact("到期", "EXP", content.expiry_date, bold=True),
        Fact("生产", "MFD", content.production_date),
        Fact("净重", "NET", weight(content)),
        Fact("原产", "COO", both(content.origin_zh, content.origin_en)),
    ]
    if content.kind is LabelKind.PALLET and content.count is not None:
        rows[2] = Fact("箱数", "CTN", str(content.count))
    stated = [row for row in rows if row.value]
    step = min(3.1, (_CHIP_TOP - 0.75 - y) / max(len(stated), 1))
    for row in stated:
        y += step
        _row(canvas, row, x=x, baseline=y, width=width, size=min(_VALUE, step))
    chip(canvas, content.storage_zh, content.storage_en, x=x, top=_CHIP_TOP, width=width, height=_CHIP)


def own(canvas: Canvas, content: LabelContent, symbol: Symbol) -> None:
    """What belongs to this label alone."""
    module = module_for(symbol.full_size, _SYMBOL_ROOM, layout=NAME)
    canvas.code(_LEFT, _TOP, module, symbol)
    width = _RIGHT - _TEXT_LEFT
    bottom = _TOP + symbol.full_size * module
    room = _CODE_BASELINE - 0.25 - bottom
    if content.short_code:
        # A tall symbol leaves no room below it: the short code then goes under the column of facts.
        left = _TEXT_LEFT if room >= _LEAST_DIGITS else _column(symbol.full_size)
        size = cap_size(min(2.6, room if room >= _LEAST_DIGITS else 2.6))
        code, span = content.short_code, _RIGHT - left
        canvas.fitted_line(left, _CODE_BASELINE, code, span, [size], bold=True, tracking=0.06)
        canvas.fitted_line(_TEXT_LEFT, _GS1_BASELINE, content.gs1_text, width, [2.0, 1.75])
    else:
        words = sscc_words(content.sscc) if content.sscc else content.gs1_text
        size = cap_size(min(3.0, room + 1.0))
        canvas.fitted_line(_TEXT_LEFT, _CODE_BASELINE + 1.0, words, width, [size], bold=True)


def _row(canvas: Canvas, row: Fact, *, x: float, baseline: float, width: float, size: float) -> None:
    """Caption and value on one line; a long value takes the English caption's room."""
    canvas.font.require(row.value)
    caption, left = row.caption, _CAPTION_WIDTH
    if canvas.width(row.value, _LEAST * 1.2) > width - left:
        caption, left = row.zh, _SHORT_CAPTION_WIDTH
    canvas.line(x, baseline, caption, _CAPTION)
    sizes = [size, size * 0.92, size * 0.85, size * 0.78, size * 0.7, _LEAST]
    value = fit(canvas.font, row.value, width=width - left, sizes=sizes, lines=1)
    canvas.line(x + left, baseline, value.lines[0], value.size, bold=row.bold)


def _column(modules: int) -> float:
    return _LEFT + modules * module_for(modules, _SYMBOL_ROOM, layout=NAME) + 0.25
