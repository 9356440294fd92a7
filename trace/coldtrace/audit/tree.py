"""The RFC 6962 tree once more, for the auditor: grown from leaf hashes, tile by tile, with the root at any size.

Written apart from `seal/merkle.py`, which makes the log: an error must be made twice to go unseen.  A whole tile of 256
leaves is hashed level by level, four times as fast as leaf by leaf; a size inside a tile takes the slower way.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from coldtrace.seal.hashing import EMPTY_ROOT, HASH_BYTES

WIDTH = 256


class Node(NamedTuple):
    """The root of a full subtree of 256^level leaves."""

    level: int
    at: int
    hash: bytes


class Tree:
    """Grows by leaf hashes.  `edge` is the frontier: the roots of the full subtrees, the largest first."""

    def __init__(self, size: int = 0, edge: Sequence[bytes] = ()) -> None:
        """Start empty, or from the frontier of `size` leaves; ValueError if it has another number of hashes."""
        if size.bit_count() != len(edge) or any(len(each) != HASH_BYTES for each in edge):
            raise ValueError("the frontier does not fit the size")
        whole = (size // WIDTH).bit_count()
        self.size = size
        self._upper, self._lower = list(edge[:whole]), list(edge[whole:])

    @property
    def edge(self) -> list[bytes]:
        """The frontier."""
        return [*self._upper, *self._lower]

    def extend(self, hashes: Sequence[bytes]) -> list[Node]:
        """Append leaves and return the nodes of each level that they completed."""
        done: list[Node] = []
        at = 0
        while at < len(hashes):
            inside = self.size % WIDTH
            part = hashes[at : at + WIDTH - inside]
            at += len(part)
            if len(part) == WIDTH:
                self.size += WIDTH
                self._add_tile(subtree_root(part), done)
                continue
            self._add_leaves(part)
            if self.size % WIDTH == 0:
                (whole,) = self._lower
                self._lower = []
                self._add_tile(whole, done)
        return done

    def root(self) -> bytes:
        """Return the root of all leaves so far."""
        edge = self.edge
        if not edge:
            return EMPTY_ROOT
        here = edge.pop()
        while edge:
            here = sha256(b"\x01" + edge.pop() + here).digest()
        return here

    def _add_leaves(self, hashes: Sequence[bytes]) -> None:
        edge, size = self._lower, self.size
        for here in hashes:
            carry = size % WIDTH
            while carry & 1:
                here = sha256(b"\x01" + edge.pop() + here).digest()
                carry >>= 1
            edge.append(here)
            size += 1
        self.size = size

    def _add_tile(self, here: bytes, done: list[Node]) -> None:
        """Join a full tile to those before it; `size` counts it already."""
        index = self.size // WIDTH - 1
        done.append(Node(1, index, here))
        height = 0
        while index & 1:
            here = sha256(b"\x01" + self._upper.pop() + here).digest()
            index >>= 1
            height += 1
            if height % 8 == 0:
                done.append(Node(1 + height // 8, index, here))
        self._upper.append(here)


def subtree_root(hashes: Sequence[bytes]) -> bytes:
    """Return the root over a power of two of neighbouring hashes."""
    here = list(hashes)
    while len(here) > 1:
        here = [sha256(b"\x01" + left + right).digest() for left, right in zip(here[::2], here[1::2], strict=True)]
    return here[0]
