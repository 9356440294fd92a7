"""The salted tree of `private` and `units`: one root for many leaves, silent about how many and in which order.

    leaf hash   SHA-256(00 | JCS of the leaf)
    padding     HMAC-SHA256(K, "pad" 00 | be32(i)), i = 0, 1, ... until the width is a power of two, at least 16
    order       all hashes sorted as byte strings
    root        RFC 6962 over the sorted hashes, taken as leaf hashes

K is the salt of the piece.  Without it a pad cannot be told from a leaf, so a path shows neither how many leaves
there are nor where a leaf stood.  The width is in the header: a path has exactly log2(width) steps.

>>> tree = salted_tree([leaf_hash(b"one"), leaf_hash(b"two")], key=bytes(16))
>>> tree.width, len(tree.path_of(leaf_hash(b"one")).path)
(16, 4)
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import pbkdf2_hmac, sha256
from typing import Final

from coldtrace.seal.hashing import leaf_hash

WIDTH_MIN: Final = 16
WIDTH_MAX: Final = 8192

__all__ = ["WIDTH_MAX", "WIDTH_MIN", "SaltedTree", "TreePath", "is_width", "leaf_hash", "pads", "salted_tree"]


@dataclass(frozen=True)
class TreePath:
    """Where a leaf hash stands among the sorted hashes, and the siblings up to the root."""

    index: int
    path: tuple[bytes, ...]


@dataclass(frozen=True)
class SaltedTree:
    """A perfect tree: `levels[0]` are the sorted hashes, the last level is the root alone."""

    levels: tuple[tuple[bytes, ...], ...]

    @property
    def root(self) -> bytes:
        """The root hash."""
        return self.levels[-1][0]

    @property
    def width(self) -> int:
        """How many hashes stand at the bottom, pads included."""
        return len(self.levels[0])

    def path_of(self, leaf: bytes) -> TreePath:
        """Return the place and siblings of a leaf hash; ValueError if it is not in the tree (a caller's bug)."""
        index = self.levels[0].index(leaf)
        path = tuple(level[(index >> height) ^ 1] for height, level in enumerate(self.levels[:-1]))
        return TreePath(index, path)


def salted_tree(leaf_hashes: Iterable[bytes], *, key: bytes) -> SaltedTree:
    """Return the tree over these leaf hashes, padded under `key` and sorted."""
    hashes = list(leaf_hashes)
    width = max(WIDTH_MIN, 1 << (len(hashes) - 1).bit_length()) if hashes else WIDTH_MIN
    level = sorted([*hashes, *pads(key, width - len(hashes))])
    levels = [tuple(level)]
    while len(level) > 1:
        level = [sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level), 2)]
        levels.append(tuple(level))
    return SaltedTree(tuple(levels))


def pads(key: bytes, count: int) -> list[bytes]:
    """Return the first pads under a key; some 13 of them are in every piece of every scan.

    PBKDF2 with one round is HMAC(K, salt | be32(i)) for i from 1 on (RFC 8018, section 5.2), in one call for all.
    """
    if count < 1:
        return []
    first = hmac.digest(key, b"pad\x00\x00\x00\x00\x00", "sha256")
    if count == 1:
        return [first]
    more = pbkdf2_hmac("sha256", key, b"pad\x00", 1, 32 * (count - 1))
    return [first, *(more[at : at + 32] for at in range(0, len(more), 32))]


def is_width(width: int) -> bool:
    """Tell whether a header may name this width."""
    return WIDTH_MIN <= width <= WIDTH_MAX and width & (width - 1) == 0
