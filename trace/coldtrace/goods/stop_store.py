"""Every SQL statement about stops: voided units, recalled lots, stolen keys, and the filter files of these."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from coldtrace.db.plain_sql import text

_LOCK = 0x53544F50  # "STOP"
_FETCH = 5_000


@dataclass(frozen=True, kw_only=True)
class FilterRecord:
    """One filter file without its bytes; `id` is the SHA-256 of its header."""

    id: bytes
    kind: str
    key_id: bytes | None
    seq: int
    units: int
    size_bytes: int
    issued_at: datetime


@dataclass(frozen=True, kw_only=True)
class Recall:
    """A lot that is recalled now."""

    gtin: str
    lot: str
    reason: str
    recalled_at: datetime


@dataclass(frozen=True, kw_only=True)
class Notice(Recall):
    """A recall with the facts text of the lot, if an import that stands has named it."""

    facts: str | None


@dataclass(frozen=True, kw_only=True)
class Stop:
    """Why a unit may not go on: the verdict word, what was said, since when."""

    code: str
    reason: str
    at: datetime


def lock_stops(session: Session) -> None:
    """Wait for whoever else changes stops or publishes them: what a filter leaves out must come after it."""
    session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def insert_revoked(session: Session, *, unit_id: str, reason: str, at: datetime) -> bool:
    """Void a unit; return False if it is voided already."""
    row = session.execute(
        text(
            "INSERT INTO revoked_unit (unit_id, reason, revoked_at) VALUES (:unit, :reason, :at)"
            " ON CONFLICT (unit_id) DO NOTHING RETURNING unit_id"
        ),
        {"unit": unit_id, "reason": reason, "at": at},
    )
    return row.first() is not None


def revoked_at(session: Session, unit_id: str) -> datetime | None:
    """Return when a unit was voided."""
    found: datetime | None = session.execute(
        text("SELECT revoked_at FROM revoked_unit WHERE unit_id = :unit"), {"unit": unit_id}
    ).scalar_one_or_none()
    return found


def recall_of(session: Session, gtin: str, lot: str) -> Recall | None:
    """Return the recall of a lot that is not lifted."""
    row = session.execute(
        text(
            "SELECT gtin, lot, reason, recalled_at FROM recalled_lot"
            " WHERE gtin = :gtin AND lot = :lot AND lifted_at IS NULL"
        ),
        {"gtin": gtin, "lot": lot},
    ).first()
    return None if row is None else Recall(**row._mapping)


def ask_stopped(
    session: Session, asked: Sequence[tuple[str, str | None, str | None]]
) -> Callable[[], tuple[set[str], set[bytes]]]:
    """Ask which of these units, each with GTIN and lot of its code, something may stop; and for all revoked keys.

    A unit is stopped if it is voided, or if the lot that its code names, that it is bound to, or that it took over from
    an old label, is recalled.  What is returned waits.  Whoever needs to know what it is asks `stops.judge_code`; here
    is who need not.
    """
    units = session.execute(
        text(
            "SELECT v.unit_id FROM unnest(CAST(:units AS text[]), CAST(:gtins AS text[]), CAST(:lots AS text[]))"
            " AS v (unit_id, gtin, lot) LEFT JOIN issued_code i ON i.unit_id = v.unit_id"
            " LEFT JOIN unit u ON u.unit_id = v.unit_id"
            " LEFT JOIN lot l ON l.lot_id = COALESCE(i.lot_id, u.lot_id) WHERE EXISTS (SELECT 1 FROM revoked_unit r"
            " WHERE r.unit_id = v.unit_id) OR EXISTS (SELECT 1 FROM recalled_lot x WHERE x.lifted_at IS NULL"
            " AND ((x.gtin = v.gtin AND x.lot = v.lot) OR (x.gtin = l.gtin AND x.lot = l.lot)))"
        ),
        {
            "units": [unit for unit, _, _ in asked],
            "gtins": [gtin for _, gtin, _ in asked],
            "lots": [lot for _, _, lot in asked],
        },
    )
    keys = session.execute(text("SELECT key_id FROM signing_key WHERE state = 'revoked'"))
    return lambda: ({row.unit_id for row in units}, {bytes(row.key_id) for row in keys})


def recalls(session: Session) -> list[Recall]:
    """Return all lots that are recalled now."""
    rows = session.execute(
        text(
            "SELECT gtin, lot, reason, recalled_at FROM recalled_lot WHERE lifted_at IS NULL ORDER BY recalled_at, lot"
        )
    )
    return [Recall(**row._mapping) for row in rows]


def notices(session: Session, *, lot: tuple[str, str] | None, limit: int, offset: int = 0) -> list[Notice]:
    """Return the lots that are recalled now, the newest first, or the one of this GTIN and lot alone."""
    rows = session.execute(
        text(
            "SELECT r.gtin, r.lot, r.reason, r.recalled_at, (SELECT l.facts FROM lot l"
            " JOIN consignment c ON c.consignment_id = l.consignment_id AND c.state <> 'undone'"
            " WHERE (l.gtin, l.lot) = (r.gtin, r.lot) ORDER BY l.lot_id DESC LIMIT 1) AS facts"
            " FROM recalled_lot r WHERE r.lifted_at IS NULL"
            " AND (CAST(:lot AS text) IS NULL OR (r.gtin, r.lot) = (CAST(:gtin AS text), CAST(:lot AS text)))"
            " ORDER BY r.recalled_at DESC, r.gtin, r.lot LIMIT :most OFFSET :before"
        ),
        {"gtin": lot and lot[0], "lot": lot and lot[1], "most": limit, "before": offset},
    )
    return [Notice(**row._mapping) for row in rows]


def is_known_lot(session: Session, gtin: str, lot: str) -> bool:
    """Tell whether an import, also one that was taken back, has named this lot."""
    row = session.execute(
        text("SELECT 1 FROM lot WHERE gtin = :gtin AND lot = :lot LIMIT 1"), {"gtin": gtin, "lot": lot}
    )
    return row.first() is not None


def units_of_lot(session: Session, gtin: str, lot: str) -> int:
    """Return how many cartons of a lot have a code that was not voided."""
    row = session.execute(
        text(
            "SELECT count(*) FROM issued_code i JOIN lot l USING (lot_id)"
            " WHERE l.gtin = :gtin AND l.lot = :lot AND i.kind = 'unit' AND i.voided_at IS NULL"
        ),
        {"gtin": gtin, "lot": lot},
    )
    return int(row.scalar_one())


def insert_recall(session: Session, *, gtin: str, lot: str, reason: str, at: datetime) -> None:
    """Keep the recall of a lot."""
    session.execute(
        text("INSERT INTO recalled_lot (gtin, lot, reason, recalled_at) VALUES (:gtin, :lot, :reason, :at)"),
        {"gtin": gtin, "lot": lot, "reason": reason, "at": at},
    )


def lift_recall(session: Session, *, gtin: str, lot: str, at: datetime) -> bool:
    """Lift the recall of a lot; return False if there is none."""
    row = session.execute(
        text(
            "UPDATE recalled_lot SET lifted_at = :at WHERE gtin = :gtin AND lot = :lot AND lifted_at IS NULL"
            " RETURNING lot"
        ),
        {"gtin": gtin, "lot": lot, "at": at},
    )
    return row.first() is not None


def bound_lot(session: Session, unit_id: str) -> tuple[str, str] | None:
    """Return GTIN and lot of an issued unit, whether its code carries them or not; a new label has the old one's."""
    row = session.execute(
        text(
            "SELECT l.gtin, l.lot FROM issued_code i LEFT JOIN unit u ON u.unit_id = i.unit_id"
            " JOIN lot l ON l.lot_id = COALESCE(i.lot_id, u.lot_id) WHERE i.unit_id = :unit"
        ),
        {"unit": unit_id},
    ).first()
    return None if row is None else (row.gtin, row.lot)


