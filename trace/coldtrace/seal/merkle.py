"""Grow an RFC 6962 tree and make its proofs.  The checking side is `inclusion.py` and `consistency.py`.

Everything rests on *complete subtrees*: `(level, index)` names the subtree over the 2^level leaves that begin
at index * 2^level.  Once complete it never changes, so these are what a log stores and what C2SP tiles hold;
the ragged right edge is computed from them each time.  A proof over a large log therefore asks a
`SubtreeReader` for a few dozen stored hashes instead of reading the leaves.

    frontier   8 bytes size, big-endian | 32 bytes root of each complete subtree of that size, largest first

>>> from coldtrace.seal.hashing import leaf_hash
>>> frontier = Frontier()
>>> for leaf in (b"one", b"two", b"three"):
...     frontier.append(leaf_hash(leaf))
>>> frontier.size, frontier.root() == tree_root([leaf_hash(b"one"), leaf_hash(b"two"), leaf_hash(b"three")])
(3, True)
"""

from collections.abc import Callable, Iterable, Sequence

from coldtrace.errors import Refusal, Words
from coldtrace.seal.hashing import EMPTY_ROOT, HASH_BYTES, node_hash

SubtreeReader = Callable[[int, int], bytes]
"""Given `level` and `index`, return the root of that complete subtree."""


class MalformedFrontier(Refusal):
    """The bytes are not the frontier of any tree."""

    code = "malformed_frontier"
    title = Words("日志前沿数据有误", "Malformed frontier")
    detail = Words(
        "日志的前沿字节长度与大小不符；请停止写入并运行账本审计。",
        "The frontier bytes of the log do not fit its size; stop writing and audit the ledger.",
    )


class OutsideTree(Refusal):
    """A proof was asked for a leaf or a size that the tree does not have."""

    code = "outside_tree"
    title = Words("超出日志范围", "Outside the tree")
    detail = Words(
        "日志共有 {size} 条，没有第 {asked} 号；请用已发布的大小再试。",
        "The log has {size} leaves and {asked} is outside; try again with a published size.",
    )


class Frontier:
    """The right edge of a growing tree: enough to append and to tell the root, in at most 63 hashes."""

    def __init__(self) -> None:
        self._size = 0
        self._edge: list[bytes] = []

    @property
    def size(self) -> int:
        """How many leaves were appended."""
        return self._size

    def append(self, leaf_hash: bytes) -> None:
        """Add one leaf by its hash."""
        carry, here = self._size, leaf_hash
        while carry & 1:
            here = node_hash(self._edge.pop(), here)
            carry >>= 1
        self._edge.append(here)
        self._size += 1

    def extend(self, leaf_hashes: Iterable[bytes]) -> None:
        """Add many leaves by their hashes, in order."""
        for each in leaf_hashes:
            self.append(each)

    def root(self) -> bytes:
        """Return the RFC 6962 root of all leaves so far."""
        return _fold(self._edge)

    def to_bytes(self) -> bytes:
        """Return the bytes that `from_bytes` reads."""
        return self._size.to_bytes(8, "big") + b"".join(self._edge)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Frontier":
        """Return the frontier of its bytes; raise MalformedFrontier."""
        size, hashes = int.from_bytes(data[:8], "big"), data[8:]
        if len(data) < 8 or len(hashes) != HASH_BYTES * size.bit_count():
            raise MalformedFrontier()
        frontier = cls()
        frontier._size = size
        frontier._edge = [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]
        return frontier


def tree_root(leaf_hashes: Sequence[bytes]) -> bytes:
    """Return the RFC 6962 root of these leaf hashes."""
    level = list(leaf_hashes)
    if not level:
        return EMPTY_ROOT
    while len(level) > 1:
        above = [node_hash(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0]


def inclusion_path(leaf_hashes: Sequence[bytes], index: int, size: int) -> list[bytes]:
    """Return the inclusion path of leaf `index` in the tree of the first `size` leaves; raise OutsideTree."""
    if size > len(leaf_hashes):
        raise OutsideTree(size=len(leaf_hashes), asked=size)
    return inclusion_path_from(_reader_of(leaf_hashes), index=index, size=size)


def consistency_path(leaf_hashes: Sequence[bytes], old_size: int, new_size: int) -> list[bytes]:
    """Return the path from the tree of `old_size` leaves to that of `new_size`; raise OutsideTree."""
    if new_size > len(leaf_hashes):
        raise OutsideTree(size=len(leaf_hashes), asked=new_size)
    return consistency_path_from(_reader_of(leaf_hashes), old_size=old_size, new_size=new_size)


def root_from(subtree: SubtreeReader, *, size: int) -> bytes:
    """Return the root of the first `size` leaves, from stored subtrees."""
    return _range_root(subtree, 0, size)


def inclusion_path_from(subtree: SubtreeReader, *, index: int, size: int) -> list[bytes]:
    """Return the inclusion path of leaf `index` at `size`, from stored subtrees; raise OutsideTree."""
    if not 0 <= index < size:
        raise OutsideTree(size=size, asked=index)
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range_root(subtree, middle, end))
            end = middle
        else:
            path.append(_range_root(subtree, start, middle))
            start = middle
    return path[::-1]


def consistency_path_from(subtree: SubtreeReader, *, old_size: int, new_size: int) -> list[bytes]:
    """Return the consistency path between two sizes, from stored subtrees; raise OutsideTree.

    It is empty for equal sizes, and for an old size of zero, where there is nothing to show.
    """
    if not 0 <= old_size <= new_size:
        raise OutsideTree(size=new_size, asked=old_size)
    if old_size in (0, new_size):
        return []
    path: list[bytes] = []
    start, end = 0, new_size
    while old_size < end:
        middle = start + _split(end - start)
        if old_size <= middle:
            path.append(_range_root(subtree, middle, end))
            end = middle
        else:
            path.append(_range_root(subtree, start, middle))
            start = middle
    # [start, end) is the last complete part of the old tree.  If it is all of it, the verifier has its root.
    if start:
        path.append(_range_root(subtree, start, end))
    return path[::-1]


def _range_root(subtree: SubtreeReader, start: int, end: int) -> bytes:
    """Return the root over the leaves [start, end); start is a multiple of the largest subtree inside."""
    edge: list[bytes] = []
    while start < end:
        level = (end - start).bit_length() - 1
        edge.append(subtree(level, start >> level))
        start += 1 << level
    return _fold(edge)


def _fold(edge: Sequence[bytes]) -> bytes:
    if not edge:
        return EMPTY_ROOT
    here = edge[-1]
    for left in reversed(edge[:-1]):
        here = node_hash(left, here)
    return here


def _split(count: int) -> int:
    """Return the largest power of two below `count`."""
    return 1 << ((count - 1).bit_length() - 1)


def _reader_of(leaf_hashes: Sequence[bytes]) -> SubtreeReader:
    def subtree(level: int, index: int) -> bytes:
        return tree_root(leaf_hashes[index << level : (index + 1) << level])

    return subtree
