"""Vouchers: the sender's out-scan fills the receiver's in-scan, and shows what differs."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from coldtrace.clock import format_utc
from coldtrace.codes.gln import parse_gln
from coldtrace.custody import vouchers
from coldtrace.custody.refusals import VoucherUnknown
from coldtrace.custody.vouchers import (
    EXTRA_MAX,
    LINES_PAGE_MAX,
    NUMBER_CHARACTERS_MAX,
    PAGE_MAX,
    Direction,
    Receipt,
    Voucher,
)
from coldtrace.parties import store as parties
from coldtrace.parties.refusals import SiteUnknown
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import Caller, ReadSession, needs

router = APIRouter(prefix="/api/v1", tags=["vouchers"])

_EXTRA = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}:[0-9]{1,9}$"

Reader = Annotated[Caller, needs(Kind.PIECES, Verb.READ)]


@router.get("/sites/{gln}/vouchers", summary="Vouchers of a place 场所的出入库凭证")
def get_vouchers(
    gln: Annotated[str, Path(max_length=13)],
    session: ReadSession,
    caller: Reader,
    direction: Direction = "in",
    number: Annotated[str | None, Query(max_length=NUMBER_CHARACTERS_MAX)] = None,
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
) -> dict[str, object]:
    """Return the out-scans that were sent to a place (`direction=in`, also where none is named) or by it (`out`).

    The newest comes first.  `number` asks for those that a person gave this number; `next` is the `after` of the
    following page.
    """
    site = parties.site_in(session, parse_gln(gln), caller.scope, Kind.PIECES)
    if site is None:
        raise SiteUnknown(gln=gln)
    found = vouchers.list_vouchers(session, site.gln, direction=direction, number=number, after=after, limit=limit)
    caller.at({each for one in found for each in (one.gln, one.to_gln)})
    caller.told(rows=len(found))
    return {
        "site": site.gln,
        "vouchers": [_head(one) for one in found],
        "next": str(found[-1].entry_id) if len(found) == limit else None,
    }


@router.get("/vouchers/{id}", summary="One voucher with its lines 出入库凭证")
def get_voucher(
    id: UUID,
    session: ReadSession,
    caller: Reader,
    after: Annotated[int, Query(ge=-1, lt=2**31)] = -1,
    limit: Annotated[int, Query(ge=1, le=LINES_PAGE_MAX)] = 200,
    extra_after: Annotated[
        str | None, Query(pattern=_EXTRA, examples=["01a205b3-d000-7000-8000-000000000001:7"])
    ] = None,
) -> dict[str, object]:
    """Return an out-scan with its lines and what became of each, for its sender and the receiver that it names.

    `items` with state `expected` are what the in-scan begins with.  Of what was `refused`, `received` says by whom and
    why (`refused_for`, null where no reason was given).  `states` and `discrepancies` count over all lines;
    `extra` was received under this voucher (private field `voucher`) and is not on it.  `next` is the `after` of the
    following page of lines, `extra_next` the `extra_after` of the following page of what is extra.
    """
    found = vouchers.open_voucher(session, caller.scope, id, extra_after=_place_of(extra_after))
    if found is None:
        raise VoucherUnknown(id=str(id))
    caller.at([found.head.gln, found.head.to_gln])
    page = [line for line in found.lines if line.line_no > after][:limit]
    caller.told(lines=len(page))
    more = bool(page) and page[-1].line_no < found.lines[-1].line_no
    return _head(found.head) | {
        "states": found.states,
        "discrepancies": found.discrepancies,
        "items": [
            {
                "line": line.line_no,
                "unit": line.unit_id,
                "quantity": line.quantity,
                "gtin": line.gtin,
                "lot": line.lot,
                "expiry": None if line.expiry is None else line.expiry.isoformat(),
                "received_quantity": line.received_quantity,
                "over": line.over,
                "inside": line.inside,
                "inside_received": line.inside_received,
                "state": line.state,
                "marks": list(line.marks),
                "received": None if line.received is None else _receipt(line.received),
            }
            for line in page
        ],
        "extra": [
            {"unit": each.unit_id, "quantity": each.quantity, "received": _receipt(each.received)}
            for each in found.extra
        ],
        "next": page[-1].line_no if more else None,
        "extra_next": f"{found.extra[-1].received.entry_id}:{found.extra[-1].line_no}"
        if len(found.extra) == EXTRA_MAX
        else None,
    }


def _place_of(extra: str | None) -> tuple[UUID, int] | None:
    statement, _, line = (extra or "").partition(":")
    return (UUID(statement), int(line)) if extra is not None else None


def _head(one: Voucher) -> dict[str, object]:
    return {
        "id": str(one.entry_id),
        "number": one.number,
        "type": one.type,
        "from": one.gln,
        "to": one.to_gln,
        "to_name": one.to_name,
        "at": format_utc(one.claimed_at),
        "recorded_at": format_utc(one.recorded_at),
        "status": one.status,
        "annulled": one.annulled,
        "lines": one.lines,
    }


def _receipt(receipt: Receipt) -> dict[str, object]:
    return {
        "id": str(receipt.entry_id),
        "site": receipt.gln,
        "at": format_utc(receipt.claimed_at),
        "marks": list(receipt.marks),
        "refused_for": receipt.refused_for,
    }
