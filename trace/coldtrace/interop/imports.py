"""Importing a broker's workbook: all of it or nothing, and undone until something of it has left."""

from dataclasses import dataclass, field
from hashlib import sha256
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.custody.correction_store import ANNULLED
from coldtrace.custody.model import BLOCKING
from coldtrace.env import Env
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
    """Count the units of a consignment that have left: shipped, sold or seen elsewhere, by themselves or on a pallet.

    The units and what they are in stay locked until the commit, so that nothing leaves meanwhile.
    """
    values = {"id": consignment_id, "blocking": sorted(BLOCKING)}
    session.execute(
        text(
            f"WITH mine AS ({_MINE}) SELECT 1 FROM unit WHERE unit_pk IN (SELECT unit_pk FROM mine"
            " UNION SELECT parent_pk FROM mine UNION SELECT root_pk FROM mine) ORDER BY unit_pk FOR NO KEY UPDATE"
        ),
        values,
    )
    return int(
        session.execute(
            text(
                f"WITH RECURSIVE mine AS ({_MINE}), around (unit_pk, here, since, till) AS ("
                " SELECT unit_pk, unit_pk, CAST('-infinity' AS timestamptz), CAST('infinity' AS timestamptz) FROM mine"
                " UNION SELECT a.unit_pk, c.parent_pk, GREATEST(c.from_at, a.since), LEAST(c.to_at, a.till)"
                " FROM around a JOIN containment c ON c.child_pk = a.here"
                " AND c.from_at < a.till AND c.to_at > a.since)"
                " SELECT count(DISTINCT a.unit_pk) FROM around a JOIN statement_line l ON l.unit_pk = a.here"
                " AND l.event_at BETWEEN a.since AND a.till AND NOT l.marks && CAST(:blocking AS text[])"
                " JOIN statement s USING (entry_id) JOIN consignment c ON c.consignment_id = :id"
                f" WHERE s.status = 'accepted' AND NOT {ANNULLED.format(statement='s')}"
                " AND (s.type IN ('ship', 'sell') OR s.gln <> c.station_gln)"
            ),
            values,
        ).scalar_one()
    )


_MINE = (
    "SELECT u.unit_pk, u.parent_pk, u.root_pk FROM code_run r JOIN issued_code i USING (run_id)"
    " JOIN unit u ON u.unit_id = i.unit_id WHERE r.consignment_id = :id"
    # Labels of rolls that were bound to a lot of it.
    " UNION SELECT u.unit_pk, u.parent_pk, u.root_pk FROM lot l JOIN issued_code i USING (lot_id)"
    " JOIN unit u ON u.unit_id = i.unit_id WHERE l.consignment_id = :id"
)
