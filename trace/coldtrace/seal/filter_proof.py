"""Show that one unit is in a filter without the filter: its three slots, and their way to the pinned header.

    {"header":"<text>","pieces":[{"bytes":b64,"index":int,"path":[b64(32)...]}...]}

One to three pieces of the body, each once, by index.  A proof of a million units is about 8 kB; the file has 7 MB.
It travels in a proof bundle, so that a stranger can check a box whose key was stolen later (docs/formats/filters.md,
section 6).  What makes proofs is `filter_prove.py`.
"""

from dataclasses import dataclass

from coldtrace.seal.b64 import MalformedBase64, unb64
from coldtrace.seal.filter_header import (
    HEADER_MAX,
    PIECE_BYTES,
    FilterHeader,
    MalformedFilter,
    places,
    read_header,
)
from coldtrace.seal.hashing import leaf_hash
from coldtrace.seal.inclusion import verify_inclusion
from coldtrace.seal.members import Members
from coldtrace.seal.trust_entries import TrustedKey


@dataclass(frozen=True, kw_only=True)
class FilterProof:
    """Some pieces of a filter, each on the way to its header's tree hash; `in` asks for an item."""

    header: FilterHeader
    pieces: dict[int, bytes]

    def __contains__(self, item: object) -> bool:
        """Tell whether the pieces show that the item is in; a slot that is not shown shows nothing."""
        header = self.header
        if not isinstance(item, str) or not item.isascii() or header.count == 0:
            return False
        *slots, fingerprint = places(item, salt=header.salt, block=header.block, bits=header.bits)
        found = [self._slot(slot) for slot in slots]
        if any(each is None for each in found):
            return False
        first, second, third = (each or 0 for each in found)
        return first ^ second ^ third == fingerprint

    def allows(self, unit: str, *, key: TrustedKey, net: bytes) -> bool:
        """Tell whether the list of `net` pins the filter at the stolen `key`, and the proof shows the unit in it."""
        return self.header.is_pinned_by(key, net) and unit in self

    def _slot(self, at: int) -> int | None:
        width = self.header.bits // 8
        index, start = divmod(at * width, PIECE_BYTES)
        piece = self.pieces.get(index)
        return None if piece is None else int.from_bytes(piece[start : start + width], "big")


def read_filter_proof(value: object) -> FilterProof:
    """Return the proof of a parsed JSON object, its paths checked; raise MalformedFilter."""
    members = Members(value, where="proof", refusal=MalformedFilter)
    text = members.text("header")
    if len(text) > HEADER_MAX:
        raise members.refuse("header")
    header = read_header(text)
    pieces: dict[int, bytes] = {}
    for each in members.objects("pieces"):
        index, piece = each.number("index"), _piece(each)
        path = [_hash(step, each) for step in each.texts("path")]
        each.close()
        whole = min(PIECE_BYTES, header.body_bytes - index * PIECE_BYTES)
        leads = verify_inclusion(
            leaf_hash=leaf_hash(piece), index=index, size=header.pieces, path=path, root=header.body
        )
        if index in pieces or len(piece) != whole or not leads:
            raise each.refuse("index")
        pieces[index] = piece
    members.close()
    if not 1 <= len(pieces) <= 3:
        raise members.refuse("pieces")
    return FilterProof(header=header, pieces=pieces)


def _piece(members: Members) -> bytes:
    try:
        return unb64(members.text("bytes"))
    except MalformedBase64:
        raise members.refuse("bytes") from None


def _hash(text: str, members: Members) -> bytes:
    try:
        return unb64(text)
    except MalformedBase64:
        raise members.refuse("path") from None
