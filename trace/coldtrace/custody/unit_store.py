"""SQL about units: find, lock and move them, many at a time, without the ORM."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from coldtrace.custody.lots import is_lot
from coldtrace.custody.model import Holding, Issued, StockPlace, UnitState
from coldtrace.custody.overlays import BLOCKABLE
from coldtrace.custody.picture import Hanging, Unit
from coldtrace.custody.store import ITS_LINES, its_lines
from coldtrace.db.plain_sql import text
from coldtrace.events.unit_id import read_unit_id

EARLIEST = datetime.fromisoformat("0001-01-01T00:00:00+00:00")
"""Before anything was ever said of a unit."""

BEGINNING = "CASE WHEN i.unit_id IS NULL THEN 'unknown' WHEN i.voided_at IS NOT NULL THEN 'void' ELSE 'blank' END"
"""The state in which a unit begins, `i` being its code's row in `issued_code`."""


def lock_units(session: Session, names: Collection[str], *, emptied: Collection[str]) -> list[Unit]:
    """Return the named units, what they are in, and what is in those of `emptied`; locked until the commit.

    A unit is made on first sight.  Locks are taken in the order of the keys.  Whoever moves a unit holds its
    parents too, so what is read here stays true.  The lots of these units that were ever stopped as a whole are read
    beside them without a lock: whoever stops a lot keeps all others from units meanwhile (`lock_for_lots`).
    """
    return _lock_units(session, names, emptied, {})[0]


def lock_told(
    session: Session, events: Mapping[str, datetime], *, emptied: Collection[str]
) -> tuple[list[Unit], set[int]]:
    """Return what `lock_units` returns of the units in `events`, and which are told late.

    These are the keys of those units, and of what was in them since, of which something at or after `events` is known.
    """
    return _lock_units(session, events, emptied, events)


def _lock_units(
    session: Session, names: Collection[str], emptied: Collection[str], events: Mapping[str, datetime]
) -> tuple[list[Unit], set[int]]:
    values = {"names": sorted(names), "emptied": sorted(emptied)}
    since = {"names": list(events), "times": list(events.values())}
    session.execute(
        text(
            "INSERT INTO unit (unit_id, lot_id, state, last_at)"
            f" SELECT n.unit_id, i.lot_id, {BEGINNING}, '-infinity'"
            " FROM unnest(CAST(:names AS text[])) AS n(unit_id) LEFT JOIN issued_code i USING (unit_id)"
            " WHERE NOT EXISTS (SELECT 1 FROM unit u WHERE u.unit_id = n.unit_id) ORDER BY n.unit_id"
            " ON CONFLICT (unit_id) DO NOTHING"
        ),
        values,
    )
    locked: set[int] = set()
    while True:
        # The second look sees what was committed while the first one waited.
        keys = session.execute(text(f"{_LOCK} {_KEYS_AROUND} ORDER BY {_IN_ORDER}"), values)
        looked = session.execute(text(f"{_UNITS} u.unit_pk = {_KEYS_AROUND}"), values)
        later = session.execute(text(_LATER), since) if events else ()
        locked |= {row[0] for row in keys}
        rows = looked.all()
        if all(row.unit_pk in locked for row in rows):
            return _units(session, rows), {row[0] for row in later}


_AROUND = (
    "WITH RECURSIVE around (unit_pk) AS ("
    " SELECT unit_pk FROM unit WHERE unit_id = ANY(CAST(:names AS text[]))"
    " UNION SELECT c.unit_pk FROM unit p JOIN unit c ON c.parent_pk = p.unit_pk"
    " WHERE p.unit_id = ANY(CAST(:emptied AS text[]))"
    " UNION SELECT u.parent_pk FROM around a JOIN unit u USING (unit_pk) WHERE u.parent_pk IS NOT NULL)"
    " SELECT unit_pk FROM around"
)
_LOCK = "SELECT unit_pk FROM unit WHERE unit_pk ="
_IN_ORDER = "unit_pk FOR NO KEY UPDATE"
_KEYS_AROUND = f"ANY(ARRAY({_AROUND}))"
"""An array, because PostgreSQL takes a recursive query for long, and would read all units and all codes from end to end
for one scan."""

