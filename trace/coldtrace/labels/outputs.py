"""Where pages go: one file, pictures in a folder, a zip file, or a single picture.

A file appears under its name only when every label in it has passed the gate; until then it is `.part`.  In a folder
each picture appears whole, so a run that was killed leaves good labels only, and can go on behind the last one.
"""

import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from coldtrace.labels.csv_rows import HEAD
from coldtrace.labels.font import LabelFont
from coldtrace.labels.pdf import PdfPage, PdfWriter
from coldtrace.labels.press import Printed
from coldtrace.labels.refusals import OneLabelPerFile

PICTURES: Final = ("png", "svg")
_ZIP_DATE: Final = (1980, 1, 1, 0, 0, 0)
_UNFIT_FOR_NAMES: Final = re.compile(r"[^0-9A-Za-z]+")
_TEXT_HEADS: Final = {"csv": HEAD}


class Output(Protocol):
    """A place that takes finished pages one by one."""

    def put(self, page: Printed) -> None:
        """Put one page down."""

    def close(self) -> None:
        """Finish the file."""


def picture_name(number: int, handle: str, format: str) -> str:
    """Return the file name of a page; names sort in the order of printing.

    >>> picture_name(12, "7QK4-M2ZX-9RTB-5", "png")
    '000012-7QK4-M2ZX-9RTB-5.png'
    """
    return f"{number:06d}-{_UNFIT_FOR_NAMES.sub('-', handle).strip('-')[:40]}.{format}"


class _Pdf:
    def __init__(self, file: BinaryIO, font: LabelFont, title: str) -> None:
        self._writer = PdfWriter(file, font, title=title)

    def put(self, page: Printed) -> None:
        assert isinstance(page.body, PdfPage)
        self._writer.put(page.body)

    def close(self) -> None:
        self._writer.close()


class _Text:
    """Labels one behind the other in one file: printer language or CSV."""

    def __init__(self, file: BinaryIO, head: bytes) -> None:
        self._file = file
        self._file.write(head)

    def put(self, page: Printed) -> None:
        assert isinstance(page.body, bytes)
        self._file.write(page.body)

    def close(self) -> None:
        """Nothing is left open here."""


class _Pictures:
    """One picture a page, given to `keep` under its name."""

    def __init__(self, format: str, keep: Callable[[str, bytes], None]) -> None:
        self._format, self._keep = format, keep

    def put(self, page: Printed) -> None:
        assert isinstance(page.body, bytes)
        self._keep(picture_name(page.number, page.handle, self._format), page.body)

    def close(self) -> None:
        """Nothing is left open here."""


@contextmanager
def opened(out: BinaryIO | Path, *, format: str, font: Callable[[], LabelFont], title: str) -> Iterator[Output]:
    """Yield the output for `format`.  A path gets its file only when the block ends without an exception."""
    if format == "pdf":
        with _file(out) as file:
            pdf = _Pdf(file, font(), title)
            yield pdf
            pdf.close()
    elif format not in PICTURES:
        with _file(out) as file:
            yield _Text(file, _TEXT_HEADS.get(format, b""))
    elif isinstance(out, Path) and out.suffix.lower() == f".{format}":
        with _file(out) as file:
            yield _Pictures(format, _only_one(out, file))
    elif isinstance(out, Path) and is_folder(out, format):
        out.mkdir(parents=True, exist_ok=True)
        yield _Pictures(format, lambda name, data: _write_whole(out / name, data))
    else:
        method = zipfile.ZIP_DEFLATED if format == "svg" else zipfile.ZIP_STORED
        with _file(out) as file, zipfile.ZipFile(file, "w", method) as archive:
            yield _Pictures(format, lambda name, data: _add(archive, method, name, data))


def is_folder(out: BinaryIO | Path, format: str) -> bool:
    """Tell whether each page becomes a file of its own in a folder: then a killed run can go on."""
    return isinstance(out, Path) and format in PICTURES and out.suffix.lower() not in (f".{format}", ".zip")


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
    def keep(name: str, data: bytes) -> None:
        if not name.startswith("000001-"):
            raise OneLabelPerFile(path=path.name)
        file.write(data)

    return keep


def _write_whole(path: Path, data: bytes) -> None:
    with _file(path) as file:
        file.write(data)


def _add(archive: zipfile.ZipFile, method: int, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, _ZIP_DATE)
    entry.compress_type = method
    archive.writestr(entry, data)
