"""Nothing leaves the house as part of a log unless it leads to the root that the log signed.

The stored tiles are the log's own word about itself: a changed row would make every proof beside it false.  So whatever
is answered or written is first compared upwards: a full tile with the hash of it one level above, and what stands at
the right edge of the tree with the root in the signed note.
"""

from sqlalchemy import Connection

from coldtrace.env import Log
from coldtrace.ledger import store
from coldtrace.ledger.model import SignedHead
from coldtrace.ledger.paths import TILE_HEIGHT, TileReader, subtree_root
from coldtrace.ledger.refusals import StoredDiffers
from coldtrace.ledger.tiles import TileCache
from coldtrace.seal.checkpoint import parse_checkpoint
from coldtrace.seal.entry_bundle import write_bundle
from coldtrace.seal.hashing import HASH_BYTES, leaf_hash
from coldtrace.seal.merkle import root_from
from coldtrace.seal.note import split_note
from coldtrace.seal.tile_path import TILE_WIDTH, TilePath, tile_of


def signed_root(head: SignedHead) -> bytes:
    """Return the root that the note says: the column beside it is not signed."""
    return parse_checkpoint(split_note(head.note)[0]).root


def rooted_tile(
    connection: Connection, log: Log, tile: TilePath, *, head: SignedHead, cache: TileCache | None = None
) -> bytes:
    """Return the bytes of a tile or bundle of the tree of `head`, once they lead to its root; raise StoredDiffers.

    What is remembered in `cache` as rooted is not compared again.
    """
    reader = TileReader(connection, log.id, cache=cache)
    level = tile.level or 0
    try:
        _require_rooted(reader, log, level, tile.number, head=head, cache=cache)
        hashes = reader.tile(level, tile.number, tile.width)[: tile.width * HASH_BYTES]
        if tile.level is None:
            return _bundle(connection, log, tile, hashes)
    except StoredDiffers as differs:
        if cache is not None:
            cache.differing[log.name] = differs
        raise
    return hashes


def require_root(connection: Connection, log: Log, *, head: SignedHead) -> None:
    """Raise StoredDiffers unless the upper ends of the stored tiles give the root of `head`."""
    _require_root(TileReader(connection, log.id), log, head=head, cache=None)


def check_some(connection: Connection, log: Log, *, start: int, count: int) -> int:
    """Compare `count` tiles of leaves from tile `start` on with the published root; return where to go on.

    Both the leaves themselves and their hashes are compared, past any cache; raises StoredDiffers.  After the last
    tile it begins again.
    """
    head = store.published(connection, log.id)
    if head is None or head.size == 0:
        return 0
    full, partial = tile_of(0, size=head.size)
    last = full + (partial > 0)
    start = start if start < last else 0
    end = min(start + count, last)
    rooted = TileCache()
    for number in range(start, end):
        width = TILE_WIDTH if number < full else partial
        rooted_tile(connection, log, TilePath(level=None, number=number, width=width), head=head, cache=rooted)
    return end


def _bundle(connection: Connection, log: Log, tile: TilePath, hashes: bytes) -> bytes:
    leaves = store.read_leaves(connection, log.id, first=tile.number * TILE_WIDTH, count=tile.width)
    if b"".join(leaf_hash(leaf) for leaf in leaves) != hashes:
        raise StoredDiffers(name=log.name, path=tile.text())
    return write_bundle(leaves)


def _require_rooted(
    reader: TileReader, log: Log, level: int, number: int, *, head: SignedHead, cache: TileCache | None
) -> None:
    climbed: list[tuple[int, int, bytes]] = []
    try:
        # A full tile is one hash of the tile above it; the tiles that are not full are what the root is made of.
        while number < tile_of(level, size=head.size)[0]:
            data = reader.tile(level, number, TILE_WIDTH)
            if cache is not None and cache.is_rooted(log.id, level, number, data):
                break
            if _root_of(data) != reader(TILE_HEIGHT * (level + 1), number):
                raise StoredDiffers(name=log.name, path=TilePath(level=level, number=number).text())
            climbed.append((level, number, data))
            level, number = level + 1, number // TILE_WIDTH
        else:
            _require_root(reader, log, head=head, cache=cache)
    except LookupError:
        raise StoredDiffers(name=log.name, path=TilePath(level=level, number=number).text()) from None
    if cache is not None:
        for each in climbed:
            cache.note_rooted(log.id, *each)


def _require_root(reader: TileReader, log: Log, *, head: SignedHead, cache: TileCache | None) -> None:
    root = signed_root(head)
    seen = None if cache is None else cache.reads(log.id)
    if cache is not None and cache.roots.get(log.id) == (root, seen):
        return
    try:
        right = root_from(reader, size=head.size) == root
    except LookupError:
        right = False
    if not right:
        raise StoredDiffers(name=log.name, path="tile")
    if cache is not None and seen is not None:
        cache.roots[log.id] = (root, seen)


def _root_of(data: bytes) -> bytes:
    if len(data) != TILE_WIDTH * HASH_BYTES:
        raise LookupError("the log lacks hashes of a full tile")
    return subtree_root([data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)])
