"""Everything that the auditor reads from the database: one snapshot, streamed, its own SQL.

Two connections share one snapshot, so that the leaves can be fetched ahead in a thread while the rest is asked for.
Rows come in binary and ids as bytes: converting them would cost more than hashing them.
"""

import queue
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import TupleRow

from coldtrace.audit.refusals import AuditDatabase, NoSuchLog
from coldtrace.db.engine import read_url

BATCH = 8192
ROWS_AT_ONCE = 100
"""Of rows that may be long: a leaf has up to 64 kB, a trust list is as long as the country's."""
_AHEAD = 3
_Connection = psycopg.Connection[TupleRow]
_LEAVES = (
    "SELECT l.leaf_index, uuid_send(l.entry_id), l.leaf_hash, e.leaf_hash, e.leaf, e.received_at::date::text"
    " FROM ledger_leaf l"
    " LEFT JOIN ledger_entry e ON e.log_id = l.log_id AND e.entry_id = l.entry_id"
    " WHERE l.log_id = %s AND l.leaf_index >= %s ORDER BY l.leaf_index LIMIT %s"
)


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Where other connections find the same state of the same log: address, exported snapshot, number of the log."""

    target: str
    name: str
    log_id: int


class LeafRow(NamedTuple):
    """A leaf with its entry; the last three are None if there is no such entry.  `day` is that of its receipt, UTC."""

    at: int
    entry_id: bytes
    leaf_hash: bytes
    entry_hash: bytes | None
    leaf: bytes | None
    day: str | None


class PendingRow(NamedTuple):
    """An entry that waits for its place; `day` is that of its receipt, UTC."""

    entry_id: str
    leaf: bytes
    day: str
    is_late: bool


class PublishedRow(NamedTuple):
    """What the database says is published, and the root that was signed of that size, None if none was."""

    size: int
    root: bytes
    note: str
    signed_root: bytes | None


class CheckpointRow(NamedTuple):
    """A stored checkpoint."""

    size: int
    root: bytes
    note: str
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class LogRow:
    """The log as the database names it."""

    log_id: int
    origin: str
    vkey: str
    state: str
    size: int
    root: bytes
    frontier: bytes


class Database:
    """One snapshot of one log."""

    def __init__(self, main: _Connection, stream: _Connection, log: LogRow, snapshot: Snapshot) -> None:
        self._main, self._ahead, self.log, self.snapshot = main, stream, log, snapshot
        self._numbers = count()

    def leaves(self, first: int) -> Iterator[list[LeafRow]]:
        """Give the leaves from index `first` on, in order and in batches, fetched ahead by a thread."""
        rows: queue.Queue[list[LeafRow] | BaseException | None] = queue.Queue(maxsize=_AHEAD)
        stop = threading.Event()
        thread = threading.Thread(target=self._fetch, args=(first, rows, stop), name="leaves", daemon=True)
        thread.start()
        try:
            while (batch := rows.get()) is not None:
                if isinstance(batch, BaseException):
                    raise AuditDatabase(reason=" ".join(str(batch).split())) from batch
                yield batch
        finally:
            stop.set()
            with suppress(queue.Empty):
                while True:
                    rows.get_nowait()
            thread.join()

    def _fetch(
        self, first: int, rows: "queue.Queue[list[LeafRow] | BaseException | None]", stop: threading.Event
    ) -> None:
        """By index from where the last batch ended, so that each is a short scan and no sort."""
        try:
            while not stop.is_set():
                with self._ahead.cursor(binary=True) as cursor:
                    cursor.execute(_LEAVES, (self.log.log_id, first, BATCH))
                    batch = [LeafRow._make(row) for row in cursor.fetchall()]
                if not batch:
                    break
                first = batch[-1].at + 1
                _put(rows, batch, stop)
            _put(rows, None, stop)
        except psycopg.Error as error:
            _put(rows, error, stop)

    def nodes(self, level: int, first: int, count: int) -> dict[int, bytes]:
        """Return the stored nodes of a level in a range."""
        return dict(
            self._rows(
                "SELECT idx, hash FROM ledger_node WHERE log_id = %s AND level = %s AND idx >= %s AND idx < %s",
                level,
                first,
                first + count,
            )
        )

    def hashes(self, level: int, first: int, count: int) -> dict[int, bytes]:
        """Return the stored hashes of a tile level in a range: leaf hashes at level 0, nodes above."""
        if level:
            return self.nodes(level, first, count)
        return dict(
            self._rows(
                "SELECT leaf_index, leaf_hash FROM ledger_leaf"
                " WHERE log_id = %s AND leaf_index >= %s AND leaf_index < %s",
                first,
                first + count,
            )
        )

    def node_counts(self) -> dict[int, tuple[int, int]]:
        """Return for each level how many nodes are stored, and the highest index."""
        rows = self._rows("SELECT level, count(*), max(idx) FROM ledger_node WHERE log_id = %s GROUP BY level")
        return {level: (count, highest) for level, count, highest in rows}

    def checkpoints(self, first: int) -> Iterator[CheckpointRow]:
        """Give the stored checkpoints from size `first` on, in order."""
        after = first - 1
        while True:
            rows = self._rows(
                "SELECT tree_size, root, note, created_at FROM ledger_checkpoint WHERE log_id = %s AND tree_size > %s"
                " ORDER BY tree_size LIMIT 1000",
                after,
            )
            yield from map(CheckpointRow._make, rows)
            if not rows:
                return
            after = rows[-1][0]

    def newest_checkpoint(self) -> CheckpointRow | None:
        """Return the stored checkpoint of the largest size."""
        rows = self._rows(
            "SELECT tree_size, root, note, created_at FROM ledger_checkpoint WHERE log_id = %s"
            " ORDER BY tree_size DESC LIMIT 1"
        )
        return CheckpointRow._make(rows[0]) if rows else None

    def cosignatures(self, first: int) -> Iterator[tuple[int, str, bytes, str, str | None]]:
        """Give size, witness, key id, line, and the note of that size if there is one."""
        yield from self._stream(
            "SELECT c.tree_size, c.witness, c.key_id, c.line, p.note FROM ledger_cosignature c"
            " LEFT JOIN ledger_checkpoint p USING (log_id, tree_size)"
            " WHERE c.log_id = %s AND c.tree_size >= %s ORDER BY c.tree_size",
            first,
        )

    def repeated_entries(self) -> list[str]:
        """Return entries with more than one leaf."""
        return self._ids("SELECT entry_id FROM ledger_leaf WHERE log_id = %s GROUP BY entry_id HAVING count(*) > 1")

    def lost_entries(self) -> list[str]:
        """Return entries that are neither leaves nor waiting."""
        return self._ids(
            "SELECT e.entry_id FROM ledger_entry e WHERE e.log_id = %s"
            " AND NOT EXISTS (SELECT FROM ledger_leaf l WHERE l.log_id = e.log_id AND l.entry_id = e.entry_id)"
            " AND NOT EXISTS (SELECT FROM ledger_pending p WHERE p.log_id = e.log_id AND p.entry_id = e.entry_id)"
        )

    def lost_statements(self) -> list[str]:
        """Return statements that custody has accepted and no log of the database keeps."""
        return self._ids(
            "SELECT s.entry_id FROM statement s WHERE %s IS NOT NULL"
            " AND NOT EXISTS (SELECT FROM ledger_entry e WHERE e.entry_id = s.entry_id)"
        )

    def wrong_pending(self) -> list[str]:
        """Return waiting rows without an entry, with another hash, already placed, or there twice."""
        return self._ids(
            "SELECT p.entry_id FROM ledger_pending p LEFT JOIN ledger_entry e USING (log_id, entry_id)"
            " WHERE p.log_id = %s AND (e.entry_id IS NULL OR e.leaf_hash <> p.leaf_hash OR EXISTS"
            " (SELECT FROM ledger_leaf l WHERE l.log_id = p.log_id AND l.entry_id = p.entry_id) OR EXISTS"
            " (SELECT FROM ledger_pending o WHERE o.log_id = p.log_id AND o.entry_id = p.entry_id AND o.pid <> p.pid))"
        )

    def pending(self, *, since: datetime) -> Iterator[PendingRow]:
        """Give each entry that waits; those from before `since` are late."""
        rows = self._stream(
            "SELECT e.entry_id::text, e.leaf, e.received_at::date::text, e.received_at < %s FROM ledger_pending p"
            " JOIN ledger_entry e USING (log_id, entry_id) WHERE p.log_id = %s ORDER BY p.pid",
            since,
            log_last=True,
        )
        yield from map(PendingRow._make, rows)

    def published(self) -> PublishedRow | None:
        """Return what is noted as published."""
        rows = self._rows(
            "SELECT p.tree_size, p.root, p.note, c.root FROM ledger_published p"
            " LEFT JOIN ledger_checkpoint c USING (log_id, tree_size) WHERE p.log_id = %s"
        )
        return PublishedRow._make(rows[0]) if rows else None

    def pieces(self, ids: Sequence[bytes]) -> list[tuple[bytes, str, bytes | None, bool]]:
        """Return entry, name, bytes and whether erased, for the pieces of these entries."""
        return read_pieces(self._main, self.log.log_id, ids)

    def orphan_pieces(self) -> list[str]:
        """Return the entries of pieces without an entry."""
        return self._ids(
            "SELECT DISTINCT s.entry_id FROM statement_piece s WHERE s.log_id = %s AND NOT EXISTS"
            " (SELECT FROM ledger_entry e WHERE e.log_id = s.log_id AND e.entry_id = s.entry_id)"
        )

    def known_headers(self, hashes: Sequence[bytes]) -> dict[bytes, bool]:
        """Return those of these header hashes that a log of this database keeps, and whether it is this log."""
        return dict(
            self._rows(
                "SELECT s.header_hash, bool_or(l.log_id = %s) FROM statement s JOIN ledger_leaf l USING (entry_id)"
                " WHERE s.header_hash = ANY(%s) GROUP BY s.header_hash",
                list(hashes),
            )
        )

    def has_other_logs(self) -> bool:
        """Tell whether the database holds other logs beside this one."""
        return bool(self._rows("SELECT 1 FROM ledger_log WHERE log_id <> %s"))

    def certificates(self) -> Iterator[tuple[str, str]]:
        """Give certificate and signature of every device that was ever enrolled, in whichever log."""
        yield from self._stream("SELECT certificate, certificate_sig FROM device WHERE %s IS NOT NULL")

    def roots(self) -> list[tuple[str, str | None]]:
        """Return text and envelope of every version of the root document, in order; the first has no envelope."""
        return self._rows("SELECT root, envelope FROM root_version WHERE %s IS NOT NULL ORDER BY version")

    def trust_lists(self) -> Iterator[tuple[int, str]]:
        """Give number and envelope of every trust list, in order."""
        yield from self._stream("SELECT seq, envelope FROM trust_list WHERE %s IS NOT NULL ORDER BY seq")

    def _ids(self, sql: str) -> list[str]:
        return [str(row[0]) for row in self._rows(f"{sql} LIMIT 1000")]

    def _stream(self, sql: str, *values: object, log_last: bool = False) -> Iterator[tuple[Any, ...]]:
        """Give rows of which there may be many, a few at a time, from a cursor of the server."""
        given = (*values, self.log.log_id) if log_last else (self.log.log_id, *values)
        try:
            with self._main.cursor(name=f"stream_{next(self._numbers)}", binary=True) as cursor:
                cursor.itersize = ROWS_AT_ONCE
                cursor.execute(sql, given)
                yield from cursor
        except psycopg.Error as error:
            raise AuditDatabase(reason=" ".join(str(error).split())) from error

    def _rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with self._main.cursor(binary=True) as cursor:
            try:
                cursor.execute(sql, (self.log.log_id, *values))
                return cursor.fetchall()
            except psycopg.Error as error:
                raise AuditDatabase(reason=" ".join(str(error).split())) from error


def read_pieces(
    connection: _Connection, log_id: int, ids: Sequence[bytes]
) -> list[tuple[bytes, str, bytes | None, bool]]:
    """Return entry, name, bytes and whether erased, for the pieces of these entries of a log."""
    with connection.cursor(binary=True) as cursor:
        cursor.execute(
            "SELECT uuid_send(s.entry_id), s.piece, s.bytes, s.erased_at IS NOT NULL FROM statement_piece s"
            " JOIN unnest(%s::uuid[]) AS wanted(id) ON s.entry_id = wanted.id WHERE s.log_id = %s",
            ([each.hex() for each in ids], log_id),
        )
        return cursor.fetchall()


def join_snapshot(snapshot: Snapshot) -> _Connection:
    """Return a connection that reads what the exporting one reads, as long as that one lives."""
    connection = psycopg.connect(snapshot.target, connect_timeout=10)
    _begin(connection, snapshot.name)
    return connection


def _begin(connection: _Connection, snapshot: str | None = None) -> None:
    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
    if snapshot is not None:
        connection.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
    connection.execute("SET LOCAL timezone = 'UTC'")


@contextmanager
def open_database(url: str, *, name: str | None = None, origin: str | None = None) -> Iterator[Database]:
    """Open one snapshot of the log with this name (the last part of its origin), or of the only one; of several
    without a name the one of this origin.

    Raises DatabaseUrlInvalid, AuditDatabase, NoSuchLog.
    """
    target = read_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        with psycopg.connect(target, connect_timeout=10) as main, psycopg.connect(target, connect_timeout=10) as stream:
            _begin(main)
            exported = main.execute("SELECT pg_export_snapshot()").fetchone()
            assert exported is not None, "a function always has a row"
            _begin(stream, exported[0])
            log = _find_log(main, name, origin)
            yield Database(main, stream, log, Snapshot(target=target, name=exported[0], log_id=log.log_id))
    except psycopg.Error as error:
        raise AuditDatabase(reason=" ".join(str(error).split())) from error


def _find_log(connection: _Connection, name: str | None, origin: str | None) -> LogRow:
    rows = connection.execute(
        "SELECT l.log_id, l.origin, l.vkey, l.state, h.tree_size, h.root, h.frontier FROM ledger_log l"
        " JOIN ledger_head h USING (log_id) ORDER BY l.log_id"
    ).fetchall()
    fitting = [row for row in rows if name is None or name in (row[1], row[1].rpartition("/")[2])]
    if name is None and len(fitting) > 1:
        fitting = [row for row in rows if row[1] == origin]
    if len(fitting) != 1:
        raise NoSuchLog(names=", ".join(row[1].rpartition("/")[2] for row in rows) or "-")
    names = ("log_id", "origin", "vkey", "state", "size", "root", "frontier")
    return LogRow(**dict(zip(names, fitting[0], strict=True)))


def _put(rows: "queue.Queue[Any]", value: object, stop: threading.Event) -> None:
    while not stop.is_set():
        with suppress(queue.Full):
            rows.put(value, timeout=0.1)
            return
