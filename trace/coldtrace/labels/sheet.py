"""A4 sheets: 21 small labels (70 x 42.4 mm stock, three across) or 4 pallet labels (A6 quarters).

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

    @property
    def cells(self) -> int:
        """Labels a sheet."""
        return self.columns * self.rows

    def place(self, number: int, face: Face) -> Placed:
        """The `number`-th label, in the middle of its cell and on whole dots."""
        row, column = divmod(number, self.columns)
        cell_width, cell_height = A4_WIDTH / self.columns, A4_HEIGHT / self.rows
        x = column * cell_width + (cell_width - face.width) / 2
        y = row * cell_height + (cell_height - face.height) / 2
        return Placed(on_grid(x), on_grid(y), face)

    def crosses(self) -> Drawing:
        """Cut marks where four labels meet."""
        marks: list[Box] = []
        for row in range(1, self.rows):
            for column in range(1, self.columns):
                x, y = column * A4_WIDTH / self.columns, row * A4_HEIGHT / self.rows
                marks.append(Box(x - _CROSS, y - _LINE / 2, 2 * _CROSS, _LINE))
                marks.append(Box(x - _LINE / 2, y - _CROSS, _LINE, 2 * _CROSS))
        return tuple(marks)


_SMALL = Grid(columns=3, rows=7)
_LARGE = Grid(columns=2, rows=2)


def sheets(faces: Iterable[Face]) -> Iterator[Page]:
    """Fill sheets with faces in their order."""
    placed: list[Placed] = []
    grid = _SMALL
    for face in faces:
        wanted = _SMALL if face.width <= 70.0 else _LARGE
        if placed and (wanted is not grid or len(placed) == grid.cells):
            yield Page(A4_WIDTH, A4_HEIGHT, tuple(placed), grid.crosses())
            placed = []
        grid = wanted
        placed.append(grid.place(len(placed), face))
    if placed:
        yield Page(A4_WIDTH, A4_HEIGHT, tuple(placed), grid.crosses())
