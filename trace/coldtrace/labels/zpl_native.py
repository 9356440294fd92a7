"""ZPL II native labels: the printer's own firmware draws the QR code and the Latin text.

Short (2 kB a label, most of it the Chinese name) and sharp, but what it looks like is the firmware's choice: it
splits the text into segments its own way, or not at all, so each symbol has the room that byte mode needs.  The
decode check therefore says nothing about it; the first label of a run is to be scanned.

What was measured on an offline renderer, and holds for the manuals' printers:

* the level and mode stand in the field (`QA,` or `MA,`) and win over `^BQ`; without them three characters vanish;
* the symbol is drawn 10 dots lower than `^FO` says; model 2 always; magnification 1 to 10;
* `^` and `~` end a field and are written `_5E`, `_7E` behind `^FH_`, and then `_` is `_5F`;
* printers seldom have a Chinese font, so Chinese text goes as small `^GFA` strips.
"""

from dataclasses import dataclass
from typing import Final

from PIL import Image

from coldtrace.labels.content import LabelContent, LabelKind, weight_text
from coldtrace.labels.drawing import Canvas
from coldtrace.labels.fit import fit
from coldtrace.labels.font import LabelFont
from coldtrace.labels.page import Page
from coldtrace.labels.raster import Raster
from coldtrace.labels.refusals import CodeNotPrintable, SymbolTooLarge
from coldtrace.labels.symbol import QUIET_MODULES
from coldtrace.labels.zpl import graphic_field

_BYTES: Final = {
    "M": (14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331, 362, 412),
    "Q": (11, 20, 32, 46, 60, 74, 86, 108, 130, 151, 177, 203, 241, 258, 292),
}
"""What versions 1 to 15 hold in byte mode (ISO/IEC 18004, table 7): a firmware that splits nothing takes these."""
_MAGNIFICATION_MAX: Final = 10
_MODULE_MIN_MM: Final = 0.5
_QR_DROP_DOTS: Final = 10
_BAR_MM: Final = 0.5
_TEXT_MIN_MM: Final = 2.2
_LEADING: Final = 1.22
_FONT_WIDTH: Final = 0.6
"""An advance of font 0 in parts of the width asked for: wide enough for capitals and digits."""


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """Where things stand, in millimetres: `symbols` corners of squares with `room` a side, quiet zone included."""

    symbols: tuple[tuple[float, float], ...]
    room: float
    name: tuple[float, float, float, float]
    lines: tuple[float, float, float]
    line: float
    key: tuple[float, float, float]
    key_rows: int
    digits: float
    foot: tuple[float, float, float, float]
    bars: bool


_PLANS: Final = {
    (60.0, 40.0): _Plan(
        symbols=((0.5, 1.5),),
        room=36.5,
        name=(37.0, 1.5, 22.0, 9.0),
        lines=(37.0, 11.5, 22.0),
        line=2.6,
        key=(37.0, 27.0, 22.0),
        key_rows=2,
        digits=6.5,
        foot=(0.0, 0.0, 0.0, 0.0),
        bars=False,
    ),
    (100.0, 100.0): _Plan(
        symbols=((2.0, 18.5),),
        room=52.0,
        name=(4.0, 3.0, 92.0, 15.0),
        lines=(54.0, 20.5, 43.0),
        line=4.0,
        key=(4.0, 72.0, 92.0),
        key_rows=1,
        digits=8.0,
        foot=(4.0, 92.0, 92.0, 6.5),
        bars=True,
    ),
    (100.0, 150.0): _Plan(
        symbols=((2.0, 20.0), (47.0, 97.0)),
        room=52.0,
        name=(4.0, 3.0, 92.0, 16.0),
        lines=(54.0, 22.0, 43.0),
        line=4.0,
        key=(4.0, 74.0, 92.0),
        key_rows=1,
        digits=8.5,
        foot=(4.0, 100.0, 42.0, 30.0),
        bars=True,
    ),
}


def native_label(content: LabelContent, page: Page, *, font: LabelFont, raster: Raster, z64: bool = True) -> bytes:
    """Return one label as ZPL for a printer that draws the symbol itself; raise SymbolTooLarge when it has no room."""
    return _Writer(content, page, font, raster, z64=z64).label()


