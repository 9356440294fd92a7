"""Make filter files (docs/formats/filters.md, section 4): an xor filter, built by peeling, in flat arrays.

Each item is an edge between three slots, one in each block.  Whoever is alone in a slot is taken away, again and
again, until nobody is left; in the reverse order each item's lonely slot is then free to be set so that the three
slots of the item make its fingerprint.  With 1.23 slots an item this ends well nearly always; if not, another salt.

A million items take some 40 bytes each while this works, and nothing is kept as objects.  The checking side is
`filter.py`.
"""

from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from struct import Struct
from sys import byteorder
from typing import Final

from coldtrace.seal.filter_header import (
    COUNT_MAX,
    MAGIC,
    PIECE_BYTES,
    SALT_BYTES,
    FilterHeader,
    FilterKind,
    bits_for,
    block_of,
)
from coldtrace.seal.hashing import leaf_hash
from coldtrace.seal.merkle import tree_root
from coldtrace.seal.signer import Signer

Items = Callable[[], Iterable[str]]
"""Gives the items afresh each time it is called: a new salt means another walk."""

TRIES_MAX: Final = 64
_Hashes = tuple["array[int]", "array[int]", "array[int]"]
_Order = tuple["array[int]", "array[int]"]
_DIGEST: Final = Struct(">IIIQ")


def build_allow_filter(
    items: Items, *, net: bytes, key: bytes, issued: datetime, random: Callable[[int], bytes]
) -> bytes:
    """Return the filter file of the units that a stolen `key` (its full id) signed before the theft."""
    filled = _fill(items, bits=lambda count: bits_for(FilterKind.ALLOWED_UNITS, count), random=random)
    header = FilterHeader(
        kind=FilterKind.ALLOWED_UNITS,
        net=net,
        seq=0,
        issued=issued,
        expires=None,
        count=filled.count,
        bits=filled.bits,
        salt=filled.salt,
        body=body_hash(filled.body),
        key=key,
        signer=None,
    )
    return _file(header, bytes(64), filled.body)


def build_stop_filter(
    items: Items,
    *,
    kind: FilterKind,
    net: bytes,
    seq: int,
    issued: datetime,
    expires: datetime,
    signer_id: bytes,
    signer: Signer,
    random: Callable[[int], bytes],
    bits: int | None = None,
) -> bytes:
    """Return the filter file of revoked units or recalled lots, signed by the status key.

    The size of its slots follows from the number of items unless `bits` says otherwise.
    """
    filled = _fill(items, bits=lambda count: bits or bits_for(kind, count), random=random)
    header = FilterHeader(
        kind=kind,
        net=net,
        seq=seq,
        issued=issued,
        expires=expires,
        count=filled.count,
        bits=filled.bits,
        salt=filled.salt,
        body=body_hash(filled.body),
        key=None,
        signer=signer_id,
    )
    return _file(header, signer.sign(header.signed), filled.body)


def body_hash(body: bytes) -> bytes:
    """Return the RFC 6962 tree hash of the body's pieces."""
    return tree_root(piece_hashes(body))


def piece_hashes(body: bytes) -> list[bytes]:
    """Return the leaf hashes of the body's pieces."""
    return [leaf_hash(body[at : at + PIECE_BYTES]) for at in range(0, len(body), PIECE_BYTES)]


def _file(header: FilterHeader, signature: bytes, body: bytes) -> bytes:
    text = header.text.encode("utf-8")
    return MAGIC + len(text).to_bytes(4, "big") + text + signature + body


@dataclass(frozen=True, kw_only=True)
class _Filled:
    """Salt, number of different items, size of a slot, and the slots."""

    salt: bytes
    count: int
    bits: int
    body: bytes


def _fill(items: Items, *, bits: Callable[[int], int], random: Callable[[int], bytes]) -> _Filled:
    """Return the slots of these items, of the size that `bits` gives their number."""
    for _ in range(TRIES_MAX):
        salt = random(SALT_BYTES)
        edges = _Edges.of(items(), salt)
        order = edges.peel()
        if order is None and edges.drop_repeats():
            order = edges.peel()
        if order is not None:
            count = len(edges.marks)
            return _Filled(salt=salt, count=count, bits=bits(count), body=edges.body(order, bits(count)))
    # Each try fails with a chance far below one half: this many in a row is a fault of the program.
    raise RuntimeError("no salt fits these items")


