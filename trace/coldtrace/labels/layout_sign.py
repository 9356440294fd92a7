"""Signs: door and place codes, and the command cards for gloved hands.  One word, one large symbol, what it does.

A door is scanned from the truck, so its symbol takes the most room; a command card is found with the eyes first, so
its word does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from coldtrace.labels.column import chip
from coldtrace.labels.content import LabelContent, LabelKind
from coldtrace.labels.drawing import Canvas, cap_size, on_grid
from coldtrace.labels.parts import RULE, module_for, title
from coldtrace.labels.symbol import Symbol

_TAGS = {LabelKind.PLACE: ("地点", "PLACE"), LabelKind.COMMAND: ("指令", "COMMAND")}
_WORD_SIZES = (24.0, 20.0, 17.0, 14.0, 12.0, 10.0, 8.0, 7.2, 6.4, 5.6, 5.0, 4.4)
_NAME_SIZES = (9.0, 8.0, 7.2, 6.4, 5.6, 5.0, 4.4, 3.8)
_NOTE_STEPS = (1.0, 0.9, 0.8, 0.7, 0.6)
_MARGIN = 4.0


@dataclass(frozen=True)
class WideSign:
    """60 x 40 mm: the symbol left, the words right, the text to key in across the foot."""

    name: str = "60x40"
    symbol_room: float = 32.5

    def fixed(self, canvas: Canvas, content: LabelContent, modules: int) -> None:
        """The words."""
        x = 0.5 + modules * self._module(modules) + 0.25
        width = 58.5 - x
        zh, en = _TAGS[content.kind]
        chip(canvas, f"{zh} {en}", "", x=x, top=2.5, width=width, height=4.5)
        sizes = (9.0, 7.2, 6.0, 5.0, 4.2, 3.6, 3.0, 2.6)
        y = title(canvas, content, x=x, top=7.75, width=width, height=15.0, sizes=sizes, lines=3)
        y = canvas.block(x, y + 1.0, content.note_zh, width, [2.4, 2.1], lines=2)
        rows = int((33.0 - y) / 2.45)
        if rows > 0:
            canvas.block(x, y, content.note_en, width, [2.0, 1.75], lines=min(rows, 3))

    def own(self, canvas: Canvas, content: LabelContent, symbol: Symbol) -> None:
        """Symbol and its text."""
        canvas.code(0.5, 0.5, self._module(symbol.full_size), symbol)
        canvas.narrow_line(2.5, 38.75, _caption(content), 56.0, cap_size(5.0))

    def _module(self, modules: int) -> float:
        return module_for(modules, self.symbol_room, layout=self.name)


@dataclass(frozen=True)
class Split:
    """Where the symbol's room begins and how tall it is; the words stand above, the notes below."""

    top: float
    room: float
    largest_module: float


@dataclass(frozen=True)
class TallSign:
    """100 mm wide: the word above, the symbol in the middle, what a scan does below."""

    name: str
    height: float
    place: Split
    command: Split
    note_size: float
    width: float = 100.0

    def fixed(self, canvas: Canvas, content: LabelContent, modules: int) -> None:
        """The words."""
        del modules
        inner, tag = self.width - 2 * _MARGIN, 19.0
        split = self._split(content)
        sizes = _WORD_SIZES if content.kind is LabelKind.COMMAND else _NAME_SIZES
        zh, en = _TAGS[content.kind]
        chip(canvas, zh, en, x=self.width - _MARGIN - tag, top=_MARGIN, width=tag, height=10.0)
        room = split.top - 5.25
        title(canvas, content, x=_MARGIN, top=2.75, width=inner - tag - 3.0, height=room, sizes=sizes)
        canvas.box(_MARGIN, split.top - 1.5, inner, RULE)
        y = split.top + split.room + 0.25
        y = self._note(canvas, content.note_zh, y, self.note_size)
        self._note(canvas, content.note_en, y, self.note_size * 0.75)

    def own(self, canvas: Canvas, content: LabelContent, symbol: Symbol) -> None:
        """Symbol and its text."""
        modules = symbol.full_size
        split = self._split(content)
        module = min(module_for(modules, split.room, layout=self.name), split.largest_module)
        side = modules * module
        top = split.top + on_grid((split.room - side) / 2)
        canvas.code(on_grid((self.width - side) / 2), top, module, symbol)
        inner = self.width - 2 * _MARGIN
        canvas.fitted_line(
            self.width / 2, self.height - 3.75, _caption(content), inner, _captions(), bold=True, align=0.5
        )

    def _note(self, canvas: Canvas, text: str, y: float, size: float) -> float:
        inner = self.width - 2 * _MARGIN
        sizes = [max(size * step, 1.75) for step in _NOTE_STEPS]
        return canvas.block(self.width / 2, y, text, inner, sizes, lines=1, align=0.5)

    def _split(self, content: LabelContent) -> Split:
        return self.command if content.kind is LabelKind.COMMAND else self.place


def _captions() -> Sequence[float]:
    return [cap_size(5.0), 6.4, 5.6, 4.8, 4.0]


def _caption(content: LabelContent) -> str:
    """What can be keyed in instead: the GS1 text of a place, the command's own text."""
    return content.gs1_text or content.short_code or content.uri


SIGN_60 = WideSign()
SIGN_100 = TallSign(
    name="100x100", height=100.0, place=Split(19.25, 61.0, 2.0), command=Split(31.0, 49.0, 1.5), note_size=4.0
)
SIGN_150 = TallSign(
    name="100x150", height=150.0, place=Split(24.5, 92.0, 3.0), command=Split(46.0, 73.0, 2.5), note_size=6.0
)
