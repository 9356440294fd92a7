"""Every SQL statement of the journal."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlmodel import Session

from coldtrace.journal.model import Anchor, Head, Link, Record
from coldtrace.ledger.store import raw_connection
from coldtrace.rights.model import Scope

CHAIN_LOCK = 0x43544A4C
"""Class of the transaction-level advisory lock of whoever lengthens the chain or anchors it ("CTJL")."""

LAST = 2**63 - 1
"""Behind every place of a chain."""

_ANCHOR_BEGINS = b'{"body":"{\\"day\\":'
"""How the leaf of an anchor of the journal begins, and no other."""

_COLUMNS = (
    "r.record_id, r.at, r.actor, r.actor_operators, r.actor_roles, r.act, r.kind, r.object, r.purpose, r.subjects,"
    " r.detail, r.sites"
)
_INSERT = (
    b"WITH kept AS (INSERT INTO journal_record"
    b" (record_id, at, actor, actor_operators, actor_roles, act, kind, object, purpose, subjects, detail, sites)"
    b" VALUES (%(record_id)s, %(at)s, %(actor)s, %(operators)s::uuid[], %(roles)s::text[], %(act)s, %(kind)s,"
    b" %(object)s, %(purpose)s, %(subjects)s::uuid[], %(detail)s, %(sites)s::text[]) RETURNING record_id)"
    b" INSERT INTO journal_pending (record_id) SELECT record_id FROM kept"
)


def insert_record(session: Session, record: Record) -> None:
    """Keep a record and put it into the queue of what is to be chained; nobody waits for anybody else.

    It goes past the session, so that what a reader's session holds is not written by accident, and past SQLAlchemy,
    whose own work costs a tenth of a millisecond: every guarded call passes here.
    """
    values = vars(record) | {
        "operators": list(record.operators),
        "roles": list(record.roles),
        "subjects": list(record.subjects),
        "sites": list(record.sites),
    }
    raw_connection(session.connection()).execute(_INSERT, values)


def lock_chain(session: Session) -> bool:
    """Take the chain until the commit; False if somebody else has it."""
    found = session.execute(text("SELECT pg_try_advisory_xact_lock(:lock, 0)"), {"lock": CHAIN_LOCK})
    return bool(found.scalar_one())


def head(session: Session) -> Head | None:
    """Return how far the chain reaches, None before its first record."""
    row = session.execute(text("SELECT seq, hash FROM journal_link ORDER BY seq DESC LIMIT 1")).first()
    return None if row is None else Head(seq=row.seq, hash=bytes(row.hash))


def take_pending(session: Session, *, count: int) -> list[Record]:
    """Take up to `count` records out of the queue, the oldest first by their ids."""
    rows = session.execute(
        text(
            "WITH taken AS (DELETE FROM journal_pending WHERE record_id IN"
            " (SELECT record_id FROM journal_pending ORDER BY record_id LIMIT :count) RETURNING record_id)"
            f" SELECT {_COLUMNS} FROM taken JOIN journal_record r USING (record_id) ORDER BY r.record_id"
        ),
        {"count": count},
    )
    return [_record(row) for row in rows]


def insert_links(session: Session, links: Sequence[Link]) -> None:
    """Give records their places in the chain."""
    session.execute(
        text(
            "INSERT INTO journal_link (seq, record_id, hash)"
            " SELECT * FROM unnest(CAST(:seqs AS bigint[]), CAST(:ids AS uuid[]), CAST(:hashes AS bytea[]))"
        ),
        {
            "seqs": [link.seq for link in links],
            "ids": [link.record.record_id for link in links],
            "hashes": [link.hash for link in links],
        },
    )


def pending_count(session: Session) -> int:
    """Return how many records wait to be chained."""
    return int(session.execute(text("SELECT count(*) FROM journal_pending")).scalar_one())


def links(session: Session, *, after: int, until: int = LAST, batch: int = 1000) -> Iterator[Link]:
    """Give the chain in its order behind place `after`, up to `until`.

    It is read in batches: memory stays the same however long it is.
    """
    while True:
        rows = session.execute(
            text(
                f"SELECT l.seq, l.hash, {_COLUMNS} FROM journal_link l JOIN journal_record r USING (record_id)"
                " WHERE l.seq > :after AND l.seq <= :until ORDER BY l.seq LIMIT :batch"
            ),
            {"after": after, "until": until, "batch": batch},
        ).all()
        for row in rows:
            yield Link(seq=row.seq, record=_record(row), hash=bytes(row.hash))
        if len(rows) < batch:
            return
        after = rows[-1].seq


def anchors(session: Session) -> list[Anchor]:
    """Return all anchors, the oldest first."""
    rows = session.execute(text("SELECT day, seq, hash, entry_id FROM journal_anchor ORDER BY day"))
    return [_anchor(row) for row in rows]


def newest_anchor(session: Session) -> Anchor | None:
    """Return the anchor of the newest day."""
    row = session.execute(text("SELECT day, seq, hash, entry_id FROM journal_anchor ORDER BY day DESC LIMIT 1")).first()
    return None if row is None else _anchor(row)


def insert_anchor(session: Session, anchor: Anchor) -> None:
    """Keep what was entered into the log."""
    session.execute(
        text("INSERT INTO journal_anchor (day, seq, hash, entry_id) VALUES (:day, :seq, :hash, :entry_id)"),
        {"day": anchor.day, "seq": anchor.head.seq, "hash": anchor.head.hash, "entry_id": anchor.entry_id},
    )


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which page of records: made in a time, behind one that was seen last."""

    after: UUID | None = None
    limit: int = 50
    since: datetime | None = None
    until: datetime | None = None
    act: str | None = None


