"""Subtrees read from the stored tiles: O(log n) rows for a proof, never the whole tree.

Level 0 is the leaves, level L the roots of full subtrees of 256^L leaves, as in C2SP tlog-tiles.  The arithmetic of
proofs is `seal.merkle`, which asks a reader like this one for complete subtrees.
"""

from sqlalchemy import Connection

from coldtrace.ledger.tiles import TileCache, read_tile
from coldtrace.seal.hashing import HASH_BYTES, node_hash
from coldtrace.seal.tile_path import TILE_WIDTH

TILE_HEIGHT = 8


class TileReader:
    """Reads subtrees of one log (a `merkle.SubtreeReader`); remembers tiles for the length of one answer.

    With a `cache` full tiles outlive the answer; give one only where all that is read is committed.
    """

    def __init__(self, connection: Connection, log_id: int, *, cache: TileCache | None = None) -> None:
        self._connection, self._log_id, self._cache = connection, log_id, cache
        self._tiles: dict[tuple[int, int], bytes] = {}
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
        width = 1 << height
        data = self.tile(tile_level, number, offset + width)
        part = data[offset * HASH_BYTES : (offset + width) * HASH_BYTES]
        if len(part) != width * HASH_BYTES:
            raise LookupError(f"the log lacks hashes of tile {number} of level {tile_level}")
        return subtree_root([part[at : at + HASH_BYTES] for at in range(0, len(part), HASH_BYTES)])

    def tile(self, level: int, number: int, width: int) -> bytes:
        """Return at least the first `width` hashes of a tile, joined, the same ones for the length of the answer."""
        key = (level, number)
        if key not in self._tiles:
            self._tiles[key] = (
                read_tile(self._connection, self._log_id, level, number)
                if self._cache is None
                else self._cache.hashes(self._connection, self._log_id, level, number, width)
            )
        if len(self._tiles[key]) < width * HASH_BYTES and self._cache is not None:
            self._tiles[key] = self._cache.hashes(self._connection, self._log_id, level, number, width)
        return self._tiles[key]


def subtree_root(hashes: list[bytes]) -> bytes:
    """Return the root over a power of two of neighbouring hashes."""
    while len(hashes) > 1:
        hashes = [node_hash(hashes[i], hashes[i + 1]) for i in range(0, len(hashes), 2)]
    return hashes[0]
