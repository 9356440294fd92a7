"""How a unit stood at another moment: its story told again in memory of one transaction, up to then.

Two times are asked for.  `as_of` is the time of events: where was it on that day, by all that is known.  `known_at` is
the time of arrival: what had reached the record by then, corrections among it; what came later is left out, however
early it claims to have happened.  Nothing that is stored changes: the story is told in empty tables (`scratch.py`),
and whoever reads units in the same transaction afterwards reads that.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.custody import correction_store, store, unit_store
from coldtrace.custody.refusals import StoryTooBig
from coldtrace.custody.replay import copy_lines, copy_units, tell
from coldtrace.custody.scratch import CORRECTION_TABLES, UNIT_TABLES, open_scratch

UNITS_MAX = 5_000
"""More than all cartons of a container; telling them takes seconds."""

STATEMENTS_MAX = 10_000
"""A lot by quantity is one unit, whatever is said of it."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """The last event that counts, and the last arrival; None leaves either open."""

    as_of: datetime | None = None
    known_at: datetime | None = None

    @property
    def is_now(self) -> bool:
        """Tell whether the record as it stands is asked for."""
        return self.as_of is None and self.known_at is None


NOW = Moment()


def tell_until(session: Session, unit_id: str, moment: Moment) -> None:
    """Have the session read the unit, all that it was in and all that was in it, as they stood at a moment.

    The transaction must be rolled back afterwards.  Of other units it reads nothing any more.  Raises StoryTooBig.
    """
    inside = {row.unit_pk for row in session.execute(text(_EVER_INSIDE), {"unit": unit_id})}
    pks = set(unit_store.related(session, inside, since=unit_store.EARLIEST))
    if len(pks) > UNITS_MAX:
        raise StoryTooBig(unit=unit_id, limit=UNITS_MAX)
    lots = unit_store.lots_stopped_of(session, pks) - pks
    entries = _entries(session, pks | lots, moment)
    if len(entries) > STATEMENTS_MAX:
        raise StoryTooBig(unit=unit_id, limit=STATEMENTS_MAX)
    live = open_scratch(session, (*UNIT_TABLES, *CORRECTION_TABLES))
    copy_units(session, live, pks | lots)
    _copy_corrections(session, live, entries, moment)
    # With all their lines: a statement that unpacks one carton is none that unpacks the whole pallet.
    copy_lines(session, live, entries)
    tell(session, store.past_lines(session, pks, stops_of=lots))


# By the statements, not by the stays: what the record once had inside a unit and has no longer, because a correction or
# a late statement says otherwise, counts too.  A new label takes the place of the old one.
_EVER_INSIDE = (
    "WITH RECURSIVE inside (unit_pk) AS (SELECT unit_pk FROM unit WHERE unit_id = :unit"
    " UNION SELECT x.unit_pk FROM inside i CROSS JOIN LATERAL ("
    "SELECT l.unit_pk FROM statement_line l WHERE l.parent_pk = i.unit_pk"
    " UNION ALL SELECT o.unit_pk FROM statement_line n JOIN statement_line o USING (entry_id)"
    " JOIN statement s USING (entry_id) WHERE n.unit_pk = i.unit_pk AND n.role = 'input' AND o.role = 'output'"
    " AND s.type = 'relabel') x) SELECT unit_pk FROM inside"
)


def _entries(session: Session, pks: set[int], moment: Moment) -> set[UUID]:
    rows = session.execute(
        text(
            "SELECT DISTINCT s.entry_id FROM statement_line l JOIN statement s USING (entry_id)"
            " WHERE l.unit_pk = ANY(CAST(:pks AS bigint[])) AND s.event_at <= :as_of AND s.recorded_at <= :known_at"
            " LIMIT :enough"
        ),
        {
            "pks": sorted(pks),
            "as_of": moment.as_of or "infinity",
            "known_at": moment.known_at or "infinity",
            "enough": STATEMENTS_MAX + 1,
        },
    )
    return {row.entry_id for row in rows}


def _copy_corrections(session: Session, live: str, entries: set[UUID], moment: Moment) -> None:
    """Put in force what the corrections that had arrived by then make of each other."""
    rows = session.execute(
        text(
            "WITH RECURSIVE found (entry_id) AS ("
            f" SELECT c.entry_id FROM {live}.correction c WHERE c.corrected = ANY(CAST(:entries AS uuid[]))"
            f" UNION SELECT c.entry_id FROM found f JOIN {live}.correction c ON c.corrected = f.entry_id)"
            " INSERT INTO correction (entry_id, header, mode, may, by_regulator, reasoned, gln, recorded_at, corrected,"
            " permitted) SELECT c.entry_id, header, mode, may, by_regulator, reasoned, gln, recorded_at, corrected,"
            f" permitted FROM {live}.correction c JOIN found USING (entry_id) WHERE c.recorded_at <= :known_at"
            " RETURNING entry_id"
        ),
        {"entries": sorted(entries), "known_at": moment.known_at or "infinity"},
    )
    correction_store.settle(session, {row.entry_id for row in rows})
