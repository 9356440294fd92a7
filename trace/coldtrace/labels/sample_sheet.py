"""The day-one sheet: codes on plain A4 that each do something when scanned, with a caption that says what.

Twelve go on a page, two across; more samples make more pages.  Every code is read back before the file appears.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from coldtrace.labels.decode_check import decode_check
from coldtrace.labels.drawing import Canvas, Face
from coldtrace.labels.fit import fit
from coldtrace.labels.font import load_font
from coldtrace.labels.make import LabelReport
from coldtrace.labels.outputs import opened
from coldtrace.labels.page import single
from coldtrace.labels.parts import HAIRLINE, RULE, aligned_left, module_for
from coldtrace.labels.pdf import PdfPages
from coldtrace.labels.press import Printed
from coldtrace.labels.raster import Raster
from coldtrace.labels.refusals import NoLabels
from coldtrace.labels.sheet import A4_HEIGHT, A4_WIDTH
from coldtrace.labels.symbol import QUIET_MODULES, qr_symbol

_COLUMNS, _ROWS = 2, 6
_MARGIN = 12.0
_TOP, _ROW = 29.0, 42.5
_COLUMN = 95.0
_SYMBOL_ROOM = 37.5
_LARGEST_MODULE = 1.0
_NUMBER_LEFT, _TEXT_LEFT, _TEXT_WIDTH = 34.0, 41.0, 50.0


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One code of the sheet: what it is, and what a scan of it shows."""

    label_zh: str
    label_en: str
    explain_zh: str
    explain_en: str
    uri: str


def make_sample_sheet(samples: Sequence[Sample], out: BinaryIO | Path, *, font: Path | None = None) -> LabelReport:
    """Write the sheet as PDF to `out`; raise a refusal, and leave no file, when a code does not read back."""
    if not samples:
        raise NoLabels()
    face_font = load_font(font)
    raster = Raster(face_font)
    packed = PdfPages(face_font)
    decoded = pages = 0
    with opened(out, format="pdf", font=lambda: face_font, title="coldtrace sample labels") as output:
        for first in range(0, len(samples), _COLUMNS * _ROWS):
            part = samples[first : first + _COLUMNS * _ROWS]
            canvas = Canvas(face_font)
            _heading(canvas)
            for place, sample in enumerate(part):
                _cell(canvas, sample, place=place, number=first + place + 1)
            face = Face(A4_WIDTH, A4_HEIGHT, (), canvas.done(), f"sample sheet, page {pages + 1}")
            found = decode_check(raster.draw(face), face, raster)
            pages, decoded = pages + 1, decoded + found
            output.put(Printed(pages, face.handle, len(part), found, packed.page(single(face))))
    return LabelReport(count=len(samples), pages=pages, decoded=decoded)


def _heading(canvas: Canvas) -> None:
    right = A4_WIDTH - _MARGIN - 1.0
    canvas.line(_MARGIN, 18.5, "示例标签", 8.0, bold=True)
    canvas.line(_MARGIN + 35.0, 18.5, "Sample labels", 5.6)
    canvas.line(right, 14.5, "用手机相机或手持终端逐个扫描", 3.2, align=1.0)
    canvas.line(right, 19.0, "Scan each with a phone camera or the handheld", 2.8, align=1.0)
    canvas.box(_MARGIN, 23.5, A4_WIDTH - 2 * _MARGIN - 1.0, RULE)
    foot = "coldtrace · 打印时选“实际大小”（100 %） · Print at actual size (100 %)"
    canvas.line(A4_WIDTH / 2, A4_HEIGHT - 7.0, foot, 2.4, align=0.5)


def _cell(canvas: Canvas, sample: Sample, *, place: int, number: int) -> None:
    row, column = divmod(place, _COLUMNS)
    left, top = _MARGIN + column * _COLUMN, _TOP + row * _ROW
    symbol = qr_symbol(sample.uri, "Q")
    module = min(module_for(symbol.full_size, _SYMBOL_ROOM, layout="sample sheet"), _LARGEST_MODULE)
    canvas.code(aligned_left(left, module), top + 2.0 - QUIET_MODULES * module, module, symbol)
    canvas.line(left + _NUMBER_LEFT, top + 5.0, f"{number}", 4.2)
    name = left + _TEXT_LEFT
    y = canvas.block(name, top + 1.3, sample.label_zh, _TEXT_WIDTH, [4.8, 4.2, 3.6], lines=1, bold=True)
    y = canvas.block(name, y, sample.label_en, _TEXT_WIDTH, [3.2, 2.8, 2.4], lines=1) + 1.6
    _explanation(canvas, sample, x=name, top=y, bottom=top + _ROW - 4.0)
    if row + 1 < _ROWS:
        canvas.box(left, top + _ROW - 3.0, _COLUMN - 5.0, HAIRLINE)


def _explanation(canvas: Canvas, sample: Sample, *, x: float, top: float, bottom: float) -> None:
    """Both languages, as large as the cell allows; what still does not fit is cut, the English first."""
    zh, en, width, leading = sample.explain_zh, sample.explain_en, _TEXT_WIDTH, 1.3
    zh_size, en_size = 3.2, 2.5
    for zh_size, en_size in ((3.2, 2.5), (2.9, 2.3), (2.6, 2.1), (2.4, 1.9)):
        zh_lines = len(fit(canvas.font, zh, width=width, sizes=[zh_size], lines=99).lines)
        en_lines = len(fit(canvas.font, en, width=width, sizes=[en_size], lines=99).lines)
        if top + leading * (zh_lines * zh_size + en_lines * en_size) + 0.8 <= bottom:
            break
    y = canvas.block(x, top, zh, width, [zh_size], lines=int((bottom - top) / (leading * zh_size)), leading=leading)
    rows = int((bottom - y - 0.8) / (leading * en_size))
    if rows > 0:
        canvas.block(x, y + 0.8, en, width, [en_size], lines=rows, leading=leading)
