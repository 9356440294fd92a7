"""Every SQL statement of the custody room: set-based, without the ORM, because every scan passes here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.custody.model import Holding, Issued, UnitState


@dataclass
class Unit:
    """One unit's record while a batch is worked on; `dirty` once a line has moved it."""

    pk: int
    unit_id: str
    holding: Holding
    parent_pk: int | None
    root_pk: int | None
    last_at: datetime
    is_new: bool
    issued: Issued | None = None
    dirty: bool = False


@dataclass(frozen=True, kw_only=True)
class StatementRecord:
    """One accepted statement as custody keeps it."""

    entry_id: UUID
    header_hash: bytes
    key_id: bytes
    seq: int
    prev: bytes | None
    type: str
    claimed_at: datetime
    event_at: datetime
    recorded_at: datetime
    gln: str
    to_gln: str | None
    to_name: str | None
    status: str
    marks: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class LineRecord:
    """One line of an accepted statement."""

    entry_id: UUID
    line_no: int
    unit_pk: int
    role: str
    parent_pk: int | None
    quantity: int
    event_at: datetime
    marks: tuple[str, ...]


@dataclass(kw_only=True)
class Stay:
    """One stay of a child in a parent; `to_at` is None while it lasts."""

    child_pk: int
    parent_pk: int
    from_at: datetime
    packed_by: UUID
    to_at: datetime | None = None
    unpacked_by: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class PastLine:
    """A stored line of one unit, with what the rules need of its statement."""

    entry_id: UUID
    line_no: int
    type: str
    role: str
    gln: str
    to_gln: str | None
    parent: str | None
    parent_pk: int | None
    event_at: datetime
    status: str
    marks: tuple[str, ...] = field(default=())


def lock_units(session: Session, unit_ids: Iterable[str]) -> dict[str, Unit]:
    """Return the named units and their outermost parents, made on first sight, locked until the commit.

    Locks are taken in the order of the keys, so two batches never wait for each other in a ring.
    """
    names = sorted(set(unit_ids))
    session.execute(
        text(
            "INSERT INTO unit (unit_id, lot_id, state, last_at)"
            " SELECT n.unit_id, i.lot_id, CASE WHEN i.unit_id IS NULL THEN 'unknown' ELSE 'blank' END,"
            " '-infinity' FROM unnest(CAST(:names AS text[])) AS n(unit_id)"
            " LEFT JOIN issued_code i USING (unit_id) WHERE NOT EXISTS"
            " (SELECT 1 FROM unit u WHERE u.unit_id = n.unit_id) ORDER BY n.unit_id"
            " ON CONFLICT (unit_id) DO NOTHING"
        ),
        {"names": names},
    )
    session.execute(
        text(
            "SELECT 1 FROM unit WHERE unit_pk IN (SELECT unit_pk FROM unit WHERE unit_id = ANY(CAST(:names AS text[]))"
            " UNION SELECT root_pk FROM unit WHERE unit_id = ANY(CAST(:names AS text[])))"
            " ORDER BY unit_pk FOR UPDATE"
        ),
        {"names": names},
    )
    rows = session.execute(
        text(
            "SELECT u.unit_pk, u.unit_id, u.state, u.gln, u.to_gln, u.parent_pk, u.root_pk, p.unit_id AS parent,"
            " NULLIF(u.last_at, '-infinity') AS last_at, i.code_hash, r.station_gln, l.facts_hash, l.expiry_date"
            " FROM unit u LEFT JOIN unit p ON p.unit_pk = u.parent_pk"
            " LEFT JOIN issued_code i ON i.unit_id = u.unit_id LEFT JOIN code_run r ON r.run_id = i.run_id"
            " AND EXISTS (SELECT 1 FROM consignment c WHERE c.consignment_id = r.consignment_id AND c.state = 'open')"
            " LEFT JOIN lot l ON l.lot_id = i.lot_id"
            " WHERE u.unit_id = ANY(CAST(:names AS text[])) OR u.unit_pk IN"
            " (SELECT root_pk FROM unit WHERE unit_id = ANY(CAST(:names AS text[])))"
        ),
        {"names": names},
    )
    found = {}
    for row in rows:
        found[row.unit_id] = Unit(
            pk=row.unit_pk,
            unit_id=row.unit_id,
            holding=Holding(state=UnitState(row.state), gln=row.gln, to_gln=row.to_gln, parent=row.parent),
            parent_pk=row.parent_pk,
            root_pk=row.root_pk,
            last_at=row.last_at or EARLIEST,
            is_new=row.last_at is None,
            issued=_issued(row.code_hash, row.station_gln, row.facts_hash, row.expiry_date),
        )
    return found


