"""Read a filter file: which units or lots it names, in constant time and without loading it (docs/formats/filters.md).

    0      4   magic "CCF1"
    4      4   length of the header, big-endian
    8          header (`filter_header.py`)
    then  64   signature of the status key over "CCFILTER1" 00 | header; zeros in an allow-filter
    then       body: 3 x block slots of 8, 16, 32 or 48 bits, big-endian

An item is in the filter if the XOR of its three slots is its fingerprint.  Every item that was put in is found;
another is found by chance once in 2^bits.  What makes the files is `filter_build.py`, and nothing is shared but the
header.
"""

import mmap
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

from coldtrace.errors import Refusal, Words
from coldtrace.seal.filter_header import (
    HEADER_MAX,
    MAGIC,
    PIECE_BYTES,
    FilterHeader,
    FilterKind,
    MalformedFilter,
    places,
    read_header,
)
from coldtrace.seal.hashing import EMPTY_ROOT, leaf_hash, node_hash
from coldtrace.seal.public_key import SIGNATURE_BYTES, UnsupportedAlgorithm
from coldtrace.seal.trust_entries import TrustedKey, TrustList

Buffer = bytes | mmap.mmap | memoryview

STATUS_USE: Final = "status"


class UntrustedFilter(Refusal):
    """Nobody on the trust list stands behind this filter, or it belongs elsewhere."""

    code = "untrusted_filter"
    title = Words("筛查表不可信", "Filter not trusted")
    detail = Words(
        "信任列表不能证明这份筛查表（{why}）；请更新信任列表，再从官方地址下载筛查表。",
        "The trust list does not stand behind this filter ({why}); update the list, then fetch the filter again from "
        "the official address.",
    )


class Filter:
    """One filter over bytes or a memory map.  `in` asks for a unit id, that of a lot being `(01)GTIN(10)LOT`."""

    def __init__(self, header: FilterHeader, signature: bytes, body: memoryview) -> None:
        self.header, self.signature = header, signature
        self._body, self._width, self._block = body, header.bits // 8, header.block

    def __contains__(self, item: object) -> bool:
        if not isinstance(item, str) or not item.isascii() or self._block == 0:
            return False
        first, second, third, fingerprint = places(
            item, salt=self.header.salt, block=self._block, bits=self.header.bits
        )
        return self._slot(first) ^ self._slot(second) ^ self._slot(third) == fingerprint

    def allows(self, unit: str, *, key: TrustedKey, net: bytes) -> bool:
        """Tell whether the list of `net` pins this filter at the stolen `key`, and the unit is in."""
        return self.header.is_pinned_by(key, net) and unit in self

    def _slot(self, at: int) -> int:
        start = at * self._width
        return int.from_bytes(self._body[start : start + self._width], "big")

    @property
    def id(self) -> bytes:
        """The SHA-256 of the header, by which lists and addresses name the filter."""
        return self.header.id

    @property
    def size_bytes(self) -> int:
        """The length of the file."""
        return 8 + len(self.header.text) + SIGNATURE_BYTES + len(self._body)

    def is_stale(self, now: datetime) -> bool:
        """Tell whether the filter is past its `expires`: what was stopped since then is not known."""
        return self.header.expires is not None and now >= self.header.expires

    def chance_hits(self, items: Iterable[str]) -> int:
        """Return how many of these items are found; of items that were not put in, that is the false-hit count."""
        return sum(item in self for item in items)


def open_filter(data: Buffer) -> Filter:
    """Return the filter of a file's bytes; raise MalformedFilter unless every byte is as the header says.

    The signature is not checked here (`check_filter`).  The whole body is hashed once: some milliseconds a million.
    """
    view = memoryview(data)
    if bytes(view[:4]) != MAGIC:
        raise MalformedFilter(where="magic")
    length = int.from_bytes(view[4:8], "big")
    if not 0 < length <= HEADER_MAX or len(view) < 8 + length + SIGNATURE_BYTES:
        raise MalformedFilter(where="length")
    try:
        header = read_header(bytes(view[8 : 8 + length]).decode("utf-8"))
    except UnicodeDecodeError:
        raise MalformedFilter(where="header") from None
    signature = bytes(view[8 + length : 8 + length + SIGNATURE_BYTES])
    if header.kind is FilterKind.ALLOWED_UNITS and any(signature):
        raise MalformedFilter(where="signature")
    body = view[8 + length + SIGNATURE_BYTES :]
    if len(body) != header.body_bytes or _tree_hash(body) != header.body:
        raise MalformedFilter(where="body")
    return Filter(header, signature, body)


def map_filter(path: Path) -> Filter:
    """Return the filter of a file, read through a memory map; raise MalformedFilter, OSError."""
    with path.open("rb") as file:
        try:
            return open_filter(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        except ValueError:  # an empty file cannot be mapped
            raise MalformedFilter(where="length") from None


def check_filter(filter: Filter, trust: TrustList) -> None:
    """Raise UntrustedFilter unless the list stands behind the filter.

    An allow-filter is pinned by its id at the stolen key; the others are signed by a key of use `status` that was
    good when the filter was issued.
    """
    header = filter.header
    if header.net != trust.net:
        raise UntrustedFilter(why="net")
    if header.kind is FilterKind.ALLOWED_UNITS:
        key = trust.key_of(header.key or b"", "code")
        if key is None or not header.is_pinned_by(key, trust.net):
            raise UntrustedFilter(why="pin")
        return
    signer = trust.key_of(header.signer or b"", STATUS_USE)
    if signer is None or signer.is_revoked or not signer.accepts_at(header.issued):
        raise UntrustedFilter(why="signer")
    try:
        if signer.public_key.verify(filter.signature, header.signed):
            return
    except UnsupportedAlgorithm:
        raise UntrustedFilter(why="unsupported_algorithm") from None
    raise UntrustedFilter(why="signature")


def _tree_hash(body: memoryview) -> bytes:
    """Return the RFC 6962 tree hash of the body's pieces."""
    level = [leaf_hash(bytes(body[at : at + PIECE_BYTES])) for at in range(0, len(body), PIECE_BYTES)]
    if not level:
        return EMPTY_ROOT
    while len(level) > 1:
        # A node without a right sibling moves up unchanged.
        odd = level[len(level) - len(level) % 2 :]
        level = [node_hash(left, right) for left, right in zip(level[::2], level[1::2], strict=False)] + odd
    return level[0]
