"""Check that a log only grew: an older tree is the beginning of a newer one (RFC 9162, section 2.1.4.2).

Nothing here is shared with `merkle.py`, which makes the proofs.
"""

from collections.abc import Sequence

from coldtrace.seal.hashing import EMPTY_ROOT, HASH_BYTES, node_hash
from coldtrace.seal.inclusion import MAX_SIZE


def verify_consistency(
    *, old_size: int, new_size: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]
) -> bool:
    """Tell whether `path` shows that the first `old_size` leaves of the new tree are the old tree.

    Trees of equal size need equal roots and an empty path.  The empty tree is the beginning of every tree,
    with an empty path, as in the tlog-witness protocol.  Nothing is raised.
    """
    if not 0 <= old_size <= new_size <= MAX_SIZE:
        return False
    if any(len(each) != HASH_BYTES for each in (old_root, new_root, *path)):
        return False
    if old_size == new_size:
        return not path and old_root == new_root and (old_size > 0 or old_root == EMPTY_ROOT)
    if old_size == 0:
        return not path and old_root == EMPTY_ROOT
    return _walk(old_size, new_size, old_root, new_root, list(path))


def _walk(old_size: int, new_size: int, old_root: bytes, new_root: bytes, path: list[bytes]) -> bool:
    if old_size & (old_size - 1) == 0:
        # The old tree is one complete subtree of the new one, so its root is where the path starts.
        path.insert(0, old_root)
    if not path:
        return False
    node, last = old_size - 1, new_size - 1
    while node % 2 == 1:
        node, last = node >> 1, last >> 1
    old_here = new_here = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node % 2 == 1 or node == last:
            old_here = node_hash(sibling, old_here)
            new_here = node_hash(sibling, new_here)
            while node % 2 == 0 and node != 0:
                node, last = node >> 1, last >> 1
        else:
            new_here = node_hash(new_here, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and old_here == old_root and new_here == new_root
