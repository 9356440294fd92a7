"""Pallet labels, 100 x 100 and 100 x 150 mm: QR code and, for older scanners, the SSCC as GS1-128 bars.

Modules of the bars are 0.5 mm wide, so 20 digits with their quiet zones take 88 mm of the 100.  The 100 x 150
label carries the QR code twice.  The SSCC's digits are over 5 mm high: they are the pallet's key-in text.
"""

from dataclasses import dataclass

from coldtrace.labels.content import LabelContent
from coldtrace.labels.drawing import Canvas, cap_size
from coldtrace.labels.parts import (
    HAIRLINE,
    RULE,
    Fact,
    aligned_left,
    both,
    chip,
    fact,
    importer,
    module_for,
    title,
    weight,
)
from coldtrace.labels.symbol import QUIET_MODULES, Symbol, sscc_bars

DIGITS_MM = 5.0
_MARGIN = 4.0
_BAR_MODULE = 0.5
_TITLE_SIZES = (7.2, 6.4, 5.6, 5.0, 4.4, 3.8)


@dataclass(frozen=True)
class PalletLayout:
    """The same drawing for both heights; all measures in millimetres from the top."""

    name: str
    height: float
    title_height: float
    symbol_room: float
    bars_top: float
    bars_height: float
    twice: bool
    width: float = 100.0

    @property
    def _rule_top(self) -> float:
        return 3.5 + self.title_height

    @property
    def _symbol_top(self) -> float:
        return self._rule_top + 1.0

    def fixed(self, canvas: Canvas, content: LabelContent, modules: int) -> None:
        """What all pallets of a lot share."""
        inner = self.width - 2 * _MARGIN
        module = module_for(modules, self.symbol_room, layout=self.name)
        tag = 21.0
        title(
            canvas,
            content,
            x=_MARGIN,
            top=3.0,
            width=inner - tag - 2,
            height=self.title_height - 0.5,
            sizes=_TITLE_SIZES,
        )
        chip(
            canvas,
            "托盘",
            "PALLET",
            x=self.width - _MARGIN - tag,
            top=3.75,
            width=tag,
            height=self.title_height - 2,
        )
        canvas.box(_MARGIN, self._rule_top, inner, RULE)
        dark = (modules - 2 * QUIET_MODULES) * module
        top = self._symbol_top + QUIET_MODULES * module
        x = _MARGIN + dark + QUIET_MODULES * module + 1.5
        self._facts(canvas, content, x=x, top=top, bottom=top + dark)
        if self.twice:
            second = self._second_top(module, modules)
            width = inner - dark - QUIET_MODULES * module - 1.5
            y = importer(canvas, content, x=_MARGIN, top=second + 4.0, width=width, size=2.5)
            if content.note_zh or content.note_en:
                y = canvas.block(_MARGIN, y + 3, content.note_zh, width, [3.6, 3.2, 2.8], lines=3)
                canvas.block(_MARGIN, y, content.note_en, width, [2.8, 2.4], lines=3)
        canvas.box(_MARGIN, self.bars_top - 2.0, inner, HAIRLINE)

    def own(self, canvas: Canvas, content: LabelContent, symbol: Symbol) -> None:
        """What belongs to this pallet alone."""
        modules = symbol.full_size
        module = module_for(modules, self.symbol_room, layout=self.name)
        canvas.code(aligned_left(_MARGIN, module), self._symbol_top, module, symbol)
        if self.twice:
            left = self.width - _MARGIN + QUIET_MODULES * module - modules * module
            canvas.code(left, self._second_top(module, modules), module, symbol)
        sscc = content.sscc
        if sscc:
            bars = sscc_bars(sscc)
            left = (self.width - bars.size * _BAR_MODULE) / 2
            canvas.barcode(left, self.bars_top, _BAR_MODULE, self.bars_height, bars)
        words = sscc_words(sscc) if sscc else content.short_code or content.gs1_text
        baseline = self.height - 3.5
        canvas.fitted_line(
            self.width / 2,
            baseline,
            words,
            self.width - 2 * _MARGIN,
            [cap_size(DIGITS_MM)],
            bold=True,
            align=0.5,
        )

    def _facts(self, canvas: Canvas, content: LabelContent, *, x: float, top: float, bottom: float) -> None:
        width = self.width - _MARGIN - x
        count = "" if content.count is None else str(content.count)
        half = width * 0.42
        a = fact(canvas, Fact("箱数", "CARTONS", count), x=x, top=top, width=half - 1, size=6.4, bold=True)
        shift = half if count else 0.0
        b = fact(
            canvas,
            Fact("净重", "NET", weight(content)),
            x=x + shift,
            top=top,
            width=width - shift,
            size=6.4,
            bold=True,
        )
        y = max(a, b) + (1.5 if max(a, b) > top else 0.0)
        y = fact(canvas, Fact("批号", "LOT", content.lot), x=x, top=y, width=width, size=4.2, bold=True)
        expiry = Fact("保质期至", "BEST BEFORE", content.expiry_date)
        y = fact(canvas, expiry, x=x, top=y + 1.25, width=width, size=3.6)
        origin = Fact("原产国", "ORIGIN", both(content.origin_zh, content.origin_en))
        if y + 6.5 < bottom - 8.0:
            fact(canvas, origin, x=x, top=y + 1.25, width=width, size=3.2)
        chip(canvas, content.storage_zh, content.storage_en, x=x, top=bottom - 7.5, width=width, height=7.5)

    def _second_top(self, module: float, modules: int) -> float:
        return self.bars_top - 2.0 - modules * module


PALLET_100 = PalletLayout(
    name="100x100",
    height=100.0,
    title_height=14.5,
    symbol_room=49.0,
    bars_top=66.75,
    bars_height=23.0,
    twice=False,
)
PALLET_150 = PalletLayout(
    name="100x150",
    height=150.0,
    title_height=14.5,
    symbol_room=46.0,
    bars_top=112.5,
    bars_height=27.0,
    twice=True,
)


def sscc_words(sscc: str) -> str:
    """The digits in groups that a voice can say.

    >>> sscc_words("395060000000000010")
    '(00) 3950 6000 0000 0000 10'
    """
    return "(00) " + " ".join(sscc[start : start + 4] for start in range(0, len(sscc), 4))
