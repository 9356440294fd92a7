"""SQL about units: find, lock and move them, many at a time, without the ORM."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, text
from sqlmodel import Session

from coldtrace.custody.model import Holding, Issued, UnitState
from coldtrace.custody.picture import Unit

EARLIEST = datetime.fromisoformat("0001-01-01T00:00:00+00:00")
"""Before anything was ever said of a unit."""

BEGINNING = "CASE WHEN i.unit_id IS NULL THEN 'unknown' WHEN i.voided_at IS NOT NULL THEN 'void' ELSE 'blank' END"
"""The state in which a unit begins, `i` being its code's row in `issued_code`."""


def lock_units(session: Session, names: Collection[str], *, emptied: Collection[str]) -> list[Unit]:
    """Return the named units, what they are in, and what is in those of `emptied`; locked until the commit.

    A unit is made on first sight.  Locks are taken in the order of the keys.  Whoever moves a unit holds its
    parents too, so what is read here stays true.
    """
    values = {"names": sorted(names), "emptied": sorted(emptied)}
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
        locked |= {row[0] for row in session.execute(text(f"{_LOCK} {_KEYS_AROUND} ORDER BY {_IN_ORDER}"), values)}
        units = [_unit(row) for row in session.execute(text(f"{_UNITS} u.unit_pk = {_KEYS_AROUND}"), values)]
        if all(unit.pk in locked for unit in units):
            return units


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
    "SELECT u.unit_pk, u.unit_id, u.state, u.gln, u.to_gln, u.parent_pk, p.unit_id AS parent,"
    " NULLIF(u.last_at, '-infinity') AS last_at, i.unit_id IS NOT NULL AS drawn, i.voided_at IS NOT NULL AS voided,"
    " i.code_hash, r.station_gln, l.facts_hash, l.expiry_date, lc.importer_id, ro.bind_until,"
    " least(v.revoked_at, y.recalled_at,"
    " CASE WHEN i.drawn_at >= k.stolen_at OR k.stolen_at IS NULL AND k.state = 'revoked'"
    " THEN greatest(i.drawn_at, k.stolen_at) END) AS stopped_at FROM unit u LEFT JOIN unit p ON p.unit_pk = u.parent_pk"
    " LEFT JOIN issued_code i ON i.unit_id = u.unit_id LEFT JOIN code_run r ON r.run_id = i.run_id"
    " AND (r.kind = 'roll' OR EXISTS"
    " (SELECT 1 FROM consignment c WHERE c.consignment_id = r.consignment_id AND c.state = 'open'))"
    " LEFT JOIN roll ro ON ro.run_id = r.run_id"
    " LEFT JOIN (lot l JOIN consignment lc ON lc.consignment_id = l.consignment_id AND lc.state = 'open')"
    " ON l.lot_id = i.lot_id LEFT JOIN revoked_unit v ON v.unit_id = u.unit_id"
    " LEFT JOIN recalled_lot y ON y.gtin = l.gtin AND y.lot = l.lot AND y.lifted_at IS NULL"
    " LEFT JOIN signing_key k ON k.kid = i.kid AND k.use = 'code' WHERE"
)


def _unit(row: Row[Any]) -> Unit:
    return Unit(
        pk=row.unit_pk,
        unit_id=row.unit_id,
        holding=Holding(state=UnitState(row.state), gln=row.gln, to_gln=row.to_gln, parent=row.parent),
        parent_pk=row.parent_pk,
        last_at=row.last_at or EARLIEST,
        beginning=UnitState.VOID if row.voided else UnitState.BLANK if row.drawn else UnitState.UNKNOWN,
        issued=_issued(row),
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
    )


def expired_inside(session: Session, pks: Collection[int], *, on: date) -> list[tuple[int, int, date]]:
    """Return (unit, what is in it, expiry) for whatever in these units is past its expiry on a day."""
    if not pks:
        return []
    rows = session.execute(
        text(
            "WITH RECURSIVE inside (top, unit_pk) AS (SELECT p, p FROM unnest(CAST(:pks AS bigint[])) p"
            " UNION SELECT i.top, u.unit_pk FROM inside i JOIN unit u ON u.parent_pk = i.unit_pk)"
            " SELECT i.top, i.unit_pk, l.expiry_date FROM inside i JOIN unit u USING (unit_pk)"
            " JOIN lot l ON l.lot_id = u.lot_id JOIN consignment c USING (consignment_id)"
            " WHERE i.top <> i.unit_pk AND c.state = 'open' AND l.expiry_date < :on"
        ),
        {"pks": sorted(pks), "on": on},
    )
    return [(row.top, row.unit_pk, row.expiry_date) for row in rows]


