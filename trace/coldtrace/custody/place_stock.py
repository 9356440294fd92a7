"""What stands at a place, what is on its way to it, and what it sent that nobody received yet: a page at a time.

Rows are units that stand by themselves, in the order of their ids: of a packed carton its outermost pallet is the row,
which says how many units are inside.  Each list reads one partial index of `unit`, so a page costs the same however
much went through the place before.  Whether a reader may see a place is asked before (`web/api/stock.py`): who sees it
sees all that is there, because the statement that brought it there was made there or names it.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.custody.model import StockPlace
from coldtrace.rights.model import Scope
from coldtrace.rights.scopes import Within

PAGE_MAX = 200


@dataclass(frozen=True, kw_only=True)
class StockRow:
    """One unit of a list.

    `from_gln` and `to_gln` are set while it is in transit, and `voucher` is the out-scan that sent it.  `last_at` is
    the latest event known of it.  `gtin`, `lot` and `expiry` are those of its lot, where it has one here.
    """

    unit_id: str
    state: str
    from_gln: str | None
    to_gln: str | None
    inside: int
    last_at: datetime
    gtin: str | None
    lot: str | None
    expiry: date | None
    voucher: UUID | None


def stock(session: Session, gln: str, *, after: str | None, limit: int) -> list[StockRow]:
    """Return what stands at a place, from the unit behind `after` on."""
    return _rows(session, _HERE, gln, after, limit)


def expected(session: Session, gln: str, *, after: str | None, limit: int) -> list[StockRow]:
    """Return what is in transit to a place by the word of its senders."""
    return _rows(session, _EXPECTED, gln, after, limit)


def in_transit(session: Session, gln: str, *, after: str | None, limit: int) -> list[StockRow]:
    """Return what a place sent and nobody received yet, wherever it goes."""
    return _rows(session, _SENT, gln, after, limit)


# Word for word the conditions of the partial indexes in the migration.
_HERE = "gln = :gln AND parent_pk IS NULL AND state IN ('active', 'opened')"
_EXPECTED = "to_gln = :gln AND parent_pk IS NULL AND state = 'in_transit'"
_SENT = "gln = :gln AND parent_pk IS NULL AND state = 'in_transit'"


def _rows(session: Session, condition: str, gln: str, after: str | None, limit: int) -> list[StockRow]:
    rows = session.execute(
        text(_LISTED.format(condition=condition)),
        # No unit id sorts before the empty text.
        {"gln": gln, "after": after or "", "most": min(limit, PAGE_MAX)},
    )
    return [StockRow(**row._mapping) for row in rows]


_LISTED = (
    "SELECT u.unit_id, u.state, CASE WHEN u.state = 'in_transit' THEN u.gln END AS from_gln, u.to_gln,"
    " (SELECT count(*) FROM unit i WHERE i.root_pk = u.unit_pk) AS inside, u.last_at, l.gtin, l.lot,"
    " l.expiry_date AS expiry, v.entry_id AS voucher"
    " FROM (SELECT * FROM unit WHERE {condition} AND unit_id > :after ORDER BY unit_id LIMIT :most) u"
    " LEFT JOIN lot l ON l.lot_id = u.lot_id"
    " LEFT JOIN LATERAL (SELECT s.entry_id FROM statement_line x JOIN statement s USING (entry_id)"
    "  WHERE u.state = 'in_transit' AND x.unit_pk = u.unit_pk AND s.type IN ('ship', 'return')"
    "  ORDER BY x.event_at DESC, s.recorded_at DESC LIMIT 1) v ON TRUE"
    " ORDER BY u.unit_id"
)


def stock_of(session: Session, unit_pk: int, scope: Scope) -> tuple[tuple[StockPlace, int], ...]:
    """Return how much of a lot is where, as far as a place, or whoever sends or gets it, is in the scope."""
    within = Within(scope=scope, few_rows=True)
    rows = session.execute(
        text(
            "SELECT t.kind, t.gln, t.to_gln, t.owner, t.quantity FROM lot_stock t WHERE t.unit_pk = :pk"
            f" AND ({within.site('t.gln')} OR {within.site('t.to_gln')}) ORDER BY t.kind, t.gln, t.to_gln, t.owner"
        ),
        {"pk": unit_pk, **within.values},
    )
    return tuple((StockPlace(row.kind, row.gln, row.to_gln, row.owner), row.quantity) for row in rows)
