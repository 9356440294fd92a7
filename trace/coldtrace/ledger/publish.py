"""Publishing what was signed: witnesses first, then tiles and bundles, the checkpoint last (docs/formats/ledger.md).

Always after the sequencer's commit and outside of its transaction, from rows read back: what is not durable in the
database never leaves the house.  Whatever stops it in the middle, the next round does the rest: every file is the same
however often it is written, and a reader that sees a checkpoint finds all its tiles.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine

from coldtrace.env import Env, Log
from coldtrace.errors import Refusal
from coldtrace.ledger import fork_guard, store
from coldtrace.ledger.fork_guard import CHECKPOINT
from coldtrace.ledger.model import LogState, SignedHead
from coldtrace.ledger.paths import TileReader
from coldtrace.ledger.published_files import Writer, publishing
from coldtrace.ledger.refusals import FolderBusy, NoCheckpoint, PublishedDiffers, QuorumMissing
from coldtrace.ledger.rooted import check_some, require_root, rooted_tile
from coldtrace.ledger.tiles import TileCache, tiles_between
from coldtrace.seal.checkpoint import Cosignature, open_checkpoint, parse_checkpoint
from coldtrace.seal.merkle import consistency_path_from
from coldtrace.seal.note import split_note
from coldtrace.seal.witness_policy import KnownWitness

REPUBLISH = timedelta(minutes=10)
ASK_AGAIN_S = 5.0
"""How soon witnesses are asked again for a checkpoint that is published without a quorum."""

WITNESS_TIMEOUT_S = 1.0
TILES_AT_ONCE = 64
COMPARED_AT_ONCE = 4
"""Of how many tiles of stored leaves a round of publishing looks again whether they give the published root."""

log_file = logging.getLogger("coldtrace.publisher")

ProofSource = Callable[[int, int], Sequence[bytes]]
"""Given an old and a new size, return the consistency proof."""


class Feed(Protocol):
    """Asks witnesses for their cosignatures: `ledger/feeder.py`, or a test's own."""

    def __call__(
        self, note: str, origin: str, proof_source: ProofSource, witnesses: Sequence[KnownWitness], timeout_s: float
    ) -> list[str]:
        """Return the signature lines of those that answered in time; never raises for one that did not."""
        ...


def no_witness(
    note: str, origin: str, proof_source: ProofSource, witnesses: Sequence[KnownWitness], timeout_s: float
) -> list[str]:
    """The feed of an installation that has no witnesses."""
    return []


def log_folder(data_dir: Path, log: Log) -> Path:
    """Return where a log's files are published on this machine."""
    return data_dir / "logs" / log.name


def publish(
    engine: Engine,
    env: Env,
    log: Log,
    folder: Path,
    *,
    feed: Feed = no_witness,
    strict: bool = False,
    public_entries: bool = False,
) -> SignedHead | None:
    """Publish the newest signed head into `folder` and note it; return it, None when another process is at it.

    Raises QuorumMissing in strict mode, PublishedDiffers and OutsideUnreadable when the folder has other bytes.  A
    checkpoint in the folder that the database does not lead to freezes the log: ForkAhead, ForkDiffers.
    """
    with publishing(folder) as mine:
        if not mine:
            return None
        old = _published_size(engine, env, log, folder)
        with engine.connect() as connection:
            head = store.newest_checkpoint(connection, log.id)
            vkey = next((vkey for each, vkey, _ in store.logs(connection) if each.id == log.id), None)
        if head is None or vkey is None:
            raise NoCheckpoint(size=0)
        note, cosignatures = _cosigned(engine, env, log, vkey, head, feed)
        # An empty tree says nothing that a witness could vouch for: a log that was only opened holds nothing back.
        if strict and head.size and not (env.asked.quorum and env.asked.is_met_by(cosignatures)):
            raise QuorumMissing(name=log.name, size=head.size, cosigned=len(cosignatures), quorum=env.asked.quorum)
        writer = Writer(folder, public_entries=public_entries)
        write_tiles(engine, log, writer, old=old, head=head)
        writer.replace(CHECKPOINT, note.encode())
        shown = SignedHead(size=head.size, root=head.root, note=note)
        with engine.begin() as connection:
            store.set_published(connection, log.id, shown, cosignatures=len(cosignatures), at=env.clock())
        return shown


