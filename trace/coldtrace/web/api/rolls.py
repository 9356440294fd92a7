"""Pre-issued rolls: draw, list, certificate, numbers, bind."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field
from sqlmodel import Session

from coldtrace.custody import binding
from coldtrace.env import Env
from coldtrace.events.roll_certificate import NUMBERS_MAX
from coldtrace.events.statement_type import StatementType
from coldtrace.goods import roll_store, rolls
from coldtrace.goods.firms import firms_of_consignment, firms_of_runs
from coldtrace.goods.roll_rules import BindLot, NumberList, format_ranges, ranges_of
from coldtrace.goods.rolls import BIND_DAYS, CODES_MAX, BindCodes, BoundItem, NewRoll
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import Caller, CallerLang, CurrentEnv, ReadSession, WriteSession, needs
from coldtrace.web.api.body import BodyIn
from coldtrace.web.refusals import TooManyItems

router = APIRouter(prefix="/api/v1/rolls", tags=["rolls"])

PAGE_MAX = 200
RANGES_MAX = 1000
BIND_DAYS_MAX = 768

RollReader = Annotated[Caller, needs(Kind.ROLL, Verb.READ)]
RollDrawer = Annotated[Caller, needs(Kind.ROLL, Verb.WRITE, devices=False, act="draw")]
RollBinder = Annotated[Caller, needs(Kind.ROLL, Verb.WRITE, act="bind")]


class RollIn(BodyIn):
    """A roll to draw: for which first station (the only one by default), how many labels, for which product."""

    site: str | None = Field(default=None, max_length=13)
    count: int = Field(ge=1, le=NUMBERS_MAX)
    gtin: str | None = Field(default=None, max_length=14)
    bind_days: int = Field(default=BIND_DAYS, ge=1, le=BIND_DAYS_MAX)


class BindIn(BodyIn):
    """Codes as scanned or keyed in, and the lot; consignment or GTIN where several lots have one name."""

    codes: list[Annotated[str, Field(max_length=8000)]] = Field(min_length=1)
    lot: str = Field(min_length=1, max_length=200)
    consignment: UUID | None = None
    gtin: str | None = Field(default=None, max_length=14)


@router.post("", status_code=201, summary="Draw a roll 预签发卷标")
def post_roll(body: RollIn, request: Request, caller: RollDrawer, env: CurrentEnv) -> dict[str, object]:
    """Draw a roll of signed codes without a lot, and its range certificate.  Needs a token.

    A draw that was broken off goes on with `coldtrace codes resume`; the certificate is made when it is asked for.
    """
    command = NewRoll(
        station_gln=body.site, count=body.count, scope=caller.scope, gtin=body.gtin, bind_days=body.bind_days
    )
    begin = request.app.state.sessions.begin
    with begin() as session:
        run_id = rolls.new_roll(session, env, command)
        caller.named(run_id)
        caller.about(*firms_of_runs(session, [run_id]))
        caller.keep(session)
    return rolls.finish_roll(begin, env, run_id, caller.scope).to_json()


@router.get("", summary="Rolls 卷标清单")
def get_rolls(
    session: ReadSession,
    caller: RollReader,
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
) -> dict[str, object]:
    """Return rolls, newest first; `next` is the `after` of the following page."""
    found = roll_store.list_rolls(session, caller.scope, after=after, limit=limit)
    caller.about(*firms_of_runs(session, [roll.run_id for roll in found]))
    caller.told(rows=len(found))
    return {
        "rolls": [roll.to_json() for roll in found],
        "next": str(found[-1].run_id) if len(found) == limit else None,
    }


@router.post("/bind", summary="Bind labels to a lot 绑定批次")
def post_bind(
    body: BindIn, caller: RollBinder, session: WriteSession, env: CurrentEnv, lang: CallerLang
) -> dict[str, object]:
    """Bind labels of rolls to a lot; each code gets its own answer.

    `bound`, `repeat` (the same again), `double_bound` (it has another lot: kept as a case, not applied), or `refused`
    with the reason.  A device binds for its own site, and only if it may commission.
    """
    lot, items = bind_labels(session, env, caller, body)
    return {
        "lot": lot.lot,
        "gtin": lot.gtin,
        "consignment": str(lot.consignment_id),
        "results": [item.to_json(lang) for item in items],
    }


def bind_labels(session: Session, env: Env, caller: Caller, body: BindIn) -> tuple[BindLot, list[BoundItem]]:
    """Bind labels for a caller, and say so in the journal: for the API and the desk's form."""
    if len(body.codes) > CODES_MAX:
        raise TooManyItems(limit=CODES_MAX, got=len(body.codes))
    command = BindCodes(
        codes=body.codes,
        lot=body.lot,
        by=caller.actor,
        scope=caller.scope,
        consignment_id=body.consignment,
        gtin=body.gtin,
        permitted=caller.device is None or StatementType.COMMISSION in caller.device.operations,
    )
    lot, items = binding.bind_codes(session, env, command)
    caller.named(lot.consignment_id)
    caller.about(*firms_of_consignment(session, lot.consignment_id))
    caller.told(codes=len(items))
    return lot, items


@router.get("/{roll_id:uuid}", summary="One roll 单卷")
def get_roll(roll_id: UUID, session: ReadSession, caller: RollReader) -> dict[str, object]:
    """Return a roll and how many of its numbers are used, unused, double-bound or void."""
    found = rolls.find_roll(session, roll_id, caller.scope)
    caller.about(*firms_of_runs(session, [roll_id]))
    return found.to_json()


@router.get("/{roll_id:uuid}/certificate", summary="Range certificate 卷标证书")
def get_certificate(roll_id: UUID, session: WriteSession, caller: RollReader, env: CurrentEnv) -> dict[str, object]:
    """Return the signed range certificate (docs/formats/rolls.md): `envelope` is its exact text."""
    envelope = rolls.certificate_of(session, env, roll_id, caller.scope)
    caller.about(*firms_of_runs(session, [roll_id]))
    return {"roll": str(roll_id), "envelope": envelope}


@router.get("/{roll_id:uuid}/numbers", summary="Numbers of a roll 卷标序号")
def get_numbers(
    roll_id: UUID,
    session: ReadSession,
    caller: RollReader,
    list: NumberList = NumberList.UNUSED,
    after: Annotated[int, Query(ge=0, le=NUMBERS_MAX)] = 0,
    limit: Annotated[int, Query(ge=1, le=RANGES_MAX)] = 200,
) -> dict[str, object]:
    """Return the unused, skipped, double-bound or voided numbers as ranges of neighbours.

    Skipped are unused numbers with a used one behind them.  `next` is the `after` of the following page.
    """
    numbers = rolls.report(session, roll_id, caller.scope)[list]
    caller.about(*firms_of_runs(session, [roll_id]))
    ranges = ranges_of(number for number in numbers if number > after)
    page = ranges[:limit]
    return {
        "roll": str(roll_id),
        "list": list.value,
        "count": len(numbers),
        "ranges": [[first, last] for first, last in page],
        "text": format_ranges(page),
        "next": page[-1][1] if len(ranges) > limit else None,
    }
