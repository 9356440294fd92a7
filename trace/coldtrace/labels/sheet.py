"""A4 sheets: 21 small labels (70 x 41 mm stock, 5 mm free above and below) or 4 pallet labels (A6 quarters).

Office printers leave some 4 mm of the paper's edge white: no symbol comes nearer than 7 mm.
Small crosses mark the corners between labels, so that plain paper can be cut.  The order of the labels is kept; a
change of size begins a new sheet.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from coldtrace.labels.drawing import Box, Drawing, Face, on_grid
from coldtrace.labels.page import Page, Placed

A4_WIDTH, A4_HEIGHT = 210.0, 297.0
_CROSS = 1.5
_LINE = 0.125


@dataclass(frozen=True)
class Grid:
    """How labels of one size sit on a sheet."""

    columns: int
    rows: int
    top: float = 0.0

    @property
    def cells(self) -> int:
        """Labels a sheet."""
        return self.columns * self.rows

    def place(self, number: int, face: Face) -> Placed:
        """The `number`-th label, in the middle of its cell and on whole dots."""
        row, column = divmod(number, self.columns)
        width, height = self._cell
        x = column * width + (width - face.width) / 2
        y = self.top + row * height + (height - face.height) / 2
        return Placed(on_grid(x), on_grid(y), face)

    def crosses(self) -> Drawing:
        """Cut marks where four labels meet."""
        marks: list[Box] = []
        width, height = self._cell
        for row in range(1, self.rows):
            for column in range(1, self.columns):
                x, y = column * width, self.top + row * height
                marks.append(Box(x - _CROSS, y - _LINE / 2, 2 * _CROSS, _LINE))
                marks.append(Box(x - _LINE / 2, y - _CROSS, _LINE, 2 * _CROSS))
        return tuple(marks)

    @property
    def _cell(self) -> tuple[float, float]:
        return A4_WIDTH / self.columns, (A4_HEIGHT - 2 * self.top) / self.rows


_SMALL = Grid(columns=3, rows=7, top=5.0)
_LARGE = Grid(columns=2, rows=2)


def cells_of(width: float) -> int:
    """How many labels of this width go on one sheet."""
    return _grid_of(width).cells


def _grid_of(width: float) -> Grid:
    return _SMALL if width <= 70.0 else _LARGE


def sheets(faces: Iterable[Face]) -> Iterator[Page]:
    """Fill sheets with faces in their order."""
    placed: list[Placed] = []
    grid = _SMALL
    for face in faces:
        wanted = _grid_of(face.width)
        if placed and (wanted is not grid or len(placed) == grid.cells):
            yield Page(A4_WIDTH, A4_HEIGHT, tuple(placed), grid.crosses())
            placed = []
        grid = wanted
        placed.append(grid.place(len(placed), face))
    if placed:
        yield Page(A4_WIDTH, A4_HEIGHT, tuple(placed), grid.crosses())
