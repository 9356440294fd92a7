"""A small PDF writer that streams: pages go out as they come, the font and the index at the end.

What a lot has in common is one form object, written once and placed on each page; only the code and its digits are
new.  Text is real text: it can be searched, copied and printed sharp.  A QR code is one filled path, because viewers
smooth small pictures and a scanner then meets grey modules.  Memory holds the object index (16 bytes a page) and the
names of the last forms; nothing else grows.  The same labels give the same bytes: no date is written.

Layout of the file: ISO 32000-1, composite fonts 9.7, viewer preferences 12.2.
"""

import hashlib
import zlib
from array import array
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO

from coldtrace.labels.drawing import BOLD_EM, Box, Code, Drawing, Mark, Text
from coldtrace.labels.font import LabelFont
from coldtrace.labels.page import Page

_POINTS_PER_MM = 72 / 25.4
_KEPT_FORMS = 128
_LEVEL = 6
_CATALOG, _PAGES, _FONT, _INFO = 1, 2, 3, 4


@dataclass(frozen=True)
class PdfForm:
    """What the labels of a lot share, packed; `key` is a hash of what it draws."""

    key: bytes
    head: bytes
    packed: bytes


@dataclass(frozen=True)
class PdfPage:
    """One page, packed and ready to be put into any file: its forms in the order of their names, L0 first."""

    width: float
    height: float
    forms: tuple[PdfForm, ...]
    packed: bytes
    characters: str


