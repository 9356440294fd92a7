"""GET /api/v1/units/{id}/evidence.csv: everything that was said of a unit, as a file for an inspector's desk.

Signed texts begin with `{` or `[`, never as a formula does, so what is hashed stands there as it was signed; keys,
hashes and signatures have `b64:` in front.
"""

from collections.abc import Iterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from coldtrace.custody.evidence import COLUMNS, evidence
from coldtrace.custody.history import View, find_unit
from coldtrace.custody.refusals import UnitUnknown
from coldtrace.custody.story_pages import seen_lines
from coldtrace.custody.unit_view import view_unit
from coldtrace.events.unit_id import read_unit_id
from coldtrace.rights.model import Kind, Scope, Verb
from coldtrace.web.access import Caller, ReadSession, needs
from coldtrace.web.csv_file import csv_file

router = APIRouter(prefix="/api/v1/units", tags=["units"])


@router.get(
    "/{unit:path}/evidence.csv",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}, "description": "One row for each statement"}},
    summary="All evidence of a unit 货物全部证据",
)
def get_evidence(
    unit: Annotated[str, Path(max_length=400)],
    request: Request,
    session: ReadSession,
    caller: Annotated[Caller, needs(Kind.UNIT, Verb.READ, act="export", purpose_required=True)],
) -> Response:
    """Stream every statement of a unit's story that the caller may see, with the exact texts that were signed.

    Also what was corrected since.  It is an export: say what for (header `Coldtrace-Purpose`).  The private piece is
    there where the caller may read it, of the units piece the unit's own line.
    """
    read_unit_id(unit)
    view = view_unit(session, caller.scope, unit, inside_max=0, view=View.ALL, limit=1)
    record = find_unit(session, unit)
    if view is None or record is None:
        raise UnitUnknown(unit=unit)
    count, sites = 0, set()
    for line in seen_lines(session, record.unit_pk, caller.scope, view=View.ALL):
        count += 1
        sites.add(line.gln)
    caller.at(sites)
    caller.told(lines=count)
    pieces = caller.scope_for(Kind.PIECES, Verb.READ)
    rows = _rows(request, record.unit_pk, caller.scope, pieces)
    return csv_file(request, "evidence.csv", COLUMNS, rows)


def _rows(request: Request, unit_pk: int, scope: Scope, pieces: Scope) -> Iterator[Sequence[str]]:
    with request.app.state.sessions() as session:
        yield from evidence(session, pieces, seen_lines(session, unit_pk, scope, view=View.ALL))
