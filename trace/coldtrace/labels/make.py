"""Make labels: contents in, a file or a stream out, every label read back before it counts.

    report = make_labels(contents, layout="100x100", format="pdf", out=Path("run.pdf"))

Contents are taken one at a time and pages go out as they are made, so memory does not grow with the run.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from coldtrace.labels.content import LabelContent
from coldtrace.labels.font import load_font
from coldtrace.labels.outputs import Output, is_folder, opened, picture_name
from coldtrace.labels.press import Group, Order, groups
from coldtrace.labels.raster import DOTS_PER_MM
from coldtrace.labels.refusals import FolderInUse, NoLabels
from coldtrace.labels.seal_check import SealCheck
from coldtrace.labels.workers import printed

_PIECE_BYTES = 64 * 1024


@dataclass(frozen=True)
class LabelReport:
    """What was made: labels, pages, and symbols that read back (a label may carry two or three).

    `kept` labels, counted in none of the others, lay in the folder already, made by a run that was interrupted.
    `skipped` are the numbers of labels that were left out, since their codes are void.
    """

    count: int
    pages: int
    decoded: int
    kept: int = 0
    skipped: tuple[int, ...] = ()


def make_labels(
    contents: Iterable[LabelContent | None],
    *,
    layout: str,
    format: str,
    out: BinaryIO | Path,
    font: Path | None = None,
    dots_per_mm: int = DOTS_PER_MM,
    z64: bool = True,
    seals: SealCheck | None = None,
    workers: int = 0,
    go_on: bool = False,
    progress: Callable[[int], None] | None = None,
) -> LabelReport:
    """Draw `contents` in their order, check each, and write them to `out`.

    `layout` is 60x40, 100x100, 100x150 or a4; `format` is one of `press.FORMATS`; `dots_per_mm` is the print head's,
    8 (203 dpi) or 12 (300 dpi).  `seals` is the signature check; without it codes are taken as they come, which is
    for trials of a layout, never for goods.  Pictures go into a folder, into a zip file (a path ending in .zip, or a
    stream), or, when there is one, into a path with the format's own ending; everything else is one file.
    None among the contents is a label left out.  `progress` is told the number of the label that was reached.
    `workers` processes share the work, 0 does it in this one; the bytes are the same.

    `go_on` keeps the pictures that lie in the folder under the very names that this run gives them, each written
    whole by the same order before; the caller knows that.  Raises FolderInUse when a page's number belongs to
    something else there.

    Any refusal stops the run and leaves no file behind; a stream given by the caller is then to be thrown away.
    Labels already put into a folder have passed their check.
    """
    order = Order(layout=layout, format=format, dots_per_mm=dots_per_mm, font=font, z64=z64, seals=seals)
    folder = _Folder(out, order.format, go_on=go_on) if isinstance(out, Path) and is_folder(out, order.format) else None
    count = pages = decoded = kept = 0
    skipped: list[int] = []
    reached: deque[int] = deque()

    def wanted() -> Iterator[Group]:
        nonlocal kept
        for group in groups(_noting_skipped(contents, skipped), order.layout):
            if folder is not None and folder.has(group):
                kept += len(group.contents)
            else:
                reached.append(group.last)
                yield group

    with _opened(out, order) as output, closing(printed(wanted(), order, workers=workers)) as made:
        for page in made:
            output.put(page)
            pages, count, decoded = pages + 1, count + page.labels, decoded + page.decoded
            number = reached.popleft()
            if progress is not None:
                progress(number)
        if not count + kept:
            raise NoLabels()
    return LabelReport(count=count, pages=pages, decoded=decoded, kept=kept, skipped=tuple(skipped))


def _noting_skipped(contents: Iterable[LabelContent | None], skipped: list[int]) -> Iterator[LabelContent | None]:
    for number, content in enumerate(contents, start=1):
        if content is None:
            skipped.append(number)
        yield content


def stream_labels(contents: Iterable[LabelContent | None], order: Order, *, workers: int = 0) -> Iterator[bytes]:
    """Yield the file that `make_labels` would write, in pieces, each made only when it is asked for.

    A refusal is raised in place of the piece that would have held the label: what was yielded before is no whole
    file and the reader must be told so.
    """
    pipe = _Pipe()
    count = 0
    with _opened(cast(BinaryIO, pipe), order) as output:
        with closing(printed(groups(contents, order.layout), order, workers=workers)) as made:
            for page in made:
                output.put(page)
                count += page.labels
                if pipe.waiting >= _PIECE_BYTES:
                    yield pipe.take()
        if not count:
            raise NoLabels()
    yield pipe.take()


def _opened(out: BinaryIO | Path, order: Order) -> AbstractContextManager[Output]:
    return opened(out, format=order.format, font=lambda: load_font(order.font), title=f"coldtrace {order.layout}")


class _Pipe:
    """A file that can only be written to, and is emptied by whoever carries its bytes away."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.waiting = 0

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        self.waiting += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def take(self) -> bytes:
        """Return what was written since the last time."""
        taken = b"".join(self._pieces)
        self._pieces, self.waiting = [], 0
        return taken


class _Folder:
    """What lies in a folder of pictures already."""

    def __init__(self, path: Path, format: str, *, go_on: bool) -> None:
        self._path, self._format, self._go_on = path, format, go_on
        self._names: dict[int, str] = {}
        for file in path.iterdir() if path.is_dir() else ():
            number, dash, _ = file.name.partition("-")
            if dash and number.isdecimal() and file.suffix == f".{format}":
                self._names[int(number)] = file.name

    def has(self, group: Group) -> bool:
        """Tell whether this page is there and kept; raise FolderInUse when another one has its number."""
        name = picture_name(group.number, group.handle, self._format)
        found = self._names.get(group.number)
        if found is not None and found != name:
            raise FolderInUse(path=str(self._path), name=found)
        return self._go_on and found is not None
