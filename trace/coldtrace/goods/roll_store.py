"""SQL about pre-issued rolls: their numbers, bindings and voided codes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.clock import format_utc
from coldtrace.codes.scan import Scan
from coldtrace.goods.roll_rules import BindLot, RollCode, RollNumber
from coldtrace.rights.model import Kind, Scope
from coldtrace.rights.scopes import Within


@dataclass(frozen=True, kw_only=True)
class RollRecord:
    """One roll and how many of its numbers are in which state."""

    run_id: UUID
    station_gln: str
    gtin: str | None
    wanted: int
    drawn: int
    created_at: datetime
    bind_until: datetime
    certified: bool
    used: int
    double_bound: int
    voided: int
    voided_unused: int

    def to_json(self) -> dict[str, object]:
        """Return the roll as the API and the command line show it."""
        return {
            "roll": str(self.run_id),
            "site": self.station_gln,
            "gtin": self.gtin,
            "wanted": self.wanted,
            "drawn": self.drawn,
            "used": self.used,
            "unused": self.drawn - self.used - self.voided_unused,
            "double_bound": self.double_bound,
            "voided": self.voided,
            "certified": self.certified,
            "created_at": format_utc(self.created_at),
            "bind_until": format_utc(self.bind_until),
        }


@dataclass(frozen=True, kw_only=True)
class BindingRecord:
    """One lot that somebody bound a number to; `applied` is false for a second lot."""

    binding_id: UUID
    unit_id: str
    lot_id: int
    bound_at: datetime
    bound_by: str
    applied: bool


def insert_roll(session: Session, *, run_id: UUID, gtin: str | None, bind_until: datetime) -> None:
    """Keep what a roll has beyond its code run."""
    session.execute(
        text("INSERT INTO roll (run_id, gtin, bind_until) VALUES (:run, :gtin, :until)"),
        {"run": run_id, "gtin": gtin, "until": bind_until},
    )


def find_roll(session: Session, run_id: UUID, scope: Scope) -> RollRecord | None:
    """Return one roll of the scope."""
    within = Within(scope=scope)
    row = session.execute(
        text(f"{_ROLLS} WHERE ro.run_id = :run AND {_roll(within)}"), within.values | {"run": run_id}
    ).one_or_none()
    return None if row is None else RollRecord(**row._mapping)


def list_rolls(session: Session, scope: Scope, *, after: UUID | None, limit: int) -> list[RollRecord]:
    """Return rolls of the scope, newest first, `limit` of them behind the roll `after`; ids grow with time."""
    within = Within(scope=scope)
    rows = session.execute(
        text(
            f"{_ROLLS} WHERE (CAST(:after AS uuid) IS NULL OR ro.run_id < CAST(:after AS uuid)) AND {_roll(within)}"
            " ORDER BY ro.run_id DESC LIMIT :most"
        ),
        within.values | {"after": after, "most": limit},
    )
    return [RollRecord(**row._mapping) for row in rows]


def rolls_to_bind(session: Session, scope: Scope, *, since: datetime, limit: int) -> list[UUID]:
    """Return rolls at stations of the scope that are drawn, may be bound after `since` and have a free label."""
    within = Within(scope=scope)
    rows = session.execute(
        text(
            "SELECT ro.run_id FROM roll ro JOIN code_run r USING (run_id)"
            f" WHERE {within.thing(Kind.WORK, at='r.station_gln')} AND r.drawn = r.wanted AND ro.bind_until > :since"
            " AND EXISTS (SELECT 1 FROM issued_code i WHERE i.run_id = ro.run_id AND i.lot_id IS NULL"
            " AND i.voided_at IS NULL) ORDER BY ro.run_id DESC LIMIT :most"
        ),
        within.values | {"since": since, "most": limit},
    )
    return [row.run_id for row in rows]


def _roll(within: Within) -> str:
    """Return the condition that the roll of a run `r` is in the scope."""
    return within.thing(Kind.ROLL, at="r.station_gln")


# A number is used while its lot's import stands.
_USED = (
    "EXISTS (SELECT 1 FROM lot l JOIN consignment c USING (consignment_id)"
    " WHERE l.lot_id = i.lot_id AND c.state = 'open')"
)
_DOUBLE = "EXISTS (SELECT 1 FROM roll_binding b WHERE b.unit_id = i.unit_id AND NOT b.applied)"
_ROLLS = (
    "SELECT ro.run_id, r.station_gln, ro.gtin, r.wanted, r.drawn, r.created_at, ro.bind_until,"
    " ro.certificate IS NOT NULL AS certified, n.used, n.double_bound, n.voided, n.voided_unused"
    " FROM roll ro JOIN code_run r USING (run_id) CROSS JOIN LATERAL"
    f" (SELECT count(*) FILTER (WHERE {_USED})::int AS used, count(*) FILTER (WHERE {_DOUBLE})::int AS double_bound,"
    " count(*) FILTER (WHERE i.voided_at IS NOT NULL)::int AS voided,"
    f" count(*) FILTER (WHERE i.voided_at IS NOT NULL AND NOT {_USED})::int AS voided_unused"
    " FROM issued_code i WHERE i.run_id = ro.run_id) n"
)


def certificate(session: Session, run_id: UUID) -> str | None:
    """Return the signed certificate of a roll, held until the transaction ends; None if there is none yet."""
    found: str | None = session.execute(
        text("SELECT certificate FROM roll WHERE run_id = :run FOR UPDATE"), {"run": run_id}
    ).scalar_one_or_none()
    return found


def keep_certificate(session: Session, run_id: UUID, envelope: str) -> None:
    """Keep the signed certificate of a roll."""
    session.execute(
        text("UPDATE roll SET certificate = :envelope WHERE run_id = :run"), {"run": run_id, "envelope": envelope}
    )


def serials(session: Session, run_id: UUID) -> list[str]:
    """Return the serials of a run in the order of their numbers."""
    rows = session.execute(
        text("SELECT serial FROM issued_code WHERE run_id = :run ORDER BY position"), {"run": run_id}
    )
    return [row.serial for row in rows]


def numbers(session: Session, run_id: UUID) -> list[RollNumber]:
    """Return the numbers of a roll in order."""
    rows = session.execute(
        text(
            f"SELECT i.position AS number, {_USED} AS used, {_DOUBLE} AS double_bound,"
            " i.voided_at IS NOT NULL AS voided FROM issued_code i WHERE i.run_id = :run ORDER BY i.position"
        ),
        {"run": run_id},
    )
    return [RollNumber(**row._mapping) for row in rows]


def units_of(session: Session, run_id: UUID, positions: Collection[int]) -> list[str]:
    """Return the units of these numbers of a run, in their order."""
    rows = session.execute(
        text("SELECT unit_id FROM issued_code WHERE run_id = :run AND position = ANY(:numbers) ORDER BY position"),
        {"run": run_id, "numbers": sorted(positions)},
    )
    return [row.unit_id for row in rows]


def open_lots_named(
    session: Session, lot: str, scope: Scope, *, consignment_id: UUID | None, gtin: str | None
) -> list[BindLot]:
    """Return the lots of this name, printed or the maker's, that rolls of the scope's stations may be bound to.

    Their import stands until the commit.
    """
    within = Within(scope=scope)
    rows = session.execute(
        text(
            f"SELECT {_LOTS} WHERE c.state = 'open' AND (l.lot = :lot OR l.maker_lot = :lot)"
            " AND (CAST(:consignment AS uuid) IS NULL OR l.consignment_id = :consignment)"
            f" AND (CAST(:gtin AS text) IS NULL OR l.gtin = :gtin) AND {within.thing(Kind.ROLL, at='c.station_gln')}"
            " ORDER BY l.lot_id LIMIT 20 FOR SHARE OF c"
        ),
        within.values | {"lot": lot, "consignment": consignment_id, "gtin": gtin},
    )
    return [BindLot(**row._mapping) for row in rows]


def open_lots_of_facts(session: Session, hashes: Collection[bytes]) -> dict[bytes, BindLot]:
    """Return the lots that these facts name, as far as their import stands; it cannot be undone until the commit."""
    rows = session.execute(
        text(
            f"SELECT l.facts_hash, {_LOTS} WHERE c.state = 'open' AND l.facts_hash = ANY(CAST(:hashes AS bytea[]))"
            " ORDER BY l.lot_id FOR SHARE OF c"
        ),
        {"hashes": sorted(hashes)},
    )
    found = {}
    for row in rows:
        values = dict(row._mapping)
        digest = bytes(values.pop("facts_hash"))
        found[digest] = BindLot(**values)
    return found


_LOTS = "l.lot_id, l.consignment_id, c.station_gln, l.gtin, l.lot FROM lot l JOIN consignment c USING (consignment_id)"


def unit_of(session: Session, scan: Scan, scope: Scope) -> str | None:
    """Return the unit of the issued code that a scan names by serial or unit, if its station is in the scope."""
    within = Within(scope=scope)
    column = "unit_id" if scan.serial is None else "serial"
    found: str | None = session.execute(
        text(
            "SELECT i.unit_id FROM issued_code i JOIN code_run r USING (run_id)"
            f" WHERE i.{column} = :named AND {within.thing(Kind.CODE, at='r.station_gln')}"
        ),
        within.values | {"named": scan.unit_id if scan.serial is None else scan.serial},
    ).scalar_one_or_none()
    return found


def lock_codes(session: Session, units: Collection[str], scope: Scope) -> dict[str, RollCode]:
    """Return issued codes of the scope by unit, held until the transaction ends.

    Locks are taken in one order by everybody, and none of codes that are out of scope.
    """
    within = Within(scope=scope)
    values = within.values | {"units": sorted(units)}
    mine = within.thing(Kind.CODE, at="r.station_gln")
    session.execute(
        text(
            "SELECT 1 FROM issued_code i JOIN code_run r USING (run_id)"
            f" WHERE i.unit_id = ANY(CAST(:units AS text[])) AND {mine} ORDER BY i.unit_id FOR NO KEY UPDATE OF i"
        ),
        values,
    )
    # Read after the wait for the locks, so that what others committed meanwhile is seen.
    rows = session.execute(
        text(
            "SELECT i.unit_id, i.run_id, i.position AS number, r.station_gln, ro.gtin, ro.bind_until,"
            " CASE WHEN c.state = 'open' THEN i.lot_id END AS lot_id, i.voided_at IS NOT NULL AS voided,"
            " COALESCE(i.lot_id, (SELECT u.lot_id FROM unit u WHERE u.unit_id = i.unit_id)) AS left_lot_id"
            " FROM issued_code i JOIN code_run r USING (run_id) LEFT JOIN roll ro ON ro.run_id = i.run_id"
            " LEFT JOIN lot l ON l.lot_id = i.lot_id LEFT JOIN consignment c ON c.consignment_id = l.consignment_id"
            f" WHERE i.unit_id = ANY(CAST(:units AS text[])) AND {mine}"
        ),
        values,
    )
    return {row.unit_id: RollCode(**row._mapping) for row in rows}


def code_hashes(session: Session, units: Collection[str]) -> dict[str, bytes]:
    """Return what each code of a roll signs, as a hash; codes that are not of a roll are left out."""
    rows = session.execute(
        text(
            "SELECT i.unit_id, i.code_hash FROM issued_code i JOIN roll USING (run_id)"
            " WHERE i.unit_id = ANY(CAST(:units AS text[]))"
        ),
        {"units": sorted(units)},
    )
    return {row.unit_id: bytes(row.code_hash) for row in rows}


def keep_bindings(session: Session, bindings: Sequence[BindingRecord]) -> None:
    """Note bindings, and give the applied ones their lot; the same binding again changes nothing."""
    if not bindings:
        return
    session.execute(
        text(
            "INSERT INTO roll_binding AS b (binding_id, unit_id, lot_id, bound_at, bound_by, applied)"
            " VALUES (:binding_id, :unit_id, :lot_id, :bound_at, :bound_by, :applied)"
            " ON CONFLICT (unit_id, lot_id) DO UPDATE SET applied = true WHERE EXCLUDED.applied AND NOT b.applied"
        ),
        [vars(each) for each in bindings],
    )
    applied = [each for each in bindings if each.applied]
    values = {"units": [each.unit_id for each in applied], "lots": [each.lot_id for each in applied]}
    told = "unnest(CAST(:units AS text[]), CAST(:lots AS bigint[])) AS v(unit_id, lot_id)"
    session.execute(text(f"UPDATE issued_code i SET lot_id = v.lot_id FROM {told} WHERE i.unit_id = v.unit_id"), values)
    # A label that was scanned before it was bound has a record already; units are locked in the order of their keys.
    session.execute(
        text("SELECT 1 FROM unit WHERE unit_id = ANY(CAST(:units AS text[])) ORDER BY unit_pk FOR NO KEY UPDATE"),
        {"units": values["units"]},
    )
    session.execute(text(f"UPDATE unit u SET lot_id = v.lot_id FROM {told} WHERE u.unit_id = v.unit_id"), values)


def mark_voided(session: Session, units: Collection[str], at: datetime) -> None:
    """Note that codes are void; the first moment stays."""
    session.execute(
        text(
            "UPDATE issued_code SET voided_at = :at WHERE unit_id = ANY(CAST(:units AS text[])) AND voided_at IS NULL"
        ),
        {"units": sorted(units), "at": at},
    )
