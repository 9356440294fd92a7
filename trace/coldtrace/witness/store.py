"""What a witness keeps, in one SQLite file: the logs it follows, the head it cosigned of each, evidence.

Every change is one `BEGIN IMMEDIATE`, so that checking the last head and keeping the next cannot be pulled apart, and
is on the disk (`synchronous=FULL`) before anything is answered.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from coldtrace.seal.hashing import sha256
from coldtrace.seal.vkey import Vkey, parse_vkey
from coldtrace.witness.model import Evidence, Head
from coldtrace.witness.refusals import StoreUnavailable

EVIDENCE_MAX = 10_000
"""Kept per log, besides forks, which are all kept: a flood of old requests must not fill the disk."""

FORK = "witness_root_conflict"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS log (vkey TEXT PRIMARY KEY, origin TEXT NOT NULL, added_at_s INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS head (
    origin TEXT PRIMARY KEY,
    origin_hash TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL CHECK (size >= 0),
    root BLOB NOT NULL CHECK (length(root) = 32),
    note TEXT NOT NULL,
    signed_at_s INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS evidence (
    id INTEGER PRIMARY KEY,
    origin TEXT NOT NULL,
    reason TEXT NOT NULL,
    digest BLOB NOT NULL UNIQUE,
    seen_at_s INTEGER NOT NULL,
    request TEXT NOT NULL,
    head_note TEXT
);
CREATE TRIGGER IF NOT EXISTS head_grows BEFORE UPDATE ON head
    WHEN NEW.size < OLD.size OR (NEW.size = OLD.size AND NEW.root <> OLD.root) OR NEW.signed_at_s < OLD.signed_at_s
    BEGIN SELECT RAISE(ABORT, 'a witness never goes back'); END;
CREATE TRIGGER IF NOT EXISTS head_stays BEFORE DELETE ON head
    BEGIN SELECT RAISE(ABORT, 'a witness never goes back'); END;
"""


class Store:
    """The file; each transaction has a connection of its own, so threads and processes may share it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self.change() as connection:
            connection.execute("PRAGMA user_version = 1")

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """Give a connection that holds the write lock; commit at the end, roll back on any error."""
        try:
            with closing(self._open()) as connection:
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                except BaseException:
                    connection.execute("ROLLBACK")
                    raise
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise StoreUnavailable(reason=str(error)) from error

    @contextmanager
    def look(self) -> Iterator[sqlite3.Connection]:
        """Give a connection to read with."""
        try:
            with closing(self._open()) as connection:
                yield connection
        except sqlite3.Error as error:
            raise StoreUnavailable(reason=str(error)) from error

    def _open(self) -> sqlite3.Connection:
        is_new = not self._path.exists()
        if is_new:
            self._path.touch(mode=0o600)
        connection = sqlite3.connect(self._path, timeout=5, isolation_level=None)
        connection.row_factory = sqlite3.Row
        # In the rollback journal, as by default: the file alone is then the whole state after every commit.
        connection.execute("PRAGMA synchronous = FULL")
        if is_new or connection.execute("PRAGMA user_version").fetchone()[0] == 0:
            connection.executescript(_SCHEMA)
        return connection


def add_log(connection: sqlite3.Connection, vkey: Vkey, *, at_s: int) -> None:
    """Follow a log; the same key again changes nothing."""
    connection.execute("INSERT OR IGNORE INTO log VALUES (?, ?, ?)", (vkey.text(), vkey.name, at_s))


def logs(connection: sqlite3.Connection) -> list[Vkey]:
    """Return the keys of all logs that are followed."""
    return [parse_vkey(row["vkey"]) for row in connection.execute("SELECT vkey FROM log ORDER BY origin, added_at_s")]


def keys_of(connection: sqlite3.Connection, origin: str) -> list[Vkey]:
    """Return the registered keys of one log."""
    rows = connection.execute("SELECT vkey FROM log WHERE origin = ? ORDER BY added_at_s", (origin,))
    return [parse_vkey(row["vkey"]) for row in rows]


def head_of(connection: sqlite3.Connection, origin: str) -> Head | None:
    """Return the head that was cosigned last of a log."""
    return _head(connection.execute("SELECT * FROM head WHERE origin = ?", (origin,)).fetchone())


def head_by_hash(connection: sqlite3.Connection, origin_hash: str) -> Head | None:
    """Return the head of the log whose origin has this SHA-256, in hex."""
    return _head(connection.execute("SELECT * FROM head WHERE origin_hash = ?", (origin_hash,)).fetchone())


def latest_time_s(connection: sqlite3.Connection) -> int:
    """Return the latest time that this witness has ever signed, 0 before the first."""
    found = connection.execute("SELECT max(signed_at_s) FROM head").fetchone()[0]
    return 0 if found is None else int(found)


def keep_head(connection: sqlite3.Connection, head: Head) -> None:
    """Keep the head that is about to be cosigned."""
    origin_hash = sha256(head.origin.encode("utf-8")).hex()
    connection.execute(
        "INSERT INTO head VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (origin) DO UPDATE SET size = excluded.size,"
        " root = excluded.root, note = excluded.note, signed_at_s = excluded.signed_at_s",
        (head.origin, origin_hash, head.size, head.root, head.note, head.signed_at_s),
    )


def keep_evidence(connection: sqlite3.Connection, evidence: Evidence, *, text: str) -> None:
    """Keep a rejected request, once for each reason and checkpoint text."""
    digest = sha256(f"{evidence.reason}\n{text}".encode())
    connection.execute(
        "INSERT OR IGNORE INTO evidence (origin, reason, digest, seen_at_s, request, head_note)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (evidence.origin, evidence.reason, digest, evidence.seen_at_s, evidence.request, evidence.head_note),
    )
    connection.execute(
        "DELETE FROM evidence WHERE id IN (SELECT id FROM evidence WHERE origin = ? AND reason <> ?"
        " ORDER BY id DESC LIMIT -1 OFFSET ?)",
        (evidence.origin, FORK, EVIDENCE_MAX),
    )


def evidence(connection: sqlite3.Connection) -> list[Evidence]:
    """Return all evidence, the oldest first."""
    rows = connection.execute("SELECT origin, reason, seen_at_s, request, head_note FROM evidence ORDER BY id")
    return [Evidence(**dict(row)) for row in rows]


def _head(row: sqlite3.Row | None) -> Head | None:
    if row is None:
        return None
    return Head(
        origin=row["origin"],
        size=row["size"],
        root=bytes(row["root"]),
        note=row["note"],
        signed_at_s=row["signed_at_s"],
    )