_UNITS = (
    "SELECT u.unit_pk, u.unit_id, u.version, u.state, u.gln, u.to_gln, u.parent_pk, p.unit_id AS parent,"
    " NULLIF(u.last_at, '-infinity') AS last_at, i.unit_id IS NOT NULL AS drawn, i.voided_at IS NOT NULL AS voided,"
    " u.overlays, u.counter, u.expires_on, u.left_g, i.code_hash, i.net_g, r.station_gln,"
    # An import that was undone says nothing of its goods any more; of which lot they are stays.
    " CASE WHEN lc.state = 'open' THEN l.facts_hash END AS facts_hash,"
    " CASE WHEN lc.state = 'open' THEN l.expiry_date END AS expiry_date,"
    " lc.importer_id, im.uscc AS importer, ro.bind_until, l.gtin AS lot_gtin, l.lot AS lot_lot, l.lot_id,"
    " i.lot_id IS NOT NULL AS lot_coded, y.recalled_at,"
    " st.unit_pk AS stop_pk, st.last_at AS stop_at,"
    " least(v.revoked_at, y.recalled_at,"
    " CASE WHEN i.drawn_at >= k.stolen_at OR k.stolen_at IS NULL AND k.state = 'revoked'"
    " THEN greatest(i.drawn_at, k.stolen_at) END) AS stopped_at,"
    # Asked of nothing but a serial that was not issued here: are others of its GTIN?
    " CASE WHEN i.unit_id IS NULL AND u.unit_id ~ '^[(]01[)][0-9]{14}[(]21[)]' THEN EXISTS (SELECT 1 FROM lot cl"
    " JOIN issued_code cc ON cc.lot_id = cl.lot_id WHERE cl.gtin = substr(u.unit_id, 5, 14)) ELSE FALSE END AS coded"
    " FROM unit u LEFT JOIN unit p ON p.unit_pk = u.parent_pk"
    " LEFT JOIN issued_code i ON i.unit_id = u.unit_id LEFT JOIN code_run r ON r.run_id = i.run_id"
    " AND (r.kind = 'roll' OR EXISTS"
    " (SELECT 1 FROM consignment c WHERE c.consignment_id = r.consignment_id AND c.state = 'open'))"
    " LEFT JOIN roll ro ON ro.run_id = r.run_id"
    # A new label is of the lot of the old one, as far as its own code has none.
    " LEFT JOIN lot l ON l.lot_id = COALESCE(i.lot_id, u.lot_id)"
    " LEFT JOIN consignment lc ON lc.consignment_id = l.consignment_id AND lc.state = 'open'"
    " LEFT JOIN operator im ON im.operator_id = lc.importer_id"
    " LEFT JOIN lot_stop st ON st.gtin = l.gtin AND st.lot = l.lot"
    " LEFT JOIN revoked_unit v ON v.unit_id = u.unit_id"
    " LEFT JOIN recalled_lot y ON y.gtin = l.gtin AND y.lot = l.lot AND y.lifted_at IS NULL AND lc.state = 'open'"
    " LEFT JOIN signing_key k ON k.kid = i.kid AND k.use = 'code' WHERE"
)


def _rows_of(session: Session, pks: Collection[int]) -> Sequence[Row[Any]]:
    return session.execute(text(f"{_UNITS} u.unit_pk = ANY(CAST(:pks AS bigint[]))"), {"pks": sorted(pks)}).all()


def _units(session: Session, rows: Sequence[Row[Any]]) -> list[Unit]:
    """Return units, with the lots that were stopped, and with what is known of lots by quantity."""
    found = {row.unit_pk: _unit(row) for row in rows}
    stopped = {row.stop_pk for row in rows if row.stop_pk is not None} - found.keys()
    if stopped:
        found |= {row.unit_pk: _unit(row) for row in _rows_of(session, stopped)}
    lots = {pk: unit for pk, unit in found.items() if is_lot(unit.unit_id)}
    if lots:
        _add_lots(session, lots)
    return list(found.values())