EARLIEST = datetime.fromisoformat("0001-01-01T00:00:00+00:00")


def _issued(
    code_hash: bytes | None, station_gln: str | None, facts_hash: bytes | None, expiry: date | None
) -> Issued | None:
    if code_hash is None or station_gln is None:
        return None
    return Issued(
        station_gln=station_gln,
        code_hash=bytes(code_hash),
        facts_hash=None if facts_hash is None else bytes(facts_hash),
        expiry=expiry,
    )


def save_units(session: Session, units: Sequence[Unit]) -> None:
    """Write the moved units back."""
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
            "pks": [u.pk for u in units],
            "states": [u.holding.state.value for u in units],
            "glns": [u.holding.gln for u in units],
            "tos": [u.holding.to_gln for u in units],
            "parents": [u.parent_pk for u in units],
            "roots": [u.root_pk for u in units],
            "times": [u.last_at for u in units],
        },
    )


def insert_statements(session: Session, records: Sequence[StatementRecord]) -> None:
    """Keep accepted statements."""
    if records:
        session.execute(
            text(
                "INSERT INTO statement (entry_id, header_hash, key_id, seq, prev, type, claimed_at, event_at,"
                " recorded_at, gln, to_gln, to_name, status, marks) VALUES (:entry_id, :header_hash, :key_id,"
                " :seq, :prev, :type, :claimed_at, :event_at, :recorded_at, :gln, :to_gln, :to_name, :status,"
                " CAST(:marks AS text[]))"
            ),
            [vars(record) | {"marks": list(record.marks)} for record in records],
        )


def insert_lines(session: Session, records: Sequence[LineRecord]) -> None:
    """Keep the lines of accepted statements."""
    if records:
        session.execute(
            text(
                "INSERT INTO statement_line (entry_id, line_no, unit_pk, role, parent_pk, quantity, event_at, marks)"
                " VALUES (:entry_id, :line_no, :unit_pk, :role, :parent_pk, :quantity, :event_at,"
                " CAST(:marks AS text[]))"
            ),
            [vars(record) | {"marks": list(record.marks)} for record in records],
        )


def insert_stays(session: Session, stays: Sequence[Stay]) -> None:
    """Note that children went into parents, and when they left again if they did."""
    if stays:
        session.execute(
            text(
                "INSERT INTO containment (child_pk, parent_pk, from_at, to_at, packed_by, unpacked_by)"
                " VALUES (:child_pk, :parent_pk, :from_at, COALESCE(CAST(:to_at AS timestamptz), 'infinity'),"
                " :packed_by, :unpacked_by)"
            ),
            [vars(stay) for stay in stays],
        )


def close_stays(session: Session, rows: Sequence[tuple[int, datetime, UUID]]) -> None:
    """Note that children left the parent they were in: (child, at, statement)."""
    if rows:
        session.execute(
            text(
                "UPDATE containment SET to_at = GREATEST(:at, from_at), unpacked_by = :by"
                " WHERE child_pk = :child AND to_at = 'infinity'"
            ),
            [{"child": c, "at": at, "by": by} for c, at, by in rows],
        )