def is_registered_before(session: Session, *, unit_id: str, kid: str, key_id: bytes) -> bool:
    """Tell whether a code of a stolen key was registered before the theft."""
    row = session.execute(
        text(
            "SELECT 1 FROM issued_code i JOIN signing_key k ON k.kid = i.kid"
            " WHERE i.unit_id = :unit AND i.kid = :kid AND k.key_id = :key AND i.drawn_at < k.stolen_at"
        ),
        {"unit": unit_id, "kid": kid, "key": key_id},
    )
    return row.first() is not None


def units_before(session: Session, *, kid: str, before: datetime) -> Iterator[str]:
    """Yield the units whose codes this key signed and that were registered before a moment."""
    yield from _walk(
        session,
        "SELECT unit_id FROM issued_code WHERE kid = :kid AND drawn_at < :before",
        {"kid": kid, "before": before},
    )


def count_units_since(session: Session, *, kid: str, since: datetime) -> int:
    """Return how many units have a code that this key signed and that was registered at a moment or later."""
    row = session.execute(
        text("SELECT count(*) FROM issued_code WHERE kid = :kid AND drawn_at >= :since"), {"kid": kid, "since": since}
    )
    return int(row.scalar_one())


def revoked_units(session: Session) -> Iterator[str]:
    """Yield all voided units."""
    yield from _walk(session, "SELECT unit_id FROM revoked_unit", {})


