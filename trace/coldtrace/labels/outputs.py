"""Where pages go: one PDF, or pictures in a folder, a zip file or a single file.

A file appears under its name only when every label in it has passed the decode check; until then it is `.part`.
"""

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from PIL import Image

from coldtrace.labels.font import LabelFont
from coldtrace.labels.page import Page
from coldtrace.labels.pdf import PdfWriter
from coldtrace.labels.raster import Raster
from coldtrace.labels.refusals import OneLabelPerFile, UnknownFormat
from coldtrace.labels.svg import page_svg

_MM_PER_INCH = 25.4
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_UNFIT_FOR_NAMES = re.compile(r"[^0-9A-Za-z]+")
FORMATS = ("pdf", "png", "svg")


class Output(Protocol):
    """A place that takes pages one by one."""

    def add_page(self, page: Page) -> None:
        """Put one page down."""

    def close(self) -> None:
        """Finish the file."""


def png_bytes(page: Page, raster: Raster) -> bytes:
    """Return a page as a 1-bit PNG that carries its resolution, so that it prints in its true size."""
    file = io.BytesIO()
    dpi = raster.dots_per_mm * _MM_PER_INCH
    raster.draw_page(page).convert("1", dither=Image.Dither.NONE).save(file, "PNG", dpi=(dpi, dpi), compress_level=3)
    return file.getvalue()


class Pictures:
    """One picture a page, given to `put` under a name that sorts in the order of printing."""

    def __init__(self, make: Callable[[Page], bytes], suffix: str, put: Callable[[str, bytes], None]) -> None:
        self._make = make
        self._suffix = suffix
        self._put = put
        self._count = 0

    def add_page(self, page: Page) -> None:
        """Draw one page and hand it over."""
        self._count += 1
        handle = page.faces[0].face.handle if len(page.faces) == 1 else "sheet"
        name = _UNFIT_FOR_NAMES.sub("-", handle).strip("-")[:40]
        self._put(f"{self._count:06d}-{name}.{self._suffix}", self._make(page))

    def close(self) -> None:
        """Nothing is left open here."""


@contextmanager
def opened(out: BinaryIO | Path, *, format: str, font: LabelFont, raster: Raster, title: str) -> Iterator[Output]:
    """Yield the output for `format`.  A path gets its file only when the block ends without an exception."""
    if format not in FORMATS:
        raise UnknownFormat(format=format, known=", ".join(FORMATS))
    if format == "pdf":
        with _file(out) as file:
            writer = PdfWriter(file, font, title=title)
            yield writer
            writer.close()
        return
    make: Callable[[Page], bytes] = lambda page: png_bytes(page, raster)  # noqa: E731
    if format == "svg":
        make = lambda page: page_svg(page, font).encode("utf-8")  # noqa: E731
    if isinstance(out, Path) and out.suffix.lower() == f".{format}":
        with _file(out) as file:
            yield Pictures(make, format, _only_one(out, file))
    elif isinstance(out, Path) and out.suffix.lower() != ".zip":
        out.mkdir(parents=True, exist_ok=True)
        yield Pictures(make, format, lambda name, data: _write_whole(out / name, data))
    else:
        method = zipfile.ZIP_DEFLATED if format == "svg" else zipfile.ZIP_STORED
        with _file(out) as file, zipfile.ZipFile(file, "w", method) as archive:
            yield Pictures(make, format, lambda name, data: _add(archive, method, name, data))


@contextmanager
def _file(out: BinaryIO | Path) -> Iterator[BinaryIO]:
    if not isinstance(out, Path):
        yield out
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(out.name + ".part")
    try:
        with part.open("wb") as file:
            yield file
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)


def _only_one(path: Path, file: BinaryIO) -> Callable[[str, bytes], None]:
    def put(name: str, data: bytes) -> None:
        if not name.startswith("000001-"):
            raise OneLabelPerFile(path=path.name)
        file.write(data)

    return put


def _write_whole(path: Path, data: bytes) -> None:
    with _file(path) as file:
        file.write(data)


def _add(archive: zipfile.ZipFile, method: int, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, _ZIP_DATE)
    entry.compress_type = method
    archive.writestr(entry, data)
