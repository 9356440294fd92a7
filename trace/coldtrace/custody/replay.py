"""Telling stored statements in the order of events from nothing, in the empty tables of `scratch.py`.

What a line does to its unit follows from what came before it, so the order of events alone is enough: nothing here is
ever late.  What was judged when a statement arrived stays as it was: when it is ordered, its own marks, the lasting
marks of its lines, and what the rules kept of it.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.custody import unit_store
from coldtrace.custody.lot_checkpoints import Noting
from coldtrace.custody.overlays import BLOCKABLE
from coldtrace.custody.picture import Picture
from coldtrace.custody.projection import write_picture
from coldtrace.custody.retelling import tell_lines, write_findings, write_implied
from coldtrace.custody.rules import IMPLIED
from coldtrace.custody.store import PastLine


def copy_units(session: Session, live: str, pks: Collection[int] | None = None) -> None:
    """Put these units of the live tables, or all of them, into the empty ones as they were in the beginning."""
    session.execute(
        text(
            "INSERT INTO unit (unit_pk, unit_id, lot_id, state, last_at) OVERRIDING SYSTEM VALUE"
            f" SELECT u.unit_pk, u.unit_id, i.lot_id, {unit_store.BEGINNING}, '-infinity' FROM {live}.unit u"
            f" LEFT JOIN issued_code i USING (unit_id) WHERE {'TRUE' if pks is None else _THESE}"
        ),
        {} if pks is None else {"pks": sorted(pks)},
    )


_THESE = "u.unit_pk = ANY(CAST(:pks AS bigint[]))"


def copy_lines(session: Session, live: str, entries: Collection[UUID]) -> None:
    """Put the lines of these statements into the empty table, without what whole unpackings imply."""
    session.execute(
        text(
            f"INSERT INTO statement_line SELECT * FROM {live}.statement_line"
            " WHERE entry_id = ANY(CAST(:entries AS uuid[])) AND role <> :implied"
        ),
        {"entries": list(entries), "implied": IMPLIED},
    )


def tell(session: Session, lines: Sequence[PastLine], *, noting: Noting | None = None) -> int:
    """Tell copied lines, which follow in the order of events on those told before; return how many they are in all.

    Written are units, stays, and the lines with what they contradict.  All units that are named must be there.
    `noting` notes lots on the way.
    """
    names = unit_store.names_of(session, {pk for line in lines for pk in (line.unit_pk, line.parent_pk) if pk})
    emptied = {names[line.unit_pk] for line in lines if line.whole}
    picture = Picture(unit_store.lock_units(session, set(names.values()), emptied=emptied))
    going = {line.unit_pk for line in lines if line.type in BLOCKABLE or line.type == "pack"}
    picture.hanging = unit_store.blocked_inside(session, going, known=picture.units)
    picture.full = unit_store.holding_others(
        session, {line.unit_pk for line in lines if line.type == "relabel"}, known=picture.units
    )
    told, implied = tell_lines(picture, lines, since=unit_store.EARLIEST, noting=noting)
    write_findings(session, lines, told)
    write_implied(session, [], implied)
    write_picture(session, picture)
    return len(lines) + len(implied)