def _add_lots(session: Session, lots: Mapping[int, Unit]) -> None:
    stock: dict[int, dict[StockPlace, int]] = {}
    for row in session.execute(
        text(
            "SELECT unit_pk, kind, gln, to_gln, owner, quantity FROM lot_stock"
            " WHERE unit_pk = ANY(CAST(:pks AS bigint[]))"
        ),
        {"pks": sorted(lots)},
    ):
        stock.setdefault(row.unit_pk, {})[StockPlace(row.kind, row.gln, row.to_gln, row.owner)] = row.quantity
    issued = issued_lots(session, [unit.unit_id for unit in lots.values()])
    for pk, unit in lots.items():
        unit.lot, unit.issued = _lot_named(unit.unit_id), issued.get(unit.unit_id)
        unit.stock = unit.booked = stock.get(pk, {})


def _lot_named(unit_id: str) -> tuple[str, str]:
    name = read_unit_id(unit_id)
    assert name.gtin is not None, "a lot has a GTIN"
    return name.gtin, name.value


def issued_lots(session: Session, unit_ids: Collection[str]) -> dict[str, Issued]:
    """Return what is known of lots by their imports: `(01)GTIN(10)LOT`.

    One lot may have come in several consignments: its first import is the one that speaks for it.  What they declare
    adds up.
    """
    named = {_lot_named(unit_id): unit_id for unit_id in unit_ids}
    rows = session.execute(
        text(
            "SELECT DISTINCT ON (l.gtin, l.lot) l.gtin, l.lot, l.lot_id, l.facts_hash, c.station_gln, c.importer_id,"
            " o.uscc,"
            " min(l.expiry_date) OVER (PARTITION BY l.gtin, l.lot) AS expiry,"
            " CAST(sum(l.cartons) OVER (PARTITION BY l.gtin, l.lot) AS bigint) AS cartons, y.recalled_at FROM"
            " unnest(CAST(:gtins AS text[]), CAST(:lots AS text[])) AS n(gtin, lot) JOIN lot l USING (gtin, lot)"
            " JOIN consignment c ON c.consignment_id = l.consignment_id AND c.state = 'open'"
            " JOIN operator o ON o.operator_id = c.importer_id"
            " LEFT JOIN recalled_lot y ON y.gtin = l.gtin AND y.lot = l.lot AND y.lifted_at IS NULL"
            " ORDER BY l.gtin, l.lot, l.lot_id"
        ),
        {"gtins": [gtin for gtin, _ in named], "lots": [lot for _, lot in named]},
    )
    return {
        named[row.gtin, row.lot]: Issued(
            station_gln=row.station_gln,
            code_hash=b"",
            facts_hash=bytes(row.facts_hash),
            expiry=row.expiry,
            importer_id=row.importer_id,
            importer=row.uscc,
            stopped_at=row.recalled_at,
            cartons=row.cartons,
            lot_id=row.lot_id,
        )
        for row in rows
    }


def save_stock(session: Session, units: Sequence[Unit]) -> None:
    """Write where these lots lie: only what changed, for a lot may lie in many places."""
    gone, changed = [], []
    for unit in units:
        before, now = unit.booked or {}, unit.stock or {}
        gone += [(unit.pk, *place) for place in before.keys() - now.keys()]
        changed += [(unit.pk, *place, quantity) for place, quantity in now.items() if before.get(place) != quantity]
        unit.booked = unit.stock
    if gone:
        session.execute(
            text(
                "DELETE FROM lot_stock s USING unnest(CAST(:pks AS bigint[]), CAST(:kinds AS text[]),"
                " CAST(:glns AS text[]), CAST(:tos AS text[]), CAST(:owners AS text[]))"
                " AS v(unit_pk, kind, gln, to_gln, owner) WHERE (s.unit_pk, s.kind, s.gln, s.to_gln, s.owner)"
                " = (v.unit_pk, v.kind, v.gln, v.to_gln, v.owner)"
            ),
            _columns(gone),
        )
    if changed:
        session.execute(
            text(
                "INSERT INTO lot_stock (unit_pk, kind, gln, to_gln, owner, quantity) SELECT * FROM"
                " unnest(CAST(:pks AS bigint[]), CAST(:kinds AS text[]), CAST(:glns AS text[]), CAST(:tos AS text[]),"
                " CAST(:owners AS text[]), CAST(:quantities AS bigint[]))"
                " ON CONFLICT (unit_pk, kind, gln, to_gln, owner) DO UPDATE SET quantity = excluded.quantity"
            ),
            _columns(changed),
        )


