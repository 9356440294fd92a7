"""The walk without the database: the served hash tiles make the tree, bundles are read where they are open."""

from collections.abc import Sequence
from hashlib import sha256

from coldtrace.audit.finding_words import FindingCode
from coldtrace.audit.heads import Mark, ServedHead
from coldtrace.audit.leaves import header_hash
from coldtrace.audit.served import BUNDLES_CLOSED, Comparison, Source, level_0, read_entries, read_tile
from coldtrace.audit.tree import WIDTH
from coldtrace.audit.walk import Task, Walked
from coldtrace.audit.work import Threads, look_at_signatures
from coldtrace.seal.hashing import HASH_BYTES
from coldtrace.seal.tile_path import TilePath, tile_of


class TileWalk:
    """One walk up to the served checkpoint."""

    def __init__(self, task: Task, source: Source, head: ServedHead) -> None:
        self._task, self._source, self._head = task, source, head
        self._report, self._size = task.report, head.checkpoint.size
        self._leaves = task.leaves((), net=None)
        self._threads = Threads()
        self._open = True

    def run(self) -> Walked | None:
        """Walk all tiles; None if the log is shorter than what was saved."""
        self._report.check(1, 7)
        if self._task.is_shorter(self._size, self._head.note):
            return None
        upper = Comparison(self._source, self._report, size=self._size, bundles=False)
        root = Mark(
            size=self._size,
            root=self._head.checkpoint.root,
            code=FindingCode.SERVED_DIFFERS,
            where=f"checkpoint {self._size}",
            note=self._head.note,
        )
        growth = self._task.growth(self._stored_hashes, iter(()), more=[root])
        for first, hashes in level_0(self._source, self._report, first=self._task.first, size=self._size):
            growth.extend(hashes, upper.nodes)
            self._read_bundle(first, hashes)
            self._task.progress(growth.tree.size, self._size)
        upper.finish()
        self._task.finish(growth)
        for where in self._leaves.chains.missing().values() if self._open else ():
            self._report.find(FindingCode.CHAIN_BROKEN, where)
        return Walked(
            tree=growth.tree,
            note=self._head.note,
            keys=self._leaves.keys_to_json(),
            chains=self._leaves.chains.to_json(),
            lists=max(self._leaves.lists, default=0),
        )

    def _read_bundle(self, first: int, hashes: Sequence[bytes]) -> None:
        """Check the leaves behind these hashes, which end a tile or the log."""
        if not self._open:
            return
        number, skipped = divmod(first, WIDTH)
        tile = TilePath(level=None, number=number, width=skipped + len(hashes))
        leaves = read_entries(self._source, tile, self._report)
        if leaves is None:
            self._open = BUNDLES_CLOSED not in self._report.notes
            return
        self._report.check(2)
        for at, (data, expected) in enumerate(zip(leaves[skipped:], hashes, strict=True), first):
            if sha256(b"\x00" + data).digest() != expected:
                self._report.find(FindingCode.SERVED_DIFFERS, f"{tile.text()} {at}")
            leaf = self._leaves.read(data, str(at))
            if leaf is not None and leaf.header is not None:
                here = header_hash(leaf)
                self._leaves.chains.add(leaf.header.key, here=here, prev=leaf.header.prev, seq=None, where=str(at))
        look_at_signatures(self._threads.judge(self._leaves.take_signatures()), self._report)

    def _stored_hashes(self, level: int, first: int, count: int) -> Sequence[bytes]:
        number, skipped = divmod(first, WIDTH)
        full, partial = tile_of(level, size=self._size)
        width = WIDTH if number < full else partial
        if skipped + count > width:
            return ()
        data = read_tile(self._source, TilePath(level=level, number=number, width=width), self._report)
        if data is None:
            return ()
        return [data[at * HASH_BYTES : (at + 1) * HASH_BYTES] for at in range(skipped, skipped + count)]
