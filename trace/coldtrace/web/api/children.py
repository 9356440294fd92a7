"""GET /api/v1/units/{id}/children: what is in a unit, page by page; of a container there are thousands."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from coldtrace.custody.history import children_page, find_unit
from coldtrace.custody.refusals import UnitUnknown
from coldtrace.custody.unit_view import view_unit
from coldtrace.events.unit_id import read_unit_id
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import Caller, ReadSession, needs

router = APIRouter(prefix="/api/v1/units", tags=["units"])
PAGE_MAX = 1000


@router.get("/{unit:path}/children", summary="What is in a unit 货物的内含")
def get_children(
    unit: Annotated[str, Path(max_length=400)],
    session: ReadSession,
    caller: Annotated[Caller, needs(Kind.UNIT, Verb.READ)],
    after: Annotated[str | None, Query(max_length=400)] = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 200,
) -> dict[str, object]:
    """Return what is directly in a unit now, by unit id; `next` is the `after` of the following page.

    As in the answer about the unit itself, a child is told where the statement that packed it may be seen.
    """
    read_unit_id(unit)
    view = view_unit(session, caller.scope, unit, inside_max=0)
    record = find_unit(session, unit)
    if view is None or record is None:
        raise UnitUnknown(unit=unit)
    found = children_page(session, record.unit_pk, caller.scope, after=after, limit=limit)
    caller.at(line.gln for line in view.lines)
    caller.told(rows=len(found))
    return {"id": unit, "children": found, "next": found[-1] if len(found) == limit else None}
