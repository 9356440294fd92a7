"""Subtrees read from the stored tiles: O(log n) rows for a proof, never the whole tree.

Level 0 is the leaves, level L the roots of full subtrees of 256^L leaves, as in C2SP tlog-tiles.  The arithmetic of
proofs is `seal.merkle`, which asks a reader like this one for complete subtrees.
"""

from sqlalchemy import Connection

from coldtrace.ledger import store
from coldtrace.seal.hashing import node_hash

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT


class TileReader:
    """Reads subtrees of one log (a `merkle.SubtreeReader`); remembers tiles for the length of one answer."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._tiles: dict[tuple[int, int], list[bytes]] = {}
        self._known: dict[tuple[int, int], bytes] = {}

    def __call__(self, level: int, index: int) -> bytes:
        """Return the root of the complete subtree `index` over 2^level leaves; LookupError if the log lacks it."""
        key = (level, index)
        if key not in self._known:
            self._known[key] = self._read(level, index)
        return self._known[key]

    def _read(self, level: int, index: int) -> bytes:
        tile_level, height = divmod(level, TILE_HEIGHT)
        number, offset = divmod(index << height, TILE_WIDTH)
        hashes = self._tile(tile_level, number)[offset : offset + (1 << height)]
        if len(hashes) != 1 << height:
            raise LookupError(f"the log lacks hashes of tile {number} of level {tile_level}")
        return subtree_root(hashes)

    def _tile(self, level: int, number: int) -> list[bytes]:
        key = (level, number)
        if key not in self._tiles:
            self._tiles[key] = store.read_hashes(
                self._connection, level=level, first=number << TILE_HEIGHT, count=TILE_WIDTH
            )
        return self._tiles[key]


def subtree_root(hashes: list[bytes]) -> bytes:
    """Return the root over a power of two of neighbouring hashes."""
    while len(hashes) > 1:
        hashes = [node_hash(hashes[i], hashes[i + 1]) for i in range(0, len(hashes), 2)]
    return hashes[0]
