"""Importing a broker's workbook: all of it or nothing, and undone until something of it has left."""

from dataclasses import dataclass, field
from hashlib import sha256
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.custody import unit_store
from coldtrace.custody.correction_store import ANNULLED
from coldtrace.custody.model import BLOCKING
from coldtrace.env import Env
from coldtrace.events.unit_id import lot_unit
from coldtrace.goods import run_store
from coldtrace.goods import service as goods
from coldtrace.goods import store as goods_store
from coldtrace.goods.plan import Identity
from coldtrace.goods.refusals import AlreadyShipped, AlreadyUndone, ConsignmentUnknown
from coldtrace.goods.service import OpenConsignment, OpenedConsignment
from coldtrace.interop.workbook.layout import Taught
from coldtrace.interop.workbook.reader import ImportResult, read_workbook
from coldtrace.rights.model import Scope


@dataclass(frozen=True, kw_only=True)
class ImportWorkbook:
    """A workbook as it came.  With `dry_run` it is read and judged, and nothing is kept."""

    data: bytes
    filename: str
    scope: Scope
    """The stations and importers for which whoever imports may."""
    station_gln: str | None = None
    dry_run: bool = False
    carton_identity: Identity = Identity.OWN
    """What names the cartons of lines without a GTIN."""
    taught: Taught = field(default_factory=dict)
    """What headings of this broker mean (`broker_headings.py`)."""


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What was understood, and what it became; `opened` is None when there were errors or nothing was kept."""

    result: ImportResult
    opened: OpenedConsignment | None

    def to_json(self) -> dict[str, object]:
        """Return the answer of interfaces: figures, what was normalised, warnings, errors."""
        packing = self.result.packing
        return {
            "consignment": None if self.opened is None else str(self.opened.consignment_id),
            "run": None if self.opened is None else str(self.opened.run_id),
            "cartons": None if packing is None else packing.cartons,
            "pallets": None if packing is None else len(packing.pallets),
            "lots": None if packing is None else len(packing.lots),
            "net_g": None if packing is None else packing.net_g,
            "normalised": [each.to_json() for each in self.result.normalised],
            "warnings": [each.to_json() for each in self.result.warnings],
            "errors": [each.to_json() for each in self.result.errors],
        }


def import_workbook(session: Session, env: Env, command: ImportWorkbook) -> Imported:
    """Read a workbook and keep it as a consignment with the first of its codes; one with errors keeps nothing.

    The door draws the others (`goods.draw.draw_rest`).  Raises what `open_consignment` raises, and the reader's refusal
    of a file that is no workbook.  The caller owns the transaction.
    """
    result = read_only(env, command)
    if result.packing is None or result.errors:
        return Imported(result=result, opened=None)
    goods.check_required(result.packing)
    goods.station_for(session, result.packing, command.station_gln, command.scope)
    if command.dry_run:
        return Imported(result=result, opened=None)
    opened = goods.open_consignment(
        session,
        env,
        OpenConsignment(
            packing=result.packing,
            station_gln=command.station_gln,
            scope=command.scope,
            carton_identity=command.carton_identity,
            source_name=command.filename[:200],
            source_hash=sha256(command.data).digest(),
            normalised=[each.to_json() for each in result.normalised],
            warnings=[each.to_json() for each in result.warnings],
        ),
    )
    return Imported(result=result, opened=opened)


def read_only(env: Env, command: ImportWorkbook) -> ImportResult:
    """Read a workbook without asking whose it is."""
    return read_workbook(command.data, filename=command.filename, today=env.clock().date(), taught=command.taught)


def is_drawn(session: Session, consignment_id: UUID) -> bool:
    """Tell whether all codes of an import exist."""
    run = run_store.run_of_consignment(session, consignment_id)
    return run is not None and run.is_drawn


def undo_import(session: Session, env: Env, consignment_id: UUID, scope: Scope) -> None:
    """Take an import of the scope back; its codes become unregistered.

    Raises ConsignmentUnknown, AlreadyUndone, and AlreadyShipped once something of it has left.
    Statements that were made about its cartons stay: they happened.
    """
    state = goods_store.consignment_state(session, consignment_id, scope)
    if state is None:
        raise ConsignmentUnknown(id=str(consignment_id))
    if state == "undone":
        raise AlreadyUndone(id=str(consignment_id))
    left = _units_that_left(session, consignment_id)
    if left:
        raise AlreadyShipped(id=str(consignment_id), count=left)
    goods_store.mark_undone(session, consignment_id, env.clock())


def _units_that_left(session: Session, consignment_id: UUID) -> int:
    """Count the units of a consignment that have left: shipped, sent back, sold or seen elsewhere, by themselves or on
    a pallet; its lots by quantity are one unit each, and what was made of them, or got a new label, counts too.

    Nobody scans until the commit, so that nothing leaves meanwhile: neither what has a record nor what has none yet.
    """
    unit_store.lock_for_lots(session)
    lots = session.execute(text("SELECT gtin, lot FROM lot WHERE consignment_id = :id"), {"id": consignment_id})
    values = {
        "id": consignment_id,
        "lots": [lot_unit(gtin=row.gtin, lot=row.lot) for row in lots if row.gtin is not None],
        "blocking": sorted(BLOCKING),
    }
    return int(session.execute(text(_LEFT), values).scalar_one())


_STANDS = f"s.status = 'accepted' AND NOT {ANNULLED.format(statement='s')}"
_IS_LOT = "substr({unit}, 19, 4) = '(10)'"
_MINE = (
    "SELECT u.unit_pk FROM code_run r JOIN issued_code i USING (run_id) JOIN unit u ON u.unit_id = i.unit_id"
    " WHERE r.consignment_id = :id"
    # Labels of rolls that were bound to a lot of it, and new labels on goods of one.
    " UNION SELECT u.unit_pk FROM lot l JOIN unit u USING (lot_id) WHERE l.consignment_id = :id"
    " UNION SELECT unit_pk FROM unit WHERE unit_id = ANY(CAST(:lots AS text[]))"
    " UNION SELECT o.unit_pk FROM mine m JOIN unit iu ON iu.unit_pk = m.unit_pk"
    " JOIN statement_line i ON i.unit_pk = m.unit_pk AND i.role = 'input' AND NOT i.marks && CAST(:blocking AS text[])"
    " JOIN statement_line o ON o.entry_id = i.entry_id AND o.role = 'output'"
    " AND NOT o.marks && CAST(:blocking AS text[]) JOIN statement s ON s.entry_id = i.entry_id"
    f" JOIN own ON s.recorded_at >= own.imported_at WHERE {_STANDS}"
    " AND (s.type <> 'relabel' OR COALESCE(o.details ->> 'from', iu.unit_id) = iu.unit_id)"
)
_LEFT = (
    "WITH RECURSIVE own AS (SELECT station_gln, imported_at FROM consignment WHERE consignment_id = :id),"
    f" mine (unit_pk) AS ({_MINE}), around (unit_pk, here, since, till) AS ("
    " SELECT unit_pk, unit_pk, CAST('-infinity' AS timestamptz), CAST('infinity' AS timestamptz) FROM mine"
    " UNION SELECT a.unit_pk, c.parent_pk, GREATEST(c.from_at, a.since), LEAST(c.to_at, a.till)"
    " FROM around a JOIN containment c ON c.child_pk = a.here AND c.from_at < a.till AND c.to_at > a.since)"
    " SELECT count(DISTINCT a.unit_pk) FROM around a JOIN statement_line l ON l.unit_pk = a.here"
    " AND l.event_at BETWEEN a.since AND a.till AND NOT l.marks && CAST(:blocking AS text[])"
    f" JOIN unit u ON u.unit_pk = a.unit_pk JOIN statement s USING (entry_id) CROSS JOIN own WHERE {_STANDS}"
    " AND (s.type IN ('ship', 'return', 'sell') OR s.gln <> own.station_gln)"
    # A lot of the same name may have come before, and who stops a lot or looks at it elsewhere has none of it: what was
    # shipped of it since may be of this import, and nobody can tell that it is not.
    f" AND (NOT {_IS_LOT.format(unit='u.unit_id')} OR s.recorded_at >= own.imported_at"
    "  AND s.type NOT IN ('hold', 'release', 'recall', 'lift', 'inspect', 'observe', 'sample', 'count', 'temperature'))"
)
