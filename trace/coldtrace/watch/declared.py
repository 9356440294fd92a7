"""More cases than declared: of a lot that is counted by quantity, and has codes of its own, and labels of rolls.

What is coded by quantity alone custody compares with the declared cartons itself, and marks it (`custody/lots.py`).
Boxes by serial count towards the same number; counting those of a lot at every scan of one would make each scan as slow
as its lot is big.  So the sweep asks, of those lots alone of which something was commissioned since it last asked.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.custody.case_store import NewCase
from coldtrace.custody.correction_store import ANNULLED
from coldtrace.custody.model import BLOCKING, CaseKind, Mark
from coldtrace.events.unit_id import lot_unit, read_unit_id

_Lot = tuple[str, str]


def over_declared(session: Session, window: Mapping[str, object], now: datetime) -> list[NewCase]:
    """Return the lots of which more cases were commissioned, both ways together, than their imports declare.

    Each with the last statement that commissioned of it.  What exceeds by quantity alone has the case of its statement.
    """
    lots: dict[_Lot, object] = {}
    for row in session.execute(text(_COMMISSIONED), window):
        lots[_named(row.unit_id) if row.gtin is None else (row.gtin, row.lot)] = row.entry_id
    if not lots:
        return []
    rows = session.execute(
        text(
            "SELECT n.gtin, n.lot, x.* FROM unnest(CAST(:gtins AS text[]), CAST(:lots AS text[]),"
            " CAST(:units AS text[]), CAST(:entries AS uuid[])) AS n(gtin, lot, unit_id, entry_id)"
            f" CROSS JOIN LATERAL ({_COUNTED.format(gtin='n.gtin', lot='n.lot', unit='n.unit_id')}) x"
            " ORDER BY n.gtin, n.lot"
        ),
        {
            "gtins": [gtin for gtin, _ in lots],
            "lots": [lot for _, lot in lots],
            "units": [str(lot_unit(gtin=gtin, lot=lot)) for gtin, lot in lots],
            "entries": list(lots.values()),
        },
    )
    return [
        NewCase(
            kind=CaseKind.QUANTITY_MISMATCH,
            about=f"declared:{row.gtin}:{row.lot}",
            gln=row.station_gln,
            opened_at=now,
            entry_id=lots[row.gtin, row.lot],  # type: ignore[arg-type]
            unit_id=str(lot_unit(gtin=row.gtin, lot=row.lot)),
            detail={"declared": row.declared, "coded": row.coded, "serials": row.serials},
        )
        for row in rows
    ]


def _named(unit_id: str) -> _Lot:
    name = read_unit_id(unit_id)
    assert name.gtin is not None, "a lot has a GTIN"
    return name.gtin, name.value


_IS_LOT = "u.unit_id ~ '^[(]01[)][0-9]{14}[(]10[)]'"
_COMMISSIONED = (
    "SELECT o.gtin, o.lot, CASE WHEN o.gtin IS NULL THEN u.unit_id END AS unit_id,"
    " (array_agg(s.entry_id ORDER BY s.recorded_at DESC))[1] AS entry_id FROM statement s"
    " JOIN statement_line l USING (entry_id) JOIN unit u ON u.unit_pk = l.unit_pk"
    " LEFT JOIN lot o ON o.lot_id = u.lot_id"
    " WHERE s.type = 'commission' AND s.recorded_at > :since AND s.recorded_at <= :until"
    f" AND (o.gtin IS NOT NULL OR {_IS_LOT}) GROUP BY 1, 2, 3"
)
_DONE = ", ".join(f"'{mark.value}'" for mark in sorted({*BLOCKING, Mark.ALREADY_COMMISSIONED}))
_COUNTED = (
    "SELECT q.station_gln, q.declared, k.coded, b.serials FROM"
    " (SELECT min(oc.station_gln) AS station_gln, CAST(sum(o.cartons) AS bigint) AS declared FROM lot o"
    "  JOIN consignment oc ON oc.consignment_id = o.consignment_id AND oc.state = 'open'"
    "  WHERE (o.gtin, o.lot) = ({gtin}, {lot})) q"
    " CROSS JOIN LATERAL (SELECT CAST(COALESCE(sum(z.quantity), 0) AS bigint) AS coded FROM unit t"
    "  JOIN lot_stock z ON z.unit_pk = t.unit_pk AND z.kind = 'coded' WHERE t.unit_id = {unit}) k"
    # Labels that exist at all are counted first, in one index: of most lots there are no more of them than declared.
    " CROSS JOIN LATERAL (SELECT count(*) AS issued FROM lot o JOIN issued_code i ON i.lot_id = o.lot_id"
    "  WHERE (o.gtin, o.lot) = ({gtin}, {lot}) AND i.kind = 'unit') a"
    # Of what got a new label, or came out of packages counted before, nothing was commissioned once more.
    " CROSS JOIN LATERAL (SELECT count(*) AS serials FROM lot o JOIN issued_code i ON i.lot_id = o.lot_id"
    "  JOIN unit v ON v.unit_id = i.unit_id AND v.state <> 'void'"
    "  WHERE (o.gtin, o.lot) = ({gtin}, {lot}) AND i.kind = 'unit' AND k.coded + a.issued > q.declared AND EXISTS"
    "  (SELECT 1 FROM statement_line m JOIN statement w USING (entry_id) WHERE m.unit_pk = v.unit_pk"
    f"   AND w.type = 'commission' AND w.status = 'accepted' AND NOT m.marks && ARRAY[{_DONE}]"
    f"   AND NOT {ANNULLED.format(statement='w')})) b"
    " WHERE b.serials > 0 AND k.coded + b.serials > q.declared"
)
NO_LONGER_OVER = (
    "c.about LIKE 'declared:%' AND NOT EXISTS ("
    + _COUNTED.format(gtin="substr(c.about, 10, 14)", lot="substr(c.about, 25)", unit="c.unit_id")
    + ")"
)
"""When no more cases than declared were commissioned of the lot of a case `c`: voided, corrected, or declared since."""