def list_records(session: Session, scope: Scope, asked: Asked) -> list[Record]:
    """Return records whose actor's organisations, whose subjects, or one of whose sites is in the scope, newest first.

    A scope of some sites has no organisation: it reaches what was done and shown of these sites.
    """
    rows = session.execute(
        text(
            f"SELECT {_COLUMNS} FROM journal_record r"
            f" WHERE (:everything OR {_in_scope('r')})"
            " AND (CAST(:since AS timestamptz) IS NULL OR r.at >= :since)"
            " AND (CAST(:until AS timestamptz) IS NULL OR r.at < :until)"
            " AND (CAST(:act AS text) IS NULL OR r.act = :act)"
            " AND (CAST(:after AS uuid) IS NULL OR (r.at, r.record_id) <"
            " (SELECT a.at, a.record_id FROM journal_record a WHERE a.record_id = :after"
            f" AND (:everything OR {_in_scope('a')})))"
            " ORDER BY r.at DESC, r.record_id DESC LIMIT :limit"
        ),
        vars(asked) | {"everything": scope.everything, "operators": list(scope.operators), "glns": sorted(scope.sites)},
    )
    return [_record(row) for row in rows]


def _in_scope(alias: str) -> str:
    return (
        f"({alias}.actor_operators || {alias}.subjects) && CAST(:operators AS uuid[])"
        f" OR ({alias}.sites <> '{{}}' AND {alias}.sites && CAST(:glns AS text[]))"
    )


def records_of_person(session: Session, person_id: UUID, *, batch: int = 1000) -> Iterator[Record]:
    """Give the records of what a person did and of what was done about the person, in batches."""
    after: tuple[datetime, UUID] | None = None
    while True:
        rows = session.execute(
            text(
                f"SELECT {_COLUMNS} FROM journal_record r"
                " WHERE (r.actor = :actor OR (r.kind = 'person' AND r.object = :person))"
                " AND (CAST(:at AS timestamptz) IS NULL OR (r.at, r.record_id) > (:at, CAST(:id AS uuid)))"
                " ORDER BY r.at, r.record_id LIMIT :batch"
            ),
            {
                "actor": f"person:{person_id}",
                "person": str(person_id),
                "at": after and after[0],
                "id": after and after[1],
                "batch": batch,
            },
        ).all()
        for row in rows:
            yield _record(row)
        if len(rows) < batch:
            return
        after = rows[-1].at, rows[-1].record_id


def unlinked(session: Session, *, limit: int) -> list[UUID]:
    """Return records that are neither chained nor waiting for it: nobody of ours wrote them, or the queue lost them."""
    rows = session.execute(
        text(
            "SELECT r.record_id FROM journal_record r LEFT JOIN journal_link l USING (record_id)"
            " LEFT JOIN journal_pending p USING (record_id)"
            " WHERE l.record_id IS NULL AND p.record_id IS NULL ORDER BY r.record_id LIMIT :limit"
        ),
        {"limit": limit},
    )
    return [row.record_id for row in rows]


def anchor_leaves(session: Session) -> list[tuple[UUID, str]]:
    """Return entry and leaf of all anchors of the journal in all logs.

    Reads every entry of the logs: for a check, not for a request.
    """
    rows = session.execute(
        text("SELECT entry_id, leaf FROM ledger_entry WHERE substring(leaf FROM 1 FOR :length) = :begins"),
        {"length": len(_ANCHOR_BEGINS), "begins": _ANCHOR_BEGINS},
    )
    return [(row.entry_id, bytes(row.leaf).decode("utf-8")) for row in rows]


def entry_of(session: Session, entry_id: UUID) -> tuple[str, int]:
    """Return leaf and log of an entry."""
    row = session.execute(
        text("SELECT leaf, log_id FROM ledger_entry WHERE entry_id = :id ORDER BY log_id DESC LIMIT 1"),
        {"id": entry_id},
    ).one()
    return bytes(row.leaf).decode("utf-8"), int(row.log_id)


def range_of(session: Session, *, since: datetime | None, until: datetime | None) -> tuple[int, int]:
    """Return first and last place of the records made in a time; the first behind the last when there are none."""
    row = session.execute(
        text(
            "SELECT min(l.seq) AS first, max(l.seq) AS last FROM journal_link l JOIN journal_record r USING (record_id)"
            " WHERE (CAST(:since AS timestamptz) IS NULL OR r.at >= :since)"
            " AND (CAST(:until AS timestamptz) IS NULL OR r.at < :until)"
        ),
        {"since": since, "until": until},
    ).one()
    return (1, 0) if row.first is None else (row.first, row.last)


def link_hash(session: Session, seq: int) -> bytes | None:
    """Return the hash at a place of the chain."""
    found = session.execute(text("SELECT hash FROM journal_link WHERE seq = :seq"), {"seq": seq}).scalar_one_or_none()
    return None if found is None else bytes(found)


def _record(row: Row[Any]) -> Record:
    return Record(
        record_id=row.record_id,
        at=row.at,
        actor=row.actor,
        operators=tuple(row.actor_operators),
        roles=tuple(row.actor_roles),
        act=row.act,
        kind=row.kind,
        object=row.object,
        purpose=row.purpose,
        subjects=tuple(row.subjects),
        detail=row.detail,
        sites=tuple(row.sites),
    )


def _anchor(row: Row[Any]) -> Anchor:
    return Anchor(day=row.day, head=Head(seq=row.seq, hash=bytes(row.hash)), entry_id=row.entry_id)
