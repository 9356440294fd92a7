"""Roots of sizes before the one from which an audit goes on, from a few dozen stored hashes.

The hashes are the log's own and nobody has derived them; what makes them worth something is that the same hashes must
lead to the root that the auditor has saved.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256

from coldtrace.audit.tree import subtree_root
from coldtrace.seal.hashing import EMPTY_ROOT

Hashes = Callable[[int, int, int], Sequence[bytes]]
"""Given tile level, first index and count, return stored hashes: fewer if the log has fewer."""


class HashesMissing(LookupError):
    """The log lacks hashes that it must have."""


def roots_at(hashes: Hashes, *, old: int, new: int) -> tuple[bytes, bytes]:
    """Return the roots of two sizes from one set of stored hashes; raise HashesMissing."""
    edge: list[tuple[int, bytes]] = []
    _grow(edge, hashes, 0, old)
    old_root = _fold(edge)
    _grow(edge, hashes, old, new)
    return old_root, _fold(edge)


def _grow(edge: list[tuple[int, bytes]], hashes: Hashes, start: int, end: int) -> None:
    """Append the full subtrees that make up the leaves from `start` to `end`, joining equals."""
    while start < end:
        height = (end - start).bit_length() - 1
        if start:
            height = min(height, (start & -start).bit_length() - 1)
        here, level = _subtree(hashes, height, start >> height), height
        while edge and edge[-1][0] == level:
            here, level = sha256(b"\x01" + edge.pop()[1] + here).digest(), level + 1
        edge.append((level, here))
        start += 1 << height


def _subtree(hashes: Hashes, height: int, index: int) -> bytes:
    level, inside = divmod(height, 8)
    found = hashes(level, index << inside, 1 << inside)
    if len(found) != 1 << inside:
        raise HashesMissing(f"level {level}, {index << inside}")
    return subtree_root(found)


def _fold(edge: Sequence[tuple[int, bytes]]) -> bytes:
    if not edge:
        return EMPTY_ROOT
    here = edge[-1][1]
    for _, left in reversed(edge[:-1]):
        here = sha256(b"\x01" + left + here).digest()
    return here
