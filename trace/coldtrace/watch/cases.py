"""Cases: statements that contradict the record, as a list a person can work through.

A case is a view on what custody marked; opening, assigning and resolving cases comes with the desk.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.custody.model import MARK_WORDS, Mark

PAGE_MAX = 200


@dataclass(frozen=True, kw_only=True)
class Case:
    """One marked statement: what was said, where, about which units, and what it contradicts."""

    entry_id: UUID
    type: str
    gln: str
    claimed_at: datetime
    recorded_at: datetime
    status: str
    marks: tuple[str, ...]
    units: tuple[str, ...]

    def words(self) -> list[dict[str, str]]:
        """Return each mark with its words."""
        return [{"code": mark, "zh": MARK_WORDS[Mark(mark)].zh, "en": MARK_WORDS[Mark(mark)].en} for mark in self.marks]


def list_cases(session: Session, *, after: UUID | None, limit: int) -> list[Case]:
    """Return up to `limit` cases, newest first, from the one after `after` on."""
    rows = session.execute(
        text(
            "WITH marked AS (SELECT entry_id FROM statement WHERE marks <> '{}'"
            " UNION SELECT entry_id FROM statement_line WHERE marks <> '{}')"
            " SELECT s.entry_id, s.type, s.gln, s.claimed_at, s.recorded_at, s.status, s.marks,"
            " (SELECT array_agg(DISTINCT m) FROM statement_line l, unnest(l.marks) m"
            "  WHERE l.entry_id = s.entry_id) AS line_marks,"
            " (SELECT array_agg(u.unit_id ORDER BY l.line_no) FROM"
            "  (SELECT * FROM statement_line x WHERE x.entry_id = s.entry_id ORDER BY line_no LIMIT 20) l"
            "  JOIN unit u USING (unit_pk)) AS units"
            " FROM statement s JOIN marked USING (entry_id)"
            " WHERE CAST(:after AS uuid) IS NULL OR (s.recorded_at, s.entry_id) <"
            " (SELECT recorded_at, entry_id FROM statement WHERE entry_id = CAST(:after AS uuid))"
            " ORDER BY s.recorded_at DESC, s.entry_id DESC LIMIT :most"
        ),
        {"after": after, "most": min(limit, PAGE_MAX)},
    )
    return [
        Case(
            entry_id=row.entry_id,
            type=row.type,
            gln=row.gln,
            claimed_at=row.claimed_at,
            recorded_at=row.recorded_at,
            status=row.status,
            marks=tuple(dict.fromkeys([*row.marks, *(row.line_marks or [])])),
            units=tuple(row.units or []),
        )
        for row in rows
    ]
