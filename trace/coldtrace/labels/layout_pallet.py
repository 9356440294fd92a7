"""Pallet labels, 100 x 100 and 100 x 150 mm: QR code and, for older scanners, the SSCC as GS1-128 bars.

Modules of the bars are 0.5 mm wide, so 20 digits with their quiet zones take 88 mm of the 100.  The 100 x 150
label carries the QR code twice.  The SSCC's digits are over 5 mm high: they are the pallet's key-in text.
"""

from dataclasses import dataclass

from coldtrace.labels.column import Fact, both, chip, column
from coldtrace.labels.content import LabelContent
from coldtrace.labels.drawing import Canvas, cap_size
from coldtrace.labels.parts import (
    HAIRLINE,
    RULE,
    aligned_left,
    dark_side,
    module_for,
    sscc_words,
    storage_chip,
    title,
    weight,
)
from coldtrace.labels.symbol import QUIET_MODULES, Symbol, sscc_bars

DIGITS_MM = 5.0
WIDTH = 100.0
_MARGIN = 4.0
_INNER = WIDTH - 2 * _MARGIN
_TAG = 21.0
_BAR_MODULE = 0.5
_TITLE_SIZES = (7.2, 6.4, 5.6, 5.0, 4.4, 3.8, 3.2)


@dataclass(frozen=True)
class PalletLayout:
    """One drawing for both heights; all measures in millimetres."""

    name: str
    height: float
    symbol_room: float
    bars_top: float
    bars_height: float
    twice: bool
    rule_top: float = 18.0

    @property
    def _symbol_top(self) -> float:
        return self.rule_top + 1.0

    def fixed(self, canvas: Canvas, content: LabelContent, modules: int) -> None:
        """What all pallets of a lot share."""
        module = module_for(modules, self.symbol_room, layout=self.name)
        room = self.rule_top - 3.5
        title(canvas, content, x=_MARGIN, top=3.0, width=_INNER - _TAG - 2, height=room, sizes=_TITLE_SIZES)
        chip(canvas, "托盘", "PALLET", x=WIDTH - _MARGIN - _TAG, top=4.0, width=_TAG, height=room - 2.0)
        canvas.box(_MARGIN, self.rule_top, _INNER, RULE)
        dark = dark_side(modules, module)
        top = self._symbol_top + QUIET_MODULES * module
        x = _MARGIN + dark + QUIET_MODULES * module + 1.5
        width, bottom = WIDTH - _MARGIN - x, top + dark
        if self.twice:
            left = _INNER - dark - QUIET_MODULES * module - 1.5
            self._lower(canvas, content, top=self._second_top(module, modules), width=left, side=modules * module)
        else:
            bottom = self.bars_top - 3.5
            bottom -= storage_chip(canvas, content, x=x, width=width, bottom=bottom) + 1.0
        self._facts(canvas, content, x=x, top=top, width=width, bottom=bottom)
        canvas.box(_MARGIN, self.bars_top - 2.0, _INNER, HAIRLINE)

    def own(self, canvas: Canvas, content: LabelContent, symbol: Symbol) -> None:
        """What belongs to this pallet alone."""
        modules = symbol.full_size
        module = module_for(modules, self.symbol_room, layout=self.name)
        canvas.code(aligned_left(_MARGIN, module), self._symbol_top, module, symbol)
        if self.twice:
            left = WIDTH - _MARGIN + QUIET_MODULES * module - modules * module
            canvas.code(left, self._second_top(module, modules), module, symbol)
        sscc = content.sscc
        if sscc:
            bars = sscc_bars(sscc)
            canvas.barcode((WIDTH - bars.size * _BAR_MODULE) / 2, self.bars_top, _BAR_MODULE, self.bars_height, bars)
        words = sscc_words(sscc) if sscc else content.short_code or content.gs1_text
        sizes = [cap_size(DIGITS_MM)]
        canvas.fitted_line(WIDTH / 2, self.height - 3.5, words, _INNER, sizes, bold=True, align=0.5)

    def _facts(
        self, canvas: Canvas, content: LabelContent, *, x: float, top: float, width: float, bottom: float
    ) -> None:
        count = "" if content.count is None else str(content.count)
        importer = content.importer_zh or content.importer_en
        column(
            canvas,
            [
                [
                    Fact("箱数", "CARTONS", count, size=7.2, bold=True, share=0.42),
                    Fact("净重", "NET", weight(content), size=7.2, bold=True, share=0.58),
                ],
                [Fact("批号", "LOT", content.lot, size=4.8, bold=True)],
                [
                    Fact("生产日期", "PRODUCED", content.production_date, size=3.6, share=0.5),
                    Fact("保质期至", "BEST BEFORE", content.expiry_date, size=3.6, bold=True, share=0.5),
                ],
                [Fact("原产国", "ORIGIN", both(content.origin_zh, content.origin_en), size=3.6, lines=2)],
                [Fact("进口商", "IMPORTER", "" if self.twice else importer, size=2.6, lines=2)],
            ],
            x=x,
            top=top,
            width=width,
            bottom=bottom,
        )

    def _lower(self, canvas: Canvas, content: LabelContent, *, top: float, width: float, side: float) -> None:
        """Left of the second symbol: who, what to know, and the temperature."""
        bottom = top + side - 4.0
        bottom -= storage_chip(canvas, content, x=_MARGIN, width=width, bottom=bottom) + 2.0
        note = both(content.note_zh, content.note_en)
        column(
            canvas,
            [
                [Fact("进口商", "IMPORTER", content.importer_zh or content.importer_en, size=3.4, lines=3)],
                [Fact("", "", content.importer_en if content.importer_zh else "", size=2.6, lines=4)],
                [Fact("备注", "NOTE", note, size=3.2, lines=3)],
            ],
            x=_MARGIN,
            top=top + 4.0,
            width=width,
            bottom=bottom,
            gap=1.5,
        )

    def _second_top(self, module: float, modules: int) -> float:
        return self.bars_top - 2.0 - modules * module


PALLET_100 = PalletLayout(name="100x100", height=100.0, symbol_room=46.0, bars_top=69.75, bars_height=20.0, twice=False)
PALLET_150 = PalletLayout(name="100x150", height=150.0, symbol_room=46.0, bars_top=112.75, bars_height=27.0, twice=True)
