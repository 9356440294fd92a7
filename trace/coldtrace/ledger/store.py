"""Every SQL statement of the log (tables: docs/formats/ledger.md).  The log's number comes from the caller."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import Connection, Row
from sqlmodel import Session

from coldtrace.db.plain_sql import text
from coldtrace.env import Log
from coldtrace.ledger.model import Entry, Head, LogState, LogStatus, Piece, Place, SignedHead, StoredEntry

SEQUENCER_LOCK = 0x43545347
"""Class of the transaction-level advisory lock that keeps two sequencers apart ("CTSG")."""

OPENING_LOCK = 0x43544F4C
"""Class of the transaction-level advisory lock of whoever opens a log ("CTOL")."""

_INSERT = (
    "WITH open AS (SELECT log_id FROM ledger_log WHERE log_id = :log AND state = 'open'),"
    " e AS (SELECT * FROM open, unnest(CAST(:ids AS uuid[]), CAST(:leaves AS bytea[]), CAST(:hashes AS bytea[]),"
    " CAST(:times AS timestamptz[])) AS e(id, leaf, hash, at)),"
    " kept AS (INSERT INTO ledger_entry (log_id, entry_id, leaf, leaf_hash, received_at)"
    " SELECT log_id, id, leaf, hash, at FROM e){pieces}"
    " INSERT INTO ledger_pending (log_id, entry_id, leaf_hash) SELECT log_id, id, hash FROM e RETURNING 1"
)
# One entry without its pieces, as most of them come: no arrays to build here and to take apart there.
_INSERT_ONE = (
    b"WITH kept AS (INSERT INTO ledger_entry (log_id, entry_id, leaf, leaf_hash, received_at)"
    b" SELECT log_id, %b, %b, %b, %b FROM ledger_log WHERE log_id = %b AND state = 'open'"
    b" RETURNING log_id, entry_id, leaf_hash)"
    b" INSERT INTO ledger_pending (log_id, entry_id, leaf_hash) SELECT log_id, entry_id, leaf_hash FROM kept"
    b" RETURNING 1"
)
_PIECES = (
    ", parts AS (INSERT INTO statement_piece (log_id, entry_id, piece, bytes) SELECT log_id, p.* FROM open,"
    " unnest(CAST(:piece_ids AS uuid[]), CAST(:names AS text[]), CAST(:data AS bytea[])) AS p)"
)
_INSERT_MANY = {whole: text(_INSERT.format(pieces=_PIECES if whole else "")) for whole in (True, False)}
_INSERT_MANY_RAW = {
    whole: re.sub(r"CAST\(:(\w+) AS (\w+\[\])\)", r"%(\1)b::\2", each.text).replace(":log", "%(log)s").encode()
    for whole, each in _INSERT_MANY.items()
}


def insert_entries(connection: Connection, log_id: int, entries: Sequence[Entry]) -> bool:
    """Add entries, their pieces and their place in the queue; False, and nothing added, if the log is not open.

    One statement, so it is whole also on a connection that commits by itself.  It goes past SQLAlchemy, whose own
    work would cost more than the rows.
    """
    if len(entries) == 1 and not entries[0].pieces:
        one = entries[0]
        values_of_one = (one.entry_id, one.leaf, one.leaf_hash, one.received_at, log_id)
        return len(raw_connection(connection).execute(_INSERT_ONE, values_of_one).fetchall()) == 1
    sql, values = _INSERT_MANY_RAW[_has_pieces(entries)], _columns(log_id, entries)
    return len(raw_connection(connection).execute(sql, values).fetchall()) == len(entries)


def add_entries(session: Session, log_id: int, entries: Sequence[Entry]) -> Callable[[], bool]:
    """Do the same in a session, without waiting; what is returned tells whether they were added."""
    rows = session.execute(_INSERT_MANY[_has_pieces(entries)], _columns(log_id, entries))
    return lambda: len(rows.all()) == len(entries)


def _has_pieces(entries: Sequence[Entry]) -> bool:
    return any(each.pieces for each in entries)


def _columns(log_id: int, entries: Sequence[Entry]) -> dict[str, object]:
    values: dict[str, object] = {
        "log": log_id,
        "ids": [e.entry_id for e in entries],
        "leaves": [e.leaf for e in entries],
        "hashes": [e.leaf_hash for e in entries],
        "times": [e.received_at for e in entries],
    }
    if _has_pieces(entries):
        pieces = [(e.entry_id, name, data) for e in entries for name, data in e.pieces.items()]
        ids, names, data = zip(*pieces, strict=True)
        values |= {"piece_ids": list(ids), "names": list(names), "data": list(data)}
    return values


def raw_connection(connection: Connection) -> psycopg.Connection[tuple[Any, ...]]:
    """Return psycopg's own connection under an SQLAlchemy one, in the same transaction."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)
    return raw


