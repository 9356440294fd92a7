"""What a unit was made of, and what was made of it: repacked, or under a new label."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.custody.as_of import NOW, Moment
from coldtrace.custody.correction_store import ANNULLED
from coldtrace.custody.model import BLOCKING
from coldtrace.rights.model import Kind, Scope
from coldtrace.rights.scopes import Within

MADE_MAX = 200


@dataclass(frozen=True, kw_only=True)
class Made:
    """The units that went into a unit, or came out of it, in the order of events; `complete`: there are no more."""

    units: tuple[str, ...]
    complete: bool


def made_of(session: Session, scope: Scope, unit_id: str, *, moment: Moment = NOW) -> Made:
    """Return what a unit was made of, as far as the reader may see those lines."""
    return _made(session, scope, unit_id, moment, own="output", other="input")


def made_into(session: Session, scope: Scope, unit_id: str, *, moment: Moment = NOW) -> Made:
    """Return what was made of a unit, as far as the reader may see those lines."""
    return _made(session, scope, unit_id, moment, own="input", other="output")


def _made(session: Session, scope: Scope, unit_id: str, moment: Moment, *, own: str, other: str) -> Made:
    within = Within(scope=scope, few_rows=True)
    rows = session.execute(
        text(_MADE.format(own=own, other=other, seen=within.said_of(Kind.UNIT, "s", "l"))),
        {
            "unit": unit_id,
            "blocking": sorted(BLOCKING),
            "as_of": moment.as_of,
            "known_at": moment.known_at,
            "most": MADE_MAX + 1,
            **within.values,
        },
    ).all()
    shown = tuple(dict.fromkeys(row.unit_id for row in rows[:MADE_MAX] if row.seen))
    return Made(units=shown, complete=len(rows) <= MADE_MAX and all(row.seen for row in rows))


_MADE = (
    "SELECT o.unit_id, COALESCE({seen}, FALSE) AS seen FROM unit u JOIN derivation d ON d.{own}_pk = u.unit_pk"
    " JOIN unit o ON o.unit_pk = d.{other}_pk JOIN statement s ON s.entry_id = d.entry_id"
    " JOIN statement_line l ON l.entry_id = d.entry_id AND l.unit_pk = d.{other}_pk AND l.role = '{other}'"
    " JOIN statement_line made ON made.entry_id = d.entry_id AND made.unit_pk = d.output_pk AND made.role = 'output'"
    " JOIN unit i ON i.unit_pk = d.input_pk"
    " WHERE u.unit_id = :unit AND NOT d.input_marks && CAST(:blocking AS text[])"
    f" AND NOT d.output_marks && CAST(:blocking AS text[]) AND NOT {ANNULLED.format(statement='s')}"
    # Of several labels each new one names the old one that it takes the place of.
    " AND (s.type <> 'relabel' OR COALESCE(made.details ->> 'from', i.unit_id) = i.unit_id)"
    " AND (CAST(:as_of AS timestamptz) IS NULL OR s.event_at <= :as_of)"
    " AND (CAST(:known_at AS timestamptz) IS NULL OR s.recorded_at <= :known_at)"
    " ORDER BY s.event_at, s.recorded_at, s.entry_id, l.line_no LIMIT :most"
)
