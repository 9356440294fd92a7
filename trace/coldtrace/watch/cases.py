"""Cases: what contradicts the record or names nothing in it, as a list a person can work through.

A case is a view on what custody marked (`statement`), on scans that nothing here reads (`unknown_code`) or that do not
verify (`refused_code`), and on labels of rolls that a desk bound to two lots (`double_bound`).  Opening, assigning and
resolving cases comes with the desk.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlmodel import Session

from coldtrace.custody.model import MARK_WORDS, Mark
from coldtrace.custody.scope_pages import MARKED_PARTY, Origin, pages, prepared
from coldtrace.errors import Words
from coldtrace.rights.model import Kind, Scope
from coldtrace.rights.scopes import Within

PAGE_MAX = 200


class CaseKind(StrEnum):
    """What a case is about."""

    STATEMENT = "statement"
    UNKNOWN_CODE = "unknown_code"
    REFUSED_CODE = "refused_code"
    DOUBLE_BOUND = "double_bound"


CASE_WORDS: dict[CaseKind, Words] = {
    CaseKind.UNKNOWN_CODE: Words("不认识的码", "A code that nothing here reads"),
    CaseKind.REFUSED_CODE: Words("未通过验证的码", "A code that does not verify or was never issued"),
    CaseKind.DOUBLE_BOUND: Words("同一卷标绑定了两个批次", "One label bound to two lots"),
}
UNREAD = ("unknown_code", "malformed_uri", "malformed_elements", "unknown_command", "malformed_unit_id")
"""Reasons of scans that nothing reads; every other one is a verdict."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One case.

    A statement has its type, status and marks, and `claimed_at`.  A scan has its text as it was kept, the reason, who
    scanned it, and how often that day; a double binding the lot that counts and the other one.
    """

    entry_id: UUID
    kind: CaseKind
    type: str | None
    gln: str | None
    claimed_at: datetime
    recorded_at: datetime
    status: str | None
    marks: tuple[str, ...]
    units: tuple[str, ...]
    scanned: str | None = None
    reason: str | None = None
    by: str | None = None
    times: int = 1
    lots: tuple[str, ...] = ()

    def words(self) -> list[dict[str, str]]:
        """Return what is odd, each with its words."""
        if self.kind is CaseKind.STATEMENT:
            return [_worded(mark, MARK_WORDS[Mark(mark)]) for mark in self.marks]
        return [_worded(self.kind.value, CASE_WORDS[self.kind])]


def list_cases(session: Session, scope: Scope, *, after: UUID | None, limit: int) -> list[Case]:
    """Return up to `limit` cases in the scope, newest first, from the one after `after` on.

    None if there is no case `after` in the scope.
    """
    within, most = Within(scope=scope, few_rows=True), min(limit, PAGE_MAX)
    at = None if after is None else _when(session, within, after)
    if after is not None and at is None:
        return []
    values = {
        "after": after or _LAST_ID,
        "at": at or "infinity",
        "most": most,
        "unread": sorted(UNREAD),
        **within.values,
    }
    own, whole = within.line("w.whole", "x"), within.statement(Kind.PIECES, "s")
    page = pages(ORIGINS, within, most=most)
    rows = session.execute(prepared(_CASES.format(page=page, own=own, whole=whole)), values)
    return [_case(row) for row in rows]


_LAST_ID = UUID(int=2**128 - 1)
ORIGINS = (
    Origin(name="statement", kind=Kind.CASE, table="marked_statement", parties=MARKED_PARTY),
    # A scan of a caller that is at no site is its organisation's, and the whole country's.
    Origin(name="scan", kind=Kind.CASE, table="unknown_scan", id="scan_id", placed=True),
    # What a statement bound twice is marked there.
    Origin(
        name="binding",
        kind=Kind.CASE,
        table=(
            "(SELECT b.binding_id, b.bound_at, r.station_gln AS gln FROM roll_binding b"
            " JOIN issued_code i USING (unit_id)"
            " JOIN code_run r ON r.run_id = i.run_id WHERE NOT b.applied AND b.bound_by NOT LIKE 'statement:%')"
        ),
        id="binding_id",
        at="bound_at",
    ),
)


def _when(session: Session, within: Within, case: UUID) -> datetime | None:
    parts = [
        f"SELECT t.{origin.at} FROM {origin.table} t WHERE t.{origin.id} = :id AND {origin.condition(within)}"
        for origin in ORIGINS
    ]
    query = text(f"{' UNION ALL '.join(parts)} LIMIT 1")
    found: datetime | None = session.execute(query, {"id": case, **within.values}).scalar_one_or_none()
    return found


_CASES = (
    "WITH page AS ({page}) SELECT p.id, p.at AS recorded_at, CASE WHEN p.origin = 'statement' THEN 'statement'"
    " WHEN p.origin = 'binding' THEN 'double_bound'"
    " WHEN u.reason = ANY(CAST(:unread AS text[])) THEN 'unknown_code' ELSE 'refused_code' END AS kind,"
    " s.type, COALESCE(s.gln, u.gln, r.station_gln) AS gln, COALESCE(s.claimed_at, p.at) AS claimed_at,"
    " s.status, s.marks, u.scanned, u.reason, COALESCE(u.scanned_by, b.bound_by) AS by, COALESCE(u.times, 1) AS times,"
    " b.unit_id AS bound_unit, applied.lot AS bound_lot, other.lot AS other_lot,"
    " (SELECT array_agg(DISTINCT m) FROM statement_line x, unnest(x.marks) m"
    "  WHERE x.entry_id = s.entry_id AND {own}) AS line_marks,"
    " (SELECT array_agg(un.unit_id ORDER BY l.line_no) FROM"
    "  (SELECT * FROM statement_line x WHERE x.entry_id = s.entry_id AND {own} ORDER BY line_no LIMIT 20) l"
    "  JOIN unit un USING (unit_pk)) AS units"
    " FROM page p LEFT JOIN statement s ON p.origin = 'statement' AND s.entry_id = p.id"
    " CROSS JOIN LATERAL (SELECT {whole} AS whole OFFSET 0) w"
    " LEFT JOIN unknown_scan u ON p.origin = 'scan' AND u.scan_id = p.id"
    " LEFT JOIN roll_binding b ON p.origin = 'binding' AND b.binding_id = p.id"
    " LEFT JOIN issued_code i ON i.unit_id = b.unit_id LEFT JOIN code_run r ON r.run_id = i.run_id"
    " LEFT JOIN lot applied ON applied.lot_id = i.lot_id LEFT JOIN lot other ON other.lot_id = b.lot_id"
    " ORDER BY p.at DESC, p.id DESC"
)


def _case(row: Row[Any]) -> Case:
    units = row.units or ([row.bound_unit] if row.bound_unit else [])
    return Case(
        entry_id=row.id,
        kind=CaseKind(row.kind),
        type=row.type,
        gln=row.gln,
        claimed_at=row.claimed_at,
        recorded_at=row.recorded_at,
        status=row.status,
        marks=tuple(dict.fromkeys([*(row.marks or []), *(row.line_marks or [])])),
        units=tuple(units),
        scanned=row.scanned,
        reason=row.reason,
        by=row.by,
        times=row.times,
        lots=tuple(lot for lot in (row.bound_lot, row.other_lot) if lot is not None),
    )


def _worded(code: str, words: Words) -> dict[str, str]:
    return {"code": code, "zh": words.zh, "en": words.en}
