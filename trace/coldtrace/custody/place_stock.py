"""What stands at a place, what is on its way to it, and what it sent that nobody received yet: a page at a time.

Rows are units that stand by themselves, in the order of their ids: of a packed carton its outermost pallet is the row,
which says how many units are inside.  A lot is one row with the packages of it that are there, whoever owns them.  Each
list reads partial indexes of `unit` and of `lot_stock`, so a page costs the same however much went through the place
before.  Whether a reader may see a place is asked before (`web/api/stock.py`): who sees it sees all that is there,
because the statement that brought it there was made there or names it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.custody.lots import GOODS, HERE, TRANSIT, is_lot
from coldtrace.custody.model import StockPlace
from coldtrace.custody.overlays import kinds_of
from coldtrace.custody.suspects import SUSPECTED_INSIDE, SUSPECTED_ITSELF
from coldtrace.events.unit_id import read_unit_id
from coldtrace.rights.model import Scope
from coldtrace.rights.scopes import Within

PAGE_MAX = 200


@dataclass(frozen=True, kw_only=True)
class Part:
    """Packages of a lot of one owner (USCC), on one way if they are in transit."""

    from_gln: str | None
    to_gln: str | None
    owner: str
    quantity: int


@dataclass(frozen=True, kw_only=True)
class StockRow:
    """One unit of a list, or what there is of a lot.

    `from_gln` and `to_gln` are set while it is in transit, and `voucher` is the out-scan that sent it; of a lot `parts`
    say so, which may be several.  `quantity` is 1, or the packages of a lot; below zero where the books lack some.
    `last_at` is the latest event known of it; of a lot, which other firms have too, the latest at this place, from it
    or to it.  `gtin`, `lot` and `expiry` are those of its lot, where it has one here.
    `overlays` lie on the unit or on its whole lot, `overlays_inside` on something in it or its lot; `suspected` and
    `suspected_inside` tell where a live case doubts a code.
    """

    unit_id: str
    state: str
    from_gln: str | None = None
    to_gln: str | None = None
    quantity: int = 1
    parts: tuple[Part, ...] = ()
    inside: int = 0
    last_at: datetime | None
    gtin: str | None = None
    lot: str | None = None
    expiry: date | None = None
    overlays: tuple[str, ...] = ()
    overlays_inside: tuple[str, ...] = ()
    suspected: bool = False
    suspected_inside: bool = False
    voucher: UUID | None = None


def stock(session: Session, gln: str, *, after: str | None, limit: int) -> list[StockRow]:
    """Return what stands at a place, from the unit behind `after` on."""
    return _rows(session, _HERE, _LOTS_HERE, gln, after, limit)


def expected(session: Session, gln: str, *, after: str | None, limit: int) -> list[StockRow]:
    """Return what is in transit to a place by the word of its senders."""
    return _rows(session, _EXPECTED, _LOTS_EXPECTED, gln, after, limit)


def in_transit(session: Session, gln: str, *, after: str | None, limit: int) -> list[StockRow]:
    """Return what a place sent and nobody received yet, wherever it goes."""
    return _rows(session, _SENT, _LOTS_SENT, gln, after, limit)


def count_moving(session: Session, scope: Scope, *, to: bool, most: int) -> int:
    """Return how many rows are on their way to the places of a scope, or were sent by them, `most` at most."""
    within = Within(scope=scope)
    side, kind = ("to_gln", _EXPECTED) if to else ("gln", _SENT)
    lots = f"SELECT DISTINCT s.unit_pk FROM lot_stock s WHERE s.{side} = st.gln AND s.kind = '{TRANSIT}' LIMIT :most"
    units = f"SELECT u.unit_pk FROM unit u WHERE {kind.replace(':gln', 'st.gln').replace(side, 'u.' + side, 1)}"
    found: int = session.execute(
        text(
            "SELECT count(*) FROM (SELECT m.unit_pk FROM site st CROSS JOIN LATERAL"
            f" (({units} LIMIT :most) UNION ALL ({lots})) m WHERE {within.site('st.gln')} LIMIT :most) moving"
        ),
        {"most": most, **within.values},
    ).scalar_one()
    return found


# Word for word the conditions of the partial indexes in the migrations.
_HERE = "gln = :gln AND parent_pk IS NULL AND state IN ('active', 'opened')"
_EXPECTED = "to_gln = :gln AND parent_pk IS NULL AND state = 'in_transit'"
_SENT = "gln = :gln AND parent_pk IS NULL AND state = 'in_transit'"
_LOTS_HERE = f"s.gln = :gln AND s.kind = '{HERE}'"
_LOTS_EXPECTED = f"s.to_gln = :gln AND s.kind = '{TRANSIT}'"
_LOTS_SENT = f"s.gln = :gln AND s.kind = '{TRANSIT}'"


def _rows(session: Session, units: str, lots: str, gln: str, after: str | None, limit: int) -> list[StockRow]:
    most = min(limit, PAGE_MAX)
    # No unit id sorts before the empty text.
    values = {"gln": gln, "after": after or "", "most": most}
    rows = session.execute(text(_LISTED.format(units=units, lots=lots)), values).all()
    parts = _parts(session, lots, gln, [row.unit_id for row in rows if is_lot(row.unit_id)])
    found = [
        StockRow(
            **(
                dict(row._mapping)
                | {
                    "overlays": _names(row.overlays),
                    "overlays_inside": _names(row.overlays_inside),
                    "parts": parts.get(row.unit_id, ()),
                }
            )
        )
        for row in rows
    ]
    return _with_lots(session, found)


def _names(overlays: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(sorted(kind.value for kind in kinds_of(overlays or ())))


_LISTED = (
    "SELECT u.unit_id, u.state, u.quantity, CASE WHEN u.state = 'in_transit' THEN u.gln END AS from_gln, u.to_gln,"
    " (SELECT count(*) FROM unit i WHERE i.root_pk = u.unit_pk) AS inside, u.last_at, l.gtin, l.lot,"
    # An import that was undone says nothing of its goods any more; of which lot they are stays (decision 0043).
    " LEAST(u.expires_on, (SELECT l.expiry_date FROM consignment c WHERE c.consignment_id = l.consignment_id"
    "  AND c.state = 'open')) AS expiry, u.overlays || COALESCE(lu.overlays, '{{}}') AS overlays,"
    " (SELECT array_agg(DISTINCT n.o) FROM (SELECT unnest(i.overlays) AS o FROM unit i WHERE i.root_pk = u.unit_pk"
    # Each lot is looked up once, however many cartons of it are on a pallet.
    "  UNION ALL SELECT unnest(si.overlays) FROM (SELECT DISTINCT i.lot_id FROM unit i WHERE i.root_pk = u.unit_pk"
    "   AND i.lot_id IS NOT NULL OFFSET 0) il JOIN LATERAL (SELECT o.gtin, o.lot FROM lot o"
    "   WHERE o.lot_id = il.lot_id OFFSET 0) li ON TRUE JOIN lot_stop st ON st.gtin = li.gtin AND st.lot = li.lot"
    "   JOIN unit si ON si.unit_pk = st.unit_pk) n) AS overlays_inside,"
    f" {SUSPECTED_ITSELF} AS suspected, {SUSPECTED_INSIDE} AS suspected_inside,"
    " v.entry_id AS voucher FROM ("
    "  (SELECT unit_pk, unit_id, state, CAST(1 AS bigint) AS quantity, gln, to_gln, last_at, lot_id, expires_on,"
    "   overlays FROM unit WHERE {units} AND unit_id > :after ORDER BY unit_id LIMIT :most)"
    "  UNION ALL (SELECT x.unit_pk, x.unit_id, min(CASE s.kind WHEN 'here' THEN 'active' ELSE 'in_transit' END),"
    "   CAST(sum(s.quantity) AS bigint), NULL, NULL, (SELECT r.event_at FROM statement_line r JOIN statement t"
    "    USING (entry_id) WHERE r.unit_pk = x.unit_pk AND :gln IN (t.gln, t.to_gln, r.from_gln)"
    "    ORDER BY r.event_at DESC LIMIT 1), NULL, x.expires_on,"
    "   x.overlays FROM lot_stock s JOIN unit x USING (unit_pk) WHERE {lots} AND x.unit_id > :after"
    "   GROUP BY x.unit_pk ORDER BY x.unit_id LIMIT :most)"
    "  ORDER BY unit_id LIMIT :most) u"
    " LEFT JOIN lot l ON l.lot_id = u.lot_id LEFT JOIN lot_stop ls ON ls.gtin = l.gtin AND ls.lot = l.lot"
    " LEFT JOIN unit lu ON lu.unit_pk = ls.unit_pk"
    " LEFT JOIN LATERAL (SELECT s.entry_id FROM statement_line x JOIN statement s USING (entry_id)"
    "  WHERE u.gln IS NOT NULL AND u.state = 'in_transit' AND x.unit_pk = u.unit_pk AND s.type IN ('ship', 'return')"
    "  ORDER BY x.event_at DESC, s.recorded_at DESC LIMIT 1) v ON TRUE"
    " ORDER BY u.unit_id"
)


def _parts(session: Session, lots: str, gln: str, units: Sequence[str]) -> dict[str, tuple[Part, ...]]:
    if not units:
        return {}
    rows = session.execute(
        text(
            "SELECT x.unit_id, s.kind, s.gln, s.to_gln, s.owner, s.quantity"
            " FROM lot_stock s JOIN unit x USING (unit_pk)"
            f" WHERE {lots} AND x.unit_id = ANY(CAST(:units AS text[])) ORDER BY s.gln, s.to_gln, s.owner"
        ),
        {"gln": gln, "units": list(units)},
    )
    found: dict[str, tuple[Part, ...]] = {}
    for row in rows:
        moving = row.kind == TRANSIT
        part = Part(
            from_gln=row.gln if moving else None,
            to_gln=(row.to_gln or None) if moving else None,
            owner=row.owner,
            quantity=row.quantity,
        )
        found[row.unit_id] = (*found.get(row.unit_id, ()), part)
    return found


def _with_lots(session: Session, rows: list[StockRow]) -> list[StockRow]:
    """Name the lots of rows that are lots, and their last days as their imports have them."""
    named = lots_named(session, [row.unit_id for row in rows])
    return [
        row
        if (lot := named.get(row.unit_id)) is None
        else replace(row, gtin=lot.gtin, lot=lot.lot, expiry=row.expiry or lot.expiry)
        for row in rows
    ]


@dataclass(frozen=True, kw_only=True)
class NamedLot:
    """What the id of a lot names, and its last day as open imports have it: the first where they differ."""

    gtin: str
    lot: str
    expiry: date | None


def lots_named(session: Session, units: Sequence[str]) -> dict[str, NamedLot]:
    """Return those of some unit ids that name lots."""
    named = {unit: (read.gtin or "", read.value) for unit in units if is_lot(unit) and (read := read_unit_id(unit))}
    if not named:
        return {}
    days = session.execute(
        text(
            "SELECT l.gtin, l.lot, min(l.expiry_date) AS expiry FROM lot l JOIN consignment c USING (consignment_id)"
            " JOIN unnest(CAST(:gtins AS text[]), CAST(:lots AS text[])) AS v(gtin, lot)"
            " ON v.gtin = l.gtin AND v.lot = l.lot WHERE c.state = 'open' GROUP BY l.gtin, l.lot"
        ),
        {"gtins": [gtin for gtin, _ in named.values()], "lots": [lot for _, lot in named.values()]},
    )
    expiry = {(row.gtin, row.lot): row.expiry for row in days}
    return {unit: NamedLot(gtin=gtin, lot=lot, expiry=expiry.get((gtin, lot))) for unit, (gtin, lot) in named.items()}


def stock_of(
    session: Session, unit_pk: int, scope: Scope, *, after: StockPlace | None, limit: int
) -> tuple[tuple[StockPlace, int], ...]:
    """Return how much of a lot is where, from the place behind `after` on, as far as the scope reaches.

    That is where a place, or whoever sends it or gets it, is in the scope.
    """
    within = Within(scope=scope, few_rows=True)
    rows = session.execute(
        text(
            "SELECT t.kind, t.gln, t.to_gln, t.owner, t.quantity FROM lot_stock t WHERE t.unit_pk = :pk"
            " AND t.kind = ANY(CAST(:goods AS text[]))"
            " AND (t.kind, t.gln, t.to_gln, t.owner) > (:kind, :gln, :to_gln, :owner)"
            f" AND ({within.site('t.gln')} OR {within.site('t.to_gln')}) ORDER BY t.kind, t.gln, t.to_gln, t.owner"
            " LIMIT :most"
        ),
        {
            "pk": unit_pk,
            "goods": list(GOODS),
            "most": limit,
            **(after or StockPlace("", "", "", ""))._asdict(),
            **within.values,
        },
    )
    return tuple((StockPlace(row.kind, row.gln, row.to_gln, row.owner), row.quantity) for row in rows)