def entries_by_id(session: Session, ids: Iterable[UUID]) -> dict[UUID, StoredEntry]:
    """Return those of `ids` that a log keeps, whichever; of two the older one, whose receipt was the first."""
    return ask_entries(session, ids)()


def ask_entries(session: Session, ids: Iterable[UUID]) -> Callable[[], dict[UUID, StoredEntry]]:
    """Do the same without waiting; what is returned gives the answer."""
    rows = session.execute(
        text(
            "SELECT l.log_id, l.origin, e.entry_id, e.leaf, e.leaf_hash, e.received_at"
            " FROM ledger_entry e JOIN ledger_log l USING (log_id)"
            " WHERE e.entry_id = ANY(CAST(:ids AS uuid[])) ORDER BY l.log_id DESC"
        ),
        {"ids": list(ids)},
    )
    return lambda: {
        row.entry_id: StoredEntry(
            log=Log(id=row.log_id, origin=row.origin),
            entry_id=row.entry_id,
            leaf=bytes(row.leaf),
            leaf_hash=bytes(row.leaf_hash),
            received_at=row.received_at,
        )
        for row in rows
    }


def pieces_of(session: Session, log_ids: Iterable[int], ids: Iterable[UUID]) -> dict[UUID, dict[str, Piece]]:
    """Return the pieces of entries of these logs, erased ones included, by entry and name."""
    rows = session.execute(
        text(
            "SELECT entry_id, piece, bytes, erased_at FROM statement_piece"
            " WHERE log_id = ANY(CAST(:logs AS int[])) AND entry_id = ANY(CAST(:ids AS uuid[]))"
        ),
        {"logs": sorted(log_ids), "ids": list(ids)},
    )
    found: dict[UUID, dict[str, Piece]] = {}
    for row in rows:
        data = None if row.bytes is None else bytes(row.bytes)
        found.setdefault(row.entry_id, {})[row.piece] = Piece(name=row.piece, data=data, erased_at=row.erased_at)
    return found


def lock_piece(session: Session, log_id: int, entry_id: UUID, piece: str) -> Piece | None:
    """Return one piece, its row locked until the commit."""
    row = session.execute(
        text(
            "SELECT bytes, erased_at FROM statement_piece"
            " WHERE log_id = :log AND entry_id = :id AND piece = :piece FOR UPDATE"
        ),
        {"log": log_id, "id": entry_id, "piece": piece},
    ).first()
    if row is None:
        return None
    return Piece(name=piece, data=None if row.bytes is None else bytes(row.bytes), erased_at=row.erased_at)


def erase_piece(session: Session, log_id: int, entry_id: UUID, piece: str, *, data: bytes, at: datetime) -> None:
    """Put what is left of a piece in its place."""
    session.execute(
        text(
            "UPDATE statement_piece SET bytes = :data, erased_at = :at"
            " WHERE log_id = :log AND entry_id = :id AND piece = :piece"
        ),
        {"log": log_id, "id": entry_id, "piece": piece, "data": data, "at": at},
    )


def placed_leaves(session: Session, log_id: int, ids: Iterable[UUID], *, size: int) -> dict[UUID, tuple[int, bytes]]:
    """Return index and leaf hash of those of `ids` that stand in the tree of `size` leaves."""
    rows = session.execute(
        text(
            "SELECT entry_id, leaf_index, leaf_hash FROM ledger_leaf WHERE log_id = :log"
            " AND entry_id = ANY(CAST(:ids AS uuid[])) AND leaf_index < :size"
        ),
        {"log": log_id, "ids": list(ids), "size": size},
    )
    return {row.entry_id: (row.leaf_index, bytes(row.leaf_hash)) for row in rows}


