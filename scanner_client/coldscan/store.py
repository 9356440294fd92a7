"""The device's SQLite file: write-ahead log, synchronous FULL, one short transaction for each scan.

When `immediate` has left its block without an exception, the rows are on the disk; only then may anything say
"stored".  A statement row keeps its texts until the server's receipt is checked; then header, signature and receipt.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from coldscan.file_lock import held
from coldscan.refusals import NewerStore, StoreFault
from coldscan.state_dir import StateDir

SCHEMA_VERSION = 5
BUSY_S = 10.0

_SCHEMA = """
CREATE TABLE statements (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    key TEXT NOT NULL,
    seq INTEGER NOT NULL,
    type TEXT NOT NULL,
    at TEXT NOT NULL,
    header TEXT NOT NULL,
    public TEXT,
    private TEXT,
    units TEXT,
    sig TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'refused')),
    code TEXT,
    reason TEXT,
    receipt TEXT,
    tries INTEGER NOT NULL DEFAULT 0,
    trouble INTEGER NOT NULL DEFAULT 0,
    UNIQUE (key, seq),
    CHECK (state = 'sent' OR (public IS NOT NULL AND private IS NOT NULL AND units IS NOT NULL)),
    CHECK (state <> 'sent' OR receipt IS NOT NULL)
) STRICT;
CREATE INDEX statements_pending ON statements (trouble, number) WHERE state = 'pending';
CREATE INDEX statements_coded ON statements (number) WHERE code IS NOT NULL;
CREATE TABLE cache (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE lots (gtin TEXT NOT NULL, lot TEXT NOT NULL, facts TEXT NOT NULL,
    PRIMARY KEY (gtin, lot)) STRICT, WITHOUT ROWID;
CREATE TABLE places (gln TEXT PRIMARY KEY, name_zh TEXT NOT NULL, name_en TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE lanes (lane TEXT PRIMARY KEY, operation TEXT, counterparty TEXT, counterparty_name TEXT, door TEXT,
    pallet TEXT, context INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE pile (number INTEGER PRIMARY KEY, lane TEXT NOT NULL, unit TEXT NOT NULL, UNIQUE (lane, unit)) STRICT;
CREATE TABLE said (unit TEXT NOT NULL, type TEXT NOT NULL, context INTEGER NOT NULL, statement TEXT NOT NULL,
    at TEXT NOT NULL, PRIMARY KEY (unit, type, context)) STRICT, WITHOUT ROWID;
CREATE INDEX said_statement ON said (statement);
CREATE TABLE known (serial TEXT PRIMARY KEY, uri TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE refused_scans (number INTEGER PRIMARY KEY, at TEXT NOT NULL, lane TEXT NOT NULL, operation TEXT,
    text TEXT NOT NULL, verdict TEXT NOT NULL) STRICT;
"""
_ADDED_BY_2 = """
CREATE TABLE unit_lots (unit TEXT PRIMARY KEY, facts INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE unit_facts (number INTEGER PRIMARY KEY, facts TEXT NOT NULL) STRICT;
"""
_ADDED_BY_3 = """
ALTER TABLE statements ADD COLUMN lane TEXT;
ALTER TABLE statements ADD COLUMN undone INTEGER NOT NULL DEFAULT 0;
CREATE INDEX statements_lane ON statements (lane, number) WHERE lane IS NOT NULL;
ALTER TABLE lanes ADD COLUMN phase TEXT;
ALTER TABLE lanes ADD COLUMN reason TEXT;
ALTER TABLE lanes ADD COLUMN method TEXT;
ALTER TABLE lanes ADD COLUMN witness TEXT;
ALTER TABLE pile RENAME TO pile_of_2;
CREATE TABLE pile (number INTEGER PRIMARY KEY, lane TEXT NOT NULL, role TEXT NOT NULL, unit TEXT NOT NULL,
    code TEXT, UNIQUE (lane, role, unit)) STRICT;
INSERT INTO pile (number, lane, role, unit) SELECT number, lane, 'child', unit FROM pile_of_2;
DROP TABLE pile_of_2;
CREATE INDEX said_context ON said (context, type)
"""
_ADDED_BY_4 = """
ALTER TABLE lanes ADD COLUMN lot_gtin TEXT;
ALTER TABLE lanes ADD COLUMN lot TEXT;
CREATE TABLE rolls (number INTEGER PRIMARY KEY, roll TEXT NOT NULL UNIQUE, key TEXT NOT NULL, gtin TEXT,
    bind_until TEXT NOT NULL) STRICT;
CREATE TABLE roll_units (unit TEXT PRIMARY KEY, roll INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX roll_units_roll ON roll_units (roll)
"""
_ADDED_BY_5 = """
ALTER TABLE statements ADD COLUMN true_at TEXT;
ALTER TABLE statements ADD COLUMN ran TEXT;
DROP INDEX statements_lane
"""
# The newest statement of a lane is among the newest of all, so no scan needs to pay for an index of lanes.
_STEPS = (_SCHEMA, _ADDED_BY_2, _ADDED_BY_3, _ADDED_BY_4, _ADDED_BY_5)
"""What brings a store from each version to the next one, from 0."""


def open_store(state: StateDir) -> sqlite3.Connection:
    """Open the device's store, making it if it is missing; raise StoreFault or NewerStore."""
    try:
        state.create()
        # SQLite gives its other files the mode of this one.
        os.close(os.open(state.store, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        connection = sqlite3.connect(state.store, timeout=BUSY_S, isolation_level=None)
        try:
            _set_up(connection, state)
        except BaseException:
            connection.close()
            raise
    except (sqlite3.Error, OSError) as fault:
        raise StoreFault(path=str(state.store), reason=str(fault)) from fault
    return connection


def open_to_look(state: StateDir) -> sqlite3.Connection:
    """Open what lies in the store's file without writing a byte, for a disk that takes none; raise sqlite3.Error."""
    uri = f"{state.store.absolute().as_uri()}?mode=ro&immutable=1"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    try:
        _version(connection)
        connection.execute("SELECT 1 FROM cache").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _set_up(connection: sqlite3.Connection, state: StateDir) -> None:
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA secure_delete = ON")
    if _version(connection) < SCHEMA_VERSION:
        # The switch to write-ahead logging does not wait for other processes, so only one at a time tries it.
        with held(state.lock("store"), wait_s=BUSY_S):
            connection.execute("PRAGMA journal_mode = WAL")
            with immediate(connection):
                for step in _STEPS[_version(connection) :]:
                    for statement in step.split(";"):
                        connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {max(_version(connection), SCHEMA_VERSION)}")
    found = _version(connection)
    if found > SCHEMA_VERSION:
        raise NewerStore(found=found, known=SCHEMA_VERSION)


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def tidy(connection: sqlite3.Connection) -> None:
    """Bring what is durable in the log into the file itself, so that no scan has to.

    SQLite does it otherwise inside a commit, once in some eighty scans, and whoever scans then waits four times as
    long.  What cannot be done now (a full disk, a reader in between) is done another time.
    """
    with suppress(sqlite3.Error):
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")


@contextmanager
def immediate(connection: sqlite3.Connection) -> Iterator[None]:
    """One write transaction: durable when the block is left, undone when it raises."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # SQLite may have rolled back by itself, as it does when the disk is full.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
