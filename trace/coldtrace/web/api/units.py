"""GET /api/v1/units/{id}: where a unit is and its story."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from sqlmodel import Session

from coldtrace.clock import format_utc
from coldtrace.custody.as_of import Moment
from coldtrace.custody.derivations import made_into, made_of
from coldtrace.custody.history import View
from coldtrace.custody.model import StockPlace
from coldtrace.custody.overlays import told
from coldtrace.custody.refusals import UnitUnknown
from coldtrace.custody.unit_view import STOCK_MAX, view_unit
from coldtrace.events.unit_id import read_unit_id
from coldtrace.goods.stop_store import stop_of
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import Caller, CurrentEnv, ReadSession, needs
from coldtrace.web.asked import AskedTime
from coldtrace.web.formats import LOCAL

router = APIRouter(prefix="/api/v1/units", tags=["units"])
CHILDREN_MAX = 1000
STORY_MAX = 1000
_STOCK_PLACE = r"^(here|transit):[0-9]{13}:([0-9]{13})?:[0-9A-Za-z]{0,18}$"


@router.get("/{unit:path}", summary="One unit 单个货物")
def get_unit(
    unit: Annotated[str, Path(max_length=400, examples=["(01)19521234543210(21)7QK4M2ZX9RTB"])],
    session: ReadSession,
    env: CurrentEnv,
    caller: Annotated[Caller, needs(Kind.UNIT, Verb.READ)],
    view: View = View.CORRECTED,
    as_of: Annotated[AskedTime | None, Query(examples=["2026-11-28T12:00:00Z"])] = None,
    known_at: Annotated[AskedTime | None, Query(examples=["2026-11-28T12:00:00Z"])] = None,
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=STORY_MAX)] = 200,
    stock_after: Annotated[
        str | None, Query(pattern=_STOCK_PLACE, examples=["here:9521234000020::91120116MA05TE5T1N"])
    ] = None,
) -> dict[str, object]:
    """Return state, place, parent, children, stop and story of a unit: `(01)gtin(21)serial` or `(00)sscc`.

    `as_of` asks how it stood at a moment, by all that is known now; `known_at` what was known of it at a moment.  The
    story has what stands; `view=all` also what was corrected since (`annulled`) and the corrections (`corrects`).

    `overlays` are the kinds of what lies on it now (`hold:firm`, `hold:regulator`, `recall`, `temp_breach`,
    `clone_suspect`, `expired` past its last day), with what it is in and its whole lot; while a case doubts the
    code `clone_suspect` is told too, and then blocks nothing; `counter` is the counter that sells from it;
    `expires_on` its last day, as its import or a later statement has it, whichever comes first; `holder`
    the credit code of the firm of `site`; `stock` how much of a lot is where, as far as the places are the caller's, a
    thousand places at a time: `stock_next` is the `stock_after` of the following ones.  `made_of` are the units that it
    was repacked or relabelled from, `made_into` those that were made of it, the first 200 of each.

    The story has the statements that the caller may see; state, place, parent and children are null or left out where
    these do not tell them, and `hidden` names which of them, and `history`, `made_of`, `made_into` if there is more.
    `history` comes in the order of events; `next` is the `after` of its following page, and `hidden` names `history`
    where something between the statements of this page is not the caller's to see.
    """
    read_unit_id(unit)
    moment = Moment(as_of=_whole_millisecond(as_of), known_at=_whole_millisecond(known_at))
    found = view_unit(
        session,
        caller.scope,
        unit,
        inside_max=CHILDREN_MAX,
        view=view,
        moment=moment,
        stock_after=_stock_place(stock_after),
        stock_max=STOCK_MAX,
        after=after,
        limit=limit,
    )
    if found is None:
        raise UnitUnknown(unit=unit)
    came_of = made_of(session, caller.scope, unit, moment=moment)
    became = made_into(session, caller.scope, unit, moment=moment)
    today = (as_of or env.clock()).astimezone(LOCAL).date()
    caller.at(line.gln for line in found.lines)
    caller.told(lines=len(found.lines))
    return {
        "id": found.unit_id,
        "view": view.value,
        "as_of": None if as_of is None else format_utc(as_of),
        "known_at": None if known_at is None else format_utc(known_at),
        "state": found.state,
        "site": found.gln,
        "holder": found.holder,
        "to": found.to_gln,
        "parent": found.parent,
        "overlays": told(found.overlays, last_day=found.expires_on, today=today, suspected=found.suspected),
        "counter": found.counter,
        "expires_on": None if found.expires_on is None else found.expires_on.isoformat(),
        "stock": [
            {
                "kind": place.kind,
                "site": place.gln,
                "to": place.to_gln or None,
                "owner": place.owner,
                "quantity": quantity,
            }
            for place, quantity in found.stock
        ],
        "stock_next": ":".join(found.stock[-1][0]) if len(found.stock) == STOCK_MAX else None,
        "children": list(found.inside),
        "made_of": list(came_of.units),
        "made_into": list(became.units),
        "hidden": [
            *found.hidden,
            *(() if came_of.complete else ("made_of",)),
            *(() if became.complete else ("made_into",)),
        ],
        "stop": _stop(session, unit, moment),
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
                "annulled": line.annulled,
                "corrects": None if line.corrects is None else str(line.corrects),
            }
            for line in found.lines
        ],
        "next": str(found.lines[-1].entry_id) if found.more else None,
    }


def _stock_place(text: str | None) -> StockPlace | None:
    """Return the place behind which the next page of a lot's stock begins."""
    return None if text is None else StockPlace(*text.split(":"))


def _whole_millisecond(at: datetime | None) -> datetime | None:
    """Return the last microsecond of a moment's millisecond: times are told to the millisecond and kept finer."""
    return None if at is None else at.replace(microsecond=at.microsecond // 1000 * 1000 + 999)


def _stop(session: Session, unit: str, moment: Moment) -> dict[str, object] | None:
    """Return why the unit may not go on: `revoked_unit`, `recalled_lot`, or `revoked` for a stolen key's; else null.

    Of another moment it is a stop of today that was there then.
    """
    found = stop_of(session, unit)
    if found is None or any(at is not None and found.at > at for at in (moment.as_of, moment.known_at)):
        return None
    return {"code": found.code, "reason": found.reason, "at": format_utc(found.at)}