class _Edges:
    """The items as numbers: three 32-bit hashes that become slots, and 64 bits for the fingerprint."""

    def __init__(self, hashes: "_Hashes", marks: "array[int]") -> None:
        self.hashes, self.marks = hashes, marks

    @classmethod
    def of(cls, items: Iterable[str], salt: bytes) -> "_Edges":
        first, second, third, marks = array("I"), array("I"), array("I"), array("Q")
        unpack = _DIGEST.unpack_from
        for item in items:
            a, b, c, mark = unpack(sha256(salt + item.encode("ascii")).digest())
            first.append(a)
            second.append(b)
            third.append(c)
            marks.append(mark)
        if len(marks) > COUNT_MAX:
            raise ValueError(f"a filter holds at most {COUNT_MAX} items")
        return cls((first, second, third), marks)

    def peel(self) -> "_Order | None":
        """Return the items in peeling order with the slot that each was alone in, or None if some stay together."""
        (first, second, third), count = self.hashes, len(self.marks)
        block = block_of(count)
        degree = array("I", bytes(12 * block))
        items = array("I", bytes(12 * block))  # XOR of the items at a slot; of a lonely one, the item itself
        for item in range(count):
            for slot in (
                first[item] * block >> 32,
                block + (second[item] * block >> 32),
                2 * block + (third[item] * block >> 32),
            ):
                degree[slot] += 1
                items[slot] ^= item
        lonely = array("I", (slot for slot in range(3 * block) if degree[slot] == 1))
        order, owned = array("I"), array("I")
        while lonely:
            own = lonely.pop()
            if degree[own] != 1:
                continue
            item = items[own]
            order.append(item)
            owned.append(own)
            for slot in (
                first[item] * block >> 32,
                block + (second[item] * block >> 32),
                2 * block + (third[item] * block >> 32),
            ):
                degree[slot] -= 1
                items[slot] ^= item
                if degree[slot] == 1:
                    lonely.append(slot)
        return (order, owned) if len(order) == count else None

    def drop_repeats(self) -> bool:
        """Forget items that came more than once, which never peel; tell whether there were any."""
        first, second, third = self.hashes
        seen: set[tuple[int, int, int, int]] = set()
        kept = array("I")
        for item, mark in enumerate(self.marks):
            edge = (first[item], second[item], third[item], mark)
            if edge not in seen:
                seen.add(edge)
                kept.append(item)
        if len(kept) == len(self.marks):
            return False
        self.hashes = (
            array("I", (first[item] for item in kept)),
            array("I", (second[item] for item in kept)),
            array("I", (third[item] for item in kept)),
        )
        self.marks = array("Q", (self.marks[item] for item in kept))
        return True

    def body(self, order: "_Order", bits: int) -> bytes:
        """Return the slots, set in the reverse of the peeling order."""
        (first, second, third), marks = self.hashes, self.marks
        block, shift = block_of(len(marks)), 64 - bits
        slots = array("Q", bytes(24 * block))
        items, owned = order
        for at in range(len(items) - 1, -1, -1):
            item = items[at]
            # The own slot is still zero, so the XOR of all three is that of the other two.
            slots[owned[at]] = (
                (marks[item] >> shift)
                ^ slots[first[item] * block >> 32]
                ^ slots[block + (second[item] * block >> 32)]
                ^ slots[2 * block + (third[item] * block >> 32)]
            )
        return _packed(slots, bits // 8)


def _packed(slots: "array[int]", width: int) -> bytes:
    """Return each slot as `width` big-endian bytes."""
    flat = bytearray(width * len(slots))
    raw = memoryview(slots).cast("B")
    for at in range(width):
        # The byte of value 256^(width-1-at): its place in a machine word depends on the machine.
        place = width - 1 - at if byteorder == "little" else 8 - width + at
        flat[at::width] = raw[place::8]
    return bytes(flat)