def ask_places(session: Session, log_id: int, ids: Iterable[UUID], *, size: int) -> Callable[[], dict[UUID, Place]]:
    """Ask for those of `ids` that stand in the tree of `size` leaves; what is returned waits for them."""
    rows = session.execute(
        text(
            "SELECT l.entry_id, l.leaf_index, l.leaf_hash, e.received_at, sha256(e.leaf) AS leaf,"
            " (SELECT sha256(p.bytes) FROM statement_piece p"
            "  WHERE (p.log_id, p.entry_id, p.piece) = (l.log_id, l.entry_id, 'public')) AS public,"
            " (SELECT sha256(p.bytes) FROM statement_piece p"
            "  WHERE (p.log_id, p.entry_id, p.piece) = (l.log_id, l.entry_id, 'units')) AS units"
            " FROM ledger_leaf l JOIN ledger_entry e ON (e.log_id, e.entry_id) = (l.log_id, l.entry_id)"
            " WHERE l.log_id = :log AND l.entry_id = ANY(CAST(:ids AS uuid[])) AND l.leaf_index < :size"
        ),
        {"log": log_id, "ids": list(ids), "size": size},
    )
    return lambda: {
        row.entry_id: Place(
            index=row.leaf_index,
            leaf_hash=bytes(row.leaf_hash),
            received_at=row.received_at,
            leaf=bytes(row.leaf),
            public=None if row.public is None else bytes(row.public),
            units=None if row.units is None else bytes(row.units),
        )
        for row in rows
    }


def ask_texts(
    session: Session, log_id: int, ids: Iterable[UUID]
) -> Callable[[], dict[UUID, tuple[bytes, bytes | None, bytes | None]]]:
    """Ask for leaf, public piece and units piece of entries; what is returned waits for them."""
    rows = session.execute(
        text(
            "SELECT e.entry_id, e.leaf, (SELECT p.bytes FROM statement_piece p"
            "  WHERE (p.log_id, p.entry_id, p.piece) = (e.log_id, e.entry_id, 'public')) AS public,"
            " (SELECT p.bytes FROM statement_piece p"
            "  WHERE (p.log_id, p.entry_id, p.piece) = (e.log_id, e.entry_id, 'units')) AS units"
            " FROM ledger_entry e WHERE e.log_id = :log AND e.entry_id = ANY(CAST(:ids AS uuid[]))"
        ),
        {"log": log_id, "ids": list(ids)},
    )
    return lambda: {
        row.entry_id: (
            bytes(row.leaf),
            None if row.public is None else bytes(row.public),
            None if row.units is None else bytes(row.units),
        )
        for row in rows
    }


def ask_published(session: Session, log_id: int) -> Callable[[], SignedHead | None]:
    """Ask for the published checkpoint, with its cosignatures; what is returned waits for it."""
    rows = session.execute(
        text("SELECT tree_size, root, note FROM ledger_published WHERE log_id = :log"), {"log": log_id}
    )

    def found() -> SignedHead | None:
        row = rows.first()
        return None if row is None else SignedHead(size=row.tree_size, root=bytes(row.root), note=row.note)

    return found


# What sequencer and publisher ask again and again goes past SQLAlchemy: they share the interpreter with the scans.
_LEAF_HASHES = (
    b"SELECT leaf_hash FROM ledger_leaf WHERE log_id = %s AND leaf_index >= %s AND leaf_index < %s ORDER BY leaf_index"
)
_NODE_HASHES = b"SELECT hash FROM ledger_node WHERE log_id = %s AND idx >= %s AND idx < %s AND level = %s ORDER BY idx"
_LEAVES = (
    b"SELECT e.leaf FROM ledger_leaf l JOIN ledger_entry e ON (e.log_id, e.entry_id) = (l.log_id, l.entry_id)"
    b" WHERE l.log_id = %s AND e.log_id = %s AND l.leaf_index >= %s AND l.leaf_index < %s ORDER BY l.leaf_index"
)


def _asked(connection: Connection, sql: bytes, values: Sequence[object]) -> list[tuple[Any, ...]]:
    with raw_connection(connection).cursor(binary=True) as cursor:
        return cursor.execute(sql, values).fetchall()


def read_hashes(connection: Connection, log_id: int, *, level: int, first: int, count: int) -> list[bytes]:
    """Return `count` hashes of one tile level from position `first` on."""
    values = (log_id, first, first + count)
    rows = (
        _asked(connection, _LEAF_HASHES, values) if level == 0 else _asked(connection, _NODE_HASHES, (*values, level))
    )
    return [row[0] for row in rows]


_LEAF_TILE = (
    b"SELECT string_agg(leaf_hash, '' ORDER BY leaf_index) FROM ledger_leaf"
    b" WHERE log_id = %s AND leaf_index >= %s AND leaf_index < %s"
)
_NODE_TILE = (
    b"SELECT string_agg(hash, '' ORDER BY idx) FROM ledger_node"
    b" WHERE log_id = %s AND idx >= %s AND idx < %s AND level = %s"
)


