"""Looking at consignments: the list, and one with its lots, pallets and code runs; and its channel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.errors import Words
from coldtrace.goods.paper_rules import Channel
from coldtrace.goods.refusals import ConsignmentUnknown
from coldtrace.goods.run_store import RunRecord, in_scope
from coldtrace.rights.model import Kind, Scope
from coldtrace.rights.scopes import Within

SEARCH_MAX = 40


class ConsignmentState(StrEnum):
    """How far a consignment is, as a list says it."""

    DRAWING = "drawing"
    DRAWN = "drawn"
    UNDONE = "undone"


CONSIGNMENT_STATE_WORDS: Mapping[ConsignmentState, Words] = {
    ConsignmentState.DRAWING: Words("正在生成追溯码", "Codes are being drawn"),
    ConsignmentState.DRAWN: Words("追溯码已生成", "Codes drawn"),
    ConsignmentState.UNDONE: Words("导入已撤销", "Import undone"),
}


@dataclass(frozen=True, kw_only=True)
class ListedConsignment:
    """One imported consignment, with how many of its codes exist."""

    consignment_id: UUID
    declaration_no: str
    container_no: str
    station_gln: str
    importer_id: UUID
    importer_zh: str
    importer_en: str
    cartons: int
    net_g: int
    imported_at: datetime
    undone_at: datetime | None
    drawn: int
    wanted: int

    @property
    def state(self) -> ConsignmentState:
        """Say how far it is."""
        if self.undone_at is not None:
            return ConsignmentState.UNDONE
        return ConsignmentState.DRAWN if self.drawn == self.wanted else ConsignmentState.DRAWING


@dataclass(frozen=True, kw_only=True)
class FoundConsignment:
    """One consignment with what its workbook said."""

    listed: ListedConsignment
    channel: Channel
    papers: Mapping[str, Any]
    source_name: str
    source_hash: bytes
    warnings: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class FoundLot:
    """One lot of a consignment.  `bound` of `issued` cartons were commissioned; None for whoever may not see units."""

    lot_id: int
    gtin: str | None
    lot: str
    maker_lot: str
    production_date: str
    expiry_date: date | None
    spec: str
    cartons: int
    net_g: int
    facts: str
    issued: int
    bound: int | None


@dataclass(frozen=True, kw_only=True)
class FoundPallet:
    """One pallet as the workbook names it, and the SSCC that it was given."""

    unit_id: str
    name: str
    cartons: int
    run_id: UUID
    position: int


def list_consignments(
    session: Session, scope: Scope, *, search: str = "", after: UUID | None = None, limit: int
) -> list[ListedConsignment]:
    """Return consignments of the scope, newest first, `limit` of them behind `after`; their ids grow with time.

    `search` is the beginning of a declaration number, or a whole container number or lot, as the maker or as our codes
    write it.
    """
    within = Within(scope=scope)
    sought = search.strip()[:SEARCH_MAX]
    rows = session.execute(
        text(
            f"SELECT {_COLUMNS}{_FROM} WHERE {_in_scope(within)}"
            " AND (CAST(:after AS uuid) IS NULL OR c.consignment_id < :after)"
            " AND (:sought = '' OR c.declaration_no LIKE :begins OR c.container_no = upper(:sought) OR EXISTS"
            " (SELECT 1 FROM lot l WHERE l.consignment_id = c.consignment_id AND :sought IN (l.lot, l.maker_lot)))"
            " ORDER BY c.consignment_id DESC LIMIT :limit"
        ),
        within.values | {"after": after, "limit": limit, "sought": sought, "begins": _begins_with(sought)},
    )
    return [ListedConsignment(**row._mapping) for row in rows]


def find_consignment(session: Session, consignment_id: UUID, scope: Scope) -> FoundConsignment | None:
    """Return one consignment of the scope; None if it has none such."""
    within = Within(scope=scope)
    row = session.execute(
        text(
            f"SELECT {_COLUMNS}, c.channel, c.papers, c.source_name, c.source_hash, c.warnings{_FROM}"
            f" WHERE c.consignment_id = :id AND {_in_scope(within)}"
        ),
        within.values | {"id": consignment_id},
    ).one_or_none()
    if row is None:
        return None
    values = dict(row._mapping)
    more = {name: values.pop(name) for name in ("channel", "papers", "source_name", "source_hash", "warnings")}
    more |= {"channel": Channel(more["channel"]), "source_hash": bytes(more["source_hash"])}
    return FoundConsignment(listed=ListedConsignment(**values), **more)


def set_channel(session: Session, consignment_id: UUID, scope: Scope, channel: Channel) -> None:
    """Say by which channel a consignment of the scope came; raise ConsignmentUnknown.  The journal keeps who."""
    within = Within(scope=scope)
    done = session.execute(
        text(
            f"UPDATE consignment c SET channel = :channel WHERE c.consignment_id = :id AND {_in_scope(within)}"
            " RETURNING 1"
        ),
        within.values | {"id": consignment_id, "channel": channel.value},
    )
    if done.first() is None:
        raise ConsignmentUnknown(id=str(consignment_id))


def lots_of(session: Session, consignment_id: UUID, units: Scope) -> list[FoundLot]:
    """Return the lots of a consignment in the order of the sheet; `units` is what the reader sees of units."""
    within = Within(scope=units)
    seen = within.thing(Kind.UNIT, at="c.station_gln", importer="c.importer_id")
    rows = session.execute(
        text(
            "SELECT l.lot_id, l.gtin, l.lot, l.maker_lot, l.production_date, l.expiry_date, l.spec, l.cartons, l.net_g,"
            " l.facts, i.issued, CASE WHEN " + seen + " THEN i.bound END AS bound"
            " FROM lot l JOIN consignment c USING (consignment_id) CROSS JOIN LATERAL"
            " (SELECT count(*) AS issued, count(*) FILTER (WHERE u.state <> 'blank') AS bound"
            " FROM issued_code i LEFT JOIN unit u USING (unit_id) WHERE i.lot_id = l.lot_id AND i.voided_at IS NULL) i"
            " WHERE l.consignment_id = :id ORDER BY l.lot_id"
        ),
        within.values | {"id": consignment_id},
    )
    return [FoundLot(**row._mapping) for row in rows]


def pallets_of(session: Session, consignment_id: UUID, *, after: int, limit: int) -> list[FoundPallet]:
    """Return the pallets of a consignment behind a label's position, in the order of the labels."""
    rows = session.execute(
        text(
            "SELECT p.unit_id, p.pallet AS name, p.run_id, p.position, (SELECT count(*) FROM issued_code i"
            " WHERE i.run_id = p.run_id AND i.pallet = p.pallet AND i.kind = 'unit') AS cartons"
            " FROM code_run r JOIN issued_code p USING (run_id) WHERE r.consignment_id = :id AND p.kind = 'pallet'"
            " AND r.kind = 'consignment' AND p.position > :after ORDER BY p.position LIMIT :limit"
        ),
        {"id": consignment_id, "after": after, "limit": limit},
    )
    return [FoundPallet(**row._mapping) for row in rows]


