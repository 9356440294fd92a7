"""Signs: door and place codes, and the command cards for gloved hands.  One word, one large symbol, what it does."""

from dataclasses import dataclass

from coldtrace.labels.content import LabelContent, LabelKind
from coldtrace.labels.drawing import Canvas, on_grid
from coldtrace.labels.parts import RULE, chip, module_for
from coldtrace.labels.symbol import Symbol

_TAGS = {LabelKind.PLACE: "地点 PLACE", LabelKind.COMMAND: "指令 COMMAND"}
_LARGEST_MODULE = 2.0


@dataclass(frozen=True)
class WideSign:
    """60 x 40 mm: the symbol left, the words right."""

    name: str = "60x40"
    width: float = 60.0
    height: float = 40.0

    def fixed(self, canvas: Canvas, content: LabelContent, modules: int) -> None:
        """The words."""
        x = 0.5 + modules * _module(modules, 34.5, self.name) + 0.25
        width = self.width - 2.0 - x
        chip(canvas, _TAGS.get(content.kind, ""), "", x=x, top=2.5, width=width, height=4.0)
        y = canvas.block(x, 7.5, content.product_zh, width, [7.0, 5.0, 4.2, 3.4, 2.8], lines=2, bold=True)
        y = canvas.block(x, y, content.product_en, width, [3.4, 2.8, 2.3, 2.0], lines=2)
        y = canvas.block(x, y + 0.75, content.note_zh, width, [2.3, 2.0], lines=3)
        room = max(int((35.0 - y) / 2.2), 0)
        if room:
            canvas.block(x, y, content.note_en, width, [1.8], lines=room)

    def own(self, canvas: Canvas, content: LabelContent, symbol: Symbol) -> None:
        """Symbol and its text."""
        canvas.code(0.5, 0.5, _module(symbol.full_size, 34.5, self.name), symbol)
        canvas.fitted_line(2.5, 38.5, content.gs1_text or content.short_code or content.uri, 55.5, [2.2])


@dataclass(frozen=True)
class TallSign:
    """100 mm wide: the word above, the symbol in the middle, what a scan does below."""

    name: str
    height: float
    symbol_room: float
    symbol_top: float
    width: float = 100.0

    def fixed(self, canvas: Canvas, content: LabelContent, modules: int) -> None:
        """The words."""
        del modules
        inner, tag, sign = self.width - 8.0, 27.0, content.kind is LabelKind.COMMAND
        sizes = (12.0, 9.0, 7.2, 6.0, 5.0, 4.2) if sign else (9.0, 8.0, 7.2, 6.4, 5.6, 5.0, 4.2)
        chip(canvas, _TAGS.get(content.kind, ""), "", x=self.width - 4 - tag, top=4.0, width=tag, height=5.5)
        room = inner - tag - 2
        y = canvas.block(4.0, 2.5, content.product_zh, room, sizes, lines=1, bold=True, leading=1.15)
        canvas.block(4.0, y, content.product_en, inner, [4.2, 3.6, 3.0, 2.6], lines=1)
        canvas.box(4.0, self.symbol_top - 1.5, inner, RULE)
        y = canvas.block(
            self.width / 2,
            self.symbol_top + self.symbol_room + 0.5,
            content.note_zh,
            inner,
            [4.4, 3.8, 3.2],
            lines=1,
            align=0.5,
        )
        canvas.block(self.width / 2, y, content.note_en, inner, [3.2, 2.8, 2.4], lines=1, align=0.5)

    def own(self, canvas: Canvas, content: LabelContent, symbol: Symbol) -> None:
        """Symbol and its text."""
        module = _module(symbol.full_size, self.symbol_room, self.name)
        side = symbol.full_size * module
        top = self.symbol_top + on_grid((self.symbol_room - side) / 2)
        canvas.code(on_grid((self.width - side) / 2), top, module, symbol)
        text = content.gs1_text or content.short_code or content.uri
        canvas.fitted_line(
            self.width / 2, self.height - 3.75, text, self.width - 8.0, [7.0, 6.0, 5.0], bold=True, align=0.5
        )


def _module(modules: int, room: float, layout: str) -> float:
    return min(module_for(modules, room, layout=layout), _LARGEST_MODULE)


SIGN_60 = WideSign()
SIGN_100 = TallSign(name="100x100", height=100.0, symbol_room=53.0, symbol_top=24.0)
SIGN_150 = TallSign(name="100x150", height=150.0, symbol_room=92.0, symbol_top=27.0)
