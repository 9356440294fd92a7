"""Every SQL statement of the goods room."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session

from coldtrace.codes.scan import Scan
from coldtrace.db.plain_sql import text
from coldtrace.rights.model import Kind, Scope
from coldtrace.rights.scopes import Within


@dataclass(frozen=True, kw_only=True)
class ConsignmentRecord:
    """One imported consignment."""

    consignment_id: UUID
    importer_id: UUID
    station_gln: str
    declaration_no: str
    container_no: str
    papers: Mapping[str, object]
    cartons: int
    net_g: int
    source_name: str
    source_hash: bytes
    normalised: Sequence[object]
    warnings: Sequence[object]
    state: str
    imported_at: datetime


@dataclass(frozen=True, kw_only=True)
class LotRecord:
    """One lot of a consignment; `lot` is what codes carry, `maker_lot` what the maker wrote.  Some have no GTIN."""

    consignment_id: UUID
    gtin: str | None
    lot: str
    maker_lot: str
    production_date: str
    expiry_date: date | None
    spec: str
    cartons: int
    net_g: int
    facts: str
    facts_hash: bytes


@dataclass(frozen=True, kw_only=True)
class IssuedCode:
    """One issued code with what a label or a page says of it; `position` is its label's number in the run.

    A code of a pre-issued roll has `roll_count` and the station's names, and facts once it is bound to a lot.
    """

    unit_id: str
    kind: str
    pallet: str
    serial: str | None
    net_g: int | None
    uri: str
    facts: str | None
    lot: str | None
    run_id: UUID
    position: int
    roll_count: int | None
    station_zh: str | None
    station_en: str | None


def open_declaration(session: Session, declaration_no: str, scope: Scope) -> tuple[UUID, bytes] | None:
    """Return the open consignment of a declaration in the scope, and the hash of the file that it came from."""
    within = Within(scope=scope)
    row = session.execute(
        text(
            "SELECT consignment_id, source_hash FROM consignment c"
            f" WHERE declaration_no = :no AND state = 'open' AND {_consignment(within)}"
        ),
        within.values | {"no": declaration_no},
    ).one_or_none()
    return None if row is None else (row.consignment_id, bytes(row.source_hash))


def declarations(session: Session, consignment_ids: Sequence[UUID], scope: Scope) -> dict[UUID, str]:
    """Return the declaration numbers of consignments, of those in the scope."""
    within = Within(scope=scope)
    rows = session.execute(
        text(
            "SELECT consignment_id, declaration_no FROM consignment c"
            f" WHERE consignment_id = ANY(CAST(:ids AS uuid[])) AND {_consignment(within)}"
        ),
        within.values | {"ids": list(consignment_ids)},
    )
    return {row.consignment_id: row.declaration_no for row in rows}


def insert_consignment(session: Session, record: ConsignmentRecord) -> bool:
    """Keep a consignment; return False when its declaration is open already, also by somebody just now."""
    done = session.execute(
        text(
            "INSERT INTO consignment (consignment_id, importer_id, station_gln, declaration_no, container_no, papers,"
            " cartons, net_g, source_name, source_hash, normalised, warnings, state, imported_at) VALUES"
            " (:consignment_id, :importer_id, :station_gln, :declaration_no, :container_no,"
            " CAST(:papers AS jsonb), :cartons, :net_g, :source_name, :source_hash, CAST(:normalised AS jsonb),"
            " CAST(:warnings AS jsonb), :state, :imported_at)"
            " ON CONFLICT (declaration_no) WHERE state = 'open' DO NOTHING RETURNING consignment_id"
        ),
        vars(record)
        | {
            name: json.dumps(getattr(record, name), ensure_ascii=False) for name in ("papers", "normalised", "warnings")
        },
    )
    return done.first() is not None


def stations(session: Session, scope: Scope, kind: Kind) -> list[str]:
    """Return the GLNs of the first stations of a scope, in order."""
    within = Within(scope=scope)
    rows = session.execute(
        text(
            f"SELECT st.gln FROM site st WHERE st.role = 'first_station' AND {within.thing(kind, at='st.gln')}"
            " ORDER BY st.gln"
        ),
        within.values,
    )
    return [row.gln for row in rows]


def keep_product(session: Session, *, gtin: str, name_zh: str, name_en: str, hs_code: str, at: datetime) -> None:
    """Keep a product; the first names stay."""
    session.execute(
        text(
            "INSERT INTO product (gtin, name_zh, name_en, hs_code, created_at) VALUES (:gtin, :zh, :en, :hs, :at)"
            " ON CONFLICT (gtin) DO NOTHING"
        ),
        {"gtin": gtin, "zh": name_zh, "en": name_en, "hs": hs_code, "at": at},
    )


def insert_lot(session: Session, record: LotRecord) -> int:
    """Keep a lot and return its key."""
    return int(
        session.execute(
            text(
                "INSERT INTO lot (consignment_id, gtin, lot, maker_lot, production_date, expiry_date, spec, cartons,"
                " net_g, facts, facts_hash) VALUES (:consignment_id, :gtin, :lot, :maker_lot, :production_date,"
                " :expiry_date, :spec, :cartons, :net_g, :facts, :facts_hash) RETURNING lot_id"
            ),
            vars(record),
        ).scalar_one()
    )


def codes_of_run(session: Session, run_id: UUID) -> Iterator[IssuedCode]:
    """Yield the codes of a run in the order of the labels."""
    rows = session.execute(
        text(_CODE + " WHERE i.run_id = :run ORDER BY i.position").execution_options(yield_per=500),
        {"run": run_id},
    )
    for row in rows:
        yield IssuedCode(**row._mapping)


def codes_after(session: Session, run_id: UUID, position: int, *, limit: int) -> list[IssuedCode]:
    """Return the next codes of a run behind a position, in the order of the labels."""
    rows = session.execute(
        text(_CODE + " WHERE i.run_id = :run AND i.position > :after ORDER BY i.position LIMIT :limit"),
        {"run": run_id, "after": position, "limit": limit},
    )
    return [IssuedCode(**row._mapping) for row in rows]


def codes_on_pallet(session: Session, code: IssuedCode) -> list[IssuedCode]:
    """Return the cartons that a run put before a pallet's own label."""
    rows = session.execute(
        text(_CODE + " WHERE i.run_id = :run AND i.pallet = :pallet AND i.kind = 'unit' ORDER BY i.position"),
        {"run": code.run_id, "pallet": code.pallet},
    )
    return [IssuedCode(**row._mapping) for row in rows]


