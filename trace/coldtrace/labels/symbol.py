"""QR symbols and GS1-128 bars as module grids, in their real size; the drawing rooms scale them by whole dots.

zxing-cpp writes for bulk work: it splits the text into segments optimally, so our codes become version 10 at level
Q (codes.md section 3).  `qrcode` draws a single picture where zxing-cpp is not wanted.  Both give the same text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import qrcode
import zxingcpp
from qrcode import constants
from qrcode.exceptions import DataOverflowError

from coldtrace.labels.content import Level
from coldtrace.labels.refusals import CodeNotPrintable

QUIET_MODULES = 4
BARS_QUIET_MODULES = 10
_DARK = re.compile(b"\x00+")
_QRCODE_LEVELS = {"M": constants.ERROR_CORRECT_M, "Q": constants.ERROR_CORRECT_Q}


@dataclass(frozen=True)
class Symbol:
    """A QR code: `size` modules a side, row by row in `pixels`, one byte each, 0 dark and 255 light."""

    text: str
    level: Level
    size: int
    pixels: bytes

    @property
    def full_size(self) -> int:
        """Modules a side with the quiet zone."""
        return self.size + 2 * QUIET_MODULES

    def runs(self) -> Iterator[tuple[int, int, int]]:
        """Yield the dark runs as (column, row, length)."""
        wide = self.size + 1
        rows = (self.pixels[start : start + self.size] for start in range(0, len(self.pixels), self.size))
        for run in _DARK.finditer(b"\xff".join(rows)):
            first, end = run.span()
            row, column = divmod(first, wide)
            yield column, row, end - first


@dataclass(frozen=True)
class Bars:
    """A GS1-128 bar code: `pixels` is one row of modules, one byte each, 0 dark and 255 light; `data` is read back."""

    data: str
    pixels: bytes

    @property
    def size(self) -> int:
        """Modules across, without the quiet zones."""
        return len(self.pixels)

    def runs(self) -> Iterator[tuple[int, int]]:
        """Yield the bars as (first module, width)."""
        for run in _DARK.finditer(self.pixels):
            yield run.start(), run.end() - run.start()


def qr_symbol(text: str, level: Level, *, version: int | None = None) -> Symbol:
    """Return the QR code of `text` in this version, or the smallest; raise `CodeNotPrintable` when there is none."""
    _require_ascii(text)
    wanted = {} if version is None else {"version": version}
    try:
        barcode = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level=level, **wanted)
        grid: Any = barcode.to_image(scale=1, add_quiet_zones=False)
    except (ValueError, RuntimeError) as error:
        raise CodeNotPrintable(length=len(text)) from error
    return Symbol(text=text, level=level, size=grid.shape[0], pixels=bytes(memoryview(grid)))


def single_symbol(text: str, level: Level) -> Symbol:
    """The same text drawn by `qrcode`, for one picture on a page; 20 times slower than `qr_symbol`."""
    _require_ascii(text)
    code = qrcode.QRCode(error_correction=_QRCODE_LEVELS[level], border=0)
    code.add_data(text, optimize=6)
    try:
        code.make(fit=True)
    except (ValueError, DataOverflowError) as error:
        raise CodeNotPrintable(length=len(text)) from error
    rows = code.get_matrix()
    return Symbol(
        text=text,
        level=level,
        size=len(rows),
        pixels=b"".join(bytes(0 if dark else 255 for dark in row) for row in rows),
    )


def sscc_bars(sscc: str) -> Bars:
    """Return the GS1-128 bars (00) of an SSCC, as old scanners expect them on a pallet."""
    if not re.fullmatch(r"\d{18}", sscc, re.ASCII):
        raise CodeNotPrintable(length=len(sscc))
    barcode = zxingcpp.create_barcode(f"(00){sscc}", zxingcpp.BarcodeFormat.Code128, gs1=True)
    grid: Any = barcode.to_image(scale=1, add_quiet_zones=False)
    return Bars(data=f"00{sscc}", pixels=bytes(memoryview(grid))[: grid.shape[1]])


def _require_ascii(text: str) -> None:
    if not text or not text.isascii() or not text.isprintable():
        raise CodeNotPrintable(length=len(text))