def stop_of(session: Session, unit_id: str) -> Stop | None:
    """Return what stops an issued or voided unit now, the first in the order of the verdicts; None if nothing does."""
    row = session.execute(text(_STOP), {"unit": unit_id}).first()
    return None if row is None else Stop(**row._mapping)


def of_revoked_keys(session: Session, unit_ids: Sequence[str]) -> set[str]:
    """Return which of these units have a code of a revoked key that was not registered before the key was stolen."""
    rows = session.execute(
        text(f"SELECT i.unit_id{_OF_REVOKED_KEY} AND i.unit_id = ANY(CAST(:units AS text[]))"),
        {"units": list(unit_ids)},
    )
    return {row.unit_id for row in rows}


_OF_REVOKED_KEY = (
    " FROM issued_code i JOIN signing_key k ON k.kid = i.kid AND k.use = 'code' AND k.state = 'revoked'"
    " WHERE (k.stolen_at IS NULL OR i.drawn_at >= k.stolen_at)"
)
_STOP = (
    "SELECT code, reason, at FROM ("
    "SELECT 1 AS rank, 'revoked' AS code, 'key_revoked' AS reason, COALESCE(k.stolen_at, k.revoked_at) AS at"
    f"{_OF_REVOKED_KEY} AND i.unit_id = :unit"
    " UNION ALL SELECT 2, 'revoked_unit', reason, revoked_at FROM revoked_unit WHERE unit_id = :unit"
    " UNION ALL SELECT 3, 'recalled_lot', y.reason, y.recalled_at FROM issued_code i"
    " LEFT JOIN unit u ON u.unit_id = i.unit_id JOIN lot l ON l.lot_id = COALESCE(i.lot_id, u.lot_id)"
    " JOIN recalled_lot y ON y.gtin = l.gtin AND y.lot = l.lot AND y.lifted_at IS NULL WHERE i.unit_id = :unit"
    ") s ORDER BY rank LIMIT 1"
)


def _walk(session: Session, query: str, values: dict[str, object]) -> Iterator[str]:
    rows = session.execute(text(query).execution_options(yield_per=_FETCH), values)
    yield from rows.scalars()


def newest_filter(session: Session, kind: str) -> FilterRecord | None:
    """Return the newest filter of a kind."""
    row = session.execute(text(f"{_RECORD} WHERE kind = :kind ORDER BY seq DESC LIMIT 1"), {"kind": kind}).first()
    return None if row is None else FilterRecord(**row._mapping)


