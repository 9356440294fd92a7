"""Statements that were refused, kept as they came, with their reason: nothing that anybody sent is lost in silence.

What a device's signature proves to be its own is always kept.  Of what nobody stands behind (an unknown key, a wrong
signature, no statement at all) only so many a day are kept and the rest is counted: a stranger can fill no disk.  The
same bytes again only count.  `coldtrace.people.retention` deletes what is older than its setting says.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.seal.hashing import sha256

BYTES_MAX = 65_536
"""So much of one is kept; the hash is that of all of it."""
UNPROVEN_A_DAY = 1_000
"""So many that nobody stands behind are kept in a day (UTC)."""


@dataclass(frozen=True, kw_only=True)
class Refused:
    """A statement that was refused, why, and whose it claims to be.

    `wire`: the parsed object, or the bytes of what is no JSON.  `proven`: the signature of `key_id` is right.
    """

    wire: object
    reason: str
    proven: bool
    key_id: bytes | None = None
    entry_id: UUID | None = None


def keep(session: Session, refused: Sequence[Refused], *, at: datetime) -> None:
    """Keep refused statements within the bounds.  Locks are taken last and in order, so nobody waits in a ring."""
    found = {sha256(data): (data, each) for each in refused for data in [_bytes(each.wire)]}
    if not found:
        return
    known = session.execute(
        text(
            "UPDATE quarantine q SET times = times + 1, last_at = :at FROM (SELECT sha256 FROM quarantine"
            " WHERE sha256 = ANY(CAST(:hashes AS bytea[])) ORDER BY sha256 FOR UPDATE) v WHERE q.sha256 = v.sha256"
            " RETURNING q.sha256"
        ),
        {"hashes": sorted(found), "at": at},
    )
    fresh = sorted(set(found) - {bytes(row.sha256) for row in known})
    unproven = [hash for hash in fresh if not found[hash][1].proven]
    too_many = set(unproven[_room(session, len(unproven), at=at) :]) if unproven else set[bytes]()
    kept = [hash for hash in fresh if hash not in too_many]
    if kept:
        _insert(session, [(hash, *found[hash]) for hash in kept], at=at)


def _bytes(wire: object) -> bytes:
    """Return a wire object as bytes: its texts are in there letter by letter, whatever signs they hold."""
    if isinstance(wire, bytes):
        return wire
    text = json.dumps(wire, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text.encode("utf-8", "surrogatepass")


def _room(session: Session, wanted: int, *, at: datetime) -> int:
    """Return how many of so many unproven ones may still be kept today, and count them all."""
    day = at.date()
    session.execute(text("INSERT INTO quarantine_day VALUES (:day, 0, 0) ON CONFLICT DO NOTHING"), {"day": day})
    kept = session.execute(
        text("SELECT kept FROM quarantine_day WHERE day = :day FOR UPDATE"), {"day": day}
    ).scalar_one()
    room = max(0, min(wanted, UNPROVEN_A_DAY - int(kept)))
    session.execute(
        text("UPDATE quarantine_day SET kept = kept + :room, dropped = dropped + :rest WHERE day = :day"),
        {"day": day, "room": room, "rest": wanted - room},
    )
    return room


def _insert(session: Session, rows: Sequence[tuple[bytes, bytes, Refused]], *, at: datetime) -> None:
    session.execute(
        text(
            "INSERT INTO quarantine (sha256, bytes, size_bytes, reason, proven, key_id, entry_id, received_at, last_at)"
            " SELECT v.sha256, v.bytes, v.size_bytes, v.reason, v.proven, v.key_id, v.entry_id, :at, :at"
            " FROM unnest(CAST(:hashes AS bytea[]), CAST(:bytes AS bytea[]), CAST(:sizes AS bigint[]),"
            " CAST(:reasons AS text[]), CAST(:proven AS boolean[]), CAST(:keys AS bytea[]), CAST(:entries AS uuid[]))"
            " AS v(sha256, bytes, size_bytes, reason, proven, key_id, entry_id) ON CONFLICT (sha256) DO NOTHING"
        ),
        {
            "at": at,
            "hashes": [hash for hash, _, _ in rows],
            "bytes": [data[:BYTES_MAX] for _, data, _ in rows],
            "sizes": [len(data) for _, data, _ in rows],
            "reasons": [each.reason for *_, each in rows],
            "proven": [each.proven for *_, each in rows],
            "keys": [each.key_id for *_, each in rows],
            "entries": [each.entry_id for *_, each in rows],
        },
    )


@dataclass(frozen=True, kw_only=True)
class Kept:
    """One row of the list: what is known of refused bytes without reading them.

    `key_id` and `entry_id` are what they claim; who it was is known where a signature has `proven` the key.
    """

    sha256: bytes
    reason: str
    proven: bool
    key_id: bytes | None
    entry_id: UUID | None
    size_bytes: int
    received_at: datetime
    last_at: datetime
    times: int


def newest(session: Session, *, after: bytes | None = None, limit: int) -> list[Kept]:
    """Return the newest refused statements, from behind the one with the hash `after` on.

    None where nothing has this hash any more: what came before it was deleted sooner.
    """
    where = "" if after is None else (
        " WHERE (received_at, sha256) < (SELECT a.received_at, a.sha256 FROM quarantine a WHERE a.sha256 = :after)"
    )  # fmt: skip
    rows = session.execute(
        text(
            "SELECT sha256, reason, proven, key_id, entry_id, size_bytes, received_at, last_at, times FROM quarantine"
            f"{where} ORDER BY received_at DESC, sha256 DESC LIMIT :most"
        ),
        {"most": limit} | ({} if after is None else {"after": after}),
    )
    return [
        Kept(
            **(
                dict(row._mapping)
                | {"sha256": bytes(row.sha256), "key_id": None if row.key_id is None else bytes(row.key_id)}
            )
        )
        for row in rows
    ]


def bytes_of(session: Session, sha256: bytes) -> bytes | None:
    """Return the bytes that were kept under a hash, the first 64 KiB of them."""
    found = session.execute(text("SELECT bytes FROM quarantine WHERE sha256 = :hash"), {"hash": sha256})
    data = found.scalar_one_or_none()
    return None if data is None else bytes(data)
