"""Signs: door and place codes, and the command cards for gloved hands.  One word, one large symbol, what it does."""

from dataclasses import dataclass

from coldtrace.labels.column import chip
from coldtrace.labels.content import LabelContent, LabelKind
from coldtrace.labels.drawing import Canvas, on_grid
from coldtrace.labels.parts import RULE, module_for, title
from coldtrace.labels.symbol import Symbol

_TAGS = {LabelKind.PLACE: ("地点", "PLACE"), LabelKind.COMMAND: ("指令", "COMMAND")}
_WORD_SIZES = (12.0, 10.0, 8.0, 7.2, 6.4, 5.6, 5.0, 4.4)
_NAME_SIZES = (8.0, 7.2, 6.4, 5.6, 5.0, 4.4, 3.8)
_MARGIN = 4.0


@dataclass(frozen=True)
class WideSign:
    """60 x 40 mm: the symbol left, the words right."""

    name: str = "60x40"
    symbol_room: float = 34.5

    def fixed(self, canvas: Canvas, content: LabelContent, modules: int) -> None:
        """The words."""
        x = 0.5 + modules * self._module(modules) + 0.25
        width = 58.0 - x
        zh, en = _TAGS[content.kind]
        chip(canvas, f"{zh} {en}", "", x=x, top=2.5, width=width, height=4.5)
        sizes = (7.2, 6.0, 5.0, 4.2, 3.6, 3.0, 2.6)
        y = title(canvas, content, x=x, top=7.75, width=width, height=16.0, sizes=sizes, lines=3)
        y = canvas.block(x, y + 1.0, content.note_zh, width, [2.4, 2.1], lines=2)
        rows = int((35.0 - y) / 2.2)
        if rows > 0:
            canvas.block(x, y, content.note_en, width, [2.0, 1.75], lines=min(rows, 3))

    def own(self, canvas: Canvas, content: LabelContent, symbol: Symbol) -> None:
        """Symbol and its text."""
        canvas.code(0.5, 0.5, self._module(symbol.full_size), symbol)
        canvas.fitted_line(2.5, 38.5, _caption(content), 55.5, [2.4])

    def _module(self, modules: int) -> float:
        return module_for(modules, self.symbol_room, layout=self.name)


@dataclass(frozen=True)
class TallSign:
    """100 mm wide: the word above, the symbol in the middle, what a scan does below."""

    name: str
    height: float
    symbol_top: float
    symbol_room: float
    largest_module: float
    width: float = 100.0

    def fixed(self, canvas: Canvas, content: LabelContent, modules: int) -> None:
        """The words."""
        del modules
        inner, tag = self.width - 2 * _MARGIN, 19.0
        sizes = _WORD_SIZES if content.kind is LabelKind.COMMAND else _NAME_SIZES
        zh, en = _TAGS[content.kind]
        room = self.symbol_top - 5.25
        chip(canvas, zh, en, x=self.width - _MARGIN - tag, top=_MARGIN, width=tag, height=10.0)
        title(canvas, content, x=_MARGIN, top=2.75, width=inner - tag - 3.0, height=room, sizes=sizes)
        canvas.box(_MARGIN, self.symbol_top - 1.5, inner, RULE)
        middle, y = self.width / 2, self.symbol_top + self.symbol_room + 0.25
        y = canvas.block(middle, y, content.note_zh, inner, [4.0, 3.6, 3.2, 2.8, 2.4], lines=1, align=0.5)
        canvas.block(middle, y, content.note_en, inner, [3.0, 2.6, 2.2, 2.0], lines=1, align=0.5)

    def own(self, canvas: Canvas, content: LabelContent, symbol: Symbol) -> None:
        """Symbol and its text."""
        modules = symbol.full_size
        module = min(module_for(modules, self.symbol_room, layout=self.name), self.largest_module)
        side = modules * module
        top = self.symbol_top + on_grid((self.symbol_room - side) / 2)
        canvas.code(on_grid((self.width - side) / 2), top, module, symbol)
        inner = self.width - 2 * _MARGIN
        sizes = [6.4, 5.6, 4.8, 4.0]
        canvas.fitted_line(self.width / 2, self.height - 3.75, _caption(content), inner, sizes, bold=True, align=0.5)


def _caption(content: LabelContent) -> str:
    """What can be keyed in instead: the GS1 text of a place, the command's own text."""
    return content.gs1_text or content.short_code or content.uri


SIGN_60 = WideSign()
SIGN_100 = TallSign(name="100x100", height=100.0, symbol_top=19.25, symbol_room=61.0, largest_module=2.0)
SIGN_150 = TallSign(name="100x150", height=150.0, symbol_top=24.5, symbol_room=92.0, largest_module=3.0)