def listed_filters(session: Session) -> list[FilterRecord]:
    """Return what verifiers should hold: every allow-filter that a key names, and the newest of the other kinds."""
    rows = session.execute(
        text(
            f"{_RECORD} f WHERE kind = 'allowed_units' AND sha256 IN (SELECT allow_sha256 FROM signing_key)"
            " OR kind <> 'allowed_units' AND seq = (SELECT max(seq) FROM filter_file g WHERE g.kind = f.kind)"
            " ORDER BY kind, issued_at"
        )
    )
    return [FilterRecord(**row._mapping) for row in rows]


_RECORD = "SELECT sha256 AS id, kind, key_id, seq, units, octet_length(bytes) AS size_bytes, issued_at FROM filter_file"


def filter_bytes(session: Session, id: bytes) -> bytes | None:
    """Return the bytes of a filter file."""
    found = session.execute(text("SELECT bytes FROM filter_file WHERE sha256 = :id"), {"id": id}).scalar_one_or_none()
    return None if found is None else bytes(found)


def allow_filter_of(session: Session, kid: str) -> bytes | None:
    """Return the file of the allow-filter of a stolen code key."""
    found = session.execute(
        text(
            "SELECT f.bytes FROM signing_key k JOIN filter_file f ON f.sha256 = k.allow_sha256"
            " WHERE k.kid = :kid AND k.use = 'code' AND k.state = 'revoked'"
        ),
        {"kid": kid},
    ).scalar_one_or_none()
    return None if found is None else bytes(found)


def allow_filters(session: Session) -> list[bytes]:
    """Return the files of the allow-filters of all stolen keys."""
    rows = session.execute(
        text("SELECT bytes FROM filter_file WHERE sha256 IN (SELECT allow_sha256 FROM signing_key) ORDER BY sha256")
    )
    return [bytes(each) for each in rows.scalars()]


def blocked_units(session: Session) -> Iterator[str]:
    """Yield the goods and lots that a handheld should not let go on, as custody has them now."""
    yield from _walk(session, f"SELECT unit_id FROM ({_BLOCKED}) b", {})


def _stops(overlays: str) -> str:
    """Return the condition that goods with these overlays may not go on."""
    return (
        f"EXISTS (SELECT 1 FROM unnest({overlays}) o WHERE split_part(o, '@', 1) IN"
        " ('hold:firm', 'hold:regulator', 'recall'))"
    )


