"""The pieces that all layouts share: title, facts, storage chip, key-in band, small print.

One look: the name is the largest thing, then what a worker acts on (expiry, lot, temperature), then the code that
can be keyed in with frost on the symbol, the small print last.  Every caption is Chinese first, English behind.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from coldtrace.labels.content import LabelContent, weight_text
from coldtrace.labels.drawing import GRID_MM, Canvas, cap_size
from coldtrace.labels.fit import fit
from coldtrace.labels.refusals import SymbolTooLarge
from coldtrace.labels.symbol import QUIET_MODULES

LEAST_MODULE_MM = 0.5
HAIRLINE = 0.25
RULE = 0.5
CHIP = 9.5
_LEADING = 1.2


@dataclass(frozen=True)
class Fact:
    """A caption in both languages and its value."""

    zh: str
    en: str
    value: str


def module_for(modules: int, room: float, *, layout: str) -> float:
    """Return the largest module that lets `modules` fit into `room` mm: whole dots at 203 and at 300 dpi.

    `modules` counts the quiet zone.  Below 0.5 mm a handheld must come too close: `SymbolTooLarge`.
    """
    module = int(room / modules / GRID_MM) * GRID_MM
    if module < LEAST_MODULE_MM:
        raise SymbolTooLarge(modules=modules, layout=layout)
    return module


def aligned_left(margin: float, module: float) -> float:
    """Where the quiet zone begins when the dark part of a symbol shall line up with the text margin."""
    return margin - QUIET_MODULES * module


def both(zh: str, en: str) -> str:
    """Chinese and English on one line, either of which may be missing."""
    return f"{zh} {en}".strip()


def title(
    canvas: Canvas,
    content: LabelContent,
    *,
    x: float,
    top: float,
    width: float,
    height: float,
    sizes: Sequence[float],
) -> float:
    """The product's name, Chinese large and English below, as large as `height` allows; return its bottom."""
    zh, en = content.product_zh, content.product_en
    if not zh:
        zh, en = en, ""
    taken = sizes[-1]
    for size in sizes:
        taken = size
        zh_lines = len(fit(canvas.font, zh, width=width, sizes=[size], lines=9).lines)
        en_size = _english_size(size, sizes)
        en_lines = len(fit(canvas.font, en, width=width, sizes=[en_size], lines=9).lines) if en else 0
        if zh_lines <= 2 and en_lines <= 2 and _LEADING * (zh_lines * size + en_lines * en_size) <= height:
            break
    en_size = _english_size(taken, sizes)
    room = max(int((height - (_LEADING * en_size if en else 0)) / (_LEADING * taken)), 1)
    bottom = canvas.block(x, top, zh, width, [taken], lines=room, bold=True, leading=_LEADING)
    left = max(int((top + height - bottom) / (_LEADING * en_size)), 1)
    return canvas.block(x, bottom, en, width, [en_size], lines=left, leading=_LEADING)


def fact(canvas: Canvas, item: Fact, *, x: float, top: float, width: float, size: float, bold: bool = False) -> float:
    """A small caption above its value; return the bottom.  A fact that nobody stated takes no room."""
    if not item.value:
        return top
    caption = max(size * 0.5, 1.75)
    canvas.line(x, top + caption, both(item.zh, item.en), caption)
    canvas.fitted_line(x, top + caption + size * 1.02, item.value, width, [size], bold=bold)
    return top + caption + size * 1.02


def chip(canvas: Canvas, zh: str, en: str, *, x: float, top: float, width: float, height: float) -> None:
    """White on black: the temperature to keep, or what kind of label this is."""
    if not zh and not en:
        return
    canvas.box(x, top, width, height)
    inner, middle = width - 2, x + width / 2
    if zh and en:
        size = canvas.fitted_line(
            middle, top + height * 0.52, zh, inner, [height * 0.42], bold=True, white=True, align=0.5
        )
        canvas.fitted_line(middle, top + height * 0.86, en, inner, [min(height * 0.26, size)], white=True, align=0.5)
    else:
        canvas.fitted_line(
            middle, top + height * 0.66, zh or en, inner, [height * 0.46], bold=True, white=True, align=0.5
        )


def weight(content: LabelContent) -> str:
    """The net weight in words, or nothing."""
    return "" if content.net_g is None else weight_text(content.net_g)


def importer(canvas: Canvas, content: LabelContent, *, x: float, top: float, width: float, size: float) -> float:
    """Who brought it in and where it was made, a line for each language; return the bottom."""
    lines = [
        ("进口商 " + content.importer_zh) if content.importer_zh else "",
        ("Importer " + content.importer_en) if content.importer_en else "",
        ("境外注册号 Plant reg. " + content.plant_reg) if content.plant_reg else "",
    ]
    y = top
    for line in lines:
        if line:
            canvas.fitted_line(x, y + size, line, width, [size])
            y += size * 1.3
    return y


def key_in(canvas: Canvas, content: LabelContent, *, x: float, top: float, width: float, digits: float) -> float:
    """The short code across the full width, digits at least `digits` mm high, and the GS1 text; return the bottom.

    It is what staff key in with frost on the symbol, so it is set wide and bold.
    """
    y = top + 2.25
    if content.short_code:
        caption = 2.25
        canvas.line(x, y + caption, "手输码 Key in", caption)
        size = cap_size(digits)
        em = canvas.font.width(content.short_code)
        spare = (width / size - em) / max(len(content.short_code) - 1, 1)
        y += caption + 1.25 + digits
        canvas.fitted_line(x, y, content.short_code, width, [size], bold=True, tracking=max(0.0, min(spare, 0.2)))
        return canvas.block(x, y + 1.75, content.gs1_text, width, [2.75, 2.5, 2.25, 2.0], lines=2)
    return canvas.block(x, y, content.gs1_text, width, [6.0, 5.0, 4.4, 3.8, 3.2], lines=2, bold=True)


def carton_facts(canvas: Canvas, content: LabelContent, *, x: float, top: float, width: float, bottom: float) -> None:
    """The column beside a symbol: lot and expiry large, then the rest, the temperature as a chip at its foot."""
    half = width * 0.54
    gap = 2.1
    y = fact(canvas, Fact("批号", "LOT", content.lot), x=x, top=top, width=width, size=4.8, bold=True)
    expiry = Fact("保质期至", "BEST BEFORE", content.expiry_date)
    y = fact(canvas, expiry, x=x, top=y + (gap if content.lot else 0), width=width, size=4.8, bold=True)
    y += gap if content.lot or content.expiry_date else 0
    made = Fact("生产日期", "PRODUCED", content.production_date)
    net = Fact("净含量", "NET", weight(content))
    left = fact(canvas, made, x=x, top=y, width=half - 1, size=3.6)
    right = fact(canvas, net, x=x + (half if made.value else 0), top=y, width=width - half, size=3.6)
    y = max(left, right) + (gap if made.value or net.value else 0)
    origin = Fact("原产国", "ORIGIN", both(content.origin_zh, content.origin_en))
    fact(canvas, origin, x=x, top=y, width=width, size=3.6)
    chip(canvas, content.storage_zh, content.storage_en, x=x, top=bottom - CHIP, width=width, height=CHIP)


def _english_size(size: float, sizes: Sequence[float]) -> float:
    return max(size * 0.5, sizes[-1] * 0.7)
