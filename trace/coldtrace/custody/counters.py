"""What a counter sells from now, and what a pallet carries: lots, each with what stops it.

What is cut off a case and handed over has no code; whoever buys it scans the counter's, which is that of its site with
an extension (`codes/counter_name.py`), or of the site alone.
"""

from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.codes.counter_name import counter_name
from coldtrace.custody.history import IN_FORCE
from coldtrace.custody.model import Overlay
from coldtrace.custody.suspects import SUSPECTED_ITSELF


@dataclass(frozen=True, kw_only=True)
class OpenLot:
    """A lot of which at least one case is here: its facts text and the overlays that are in force on a case of it.

    `recalled` is what the operator of the platform recalled by the lot's number.
    """

    facts: str
    overlays: frozenset[str]
    recalled: bool


def open_at(session: Session, gln: str, extension: str | None, *, limit: int) -> list[OpenLot]:
    """Return the lots that are open at a counter, or without an `extension` at any counter of the site, by age, but
    recalled ones first.

    One more than `limit` says that there are more.
    """
    return _lots(
        session,
        "u.gln = :gln AND u.parent_pk IS NULL AND u.state = 'opened'"
        " AND (CAST(:counter AS text) IS NULL OR u.counter = :counter)",
        {"gln": gln, "counter": None if extension is None else counter_name(extension), "most": limit + 1},
    )


def lots_on(session: Session, unit_pk: int, *, limit: int) -> list[OpenLot]:
    """Return the lots of which something is now on a pallet, in the same order."""
    return _lots(session, "u.parent_pk = :pk", {"pk": unit_pk, "most": limit})


def _lots(session: Session, which: str, values: dict[str, object]) -> list[OpenLot]:
    rows = session.execute(
        text(
            "SELECT v.lot_id, v.facts, array_remove(array_agg(DISTINCT o), NULL) AS overlays,"
            " bool_or(v.suspected) AS suspected, EXISTS (SELECT 1"
            "  FROM recalled_lot r WHERE (r.gtin, r.lot) = (v.gtin, v.lot) AND r.lifted_at IS NULL) AS recalled"
            f" FROM (SELECT l.lot_id, l.gtin, l.lot, l.facts, {IN_FORCE} AS in_force, {SUSPECTED_ITSELF} AS suspected"
            "  FROM unit u JOIN lot l ON l.lot_id = u.lot_id"
            f"  WHERE {which}) v"
            " LEFT JOIN LATERAL unnest(v.in_force) AS o ON TRUE"
            " GROUP BY v.lot_id, v.gtin, v.lot, v.facts ORDER BY recalled DESC, v.lot_id LIMIT :most"
        ),
        values,
    )
    doubted = {True: {Overlay.CLONE_SUSPECT.value}, False: set[str]()}
    return [
        OpenLot(facts=row.facts, overlays=frozenset({*row.overlays, *doubted[row.suspected]}), recalled=row.recalled)
        for row in rows
    ]
