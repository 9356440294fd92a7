"""Turns durable entries into a signed tree: one transaction a tick (docs/formats/ledger.md).

Order that makes it safe: take the queue, write leaves and nodes, move the head, sign, write the checkpoint,
commit.  A crash anywhere before the commit leaves the queue as it was, so the next tick does it again.
Three guards keep two sequencers apart: the advisory lock, the head's row lock, the leaf's primary key.
"""

import logging
import threading
from datetime import datetime

from sqlalchemy import Connection, Engine, text

from coldtrace.env import LOG_ID, Env
from coldtrace.ledger import store
from coldtrace.ledger.paths import subtree_root
from coldtrace.seal.checkpoint import Checkpoint, sign_checkpoint
from coldtrace.seal.merkle import Frontier

BATCH_MAX = 16_384
log = logging.getLogger("coldtrace.sequencer")


def tick(connection: Connection, env: Env, *, now: datetime) -> int:
    """Give every waiting entry its place, sign the new head, and return how many were placed.

    Runs in the caller's transaction.  Returns 0 when nothing waits or another sequencer is at work.
    """
    locked = connection.execute(
        text("SELECT pg_try_advisory_xact_lock(:lock, :log)"), {"lock": store.SEQUENCER_LOCK, "log": LOG_ID}
    ).scalar_one()
    if not locked:
        return 0
    head = connection.execute(
        text(
            "SELECT tree_size, root, frontier, l.origin FROM ledger_head JOIN ledger_log l USING (log_id)"
            " WHERE log_id = :log AND l.state = 'open' FOR UPDATE OF ledger_head"
        ),
        {"log": LOG_ID},
    ).first()
    if head is None:
        return 0
    taken = connection.execute(
        text(
            "DELETE FROM ledger_pending WHERE (log_id, pid) IN (SELECT log_id, pid FROM ledger_pending"
            " WHERE log_id = :log ORDER BY pid LIMIT :most FOR UPDATE SKIP LOCKED)"
            " RETURNING pid, entry_id, leaf_hash"
        ),
        {"log": LOG_ID, "most": BATCH_MAX},
    ).all()
    if not taken:
        return 0
    taken = sorted(taken, key=lambda row: row.pid)
    size = int(head.tree_size)
    frontier = Frontier.from_bytes(bytes(head.frontier))
    if (frontier.size, frontier.root()) != (size, bytes(head.root)):
        raise RuntimeError(f"the head of the log at {size} does not fit its frontier: nothing is signed")
    _copy_leaves(connection, size, [(row.entry_id, bytes(row.leaf_hash)) for row in taken])
    for row in taken:
        frontier.append(bytes(row.leaf_hash))
    _write_nodes(connection, old=size, new=frontier.size)
    root = frontier.root()
    checkpoint = Checkpoint(origin=head.origin, size=frontier.size, root=root)
    note = sign_checkpoint(checkpoint, env.keyring.signer("log"))
    connection.execute(
        text("UPDATE ledger_head SET tree_size = :size, root = :root, frontier = :frontier WHERE log_id = :log"),
        {"size": frontier.size, "root": root, "frontier": frontier.to_bytes(), "log": LOG_ID},
    )
    connection.execute(
        text(
            "INSERT INTO ledger_checkpoint (log_id, tree_size, root, note, created_at)"
            " VALUES (:log, :size, :root, :note, :at)"
        ),
        {"log": LOG_ID, "size": frontier.size, "root": root, "note": note, "at": now},
    )
    return len(taken)


def _copy_leaves(connection: Connection, size: int, leaves: list[tuple[object, bytes]]) -> None:
    raw = connection.connection.driver_connection
    assert raw is not None
    with (
        raw.cursor() as cursor,
        cursor.copy("COPY ledger_leaf (log_id, leaf_index, entry_id, leaf_hash) FROM STDIN") as copy,
    ):
        for offset, (entry_id, leaf_hash) in enumerate(leaves):
            copy.write_row((LOG_ID, size + offset, entry_id, leaf_hash))


def _write_nodes(connection: Connection, *, old: int, new: int) -> None:
    """Write the root of every 256-subtree that this batch completed, level by level."""
    level = 0
    while new >> 8:
        rows = []
        for tile in range(old >> 8, new >> 8):
            hashes = store.read_hashes(connection, level=level, first=tile << 8, count=256)
            rows.append({"log": LOG_ID, "level": level + 1, "idx": tile, "hash": subtree_root(hashes)})
        if rows:
            connection.execute(
                text("INSERT INTO ledger_node (log_id, level, idx, hash) VALUES (:log, :level, :idx, :hash)"),
                rows,
            )
        old, new, level = old >> 8, new >> 8, level + 1


class Sequencer:
    """A background thread of a server process that ticks until stopped."""

    def __init__(self, engine: Engine, env: Env, *, tick_s: float) -> None:
        self._engine, self._env, self._tick_s = engine, env, tick_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sequencer", daemon=True)

    def start(self) -> None:
        """Begin ticking."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the tick under way and end the thread."""
        self._stop.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        while not self._stop.is_set():
            placed = 0
            try:
                with self._engine.begin() as connection:
                    placed = tick(connection, self._env, now=self._env.clock())
            except Exception:
                # The queue is durable and untouched, so the next tick may simply try again; it must not die.
                log.exception("sequencer tick failed; trying again")
                self._stop.wait(1.0)
            if placed < BATCH_MAX:
                self._stop.wait(self._tick_s)
