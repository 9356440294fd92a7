"""The pieces that all layouts share: title, facts, key-in band, small print, module size.

One look: the name is the largest thing, then what a worker acts on (expiry, lot, temperature), then the code that
can be keyed in with frost on the symbol, the small print last.  Every caption is Chinese first, English behind.
"""

from collections.abc import Sequence

from coldtrace.labels.column import Fact, both, chip, column
from coldtrace.labels.content import LabelContent, weight_text
from coldtrace.labels.drawing import GRID_MM, Canvas, cap_size
from coldtrace.labels.fit import fit
from coldtrace.labels.refusals import SymbolTooLarge
from coldtrace.labels.symbol import QUIET_MODULES

LEAST_MODULE_MM = 0.5
HAIRLINE, RULE = 0.25, 0.5
_CHIP = 9.5
_TALL_CHIP = 13.0
_LEADING = 1.2
_LONG_STORAGE_EM = 14.0
_CAPTION, _ROLL = 2.1, 3.2


def module_for(modules: int, room: float, *, layout: str) -> float:
    """Return the largest module that lets `modules` fit into `room` mm: whole dots at 203 and at 300 dpi.

    `modules` counts the quiet zone.  Below 0.5 mm a handheld must come too close: `SymbolTooLarge`.
    """
    module = int(room / modules / GRID_MM) * GRID_MM
    if module < LEAST_MODULE_MM:
        raise SymbolTooLarge(modules=modules, layout=layout)
    return module


def dark_side(modules: int, module: float) -> float:
    """The side of a symbol without its quiet zone, in millimetres."""
    return (modules - 2 * QUIET_MODULES) * module


def aligned_left(margin: float, module: float) -> float:
    """Where the quiet zone begins when the dark part of a symbol shall line up with the text margin."""
    return margin - QUIET_MODULES * module


def title(
    canvas: Canvas,
    content: LabelContent,
    *,
    x: float,
    top: float,
    width: float,
    height: float,
    sizes: Sequence[float],
    lines: int = 2,
) -> float:
    """The product's name, Chinese large and English below, as large as `height` allows; return its bottom."""
    zh, en = content.product_zh, content.product_en
    if not zh:
        zh, en = en, ""
    size = small = sizes[-1]
    for size in sizes:
        small = max(size * 0.5, min(sizes[-1] * 0.76, 2.0))
        zh_lines = len(fit(canvas.font, zh, width=width, sizes=[size], lines=99).lines)
        en_lines = len(fit(canvas.font, en, width=width, sizes=[small], lines=99).lines) if en else 0
        if zh_lines <= lines and en_lines <= 2 and _LEADING * (zh_lines * size + en_lines * small) <= height:
            break
    room = max(int((height - (_LEADING * small if en else 0)) / (_LEADING * size)), 1)
    bottom = canvas.block(x, top, zh, width, [size], lines=room, bold=True, leading=_LEADING)
    left = max(int((top + height - bottom) / (_LEADING * small)), 1)
    return canvas.block(x, bottom, en, width, [small], lines=left, leading=_LEADING)


def carton_facts(
    canvas: Canvas,
    content: LabelContent,
    *,
    x: float,
    top: float,
    width: float,
    bottom: float,
    chip_here: bool = True,
    size: float = 4.8,
) -> None:
    """Lot and expiry large, then dates, weight and origin, the temperature as a chip at the foot of the column."""
    if chip_here:
        bottom -= storage_chip(canvas, content, x=x, width=width, bottom=bottom) + 1.0
    plain = size * 0.75
    if content.roll_number is not None:
        column(canvas, _roll_facts(content, size), x=x, top=top, width=width, bottom=bottom)
        return
    made = Fact("生产日期", "PRODUCED", content.production_date, size=plain, share=0.57)
    net = Fact("净含量", "NET", weight(content), size=plain, share=0.43)
    column(
        canvas,
        [
            [Fact("批号", "LOT", content.lot, size=size, bold=True)],
            [Fact("保质期至", "BEST BEFORE", content.expiry_date, size=size, bold=True)],
            [made, net],
            [Fact("原产国", "ORIGIN", both(content.origin_zh, content.origin_en), size=plain, lines=2)],
        ],
        x=x,
        top=top,
        width=width,
        bottom=bottom,
    )


