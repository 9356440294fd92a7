"""GET /api/v1/consignments: what was imported, with its lots, pallets and code runs."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from coldtrace.clock import format_utc
from coldtrace.goods import consignments
from coldtrace.goods.consignments import SEARCH_MAX, FoundLot, FoundPallet, ListedConsignment
from coldtrace.goods.firms import firms_of_consignment
from coldtrace.goods.paper_rules import Channel
from coldtrace.goods.refusals import ConsignmentUnknown
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import Caller, ReadSession, WriteSession, needs
from coldtrace.web.api.body import BodyIn
from coldtrace.web.api.runs import run_json

router = APIRouter(prefix="/api/v1/consignments", tags=["consignments"])
PAGE_MAX = 200
PALLETS_SHOWN = 100
Writer = Annotated[Caller, needs(Kind.CONSIGNMENT, Verb.WRITE, devices=False)]
Reader = Annotated[Caller, needs(Kind.CONSIGNMENT, Verb.READ, devices=False)]

_LIST_EXAMPLE = {
    "consignments": [
        {
            "consignment": "0199f3c1-0000-7000-8000-000000000001",
            "declaration": "020220261000000123",
            "container": "CSQU3054383",
            "station": "9521234000013",
            "importer_zh": "示例进口有限公司",
            "importer_en": "Example Imports Ltd",
            "cartons": 1200,
            "net_g": 23550000,
            "state": "drawn",
            "drawn": 1224,
            "wanted": 1224,
            "imported_at": "2026-11-23T02:10:00Z",
        }
    ],
    "next": None,
}


@router.get(
    "",
    summary="Consignments 批次清单",
    responses={200: {"content": {"application/json": {"example": _LIST_EXAMPLE}}}},
)
def get_consignments(
    session: ReadSession,
    caller: Reader,
    search: Annotated[str, Query(max_length=SEARCH_MAX, description="020220261, CSQU3054383, BR337/0909")] = "",
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
) -> dict[str, object]:
    """Return imported consignments, newest first; `next` is the `after` of the following page.

    `search` is the beginning of a declaration number, or a whole container number or lot.
    """
    found = consignments.list_consignments(session, caller.scope, search=search, after=after, limit=limit)
    caller.about(*firms_of_consignment(session, *(each.consignment_id for each in found)))
    caller.told(rows=len(found))
    return {
        "consignments": [_line(each) for each in found],
        "next": str(found[-1].consignment_id) if len(found) == limit else None,
    }


@router.get("/{consignment_id:uuid}", summary="One consignment 批次详情")
def get_consignment(
    consignment_id: UUID,
    session: ReadSession,
    caller: Reader,
    pallets_after: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
) -> dict[str, object]:
    """Return what a workbook became: its papers as declared, its lots, pallets and code runs.

    `bound` is how many cartons of a lot were commissioned, null for whoever may not see units; runs are those that one
    may read.  `pallets_next` is the `pallets_after` of the following hundred pallets.
    """
    found = consignments.find_consignment(session, consignment_id, caller.scope)
    if found is None:
        raise ConsignmentUnknown(id=str(consignment_id))
    caller.about(*firms_of_consignment(session, consignment_id))
    lots = consignments.lots_of(session, consignment_id, caller.scope_for(Kind.UNIT, Verb.READ))
    pallets = consignments.pallets_of(session, consignment_id, after=pallets_after, limit=PALLETS_SHOWN)
    runs = consignments.runs_of(session, consignment_id, caller.scope_for(Kind.RUN, Verb.READ))
    return _line(found.listed) | {
        "channel": found.channel.value,
        "declared": dict(found.papers),
        "source_name": found.source_name,
        "source_sha256": found.source_hash.hex(),
        "warnings": list(found.warnings),
        "lots": [_lot(each) for each in lots],
        "pallets": [_pallet(each) for each in pallets],
        "pallets_next": pallets[-1].position if len(pallets) == PALLETS_SHOWN else None,
        "runs": [run_json(each) for each in runs],
    }


class ChannelIn(BodyIn):
    """By which channel a consignment was imported."""

    channel: Channel


@router.put("/{consignment_id:uuid}/channel", summary="Channel of a consignment 进口方式")
def put_channel(consignment_id: UUID, body: ChannelIn, session: WriteSession, caller: Writer) -> dict[str, str]:
    """Say by which channel a consignment was imported: policies of papers ask for it.  Until then: general trade."""
    consignments.set_channel(session, consignment_id, caller.scope, body.channel)
    caller.about(*firms_of_consignment(session, consignment_id))
    caller.told(channel=body.channel.value)
    return {"channel": body.channel.value}


def _line(each: ListedConsignment) -> dict[str, object]:
    return {
        "consignment": str(each.consignment_id),
        "declaration": each.declaration_no,
        "container": each.container_no,
        "station": each.station_gln,
        "importer_zh": each.importer_zh,
        "importer_en": each.importer_en,
        "cartons": each.cartons,
        "net_g": each.net_g,
        "state": each.state.value,
        "drawn": each.drawn,
        "wanted": each.wanted,
        "imported_at": format_utc(each.imported_at),
    }


def _lot(each: FoundLot) -> dict[str, object]:
    return {
        "gtin": each.gtin,
        "lot": each.lot,
        "maker_lot": each.maker_lot,
        "production_date": each.production_date,
        "expiry_date": None if each.expiry_date is None else each.expiry_date.isoformat(),
        "spec": each.spec,
        "cartons": each.cartons,
        "net_g": each.net_g,
        "issued": each.issued,
        "bound": each.bound,
    }


def _pallet(each: FoundPallet) -> dict[str, object]:
    return {"pallet": each.name, "unit": each.unit_id, "cartons": each.cartons, "run": str(each.run_id)}
