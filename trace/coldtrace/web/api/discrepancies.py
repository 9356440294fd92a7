"""GET /api/v1/sites/{gln}/discrepancies: where what was sent to or from a place and what was received differ."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request
from sqlmodel import Session

from coldtrace.codes.gln import parse_gln
from coldtrace.parties import store as parties
from coldtrace.parties.model import Site
from coldtrace.parties.refusals import SiteUnknown
from coldtrace.rights.model import Kind, Verb
from coldtrace.watch import discrepancies
from coldtrace.watch.cases import PAGE_MAX
from coldtrace.web.access import Caller, ReadSession, needs
from coldtrace.web.api.cases import case_json

router = APIRouter(prefix="/api/v1/sites", tags=["cases"])

CaseReader = Annotated[Caller, needs(Kind.CASE, Verb.READ)]
Gln = Annotated[str, Path(max_length=13, examples=["9521234000013"])]


@router.get("/{gln}/discrepancies", summary="Discrepancies of a place 场所的收发差异")
def get_discrepancies(
    gln: Gln,
    request: Request,
    session: ReadSession,
    caller: CaseReader,
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
) -> dict[str, object]:
    """Return the live cases of a place about quantities, refusals and deliveries that did not arrive, newest first.

    They are cases as `/api/v1/cases` has them; `voucher` is the out-scan, see `/api/v1/vouchers/{id}`.  `next` is the
    `after` of the following page.
    """
    site = site_of_cases(session, caller, gln)
    found = discrepancies.discrepancies(session, site.gln, after=after, limit=limit)
    caller.at([site.gln])
    caller.told(rows=len(found))
    return {
        "site": site.gln,
        "discrepancies": [
            case_json(request, caller, case)
            | {"voucher": None if (voucher := discrepancies.voucher_of(case)) is None else str(voucher)}
            for case in found
        ],
        "next": str(found[-1].case_id) if len(found) == limit else None,
    }


def site_of_cases(session: Session, caller: Caller, gln: str) -> Site:
    """Return a place whose cases the caller may see; raise SiteUnknown for any other."""
    site = parties.site_in(session, parse_gln(gln), caller.scope, Kind.CASE)
    if site is None:
        raise SiteUnknown(gln=gln)
    return site
