"""The header of a filter file, and where an item's three slots are (docs/formats/filters.md, sections 1 to 3).

    {"bits":8|16|32|48,"body":b64(32),"count":int,"expires":time|null,"issued":time,"key":b64(32)|null,"kind":text,
     "net":b64(32),"salt":b64(16),"seq":int,"signer":b64(32)|null,"v":1}

A filter's *id* is the SHA-256 of this text.  The text holds the tree hash of the body, so the id names every byte
that counts; a trust list pins an allow-filter by it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from struct import Struct
from typing import Final

from coldtrace.clock import format_utc, parse_utc
from coldtrace.errors import Refusal, Words
from coldtrace.seal.b64 import b64
from coldtrace.seal.canonical_text import NotInProfile, print_canonical, read_canonical
from coldtrace.seal.hashing import sha256
from coldtrace.seal.members import Members
from coldtrace.seal.trust_entries import TrustedKey

MAGIC: Final = b"CCF1"
SIGNED_PREFIX: Final = b"CCFILTER1\x00"
PIECE_BYTES: Final = 768
"""A leaf of the body's tree: 128 slots of 48 bits, or 768 of 8; no slot lies across two leaves."""

COUNT_MAX: Final = 100_000_000
HEADER_MAX: Final = 4096
SALT_BYTES: Final = 16

_PLACES: Final = Struct(">IIIQ")


class FilterKind(StrEnum):
    """What the items are, and what a hit means."""

    ALLOWED_UNITS = "allowed_units"  # units that a stolen key signed before the theft: a hit lets through
    REVOKED_UNITS = "revoked_units"  # voided units: a hit stops
    RECALLED_LOTS = "recalled_lots"  # recalled lots: a hit stops
    BLOCKED_UNITS = (
        "blocked_units"  # goods and lots on hold, recalled, destroyed or void: a hit keeps them from going on
    )


STOP_KINDS: Final = (FilterKind.REVOKED_UNITS, FilterKind.RECALLED_LOTS, FilterKind.BLOCKED_UNITS)

BITS_MAX: Final = 48
"""An allow-filter's: a chance hit would let a forgery through, and anybody can try serials against a public file, so
there it must cost more than peeling off a genuine label (filters.md, 8)."""

_BITS: Final = {
    FilterKind.ALLOWED_UNITS: (BITS_MAX,),
    FilterKind.REVOKED_UNITS: (8, 16, 32, BITS_MAX),
    FilterKind.RECALLED_LOTS: (8, 16, 32, BITS_MAX),
    FilterKind.BLOCKED_UNITS: (8, 16, 32, BITS_MAX),
}
SURE_BITS: Final = 32
"""From here on a hit of a stop-filter is as good as certain; below, it may be chance, and the goods are not held."""

_UNITS_IN_48, _UNITS_IN_32 = 20_000, 200_000


def bits_for(kind: FilterKind, count: int) -> int:
    """Return the size of a slot in a new filter: as much as keeps a file of units small enough to carry.

    A chance hit of a recall would stop a whole lot, and lots are few, so these always have the largest.
    """
    if kind in (FilterKind.ALLOWED_UNITS, FilterKind.RECALLED_LOTS) or count <= _UNITS_IN_48:
        return BITS_MAX
    return 32 if count <= _UNITS_IN_32 else 16


class MalformedFilter(Refusal):
    """The bytes are no filter file; `where` says which part."""

    code = "malformed_filter"
    title = Words("筛查表文件有误", "Malformed filter file")
    detail = Words(
        "筛查表文件在 {where} 处不符合格式；请重新下载。",
        "The filter file is not as the format says at {where}; fetch it again.",
    )


