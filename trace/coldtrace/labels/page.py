"""One page of output: a label by itself, or a sheet with several."""

from dataclasses import dataclass

from coldtrace.labels.drawing import Drawing, Face


@dataclass(frozen=True)
class Placed:
    """A label at its place on a page."""

    x: float
    y: float
    face: Face


@dataclass(frozen=True)
class Page:
    """A page in millimetres; `furniture` is drawn beside the labels (cut marks, headings)."""

    width: float
    height: float
    faces: tuple[Placed, ...]
    furniture: Drawing = ()


def single(face: Face) -> Page:
    """A page that is exactly one label."""
    return Page(face.width, face.height, (Placed(0.0, 0.0, face),))