def _columns(rows: Sequence[tuple[Any, ...]]) -> dict[str, list[Any]]:
    names = ("pks", "kinds", "glns", "tos", "owners", "quantities")
    return {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=False)}


def lock_for_lots(session: Session) -> None:
    """Keep all others from units until the commit: a whole lot is being stopped, or let go on.

    Whoever works on units has touched the table before reading a lot's overlays (`lock_units` begins with an INSERT),
    so this waits for them, and they for this.  Reading goes on.
    """
    session.execute(text("LOCK TABLE unit IN EXCLUSIVE MODE"))


def save_lot_stops(session: Session, stops: Sequence[tuple[Unit, datetime]]) -> None:
    """Note that these lots were stopped as a whole, or let go on, and when."""
    if stops:
        session.execute(
            text(
                "INSERT INTO lot_stop (gtin, lot, unit_pk, last_at) SELECT * FROM unnest(CAST(:gtins AS text[]),"
                " CAST(:lots AS text[]), CAST(:pks AS bigint[]), CAST(:times AS timestamptz[]))"
                " ON CONFLICT (gtin, lot) DO UPDATE SET last_at = greatest(lot_stop.last_at, excluded.last_at)"
            ),
            {
                "gtins": [unit.lot[0] for unit, _ in stops if unit.lot],
                "lots": [unit.lot[1] for unit, _ in stops if unit.lot],
                "pks": [unit.pk for unit, _ in stops if unit.lot],
                "times": [at for unit, at in stops if unit.lot],
            },
        )


def lots_stopped_of(session: Session, pks: Collection[int]) -> set[int]:
    """Return the lots of these units that were ever stopped as a whole, and those of them that are such lots."""
    rows = session.execute(
        text(
            "SELECT st.unit_pk FROM unit u LEFT JOIN issued_code i USING (unit_id)"
            " JOIN lot l ON l.lot_id = COALESCE(i.lot_id, u.lot_id)"
            " JOIN lot_stop st ON st.gtin = l.gtin AND st.lot = l.lot WHERE u.unit_pk = ANY(CAST(:pks AS bigint[]))"
            " UNION SELECT unit_pk FROM lot_stop WHERE unit_pk = ANY(CAST(:pks AS bigint[]))"
        ),
        {"pks": sorted(pks)},
    )
    return {row.unit_pk for row in rows}


def scanned_of_stopped(session: Session, bound: Mapping[str, int | None]) -> set[int]:
    """Return those of these units of which anything was said before, and whose lot, or the other one beside them, was
    ever stopped as a whole, or of which something took over the lot.
    """
    rows = session.execute(
        text(
            "SELECT u.unit_pk FROM unnest(CAST(:units AS text[]), CAST(:left AS bigint[])) AS n(unit_id, left_lot)"
            " CROSS JOIN LATERAL (SELECT unit_pk, lot_id FROM unit"
            " WHERE unit_id = n.unit_id AND last_at > :earliest OFFSET 0) u"
            " WHERE EXISTS (SELECT 1 FROM lot l JOIN lot_stop USING (gtin, lot)"
            " WHERE l.lot_id IN (u.lot_id, n.left_lot))"
            " OR EXISTS (SELECT 1 FROM statement_line i JOIN statement s USING (entry_id)"
            " WHERE i.unit_pk = u.unit_pk AND i.role = 'input' AND s.type = 'relabel')"
        ),
        {"units": list(bound), "left": list(bound.values()), "earliest": EARLIEST},
    )
    return {row.unit_pk for row in rows}


def units_of_lots(session: Session, lots: Collection[int], *, since: datetime) -> set[int]:
    """Return the units of these lots, those of them that were ever stopped, of which something since then is known."""
    rows = session.execute(
        text(
            "SELECT DISTINCT u.unit_pk FROM lot_stop st JOIN lot l ON l.gtin = st.gtin AND l.lot = st.lot"
            " JOIN unit u ON u.lot_id = l.lot_id AND u.last_at >= :since"
            " WHERE st.unit_pk = ANY(CAST(:pks AS bigint[]))"
        ),
        {"pks": sorted(lots), "since": since},
    )
    return {row.unit_pk for row in rows}


