"""Turns durable entries into a signed tree: one transaction a tick (docs/formats/ledger.md).

Order that makes it safe: take the queue, write leaves and nodes, move the head, sign, write the checkpoint,
commit.  A crash anywhere before the commit leaves the queue as it was, so the next tick does it again.
Three guards keep two sequencers apart: the advisory lock, the head's row lock, the leaf's primary key.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy import Connection, Engine, text

from coldtrace.env import Env, Log
from coldtrace.errors import Refusal
from coldtrace.ledger import fork_guard, store
from coldtrace.ledger.fork_guard import Look
from coldtrace.ledger.model import Head, LogState, SignedHead
from coldtrace.ledger.paths import subtree_root
from coldtrace.ledger.refusals import HeadDamaged, SigningFailed
from coldtrace.seal.checkpoint import Checkpoint, sign_checkpoint
from coldtrace.seal.merkle import Frontier, MalformedFrontier
from coldtrace.seal.tile_path import TILE_WIDTH

BATCH_MAX = 16_384
PAUSE_S = 1.0
ASK_AGAIN_S = 60.0
"""How soon witnesses that were not heard are asked again; it costs their timeout."""

log_file = logging.getLogger("coldtrace.sequencer")

# By the place of each row, which its lock keeps: a second search by key would cost as much as all the rest.
_TAKE = (
    b"WITH taken AS MATERIALIZED (SELECT ctid FROM ledger_pending"
    b" WHERE log_id = %s ORDER BY pid LIMIT %s FOR UPDATE SKIP LOCKED)"
    b" DELETE FROM ledger_pending p USING taken WHERE p.ctid = taken.ctid"
    b" RETURNING p.pid, uuid_send(p.entry_id), p.leaf_hash"
)
_COPY = b"COPY ledger_leaf (log_id, leaf_index, entry_id, leaf_hash) FROM STDIN (FORMAT BINARY)"
_COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END = b"\xff\xff"


def tick(connection: Connection, env: Env, log: Log, *, now: datetime) -> int:
    """Give every waiting entry its place, sign the new head, and return how many were placed.

    Runs in the caller's transaction.  Returns 0 when nothing waits or another sequencer is at work.  Raises
    HeadDamaged.
    """
    locked = connection.execute(
        text("SELECT pg_try_advisory_xact_lock(:lock, :log)"), {"lock": store.SEQUENCER_LOCK, "log": log.id}
    ).scalar_one()
    if not locked:
        return 0
    head = connection.execute(
        text(
            "SELECT tree_size, root, frontier, l.origin FROM ledger_head JOIN ledger_log l USING (log_id)"
            " WHERE log_id = :log AND l.state = 'open' FOR UPDATE OF ledger_head"
        ),
        {"log": log.id},
    ).first()
    if head is None:
        return 0
    raw = store.raw_connection(connection)
    with raw.cursor(binary=True) as cursor:
        taken = cursor.execute(_TAKE, (log.id, BATCH_MAX)).fetchall()
    if not taken:
        return 0
    taken.sort()
    hashes = [leaf_hash for _, _, leaf_hash in taken]
    size = int(head.tree_size)
    try:
        frontier = Frontier.from_bytes(bytes(head.frontier))
    except MalformedFrontier:
        raise HeadDamaged(name=log.name, size=size) from None
    if (frontier.size, frontier.root()) != (size, bytes(head.root)):
        raise HeadDamaged(name=log.name, size=size)
    with raw.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.write(_copied(log, size, taken))
    frontier.extend(hashes)
    _write_nodes(connection, log, old=size, new=frontier.size, hashes=hashes)
    root = frontier.root()
    checkpoint = Checkpoint(origin=head.origin, size=frontier.size, root=root)
    note = sign_checkpoint(checkpoint, env.keyring.signer(log.key_name))
    connection.execute(
        text("UPDATE ledger_head SET tree_size = :size, root = :root, frontier = :frontier WHERE log_id = :log"),
        {"size": frontier.size, "root": root, "frontier": frontier.to_bytes(), "log": log.id},
    )
    store.insert_checkpoint(connection, log.id, SignedHead(size=frontier.size, root=root, note=note), at=now)
    return len(taken)


def _copied(log: Log, size: int, taken: Iterable[tuple[int, bytes, bytes]]) -> bytes:
    """Return leaves as PostgreSQL's binary COPY has them: fields behind their lengths, big-endian."""
    begin = b"\0\4" + b"\0\0\0\4" + log.id.to_bytes(4, "big") + b"\0\0\0\x08"
    parts = [_COPY_HEAD]
    for index, (_, entry_id, leaf_hash) in enumerate(taken, size):
        parts += (begin, index.to_bytes(8, "big"), b"\0\0\0\x10", entry_id, b"\0\0\0\x20", leaf_hash)
    parts.append(_COPY_END)
    return b"".join(parts)


