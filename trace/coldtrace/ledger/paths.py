"""Proofs read from the stored tiles: O(log n) rows, never the whole tree (RFC 9162, section 2.1).

Level 0 is the leaves, level L the roots of full subtrees of 256^L leaves, as in C2SP tlog-tiles.
"""

from sqlalchemy import Connection

from coldtrace.ledger import store
from coldtrace.seal.hashing import node_hash


class TileReader:
    """Reads subtree hashes of one log and remembers them for the length of one answer."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[tuple[int, int], bytes] = {}

    def range_hash(self, first: int, last: int) -> bytes:
        """Return MTH(D[first:last]); `first` is aligned as RFC 6962's own recursion aligns it."""
        key = (first, last)
        if key not in self._known:
            self._known[key] = self._range_hash(first, last)
        return self._known[key]

    def _range_hash(self, first: int, last: int) -> bytes:
        count = last - first
        if count & (count - 1):
            middle = first + _split(count)
            return node_hash(self.range_hash(first, middle), self.range_hash(middle, last))
        height = count.bit_length() - 1
        level, rest = divmod(height, 8)
        hashes = store.read_hashes(self._connection, level=level, first=first >> (8 * level), count=1 << rest)
        if len(hashes) != 1 << rest:
            raise LookupError(f"the log lacks hashes of level {level} at {first >> (8 * level)}")
        while len(hashes) > 1:
            hashes = [node_hash(hashes[i], hashes[i + 1]) for i in range(0, len(hashes), 2)]
        return hashes[0]


def _split(count: int) -> int:
    """Return the largest power of two below `count`."""
    return 1 << ((count - 1).bit_length() - 1)


def inclusion_path(reader: TileReader, *, index: int, size: int) -> tuple[bytes, ...]:
    """Return the path of leaf `index` in the tree of `size` leaves, from the leaf upwards."""
    path: list[bytes] = []
    first, last = 0, size
    while last - first > 1:
        middle = first + _split(last - first)
        if index < middle:
            path.append(reader.range_hash(middle, last))
            last = middle
        else:
            path.append(reader.range_hash(first, middle))
            first = middle
    return tuple(reversed(path))


def consistency_path(reader: TileReader, *, old: int, new: int) -> tuple[bytes, ...]:
    """Return the proof that the tree of `new` leaves only adds to the one of `old` leaves."""
    if old in (0, new):
        return ()
    return tuple(_subproof(reader, old, 0, new, whole=True))


def _subproof(reader: TileReader, old: int, first: int, last: int, *, whole: bool) -> list[bytes]:
    if old == last:
        return [] if whole else [reader.range_hash(first, last)]
    middle = first + _split(last - first)
    if old <= middle:
        return [*_subproof(reader, old, first, middle, whole=whole), reader.range_hash(middle, last)]
    return [*_subproof(reader, old, middle, last, whole=False), reader.range_hash(first, middle)]
