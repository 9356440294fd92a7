"""The story of one unit: its own statements and those about its parents while it was inside them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.custody.model import Holding, UnitState

DEPTH_MAX = 8


@dataclass(frozen=True, kw_only=True)
class UnitRecord:
    """One unit as the record has it now; `effective` is where its outermost parent is."""

    unit_id: str
    unit_pk: int
    lot_id: int | None
    holding: Holding
    effective: Holding


@dataclass(frozen=True, kw_only=True)
class HistoryLine:
    """One statement in a unit's story.  `unit` is the unit of the line: itself, or a parent it was in."""

    entry_id: UUID
    type: str
    unit: str
    line_no: int
    role: str
    gln: str
    to_gln: str | None
    event_at: datetime
    claimed_at: datetime
    recorded_at: datetime
    status: str
    marks: tuple[str, ...]


def find_unit(session: Session, unit_id: str) -> UnitRecord | None:
    """Return the record of a unit, None when nothing was ever said of it."""
    row = session.execute(
        text(
            "SELECT u.unit_id, u.unit_pk, u.lot_id, u.state, u.gln, u.to_gln, p.unit_id AS parent,"
            " COALESCE(r.state, u.state) AS root_state, COALESCE(r.gln, u.gln) AS root_gln,"
            " CASE WHEN r.unit_pk IS NULL THEN u.to_gln ELSE r.to_gln END AS root_to"
            " FROM unit u LEFT JOIN unit p ON p.unit_pk = u.parent_pk LEFT JOIN unit r ON r.unit_pk = u.root_pk"
            " WHERE u.unit_id = :unit"
        ),
        {"unit": unit_id},
    ).first()
    if row is None:
        return None
    return UnitRecord(
        unit_id=row.unit_id,
        unit_pk=row.unit_pk,
        lot_id=row.lot_id,
        holding=Holding(state=UnitState(row.state), gln=row.gln, to_gln=row.to_gln, parent=row.parent),
        effective=Holding(state=UnitState(row.root_state), gln=row.root_gln, to_gln=row.root_to),
    )


def history(session: Session, unit_pk: int) -> list[HistoryLine]:
    """Return a unit's story in the order of events, a pallet's statements only while the unit was on it."""
    rows = session.execute(
        text(
            "WITH RECURSIVE chain (unit_pk, since, till, depth) AS ("
            " SELECT CAST(:pk AS bigint), CAST('-infinity' AS timestamptz), CAST('infinity' AS timestamptz), 0"
            " UNION ALL SELECT c.parent_pk, GREATEST(c.from_at, h.since), LEAST(c.to_at, h.till), h.depth + 1"
            " FROM chain h JOIN containment c ON c.child_pk = h.unit_pk"
            " AND c.from_at < h.till AND c.to_at > h.since WHERE h.depth < :deep)"
            " SELECT DISTINCT ON (s.event_at, s.recorded_at, s.seq, s.entry_id) s.entry_id, s.type, u.unit_id AS unit,"
            " l.line_no, l.role, s.gln, s.to_gln, s.event_at, s.claimed_at, s.recorded_at, s.status,"
            " s.marks || l.marks AS marks FROM chain h JOIN statement_line l ON l.unit_pk = h.unit_pk"
            " AND l.event_at >= h.since AND l.event_at <= h.till JOIN statement s USING (entry_id)"
            " JOIN unit u ON u.unit_pk = l.unit_pk"
            " WHERE h.depth = 0 OR (l.role <> 'parent' AND l.event_at < h.till)"
            " ORDER BY s.event_at, s.recorded_at, s.seq, s.entry_id, h.depth"
        ),
        {"pk": unit_pk, "deep": DEPTH_MAX},
    )
    return [HistoryLine(**(dict(row._mapping) | {"marks": tuple(row.marks)})) for row in rows]


def children(session: Session, unit_pk: int, *, limit: int) -> list[str]:
    """Return up to `limit` unit ids now inside a unit."""
    return [
        row[0]
        for row in session.execute(
            text("SELECT unit_id FROM unit WHERE parent_pk = :pk ORDER BY unit_pk LIMIT :most"),
            {"pk": unit_pk, "most": limit},
        )
    ]


def seller_of(session: Session, unit_pk: int) -> tuple[str, datetime] | None:
    """Return where and when a unit was sold, if it was."""
    row = session.execute(
        text(
            "SELECT s.gln, s.event_at FROM statement_line l JOIN statement s USING (entry_id)"
            " WHERE l.unit_pk = :pk AND s.type = 'sell' AND s.status = 'accepted' ORDER BY s.event_at LIMIT 1"
        ),
        {"pk": unit_pk},
    ).first()
    return None if row is None else (row.gln, row.event_at)
