"""GET /api/v1/units/{id}: where a unit is and its story."""

from typing import Annotated

from fastapi import APIRouter, Path
from sqlmodel import Session

from coldtrace.clock import format_utc
from coldtrace.custody.refusals import UnitUnknown
from coldtrace.custody.unit_view import view_unit
from coldtrace.events.unit_id import read_unit_id
from coldtrace.goods.stop_store import stop_of
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import Caller, ReadSession, needs

router = APIRouter(prefix="/api/v1/units", tags=["units"])
CHILDREN_MAX = 1000


@router.get("/{unit:path}", summary="One unit 单个货物")
def get_unit(
    unit: Annotated[str, Path(max_length=400, examples=["(01)19521234543210(21)7QK4M2ZX9RTB"])],
    session: ReadSession,
    caller: Annotated[Caller, needs(Kind.UNIT, Verb.READ)],
) -> dict[str, object]:
    """Return state, place, parent, children, stop and story of a unit: `(01)gtin(21)serial` or `(00)sscc`.

    The story has the statements that the caller may see; state, place, parent and children are null or left out where
    these do not tell them, and `hidden` names which of them, and `history` if the story has more.
    """
    read_unit_id(unit)
    view = view_unit(session, caller.scope, unit, inside_max=CHILDREN_MAX)
    if view is None:
        raise UnitUnknown(unit=unit)
    caller.at(line.gln for line in view.lines)
    caller.told(lines=len(view.lines))
    return {
        "id": view.unit_id,
        "state": view.state,
        "site": view.gln,
        "to": view.to_gln,
        "parent": view.parent,
        "children": list(view.inside),
        "hidden": list(view.hidden),
        "stop": _stop(session, unit),
        "history": [
            {
                "id": str(line.entry_id),
                "type": line.type,
                "unit": line.unit,
                "role": line.role,
                "site": line.gln,
                "to": line.to_gln,
                "at": format_utc(line.claimed_at),
                "recorded_at": format_utc(line.recorded_at),
                "status": line.status,
                "marks": list(line.marks),
            }
            for line in view.lines
        ],
    }


def _stop(session: Session, unit: str) -> dict[str, object] | None:
    """Return why the unit may not go on: `revoked_unit`, `recalled_lot`, or `revoked` for a stolen key's; else null."""
    found = stop_of(session, unit)
    return None if found is None else {"code": found.code, "reason": found.reason, "at": format_utc(found.at)}
