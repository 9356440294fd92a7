"""GET /api/v1/sites/{gln}/stock, /expected and /in-transit: what is at a place, what comes, what left."""

from collections.abc import Callable
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlmodel import Session

from coldtrace.clock import format_utc
from coldtrace.codes.gln import parse_gln
from coldtrace.custody import place_stock
from coldtrace.custody.overlays import told
from coldtrace.custody.place_stock import PAGE_MAX, StockRow
from coldtrace.env import Env
from coldtrace.parties import store as parties
from coldtrace.parties.refusals import SiteUnknown
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import Caller, CurrentEnv, ReadSession, needs
from coldtrace.web.formats import LOCAL

router = APIRouter(prefix="/api/v1/sites", tags=["stock"])

Reader = Annotated[Caller, needs(Kind.UNIT, Verb.READ)]
Gln = Annotated[str, Path(max_length=13, examples=["9521234000013"])]
After = Annotated[str | None, Query(max_length=400)]
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX)]


@router.get("/{gln}/stock", summary="What stands at a place 场所库存")
def get_stock(
    gln: Gln, session: ReadSession, env: CurrentEnv, caller: Reader, after: After = None, limit: Limit = 50
) -> dict[str, object]:
    """Return the units that stand at a place, pallets as one row; `next` is the `after` of the following page."""
    return _page(session, env, caller, gln, "stock", place_stock.stock, after, limit)


@router.get("/{gln}/expected", summary="What is on its way to a place 待收货物")
def get_expected(
    gln: Gln, session: ReadSession, env: CurrentEnv, caller: Reader, after: After = None, limit: Limit = 50
) -> dict[str, object]:
    """Return what senders say is on its way to a place; `voucher` is the out-scan, see `/api/v1/vouchers/{id}`."""
    return _page(session, env, caller, gln, "expected", place_stock.expected, after, limit)


@router.get("/{gln}/in-transit", summary="What a place sent 已发未收")
def get_in_transit(
    gln: Gln, session: ReadSession, env: CurrentEnv, caller: Reader, after: After = None, limit: Limit = 50
) -> dict[str, object]:
    """Return what a place sent and nobody received yet."""
    return _page(session, env, caller, gln, "in_transit", place_stock.in_transit, after, limit)


def _page(
    session: Session,
    env: Env,
    caller: Caller,
    gln: str,
    name: str,
    ask: Callable[..., list[StockRow]],
    after: str | None,
    limit: int,
) -> dict[str, object]:
    site = parties.site_in(session, parse_gln(gln), caller.scope, Kind.UNIT)
    if site is None:
        raise SiteUnknown(gln=gln)
    found = ask(session, site.gln, after=after, limit=limit)
    today = env.clock().astimezone(LOCAL).date()
    caller.at([site.gln])
    caller.told(rows=len(found))
    return {
        "site": site.gln,
        name: [_as_json(row, today) for row in found],
        "next": found[-1].unit_id if len(found) == limit else None,
    }


def _as_json(row: StockRow, today: date) -> dict[str, object]:
    moving = {"from": row.from_gln, "to": row.to_gln, "voucher": None if row.voucher is None else str(row.voucher)}
    parts = [
        {"from": part.from_gln, "to": part.to_gln, "owner": part.owner, "quantity": part.quantity} for part in row.parts
    ]
    return {
        "unit": row.unit_id,
        "state": row.state,
        "quantity": row.quantity,
        "inside": row.inside,
        "overlays": told(row.overlays, last_day=row.expiry, today=today, suspected=row.suspected),
        "overlays_inside": told(row.overlays_inside, last_day=None, today=today, suspected=row.suspected_inside),
        "gtin": row.gtin,
        "lot": row.lot,
        "expiry": None if row.expiry is None else row.expiry.isoformat(),
        "last_at": None if row.last_at is None else format_utc(row.last_at),
    } | (moving if row.from_gln is not None else {"parts": parts} if parts else {})