def code_of_serial(session: Session, serial: str) -> str | None:
    """Return the signed code with this serial, which is unique in the installation; None if it was never issued."""
    row = session.execute(text(_CODE + " WHERE i.serial = :serial"), {"serial": serial}).first()
    return None if row is None else str(row.uri)


def issued_code(session: Session, unit_id: str) -> IssuedCode | None:
    """Return the issued code of one unit."""
    return ask_issued(session, [unit_id])().get(unit_id)


def ask_issued(session: Session, unit_ids: Collection[str]) -> Callable[[], dict[str, IssuedCode]]:
    """Ask for the issued codes of units; what is returned waits for them."""
    rows = session.execute(text(_CODE + " WHERE i.unit_id = ANY(CAST(:units AS text[]))"), {"units": list(unit_ids)})
    return lambda: {row.unit_id: IssuedCode(**row._mapping) for row in rows}


def label_code(session: Session, scan: Scan, scope: Scope) -> IssuedCode | None:
    """Return the issued code that a scan names by serial or unit, if its station is in the scope.

    One query whatever the answer is, so that it takes no longer to refuse one code than another.
    """
    within = Within(scope=scope)
    column = "unit_id" if scan.serial is None else "serial"
    row = session.execute(
        text(f"{_CODE} WHERE i.{column} = :named AND {within.thing(Kind.CODE, at='r.station_gln')}"),
        within.values | {"named": scan.unit_id if scan.serial is None else scan.serial},
    ).first()
    return None if row is None else IssuedCode(**row._mapping)


_CODE = (
    "SELECT i.unit_id, i.kind, i.pallet, i.serial, i.net_g, i.uri, l.facts, l.lot, i.run_id, i.position,"
    " ro.wanted AS roll_count, s.name_zh AS station_zh, s.name_en AS station_en"
    " FROM issued_code i JOIN code_run r ON r.run_id = i.run_id AND (r.kind = 'roll' OR EXISTS"
    " (SELECT 1 FROM consignment o WHERE o.consignment_id = r.consignment_id AND o.state = 'open'))"
    " LEFT JOIN code_run ro ON ro.run_id = r.run_id AND ro.kind = 'roll' LEFT JOIN site s ON s.gln = ro.station_gln"
    " LEFT JOIN (lot l JOIN consignment c ON c.consignment_id = l.consignment_id AND c.state = 'open')"
    " ON l.lot_id = i.lot_id"
)


