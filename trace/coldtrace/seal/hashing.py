"""SHA-256, and the two hashes of an RFC 6962 tree (section 2.1).

A leaf is hashed behind a zero byte and a node behind a one byte, so that no node can be passed off as a leaf.
"""

import hashlib

HASH_BYTES = 32

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of the tree without leaves."""


def sha256(data: bytes) -> bytes:
    """Return the SHA-256 of `data`."""
    return hashlib.sha256(data).digest()


def leaf_hash(leaf: bytes) -> bytes:
    """Return SHA-256(00 | leaf)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return SHA-256(01 | left | right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()
