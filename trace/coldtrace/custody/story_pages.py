"""A unit's story page by page: a lot may have a hundred thousand statements, and a page costs what is on it.

A place in a story is (event_at, recorded_at, seq, entry_id), the order of events.  First the places of a page are
found, stay by stay, along the index of lines by unit and time; then the lines at these places are read.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import Row
from sqlmodel import Session

from coldtrace.custody.correction_store import ANNULLED
from coldtrace.custody.history import (
    CHAIN,
    CORRECTED,
    DEPTH_MAX,
    IN_STORY,
    STORY,
    TOLD,
    HistoryLine,
    View,
    lines_of,
)
from coldtrace.custody.model import BLOCKING
from coldtrace.db.plain_sql import text
from coldtrace.rights.model import Kind, Scope
from coldtrace.rights.scopes import Within

PAGE: Final = 500
"""Statements at once where all of a story is wanted."""


class Place(NamedTuple):
    """Where a statement stands in the order of events."""

    event_at: datetime | str
    recorded_at: datetime | str
    seq: int
    entry_id: UUID

    @classmethod
    def of(cls, row: Row[Any]) -> "Place":
        """Return the place of a row with these columns."""
        return cls(row.event_at, row.recorded_at, row.seq, row.entry_id)


FIRST: Final = Place("-infinity", "-infinity", -1, UUID(int=0))
"""Before every statement."""
LAST: Final = Place("infinity", "infinity", 2**63 - 1, UUID(int=2**128 - 1))
"""Behind every statement."""


@dataclass(frozen=True, kw_only=True)
class StoryPage:
    """Some lines of a story in the order of events; `more` tells whether others follow, or come before the newest.

    `hides` tells whether the reader may not see all statements of this part of the story.
    """

    lines: tuple[HistoryLine, ...]
    more: bool
    hides: bool


NOTHING: Final = StoryPage(lines=(), more=False, hides=False)


def read_page(
    session: Session,
    unit_pk: int,
    scope: Scope,
    *,
    view: View,
    after: UUID | None = None,
    limit: int,
    newest: bool = False,
) -> StoryPage:
    """Return up to `limit` statements of a unit's story that the reader may see, from the one behind `after` on.

    `newest`: the last ones instead.  Nothing where `after` is none of the story.
    """
    story = _Story(session, unit_pk, scope, view)
    start = FIRST if after is None else story.place_of(after)
    return NOTHING if start is None else story.page(start, limit, newest=newest)


def history(session: Session, unit_pk: int, scope: Scope, *, view: View = View.CORRECTED) -> list[HistoryLine]:
    """Return a unit's whole story in the order of events, a pallet's statements only while the unit was on it.

    Each line says whether it is in the scope; what is to be shown is the caller's to choose.
    A line that was blocked has the status `blocked`, also where other lines of its statement were not.
    Annulled statements, and those that only correct, are told in the view of all that was said.
    """
    story = _Story(session, unit_pk, scope, view, seen_only=False)
    return [line for page in story.pages() for line in page.lines]


def seen_lines(session: Session, unit_pk: int, scope: Scope, *, view: View) -> Iterator[HistoryLine]:
    """Give a unit's whole story as far as the reader may see it, a page of it in memory at a time."""
    for page in _Story(session, unit_pk, scope, view).pages():
        yield from page.lines


def backwards(session: Session, unit_pk: int, scope: Scope, *, at_once: int = 50) -> Iterator[HistoryLine]:
    """Give what stands of a unit's story from its end on, seen or not."""
    story = _Story(session, unit_pk, scope, View.CORRECTED, seen_only=False)
    before = LAST
    while before is not None:
        places, more = story.places(FIRST, before, at_once, newest=True)
        yield from reversed(story.lines_at(places))
        if not more:
            return
        before = places[0]