def _write_nodes(connection: Connection, log: Log, *, old: int, new: int, hashes: list[bytes]) -> None:
    """Write the root of every 256-subtree that this batch completed, level by level.

    `hashes` are those of the level from `old` on; only the beginning of a tile that was begun before is read.
    """
    level = 0
    while new // TILE_WIDTH > old // TILE_WIDTH:
        begun = old % TILE_WIDTH
        if begun:
            before = store.read_hashes(connection, log.id, level=level, first=old - begun, count=begun)
            if len(before) != begun:
                raise HeadDamaged(name=log.name, size=old * TILE_WIDTH**level)
            hashes = before + hashes
        old, new = old // TILE_WIDTH, new // TILE_WIDTH
        hashes = [subtree_root(hashes[at : at + TILE_WIDTH]) for at in range(0, (new - old) * TILE_WIDTH, TILE_WIDTH)]
        level += 1
        connection.execute(
            text("INSERT INTO ledger_node (log_id, level, idx, hash) VALUES (:log, :level, :idx, :hash)"),
            [{"log": log.id, "level": level, "idx": idx, "hash": node} for idx, node in enumerate(hashes, old)],
        )


class Sequencer:
    """A background thread of a server process that ticks for every open log until stopped.

    Any number of processes may run one.  On every new connection to the server, and again after anything went wrong, it
    asks `outside` for the checkpoints that exist outside the database before it signs for a log: whoever answers there
    now may be an older copy of who answered before.  Where too few were heard it signs nothing if `strict`; otherwise
    it goes on and asks again.  `placed` is called after a commit that grew a tree.  `troubles` says what keeps it from
    signing, by the name of the log, and `unsure` who was not heard.
    """

    def __init__(
        self,
        engine: Engine,
        env: Env,
        *,
        tick_s: float,
        outside: Callable[[Log], Look] = lambda log: Look(),
        placed: Callable[[], None] = lambda: None,
        strict: bool = False,
    ) -> None:
        self._engine, self._env, self._tick_s = engine, env, tick_s
        self._outside, self._placed, self._strict = outside, placed, strict
        self._round = object()
        self._seen: dict[int, Head] = {}
        self._logs: list[Log] = []
        self.troubles: dict[str, Refusal] = {}
        self.unsure: dict[str, Refusal] = {}
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
        look_at = 0.0
        while not self._stop.is_set():
            placed = 0
            try:
                if time.monotonic() >= look_at:
                    self._logs, look_at = self._open_logs(), time.monotonic() + PAUSE_S
                placed = max([self._tick(log) for log in list(self._logs)], default=0)
            except Exception:
                log_file.exception("the sequencer cannot see its logs; trying again")
                self._ask_again()
                self._stop.wait(PAUSE_S)
            if placed < BATCH_MAX:
                self._stop.wait(self._tick_s)

    def _open_logs(self) -> list[Log]:
        with self._engine.connect() as connection:
            return [log for log, _, state in store.logs(connection) if state is LogState.OPEN]

    def _tick(self, log: Log) -> int:
        """Grow one log; what it refuses, or how it fails, is noted and said once, and the other logs go on."""
        try:
            placed = self._grow(log)
        except Refusal as refusal:
            if self.troubles.get(log.name) is None:
                log_file.error("nothing is signed: %s", refusal.say("en"))
            self._leave(log, refusal)
            return 0
        except Exception as error:
            # The queue is durable and untouched, so the next tick may simply try again; it must not die.  Whether a
            # commit that was cut off went through, the head says.
            log_file.exception("sequencer tick of %s failed; trying again", log.name)
            self._ask_again()
            self._leave(log, SigningFailed(name=log.name, reason=type(error).__name__))
            return 0
        self.troubles.pop(log.name, None)
        if placed:
            self._placed()
        return placed

    def _leave(self, log: Log, why: Refusal) -> None:
        """Let a log be until the next look at all logs."""
        self.troubles[log.name] = why
        self._logs = [each for each in self._logs if each.id != log.id]

    def _ask_again(self) -> None:
        """Have every connection guarded anew."""
        self._round = object()

    def _grow(self, log: Log) -> int:
        # In this order: the connection, then what is outside, then the database.  What lies outside can only be older
        # than a head that is read after it, unless the database went back.
        with self._engine.connect() as connection:
            # Of the connection itself: the pool puts another in its place without a word, and forgets this with it.
            guarded: dict[tuple[object, int], float] = connection.info.setdefault("guarded", {})
            this = (self._round, log.id)
            look = None if time.monotonic() < guarded.get(this, 0.0) else self._outside(log)
            fork, placed, seen = None, 0, self._seen.get(log.id)
            with connection.begin():
                if look is not None:
                    fork = fork_guard.check(connection, log, look.found, now=self._env.clock())
                if fork is None:
                    if look is not None and look.silent is not None and self._strict:
                        raise look.silent
                    seen = fork_guard.require_growth(connection, log, since=seen)
                    placed = tick(connection, self._env, log, now=self._env.clock())
                    if placed:
                        seen = store.head(connection, log.id)
        if fork is not None:
            raise fork  # after the commit that froze the log
        if look is not None:
            guarded[this] = self._good_until(log, look)
        if seen is not None:
            self._seen[log.id] = seen
        return placed

    def _good_until(self, log: Log, look: Look) -> float:
        """Note who was not heard, and return until when a connection counts as guarded."""
        if look.silent is None:
            self.unsure.pop(log.name, None)
            return math.inf
        if log.name not in self.unsure:
            log_file.warning("signing goes on: %s", look.silent.say("en"))
        self.unsure[log.name] = look.silent
        return time.monotonic() + ASK_AGAIN_S