def runs_of(session: Session, consignment_id: UUID, scope: Scope) -> list[RunRecord]:
    """Return the code runs of a consignment that a right to runs reaches, the oldest first."""
    within = Within(scope=scope)
    rows = session.execute(
        text(
            "SELECT r.run_id, r.kind, r.consignment_id, r.station_gln, r.wanted, r.drawn, r.created_at"
            " FROM code_run r JOIN consignment c USING (consignment_id)"
            f" WHERE r.consignment_id = :id AND c.state = 'open' AND {in_scope(within)} ORDER BY r.run_id"
        ),
        within.values | {"id": consignment_id},
    )
    return [RunRecord(**row._mapping) for row in rows]


_COLUMNS = (
    "c.consignment_id, c.declaration_no, c.container_no, c.station_gln, c.importer_id, o.name_zh AS importer_zh,"
    " o.name_en AS importer_en, c.cartons, c.net_g, c.imported_at, c.undone_at, COALESCE(r.drawn, 0) AS drawn,"
    " COALESCE(r.wanted, 0) AS wanted"
)
_FROM = (
    " FROM consignment c JOIN operator o ON o.operator_id = c.importer_id LEFT JOIN LATERAL"
    " (SELECT sum(drawn)::int AS drawn, sum(wanted)::int AS wanted FROM code_run WHERE consignment_id ="
    " c.consignment_id) r ON true"
)


def _in_scope(within: Within) -> str:
    return within.thing(Kind.CONSIGNMENT, at="c.station_gln", importer="c.importer_id")


def _begins_with(sought: str) -> str:
    return sought.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "%"
