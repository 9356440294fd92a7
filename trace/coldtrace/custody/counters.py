"""What a counter sells from now, and what a pallet carries: lots, each with what stops it.

What is cut off a case and handed over has no code; whoever buys it scans the counter's, which is that of its site with
an extension (`codes/counter_name.py`), or of the site alone.
"""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.codes.counter_name import counter_name
from coldtrace.custody.history import IN_FORCE
from coldtrace.custody.model import Overlay
from coldtrace.custody.overlays import kinds_of
from coldtrace.custody.suspects import SUSPECTED_ITSELF


@dataclass(frozen=True, kw_only=True)
class OpenLot:
    """A lot of which at least one case is here: its facts text and what lies on a case of it today.

    `notice` are GTIN and lot of what the operator of the platform recalled by number: there is a notice of it.
    """

    facts: str
    overlays: frozenset[Overlay]
    notice: tuple[str, str] | None


@dataclass(frozen=True, kw_only=True)
class LotsHere:
    """The lots of a place, what is stopped first; `more` are not `listed`, what lies on any is in `overlays`."""

    listed: list[OpenLot]
    more: int
    overlays: frozenset[Overlay]


def open_at(session: Session, gln: str, extension: str | None, *, today: date, limit: int) -> LotsHere:
    """Return the lots that are open at a counter, or without an `extension` at any counter of the site, by age, but
    recalled ones first, then what is held, expired, or doubted."""
    return _lots(
        session,
        "u.gln = :gln AND u.parent_pk IS NULL AND u.state = 'opened'"
        " AND (CAST(:counter AS text) IS NULL OR u.counter = :counter)",
        {"gln": gln, "counter": None if extension is None else counter_name(extension), "today": today, "most": limit},
    )


def lots_on(session: Session, unit_pk: int, *, today: date, limit: int) -> LotsHere:
    """Return the lots of which something is now on a pallet, in the same order."""
    return _lots(session, "u.parent_pk = :pk", {"pk": unit_pk, "today": today, "most": limit})


def _lots(session: Session, which: str, values: dict[str, object]) -> LotsHere:
    rows = session.execute(
        text(
            "WITH cases AS (SELECT l.lot_id, l.gtin, l.lot, l.facts,"
            "  LEAST(u.expires_on, l.expiry_date) < CAST(:today AS date) AS expired,"
            f"  {IN_FORCE} AS in_force, {SUSPECTED_ITSELF} AS suspected FROM unit u JOIN lot l ON l.lot_id = u.lot_id"
            f"  WHERE {which}),"
            " lots AS (SELECT v.lot_id, v.gtin, v.lot, v.facts,"
            "  COALESCE(array_agg(DISTINCT o) FILTER (WHERE o IS NOT NULL), '{}') AS overlays,"
            "  COALESCE(bool_or(v.expired), FALSE) AS expired, bool_or(v.suspected) AS suspected, EXISTS (SELECT 1"
            "   FROM recalled_lot r WHERE (r.gtin, r.lot) = (v.gtin, v.lot) AND r.lifted_at IS NULL) AS recalled"
            "  FROM cases v LEFT JOIN LATERAL unnest(v.in_force) AS o ON TRUE"
            "  GROUP BY v.lot_id, v.gtin, v.lot, v.facts),"
            " whole AS (SELECT count(*) AS lots, bool_or(expired) AS expired, bool_or(suspected) AS suspected,"
            "  bool_or(recalled) AS recalled,"
            "  ARRAY(SELECT DISTINCT o FROM lots y, unnest(y.overlays) AS o) AS overlays FROM lots)"
            " SELECT lots.*, whole.lots AS all_lots, whole.expired AS any_expired, whole.suspected AS any_suspected,"
            "  whole.recalled AS any_recalled, whole.overlays AS all_overlays FROM lots, whole"
            " ORDER BY CASE"
            "  WHEN lots.recalled OR EXISTS (SELECT 1 FROM unnest(lots.overlays) o WHERE o LIKE 'recall%') THEN 0"
            "  WHEN EXISTS (SELECT 1 FROM unnest(lots.overlays) o WHERE o LIKE 'hold%') THEN 1"
            "  WHEN lots.expired THEN 2 WHEN cardinality(lots.overlays) > 0 OR lots.suspected THEN 3 ELSE 4 END,"
            "  lots.lot_id LIMIT :most"
        ),
        values,
    ).all()
    listed = [
        OpenLot(
            facts=row.facts,
            overlays=_lying(row.overlays, recalled=row.recalled, expired=row.expired, suspected=row.suspected),
            notice=(row.gtin, row.lot) if row.recalled else None,
        )
        for row in rows
    ]
    if not rows:
        return LotsHere(listed=[], more=0, overlays=frozenset())
    whole = rows[0]
    lying = _lying(
        whole.all_overlays, recalled=whole.any_recalled, expired=whole.any_expired, suspected=whole.any_suspected
    )
    return LotsHere(listed=listed, more=whole.all_lots - len(rows), overlays=lying)


def _lying(kept: list[str], *, recalled: bool, expired: bool, suspected: bool) -> frozenset[Overlay]:
    told = {Overlay.RECALL: recalled, Overlay.EXPIRED: expired, Overlay.CLONE_SUSPECT: suspected}
    return kinds_of(kept) | {kind for kind, lies in told.items() if lies}
