"""The header of a statement: what is signed, and what the log keeps.

    {"id":"<uuidv7>","key":b64(32),"net":b64(32),"prev":b64(32)|null,"private":b64(32),"public":b64(32),
     "pw":16,"seen":b64(32)|null,"units":b64(32),"uw":64,"v":1}

It holds hashes only, so that the log can be public while the pieces stay with whom they concern.  The signature
is over `"CTE1" 00 | header bytes`.

Our devices make the id a UUIDv7 whose time is the start of a UTC day: a consumer's bundle shows the header, and a plain
UUIDv7 would tell the millisecond (docs/decisions/0004-received-at-by-day.md).  Any UUIDv7 is read.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from coldtrace.clock import new_id
from coldtrace.errors import Refusal
from coldtrace.events.canonical import decode, encode
from coldtrace.events.refusals import MalformedStatement, StatementTooLarge
from coldtrace.events.salted_tree import is_width
from coldtrace.events.shape import Shape
from coldtrace.seal.b64 import b64
from coldtrace.seal.hashing import sha256

SIGNATURE_PREFIX: Final = b"CTE1\x00"
HEADER_MAX: Final = 1024

_KEYS: Final = frozenset({"v", "net", "id", "key", "prev", "seen", "public", "private", "pw", "units", "uw"})
_UUID7: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Header:
    """The parsed header.  Hashes are 32 bytes; `prev` and `seen` may be absent."""

    net: bytes
    id: UUID
    key: bytes
    prev: bytes | None
    seen: bytes | None
    public: bytes
    private: bytes
    private_width: int
    units: bytes
    units_width: int


def write_header(header: Header) -> str:
    """Return the exact text of a header."""
    return encode(
        {
            "v": 1,
            "net": b64(header.net),
            "id": str(header.id),
            "key": b64(header.key),
            "prev": None if header.prev is None else b64(header.prev),
            "seen": None if header.seen is None else b64(header.seen),
            "public": b64(header.public),
            "private": b64(header.private),
            "pw": header.private_width,
            "units": b64(header.units),
            "uw": header.units_width,
        }
    )


def read_header(text: str) -> Header:
    """Return the parsed header; raise StatementTooLarge, NotCanonical or MalformedStatement."""
    if len(text) > HEADER_MAX:
        raise StatementTooLarge(piece="header", limit=HEADER_MAX)
    shape = Shape(decode(text), _KEYS, _wrong)
    shape.version()
    return Header(
        net=shape.octets("net", 32),
        id=_read_id(shape),
        key=shape.octets("key", 32),
        prev=shape.optional_octets("prev", 32),
        seen=shape.optional_octets("seen", 32),
        public=shape.octets("public", 32),
        private=shape.octets("private", 32),
        private_width=_width(shape, "pw"),
        units=shape.octets("units", 32),
        units_width=_width(shape, "uw"),
    )


def statement_id(moment: datetime) -> UUID:
    """Return a new id for a statement made at `moment`: a UUIDv7 that tells the UTC day and no more."""
    return new_id(moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0))


def header_hash(text: str) -> bytes:
    """Return the SHA-256 of the header's bytes: how other statements refer to this one."""
    return sha256(text.encode("utf-8"))


def signed_bytes(text: str) -> bytes:
    """Return what the device signs for a header text."""
    return SIGNATURE_PREFIX + text.encode("utf-8")


def _read_id(shape: Shape) -> UUID:
    # Any UUIDv7 is read, as events.md says; our own devices make theirs without the time of day (statement_id),
    # so that whoever gets a proof does not learn the hour from the id.
    return UUID(shape.text("id", pattern=_UUID7))


def _width(shape: Shape, name: str) -> int:
    width = shape.integer(name)
    if not is_width(width):
        raise shape.wrong(name)
    return width


def _wrong(where: str) -> Refusal:
    return MalformedStatement(piece="header", where=where)