def later_known(session: Session, events: Mapping[int, datetime]) -> set[int]:
    """Return those of the units, and of what was in them since, of which something at or after `events` is known."""
    if not events:
        return set()
    rows = session.execute(
        text(
            "WITH RECURSIVE below (unit_pk, since) AS ("
            " SELECT * FROM unnest(CAST(:pks AS bigint[]), CAST(:times AS timestamptz[]))"
            " UNION SELECT c.child_pk, b.since FROM below b JOIN containment c ON c.parent_pk = b.unit_pk"
            " AND c.to_at >= b.since)"
            # Each by its key, for the reason that `_KEYS_AROUND` has.
            " SELECT DISTINCT u.unit_pk FROM below b, LATERAL"
            " (SELECT unit_pk FROM unit WHERE unit_pk = b.unit_pk AND last_at >= b.since OFFSET 0) u"
        ),
        {"pks": list(events), "times": list(events.values())},
    )
    return {row[0] for row in rows}


def lock_stories(session: Session, pks: Collection[int], *, since: datetime) -> list[Unit]:
    """Return these units, what was inside them at `since` or later, and all that any of these was ever in; locked."""
    locked: set[int] = set()
    while True:
        found = related(session, pks, since=since)
        if found <= locked:
            break
        session.execute(
            text(f"{_LOCK} ANY(CAST(:pks AS bigint[])) ORDER BY {_IN_ORDER}"),
            {"pks": sorted(found)},
        )
        locked = found
    rows = session.execute(text(f"{_UNITS} u.unit_pk = ANY(CAST(:pks AS bigint[]))"), {"pks": sorted(locked)})
    return [_unit(row) for row in rows]


def related(session: Session, pks: Collection[int], *, since: datetime) -> set[int]:
    """Return the keys of these units, of what was inside them at `since` or later, and of all that any was ever in."""
    return {row[0] for row in session.execute(text(_RELATED), {"pks": sorted(pks), "since": since})}


_RELATED = (
    "WITH RECURSIVE below (unit_pk) AS (SELECT unnest(CAST(:pks AS bigint[]))"
    " UNION SELECT c.child_pk FROM below b JOIN containment c ON c.parent_pk = b.unit_pk AND c.to_at >= :since),"
    " above (unit_pk) AS (SELECT unit_pk FROM below"
    " UNION SELECT l.parent_pk FROM above a JOIN statement_line l USING (unit_pk) WHERE l.parent_pk IS NOT NULL)"
    " SELECT unit_pk FROM above"
)


def save_units(session: Session, units: Sequence[tuple[Unit, int | None]]) -> None:
    """Write moved units back, each with the key of its outermost parent."""
    if not units:
        return
    session.execute(
        text(
            "UPDATE unit u SET state = v.state, gln = v.gln, to_gln = v.to_gln, parent_pk = v.parent_pk,"
            " root_pk = v.root_pk, last_at = v.last_at, version = u.version + 1"
            " FROM unnest(CAST(:pks AS bigint[]), CAST(:states AS text[]), CAST(:glns AS text[]),"
            " CAST(:tos AS text[]), CAST(:parents AS bigint[]), CAST(:roots AS bigint[]),"
            " CAST(:times AS timestamptz[])) AS v(unit_pk, state, gln, to_gln, parent_pk, root_pk, last_at)"
            " WHERE u.unit_pk = v.unit_pk"
        ),
        {
            "pks": [u.pk for u, _ in units],
            "states": [u.holding.state.value for u, _ in units],
            "glns": [u.holding.gln for u, _ in units],
            "tos": [u.holding.to_gln for u, _ in units],
            "parents": [u.parent_pk for u, _ in units],
            "roots": [root for _, root in units],
            "times": [u.last_at for u, _ in units],
        },
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
