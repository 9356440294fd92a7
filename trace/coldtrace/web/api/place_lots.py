"""GET /api/v1/sites/{gln}/lots and /near-expiry, and both as files: what of each lot is at a place, and until when."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response
from sqlmodel import Session

from coldtrace.codes.gln import parse_gln
from coldtrace.custody import city_rules, place_lots
from coldtrace.custody.place_lots import LONGEST_QUERY, PAGE_MAX, PlaceLot
from coldtrace.env import Env
from coldtrace.parties import store as parties
from coldtrace.parties.model import Site
from coldtrace.parties.refusals import SiteUnknown
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import Caller, CurrentEnv, ReadSession, needs
from coldtrace.web.csv_file import csv_file
from coldtrace.web.formats import LOCAL
from coldtrace.web.refusals import InvalidRequest

router = APIRouter(prefix="/api/v1/sites", tags=["stock"])

Reader = Annotated[Caller, needs(Kind.UNIT, Verb.READ)]
Exporter = Annotated[Caller, needs(Kind.UNIT, Verb.READ, act="export", purpose_required=True)]
Gln = Annotated[str, Path(max_length=13, examples=["9521234000013"])]
Search = Annotated[
    str,
    Query(max_length=LONGEST_QUERY, description="How a lot number, product code or name begins 批号、条码或品名开头"),
]
After = Annotated[str | None, Query(max_length=200)]
Limit = Annotated[int, Query(ge=1, le=PAGE_MAX)]
COLUMNS = ("gln", "gtin", "lot", "product_zh", "product_en", "quantity", "last_day", "days_left", "near")
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {}}, "description": "One row for each lot and last day"}
}


@router.get("/{gln}/lots", summary="Stock by lot 按批次的库存")
def get_lots(
    gln: Gln,
    session: ReadSession,
    env: CurrentEnv,
    caller: Reader,
    search: Search = "",
    after: After = None,
    limit: Limit = 50,
) -> dict[str, object]:
    """Return how many packages of each lot stand at a place, packed, loose or by quantity, with their last day.

    `next` is the `after` of the following page.  Goods without a lot are in `/stock` alone.
    """
    site, today = seen_site(session, caller, gln), today_of(env)
    found = place_lots.place_lots(session, site.gln, today=today, search=search, after=cursor_of(after), limit=limit)
    return _page(caller, site.gln, found, today, limit)


@router.get("/{gln}/near-expiry", summary="Goods near their last day 临期货物")
def get_near_expiry(
    gln: Gln, session: ReadSession, env: CurrentEnv, caller: Reader, after: After = None, limit: Limit = 50
) -> dict[str, object]:
    """Return the lots at a place that are near their last day by the rules of its city, or past it, the earliest first.

    `rules` are those in force there: none where none is kept for the city; `confirmed` is false until somebody compared
    one with the city's own text.
    """
    site, today = seen_site(session, caller, gln), today_of(env)
    found = place_lots.near_expiry(session, site.gln, today=today, after=cursor_of(after), limit=limit)
    rules = [
        {"shelf_days_min": each.shelf_days_min, "days_before": each.days_before, "confirmed": each.confirmed}
        for each in city_rules.rules_at(session, site.gln, today=today)
    ]
    return _page(caller, site.gln, found, today, limit) | {"rules": rules}


@router.get(
    "/{gln}/lots.csv", response_class=Response, responses=_FILE, summary="Lots in stock, a file 按批次的库存文件"
)  # fmt: skip
def get_lots_file(gln: Gln, request: Request, session: ReadSession, caller: Exporter, search: Search = "") -> Response:
    """Stream all of it as CSV.  It is an export: say what for (header `Coldtrace-Purpose`)."""
    return file_of(request, session, caller, gln, near=False, search=search)


@router.get(
    "/{gln}/near-expiry.csv", response_class=Response, responses=_FILE, summary="Near the last day, a file 临期货物文件"
)  # fmt: skip
def get_near_expiry_file(gln: Gln, request: Request, session: ReadSession, caller: Exporter) -> Response:
    """Stream all of it as CSV.  It is an export: say what for (header `Coldtrace-Purpose`)."""
    return file_of(request, session, caller, gln, near=True)


def seen_site(session: Session, caller: Caller, gln: str) -> Site:
    """Return a place that the caller may look at; raise SiteUnknown for any other."""
    site = parties.site_in(session, parse_gln(gln), caller.scope, Kind.UNIT)
    if site is None:
        raise SiteUnknown(gln=gln)
    return site


def today_of(env: Env) -> date:
    """Return the day as the places of this service have it."""
    return env.clock().astimezone(LOCAL).date()


def cursor_of(after: str | None) -> str | None:
    """Return a cursor as it came; raise InvalidRequest for what is none."""
    if after is not None:
        try:
            place_lots.read_cursor(after)
        except ValueError:
            raise InvalidRequest(where="query.after", what="next") from None
    return after


def is_near(found: PlaceLot, today: date) -> bool:
    """Tell whether a lot is near its last day there, or past it."""
    return found.last_day is not None and (found.last_day - today).days <= (
        -1 if found.days_before is None else found.days_before
    )


def file_of(request: Request, session: Session, caller: Caller, gln: str, *, near: bool, search: str = "") -> Response:
    """Return the lots of a place as a file that leaves row by row."""
    site = seen_site(session, caller, gln)
    caller.at([site.gln])
    name = "near-expiry" if near else "stock-by-lot"
    return csv_file(request, f"{name}-{site.gln}.csv", COLUMNS, _rows(request, site.gln, near=near, search=search))


def _rows(request: Request, gln: str, *, near: bool, search: str) -> Iterator[Sequence[str]]:
    state, today = request.app.state, today_of(request.app.state.env)
    with state.sessions() as session:
        for each in place_lots.all_lots(session, gln, today=today, near=near, search=search):
            yield (
                gln,
                each.gtin,
                each.lot,
                each.name_zh or "",
                each.name_en or "",
                str(each.quantity),
                "" if each.last_day is None else each.last_day.isoformat(),
                "" if each.last_day is None else str((each.last_day - today).days),
                "yes" if is_near(each, today) else "no",
            )


def _page(caller: Caller, gln: str, found: list[PlaceLot], today: date, limit: int) -> dict[str, object]:
    caller.at([gln])
    caller.told(rows=len(found))
    return {
        "site": gln,
        "lots": [lot_json(each, today) for each in found],
        "next": found[-1].cursor if len(found) == limit else None,
    }


def lot_json(found: PlaceLot, today: date) -> dict[str, object]:
    """Return one row; `days_left` is below zero where its last day is past."""
    return {
        "gtin": found.gtin or None,
        "lot": found.lot,
        "product": None if found.name_zh is None else {"zh": found.name_zh, "en": found.name_en},
        "quantity": found.quantity,
        "last_day": None if found.last_day is None else found.last_day.isoformat(),
        "days_left": None if found.last_day is None else (found.last_day - today).days,
        "shelf_days": found.shelf_days,
        "days_before": found.days_before,
        "near": is_near(found, today),
    }