def known_of_lot(session: Session, stops: Sequence[tuple[Unit, datetime]]) -> set[int]:
    """Return the units of these lots of which something at or after the time of a stop is known."""
    rows = session.execute(
        text(
            "SELECT DISTINCT u.unit_pk FROM unnest(CAST(:gtins AS text[]), CAST(:lots AS text[]),"
            " CAST(:times AS timestamptz[])) AS n(gtin, lot, at) JOIN lot l USING (gtin, lot)"
            " JOIN unit u ON u.lot_id = l.lot_id AND u.last_at >= n.at"
        ),
        {
            "gtins": [unit.lot[0] for unit, _ in stops if unit.lot],
            "lots": [unit.lot[1] for unit, _ in stops if unit.lot],
            "times": [at for unit, at in stops if unit.lot],
        },
    )
    return {row.unit_pk for row in rows}


def _unit(row: Row[Any]) -> Unit:
    return Unit(
        pk=row.unit_pk,
        unit_id=row.unit_id,
        holding=Holding(
            state=UnitState(row.state),
            gln=row.gln,
            to_gln=row.to_gln,
            parent=row.parent,
            overlays=frozenset(row.overlays),
            counter=row.counter,
            expires_on=row.expires_on,
            left_g=row.left_g,
        ),
        parent_pk=row.parent_pk,
        last_at=row.last_at or EARLIEST,
        beginning=UnitState.VOID if row.voided else UnitState.BLANK if row.drawn else UnitState.UNKNOWN,
        issued=_issued(row),
        lot=None if row.lot_gtin is None else (row.lot_gtin, row.lot_lot),
        lot_id=row.lot_id,
        lot_coded=row.lot_coded,
        lot_stopped_at=row.stop_at,
        lot_recalled_at=row.recalled_at,
        looks_issued=row.coded,
        version=row.version,
    )


def _issued(row: Row[Any]) -> Issued | None:
    """Return what is known of a code; nothing once its import was undone."""
    if row.code_hash is None or row.station_gln is None:
        return None
    return Issued(
        station_gln=row.station_gln,
        code_hash=bytes(row.code_hash),
        facts_hash=None if row.facts_hash is None else bytes(row.facts_hash),
        expiry=row.expiry_date,
        importer_id=row.importer_id,
        stopped_at=row.stopped_at,
        bind_until=row.bind_until,
        importer=row.importer,
        net_g=row.net_g,
    )


def blocked_inside(
    session: Session, pks: Collection[int], *, known: Collection[int], on: date = date.min
) -> list[Hanging]:
    """Return whatever in these units is past its expiry on a day, or has overlays, beside the units `known`."""
    if not pks:
        return []
    rows = session.execute(
        text(
            # Each unit by its own key, however few the planner thinks that a table holds.
            "WITH RECURSIVE inside (on_pk, unit_pk) AS (SELECT p, p FROM unnest(CAST(:pks AS bigint[])) p"
            " UNION SELECT CASE WHEN u.unit_pk = ANY(CAST(:known AS bigint[])) THEN u.unit_pk ELSE i.on_pk END,"
            " u.unit_pk FROM inside i JOIN unit u ON u.parent_pk = i.unit_pk)"
            " SELECT i.on_pk, LEAST(u.expires_on, l.expiry_date) AS expiry,"
            " u.overlays || COALESCE(lu.overlays, '{}') AS overlays FROM inside i"
            " CROSS JOIN LATERAL (SELECT expires_on, overlays, lot_id FROM unit"
            " WHERE unit_pk = i.unit_pk OFFSET 0) u"
            " LEFT JOIN LATERAL (SELECT gtin, lot, CASE WHEN c.state = 'open' THEN expiry_date END AS expiry_date"
            " FROM lot JOIN consignment c USING (consignment_id) WHERE lot_id = u.lot_id OFFSET 0) l ON TRUE"
            " LEFT JOIN lot_stop st ON st.gtin = l.gtin AND st.lot = l.lot"
            " LEFT JOIN LATERAL (SELECT overlays FROM unit WHERE unit_pk = st.unit_pk OFFSET 0) lu ON TRUE"
            " WHERE i.unit_pk <> ALL(CAST(:known AS bigint[]))"
            " AND (u.overlays <> '{}' OR lu.overlays <> '{}' OR LEAST(u.expires_on, l.expiry_date) < :on)"
        ),
        {"pks": sorted(pks), "known": sorted(known), "on": on},
    )
    return [
        Hanging(
            on_pk=row.on_pk,
            expiry=row.expiry if row.expiry is not None and row.expiry < on else None,
            overlays=frozenset(row.overlays),
        )
        for row in rows
    ]