def read_joined(connection: Connection, log_id: int, *, level: int, first: int, count: int) -> bytes:
    """Return the same hashes joined: one row instead of many, which is what reading a tile costs."""
    values = (log_id, first, first + count)
    ((found,),) = (
        _asked(connection, _LEAF_TILE, values) if level == 0 else _asked(connection, _NODE_TILE, (*values, level))
    )
    return found or b""


def read_leaves(connection: Connection, log_id: int, *, first: int, count: int) -> list[bytes]:
    """Return the bytes of `count` leaves from index `first` on."""
    return [row[0] for row in _asked(connection, _LEAVES, (log_id, log_id, first, first + count))]


def newest_checkpoint(connection: Connection, log_id: int) -> SignedHead | None:
    """Return the newest signed checkpoint, published or not."""
    sql = b"SELECT tree_size, root, note FROM ledger_checkpoint WHERE log_id = %s ORDER BY tree_size DESC LIMIT 1"
    return _signed(_asked(connection, sql, (log_id,)))


def checkpoint_of_size(connection: Connection, log_id: int, size: int) -> SignedHead | None:
    """Return the checkpoint signed at `size`, if one was."""
    return _head(
        connection.execute(
            text("SELECT tree_size, root, note FROM ledger_checkpoint WHERE log_id = :log AND tree_size = :size"),
            {"log": log_id, "size": size},
        ).first()
    )


def published(connection: Connection, log_id: int) -> SignedHead | None:
    """Return the published checkpoint, with its cosignatures."""
    sql = b"SELECT tree_size, root, note FROM ledger_published WHERE log_id = %s"
    return _signed(_asked(connection, sql, (log_id,)))


def set_published(connection: Connection, log_id: int, head: SignedHead, *, cosignatures: int, at: datetime) -> None:
    """Note what is published; never a smaller tree, nor the same with fewer cosignatures, in the place of another."""
    connection.execute(
        text(
            "INSERT INTO ledger_published AS p (log_id, tree_size, root, note, cosignatures, published_at)"
            " VALUES (:log, :size, :root, :note, :cosignatures, :at) ON CONFLICT (log_id) DO UPDATE SET"
            " tree_size = excluded.tree_size, root = excluded.root, note = excluded.note,"
            " cosignatures = excluded.cosignatures, published_at = excluded.published_at"
            " WHERE p.tree_size < excluded.tree_size"
            " OR (p.tree_size = excluded.tree_size AND p.cosignatures <= excluded.cosignatures)"
        ),
        {
            "log": log_id,
            "size": head.size,
            "root": head.root,
            "note": head.note,
            "cosignatures": cosignatures,
            "at": at,
        },
    )


def insert_cosignature(
    connection: Connection, log_id: int, *, size: int, witness: str, key_id: bytes, line: str, at: datetime
) -> None:
    """Keep the first cosignature of a witness on a checkpoint."""
    connection.execute(
        text(
            "INSERT INTO ledger_cosignature (log_id, tree_size, witness, key_id, signed_at, line)"
            " VALUES (:log, :size, :witness, :key_id, :at, :line) ON CONFLICT DO NOTHING"
        ),
        {"log": log_id, "size": size, "witness": witness, "key_id": key_id, "line": line, "at": at},
    )


def cosignature_lines(connection: Connection, log_id: int, *, size: int) -> list[str]:
    """Return the cosignature lines that were kept of a checkpoint, the newest of each witness's first."""
    rows = connection.execute(
        text(
            "SELECT line FROM ledger_cosignature WHERE log_id = :log AND tree_size = :size"
            " ORDER BY witness, signed_at DESC"
        ),
        {"log": log_id, "size": size},
    )
    return [str(row.line) for row in rows]


def _signed(rows: Sequence[tuple[Any, ...]]) -> SignedHead | None:
    return next((SignedHead(size=size, root=root, note=note) for size, root, note in rows), None)


def _head(row: Row[Any] | None) -> SignedHead | None:
    return None if row is None else SignedHead(size=row.tree_size, root=bytes(row.root), note=row.note)


def pending_count(session: Session, log_id: int) -> int:
    """Return how many entries wait for their place in the tree."""
    return int(
        session.execute(text("SELECT count(*) FROM ledger_pending WHERE log_id = :log"), {"log": log_id}).scalar_one()
    )


def head(connection: Connection, log_id: int) -> Head | None:
    """Return where the log's tree stands, None for a log that was never opened."""
    rows = _asked(connection, b"SELECT tree_size, root FROM ledger_head WHERE log_id = %s", (log_id,))
    return next((Head(size=size, root=root) for size, root in rows), None)


