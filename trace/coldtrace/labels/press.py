"""One process's share of the work: a label's words in, its checked and finished bytes out.

A press is made in each worker process and keeps what labels share: the font, the drawn grounds of a lot, the opened
trust list.  Nothing leaves it that did not pass the gate: words agree with the code, signature valid, every symbol
read back from the dots at full and at half size, quiet zones white; and nothing in a layout that is not released.
"""

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image

from coldtrace.labels.content import LabelContent
from coldtrace.labels.csv_rows import csv_row
from coldtrace.labels.decode_check import decode_check
from coldtrace.labels.font import load_font
from coldtrace.labels.layouts import LAYOUTS, Draughtsman
from coldtrace.labels.page import Page
from coldtrace.labels.pdf import PdfPage, PdfPages
from coldtrace.labels.raster import Raster
from coldtrace.labels.refusals import LayoutNotForPrinter, UnknownFormat, UnknownLayout
from coldtrace.labels.release import require_released
from coldtrace.labels.seal_check import SealCheck, SealReader
from coldtrace.labels.sheet import cells_of
from coldtrace.labels.svg import page_svg
from coldtrace.labels.symbol import qr_symbol
from coldtrace.labels.zpl import raster_label
from coldtrace.labels.zpl_native import native_label

FORMATS: Final = ("pdf", "png", "svg", "zpl", "zpl-native", "csv")
PRINTER_FORMATS: Final = ("zpl", "zpl-native")
_MM_PER_INCH: Final = 25.4
_SHEET: Final = "a4"


@dataclass(frozen=True, kw_only=True)
class Order:
    """How a run of labels is to be made.  `seals` is None only for contents that no verifier will ever judge."""

    layout: str
    format: str
    dots_per_mm: int = 8
    font: Path | None = None
    z64: bool = True
    seals: SealCheck | None = None

    def __post_init__(self) -> None:
        if self.layout not in LAYOUTS:
            raise UnknownLayout(layout=self.layout, known=", ".join(LAYOUTS))
        if self.format not in FORMATS:
            raise UnknownFormat(format=self.format, known=", ".join(FORMATS))
        if self.layout == _SHEET and self.format in PRINTER_FORMATS:
            raise LayoutNotForPrinter(layout=self.layout)


@dataclass(frozen=True)
class Group:
    """The labels of one page; `number` names the page, `numbers` are those of its labels in the run, from 1."""

    number: int
    numbers: tuple[int, ...]
    contents: tuple[LabelContent, ...]

    @property
    def last(self) -> int:
        """The number of its last label."""
        return self.numbers[-1]

    @property
    def handle(self) -> str:
        """What names the page to a person: the label on it, or that it is a sheet."""
        return self.contents[0].handle if len(self.contents) == 1 else "sheet"


@dataclass(frozen=True)
class Printed:
    """One finished page; `decoded` symbols of it read back."""

    number: int
    handle: str
    labels: int
    decoded: int
    body: bytes | PdfPage


def groups(contents: Iterable[LabelContent | None], layout: str) -> Iterator[Group]:
    """Put contents into pages in their order, as `sheet.sheets` will: one each, or as many as a sheet holds.

    None stands for a label that is left out: it keeps its number, so that a label's own never changes with others.
    """
    layouts = LAYOUTS[layout]
    waiting: list[tuple[int, LabelContent]] = []
    sheets = room = 0

    def page() -> Group:
        numbers, labels = zip(*waiting, strict=True)
        return Group(sheets if layout == _SHEET else numbers[0], numbers, labels)

    for number, content in enumerate(contents, start=1):
        if content is None:
            continue
        cells = cells_of(layouts[content.kind].width) if layout == _SHEET else 1
        if waiting and (cells != room or len(waiting) == room):
            sheets += 1
            yield page()
            waiting = []
        room = cells
        waiting.append((number, content))
    if waiting:
        sheets += 1
        yield page()


class Press:
    """Makes pages to an order."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._font = load_font(order.font)
        self._raster = Raster(self._font, dots_per_mm=order.dots_per_mm)
        self._draughtsman = Draughtsman(self._font, order.layout)
        self._seals = None if order.seals is None else SealReader(order.seals)
        self._encode = self._encoder(order.format)

    def print(self, group: Group) -> Printed:
        """Return one page; raise a refusal when a label on it may not leave."""
        if self._seals is not None:
            for content in group.contents:
                self._seals.require(content)
        if self._order.format == "csv":
            return self._rows(group)
        faces, decoded, picture = [], 0, None
        for content in group.contents:
            require_released(self._order.layout, content.kind)
            face = self._draughtsman.face(content)
            picture = self._raster.draw(face)
            decoded += decode_check(picture, face, self._raster)
            faces.append(face)
        (page,) = self._draughtsman.pages(faces)
        # A label that is a page of its own leaves as the very dots that were just read back.
        body = self._encode(page, picture if len(faces) == 1 and not page.furniture else None, group)
        return Printed(group.number, group.handle, len(faces), decoded, body)

    def _rows(self, group: Group) -> Printed:
        """The site's own program draws the symbol: only that one exists can be said here."""
        for content in group.contents:
            qr_symbol(content.checked().uri, content.level)
        rows = b"".join(csv_row(content, number) for number, content in zip(group.numbers, group.contents, strict=True))
        return Printed(group.number, group.handle, len(group.contents), 0, rows)

    def _encoder(self, format: str) -> "Callable[[Page, Image.Image | None, Group], bytes | PdfPage]":
        if format == "pdf":
            pages = PdfPages(self._font)
            return lambda page, picture, group: pages.page(page)
        if format == "png":
            return lambda page, picture, group: self._png(page, picture)
        if format == "zpl":
            return lambda page, picture, group: raster_label(self._dots(page, picture), z64=self._order.z64)
        if format == "zpl-native":
            return lambda page, picture, group: native_label(
                group.contents[0], page, font=self._font, raster=self._raster, z64=self._order.z64
            )
        return lambda page, picture, group: page_svg(page, self._font).encode("utf-8")

    def _dots(self, page: Page, picture: Image.Image | None) -> Image.Image:
        return self._raster.draw_page(page) if picture is None else picture

    def _png(self, page: Page, picture: Image.Image | None) -> bytes:
        """Return a page as a 1-bit PNG that carries its resolution, so that it prints in its true size."""
        file = io.BytesIO()
        dpi = self._raster.dots_per_mm * _MM_PER_INCH
        dots = self._dots(page, picture).convert("1", dither=Image.Dither.NONE)
        dots.save(file, "PNG", dpi=(dpi, dpi), compress_level=3)
        return file.getvalue()