class _Story:
    """One unit's story for one reader."""

    def __init__(self, session: Session, unit_pk: int, scope: Scope, view: View, *, seen_only: bool = True) -> None:
        self._session = session
        self._view = view
        self._all_seen = scope.everything or not seen_only
        self._within = Within(scope=scope, few_rows=True)
        self._seen = self._within.said_of(Kind.UNIT, "s", "l")
        self._values = {"pks": [unit_pk], "deep": DEPTH_MAX, **self._within.values}

    def pages(self) -> Iterator[StoryPage]:
        """Give all pages from the beginning on."""
        start: Place | None = FIRST
        while start is not None:
            page, start = self._page(start, PAGE, newest=False)
            yield page

    def page(self, start: Place, limit: int, *, newest: bool) -> StoryPage:
        """Return one page."""
        return self._page(start, limit, newest=newest)[0]

    def _page(self, start: Place, limit: int, *, newest: bool) -> tuple[StoryPage, Place | None]:
        """Return a page, and its last place where others follow."""
        places, more = self.places(start, LAST, limit, newest=newest)
        told = {line.entry_id: line for line in self.lines_at(places)}
        if self._view is View.ALL:
            corrections = self._corrections(start, limit + 1, newest=newest)
            told |= {line.entry_id: line for _, line in corrections}
            both = sorted({*places, *(place for place, _ in corrections)})
            more = more or len(both) > limit
            places = both[-limit:] if newest else both[:limit]
        lines = tuple(told[place.entry_id] for place in places)
        first, last = start, LAST
        if more and places:
            first, last = (places[0], LAST) if newest else (start, places[-1])
        hides = not self._all_seen and self._hides(first, last, [place.entry_id for place in places])
        return StoryPage(lines=lines, more=more, hides=hides), places[-1] if more and places else None

    def places(self, start: Place, end: Place, count: int, *, newest: bool) -> tuple[list[Place], bool]:
        """Return the first `count` places between two others, or the last ones, and whether there are more."""
        wanted = "TRUE" if self._all_seen else f"COALESCE({self._seen}, FALSE)"
        query = (_LAST_PLACES if newest else _FIRST_PLACES).format(told=TOLD[self._view], wanted=wanted)
        rows_each = count + 1
        while True:
            rows = self._session.execute(text(query), self._values | _between(start, end) | {"rows": rows_each}).all()
            by_stay: dict[int, list[Place]] = {}
            for row in rows:
                by_stay.setdefault(row.stay, []).append(Place.of(row))
            # A stay of which there may be more says nothing of what is behind its last row.
            cut = [each[-1] for each in by_stay.values() if len(each) == rows_each]
            found = sorted({place for each in by_stay.values() for place in each}, reverse=newest)
            if cut:
                horizon = max(cut) if newest else min(cut)
                found = [place for place in found if (place >= horizon if newest else place <= horizon)]
            if len(found) > count or not cut:
                page = found[:count]
                return (page[::-1] if newest else page), len(found) > count
            rows_each *= 2  # statements with several lines about the unit

    def lines_at(self, places: Sequence[Place]) -> list[HistoryLine]:
        """Return the lines of the statements at these places, in their order."""
        if not places:
            return []
        query = STORY.format(seen=self._seen, told=TOLD[self._view], lines=_LINES_BETWEEN, **CORRECTED[self._view])
        values = {
            "blocking": sorted(BLOCKING),
            "from_at": places[0].event_at,
            "to_at": places[-1].event_at,
            "entries": [place.entry_id for place in places],
        }
        return lines_of(self._session.execute(text(query), self._values | values)).get(self._values["pks"][0], [])

    def place_of(self, entry_id: UUID) -> Place | None:
        """Return where a statement stands that the reader sees in this story; None if it does not."""
        query = (_PLACE_OF_ANY if self._view is View.ALL else _PLACE_OF).format(
            told=TOLD[self._view],
            wanted=f"COALESCE({self._seen}, FALSE)",
            said=f"COALESCE({self._within.statement(Kind.UNIT, 'x')}, FALSE)",
        )
        row = self._session.execute(text(query), self._values | {"entry": entry_id}).first()
        return None if row is None else Place.of(row)

    def _hides(self, start: Place, end: Place, shown: Sequence[UUID]) -> bool:
        query = _HIDDEN.format(told=TOLD[self._view], seen=f"COALESCE({self._seen}, FALSE)")
        values = self._values | _between(start, end) | {"shown": list(shown)}
        hides = self._session.execute(text(query), values).first() is not None
        if self._view is not View.ALL:
            return hides
        # Asked in any case: a story of which all is hidden takes the queries of one that does not exist.
        said = f"NOT COALESCE({self._within.statement(Kind.UNIT, 's')}, FALSE)"
        query = _CORRECTIONS.format(seen="FALSE", wanted=f"{said} AND {_BETWEEN}", order="")
        return self._session.execute(text(query), values | {"rows": 1}).first() is not None or hides

    def _corrections(self, start: Place, count: int, *, newest: bool) -> list[tuple[Place, HistoryLine]]:
        """Return the corrections that have no lines in this story: each stands beside the line that it corrects."""
        seen = f"COALESCE({self._within.statement(Kind.UNIT, 's')}, FALSE)"
        wanted = f"{'TRUE' if self._all_seen else seen} AND {_BETWEEN}"
        query = _CORRECTIONS.format(seen=seen, wanted=wanted, order=" DESC" if newest else "")
        rows = self._session.execute(text(query), self._values | _between(start, LAST) | {"rows": count})
        return [(Place.of(row), _as_correction(dict(row._mapping))) for row in rows]


