"""The paper gate: which papers the goods of an out-scan lack, by the policy that was in force when it was done.

The gate stands at the door of the first station alone: whoever has goods afterwards cannot add papers to them.  A
return is an out-scan like any other there: the goods have no earlier place in the country.  What leaves the country, or
goes by order of an authority, is let through, since that is how goods end that will never have their papers.

What is missing is judged once, when the statement arrives, as of the time of the event: a paper that comes later lets
the next out-scan through and changes nothing of this one.  Of a batch each line is asked for what is in its unit when
it is told (`Loads`): what was put in before counts, and what was taken off does not.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session

from coldtrace.custody.model import Fact, Mark
from coldtrace.db.plain_sql import text
from coldtrace.goods.paper_policies import lacking_query, read_lacking
from coldtrace.goods.paper_rules import LackingPaper, NeedLevel

GATED = frozenset({"ship", "return"})
"""The statements at which papers are asked for."""
Lacking = tuple[LackingPaper, ...]


def is_gated(fact: Fact) -> bool:
    """Tell whether papers are asked for at a statement, by what it says of itself."""
    return fact.type in GATED and not fact.abroad and not fact.ordered and fact.permitted and fact.correction_permitted


class Loads:
    """What is in what by the words of a batch, one statement after another, and what may have been at any time."""

    def __init__(self, parents: Mapping[int, int]) -> None:
        self._parents: dict[int, int] = {}
        self._now: dict[int, set[int]] = {}
        self._ever: dict[int, set[int]] = {}
        for child, parent in parents.items():
            self.put(child, parent)

    def put(self, child: int, parent: int) -> None:
        """Note that something is put into something."""
        self.take(child)
        self._parents[child] = parent
        self._now.setdefault(parent, set()).add(child)
        self._ever.setdefault(parent, set()).add(child)

    def take(self, child: int) -> None:
        """Note that something is taken out of whatever it is in."""
        if (parent := self._parents.pop(child, None)) is not None:
            self._now[parent].discard(child)

    def replace(self, old: int, new: int) -> None:
        """Note that a new label takes the place of an old one, which is from then on in the new one."""
        if (parent := self._parents.get(old)) is not None:
            self.put(new, parent)
        self.put(old, new)

    def empty(self, parent: int) -> None:
        """Note that everything is taken out of something."""
        for child in list(self._now.get(parent, ())):
            self.take(child)

    def inside(self, pk: int) -> frozenset[int]:
        """Return what is in a unit by now, however deep, and the unit."""
        return _reached(self._now, pk)

    def ever_inside(self, pk: int) -> frozenset[int]:
        """Return what was in a unit at any time of the batch, and the unit."""
        return _reached(self._ever, pk)


def _reached(below: Mapping[int, Iterable[int]], pk: int) -> frozenset[int]:
    found, ahead = {pk}, [pk]
    while ahead:
        for each in below.get(ahead.pop(), ()):
            if each not in found:
                found.add(each)
                ahead.append(each)
    return frozenset(found)


@dataclass(frozen=True, kw_only=True)
class GatedLine:
    """One line of an out-scan: its unit and what may be in it, when and where.

    `inside` are the unit and the units of the batch that were in it at any time, `told_inside` those that are in it by
    the words of the batch when the line is told.
    """

    inside: frozenset[int]
    told_inside: frozenset[int]
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


def find_lacking(session: Session, lines: Sequence[GatedLine], *, known: Collection[int]) -> Mapping[int, Lacking]:
    """Return what the goods of lines lack, by the place of the line; lines that lack nothing are left out.

    What is in them is asked of the store beside the units `known`, which a line names itself.
    """
    if not lines:
        return {}
    members = [(n, pk) for n, line in enumerate(lines) for pk in line.inside]
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
            "known": sorted(known),
            "lots_of": [n for n, _, _ in lots],
            "gtins": [gtin for gtin, _, _ in lots],
            "lots": [lot for _, _, lot in lots],
        },
    )
    return read_lacking(rows.all())


def consignments_of(session: Session, pks: Collection[int], *, known: Collection[int]) -> Mapping[int, set[UUID]]:
    """Return of which consignments units are, and whatever is in them beside the units `known`."""
    found: dict[int, set[UUID]] = {}
    if pks:
        rows = session.execute(text(_CONSIGNMENTS), {"of": sorted(pks), "members": sorted(pks), "known": sorted(known)})
        for row in rows:
            found.setdefault(row.n, set()).add(row.consignment_id)
    return found


_INSIDE = (
    "WITH RECURSIVE inside (n, unit_pk) AS (SELECT * FROM unnest(CAST(:of AS bigint[]), CAST(:members AS bigint[]))"
    " UNION SELECT i.n, u.unit_pk FROM inside i JOIN unit u ON u.parent_pk = i.unit_pk"
    " WHERE u.unit_pk <> ALL(CAST(:known AS bigint[]))) "
)
_OF_UNITS = (
    "SELECT i.n, l.consignment_id FROM inside i JOIN unit u ON u.unit_pk = i.unit_pk JOIN lot l ON l.lot_id = u.lot_id"
    # An empty pallet's label, and a pallet of which nothing inside was scanned.
    " UNION SELECT i.n, r.consignment_id FROM inside i JOIN unit u ON u.unit_pk = i.unit_pk"
    " JOIN issued_code k ON k.unit_id = u.unit_id AND k.kind = 'pallet' JOIN code_run r ON r.run_id = k.run_id"
    " WHERE r.consignment_id IS NOT NULL"
)
_CONSIGNMENTS = _INSIDE + _OF_UNITS
_ASKED = (
    "SELECT s.n, o.consignment_id, s.at, s.day FROM unnest(CAST(:places AS int[]), CAST(:ats AS timestamptz[]),"
    f" CAST(:days AS date[]), CAST(:glns AS text[])) AS s(n, at, day, gln) JOIN ({_OF_UNITS}"
    " UNION SELECT v.n, l.consignment_id FROM unnest(CAST(:lots_of AS int[]), CAST(:gtins AS text[]),"
    " CAST(:lots AS text[])) AS v(n, gtin, lot) JOIN lot l USING (gtin, lot)) o ON o.n = s.n"
    " JOIN consignment g ON g.consignment_id = o.consignment_id AND g.station_gln = s.gln"
)
_LACKING = _INSIDE + lacking_query(_ASKED)
