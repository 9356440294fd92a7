"""The story of one unit: its own statements and those about its parents while it was inside them."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlmodel import Session

from coldtrace.custody.correction_store import ANNULLED
from coldtrace.custody.model import BLOCKING, Holding, Overlay, UnitState
from coldtrace.custody.overlays import kinds_of
from coldtrace.custody.suspects import SUSPECTED
from coldtrace.db.plain_sql import text
from coldtrace.events.public_piece import Cold
from coldtrace.rights.model import EVERYTHING, Kind, Scope
from coldtrace.rights.scopes import Within

DEPTH_MAX = 8


class View(StrEnum):
    """Which statements a story has: those that stand, or all that was ever said."""

    CORRECTED = "corrected"
    ALL = "all"


@dataclass(frozen=True, kw_only=True)
class UnitRecord:
    """One unit as the record has it now; `effective` is where its outermost parent is, with all that is in force.

    `lasts_until` is the last day that a statement gave it or that its lot has by its import, whichever is first;
    `suspected` tells whether a live case doubts its code, or that of something it is in;
    `holder` the USCC of the firm of the place where it is, or that it left last.
    """

    unit_id: str
    unit_pk: int
    lot_id: int | None
    holding: Holding
    effective: Holding
    lasts_until: date | None = None
    holder: str | None = None
    suspected: bool = False

    @property
    def lying(self) -> frozenset[Overlay]:
        """The kinds of what lies on it: by statements, and by a live case that doubts its code (`suspects.py`)."""
        doubted = {Overlay.CLONE_SUSPECT} if self.suspected else set()
        return kinds_of(self.effective.overlays) | doubted


@dataclass(frozen=True, kw_only=True)
class HistoryLine:
    """One statement in a unit's story.

    `annulled`: a correction in force says that it was an error; `corrects` is the statement of which it says so itself.
    Both are told in the view of all that was said.

    `unit` is the unit of the line, itself or a parent it was in, and `parent` what that line puts it into or takes
    it out of.  `shown` are the places of the lines in the statement's units piece, the unit's own first, `inside_by`
    the pack statements because of which a parent's statement is in this story, `seen` whether the reader may see that
    it was said of this unit (of one receipt of goods from two firms each sees its own lines), `by_platform` whether a
    gateway said it for the site, `kept` what the rules keep of line and statement (`details.py`).  `cold` is its signed
    word on the temperature: of what the record keeps that is a breach alone; all three states are in the public piece
    (`ShownStatements.told`).
    """

    entry_id: UUID
    type: str
    unit: str
    parent: str | None
    role: str
    gln: str
    to_gln: str | None
    event_at: datetime
    claimed_at: datetime
    recorded_at: datetime
    status: str
    marks: tuple[str, ...]
    shown: tuple[int, ...]
    inside_by: tuple[UUID, ...]
    seen: bool
    annulled: bool = False
    corrects: UUID | None = None
    by_platform: bool = False
    cold: Cold = Cold.UNKNOWN
    kept: Mapping[str, object] = field(default_factory=dict)


def find_unit(session: Session, unit_id: str) -> UnitRecord | None:
    """Return the record of a unit, None when nothing was ever said of it."""
    return find_units(session, [unit_id]).get(unit_id)


def find_units(session: Session, unit_ids: Collection[str]) -> dict[str, UnitRecord]:
    """Return the records of those of the units of which something was said."""
    return ask_units(session, unit_ids)()


def ask_units(session: Session, unit_ids: Collection[str]) -> Callable[[], dict[str, UnitRecord]]:
    """Do the same without waiting; what is returned gives the answer."""
    rows = session.execute(
        text(
            "SELECT u.unit_id, u.unit_pk, u.lot_id, u.state, u.gln, u.to_gln, p.unit_id AS parent,"
            " COALESCE(r.state, u.state) AS root_state, COALESCE(r.gln, u.gln) AS root_gln,"
            " CASE WHEN r.unit_pk IS NULL THEN u.to_gln ELSE r.to_gln END AS root_to,"
            " LEAST(u.expires_on, (SELECT o.expiry_date FROM lot o JOIN consignment oc USING (consignment_id)"
            "  WHERE o.lot_id = u.lot_id AND oc.state = 'open')) AS lasts_until,"
            f" u.overlays, u.counter, u.expires_on, {IN_FORCE} AS in_force, {SUSPECTED} AS suspected,"
            " (SELECT o.uscc FROM site st JOIN operator o USING (operator_id)"
            "  WHERE st.gln = COALESCE(r.gln, u.gln)) AS holder"
            " FROM unit u LEFT JOIN unit p ON p.unit_pk = u.parent_pk LEFT JOIN unit r ON r.unit_pk = u.root_pk"
            " WHERE u.unit_id = ANY(CAST(:units AS text[]))"
        ),
        {"units": list(unit_ids)},
    )
    return lambda: {row.unit_id: _as_record(row) for row in rows}


def _as_record(row: Any) -> UnitRecord:
    return UnitRecord(
        unit_id=row.unit_id,
        unit_pk=row.unit_pk,
        lot_id=row.lot_id,
        holding=Holding(
            state=UnitState(row.state),
            gln=row.gln,
            to_gln=row.to_gln,
            parent=row.parent,
            overlays=frozenset(row.overlays),
            counter=row.counter,
            expires_on=row.expires_on,
        ),
        effective=Holding(
            state=UnitState(row.root_state),
            gln=row.root_gln,
            to_gln=row.root_to,
            overlays=frozenset(row.in_force or ()),
        ),
        lasts_until=row.lasts_until,
        holder=row.holder,
        suspected=row.suspected,
    )


IN_FORCE = (
    "(WITH RECURSIVE up (unit_pk, parent_pk, overlays) AS (SELECT u.unit_pk, u.parent_pk, u.overlays"
    " UNION SELECT n.unit_pk, n.parent_pk, n.overlays FROM up JOIN unit n ON n.unit_pk = up.parent_pk)"
    " SELECT array_agg(DISTINCT o) FROM (SELECT unnest(overlays) AS o FROM up UNION ALL SELECT unnest(ls.overlays)"
    " FROM lot l JOIN lot_stop st USING (gtin, lot) JOIN unit ls ON ls.unit_pk = st.unit_pk"
    " WHERE l.lot_id = u.lot_id) x)"
)
"""Its own overlays, those of all it is in, and those of its whole lot."""


def ask_stories(session: Session, unit_pks: Sequence[int]) -> Callable[[], dict[int, list[HistoryLine]]]:
    """Ask for the stories of units as everybody may be told them: what was accepted and stands.

    What is returned waits for them; a unit of which nothing is told is left out.
    """
    found = _ask_stories(session, unit_pks, EVERYTHING, View.CORRECTED)
    return lambda: {pk: accepted(story) for pk, story in found().items()}


def accepted(story: Iterable[HistoryLine]) -> list[HistoryLine]:
    """Return the lines of a story that were not blocked."""
    return [line for line in story if line.status == "accepted"]


def _ask_stories(
    session: Session, unit_pks: Sequence[int], scope: Scope, view: View
) -> Callable[[], dict[int, list[HistoryLine]]]:
    within = Within(scope=scope, few_rows=True)
    seen = within.said_of(Kind.UNIT, "s", "l")
    query = STORY.format(seen=seen, told=TOLD[view], lines=_ALL_LINES, **CORRECTED[view])
    values = {"pks": list(unit_pks), "deep": DEPTH_MAX, "blocking": sorted(BLOCKING), **within.values}
    rows = session.execute(text(query), values)
    return lambda: lines_of(rows)


def lines_of(rows: Iterable[Row[Any]]) -> dict[int, list[HistoryLine]]:
    """Return the stories that the rows of a `STORY` tell, by unit."""
    found: dict[int, list[HistoryLine]] = {}
    for (pk, _), group in groupby(rows, key=lambda row: (row.of_pk, row.entry_id)):
        found.setdefault(pk, []).append(_as_line(list(group)))
    return found


def _as_line(rows: Sequence[Row[Any]]) -> HistoryLine:
    first = rows[0]
    return HistoryLine(
        entry_id=first.entry_id,
        type=first.type,
        unit=first.unit,
        parent=first.parent,
        role=first.role,
        gln=first.gln,
        to_gln=first.to_gln,
        event_at=first.event_at,
        claimed_at=first.claimed_at,
        recorded_at=first.recorded_at,
        status="blocked" if first.blocked else "accepted",
        marks=tuple(dict.fromkeys([*first.own_marks, *(mark for row in rows for mark in row.line_marks)])),
        shown=tuple(dict.fromkeys(row.shown for row in rows)),
        inside_by=tuple(first.inside_by),
        seen=any(row.seen for row in rows),
        annulled=first.annulled,
        corrects=first.corrects,
        by_platform=first.by_platform,
        cold=Cold.BREACH if (first.said or {}).get("breach") else Cold.UNKNOWN,
        kept={**(first.said or {}), **(first.details or {})},
    )


def _place(statement: str) -> str:
    """Return where a statement stands in the order of events, null for none.

    The order is by time, then by arrival, then by the device's own count.
    """
    return (
        f"CASE WHEN {statement}.entry_id IS NULL THEN NULL ELSE"
        f" ARRAY[CAST(extract(epoch FROM {statement}.event_at) * 1000000 AS bigint),"
        f" CAST(extract(epoch FROM {statement}.recorded_at) * 1000000 AS bigint), {statement}.seq] END"
    )


CHAIN = (
    "WITH RECURSIVE chain (of_pk, unit_pk, since, till, inside_by, depth) AS ("
    " SELECT v.pk, v.pk, CAST(NULL AS bigint[]), CAST(NULL AS bigint[]), CAST('{{}}' AS uuid[]), 0"
    " FROM unnest(CAST(:pks AS bigint[])) v (pk)"
    f" UNION ALL SELECT h.of_pk, c.parent_pk, GREATEST({_place('o')}, h.since), LEAST({_place('e')}, h.till),"
    " h.inside_by || c.packed_by, h.depth + 1"
    " FROM chain h JOIN containment c ON c.child_pk = h.unit_pk JOIN statement o ON o.entry_id = c.packed_by"
    " LEFT JOIN statement e ON e.entry_id = c.unpacked_by WHERE h.depth < :deep"
    f" AND (h.till IS NULL OR {_place('o')} < h.till)"
    f" AND (h.since IS NULL OR e.entry_id IS NULL OR {_place('e')} > h.since))"
)
"""The units and all that they were in: each stay, and between which places of the order of events it lasted."""
IN_STORY = (
    "(h.depth = 0 OR (NOT (l.role = 'parent' AND s.type IN ('pack', 'unpack'))"
    f" AND {_place('s')} >= h.since AND (h.till IS NULL OR {_place('s')} < h.till)))"
)
"""Whether the line `l` of the statement `s` is told of what the stay `h` is about."""
STORY = (
    f"{CHAIN}"
    " SELECT h.of_pk, s.entry_id, s.type, u.unit_id AS unit, p.unit_id AS parent, l.role, s.gln, s.to_gln, s.event_at,"
    " s.claimed_at, s.recorded_at, s.status = 'blocked' OR l.marks && CAST(:blocking AS text[]) AS blocked,"
    " s.marks AS own_marks, l.marks AS line_marks, h.inside_by, COALESCE(whole.line_no, l.line_no) AS shown,"
    " COALESCE({seen}, FALSE) AS seen, {annulled} AS annulled, {corrects} AS corrects,"
    " EXISTS (SELECT 1 FROM gateway g WHERE g.key_id = s.key_id) AS by_platform, l.details, s.details AS said"
    " FROM chain h JOIN {lines} JOIN statement s ON s.entry_id = l.entry_id"
    " JOIN unit u ON u.unit_pk = l.unit_pk LEFT JOIN unit p ON p.unit_pk = l.parent_pk"
    # A line that is implied by unpacking a whole pallet is, in the statement itself, that pallet's line.
    " LEFT JOIN statement_line whole ON l.role = 'implied' AND whole.entry_id = l.entry_id"
    " AND whole.unit_pk = l.parent_pk AND whole.role <> 'implied'"
    f" WHERE {{told}} AND {IN_STORY}"
    " ORDER BY h.of_pk, s.event_at, s.recorded_at, s.seq, s.entry_id, h.depth, l.line_no"
)
"""The lines of stories; `lines` says which are looked at, `told` which statements count."""
_ALL_LINES = "statement_line l ON l.unit_pk = h.unit_pk"

TOLD = {View.CORRECTED: f"s.type <> 'correct' AND NOT {ANNULLED.format(statement='s')}", View.ALL: "TRUE"}
CORRECTED = {
    View.CORRECTED: {"annulled": "FALSE", "corrects": "CAST(NULL AS uuid)"},
    View.ALL: {
        "annulled": ANNULLED.format(statement="s"),
        "corrects": "(SELECT co.corrected FROM correction co WHERE co.entry_id = s.entry_id)",
    },
}


def children(session: Session, unit_pk: int, scope: Scope, *, limit: int) -> tuple[list[str], bool]:
    """Return up to `limit` unit ids now inside a unit, and whether all are shown that are inside.

    Shown are those whose line of the statement that packed them is in the scope.
    """
    within = Within(scope=scope, few_rows=True)
    rows = session.execute(
        text(
            "SELECT u.unit_id, p.seen FROM unit u LEFT JOIN LATERAL (SELECT"
            f" COALESCE({_packed(within)}, FALSE) AS seen FROM containment c"
            " JOIN statement s ON s.entry_id = c.packed_by WHERE c.child_pk = u.unit_pk AND c.to_at = 'infinity') p"
            " ON TRUE WHERE u.parent_pk = :pk ORDER BY p.seen DESC NULLS LAST, u.unit_pk LIMIT :most"
        ),
        {"pk": unit_pk, "most": limit, **within.values},
    ).all()
    return [row.unit_id for row in rows if row.seen], all(row.seen for row in rows)


def _packed(within: Within) -> str:
    """Return the condition that the line of `s` about the unit `u` is for the reader."""
    line = "SELECT 1 FROM statement_line l WHERE l.entry_id = s.entry_id AND l.unit_pk = u.unit_pk"
    whole = within.statement(Kind.PIECES, "s")
    return f"({whole} OR EXISTS ({line} AND {within.said_of(Kind.UNIT, 's', 'l')}))"


def children_page(session: Session, unit_pk: int, scope: Scope, *, after: str | None, limit: int) -> list[str]:
    """Return the unit ids now inside a unit in their order, from the one behind `after` on.

    Shown are those whose line of the statement that packed them is in the scope.
    """
    within = Within(scope=scope, few_rows=True)
    rows = session.execute(
        text(
            "SELECT u.unit_id FROM unit u WHERE u.parent_pk = :pk AND u.unit_id > :after AND EXISTS (SELECT 1"
            " FROM containment c JOIN statement s ON s.entry_id = c.packed_by WHERE c.child_pk = u.unit_pk"
            f" AND c.to_at = 'infinity' AND {_packed(within)}) ORDER BY u.unit_id LIMIT :most"
        ),
        {"pk": unit_pk, "after": after or "", "most": limit, **within.values},
    )
    return [row.unit_id for row in rows]


def seller_of(session: Session, unit_pk: int) -> tuple[str, datetime] | None:
    """Return where and when a unit was sold, if it was."""
    return seller_in(ask_stories(session, [unit_pk])().get(unit_pk, []))


def seller_in(story: Iterable[HistoryLine]) -> tuple[str, datetime] | None:
    """Return where and when a unit was first sold, from its accepted story; what was said of a parent sells nothing."""
    return next(((line.gln, line.event_at) for line in story if line.type == "sell" and not line.inside_by), None)
