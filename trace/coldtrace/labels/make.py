"""Make labels: contents in, a file out, every label read back before it counts.

    report = make_labels(contents, layout="100x100", format="pdf", out=Path("run.pdf"))

Contents are taken one at a time and pages go out as they are made, so memory does not grow with the run.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from coldtrace.labels.content import LabelContent
from coldtrace.labels.decode_check import decode_check
from coldtrace.labels.drawing import Face
from coldtrace.labels.font import load_font
from coldtrace.labels.layouts import Draughtsman
from coldtrace.labels.outputs import opened
from coldtrace.labels.raster import DOTS_PER_MM, Raster
from coldtrace.labels.refusals import NoLabels


@dataclass(frozen=True)
class LabelReport:
    """What was made: labels, pages, and symbols that read back (a label may carry two or three)."""

    count: int
    pages: int
    decoded: int


def make_labels(
    contents: Iterable[LabelContent],
    *,
    layout: str,
    format: str,
    out: BinaryIO | Path,
    font: Path | None = None,
    progress: Callable[[int], None] | None = None,
    dots_per_mm: int = DOTS_PER_MM,
) -> LabelReport:
    """Draw `contents` in their order, check each by decoding it, and write them to `out`.

    `layout` is 60x40, 100x100, 100x150 or a4; `format` is pdf, png or svg.  Pictures go into a folder, into a zip
    file (a path ending in .zip, or a stream), or, when there is one, into a path with the format's own ending.
    `progress` is told the number of labels done.  `dots_per_mm` is the print head's: 8 (203 dpi) or 12 (300 dpi).

    Any refusal stops the run and leaves no file behind; a stream given by the caller is then to be thrown away.
    Labels already put into a folder have passed their check.
    """
    face_font = load_font(font)
    raster = Raster(face_font, dots_per_mm=dots_per_mm)
    draughtsman = Draughtsman(face_font, layout)
    count = pages = decoded = 0

    def checked() -> Iterator[Face]:
        nonlocal count, decoded
        for content in contents:
            face = draughtsman.face(content)
            decoded += decode_check(raster.draw(face), face, raster)
            count += 1
            if progress is not None:
                progress(count)
            yield face

    with opened(out, format=format, font=face_font, raster=raster, title=f"coldtrace {layout}") as output:
        for page in draughtsman.pages(checked()):
            output.add_page(page)
            pages += 1
        if not count:
            raise NoLabels()
    return LabelReport(count=count, pages=pages, decoded=decoded)
