"""Whose goods a contradicting statement speaks of: who held them last by the record, until then.

Whoever held goods has to see the case about them; the statement itself, and what else is in it, stays its parties'.
So this is kept with the case alone (`detail` -> `held`: units by site) and is read within the reader's scope.
"""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.custody.correction_store import ANNULLED
from coldtrace.custody.model import BLOCKING, CaseKind, Mark
from coldtrace.events.statement_type import StatementType as T

KINDS: Final = (CaseKind.GAP, CaseKind.CONFLICT, CaseKind.BLOCKED)
"""Kinds of cases that say something else than the record of where goods are, or of whose they are."""

_MOVING: Final = (
    T.COMMISSION, T.ADOPT, T.RECEIVE, T.PACK, T.UNPACK, T.TRANSFORM, T.RELABEL, T.SHIP, T.RETURN, T.OPEN, T.SELL,
    T.USE, T.FIND, T.LOSE, T.DESTROY, T.VOID,
)  # fmt: skip
_NOTHING_MOVED: Final = BLOCKING | {Mark.SOLD_TWICE, Mark.ALREADY_COMMISSIONED, Mark.REFUSED_BY_RECEIVER}


def note_holders(session: Session, cases: Collection[UUID]) -> None:
    """Note in these cases who held their goods last, as it is known now."""
    session.execute(
        text(_NOTE),
        {
            "ids": sorted(cases),
            "kinds": [kind.value for kind in KINDS],
            "moving": [type.value for type in _MOVING],
            "unmoved": sorted(_NOTHING_MOVED),
        },
    )


# A unit's own lines, and those of what it was in at that moment.  An array, as in `unit_store`: PostgreSQL takes a
# recursive query for long.
_AROUND = (
    "ANY(ARRAY(WITH RECURSIVE around (unit_pk) AS (SELECT l.unit_pk UNION SELECT k.parent_pk FROM around a"
    " JOIN containment k ON k.child_pk = a.unit_pk AND k.from_at < s.event_at AND k.to_at >= s.event_at)"
    " SELECT unit_pk FROM around))"
)
_LAST = (
    "SELECT p.gln FROM statement_line x JOIN statement p ON p.entry_id = x.entry_id"
    f" WHERE x.unit_pk = {_AROUND} AND x.event_at <= s.event_at"
    " AND (p.event_at, p.recorded_at, p.seq, p.entry_id) < (s.event_at, s.recorded_at, s.seq, s.entry_id)"
    " AND p.type = ANY(CAST(:moving AS text[])) AND NOT x.marks && CAST(:unmoved AS text[])"
    f" AND NOT {ANNULLED.format(statement='p')}"
    " ORDER BY x.event_at DESC, p.recorded_at DESC, p.seq DESC, p.entry_id DESC LIMIT 1"
)
_NOTE = (
    "UPDATE case_file c SET detail = (c.detail - 'held') || COALESCE((SELECT jsonb_build_object('held',"
    " jsonb_object_agg(h.gln, h.units)) FROM (SELECT last.gln, to_jsonb((array_agg(u.unit_id ORDER BY l.line_no))"
    "[1 : 20]) AS units FROM statement s JOIN statement_line l ON l.entry_id = s.entry_id AND l.marks <> '{}'"
    # A lot by quantity has no one holder.
    " JOIN unit u ON u.unit_pk = l.unit_pk AND u.unit_id !~ '^[(]01[)][0-9]{14}[(]10[)]'"
    f" CROSS JOIN LATERAL ({_LAST}) last WHERE s.entry_id = c.entry_id AND last.gln <> s.gln GROUP BY last.gln) h"
    " HAVING count(*) > 0), '{}') WHERE c.case_id = ANY(CAST(:ids AS uuid[])) AND c.kind = ANY(CAST(:kinds AS text[]))"
    " AND c.about = 'statement:' || c.entry_id"
)