def _as_correction(row: Mapping[str, Any]) -> HistoryLine:
    said = {name: value for name, value in row.items() if name != "seq"}
    return HistoryLine(
        **(said | {"marks": tuple(row["marks"]), "inside_by": tuple(row["inside_by"])}),
        parent=None,
        role="unit",
        shown=(),
    )


def _between(start: Place, end: Place) -> dict[str, object]:
    return {
        f"{name}_{column}": value
        for name, place in (("from", start), ("to", end))
        for column, value in zip(("at", "recorded", "seq", "entry"), place, strict=True)
    }


_HERE = "(s.event_at, s.recorded_at, s.seq, s.entry_id)"
_OF = (
    "(CAST(:{0}_at AS timestamptz), CAST(:{0}_recorded AS timestamptz), CAST(:{0}_seq AS bigint),"
    " CAST(:{0}_entry AS uuid))"
)
_BETWEEN = f"{_HERE} > {_OF.format('from')} AND {_HERE} < {_OF.format('to')}"
_UP_TO = f"{_HERE} > {_OF.format('from')} AND {_HERE} <= {_OF.format('to')}"
# When a stay began and ended, for the index: a millisecond more on both sides, the story itself asks exactly.
_SINCE = "COALESCE(CAST('epoch' AS timestamptz) + (h.since[1] - 1000) * interval '1 microsecond', '-infinity')"
_TILL = "COALESCE(CAST('epoch' AS timestamptz) + (h.till[1] + 1000) * interval '1 microsecond', 'infinity')"
_TIMES = (
    f"l.event_at >= GREATEST(CAST(:from_at AS timestamptz), {_SINCE})"
    f" AND l.event_at <= LEAST(CAST(:to_at AS timestamptz), {_TILL})"
)
_LINES_BETWEEN = (
    f"LATERAL (SELECT * FROM statement_line l WHERE l.unit_pk = h.unit_pk AND {_TIMES}"
    " AND l.entry_id = ANY(CAST(:entries AS uuid[])) OFFSET 0) l ON TRUE"
)
_STAYS = f"{CHAIN}, stays AS MATERIALIZED (SELECT h.*, row_number() OVER () AS stay FROM chain h)"