@dataclass(frozen=True, kw_only=True)
class FilterHeader:
    """What a filter says of itself.

    `bits` is the size of a slot: a chance hit happens once in 2^bits.  `key` is the stolen key of an allow-filter,
    which the trust list pins; `signer` the status key of the others.
    """

    kind: FilterKind
    net: bytes
    seq: int
    issued: datetime
    expires: datetime | None
    count: int
    bits: int
    salt: bytes
    body: bytes
    key: bytes | None
    signer: bytes | None

    @property
    def may_hit_by_chance(self) -> bool:
        """Tell whether a hit is not certain enough to stop goods for."""
        return self.bits < SURE_BITS

    @property
    def block(self) -> int:
        """How many slots each of the three blocks has."""
        return block_of(self.count)

    @property
    def body_bytes(self) -> int:
        """The length of the body."""
        return 3 * self.block * self.bits // 8

    @property
    def pieces(self) -> int:
        """How many leaves the body's tree has."""
        return -(-self.body_bytes // PIECE_BYTES)

    @cached_property
    def text(self) -> str:
        """The exact text."""
        return print_canonical(
            {
                "v": 1,
                "kind": str(self.kind),
                "net": b64(self.net),
                "seq": self.seq,
                "issued": format_utc(self.issued),
                "expires": None if self.expires is None else format_utc(self.expires),
                "count": self.count,
                "bits": self.bits,
                "salt": b64(self.salt),
                "body": b64(self.body),
                "key": None if self.key is None else b64(self.key),
                "signer": None if self.signer is None else b64(self.signer),
            }
        )

    @cached_property
    def id(self) -> bytes:
        """SHA-256 of the text: the name of the filter."""
        return sha256(self.text.encode("utf-8"))

    def is_pinned_by(self, key: TrustedKey, net: bytes) -> bool:
        """Tell whether this is the allow-filter that a trust list of `net` names at a stolen key."""
        return (
            self.kind is FilterKind.ALLOWED_UNITS
            and self.net == net
            and self.key == key.id
            and key.allow is not None
            and key.allow.sha256 == self.id
        )

    @property
    def signed(self) -> bytes:
        """The bytes under the signature."""
        return SIGNED_PREFIX + self.text.encode("utf-8")


def block_of(count: int) -> int:
    """Return a third of 32 + 1.23 slots an item, rounded up twice; none for no item."""
    return 0 if count == 0 else (32 + -(-count * 123 // 100) + 2) // 3


def places(item: str, *, salt: bytes, block: int, bits: int) -> tuple[int, int, int, int]:
    """Return the three slots of an ASCII item and its fingerprint."""
    first, second, third, rest = _PLACES.unpack_from(sha256(salt + item.encode("ascii")))
    return (
        first * block >> 32,
        block + (second * block >> 32),
        2 * block + (third * block >> 32),
        rest >> 64 - bits,
    )


def read_header(text: str) -> FilterHeader:
    """Return the header of its exact text; raise MalformedFilter."""
    try:
        members = Members(read_canonical(text), where="", refusal=MalformedFilter)
    except NotInProfile:
        raise MalformedFilter(where="header") from None
    if members.number("v") != 1:
        raise members.refuse("v")
    kind = members.text("kind")
    if kind not in list(FilterKind):
        raise members.refuse("kind")
    is_allow = kind == FilterKind.ALLOWED_UNITS
    header = FilterHeader(
        kind=FilterKind(kind),
        net=members.data("net", length=32),
        seq=members.number("seq", at_least=0 if is_allow else 1),
        issued=_time(members, "issued"),
        expires=None if is_allow else _time(members, "expires"),
        count=members.number("count"),
        bits=members.number("bits"),
        salt=members.data("salt", length=SALT_BYTES),
        body=members.data("body", length=32),
        key=members.data("key", length=32) if is_allow else None,
        signer=None if is_allow else members.data("signer", length=32),
    )
    if header.bits not in _BITS[header.kind]:
        raise members.refuse("bits")
    if header.count > COUNT_MAX:
        raise members.refuse("count")
    if header.expires is not None and header.expires <= header.issued:
        raise members.refuse("expires")
    # What is absent here is null there, what is there is spelled one way: else one filter would have two names.
    if header.text != text:
        raise MalformedFilter(where="header")
    return header


def _time(members: Members, name: str) -> datetime:
    try:
        return parse_utc(members.text(name))
    except (ValueError, OverflowError):
        raise members.refuse(name) from None
