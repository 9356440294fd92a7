"""The trace code: what our labels carry, taken apart and checked (docs/formats/codes.md).

Our own strict rules for the few AIs that our codes use; everybody else's codes are read in `foreign.py`.

    case or unit   01 [22] [10] 21      pallet   00      place   414 [254]      no GS1 identity   U
    may follow     02 17 37 4331 4333, by number

>>> code = TraceCode(host="trace.example.cn", elements=(("01", "09506000134352"), ("21", "7QK4M2ZX9RTB")), token=None)
>>> code.kind, code.unit_id
(<CodeKind.UNIT: 'unit'>, '(01)09506000134352(21)7QK4M2ZX9RTB')
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Final
from urllib.parse import quote

from coldtrace.codes.calendar import is_yymmd0
from coldtrace.codes.check_digit import has_valid_check_digit
from coldtrace.codes.link_text import is_cset82
from coldtrace.codes.refusals import MalformedUri
from coldtrace.codes.short_code import check_character, is_serial

Element = tuple[str, str]


class CodeKind(StrEnum):
    """What a code identifies."""

    UNIT = "unit"  # one case or retail unit: GTIN and serial, or U
    PALLET = "pallet"  # one logistic unit: SSCC
    PLACE = "place"  # a station, warehouse or dock door: GLN
    PLAIN = "plain"  # a product or lot, but no single unit: GTIN without a serial
    FOREIGN = "foreign"  # a GS1 key that this system does not trace


# Primary key -> what may follow in the path, in this order.
QUALIFIERS: Final = {"01": ("22", "10", "21"), "00": (), "414": ("254",), "U": ()}
QUERY_AIS: Final = ("02", "17", "37", "4331", "4333")

_DIGITS: Final = {"00": 18, "01": 14, "02": 14, "414": 13}
_TEXTS: Final = frozenset({"10", "21", "22", "254"})
_COUNT: Final = re.compile(r"[0-9]{1,8}", re.ASCII)
_TEMPERATURE: Final = re.compile(r"[0-9]{6}-?", re.ASCII)
_OWN_ID: Final = re.compile(r"[0-9A-Z]{13,26}", re.ASCII)
_PRINTED: Final = re.compile(r"[0-9A-Z.\-]{1,20}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class TraceCode:
    """One code in parts.  Making one with elements that are not a trace code's raises MalformedUri.

    `host` is lower case, `elements` in signing order, `token` upper case or None for an unsigned code; the
    token's own form is not checked here, as its verdict comes later than the code's.
    """

    host: str
    elements: tuple[Element, ...]
    token: str | None

    def __post_init__(self) -> None:
        check_elements(self.elements)

    @cached_property
    def kind(self) -> CodeKind:
        """Return what the code identifies."""
        return kind_of(dict(self.elements))

    @cached_property
    def unit_id(self) -> str | None:
        """Return the unit id under which statements name these goods; None for a place."""
        return unit_id_of(dict(self.elements))

    @cached_property
    def serial(self) -> str | None:
        """Return the serial that a short code names: that of AI 21, or the one an id of our own is made of."""
        return serial_of(dict(self.elements))

    def value(self, ai: str) -> str | None:
        """Return the value of an AI, or None if the code does not carry it."""
        return next((value for name, value in self.elements if name == ai), None)


def kind_of(ais: dict[str, str]) -> CodeKind:
    """Return what a set of AIs identifies, whatever symbol carried them."""
    if "00" in ais:
        return CodeKind.PALLET
    if "U" in ais or ("01" in ais and "21" in ais):
        return CodeKind.UNIT
    if "01" in ais:
        return CodeKind.PLAIN
    return CodeKind.PLACE if "414" in ais else CodeKind.FOREIGN


def unit_id_of(ais: dict[str, str]) -> str | None:
    """Return the unit id of a set of AIs: of the logistic unit, the single unit, or the lot; else None."""
    if "00" in ais:
        return f"(00){ais['00']}"
    if "U" in ais:
        return f"U:{ais['U']}"
    for ai in ("21", "10"):
        if "01" in ais and ai in ais:
            return f"(01){ais['01']}({ai}){quote(ais[ai], safe='')}"
    return None


def serial_of(ais: dict[str, str]) -> str | None:
    """Return the serial behind the printed short code of a set of AIs, or None if it has none.

    An id of our own is a serial with its check character: what a person keys in is the id itself.
    """
    if "21" in ais:
        return ais["21"] if is_serial(ais["21"]) else None
    own = ais.get("U", "")
    return own[:12] if len(own) == 13 and is_serial(own[:12]) and check_character(own[:12]) == own[12] else None


def check_elements(elements: Sequence[Element]) -> None:
    """Raise MalformedUri unless `elements` are those of one trace code, in signing order."""
    _check(tuple(elements))


@lru_cache(maxsize=16)
def _check(elements: tuple[Element, ...]) -> None:
    """Check the elements of a code; the last few are kept, as a code is checked wherever it is used."""
    if not elements or elements[0][0] not in QUALIFIERS:
        raise MalformedUri(reason="no_key")
    primary = elements[0][0]
    places = {ai: place for place, ai in enumerate((primary, *QUALIFIERS[primary], *QUERY_AIS))}
    last = -1
    for ai, value in elements:
        if ai not in places:
            raise MalformedUri(reason="not_allowed", at=ai)
        if places[ai] <= last:
            raise MalformedUri(reason="repeated" if places[ai] == last else "order", at=ai)
        last = places[ai]
        if not has_form(ai, value):
            raise MalformedUri(reason="form" if value else "missing_value", at=ai)
    if primary == "01" and all(ai != "21" for ai, _ in elements):
        raise MalformedUri(reason="missing", at="21")


def in_signing_order(elements: Sequence[Element]) -> tuple[Element, ...]:
    """Return the elements in signing order; raise MalformedUri if they make no trace code."""
    primary = next((ai for ai, _ in elements if ai in QUALIFIERS), None)
    if primary is None:
        raise MalformedUri(reason="no_key")
    order = (primary, *QUALIFIERS[primary], *QUERY_AIS)
    ordered = tuple(sorted(elements, key=lambda pair: order.index(pair[0]) if pair[0] in order else len(order)))
    check_elements(ordered)
    return ordered


def prints_plainly(value: str) -> bool:
    """Tell whether a lot or serial may go on our own labels: `0-9 A-Z - .`, at most 20.

    A foreign lot with other signs stays in the database and gets an intake lot of our own.
    """
    return _PRINTED.fullmatch(value) is not None


def has_form(ai: str, value: str) -> bool:
    """Tell whether `value` has the form of one of the identifiers that our codes use."""
    if ai in _DIGITS:
        return len(value) == _DIGITS[ai] and has_valid_check_digit(value)
    if ai in _TEXTS:
        return len(value) <= 20 and is_cset82(value)
    if ai == "17":
        return is_yymmd0(value)
    form = {"37": _COUNT, "4331": _TEMPERATURE, "4333": _TEMPERATURE, "U": _OWN_ID}[ai]
    return form.fullmatch(value) is not None
