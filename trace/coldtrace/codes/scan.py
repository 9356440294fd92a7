"""One door for everything a scanner, a wedge or a glove can enter.

    ]Q1...                       an AIM symbology prefix is taken off, once
    CT:IN                        a command card
    https://...                  our signed code, or a GS1 Digital Link of any host
    (01)...  ]C101...  0109...   a GS1 element string, bracketed or raw
    9506000134352                a bare GTIN; 18 digits are a bare SSCC
    7QK4-M2ZX-9RTB-5             a short code

Kinds go by what is identified, not by what carried it: the GS1-128 beside a pallet's QR code says `pallet` too.
A text is read in one way or refused; nothing is guessed.

>>> scan = read_scan("]C100106141412345678908")
>>> scan.kind, scan.ais, scan.unit_id
(<CodeKind.PALLET: 'pallet'>, {'00': '106141412345678908'}, '(00)106141412345678908')
"""

import re
from dataclasses import dataclass, field
from typing import Final, Literal

from coldtrace.codes.check_digit import is_digits
from coldtrace.codes.command import Card, is_command, parse_command
from coldtrace.codes.digital_link import parse_trace_code
from coldtrace.codes.foreign import is_marked, read_elements, read_link
from coldtrace.codes.gtin import LENGTHS, parse_gtin
from coldtrace.codes.link_text import MAX_CHARACTERS, looks_like_link
from coldtrace.codes.refusals import MalformedNumber, MalformedUri, UnknownCode
from coldtrace.codes.short_code import is_short_code, looks_like_short_code, parse_short_code
from coldtrace.codes.sscc import parse_sscc
from coldtrace.codes.trace_code import CodeKind, TraceCode, kind_of, unit_id_of

_AIM: Final = re.compile(r"\]([A-Za-z][0-9A-Za-z])", re.ASCII)
# Symbols with FNC1 in first place: GS1-128, DataBar, GS1 DataMatrix, GS1 QR, GS1 DotCode.
GS1_SYMBOLS: Final = frozenset({"C1", "e0", "e1", "e2", "d2", "Q3", "J1"})
# EAN-13 with UPC-A and UPC-E, EAN-8: they hold the number of a trade item and nothing else.
EAN_SYMBOLS: Final = frozenset({"E0", "E4"})
# A parameter `s` this long claims to be our token; then nobody else's looser rules apply to the link.
_CLAIMS_TOKEN: Final = re.compile(r"[?&][sS]=[A-Za-z2-7]{64}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What one scan said.  `code` is set for a link in the form of our codes, whoever's host it names."""

    kind: CodeKind | Literal["short", "command"]
    ais: dict[str, str] = field(default_factory=dict)
    code: TraceCode | None = None
    serial: str | None = None
    command: Card | None = None

    @property
    def unit_id(self) -> str | None:
        """Return the unit id of the goods, or None if the scan names none (a short code must be looked up)."""
        return unit_id_of(self.ais)


def claims_to_be_ours(text: str) -> bool:
    """Tell whether a link carries what looks like our token: then no looser rules than ours apply to it."""
    return looks_like_link(text) and _CLAIMS_TOKEN.search(text) is not None


def read_scan(text: str) -> Scan:
    """Return what a scanned or keyed-in text says.

    Raises a refusal of `codes.refusals` and nothing else.  A signature is not judged here; ask
    `verify.code.verify_code`.
    """
    plain, symbol = without_reader_marks(text)
    if not plain or len(plain) > MAX_CHARACTERS:
        raise UnknownCode()
    if is_command(plain):
        return Scan(kind="command", command=parse_command(plain))
    if looks_like_link(plain):
        return _read_link(plain)
    if symbol in GS1_SYMBOLS or is_marked(plain):
        return _of_elements(dict(read_elements(plain)))
    if symbol in EAN_SYMBOLS:
        return _of_elements({"01": parse_gtin(plain)})
    if is_digits(plain) and len(plain) in (*LENGTHS, 18):
        return _read_number(plain)
    return _read_unmarked(plain)


def without_reader_marks(text: str) -> tuple[str, str | None]:
    """Return the text without blanks around it and without one AIM prefix, and that prefix's two characters."""
    # Not a bare `strip`: it would take the group separator for a blank.
    plain = text.strip(" \t\r\n")
    prefix = _AIM.match(plain)
    return (plain, None) if prefix is None else (plain[prefix.end() :], prefix[1])


def _read_link(text: str) -> Scan:
    code: TraceCode | None = None
    try:
        code = parse_trace_code(text)
    except MalformedUri:
        code = _own_id_in_lower_case(text)
        if code is None and _CLAIMS_TOKEN.search(text):
            raise
    if code is not None and (code.value("U") is not None or _CLAIMS_TOKEN.search(text)):
        return Scan(kind=code.kind, ais=dict(code.elements), code=code)
    ais = dict(read_link(text))
    return Scan(kind=kind_of(ais), ais=ais, code=code)


def _own_id_in_lower_case(text: str) -> TraceCode | None:
    """Return the code of `/u/...` as a wedge with inverted Caps Lock types it; such ids have capitals only."""
    try:
        code = parse_trace_code(text.upper()) if text.isascii() else None
    except MalformedUri:
        return None
    return code if code is not None and code.value("U") is not None else None


def _read_number(digits: str) -> Scan:
    """Read digits that have the length of a GTIN or SSCC; the check digit tells it from an element string."""
    if len(digits) == 18:
        return _of_elements({"00": parse_sscc(digits)})
    try:
        return _of_elements({"01": parse_gtin(digits)})
    except MalformedNumber:
        # One serial in a million has no letter.
        if len(digits) != 13 or not is_short_code(digits):
            raise
        return Scan(kind="short", serial=parse_short_code(digits))


def _read_unmarked(text: str) -> Scan:
    # Thirteen characters of the alphabet are a short code, right or wrong: a mistyped one that begins with 91
    # must not pass for somebody's internal element.
    if looks_like_short_code(text):
        return Scan(kind="short", serial=parse_short_code(text))
    if not is_digits(text[:2]):
        raise UnknownCode()
    return _of_elements(dict(read_elements(text)))


def _of_elements(ais: dict[str, str]) -> Scan:
    return Scan(kind=kind_of(ais), ais=ais)
