"""The bytes of tiles and entry bundles, and the tiles that a process keeps at hand.

A tile never changes: a partial one is the beginning of the full one.  So whatever was committed and read once may be
kept, as long as it is asked for within a published size.
"""

import threading
from collections import OrderedDict
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine

from coldtrace.ledger import store
from coldtrace.ledger.refusals import NoTile, StoredDiffers
from coldtrace.recent import Recent
from coldtrace.seal.hashing import HASH_BYTES
from coldtrace.seal.tile_path import TILE_WIDTH, MalformedTilePath, TilePath, parse_tile_path, tile_of

TILES_MAX = 4096
"""Hash tiles kept at most: 32 MiB."""


PATHS_MAX = 16_384
"""Inclusion paths kept at most, of some 2 kB each."""


class TileCache:
    """The hash tiles that were asked for last, of any log; safe between threads.

    Never fill it from a transaction that wrote leaves and may still be rolled back.
    """

    def __init__(self, tiles_max: int = TILES_MAX) -> None:
        self._tiles: OrderedDict[tuple[int, int, int], bytes] = OrderedDict()
        self._rooted: dict[tuple[int, int, int], bytes] = {}
        self._reads: dict[int, int] = {}
        self._most = tiles_max
        self._lock = threading.Lock()
        self.roots: dict[int, tuple[bytes, int]] = {}
        """By log: the signed root that the kept tiles were compared with last, and after how many reads."""
        self.differing: dict[str, StoredDiffers] = {}
        """By the name of the log: what was read and did not lead to a signed root.  It stays until a restart."""
        self.paths: Recent[tuple[bytes, int, int, bytes], tuple[bytes, ...]] = Recent(PATHS_MAX)
        """By root, size, index and leaf hash: paths that were checked and lead there."""

    def hashes(self, connection: Connection, log_id: int, level: int, number: int, width: int) -> bytes:
        """Return at least the first `width` hashes of a tile, joined; fewer if the log has no more."""
        key = (log_id, level, number)
        with self._lock:
            kept = self._tiles.get(key)
            if kept is not None:
                self._tiles.move_to_end(key)
        if kept is not None and len(kept) >= width * HASH_BYTES:
            return kept
        read = read_tile(connection, log_id, level, number)
        with self._lock:
            self._tiles[key] = read
            self._tiles.move_to_end(key)
            self._rooted.pop(key, None)
            self._reads[log_id] = self._reads.get(log_id, 0) + 1
            while len(self._tiles) > self._most:
                self._rooted.pop(self._tiles.popitem(last=False)[0], None)
        return read

    def reads(self, log_id: int) -> int:
        """Return how often a tile of this log was read from the database: a number that says what is still kept."""
        return self._reads.get(log_id, 0)

    def is_rooted(self, log_id: int, level: int, number: int, data: bytes) -> bool:
        """Tell whether these very bytes, as they were given out, were found to lead to a signed root."""
        return self._rooted.get((log_id, level, number)) is data

    def note_rooted(self, log_id: int, level: int, number: int, data: bytes) -> None:
        """Remember that these bytes lead to a signed root, as long as they are kept."""
        key = (log_id, level, number)
        with self._lock:
            if self._tiles.get(key) is data:
                self._rooted[key] = data

    def __len__(self) -> int:
        """Return how many tiles are kept."""
        return len(self._tiles)


_CACHES: WeakKeyDictionary[Engine, TileCache] = WeakKeyDictionary()


def cache_of(connection: Connection) -> TileCache:
    """Return the cache of the readers of one database, which lives as long as its engine."""
    return _CACHES.setdefault(connection.engine, TileCache())


def read_tile(connection: Connection, log_id: int, level: int, number: int) -> bytes:
    """Return the hashes that the log has of one tile, joined."""
    return store.read_joined(connection, log_id, level=level, first=number * TILE_WIDTH, count=TILE_WIDTH)


def published_path(path: str, *, size: int) -> TilePath:
    """Return the tile or bundle at a path under the log, in the published tree of `size`; raise NoTile.

    Every width up to the published one is there, as a partial tile is owed for each published size.
    """
    try:
        tile = parse_tile_path(path)
    except MalformedTilePath:
        raise NoTile(path=path, size=size) from None
    full, partial = tile_of(tile.level or 0, size=size)
    if not (tile.number < full or (tile.number == full and tile.width <= partial)):
        raise NoTile(path=path, size=size)
    return tile


def tiles_between(old: int, new: int) -> list[TilePath]:
    """Return the tiles and bundles that a tree of `new` leaves has and one of `old` leaves had not, in full or in part.

    >>> [tile.text() for tile in tiles_between(0, 257)]
    ['tile/0/000', 'tile/entries/000', 'tile/0/001.p/1', 'tile/entries/001.p/1', 'tile/1/000.p/1']
    >>> [tile.text() for tile in tiles_between(257, 258)]
    ['tile/0/001.p/2', 'tile/entries/001.p/2']
    """
    found: list[TilePath] = []
    level = 0
    while new >> 8 * level:
        first, _ = tile_of(level, size=old)
        full, partial = tile_of(level, size=new)
        kinds: tuple[int | None, ...] = (0, None) if level == 0 else (level,)
        for number in range(first, full):
            found += [TilePath(level=kind, number=number) for kind in kinds]
        if partial and old >> 8 * level != new >> 8 * level:
            found += [TilePath(level=kind, number=full, width=partial) for kind in kinds]
        level += 1
    return found
