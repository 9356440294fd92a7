"""Unit ids: how a statement names goods.

    (00)SSCC                 pallet or other logistic unit          (00)106141412345678908
    (01)GTIN(21)SERIAL       one carton or pack                     (01)09506000134352(21)7QK4M2ZX9RTB
    (01)GTIN(10)LOT          goods known by lot, with a quantity    (01)09506000134352(10)L2409A17
    U:ID                     a unit without GS1 identity            U:7QK4M2ZX9RTB5
    SCHEME:VALUE             a foreign code                         zj-cold:91%2F0042

GTIN-14 and SSCC carry their check digit.  Values are percent-encoded (upper-case hex of the UTF-8 bytes) outside
`A-Za-z0-9-._~`, so one unit has one spelling and no value can look like the next element.

>>> serial_unit(gtin="09506000134352", serial="7QK4M2ZX9RTB")
'(01)09506000134352(21)7QK4M2ZX9RTB'
>>> foreign_unit(scheme="zjcold", value="91/0042")
'zjcold:91%2F0042'
>>> read_unit_id("zjcold:91%2F0042").value
'91/0042'
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import NewType
from urllib.parse import quote, unquote_to_bytes

from coldtrace.codes.check_digit import has_valid_check_digit
from coldtrace.errors import Refusal, Words

UnitId = NewType("UnitId", str)

_UNRESERVED = r"(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})"
_FORM = re.compile(
    rf"\(00\)(?P<sscc>\d{{18}})"
    rf"|\(01\)(?P<gtin>\d{{14}})\((?P<by>21|10)\)(?P<key>{_UNRESERVED}{{1,60}})"
    rf"|U:(?P<own>[0-9A-Z]{{13,26}})"
    rf"|(?P<scheme>[a-z][a-z0-9]{{1,15}}):(?P<value>{_UNRESERVED}{{1,270}})",
    re.ASCII,
)


class MalformedUnitId(Refusal):
    """The text names no unit in the one accepted spelling."""

    code = "malformed_unit_id"
    title = Words("货物编号有误", "Malformed unit id")
    detail = Words(
        "“{text}” 不是规范的货物编号；请重新扫描标签，或按 (01)、(00)、U: 的格式输入。",
        "“{text}” does not name a unit; scan the label again, or enter it as (01)…, (00)… or U:….",
    )


class UnitKind(StrEnum):
    """What a unit id names."""

    SSCC = "sscc"
    SERIAL = "serial"
    LOT = "lot"
    OWN = "own"
    FOREIGN = "foreign"


@dataclass(frozen=True, kw_only=True)
class Unit:
    """The parts of a unit id, decoded.  `value` is the SSCC, serial, lot, own id or foreign value."""

    kind: UnitKind
    value: str
    gtin: str | None = None
    scheme: str | None = None


def read_unit_id(text: str) -> Unit:
    """Return the parts of a unit id; raise MalformedUnitId for any but its one spelling."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise _malformed(text)
    if sscc := found["sscc"]:
        return _checked(text, Unit(kind=UnitKind.SSCC, value=sscc), sscc)
    if gtin := found["gtin"]:
        kind = UnitKind.SERIAL if found["by"] == "21" else UnitKind.LOT
        return _checked(text, Unit(kind=kind, value=_decoded(text, found["key"], 20), gtin=gtin), gtin)
    if own := found["own"]:
        return Unit(kind=UnitKind.OWN, value=own)
    return Unit(kind=UnitKind.FOREIGN, value=_decoded(text, found["value"], 90), scheme=found["scheme"])


def parse_unit_id(text: str) -> UnitId:
    """Return `text` as a unit id; raise MalformedUnitId for any but its one spelling."""
    read_unit_id(text)
    return UnitId(text)


def sscc_unit(sscc: str) -> UnitId:
    """Return the unit id of a pallet or other logistic unit."""
    return parse_unit_id(f"(00){sscc}")


def serial_unit(*, gtin: str, serial: str) -> UnitId:
    """Return the unit id of one serialised carton or pack."""
    return parse_unit_id(f"(01){gtin}(21){_encoded(serial)}")


def lot_unit(*, gtin: str, lot: str) -> UnitId:
    """Return the unit id of goods that are known by their lot."""
    return parse_unit_id(f"(01){gtin}(10){_encoded(lot)}")


def own_unit(own_id: str) -> UnitId:
    """Return the unit id of a unit that has no GS1 identity at all."""
    return parse_unit_id(f"U:{own_id}")


def foreign_unit(*, scheme: str, value: str) -> UnitId:
    """Return the unit id of a code of somebody else's scheme."""
    return parse_unit_id(f"{scheme}:{_encoded(value)}")


def _encoded(value: str) -> str:
    try:
        return quote(value, safe="")
    except UnicodeEncodeError:
        raise _malformed(value) from None


def _decoded(text: str, value: str, limit: int) -> str:
    if "%" not in value:
        if len(value) > limit:
            raise _malformed(text)
        return value
    try:
        decoded = unquote_to_bytes(value).decode("utf-8")
    except UnicodeDecodeError:
        raise _malformed(text) from None
    # Printing it again refuses %41 for A: one unit, one spelling.
    if len(decoded) > limit or quote(decoded, safe="") != value:
        raise _malformed(text)
    return decoded


def _checked(text: str, unit: Unit, digits: str) -> Unit:
    if not _is_number(digits):
        raise _malformed(text)
    return unit


@lru_cache(maxsize=4096)
def _is_number(digits: str) -> bool:
    # A container has 1,200 serials of one GTIN.
    return has_valid_check_digit(digits)


def _malformed(text: str) -> MalformedUnitId:
    # A refusal travels as UTF-8; a lone surrogate in what was scanned must not break the answer.
    return MalformedUnitId(text=text[:80].encode("utf-8", "replace").decode("utf-8"))