def write_tiles(engine: Engine, log: Log, writer: Writer, *, old: int, head: SignedHead) -> None:
    """Write the tiles and bundles of `head` that a published tree of `old` leaves had not; raise StoredDiffers.

    Each is compared with the root before it is written, and the root with the stored tiles at the end once more.
    """
    tiles = tiles_between(old, head.size)
    # Its own: what a process has kept may be better than what the database has by now.
    rooted = TileCache()
    for at in range(0, len(tiles), TILES_AT_ONCE):
        # Short reads: a long one would keep the database from tidying up behind the sequencer.
        with engine.connect() as connection:
            some = tiles[at : at + TILES_AT_ONCE]
            read = [(tile, rooted_tile(connection, log, tile, head=head, cache=rooted)) for tile in some]
        for tile, data in read:
            writer.keep(tile.text(), data)
    with engine.connect() as connection:
        require_root(connection, log, head=head)


def export(
    engine: Engine,
    env: Env,
    log: Log,
    folder: Path,
    *,
    head: SignedHead,
    repair: bool = False,
    public_entries: bool = False,
) -> int:
    """Write the published log `head` into a folder and return how many files were missing.

    The same again writes nothing.  With `repair` every tile of the tree is compared with the database, otherwise those
    that the folder's own checkpoint does not cover.  Nothing is ever overwritten but an older checkpoint; raises
    PublishedDiffers, and as in `publish` a checkpoint that the database does not lead to freezes the log.
    """
    with publishing(folder) as mine:
        if not mine:
            raise FolderBusy(folder=str(folder))
        old = _published_size(engine, env, log, folder)
        if old > head.size:
            raise PublishedDiffers(path=f"logs/{log.name}/{CHECKPOINT}")
        writer = Writer(folder, public_entries=public_entries)
        write_tiles(engine, log, writer, old=0 if repair else old, head=head)
        path = folder / CHECKPOINT
        if not path.exists() or path.read_bytes() != head.note.encode():
            writer.replace(CHECKPOINT, head.note.encode())
        writer.flush()
        return writer.written


def _published_size(engine: Engine, env: Env, log: Log, folder: Path) -> int:
    """Return the size that the folder has published, 0 for none, after a look whether the database leads to it.

    What the log has signed and cannot lead to any more is the proof of a fork, wherever it is found.
    """
    known = fork_guard.published_file(folder)
    fork_guard.require_no_fork(engine, env, log, known)
    return max((parse_checkpoint(split_note(each.note.decode())[0]).size for each in known), default=0)


def _cosigned(
    engine: Engine, env: Env, log: Log, vkey: str, head: SignedHead, feed: Feed
) -> tuple[str, tuple[Cosignature, ...]]:
    """Return the note with every cosignature that is good: of the witnesses that answered now, and of those that had
    cosigned this head for any host before.  Each one is checked; new ones are kept."""
    note = head.note
    if not env.asked.witnesses:
        return note, ()

    def proof_source(old: int, new: int) -> Sequence[bytes]:
        with engine.connect() as connection:
            return consistency_path_from(TileReader(connection, log.id), old_size=old, new_size=new)

    for line in feed(note, log.origin, proof_source, env.asked.witnesses, WITNESS_TIMEOUT_S):
        longer = _with_line(note, line, vkey, env)
        if longer is not None:
            note = longer
            with engine.begin() as connection:
                _, signatures = split_note(note)
                store.insert_cosignature(
                    connection,
                    log.id,
                    size=head.size,
                    witness=signatures[-1].name,
                    key_id=signatures[-1].key_id,
                    line=signatures[-1].to_line(),
                    at=env.clock(),
                )
    # After the round: what another host was given meanwhile counts too.
    with engine.connect() as connection:
        kept = store.cosignature_lines(connection, log.id, size=head.size)
    for line in kept:
        note = _with_line(note, line, vkey, env) or note
    return note, _cosignatures(note, vkey, env)


