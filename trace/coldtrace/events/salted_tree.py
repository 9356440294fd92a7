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

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from coldtrace.seal.hashing import leaf_hash

WIDTH_MIN: Final = 16
WIDTH_MAX: Final = 8192

_BLOCK: Final = 64
_INNER: Final = bytes(byte ^ 0x36 for byte in range(256))
_OUTER: Final = bytes(byte ^ 0x5C for byte in range(256))

__all__ = ["WIDTH_MAX", "WIDTH_MIN", "SaltedTree", "TreePath", "is_width", "leaf_hash", "salted_tree"]


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
    level = sorted([*hashes, *_pads(key, width - len(hashes))])
    levels = [tuple(level)]
    while len(level) > 1:
        level = [sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level), 2)]
        levels.append(tuple(level))
    return SaltedTree(tuple(levels))


def _pads(key: bytes, count: int) -> list[bytes]:
    """Return the first pads under a key.  HMAC (RFC 2104) with both halves begun once: some 13 of them are in every
    piece of every scan."""
    block = (key if len(key) <= _BLOCK else sha256(key).digest()).ljust(_BLOCK, b"\x00")
    inside, outside = sha256(block.translate(_INNER) + b"pad\x00"), sha256(block.translate(_OUTER))
    pads = []
    for number in range(count):
        inner, outer = inside.copy(), outside.copy()
        inner.update(number.to_bytes(4, "big"))
        outer.update(inner.digest())
        pads.append(outer.digest())
    return pads


def is_width(width: int) -> bool:
    """Tell whether a header may name this width."""
    return WIDTH_MIN <= width <= WIDTH_MAX and width & (width - 1) == 0
