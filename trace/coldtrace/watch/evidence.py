"""What a case rests on: the statements in question, the stories of the units, what came under a taken id.

Everything is told within the reader's rights: statements and lines that are out of its scope are left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.custody.correction_store import ANNULLED
from coldtrace.custody.model import Mark
from coldtrace.custody.overlays import kinds_of
from coldtrace.custody.statement_list import ListedStatement
from coldtrace.custody.unit_view import UnitView, view_unit
from coldtrace.rights.model import Kind, Scope
from coldtrace.rights.scopes import Within
from coldtrace.watch.cases import Case, told_status

UNITS_TOLD = 5
STORY_TOLD = 20
KEPT_SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class KeptBytes:
    """Something that came and was refused, kept in quarantine: its hash, why, when, how often."""

    sha256: bytes
    reason: str
    size_bytes: int
    received_at: datetime
    times: int


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The statements of a case, the stories of its first units, and what else came under its statement's id.

    `blocked_inside` are the goods because of which what they are in was blocked, with the kinds of what lies on them.
    """

    statements: tuple[ListedStatement, ...]
    units: tuple[UnitView, ...]
    kept: tuple[KeptBytes, ...]
    blocked_inside: tuple[tuple[str, tuple[str, ...]], ...] = ()


def evidence_of(session: Session, case: Case, *, statements: Scope, units: Scope) -> Evidence:
    """Return what a case rests on, as far as a reader with these scopes may see it."""
    named = [each for each in (case.entry_id, case.other_id, case.resolved_by) if each is not None]
    told = [
        view_unit(session, units, unit, inside_max=0, limit=STORY_TOLD, newest=True) for unit in case.units[:UNITS_TOLD]
    ]
    return Evidence(
        statements=tuple(_statements(session, statements, named)),
        units=tuple(each for each in told if each is not None),
        kept=tuple(_kept(session, case.entry_id)) if case.entry_id is not None else (),
        blocked_inside=_blocked_inside(session, units, case) if Mark.BLOCKED_INSIDE in case.marks else (),
    )


def _blocked_inside(session: Session, scope: Scope, case: Case) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return what was inside the goods of a case's statement and has something on it now, by itself or with its lot.

    Whoever sees what the case's site has is told: it has these boxes in its hands, and handhelds know the codes.
    """
    within = Within(scope=scope, few_rows=True)
    rows = session.execute(
        text(
            "WITH RECURSIVE inside (unit_pk, event_at) AS (SELECT l.unit_pk, l.event_at FROM statement_line l"
            "  JOIN statement s ON s.entry_id = l.entry_id JOIN site si ON si.gln = s.gln"
            "  WHERE l.entry_id = :entry AND :inside = ANY(l.marks) AND"
            f"  {within.thing(Kind.UNIT, at='si.gln')}"
            " UNION SELECT c.child_pk, i.event_at FROM inside i JOIN containment c ON c.parent_pk = i.unit_pk"
            "  AND c.from_at <= i.event_at AND c.to_at >= i.event_at)"
            " SELECT u.unit_id, u.overlays || COALESCE(lu.overlays, '{}') AS overlays FROM inside"
            " JOIN unit u USING (unit_pk) LEFT JOIN lot o ON o.lot_id = u.lot_id"
            " LEFT JOIN lot_stop st ON st.gtin = o.gtin AND st.lot = o.lot LEFT JOIN unit lu ON lu.unit_pk = st.unit_pk"
            " WHERE u.overlays || COALESCE(lu.overlays, '{}') <> '{}' ORDER BY u.unit_id LIMIT :most"
        ),
        {"entry": case.entry_id, "inside": Mark.BLOCKED_INSIDE.value, "most": KEPT_SHOWN, **within.values},
    )
    return tuple((row.unit_id, tuple(sorted(kind.value for kind in kinds_of(row.overlays)))) for row in rows)


def _statements(session: Session, scope: Scope, ids: Sequence[UUID]) -> list[ListedStatement]:
    within = Within(scope=scope, few_rows=True)
    own, whole = within.line("w.whole", "x"), within.statement(Kind.PIECES, "s")
    rows = session.execute(
        text(
            "SELECT s.entry_id, s.type, s.gln, s.to_gln, s.claimed_at, s.recorded_at, s.status, s.marks, l.lines,"
            f" {ANNULLED.format(statement='s')} AS annulled,"
            " l.line_marks, l.units FROM statement s CROSS JOIN LATERAL"
            f" (SELECT {whole} AS whole OFFSET 0) w CROSS JOIN LATERAL (SELECT count(*) AS lines,"
            " (array_agg(un.unit_id ORDER BY x.line_no))[1 : 20] AS units,"
            " (SELECT array_agg(DISTINCT m) FROM statement_line y, unnest(y.marks) m WHERE y.entry_id = s.entry_id"
            f" AND {within.line('w.whole', 'y')}) AS line_marks FROM statement_line x JOIN unit un USING (unit_pk)"
            f" WHERE x.entry_id = s.entry_id AND {own}) l"
            f" WHERE s.entry_id = ANY(CAST(:ids AS uuid[])) AND {within.statement(Kind.STATEMENT, 's')}"
            " ORDER BY s.event_at, s.recorded_at, s.entry_id"
        ),
        {"ids": sorted(ids), **within.values},
    )
    return [
        ListedStatement(
            entry_id=row.entry_id,
            type=row.type,
            gln=row.gln,
            to_gln=row.to_gln,
            claimed_at=row.claimed_at,
            recorded_at=row.recorded_at,
            status=told_status(row.status, [*row.marks, *(row.line_marks or [])]) or "",
            marks=tuple(dict.fromkeys([*row.marks, *(row.line_marks or [])])),
            units=tuple(row.units or ()),
            lines=row.lines,
            annulled=row.annulled,
        )
        for row in rows
    ]


def _kept(session: Session, entry_id: UUID) -> list[KeptBytes]:
    rows = session.execute(
        text(
            "SELECT sha256, reason, size_bytes, received_at, times FROM quarantine"
            " WHERE entry_id = :id AND proven ORDER BY received_at, sha256 LIMIT :most"
        ),
        {"id": entry_id, "most": KEPT_SHOWN},
    )
    return [KeptBytes(**(dict(row._mapping) | {"sha256": bytes(row.sha256)})) for row in rows]