def head_size(connection: Connection, log_id: int) -> int | None:
    """Return the size of the log's tree, None for a log that was never opened."""
    found = head(connection, log_id)
    return None if found is None else found.size


def log_status(connection: Connection, *, name: str | None = None, now: datetime | None = None) -> list[LogStatus]:
    """Return the logs in the order of their numbers, or the one of this name; `now` says how old what waits is."""
    rows = connection.execute(
        text(
            "SELECT l.*, h.tree_size, p.tree_size AS published_size, p.published_at, p.cosignatures,"
            " (SELECT count(*) FROM ledger_pending w WHERE w.log_id = l.log_id) AS waiting,"
            " (SELECT min(e.received_at) FROM ledger_entry e JOIN (SELECT entry_id FROM ledger_pending w"
            "  WHERE w.log_id = l.log_id ORDER BY pid LIMIT 1000) w USING (entry_id)"
            "  WHERE e.log_id = l.log_id) AS oldest,"
            " (SELECT k.created_at FROM ledger_checkpoint k WHERE k.log_id = l.log_id"
            "  AND k.tree_size > COALESCE(p.tree_size, 0) ORDER BY k.tree_size LIMIT 1) AS unpublished"
            " FROM ledger_log l JOIN ledger_head h USING (log_id) LEFT JOIN ledger_published p USING (log_id)"
            " ORDER BY l.log_id"
        )
    )
    found = []
    for row in rows:
        found.append(
            LogStatus(
                log=Log(id=row.log_id, origin=row.origin),
                vkey=row.vkey,
                state=LogState(row.state),
                reason=row.frozen_reason,
                opened_at=row.opened_at,
                head_size=row.tree_size,
                published_size=row.published_size or 0,
                published_at=row.published_at,
                cosignatures=row.cosignatures or 0,
                pending=row.waiting,
                oldest_pending_s=_age_s(row.oldest, now),
                oldest_unpublished_s=_age_s(row.unpublished, now),
            )
        )
    return [each for each in found if name is None or each.log.name == name]


def _age_s(since: datetime | None, now: datetime | None) -> float:
    return 0.0 if since is None or now is None else max((now - since).total_seconds(), 0.0)


def logs(connection: Connection) -> list[tuple[Log, str, LogState]]:
    """Return all logs with their vkeys and states, in the order of their numbers."""
    rows = connection.execute(text("SELECT log_id, origin, vkey, state FROM ledger_log ORDER BY log_id"))
    return [(Log(id=row.log_id, origin=row.origin), row.vkey, LogState(row.state)) for row in rows]


def freeze(connection: Connection, log_id: int, *, reason: str, at: datetime) -> None:
    """Stop an open log for good and keep the reason."""
    connection.execute(
        text(
            "UPDATE ledger_log SET state = 'frozen', frozen_at = :at, frozen_reason = :reason"
            " WHERE log_id = :log AND state = 'open'"
        ),
        {"log": log_id, "reason": reason, "at": at},
    )


def lock_opening(session: Session) -> None:
    """Wait until nobody else opens a log, and keep others waiting until the commit."""
    session.execute(text("SELECT pg_advisory_xact_lock(:lock, 0)"), {"lock": OPENING_LOCK})


def make_partitions(session: Session, log_id: int) -> None:
    """Make the partitions of a log's entries and leaves, unless they are there."""
    for table in ("ledger_entry", "ledger_leaf"):
        name = f"{table}_{log_id:d}"
        if session.execute(text("SELECT to_regclass(:name)"), {"name": name}).scalar_one() is None:
            session.execute(text(f"CREATE TABLE {name} PARTITION OF {table} FOR VALUES IN ({log_id:d})"))
            session.execute(
                text(f"CREATE TRIGGER keep_all BEFORE TRUNCATE ON {name} EXECUTE FUNCTION refuse_rewrite()")
            )


def open_log(session: Session, log: Log, *, vkey: str, at: datetime, root: bytes, frontier: bytes) -> None:
    """Write the log's first rows: an empty tree."""
    values = {"log": log.id, "origin": log.origin, "vkey": vkey, "at": at, "root": root, "frontier": frontier}
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


def insert_checkpoint(connection: Connection, log_id: int, head: SignedHead, *, at: datetime) -> None:
    """Keep one signed checkpoint."""
    connection.execute(
        text(
            "INSERT INTO ledger_checkpoint (log_id, tree_size, root, note, created_at)"
            " VALUES (:log, :size, :root, :note, :at)"
        ),
        {"log": log_id, "size": head.size, "root": head.root, "note": head.note, "at": at},
    )
