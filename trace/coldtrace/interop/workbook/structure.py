"""What the spreadsheet library does not tell when streaming: used area, hidden rows, merged cells, empty formulas.

One pass over the XML of each worksheet, in bounded memory, before any value is read.  A stray format on row 1,048,576
costs nothing then, and a sheet that is too large is refused before it is loaded.
"""

import posixpath
import re
import zipfile
from dataclasses import dataclass
from typing import IO
from xml.etree import ElementTree

from coldtrace.interop.workbook.refusals import BrokenWorkbook, OversizedWorkbook

ROWS_MAX = 10_000
COLUMNS_MAX = 200
CELLS_MAX = 200_000
STYLED_CELLS_MAX = 400_000
MERGES_MAX = 20_000

_CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_RANGE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})(?::([A-Z]{1,3})([0-9]{1,7}))?")
_OFFICE_DOCUMENT = "/officeDocument"


@dataclass(frozen=True, kw_only=True, slots=True)
class SheetStructure:
    """One worksheet's shape.  Rows and columns count from 1."""

    last_row: int
    last_column: int
    hidden_rows: frozenset[int]
    merges: tuple[tuple[int, int, int, int], ...]
    """First row, first column, last row, last column of each merged area, cut to the used area."""
    uncached: frozenset[tuple[int, int]]
    """Cells with a formula whose result was never saved."""


def read_structures(archive: zipfile.ZipFile, *, filename: str) -> dict[str, SheetStructure]:
    """Return the shape of each worksheet by name; raise a `WorkbookRefused` and nothing else."""
    try:
        paths = _sheet_paths(archive)
        return {name: _read_sheet(archive, path, filename) for name, path in paths.items()}
    except (KeyError, ElementTree.ParseError, ValueError, zipfile.BadZipFile, EOFError, OSError, LookupError) as error:
        raise BrokenWorkbook(file=filename) from error


def column_number(letters: str) -> int:
    """Return 1 for A, 27 for AA."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _sheet_paths(archive: zipfile.ZipFile) -> dict[str, str]:
    root = "_rels/.rels"
    documents = [path for kind, path in _relations(archive, root, "").values() if kind.endswith(_OFFICE_DOCUMENT)]
    if not documents:
        raise KeyError(_OFFICE_DOCUMENT)
    workbook = documents[0]
    folder, name = posixpath.split(workbook)
    related = _relations(archive, f"{folder}/_rels/{name}.rels", folder)
    paths: dict[str, str] = {}
    for element in ElementTree.fromstring(archive.read(workbook)).iter():
        if _local(element.tag) != "sheet":
            continue
        link = next((value for key, value in element.attrib.items() if _local(key) == "id" and key != "id"), "")
        if link in related and related[link][0].endswith("/worksheet"):
            paths[element.attrib["name"]] = related[link][1]
    return paths


def _relations(archive: zipfile.ZipFile, path: str, folder: str) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for element in ElementTree.fromstring(archive.read(path)):
        if element.attrib.get("TargetMode") == "External":
            continue
        target = element.attrib["Target"]
        full = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
        found[element.attrib["Id"]] = (element.attrib["Type"], full)
    return found


def _read_sheet(archive: zipfile.ZipFile, path: str, filename: str) -> SheetStructure:
    with archive.open(path) as stream:
        walk = _Walk(filename)
        walk.read(stream)
    return walk.result()


class _Walk:
    """State of one pass over a worksheet."""

    def __init__(self, filename: str) -> None:
        self.filename = filename
        self.row = 0
        self.column = 0
        self.last_row = 0
        self.last_column = 0
        self.filled = 0
        self.styled = 0
        self.hidden: set[int] = set()
        self.uncached: set[tuple[int, int]] = set()
        self.merges: list[tuple[int, int, int, int]] = []

    def read(self, stream: IO[bytes]) -> None:
        container: ElementTree.Element | None = None
        for event, element in ElementTree.iterparse(stream, events=("start", "end")):
            name = _local(element.tag)
            if event == "start":
                if name == "sheetData":
                    container = element
                elif name == "row":
                    self._start_row(element)
            elif name == "c":
                self._cell(element)
                element.clear()
            elif name == "row" and container is not None:
                container.clear()
            elif name == "mergeCell":
                self._merge(element)

    def _start_row(self, element: ElementTree.Element) -> None:
        self.row = int(element.attrib.get("r", self.row + 1))
        self.column = 0
        if element.attrib.get("hidden") in ("1", "true"):
            self.hidden.add(self.row)

    def _cell(self, element: ElementTree.Element) -> None:
        self.styled += 1
        if self.styled > STYLED_CELLS_MAX:
            raise self._too_large("单元格数", "the number of cells", STYLED_CELLS_MAX)
        self.column += 1
        if place := _CELL.fullmatch(element.attrib.get("r", "")):
            self.column = column_number(place.group(1))
        children = {_local(child.tag): child for child in element}
        value = children.get("v")
        has_value = "is" in children or (value is not None and value.text is not None)
        if "f" in children and not has_value:
            self.uncached.add((self.row, self.column))
        elif not has_value:
            return
        self.filled += 1
        self.last_row = max(self.last_row, self.row)
        self.last_column = max(self.last_column, self.column)
        if self.filled > CELLS_MAX:
            raise self._too_large("有内容的单元格数", "the number of filled cells", CELLS_MAX)
        if self.row > ROWS_MAX:
            raise self._too_large("行数", "the number of rows", ROWS_MAX)
        if self.column > COLUMNS_MAX:
            raise self._too_large("列数", "the number of columns", COLUMNS_MAX)

    def _merge(self, element: ElementTree.Element) -> None:
        area = _RANGE.fullmatch(element.attrib.get("ref", ""))
        if area is None or area.group(3) is None:
            return
        if len(self.merges) >= MERGES_MAX:
            raise self._too_large("合并单元格数", "the number of merged cells", MERGES_MAX)
        left, top, right, bottom = area.groups()
        self.merges.append((int(top), column_number(left), int(bottom), column_number(right)))

    def _too_large(self, what_zh: str, what_en: str, limit: int) -> OversizedWorkbook:
        return OversizedWorkbook(file=self.filename, what_zh=what_zh, what_en=what_en, limit=limit)

    def result(self) -> SheetStructure:
        cut = (
            (top, left, min(bottom, self.last_row), min(right, self.last_column))
            for top, left, bottom, right in self.merges
            if top <= self.last_row and left <= self.last_column
        )
        return SheetStructure(
            last_row=self.last_row,
            last_column=self.last_column,
            hidden_rows=frozenset(self.hidden),
            merges=tuple(cut),
            uncached=frozenset(self.uncached),
        )


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
