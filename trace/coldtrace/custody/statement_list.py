"""Statements as a reader may see them: lists, newest first, and whether one's exact texts are for the reader."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.custody.correction_store import ANNULLED
from coldtrace.custody.model import BLOCKING
from coldtrace.custody.scope_pages import STATEMENTS, pages, prepared
from coldtrace.rights.model import Kind, Scope
from coldtrace.rights.scopes import Within

PAGE_MAX = 200
UNITS_SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class ListedStatement:
    """One statement of a list; of its lines those that the reader may see: the first `units`, and how many `lines`.

    `annulled`: a correction in force says that it was an error.
    """

    entry_id: UUID
    type: str
    gln: str
    to_gln: str | None
    claimed_at: datetime
    recorded_at: datetime
    status: str
    marks: tuple[str, ...]
    units: tuple[str, ...]
    lines: int
    annulled: bool


def list_statements(session: Session, scope: Scope, *, after: UUID | None, limit: int) -> list[ListedStatement]:
    """Return up to `limit` statements in the scope, newest first, from the one after `after` on.

    None if there is no statement `after` in the scope.
    """
    within, most = Within(scope=scope, few_rows=True), min(limit, PAGE_MAX)
    at = None if after is None else _recorded_at(session, within, after)
    if after is not None and at is None:
        return []
    values = {
        "after": after or UUID(int=2**128 - 1),
        "at": at or "infinity",
        "most": most,
        "shown": UNITS_SHOWN,
        "blocking": sorted(BLOCKING),
        **within.values,
    }
    own, whole = within.line("w.whole", "x"), within.statement(Kind.PIECES, "s")
    page = pages(STATEMENTS, within, most=most)
    rows = session.execute(prepared(_LISTED.format(page=page, own=own, whole=whole, stopped=_STOPPED)), values)
    return [
        ListedStatement(
            entry_id=row.entry_id,
            type=row.type,
            gln=row.gln,
            to_gln=row.to_gln,
            claimed_at=row.claimed_at,
            recorded_at=row.recorded_at,
            status="blocked" if row.stopped else row.status,
            marks=tuple(dict.fromkeys([*row.marks, *(row.line_marks or [])])),
            units=tuple(row.units or ()),
            lines=row.lines,
            annulled=row.annulled,
        )
        for row in rows
    ]


_STOPPED = "bool_and(x.marks && CAST(:blocking AS text[])) FILTER (WHERE x.role <> 'implied')"
"""Whether all that a statement said moved nothing: also what was blocked by something that was told later."""
_LISTED = (
    "SELECT s.entry_id, s.type, s.gln, s.to_gln, s.claimed_at, s.recorded_at, s.status, s.marks, l.lines, l.line_marks,"
    f" {ANNULLED.format(statement='s')} AS annulled,"
    " l.stopped, u.units FROM ({page}) p JOIN statement s ON s.entry_id = p.id"
    " CROSS JOIN LATERAL (SELECT {whole} AS whole OFFSET 0) w"
    " CROSS JOIN LATERAL (SELECT count(*) AS lines, {stopped} AS stopped,"
    "  (SELECT array_agg(DISTINCT m) FROM statement_line x, unnest(x.marks) m"
    "   WHERE x.entry_id = s.entry_id AND {own}) AS line_marks FROM statement_line x"
    "  WHERE x.entry_id = s.entry_id AND {own}) l"
    " CROSS JOIN LATERAL (SELECT array_agg(un.unit_id ORDER BY f.line_no) AS units FROM (SELECT * FROM statement_line x"
    "  WHERE x.entry_id = s.entry_id AND {own} ORDER BY x.line_no LIMIT :shown) f JOIN unit un USING (unit_pk)) u"
    " ORDER BY s.recorded_at DESC, s.entry_id DESC"
)


def _recorded_at(session: Session, within: Within, entry_id: UUID) -> datetime | None:
    found: datetime | None = session.execute(
        text(
            f"SELECT s.recorded_at FROM statement s WHERE s.entry_id = :id AND {within.statement(Kind.STATEMENT, 's')}"
        ),
        {"id": entry_id, **within.values},
    ).scalar_one_or_none()
    return found


def places_of(session: Session, entry_id: UUID) -> list[str | None]:
    """Return the site of a statement and the one that it names; nothing for what is no statement."""
    row = session.execute(text("SELECT gln, to_gln FROM statement WHERE entry_id = :id"), {"id": entry_id}).first()
    return [] if row is None else [row.gln, row.to_gln]


def has_pieces(session: Session, scope: Scope, entry_id: UUID) -> bool:
    """Tell whether the exact texts of an entry of the log are for the reader: of a statement in the scope of pieces.

    What is no statement (an enrolment, a trust list) is nobody's in particular: only whoever sees everything sees it.
    """
    if scope.everything:
        return True
    within = Within(scope=scope, few_rows=True)
    row = session.execute(
        text(f"SELECT 1 FROM statement s WHERE s.entry_id = :id AND {within.statement(Kind.PIECES, 's')}"),
        {"id": entry_id, **within.values},
    )
    return row.first() is not None