def open_lots(session: Session, scope: Scope) -> list[tuple[str, str, str]]:
    """Return (gtin, lot, facts) of the lots of open consignments at stations of the scope, newest first.

    A consignment whose codes are not all drawn waits: nobody binds half a run.
    """
    within = Within(scope=scope)
    rows = session.execute(
        text(
            "SELECT l.gtin, l.lot, l.facts FROM lot l JOIN consignment c USING (consignment_id)"
            f" WHERE {within.thing(Kind.WORK, at='c.station_gln')} AND c.state = 'open' AND l.gtin IS NOT NULL"
            " AND NOT EXISTS (SELECT 1 FROM code_run r WHERE r.consignment_id = c.consignment_id"
            " AND r.drawn < r.wanted)"
            " AND EXISTS (SELECT 1 FROM issued_code i"
            " LEFT JOIN unit u USING (unit_id) WHERE i.lot_id = l.lot_id AND (u.state IS NULL OR u.state = 'blank'))"
            " ORDER BY l.lot_id DESC"
        ),
        within.values,
    )
    return [(row.gtin, row.lot, row.facts) for row in rows]


def units_to_bind(
    session: Session, scope: Scope, *, twice: Collection[tuple[str, str]] = (), limit: int
) -> list[tuple[str, list[str]]]:
    """Return (facts, unit ids) of lots at stations of the scope for units whose codes do not say which lot is theirs.

    They are the cartons of lots without a GTIN, labels of rolls once the desk has bound them, and cartons of a lot that
    came `twice`, as (gtin, lot): in two consignments, each with its own facts.  Only what is still to be commissioned
    and not void, newest lots first, at most `limit` units.
    """
    within = Within(scope=scope)
    pairs = sorted(twice)
    rows = session.execute(
        text(
            "SELECT l.lot_id, l.facts, i.unit_id"
            # From two sides, since most codes are of lots with a GTIN and carry their lot.
            " FROM (SELECT i.unit_id, i.lot_id, i.position, i.voided_at FROM lot l JOIN issued_code i USING (lot_id)"
            " WHERE l.gtin IS NULL OR (l.gtin, l.lot) IN"
            " (SELECT * FROM unnest(CAST(:gtins AS text[]), CAST(:lots AS text[])))"
            " UNION SELECT i.unit_id, i.lot_id, i.position, i.voided_at"
            " FROM roll ro JOIN issued_code i USING (run_id) WHERE i.lot_id IS NOT NULL) i"
            " JOIN lot l USING (lot_id) JOIN consignment c USING (consignment_id)"
            " LEFT JOIN unit u ON u.unit_id = i.unit_id"
            f" WHERE {within.thing(Kind.WORK, at='c.station_gln')} AND c.state = 'open' AND i.voided_at IS NULL"
            " AND NOT EXISTS (SELECT 1 FROM code_run r WHERE r.consignment_id = c.consignment_id"
            " AND r.drawn < r.wanted) AND (u.state IS NULL OR u.state = 'blank')"
            " ORDER BY l.lot_id DESC, i.position LIMIT :limit"
        ),
        within.values | {"limit": limit, "gtins": [gtin for gtin, _ in pairs], "lots": [lot for _, lot in pairs]},
    )
    found: dict[int, tuple[str, list[str]]] = {}
    for row in rows:
        found.setdefault(row.lot_id, (row.facts, []))[1].append(row.unit_id)
    return list(found.values())


def consignment_state(session: Session, consignment_id: UUID, scope: Scope) -> str | None:
    """Return `open` or `undone`, locked until the transaction ends; None if the scope has no such consignment."""
    within = Within(scope=scope)
    found: str | None = session.execute(
        text(f"SELECT state FROM consignment c WHERE consignment_id = :id AND {_consignment(within)} FOR UPDATE"),
        within.values | {"id": consignment_id},
    ).scalar_one_or_none()
    return found


def _consignment(within: Within) -> str:
    """Return the condition that a consignment `c` is in the scope."""
    return within.thing(Kind.CONSIGNMENT, at="c.station_gln", importer="c.importer_id")


def mark_undone(session: Session, consignment_id: UUID, at: datetime) -> None:
    """Note that an import was undone; its codes stay known, so that a scan of one says so."""
    session.execute(
        text("UPDATE consignment SET state = 'undone', undone_at = :at WHERE consignment_id = :id"),
        {"id": consignment_id, "at": at},
    )
