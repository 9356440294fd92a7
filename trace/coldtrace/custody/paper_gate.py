"""The paper gate: which papers the goods of an out-scan lack, by the policy that was in force when it was done.

The gate stands at the door of the first station alone: whoever has goods afterwards cannot add papers to them.  What is
missing is judged once, when the statement arrives, as of the time of the event: a paper that comes later lets the next
out-scan through and changes nothing of this one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from coldtrace.custody.model import Mark
from coldtrace.db.plain_sql import text
from coldtrace.goods.paper_policies import lacking_query, read_lacking
from coldtrace.goods.paper_rules import LackingPaper, NeedLevel

GATED = "ship"
"""The statement at which papers are asked for."""
Lacking = tuple[LackingPaper, ...]


@dataclass(frozen=True, kw_only=True)
class GatedLine:
    """One line of an out-scan: its unit, what the same batch puts into it, when and where."""

    unit_pk: int
    inside: Sequence[int]
    lot: tuple[str, str] | None
    """Goods by lot and quantity: GTIN and lot."""
    at: datetime
    day: date
    gln: str


def ask_policies(session: Session) -> Callable[[], bool]:
    """Ask whether there is any policy at all; the answer is for later, so that nobody waits for it here."""
    rows = session.execute(text("SELECT EXISTS (SELECT 1 FROM paper_policy) AS found"), {})
    return lambda: bool(rows.scalar_one())


def marks_of(lacking: Lacking) -> tuple[Mark, ...]:
    """Return the mark of a line whose goods lack papers."""
    if not lacking:
        return ()
    return (Mark.PAPERS_MISSING if any(each.level is NeedLevel.BLOCK for each in lacking) else Mark.PAPERS_DUE,)


def find_lacking(session: Session, lines: Sequence[GatedLine]) -> Mapping[int, Lacking]:
    """Return what the goods of lines lack, by the place of the line; lines that lack nothing are left out."""
    if not lines:
        return {}
    members = [(n, pk) for n, line in enumerate(lines) for pk in (line.unit_pk, *line.inside)]
    lots = [(n, *line.lot) for n, line in enumerate(lines) if line.lot is not None]
    rows = session.execute(
        text(_LACKING),
        {
            "places": list(range(len(lines))),
            "ats": [line.at for line in lines],
            "days": [line.day for line in lines],
            "glns": [line.gln for line in lines],
            "of": [n for n, _ in members],
            "members": [pk for _, pk in members],
            "lots_of": [n for n, _, _ in lots],
            "gtins": [gtin for _, gtin, _ in lots],
            "lots": [lot for _, _, lot in lots],
        },
    )
    return read_lacking(rows.all())


_ASKED = (
    "SELECT s.n, o.consignment_id, s.at, s.day FROM unnest(CAST(:places AS int[]), CAST(:ats AS timestamptz[]),"
    " CAST(:days AS date[]), CAST(:glns AS text[])) AS s(n, at, day, gln) JOIN"
    " (SELECT i.n, l.consignment_id FROM inside i JOIN unit u ON u.unit_pk = i.unit_pk"
    " JOIN lot l ON l.lot_id = u.lot_id"
    # An empty pallet's label, and a pallet of which nothing inside was scanned.
    " UNION SELECT i.n, r.consignment_id FROM inside i JOIN unit u ON u.unit_pk = i.unit_pk"
    " JOIN issued_code k ON k.unit_id = u.unit_id AND k.kind = 'pallet' JOIN code_run r ON r.run_id = k.run_id"
    " WHERE r.consignment_id IS NOT NULL"
    " UNION SELECT v.n, l.consignment_id FROM unnest(CAST(:lots_of AS int[]), CAST(:gtins AS text[]),"
    " CAST(:lots AS text[])) AS v(n, gtin, lot) JOIN lot l USING (gtin, lot)) o ON o.n = s.n"
    " JOIN consignment g ON g.consignment_id = o.consignment_id AND g.station_gln = s.gln"
)
_LACKING = (
    "WITH RECURSIVE inside (n, unit_pk) AS (SELECT * FROM unnest(CAST(:of AS int[]), CAST(:members AS bigint[]))"
    " UNION SELECT i.n, u.unit_pk FROM inside i JOIN unit u ON u.parent_pk = i.unit_pk) " + lacking_query(_ASKED)
)
