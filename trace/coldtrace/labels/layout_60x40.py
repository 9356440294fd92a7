"""60 x 40 mm label: symbol left, name and facts in a narrow column, the key-in code across the foot, 5 mm high.

The short code is what a person reads at two metres with frost on the symbol, so it gets the full width and its
characters are set narrower rather than lower.  Everything else shares the column of some 25 mm; captions are short
and the smallest words are 1.6 mm.  A symbol above version 10 leaves no room for the code's height: such a label is
refused (a larger one serves it), never printed with small digits.
"""

from coldtrace.labels.column import Fact, both, chip
from coldtrace.labels.content import LabelContent, LabelKind
from coldtrace.labels.drawing import Canvas, cap_size
from coldtrace.labels.fit import fit
from coldtrace.labels.parts import gs1_elements, key_in_text, module_for, title, weight
from coldtrace.labels.symbol import Symbol

NAME = "60x40"
WIDTH, HEIGHT = 60.0, 40.0
DIGITS_MM = 5.0
_LEFT, _TOP, _RIGHT, _TEXT_LEFT = 0.5, 0.5, 59.0, 1.5
_SYMBOL_ROOM = 32.5
_CODE_BASELINE = 38.75
_GS1_BOTTOM, _GS1, _GS1_LINES = 33.0, 1.8, 3
_LEADING = 1.12
_IMPORTER = 1.75
_CHIP = 3.75
_CAPTION, _VALUE, _LEAST = 1.75, 2.5, 1.6
_CAPTION_WIDTH, _SHORT_CAPTION_WIDTH = 8.25, 4.25
_TITLE_SIZES = (3.6, 3.2, 2.9, 2.6, 2.3, 2.1)


def fixed(canvas: Canvas, content: LabelContent, modules: int) -> None:
    """What all labels of a lot share; `modules` is the symbol's side with its quiet zone."""
    x = _column(modules)
    width = _RIGHT - x
    bottom = _GS1_BOTTOM - _GS1_LINES * _GS1 * _LEADING - 0.25
    importer = content.importer_zh or content.importer_en
    if importer:
        bottom -= _importer(canvas, f"进口 {importer}", x=x, width=width, bottom=bottom)
    if content.storage_zh or content.storage_en:
        chip(canvas, content.storage_zh or content.storage_en, "", x=x, top=bottom - _CHIP, width=width, height=_CHIP)
        bottom -= _CHIP + 0.5
    stated = [row for row in _facts(content) if row.value]
    least = len(stated) * _VALUE * 0.78
    y = title(canvas, content, x=x, top=1.25, width=width, height=bottom - least - 1.25, sizes=_TITLE_SIZES)
    step = min(3.0, (bottom - y - 0.25) / max(len(stated), 1))
    for row in stated:
        y += step
        _row(canvas, row, x=x, baseline=y, width=width, size=min(_VALUE, step * 0.95))


def own(canvas: Canvas, content: LabelContent, symbol: Symbol) -> None:
    """What belongs to this label alone."""
    module = module_for(symbol.full_size, _SYMBOL_ROOM, layout=NAME)
    canvas.code(_LEFT, _TOP, module, symbol)
    x = _column(symbol.full_size)
    lines = gs1_elements(content.gs1_text)
    lines += [content.roll_text] if content.roll_text else []
    size = min(_GS1, _GS1 * _GS1_LINES / max(len(lines), 1))
    y = _GS1_BOTTOM - 0.25 - (len(lines) - 1) * size * _LEADING
    for line in lines:
        canvas.fitted_line(x, y, line, _RIGHT - x, [size], bold=line == content.roll_text)
        y += size * _LEADING
    canvas.narrow_line(_TEXT_LEFT, _CODE_BASELINE, key_in_text(content), _RIGHT - _TEXT_LEFT, cap_size(DIGITS_MM))


def _facts(content: LabelContent) -> list[Fact]:
    origin = both(content.origin_zh, content.origin_en)
    if content.roll_number is not None:
        station = content.station_zh or content.station_en
        return [
            Fact("站点", "STN", station),
            Fact("净重", "NET", weight(content)),
            Fact("原产", "COO", origin),
            Fact("批号", "LOT", content.lot or "_" * 12),
        ]
    if content.kind is LabelKind.PALLET and content.count is not None:
        cartons = Fact(
            "箱数", "CTN", f"{content.count}  ·  {weight(content)}" if weight(content) else str(content.count)
        )
        net = Fact("", "", "")
    else:
        cartons, net = Fact("", "", ""), Fact("净重", "NET", weight(content))
    return [
        Fact("批号", "LOT", content.lot, bold=True),
        Fact("到期", "EXP", content.expiry_date, bold=True),
        cartons,
        Fact("生产", "MFD", content.production_date),
        net,
        Fact("原产", "COO", origin),
    ]


def _importer(canvas: Canvas, importer: str, *, x: float, width: float, bottom: float) -> float:
    """Who brought it in, one line or two, its foot at `bottom`; return the height taken."""
    lines = 1 if canvas.width(canvas.font.require(importer), _LEAST) <= width else 2
    fitted = fit(canvas.font, importer, width=width, sizes=[_IMPORTER, _LEAST], lines=lines)
    tall = fitted.size * _LEADING
    for number, line in enumerate(fitted.lines):
        canvas.line(x, bottom - 0.25 - (len(fitted.lines) - 1 - number) * tall, line, fitted.size)
    return len(fitted.lines) * tall + 0.25


def _row(canvas: Canvas, row: Fact, *, x: float, baseline: float, width: float, size: float) -> None:
    """Caption and value on one line; a long value takes the English caption's room."""
    canvas.font.require(row.value)
    caption, left = row.caption, _CAPTION_WIDTH
    if canvas.width(row.value, size) > width - left:
        caption, left = row.zh, _SHORT_CAPTION_WIDTH
    canvas.line(x, baseline, caption, _CAPTION)
    sizes = [size, size * 0.92, size * 0.85, size * 0.78, size * 0.7, _LEAST]
    value = fit(canvas.font, row.value, width=width - left, sizes=sizes, lines=1)
    canvas.line(x + left, baseline, value.lines[0], value.size, bold=row.bold)


def _column(modules: int) -> float:
    return _LEFT + modules * module_for(modules, _SYMBOL_ROOM, layout=NAME) + 0.25