def forget_stays(session: Session, child_pk: int) -> None:
    """Drop one unit's stays before they are told again (a projection, not history)."""
    session.execute(text("DELETE FROM containment WHERE child_pk = :pk"), {"pk": child_pk})


def children_of(session: Session, parent_pk: int) -> list[str]:
    """Return the unit ids now in a parent."""
    return [
        row[0]
        for row in session.execute(
            text("SELECT unit_id FROM unit WHERE parent_pk = :pk ORDER BY unit_pk"), {"pk": parent_pk}
        )
    ]


def set_root_below(session: Session, parent_pks: Sequence[int]) -> None:
    """Give everything inside these units its outermost parent again (nested pallets are rare)."""
    session.execute(
        text(
            "WITH RECURSIVE inside AS (SELECT c.unit_pk, COALESCE(p.root_pk, p.unit_pk) AS root_pk"
            " FROM unit c JOIN unit p ON p.unit_pk = c.parent_pk WHERE p.unit_pk = ANY(CAST(:pks AS bigint[]))"
            " UNION ALL SELECT c.unit_pk, i.root_pk FROM unit c JOIN inside i ON c.parent_pk = i.unit_pk)"
            " UPDATE unit u SET root_pk = i.root_pk FROM inside i WHERE u.unit_pk = i.unit_pk"
            " AND u.root_pk IS DISTINCT FROM i.root_pk"
        ),
        {"pks": list(parent_pks)},
    )


def past_lines(session: Session, unit_pk: int) -> list[PastLine]:
    """Return every stored line of one unit in the order of events."""
    rows = session.execute(
        text(
            "SELECT sl.entry_id, sl.line_no, s.type, sl.role, s.gln, s.to_gln, p.unit_id AS parent, sl.parent_pk,"
            " s.event_at, s.status, sl.marks FROM statement_line sl JOIN statement s USING (entry_id)"
            " LEFT JOIN unit p ON p.unit_pk = sl.parent_pk WHERE sl.unit_pk = :pk"
            " ORDER BY s.event_at, s.recorded_at, s.seq, sl.line_no"
        ),
        {"pk": unit_pk},
    )
    return [PastLine(**(dict(row._mapping) | {"marks": tuple(row.marks)})) for row in rows]


def replace_marks(session: Session, rows: Sequence[tuple[UUID, int, Sequence[str]]]) -> None:
    """Set what lines contradict, after a late statement changed what came before them."""
    if rows:
        session.execute(
            text("UPDATE statement_line SET marks = CAST(:marks AS text[]) WHERE entry_id = :entry AND line_no = :no"),
            [{"entry": e, "no": n, "marks": list(m)} for e, n, m in rows],
        )


def units_by_pk(session: Session, pks: Iterable[int]) -> list[str]:
    """Return the unit ids of these keys."""
    rows = session.execute(
        text("SELECT unit_id FROM unit WHERE unit_pk = ANY(CAST(:pks AS bigint[]))"), {"pks": sorted(pks)}
    )
    return [row[0] for row in rows]


def chain_clashes(session: Session, claims: Sequence[tuple[bytes, int]]) -> set[tuple[bytes, int]]:
    """Return those (device key, seq) that another stored statement has taken already."""
    rows = session.execute(
        text(
            "SELECT DISTINCT s.key_id, s.seq FROM statement s JOIN"
            " unnest(CAST(:keys AS bytea[]), CAST(:seqs AS bigint[])) AS c(key_id, seq)"
            " ON s.key_id = c.key_id AND s.seq = c.seq"
        ),
        {"keys": [k for k, _ in claims], "seqs": [s for _, s in claims]},
    )
    return {(bytes(row[0]), int(row[1])) for row in rows}


def registered_glns(session: Session, glns: Iterable[str]) -> set[str]:
    """Return those GLNs that are registered sites."""
    rows = session.execute(
        text("SELECT gln FROM site WHERE gln = ANY(CAST(:glns AS text[]))"), {"glns": sorted(set(glns))}
    )
    return {row[0] for row in rows}
