"""Make the proof that one item is in a filter (docs/formats/filters.md, section 6); `filter_proof.py` checks it."""

from collections.abc import Sequence

from coldtrace.seal.b64 import b64
from coldtrace.seal.filter_build import piece_hashes
from coldtrace.seal.filter_header import PIECE_BYTES, places, read_header
from coldtrace.seal.hashing import node_hash
from coldtrace.seal.public_key import SIGNATURE_BYTES


def prove_item(file: bytes, item: str) -> dict[str, object]:
    """Return the proof of an item from the bytes of a good filter file; of one that is not in, it shows just that.

    The whole body is hashed once: some 30 ms for a million units.
    """
    length = int.from_bytes(file[4:8], "big")
    header = read_header(file[8 : 8 + length].decode("utf-8"))
    body = file[8 + length + SIGNATURE_BYTES :]
    *slots, _ = places(item, salt=header.salt, block=header.block, bits=header.bits)
    levels = _levels(piece_hashes(body))
    return {
        "header": header.text,
        "pieces": [
            {
                "index": index,
                "bytes": b64(body[index * PIECE_BYTES : (index + 1) * PIECE_BYTES]),
                "path": [b64(step) for step in _path(levels, index)],
            }
            for index in sorted({slot * header.bits // 8 // PIECE_BYTES for slot in slots})
        ],
    }


def _levels(leaves: list[bytes]) -> list[list[bytes]]:
    """Return the RFC 6962 tree from its leaves up; a node without a right sibling moves up unchanged."""
    levels = [leaves]
    while len(levels[-1]) > 1:
        below = levels[-1]
        above = [node_hash(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)]
        levels.append(above + below[len(below) - len(below) % 2 :])
    return levels


def _path(levels: Sequence[Sequence[bytes]], index: int) -> list[bytes]:
    """Return the siblings on the way up from a leaf; where there is none, there is no step."""
    path = []
    for level in levels[:-1]:
        if index ^ 1 < len(level):
            path.append(level[index ^ 1])
        index >>= 1
    return path
