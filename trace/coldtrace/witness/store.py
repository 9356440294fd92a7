"""What a witness keeps, in one SQLite file: the logs it follows, the head it cosigned of each, evidence.

Every change is one `BEGIN IMMEDIATE`, so that checking the last head and keeping the next cannot be pulled apart, and
is on the disk (`synchronous=FULL`) before anything is answered.

A second file beside it, `.marks`, holds the largest size that was ever cosigned of each log, written after the commit
and before the answer: a store that was restored from an older copy, or begun anew, is below its mark and signs nothing.
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
CREATE TABLE IF NOT EXISTS log (vkey TEXT PRIMARY KEY, origin TEXT NOT NULL, added_at_s INTEGER NOT NULL, url TEXT);
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


_MARKS = "CREATE TABLE IF NOT EXISTS mark (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL)"


class Store:
    """The file, made if it is not there; one that goes missing later is not made again.

    Each transaction has a connection of its own, so threads and processes may share it.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._marks = path, path.with_suffix(".marks")
        for file in (path, self._marks):
            if not file.exists():
                file.touch(mode=0o600)
        with self.change() as connection:
            if "url" not in {row["name"] for row in connection.execute("PRAGMA table_info(log)")}:
                connection.execute("ALTER TABLE log ADD COLUMN url TEXT")
            connection.execute("PRAGMA user_version = 2")
        with self._mark_file() as connection:
            connection.execute(_MARKS)

    def mark_of(self, origin: str) -> tuple[int, bytes] | None:
        """Return size and root of the largest tree of a log that was ever cosigned from here, as far as is known."""
        with self._mark_file() as connection:
            row = connection.execute("SELECT size, root FROM mark WHERE origin = ?", (origin,)).fetchone()
        return None if row is None else (int(row[0]), bytes(row[1]))

    def raise_mark(self, head: Head) -> None:
        """Remember a head that is kept and about to leave the house."""
        with self._mark_file() as connection:
            connection.execute(
                "INSERT INTO mark VALUES (?, ?, ?) ON CONFLICT (origin) DO UPDATE SET size = excluded.size,"
                " root = excluded.root WHERE excluded.size > mark.size",
                (head.origin, head.size, head.root),
            )

    @contextmanager
    def _mark_file(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(_there(self._marks), timeout=5, isolation_level=None)) as connection:
                connection.execute("PRAGMA synchronous = FULL")
                yield connection
        except sqlite3.Error as error:
            raise StoreUnavailable(reason=str(error)) from error

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
        connection = sqlite3.connect(_there(self._path), timeout=5, isolation_level=None)
        connection.row_factory = sqlite3.Row
        # In the rollback journal, as by default: the file alone is then the whole state after every commit.
        connection.execute("PRAGMA synchronous = FULL")
        if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
            connection.executescript(_SCHEMA)
        return connection


def _there(path: Path) -> Path:
    """Return the path of a file that must be there: SQLite would make an empty one in the place of a lost one."""
    if not path.exists():
        raise StoreUnavailable(reason=f"{path.name} is gone")
    return path


def add_log(connection: sqlite3.Connection, vkey: Vkey, *, at_s: int, url: str | None = None) -> None:
    """Follow a log; the same key again changes nothing but, if one is given, the address."""
    connection.execute(
        "INSERT INTO log (vkey, origin, added_at_s, url) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (vkey) DO UPDATE SET url = coalesce(excluded.url, log.url)",
        (vkey.text(), vkey.name, at_s, url),
    )


def url_of(connection: sqlite3.Connection, origin: str) -> str | None:
    """Return where a log shows its checkpoint to everybody, if we were told."""
    row = connection.execute(
        "SELECT url FROM log WHERE origin = ? AND url IS NOT NULL ORDER BY added_at_s DESC LIMIT 1", (origin,)
    ).fetchone()
    return None if row is None else str(row["url"])


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