def _places(direction: str) -> str:
    # Ties in time are all read, in PostgreSQL, and only then put in their order: along the index nothing is sorted.
    return (
        f"{_STAYS} SELECT h.stay, k.* FROM stays h CROSS JOIN LATERAL (SELECT t.* FROM ("
        "SELECT l.event_at, s.recorded_at, s.seq, s.entry_id FROM statement_line l JOIN statement s USING (entry_id)"
        f" WHERE l.unit_pk = h.unit_pk AND {_TIMES} AND {_BETWEEN} AND {{told}} AND {IN_STORY} AND {{wanted}}"
        f" ORDER BY l.event_at {direction} FETCH FIRST (CAST(:rows AS int)) ROWS WITH TIES) t"
        f" ORDER BY t.event_at {direction}, t.recorded_at {direction}, t.seq {direction}, t.entry_id {direction}"
        " LIMIT :rows) k"
    )


_FIRST_PLACES: Final = _places("ASC")
_LAST_PLACES: Final = _places("DESC")
_HIDDEN = (
    f"{CHAIN} SELECT 1 FROM chain h CROSS JOIN LATERAL (SELECT 1 FROM statement_line l"
    f" JOIN statement s USING (entry_id) WHERE l.unit_pk = h.unit_pk AND {_TIMES} AND {_UP_TO} AND {{told}}"
    f" AND {IN_STORY} AND NOT {{seen}} AND s.entry_id <> ALL(CAST(:shown AS uuid[]))"
    " LIMIT 1) x LIMIT 1"
)
_PLACE_OF = (
    f"{CHAIN} SELECT s.event_at, s.recorded_at, s.seq, s.entry_id FROM statement s"
    " JOIN statement_line l USING (entry_id) JOIN chain h ON h.unit_pk = l.unit_pk"
    f" WHERE s.entry_id = :entry AND {{told}} AND {IN_STORY} AND {{wanted}} LIMIT 1"
)
_PLACE_OF_ANY = (
    f"{CHAIN}, up (entry_id) AS (SELECT CAST(:entry AS uuid) UNION SELECT c.corrected FROM up"
    " JOIN correction c USING (entry_id) WHERE c.corrected IS NOT NULL)"
    " SELECT x.event_at, x.recorded_at, x.seq, x.entry_id FROM statement x WHERE x.entry_id = :entry AND EXISTS ("
    " SELECT 1 FROM up JOIN statement s ON s.entry_id = up.entry_id JOIN statement_line l ON l.entry_id = s.entry_id"
    f" JOIN chain h ON h.unit_pk = l.unit_pk WHERE {{told}} AND {IN_STORY}"
    " AND ({said} OR (s.entry_id = x.entry_id AND {wanted})))"
)
_CORRECTIONS = (
    f"{CHAIN}, found (entry_id, corrects, unit, inside_by, near, depth) AS ("
    " SELECT c.entry_id, c.corrected, u.unit_id, h.inside_by, h.depth, 1 FROM chain h"
    " JOIN statement_line l ON l.unit_pk = h.unit_pk JOIN statement s ON s.entry_id = l.entry_id"
    f" JOIN correction c ON c.corrected = s.entry_id JOIN unit u ON u.unit_pk = l.unit_pk WHERE {IN_STORY}"
    " UNION SELECT c.entry_id, c.corrected, f.unit, f.inside_by, f.near, f.depth + 1"
    "  FROM found f JOIN correction c ON c.corrected = f.entry_id),"
    " told AS (SELECT DISTINCT ON (entry_id) * FROM found ORDER BY entry_id, depth, near)"
    " SELECT s.entry_id, s.type, s.gln, s.to_gln, s.event_at, s.claimed_at, s.recorded_at, s.seq, s.status, s.marks,"
    f" f.unit, f.inside_by, {{seen}} AS seen, {ANNULLED.format(statement='s')} AS annulled, f.corrects,"
    " EXISTS (SELECT 1 FROM gateway g WHERE g.key_id = s.key_id) AS by_platform"
    " FROM told f JOIN statement s USING (entry_id) WHERE {wanted}"
    " AND NOT EXISTS (SELECT 1 FROM chain h JOIN statement_line l ON l.entry_id = s.entry_id"
    f" AND l.unit_pk = h.unit_pk WHERE {IN_STORY})"
    " ORDER BY s.event_at{order}, s.recorded_at{order}, s.seq{order}, s.entry_id{order} LIMIT :rows"
)