def holding_others(session: Session, pks: Collection[int], *, known: Collection[int]) -> set[int]:
    """Return those of these units that have something in them beside the units `known`."""
    if not pks:
        return set()
    rows = session.execute(
        text(
            "SELECT DISTINCT parent_pk FROM unit WHERE parent_pk = ANY(CAST(:pks AS bigint[]))"
            " AND unit_pk <> ALL(CAST(:known AS bigint[]))"
        ),
        {"pks": sorted(pks), "known": sorted(known)},
    )
    return {row[0] for row in rows}


_LATER = (
    "WITH RECURSIVE below (unit_pk, since) AS (SELECT u.unit_pk, n.since"
    " FROM unnest(CAST(:names AS text[]), CAST(:times AS timestamptz[])) AS n(unit_id, since)"
    " CROSS JOIN LATERAL (SELECT unit_pk FROM unit WHERE unit_id = n.unit_id OFFSET 0) u"
    " UNION SELECT c.child_pk, b.since FROM below b JOIN containment c ON c.parent_pk = b.unit_pk"
    " AND c.to_at >= b.since)"
    # Each by its key, for the reason that `_KEYS_AROUND` has.
    " SELECT DISTINCT u.unit_pk FROM below b, LATERAL"
    " (SELECT unit_pk FROM unit WHERE unit_pk = b.unit_pk AND last_at >= b.since OFFSET 0) u"
)


def lock_stories(
    session: Session, pks: Collection[int], *, since: datetime
) -> tuple[list[Unit], set[int], dict[int, datetime]]:
    """Return these units, what was inside them or made of them at `since` or later, and all that any of these was ever
    in or made of; locked.

    With them come the lots that were stopped as a whole: they are read, not locked, and named in the second answer.
    The third names the lots whose story begins with a checkpoint, and when that is.
    """
    locked: set[int] = set()
    while True:
        starts = related(session, pks, since=since)
        found = set(starts)
        if found <= locked:
            break
        session.execute(
            text(f"{_LOCK} ANY(CAST(:pks AS bigint[])) ORDER BY {_IN_ORDER}"),
            {"pks": sorted(found)},
        )
        locked = found
    units = _units(session, _rows_of(session, locked))
    started = {pk: at for pk, at in starts.items() if pk in locked and at is not None}
    return units, {unit.pk for unit in units} - locked, started


def related(session: Session, pks: Collection[int], *, since: datetime) -> dict[int, datetime | None]:
    """Return the keys of these units, of what was inside them at `since` or later, and of all that any was ever in.

    Inside is also what somebody said to be put in or taken out since, whatever came of it.  Where anything ever lay on
    one of them, what one was in and went on since belongs to these units too: something inside may have kept it.

    Beside a lot by quantity stands the moment of the checkpoint from which its story may be told: the last one before
    `since`, and before anything that was made of it and is told too.  All others are told from their beginning.
    """
    of = set(pks)
    while True:
        rows = session.execute(text(_RELATED), {"pks": sorted(of), "since": since})
        found = {row.unit_pk: row.start for row in rows}
        starts = {pk: at for pk, at in found.items() if at is not None}
        asked = {"keys": sorted(found.keys() - starts.keys()), "since": since, "going": sorted(BLOCKABLE)}
        went_on = {row[0] for row in session.execute(text(_WENT_ON), asked | its_lines(starts))}
        if went_on <= of:
            return found
        of |= went_on