def _with_line(note: str, line: str, vkey: str, env: Env) -> str | None:
    """Return the note with one more line if that is the good cosignature of another witness; None otherwise."""
    longer = note + (line if line.endswith("\n") else line + "\n")
    try:
        opened = open_checkpoint(longer, log=vkey, witnesses=env.asked.vkeys)
    except Refusal as refusal:
        if line not in note:
            log_file.warning("a cosignature was dropped: %s", refusal.say("en"))
        return None
    return longer if len(opened.cosignatures) > len(_cosignatures(note, vkey, env)) else None


def _cosignatures(note: str, vkey: str, env: Env) -> tuple[Cosignature, ...]:
    return open_checkpoint(note, log=vkey, witnesses=env.asked.vkeys).cosignatures


class Publisher:
    """A background thread of a server process that publishes what was signed, at most once in `every_s`.

    Each machine publishes into its own folder.  `wake` says that a tree grew; without it, as when another process
    hosts the sequencer, it looks by itself.  `troubles` says what keeps it from publishing, by the name of the log.
    """

    def __init__(
        self,
        engine: Engine,
        env: Env,
        *,
        data_dir: Path,
        every_s: float,
        feed: Feed = no_witness,
        strict: bool = False,
        public_entries: bool = False,
    ) -> None:
        self._engine, self._env, self._data_dir, self._every_s = engine, env, data_dir, every_s
        self._feed, self._strict, self._public_entries = feed, strict, public_entries
        self._compared: dict[int, int] = {}
        """By log: the tile at which the comparison of stored tiles goes on."""
        self._done: dict[int, tuple[int, float]] = {}
        """By log: the size published last, and until when nothing more is to be done at that size."""
        self.troubles: dict[str, Refusal] = {}
        self._stop, self._wake = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

    def start(self) -> None:
        """Begin publishing."""
        self._thread.start()

    def wake(self) -> None:
        """Say that there is something new."""
        self._wake.set()

    def stop(self) -> None:
        """Finish the round under way and end the thread."""
        self._stop.set()
        self._wake.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        while not self._stop.is_set():
            started = time.monotonic()
            self._wake.clear()
            try:
                self._round()
            except Exception:
                log_file.exception("publishing failed; trying again")
            self._stop.wait(max(self._every_s - (time.monotonic() - started), 0))
            self._wake.wait(self._every_s)

    def _round(self) -> None:
        with self._engine.connect() as connection:
            found = store.log_status(connection)
        for status in found:
            if not self._compare(status.log):
                continue
            size, until = self._done.get(status.log.id, (-1, 0.0))
            if status.state is LogState.FROZEN or (size == status.head_size and time.monotonic() < until):
                continue
            self._publish(status.log)

    def _compare(self, log: Log) -> bool:
        """Compare a few more stored tiles with the published root; what differs is an alarm and stops publication."""
        start = self._compared.get(log.id, 0)
        try:
            with self._engine.connect() as connection:
                self._compared[log.id] = check_some(connection, log, start=start, count=COMPARED_AT_ONCE)
        except Refusal as refusal:
            self._note(log, refusal)
            self._done.pop(log.id, None)  # once it is mended it is published again, and the alarm goes
            return False
        return True

    def _note(self, log: Log, refusal: Refusal) -> None:
        if log.name not in self.troubles:
            log_file.error("not published: %s", refusal.say("en"))
        self.troubles[log.name] = refusal

    def _publish(self, log: Log) -> None:
        try:
            head = publish(
                self._engine,
                self._env,
                log,
                log_folder(self._data_dir, log),
                feed=self._feed,
                strict=self._strict,
                public_entries=self._public_entries,
            )
        except Refusal as refusal:
            self._note(log, refusal)
            return
        self.troubles.pop(log.name, None)
        if head is not None:
            # Short of a quorum a witness that comes back is not left waiting until the log grows.
            enough = head.size == 0 or self._has_enough(head)
            again_s = REPUBLISH.total_seconds() if enough else ASK_AGAIN_S
            self._done[log.id] = (head.size, time.monotonic() + again_s)

    def _has_enough(self, head: SignedHead) -> bool:
        lines = split_note(head.note)[1]
        known = {(each.name, each.key_id): each for each in self._env.asked.vkeys}
        there = [known[each.name, each.key_id] for each in lines if (each.name, each.key_id) in known]
        return self._env.asked.is_met_by_keys(there)
