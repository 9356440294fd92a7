"""Every SQL statement of the log (tables: docs/formats/ledger.md)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, text
from sqlmodel import Session

from coldtrace.env import LOG_ID
from coldtrace.ledger.model import Entry, SignedHead, StoredEntry

SEQUENCER_LOCK = 0x43545347
"""Class of the transaction-level advisory lock that keeps two sequencers apart ("CTSG")."""


def insert_entries(session: Session, entries: Sequence[Entry]) -> None:
    """Add entries, their pieces and their place in the queue, in the caller's transaction."""
    if not entries:
        return
    session.execute(
        text(
            "WITH e AS (SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:leaves AS bytea[]),"
            " CAST(:hashes AS bytea[]), CAST(:times AS timestamptz[])) AS e(id, leaf, hash, at)),"
            " kept AS (INSERT INTO ledger_entry (log_id, entry_id, leaf, leaf_hash, received_at)"
            " SELECT :log, id, leaf, hash, at FROM e)"
            " INSERT INTO ledger_pending (log_id, entry_id, leaf_hash) SELECT :log, id, hash FROM e"
        ),
        {
            "log": LOG_ID,
            "ids": [e.entry_id for e in entries],
            "leaves": [e.leaf for e in entries],
            "hashes": [e.leaf_hash for e in entries],
            "times": [e.received_at for e in entries],
        },
    )
    pieces = [(e.entry_id, name, data) for e in entries for name, data in e.pieces.items()]
    if pieces:
        session.execute(
            text(
                "INSERT INTO statement_piece (log_id, entry_id, piece, bytes) SELECT :log, * FROM"
                " unnest(CAST(:ids AS uuid[]), CAST(:names AS text[]), CAST(:data AS bytea[]))"
            ),
            {
                "log": LOG_ID,
                "ids": [p[0] for p in pieces],
                "names": [p[1] for p in pieces],
                "data": [p[2] for p in pieces],
            },
        )


def entries_by_id(session: Session, ids: Iterable[UUID]) -> dict[UUID, StoredEntry]:
    """Return those of `ids` that the log keeps."""
    rows = session.execute(
        text(
            "SELECT entry_id, leaf, leaf_hash, received_at FROM ledger_entry"
            " WHERE log_id = :log AND entry_id = ANY(CAST(:ids AS uuid[]))"
        ),
        {"log": LOG_ID, "ids": list(ids)},
    )
    return {
        row.entry_id: StoredEntry(
            entry_id=row.entry_id,
            leaf=bytes(row.leaf),
            leaf_hash=bytes(row.leaf_hash),
            received_at=row.received_at,
        )
        for row in rows
    }


def pieces_of(session: Session, ids: Iterable[UUID]) -> dict[UUID, dict[str, bytes]]:
    """Return the pieces that are still kept, by entry and name."""
    rows = session.execute(
        text(
            "SELECT entry_id, piece, bytes FROM statement_piece"
            " WHERE log_id = :log AND entry_id = ANY(CAST(:ids AS uuid[])) AND bytes IS NOT NULL"
        ),
        {"log": LOG_ID, "ids": list(ids)},
    )
    found: dict[UUID, dict[str, bytes]] = {}
    for row in rows:
        found.setdefault(row.entry_id, {})[row.piece] = bytes(row.bytes)
    return found


def placed_leaves(session: Session, ids: Iterable[UUID], *, size: int) -> dict[UUID, tuple[int, bytes]]:
    """Return index and leaf hash of those of `ids` that stand in the tree of `size` leaves."""
    rows = session.execute(
        text(
            "SELECT entry_id, leaf_index, leaf_hash FROM ledger_leaf WHERE log_id = :log"
            " AND entry_id = ANY(CAST(:ids AS uuid[])) AND leaf_index < :size"
        ),
        {"log": LOG_ID, "ids": list(ids), "size": size},
    )
    return {row.entry_id: (row.leaf_index, bytes(row.leaf_hash)) for row in rows}


def read_hashes(connection: Connection, *, level: int, first: int, count: int) -> list[bytes]:
    """Return `count` hashes of one tile level from position `first` on."""
    table, column, where = (
        ("ledger_leaf", "leaf_index", "") if level == 0 else ("ledger_node", "idx", " AND level = :level")
    )
    hash_column = "leaf_hash" if level == 0 else "hash"
    rows = connection.execute(
        text(
            f"SELECT {hash_column} FROM {table} WHERE log_id = :log{where}"
            f" AND {column} >= :first AND {column} < :last ORDER BY {column}"
        ),
        {"log": LOG_ID, "level": level, "first": first, "last": first + count},
    )
    return [bytes(row[0]) for row in rows]


def newest_checkpoint(session: Session) -> SignedHead | None:
    """Return the newest signed checkpoint."""
    return _head(
        session.execute(
            text(
                "SELECT tree_size, root, note FROM ledger_checkpoint WHERE log_id = :log"
                " ORDER BY tree_size DESC LIMIT 1"
            ),
            {"log": LOG_ID},
        ).first()
    )


def checkpoint_of_size(session: Session, size: int) -> SignedHead | None:
    """Return the checkpoint signed at `size`, if one was."""
    return _head(
        session.execute(
            text("SELECT tree_size, root, note FROM ledger_checkpoint WHERE log_id = :log AND tree_size = :size"),
            {"log": LOG_ID, "size": size},
        ).first()
    )


def _head(row: Row[Any] | None) -> SignedHead | None:
    return None if row is None else SignedHead(size=row.tree_size, root=bytes(row.root), note=row.note)


def pending_count(session: Session) -> int:
    """Return how many entries wait for their place in the tree."""
    return int(
        session.execute(text("SELECT count(*) FROM ledger_pending WHERE log_id = :log"), {"log": LOG_ID}).scalar_one()
    )


def log_origin(session: Session) -> str | None:
    """Return the origin under which the log was opened, None before that."""
    found: str | None = session.execute(
        text("SELECT origin FROM ledger_log WHERE log_id = :log"), {"log": LOG_ID}
    ).scalar_one_or_none()
    return found


def log_exists(session: Session) -> bool:
    """Tell whether the log was opened."""
    return session.execute(text("SELECT 1 FROM ledger_log WHERE log_id = :log"), {"log": LOG_ID}).first() is not None


def open_log(session: Session, *, origin: str, vkey: str, at: datetime, root: bytes, frontier: bytes) -> None:
    """Write the log's first rows: an empty tree."""
    values = {"log": LOG_ID, "origin": origin, "vkey": vkey, "at": at, "root": root, "frontier": frontier}
    session.execute(
        text(
            "INSERT INTO ledger_log (log_id, origin, vkey, state, opened_at) VALUES (:log, :origin, :vkey, 'open', :at)"
        ),
        values,
    )
    session.execute(
        text("INSERT INTO ledger_head (log_id, tree_size, root, frontier) VALUES (:log, 0, :root, :frontier)"),
        values,
    )


def insert_checkpoint(session: Session, *, size: int, root: bytes, note: str, at: datetime) -> None:
    """Keep one signed checkpoint."""
    session.execute(
        text(
            "INSERT INTO ledger_checkpoint (log_id, tree_size, root, note, created_at)"
            " VALUES (:log, :size, :root, :note, :at)"
        ),
        {"log": LOG_ID, "size": size, "root": root, "note": note, "at": at},
    )