def _roll_facts(content: LabelContent, size: float) -> list[list[Fact]]:
    """A label printed before its goods are known: whose roll, and a line to write the lot on."""
    plain = size * 0.75
    blank = "_" * 14
    return [
        [Fact("站点", "STATION", content.station_zh or content.station_en, size=size, lines=2)],
        [Fact("", "", content.station_en if content.station_zh else "", size=plain * 0.8, lines=2)],
        [Fact("批号（首次扫描时绑定）", "LOT, bound at first scan", content.lot or blank, size=size)],
        [Fact("净含量", "NET", weight(content), size=plain)],
        [Fact("原产国", "ORIGIN", both(content.origin_zh, content.origin_en), size=plain, lines=2)],
    ]


def storage_chip(canvas: Canvas, content: LabelContent, *, x: float, width: float, bottom: float) -> float:
    """How to store it, white on black, its foot at `bottom`; return its height.  Long words get a taller chip."""
    zh, en = content.storage_zh, content.storage_en
    if not zh and not en:
        return 0.0
    height = _TALL_CHIP if canvas.font.width(zh) > _LONG_STORAGE_EM else _CHIP
    chip(canvas, zh, en, x=x, top=bottom - height, width=width, height=height)
    return height


def key_in(canvas: Canvas, content: LabelContent, *, x: float, top: float, width: float, digits: float) -> None:
    """The short code across the full width, digits `digits` mm high, and the GS1 text, under a rule.

    It is what staff key in with frost on the symbol, so it is set wide and bold.
    """
    if content.short_code or content.gs1_text:
        canvas.box(x, top, width, HAIRLINE)
    y = top + 1.75
    canvas.line(x + width, y + _CAPTION, content.roll_text, _ROLL, bold=True, align=1.0)
    text = key_in_text(content)
    if not text:
        return
    canvas.line(x, y + _CAPTION, "手输码 Key in", _CAPTION)
    size = cap_size(digits)
    spare = (width / size - canvas.font.width(text)) / max(len(text) - 1, 1)
    y += _CAPTION + 1.1 + digits
    if spare > 0:
        canvas.fitted_line(x, y, text, width, [size], bold=True, tracking=min(spare, 0.2))
    else:
        canvas.narrow_line(x, y, text, width, size)
    canvas.block(x, y + 1.6, content.gs1_text, width, [2.75, 2.5, 2.25, 2.0, 1.75], lines=1)


def small_print(canvas: Canvas, lines: Sequence[str], *, x: float, top: float, width: float, height: float) -> None:
    """Paragraphs of small print, wrapped; all in one size, the largest that fits `height`."""
    stated = [line for line in lines if line]
    for size in (2.25, 2.0, 1.75):
        tall = sum(len(fit(canvas.font, line, width=width, sizes=[size], lines=99).lines) for line in stated)
        if tall * size * _LEADING <= height:
            break
    rows = int(height / (size * _LEADING))
    y = top
    for number, line in enumerate(stated):
        rest = len(stated) - number - 1
        used = canvas.block(x, y, line, width, [size], lines=max(rows - rest, 1), leading=_LEADING)
        rows -= round((used - y) / (size * _LEADING))
        y = used


def key_in_text(content: LabelContent) -> str:
    """What a person keys in with frost on the symbol: the short code, else the SSCC or the serial in fours."""
    if content.short_code:
        return content.short_code
    elements = gs1_elements(content.gs1_text)
    value = elements[-1].partition(")")[2] if elements else ""
    return grouped(value) if value.isalnum() else value


def gs1_elements(text: str) -> list[str]:
    """The bracket form, one element each.

    >>> gs1_elements("(01)09506000134352(10)L2409A17(21)7QK4M2ZX9RTB")
    ['(01)09506000134352', '(10)L2409A17', '(21)7QK4M2ZX9RTB']
    """
    return ["(" + part for part in text.split("(") if part]


def importer_lines(content: LabelContent) -> tuple[str, str, str]:
    """Who brought it in, in both languages, and the number of the plant abroad."""
    return (
        "进口商 " + content.importer_zh if content.importer_zh else "",
        "Importer " + content.importer_en if content.importer_en else "",
        "境外注册号 Plant reg. " + content.plant_reg if content.plant_reg else "",
    )


def weight(content: LabelContent) -> str:
    """The net weight in words, or nothing."""
    return "" if content.net_g is None else weight_text(content.net_g)


def sscc_words(sscc: str) -> str:
    """The digits in groups that a voice can say.

    >>> sscc_words("395060000000000010")
    '(00) 3950 6000 0000 0000 10'
    """
    return "(00) " + grouped(sscc)


def grouped(digits: str) -> str:
    """Fours, as a voice says them and an eye keeps its place in them."""
    return " ".join(digits[start : start + 4] for start in range(0, len(digits), 4))
