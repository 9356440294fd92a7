"""Check that a leaf is in a tree (RFC 9162, section 2.1.3.2).

Nothing here is shared with `merkle.py`, which makes the proofs: an error must be made twice to go unseen.
"""

from collections.abc import Sequence

from coldtrace.seal.hashing import HASH_BYTES, node_hash

MAX_SIZE = 2**63 - 1
"""No tree is larger: sizes are kept as signed 64-bit numbers, here and in most other logs."""


def verify_inclusion(*, leaf_hash: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Tell whether `path` leads from the leaf at `index` to the `root` of the tree of `size` leaves.

    A path that is too long or too short, or has hashes of another length, is false; nothing is raised.
    """
    if not 0 <= index < size <= MAX_SIZE:
        return False
    if any(len(each) != HASH_BYTES for each in (leaf_hash, root, *path)):
        return False
    node, last, here = index, size - 1, leaf_hash
    for sibling in path:
        if last == 0:
            return False
        if node % 2 == 1 or node == last:
            here = node_hash(sibling, here)
            # The last node of a level without a right sibling is moved up unchanged until it has a left one.
            while node % 2 == 0 and node != 0:
                node, last = node >> 1, last >> 1
        else:
            here = node_hash(here, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and here == root