# Of a lot that other units were said to be in, or that was stopped while units of its own lot have codes, all is told:
# what it was like before the checkpoint reaches those units.
_START = (
    "COALESCE((SELECT max(k.at) FROM lot_checkpoint k WHERE k.unit_pk = {unit} AND k.at < {before}"
    " AND NOT EXISTS (SELECT 1 FROM statement_line c WHERE c.parent_pk = k.unit_pk)"
    " AND NOT EXISTS (SELECT 1 FROM lot_stop st JOIN lot l USING (gtin, lot) JOIN unit v ON v.lot_id = l.lot_id"
    " WHERE st.unit_pk = k.unit_pk)), '-infinity')"
)
_RELATED = (
    # Below: what was inside since, and what was made of it since; above: what these were in, and were made of.
    "WITH RECURSIVE below (unit_pk) AS (SELECT unnest(CAST(:pks AS bigint[]))"
    " UNION SELECT n.unit_pk FROM below b CROSS JOIN LATERAL ("
    " SELECT c.child_pk AS unit_pk FROM containment c WHERE c.parent_pk = b.unit_pk AND c.to_at >= :since"
    # Also what was said to be put in and was not, because the parent was destroyed as far as was known.
    " UNION ALL SELECT l.unit_pk FROM statement_line l WHERE l.parent_pk = b.unit_pk AND l.event_at >= :since"
    " UNION ALL SELECT o.unit_pk FROM statement_line i JOIN statement_line o USING (entry_id)"
    " WHERE i.unit_pk = b.unit_pk AND i.role = 'input' AND i.event_at >= :since AND o.role = 'output') n),"
    f" above (unit_pk, start) AS (SELECT unit_pk, {_START.format(unit='below.unit_pk', before=':since')} FROM below"
    f" UNION SELECT n.unit_pk, {_START.format(unit='n.unit_pk', before='LEAST(n.event_at, :since)')}"
    " FROM above a CROSS JOIN LATERAL (SELECT l.parent_pk AS unit_pk, l.event_at FROM statement_line l"
    " WHERE l.unit_pk = a.unit_pk AND l.event_at > a.start AND l.parent_pk IS NOT NULL"
    " UNION ALL SELECT i.unit_pk, i.event_at FROM statement_line o JOIN statement_line i USING (entry_id)"
    " WHERE o.unit_pk = a.unit_pk AND o.event_at > a.start AND o.role = 'output' AND i.role = 'input') n)"
    " SELECT unit_pk, NULLIF(min(start), '-infinity') AS start FROM above GROUP BY unit_pk"
)
_WENT_ON = (
    "WITH its AS (SELECT l.unit_pk, l.event_at, l.details, s.type, s.details AS said FROM statement_line l"
    f" JOIN statement s USING (entry_id) WHERE ({ITS_LINES}) AND l.role <> 'implied'),"
    # All by which something may come to lie on a unit; selling it twice is one.
    " laid AS (SELECT EXISTS (SELECT 1 FROM its WHERE type IN ('hold', 'recall') OR details @> '{\"hold\": true}'"
    " OR said @> '{\"breach\": true}') OR EXISTS (SELECT 1 FROM its WHERE type = 'sell' GROUP BY unit_pk"
    " HAVING count(*) > 1) OR EXISTS (SELECT 1 FROM unit u WHERE u.unit_pk = ANY(CAST(:keys AS bigint[])"
    " || CAST(:started AS bigint[])) AND (u.overlays <> '{}' OR EXISTS (SELECT 1 FROM lot l"
    " JOIN lot_stop USING (gtin, lot) WHERE l.lot_id = u.lot_id))) OR EXISTS (SELECT 1 FROM lot_checkpoint k"
    " JOIN unnest(CAST(:started AS bigint[]), CAST(:starts AS timestamptz[])) AS n(unit_pk, at) USING (unit_pk, at)"
    " WHERE k.overlays <> '{}') AS is_so)"
    # What is inside keeps a unit from a new label, whatever lies on it.
    " SELECT DISTINCT i.unit_pk FROM its i, laid WHERE i.event_at >= :since"
    " AND (laid.is_so AND i.type = ANY(CAST(:going AS text[])) OR i.type = 'relabel')"
    " AND EXISTS (SELECT 1 FROM statement_line c WHERE c.parent_pk = i.unit_pk)"
)