class PdfPages:
    """Packs pages.  It knows nothing of the file they go into, so pages can be packed in another process."""

    def __init__(self, font: LabelFont) -> None:
        self._font = font
        self._forms: OrderedDict[tuple[float, float, Drawing], tuple[PdfForm, set[str]]] = OrderedDict()
        self._used: set[str] = set()

    def page(self, page: Page) -> PdfPage:
        """Pack one page."""
        width, height = page.width * _POINTS_PER_MM, page.height * _POINTS_PER_MM
        self._used = set()
        names: dict[bytes, tuple[str, PdfForm]] = {}
        content = [f"{_number(_POINTS_PER_MM)} 0 0 {_number(-_POINTS_PER_MM)} 0 {_number(height)} cm\n"]
        for placed in page.faces:
            form = self._form(placed.face.width, placed.face.height, placed.face.fixed)
            name, _ = names.setdefault(form.key, (f"L{len(names)}", form))
            own = self._marks(placed.face.own)
            content.append(f"q 1 0 0 1 {_number(placed.x)} {_number(placed.y)} cm /{name} Do\n{own}Q\n")
        content.append(self._marks(page.furniture))
        forms = tuple(form for _, form in names.values())
        packed = zlib.compress("".join(content).encode("ascii"), _LEVEL)
        return PdfPage(width, height, forms, packed, "".join(sorted(self._used)))

    def _form(self, width: float, height: float, drawing: Drawing) -> PdfForm:
        key = (width, height, drawing)
        if key in self._forms:
            self._forms.move_to_end(key)
        else:
            before, self._used = self._used, set()
            head = (
                f"/Type /XObject /Subtype /Form /BBox [0 0 {_number(width)} {_number(height)}] "
                f"/Resources << /Font << /F {_FONT} 0 R >> >> "
            ).encode("ascii")
            marks = self._marks(drawing).encode("ascii")
            form = PdfForm(hashlib.sha256(head + marks).digest(), head, zlib.compress(marks, _LEVEL))
            self._forms[key] = form, self._used
            self._used = before
            if len(self._forms) > _KEPT_FORMS:
                self._forms.popitem(last=False)
        form, used = self._forms[key]
        self._used |= used
        return form

    def _marks(self, drawing: Sequence[Mark]) -> str:
        return "".join(map(self._mark, drawing))

    def _mark(self, mark: Mark) -> str:
        if isinstance(mark, Text):
            return self._text(mark)
        if isinstance(mark, Box):
            return f"{_number(mark.x)} {_number(mark.y)} {_number(mark.width)} {_number(mark.height)} re f\n"
        where = f"q {_number(mark.module)} 0 0 {{}} {_number(mark.x)} {_number(mark.y)} cm\n"
        if isinstance(mark, Code):
            numbers = tuple(chain.from_iterable(mark.symbol.runs()))
            path = "%d %d %d 1 re\n" * (len(numbers) // 3) % numbers  # one formatting call for some 800 runs
            return where.format(_number(mark.module)) + path + "f Q\n"
        path = "\n".join(f"{first} 0 {width} 1 re" for first, width in mark.bars.runs())
        return where.format(_number(mark.height)) + path + "\nf Q\n"

    def _text(self, mark: Text) -> str:
        self._used.update(mark.text)
        codes = [f"{self._font.code(character):04X}" for character in mark.text]
        size = _number(mark.size)
        ink = "1 g 1 G " if mark.white else ""
        bold = f"2 Tr {_number(mark.size * BOLD_EM)} w " if mark.bold else ""
        tracking = f"{_number(mark.tracking)} Tc " if mark.tracking else ""
        begin = f"q {ink}BT /F 1 Tf {bold}{tracking}"
        across = _number(mark.size * mark.stretch)
        return f"{begin}{across} 0 0 -{size} {_number(mark.x)} {_number(mark.y)} Tm <{''.join(codes)}> Tj ET Q\n"


class PdfWriter:
    """Write pages to `out` one after another; `close` finishes the file but leaves `out` open."""

    def __init__(self, out: BinaryIO, font: LabelFont, *, title: str) -> None:
        self._out = out
        self._font = font
        self._written = 0
        self._offsets = array("q", [0] * 5)
        self._pages = array("q")
        self._forms: OrderedDict[bytes, int] = OrderedDict()
        self._used: dict[int, str] = {}
        self._write(b"%PDF-1.7\n%\xe5\x86\xb7\xe9\x93\xbe\n")
        self._object(_INFO, f"<< /Title {_text_string(title)} /Producer (coldtrace) >>".encode())

    def put(self, page: PdfPage) -> None:
        """Put one page into the file."""
        for character in page.characters:
            self._used[self._font.code(character)] = character
        forms = " ".join(f"/L{place} {self._form(form)} 0 R" for place, form in enumerate(page.forms))
        stream = self._packed_stream(b"", page.packed)
        box = f"[0 0 {_number(page.width)} {_number(page.height)}]"
        self._pages.append(
            self._new(
                f"<< /Type /Page /Parent {_PAGES} 0 R /MediaBox {box} "
                f"/Resources << /Font << /F {_FONT} 0 R >> /XObject << {forms} >> >> /Contents {stream} 0 R >>".encode()
            )
        )

    def close(self) -> None:
        """Write the font, the page tree and the index."""
        self._write_font()
        kids = " ".join(f"{page} 0 R" for page in self._pages)
        self._object(_PAGES, f"<< /Type /Pages /Kids [{kids}] /Count {len(self._pages)} >>".encode())
        self._object(
            _CATALOG,
            f"<< /Type /Catalog /Pages {_PAGES} 0 R /Lang (zh-CN) "
            "/ViewerPreferences << /PrintScaling /None /DisplayDocTitle true >> >>".encode(),
        )
        start = self._written
        self._write(f"xref\n0 {len(self._offsets)}\n0000000000 65535 f \n".encode())
        for offset in self._offsets[1:]:
            self._write(b"%010d 00000 n \n" % offset)
        self._write(
            f"trailer\n<< /Size {len(self._offsets)} /Root {_CATALOG} 0 R /Info {_INFO} 0 R >>\n"
            f"startxref\n{start}\n%%EOF\n".encode()
        )

    def _form(self, form: PdfForm) -> int:
        if form.key in self._forms:
            self._forms.move_to_end(form.key)
            return self._forms[form.key]
        number = self._packed_stream(form.head, form.packed)
        self._forms[form.key] = number
        if len(self._forms) > _KEPT_FORMS:
            self._forms.popitem(last=False)
        return number

    def _write_font(self) -> None:
        font = self._font
        scale = 1000 / font.units
        program = font.subset("".join(sorted(self._used.values())))
        kind = "/Subtype /CIDFontType0C " if font.is_cff else f"/Length1 {len(program)} "
        file = self._stream(kind.encode(), program)
        name = f"/LABELS+{font.name}"
        box = " ".join(str(round(value * scale)) for value in font.box)
        descriptor = self._new(
            f"<< /Type /FontDescriptor /FontName {name} /Flags 4 /FontBBox [{box}] /ItalicAngle 0 "
            f"/Ascent {round(font.ascent * scale)} /Descent {round(font.descent * scale)} "
            f"/CapHeight {round(font.cap_height * scale)} /StemV 80 "
            f"/FontFile{3 if font.is_cff else 2} {file} 0 R >>".encode()
        )
        widths = " ".join(f"{code} [{round(font.advance(self._used[code]) * 1000)}]" for code in sorted(self._used))
        outlines = "/Subtype /CIDFontType0" if font.is_cff else "/Subtype /CIDFontType2 /CIDToGIDMap /Identity"
        descendant = self._new(
            f"<< /Type /Font {outlines} /BaseFont {name} /DW 1000 /W [{widths}] /FontDescriptor {descriptor} 0 R "
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>".encode()
        )
        to_unicode = self._stream(b"", _to_unicode(self._used))
        self._object(
            _FONT,
            f"<< /Type /Font /Subtype /Type0 /BaseFont {name} /Encoding /Identity-H "
            f"/DescendantFonts [{descendant} 0 R] /ToUnicode {to_unicode} 0 R >>".encode(),
        )

    def _stream(self, head: bytes, data: bytes) -> int:
        return self._packed_stream(head, zlib.compress(data, _LEVEL))

    def _packed_stream(self, head: bytes, packed: bytes) -> int:
        return self._new(
            b"<< %s/Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (head, len(packed), packed)
        )

    def _new(self, body: bytes) -> int:
        self._offsets.append(0)
        number = len(self._offsets) - 1
        self._object(number, body)
        return number

    def _object(self, number: int, body: bytes) -> None:
        self._offsets[number] = self._written
        self._write(b"%d 0 obj\n%s\nendobj\n" % (number, body))

    def _write(self, data: bytes) -> None:
        self._out.write(data)
        self._written += len(data)


def _number(value: float) -> str:
    text = f"{value:.4f}".rstrip("0").rstrip(".")
    return text if text not in ("-0", "") else "0"


def _text_string(text: str) -> str:
    return "<FEFF" + text.encode("utf-16-be").hex().upper() + ">"


def _to_unicode(used: dict[int, str]) -> bytes:
    pairs = [f"<{code:04X}> <{used[code].encode('utf-16-be').hex().upper()}>" for code in sorted(used)]
    blocks = [
        f"{len(part)} beginbfchar\n" + "\n".join(part) + "\nendbfchar\n"
        for part in (pairs[first : first + 100] for first in range(0, len(pairs), 100))
    ]
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n"
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n"
        "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n"
        "1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n"
        f"{''.join(blocks)}endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"
    ).encode("ascii")
