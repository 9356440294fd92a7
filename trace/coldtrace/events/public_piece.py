"""The public piece: what whoever holds one of the units may read.

    {"by":"device|gateway","cold":"ok|breach|unknown","corrects":{"header":b64(32),"mode":"..."}|null,
     "date":"2026-11-23","evidence":[b64(32)...],"facts":b64(32)|null,
     "place":{"district":"120116","role":"cold_store"},"salt":b64(16),"type":"receive"}

The day, the kind of place and the district; never the hour, the firm or the count.  The header holds its SHA-256.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from coldtrace.errors import Refusal
from coldtrace.events.canonical import decode, encode
from coldtrace.events.refusals import MalformedStatement, StatementTooLarge
from coldtrace.events.shape import NAME, Shape, read_octets
from coldtrace.events.statement_type import WITH_FACTS, StatementType
from coldtrace.seal.b64 import b64

PUBLIC_MAX: Final = 8 * 1024
EVIDENCE_MAX: Final = 64
DISTRICT: Final = re.compile(r"\d{6}", re.ASCII)

_KEYS: Final = frozenset({"salt", "type", "date", "place", "by", "cold", "evidence", "facts", "corrects"})
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class Speaker(StrEnum):
    """Who says it: a device in somebody's hand, or the system on behalf of another system."""

    DEVICE = "device"
    GATEWAY = "gateway"


class Cold(StrEnum):
    """The cold verdict; no data is `unknown`, never `ok`."""

    OK = "ok"
    BREACH = "breach"
    UNKNOWN = "unknown"


class CorrectionMode(StrEnum):
    """What was wrong with the corrected statement (EPCIS error declaration)."""

    DID_NOT_OCCUR = "did_not_occur"
    INCORRECT_DATA = "incorrect_data"


@dataclass(frozen=True, kw_only=True)
class Place:
    """The kind of place and its district (GB/T 2260), all that a stranger learns of the site."""

    role: str
    district: str


@dataclass(frozen=True, kw_only=True)
class Corrects:
    """The statement that this one corrects, by header hash."""

    header: bytes
    mode: CorrectionMode


@dataclass(frozen=True, kw_only=True)
class PublicPiece:
    """The parsed public piece."""

    salt: bytes
    type: StatementType
    date: date
    place: Place
    by: Speaker
    cold: Cold
    evidence: tuple[bytes, ...]
    facts: bytes | None
    corrects: Corrects | None


_TYPES: Final[frozenset[str]] = frozenset(StatementType)
_SPEAKERS: Final[frozenset[str]] = frozenset(Speaker)
_COLD: Final[frozenset[str]] = frozenset(Cold)
_PLACE_KEYS: Final = frozenset({"role", "district"})


def write_public(
    *,
    salt: bytes,
    type: StatementType,
    date: str,
    place: Place,
    by: str,
    cold: str,
    evidence: Sequence[bytes] = (),
    facts: bytes | None = None,
    corrects: Corrects | None = None,
) -> str:
    """Return the exact text of a public piece."""
    return encode(
        {
            "salt": b64(salt),
            "type": type,
            "date": date,
            "place": {"role": place.role, "district": place.district},
            "by": by,
            "cold": cold,
            "evidence": [b64(digest) for digest in evidence],
            "facts": None if facts is None else b64(facts),
            "corrects": None if corrects is None else {"header": b64(corrects.header), "mode": corrects.mode},
        }
    )


def read_public(text: str) -> PublicPiece:
    """Return the parsed public piece; raise StatementTooLarge, NotCanonical or MalformedStatement."""
    if len(text) > PUBLIC_MAX:
        raise StatementTooLarge(piece="public", limit=PUBLIC_MAX)
    shape = Shape(decode(text), _KEYS, _wrong)
    kind = StatementType(shape.choice("type", _TYPES))
    facts = shape.optional_octets("facts", 32)
    corrects = _read_corrects(shape)
    if facts is not None and kind not in WITH_FACTS:
        raise shape.wrong("facts")
    if corrects is None and kind is StatementType.CORRECT:
        raise shape.wrong("corrects")
    return PublicPiece(
        salt=shape.octets("salt", 16),
        type=kind,
        date=_read_date(shape),
        place=read_place(shape.inner("place", _PLACE_KEYS)),
        by=Speaker(shape.choice("by", _SPEAKERS)),
        cold=Cold(shape.choice("cold", _COLD)),
        evidence=tuple(
            read_octets(item, 32, lambda _: shape.wrong("evidence"))
            for item in shape.items("evidence", limit=EVIDENCE_MAX)
        ),
        facts=facts,
        corrects=corrects,
    )


def read_place(shape: Shape) -> Place:
    """Return role and district of an object that has both keys."""
    return Place(role=shape.text("role", pattern=NAME), district=shape.text("district", pattern=DISTRICT))


def _read_date(shape: Shape) -> date:
    text = shape.text("date", pattern=_DATE)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise shape.wrong("date") from None


def _read_corrects(shape: Shape) -> Corrects | None:
    if shape.is_null("corrects"):
        return None
    inner = shape.inner("corrects", frozenset({"header", "mode"}))
    return Corrects(
        header=inner.octets("header", 32),
        mode=CorrectionMode(inner.choice("mode", frozenset(CorrectionMode))),
    )


def _wrong(where: str) -> Refusal:
    return MalformedStatement(piece="public", where=where)
