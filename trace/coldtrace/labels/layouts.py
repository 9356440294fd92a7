"""The layouts by name, and the one place that knows which drawing serves which kind of label."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from coldtrace.labels import layout_60x40, layout_100, layout_150
from coldtrace.labels.content import LabelContent, LabelKind
from coldtrace.labels.drawing import Canvas, Drawing, Face
from coldtrace.labels.layout_pallet import PALLET_100, PALLET_150
from coldtrace.labels.layout_sign import SIGN_60, SIGN_100, SIGN_150
from coldtrace.labels.metrics import Metrics
from coldtrace.labels.page import Page, single
from coldtrace.labels.refusals import UnknownLayout
from coldtrace.labels.sheet import sheets
from coldtrace.labels.symbol import Symbol, qr_symbol

_KEPT = 64


@dataclass(frozen=True)
class Layout:
    """One drawing: its size and its two halves."""

    width: float
    height: float
    fixed: Callable[[Canvas, LabelContent, int], None]
    own: Callable[[Canvas, LabelContent, Symbol], None]


_CARTON_60 = Layout(60.0, 40.0, layout_60x40.fixed, layout_60x40.own)
_CARTON_100 = Layout(100.0, 100.0, layout_100.fixed, layout_100.own)
_CARTON_150 = Layout(100.0, 150.0, layout_150.fixed, layout_150.own)
_PALLET_100 = Layout(100.0, 100.0, PALLET_100.fixed, PALLET_100.own)
_PALLET_150 = Layout(100.0, 150.0, PALLET_150.fixed, PALLET_150.own)
_SIGN_60 = Layout(60.0, 40.0, SIGN_60.fixed, SIGN_60.own)
_SIGN_100 = Layout(100.0, 100.0, SIGN_100.fixed, SIGN_100.own)
_SIGN_150 = Layout(100.0, 150.0, SIGN_150.fixed, SIGN_150.own)

_UNIT, _PALLET, _PLACE, _COMMAND = LabelKind.UNIT, LabelKind.PALLET, LabelKind.PLACE, LabelKind.COMMAND

# An A4 sheet takes small labels 21 up; a pallet's needs the width of its bars and goes 4 up.
LAYOUTS: dict[str, dict[LabelKind, Layout]] = {
    "60x40": {_UNIT: _CARTON_60, _PALLET: _CARTON_60, _PLACE: _SIGN_60, _COMMAND: _SIGN_60},
    "100x100": {_UNIT: _CARTON_100, _PALLET: _PALLET_100, _PLACE: _SIGN_100, _COMMAND: _SIGN_100},
    "100x150": {_UNIT: _CARTON_150, _PALLET: _PALLET_150, _PLACE: _SIGN_150, _COMMAND: _SIGN_150},
    "a4": {_UNIT: _CARTON_60, _PALLET: _PALLET_100, _PLACE: _SIGN_60, _COMMAND: _SIGN_60},
}


class Draughtsman:
    """Turns contents into faces and pages; what the labels of a lot share is laid out once."""

    def __init__(self, font: Metrics, layout: str) -> None:
        if layout not in LAYOUTS:
            raise UnknownLayout(layout=layout, known=", ".join(LAYOUTS))
        self._font = font
        self._layouts = LAYOUTS[layout]
        self._is_sheet = layout == "a4"
        self._fixed = lru_cache(maxsize=_KEPT)(self._draw_fixed)

    def face(self, content: LabelContent) -> Face:
        """Lay out one label; refuse words that disagree with the code and characters that the font lacks."""
        symbol = qr_symbol(content.checked().uri, content.level, version=content.version)
        layout = self._layouts[content.kind]
        canvas = Canvas(self._font)
        layout.own(canvas, content, symbol)
        fixed = self._fixed(content.shared(), symbol.full_size)
        return Face(layout.width, layout.height, fixed, canvas.done(), content.handle)

    def pages(self, faces: Iterable[Face]) -> Iterator[Page]:
        """Put faces onto pages in their order: one each, or as many as a sheet holds."""
        return sheets(faces) if self._is_sheet else map(single, faces)

    def _draw_fixed(self, content: LabelContent, modules: int) -> Drawing:
        canvas = Canvas(self._font)
        self._layouts[content.kind].fixed(canvas, content, modules)
        return canvas.done()