_STOPPED = (
    f"WITH RECURSIVE stopped (unit_pk, parent_pk) AS (SELECT unit_pk, parent_pk FROM unit WHERE overlays <> '{{}}'"
    f" AND {_stops('overlays')}),"
    # A lot that was stopped as a whole is one row.  Its boxes are known by the lot in their codes, but for those whose
    # codes have none (labels of rolls, and what took over a lot with a new label); and nobody sees from outside that a
    # pallet has one of them on it.
    " of_lot (unit_pk, parent_pk, says_lot) AS (SELECT u.unit_pk, u.parent_pk,"
    "  i.lot_id IS NOT NULL AND position('/10/' IN i.uri) > 0"
    f"  FROM lot_stop st JOIN unit ls ON ls.unit_pk = st.unit_pk AND {_stops('ls.overlays')}"
    "  JOIN lot l ON (l.gtin, l.lot) = (st.gtin, st.lot) JOIN unit u ON u.lot_id = l.lot_id AND u.unit_pk <> ls.unit_pk"
    "  LEFT JOIN issued_code i ON i.unit_id = u.unit_id"
    "  WHERE u.state NOT IN ('sold', 'used', 'transformed', 'exported', 'destroyed', 'void')),"
    # What is inside of what is stopped may not go on either, nor what it is inside of.
    " within (unit_pk) AS (SELECT unit_pk FROM stopped UNION SELECT unit_pk FROM of_lot WHERE NOT says_lot"
    "  UNION SELECT c.unit_pk FROM within w JOIN unit c ON c.parent_pk = w.unit_pk),"
    " around (unit_pk) AS (SELECT parent_pk FROM stopped WHERE parent_pk IS NOT NULL"
    "  UNION SELECT parent_pk FROM of_lot WHERE parent_pk IS NOT NULL"
    "  UNION SELECT u.parent_pk FROM around a JOIN unit u USING (unit_pk) WHERE u.parent_pk IS NOT NULL)"
)
_BLOCKED = (
    f"{_STOPPED} SELECT unit_id FROM unit WHERE unit_pk IN"
    " (SELECT unit_pk FROM within UNION SELECT unit_pk FROM around)"
    " UNION SELECT u.unit_id FROM statement s JOIN statement_line l USING (entry_id) JOIN unit u USING (unit_pk)"
    " WHERE s.type IN ('destroy', 'void') AND u.state IN ('destroyed', 'void')"
)
"""Units with a hold or a recall on them, what they are in and what is in them, and what was destroyed or voided."""
_REPACKED = (
    f"({_STOPPED} SELECT max(s.recorded_at) FROM (SELECT unit_pk FROM within UNION SELECT unit_pk FROM around) b"
    " JOIN containment c ON c.child_pk = b.unit_pk OR c.parent_pk = b.unit_pk"
    " JOIN statement s ON s.entry_id IN (c.packed_by, c.unpacked_by))"
)
"""When something was last said by which these goods went into something or out of it: as many may be blocked as before,
and others."""


def insert_filter(
    session: Session, *, id: bytes, kind: str, key_id: bytes | None, seq: int, units: int, at: datetime, data: bytes
) -> None:
    """Keep a filter file; the same one again changes nothing."""
    session.execute(
        text(
            "INSERT INTO filter_file (sha256, kind, key_id, seq, units, issued_at, bytes)"
            " VALUES (:id, :kind, :key, :seq, :units, :at, :data) ON CONFLICT (sha256) DO NOTHING"
        ),
        {"id": id, "kind": kind, "key": key_id, "seq": seq, "units": units, "at": at, "data": data},
    )


def drop_old_filters(session: Session, kind: str, *, below_seq: int) -> None:
    """Forget filters that newer ones replaced; the last few stay for those who are just fetching one."""
    session.execute(
        text("DELETE FROM filter_file WHERE kind = :kind AND kind <> 'allowed_units' AND seq < :seq"),
        {"kind": kind, "seq": below_seq},
    )


def changed_since(session: Session, kind: str, *, at: datetime, units: int) -> bool:
    """Tell whether the stops of a kind are others than those that a filter of `at` with so many `units` holds."""
    query = {
        "revoked_units": "SELECT count(*) AS n, max(revoked_at) AS last FROM revoked_unit",
        "blocked_units": (
            f"SELECT (SELECT count(*) FROM ({_BLOCKED}) b) AS n, greatest((SELECT max(recorded_at) FROM statement"
            " WHERE type IN ('hold', 'release', 'recall', 'lift', 'destroy', 'correct', 'void', 'sample', 'relabel')),"
            f" {_REPACKED}) AS last"
        ),
        "recalled_lots": (
            "SELECT count(*) FILTER (WHERE lifted_at IS NULL) AS n, greatest(max(recalled_at), max(lifted_at)) AS last"
            " FROM recalled_lot"
        ),
    }[kind]
    row = session.execute(text(query)).one()
    return row.n != units or (row.last is not None and row.last >= at)


def is_key_revoked(session: Session, key_id: bytes) -> bool:
    """Tell whether a key is revoked here, whatever the published list says yet."""
    row = session.execute(text("SELECT 1 FROM signing_key WHERE key_id = :key AND state = 'revoked'"), {"key": key_id})
    return row.first() is not None