def save_units(
    session: Session, units: Sequence[tuple[Unit, int | None]], *, told: Mapping[int, int] = MappingProxyType({})
) -> None:
    """Write moved units back, each with the key of its outermost parent; `told` says how often one was told."""
    if not units:
        return
    session.execute(
        text(
            "UPDATE unit u SET state = v.state, gln = v.gln, to_gln = v.to_gln, parent_pk = v.parent_pk,"
            " root_pk = v.root_pk, last_at = v.last_at, version = u.version + v.steps,"
            " overlays = string_to_array(v.overlays, ' '), counter = v.counter, expires_on = v.expires_on,"
            " left_g = v.left_g"
            " FROM unnest(CAST(:pks AS bigint[]), CAST(:states AS text[]), CAST(:glns AS text[]),"
            " CAST(:tos AS text[]), CAST(:parents AS bigint[]), CAST(:roots AS bigint[]),"
            " CAST(:times AS timestamptz[]), CAST(:overlays AS text[]), CAST(:counters AS text[]),"
            " CAST(:days AS date[]), CAST(:grams AS bigint[]), CAST(:steps AS int[]))"
            " AS v(unit_pk, state, gln, to_gln, parent_pk, root_pk, last_at, overlays, counter, expires_on, left_g,"
            " steps) WHERE u.unit_pk = v.unit_pk"
        ),
        {
            "pks": [u.pk for u, _ in units],
            "states": [u.holding.state.value for u, _ in units],
            "glns": [u.holding.gln for u, _ in units],
            "tos": [u.holding.to_gln for u, _ in units],
            "parents": [u.parent_pk for u, _ in units],
            "roots": [root for _, root in units],
            "times": [u.last_at for u, _ in units],
            "overlays": [" ".join(sorted(u.holding.overlays)) for u, _ in units],
            "counters": [u.holding.counter for u, _ in units],
            "days": [u.holding.expires_on for u, _ in units],
            "grams": [u.holding.left_g for u, _ in units],
            "steps": [told.get(u.pk, 1) for u, _ in units],
        },
    )


def save_lots(session: Session, units: Sequence[Unit]) -> None:
    """Write of which lot these units are: new labels, which take over the lot of what they are on."""
    if units:
        session.execute(
            text(
                "UPDATE unit u SET lot_id = v.lot_id FROM unnest(CAST(:pks AS bigint[]), CAST(:lots AS bigint[]))"
                " AS v(unit_pk, lot_id) WHERE u.unit_pk = v.unit_pk"
            ),
            {"pks": [unit.pk for unit in units], "lots": [unit.lot_id for unit in units]},
        )


def names_of(session: Session, pks: Collection[int]) -> dict[int, str]:
    """Return what these units are called."""
    rows = session.execute(
        text("SELECT unit_pk, unit_id FROM unit WHERE unit_pk = ANY(CAST(:pks AS bigint[]))"), {"pks": sorted(pks)}
    )
    return {row.unit_pk: row.unit_id for row in rows}


def set_root_below(session: Session, parent_pks: Collection[int]) -> None:
    """Give everything inside these units its outermost parent again (nested pallets are rare)."""
    if parent_pks:
        session.execute(
            text(
                "WITH RECURSIVE inside AS (SELECT c.unit_pk, COALESCE(p.root_pk, p.unit_pk) AS root_pk"
                " FROM unit c JOIN unit p ON p.unit_pk = c.parent_pk WHERE p.unit_pk = ANY(CAST(:pks AS bigint[]))"
                " UNION SELECT c.unit_pk, i.root_pk FROM unit c JOIN inside i ON c.parent_pk = i.unit_pk)"
                " UPDATE unit u SET root_pk = i.root_pk FROM inside i WHERE u.unit_pk = i.unit_pk"
                " AND u.root_pk IS DISTINCT FROM i.root_pk AND u.unit_pk <> ALL(CAST(:pks AS bigint[]))"
            ),
            {"pks": sorted(parent_pks)},
        )