class _Writer:
    def __init__(self, content: LabelContent, page: Page, font: LabelFont, raster: Raster, *, z64: bool) -> None:
        self._content, self._page, self._font, self._raster, self._z64 = content, page, font, raster, z64
        self._plan = _PLANS[page.width, page.height]

    def label(self) -> bytes:
        """The whole label."""
        plan, content, dots = self._plan, self._content, self._raster.dots
        sign = content.kind in (LabelKind.PLACE, LabelKind.COMMAND)
        parts = [b"^XA^CI28^PW%d^LL%d^LH0,0" % (dots(self._page.width), dots(self._page.height))]
        corners = plan.symbols[:1] if sign else plan.symbols
        parts += [self._symbol(x, y) for x, y in corners]
        parts += self._strip(*plan.name, content.product_zh, content.product_en)
        if sign:
            parts += self._strip(*plan.lines, 5 * plan.line, content.note_zh, content.note_en)
        else:
            parts += self._facts()
        parts += self._key_in()
        parts += self._strip(*plan.foot, content.importer_zh or content.storage_zh, "")
        return b"".join((*parts, b"^XZ\n"))

    def _symbol(self, x: float, y: float) -> bytes:
        content, dots = self._content, self._raster.dots
        room = _modules_at_most(content.uri, content.level)
        module = min(dots(self._plan.room) // room, _MAGNIFICATION_MAX)
        if module < _MODULE_MIN_MM * self._raster.dots_per_mm:
            size = f"{self._page.width:.0f}x{self._page.height:.0f}"
            raise SymbolTooLarge(modules=room, layout=f"{size} (zpl-native)")
        margin = QUIET_MODULES * module
        top = dots(y) + margin - _QR_DROP_DOTS
        field = _field(f"{content.level}A,{content.uri}")
        return b"^FO%d,%d^BQN,2,%d%s" % (dots(x) + margin, top, module, field)

    def _facts(self) -> list[bytes]:
        content, (x, y, width) = self._content, self._plan.lines
        facts = [
            ("LOT", content.lot),
            ("PROD", content.production_date),
            ("EXP", content.expiry_date),
            ("NET", "" if content.net_g is None else weight_text(content.net_g)),
            ("QTY", "" if content.count is None else str(content.count)),
            ("ORIGIN", content.origin_en),
            ("", content.storage_en),
        ]
        lines = [f"{label} {value}".strip() for label, value in facts if value]
        step = 1.2 if self._plan.line < 3 else 1.6
        room = int((self._plan.key[1] - y) / (self._plan.line * step))
        return [
            self._text(x, y + place * self._plan.line * step, width, self._plan.line, line)
            for place, line in enumerate(lines[:room])
        ]

    def _key_in(self) -> list[bytes]:
        """What staff key in when frost covers the symbol, and what it stands for."""
        content, plan = self._content, self._plan
        x, y, width = plan.key
        if content.kind is LabelKind.PALLET and plan.bars and content.sscc:
            height = self._raster.dots(13.0)
            bars = b"^FO%d,%d^BY%d^BCN,%d,N,N,N^FD>;>800%s^FS" % (
                self._raster.dots(x + 5.0),
                self._raster.dots(y - 0.5),
                self._raster.dots(_BAR_MM),
                height,
                content.sscc.encode("ascii"),
            )
            return [bars, self._text(x, y + 14.0, width, 5.0, content.gs1_text)]
        half = len(content.short_code) // 2 + 2
        rows = [content.short_code] if plan.key_rows == 1 else [content.short_code[:half], content.short_code[half:]]
        parts = [
            self._text(x, y + place * plan.digits * 0.82, width, plan.digits, row)
            for place, row in enumerate(row for row in rows if row)
        ]
        if plan.bars:
            parts.append(self._text(x, y + plan.digits * 1.1, width, 3.4, content.gs1_text))
        return parts

    def _text(self, x: float, y: float, width: float, height: float, text: str) -> bytes:
        """One line of ASCII in the printer's font 0, narrowed until it fits."""
        dots = self._raster.dots
        plain = _ascii(text)
        if not plain:
            return b""
        wide = min(dots(height), int(dots(width) / (len(plain) * _FONT_WIDTH)))
        tall = min(dots(height), max(2 * wide, dots(_TEXT_MIN_MM)))
        return b"^FO%d,%d^A0N,%d,%d%s" % (dots(x), dots(y), tall, wide, _field(plain))

    def _strip(self, x: float, y: float, width: float, height: float, zh: str, en: str) -> list[bytes]:
        """Chinese above Latin text as one small picture, cut to what it needs."""
        if height <= 0 or not (zh or en):
            return []
        canvas = Canvas(self._font)
        bottom = self._block(canvas, 0.0, zh, width, height * (0.75 if en and zh else 1.0))
        if height - bottom > _TEXT_MIN_MM * _LEADING:
            self._block(canvas, bottom, en, width, min(height - bottom, 5.0))
        dots = self._raster.dots
        picture = Image.new("L", (dots(width), dots(height)), 255)
        self._raster.put(picture, canvas.done())
        ink = picture.point(lambda value: 255 - value).getbbox()
        if ink is None:
            return []
        right, low = -(-ink[2] // 8) * 8, ink[3]
        strip = picture.crop((0, 0, min(right, picture.width), low))
        return [b"^FO%d,%d%s" % (dots(x), dots(y), graphic_field(strip, z64=self._z64))]

    def _block(self, canvas: Canvas, top: float, text: str, width: float, height: float) -> float:
        """Text in the largest type that stays inside; return its bottom."""
        size = _TEXT_MIN_MM
        for lines in (1, 2, 3, 4):
            largest = min(height / (lines * _LEADING), 9.0)
            fitted = fit(self._font, text, width=width, sizes=[largest], lines=99)
            if len(fitted.lines) <= lines and fitted.size == largest:
                size = max(size, largest)
        lines = max(int(height / (size * _LEADING) + 0.01), 1)
        return canvas.block(0.0, top, text, width, [size], lines=lines, bold=top == 0.0)


def _modules_at_most(text: str, level: str) -> int:
    """Modules a side with the quiet zone, should the firmware write the whole text in byte mode."""
    for version, room in enumerate(_BYTES[level], 1):
        if len(text) <= room:
            return 17 + 4 * version + 2 * QUIET_MODULES
    raise CodeNotPrintable(length=len(text))


def _ascii(text: str) -> str:
    """What the printer's own font can show; the rest is left out, never guessed."""
    return " ".join("".join(sign for sign in text.replace("°C", "C") if " " <= sign <= "~").split())


def _field(text: str) -> bytes:
    """Return `text` as a field's data.  Signs that the language would take for its own are written in hex."""
    if not {"^", "~"} & set(text):
        return b"^FD%s^FS" % text.encode("ascii")
    escaped = "".join(f"_{ord(sign):02X}" if sign in "^~_" else sign for sign in text)
    return b"^FH_^FD%s^FS" % escaped.encode("ascii")
