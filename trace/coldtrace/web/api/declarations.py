"""Declarations in two steps: those that are still provisional, with their clock; completing and correcting one."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field
from sqlmodel import Session

from coldtrace.clock import format_utc
from coldtrace.env import Env
from coldtrace.goods import declarations
from coldtrace.goods.consignments import find_consignment
from coldtrace.goods.declarations import (
    FIELD_MAX,
    PROVISIONAL,
    REASON_MAX,
    CompleteDeclaration,
    DeclarationChange,
    DeclarationClock,
    ProvisionalDeclaration,
)
from coldtrace.goods.firms import firms_of_consignment
from coldtrace.goods.refusals import ConsignmentUnknown
from coldtrace.rights.model import Kind, Verb
from coldtrace.settings import Settings
from coldtrace.web.access import Caller, CurrentEnv, CurrentSettings, ReadSession, WriteSession, needs
from coldtrace.web.api.body import BodyIn
from coldtrace.working_days import working_days_of

router = APIRouter(prefix="/api/v1", tags=["consignments"])
PAGE_MAX = 200
Reader = Annotated[Caller, needs(Kind.CONSIGNMENT, Verb.READ, devices=False)]
Writer = Annotated[Caller, needs(Kind.CONSIGNMENT, Verb.WRITE, devices=False)]

_LIST = {
    "declarations": [
        {
            "consignment": "0199f3c1-0000-7000-8000-000000000001",
            "declaration": "E20261123001",
            "container": "CSQU3054383",
            "importer_zh": "示例进口有限公司",
            "importer_en": "Example Imports Ltd",
            "imported_at": "2026-11-23T02:10:00Z",
            "due_at": "2026-11-26T15:59:59Z",
            "overdue": True,
        }
    ],
    "next": None,
}
_ONE = {
    "declaration": "020220261000000123",
    "status": "final",
    "due_at": None,
    "overdue": False,
    "changes": [
        {
            "before": {"declaration_number": "E20261123001", "declaration_status": "provisional"},
            "after": {"declaration_number": "020220261000000123", "declaration_status": "final"},
            "reason": "",
            "by": "person:0199f3c1-0000-7000-8000-0000000000b1",
            "at": "2026-11-25T02:10:00Z",
        }
    ],
}
_Field = Annotated[str | None, Field(max_length=FIELD_MAX)]


class DeclarationIn(BodyIn):
    """The final declaration.  What is left out is as it was declared; a final one is corrected with a `reason`."""

    number: str = Field(min_length=1, max_length=FIELD_MAX, examples=["020220261000000123"])
    container_number: _Field = None
    bill_of_lading: _Field = None
    seal_number: _Field = None
    hs_code: _Field = None
    reason: str = Field(default="", max_length=REASON_MAX)


def clock_of(settings: Settings) -> DeclarationClock:
    """Return the clock of provisional declarations; working days are those of complaints."""
    return DeclarationClock(days=settings.declaration_days, working=working_days_of(settings))


@router.get(
    "/declarations",
    summary="Provisional declarations 待补报关单",
    responses={200: {"content": {"application/json": {"example": _LIST}}}},
)
def get_declarations(
    session: ReadSession,
    env: CurrentEnv,
    settings: CurrentSettings,
    caller: Reader,
    overdue: bool = False,
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
) -> dict[str, object]:
    """Return consignments whose final declaration is still to come, the oldest first; `next` is the next `after`.

    `overdue` are those alone whose working days are over.
    """
    clock, now = clock_of(settings), env.clock()
    came_before = clock.overdue_before(now) if overdue else None
    found = declarations.list_provisional(session, caller.scope, came_before=came_before, after=after, limit=limit)
    caller.about(*firms_of_consignment(session, *(each.consignment_id for each in found)))
    caller.told(rows=len(found))
    return {
        "declarations": [_line(each, clock, now) for each in found],
        "next": str(found[-1].consignment_id) if len(found) == limit else None,
    }


@router.get(
    "/consignments/{consignment_id:uuid}/declaration",
    summary="The declaration of a consignment 批次的报关单",
    responses={200: {"content": {"application/json": {"example": _ONE}}}},
)
def get_declaration(
    consignment_id: UUID, session: ReadSession, env: CurrentEnv, settings: CurrentSettings, caller: Reader
) -> dict[str, object]:
    """Return its number, its clock while it is provisional, and what completing and correcting it changed."""
    caller.about(*firms_of_consignment(session, consignment_id))
    return _one(session, env, settings, caller, consignment_id)


@router.put(
    "/consignments/{consignment_id:uuid}/declaration",
    summary="Complete or correct a declaration 补录、更正报关单",
    responses={200: {"content": {"application/json": {"example": _ONE}}}},
)
def put_declaration(
    consignment_id: UUID,
    body: DeclarationIn,
    session: WriteSession,
    env: CurrentEnv,
    settings: CurrentSettings,
    caller: Writer,
) -> dict[str, object]:
    """Say the final number of a provisional declaration, and what else differs; or correct a final one, and why.

    The same again changes nothing.  What stood there before stays in `changes`; signed facts of lots are not touched.
    """
    complete(session, env, caller, consignment_id, body)
    return _one(session, env, settings, caller, consignment_id)


def complete(session: Session, env: Env, caller: Caller, consignment_id: UUID, body: DeclarationIn) -> None:
    """Complete or correct a declaration, for this call and for the desk."""
    said = CompleteDeclaration(
        number=body.number,
        container_number=body.container_number,
        bill_of_lading=body.bill_of_lading,
        seal_number=body.seal_number,
        hs_code=body.hs_code,
        reason=body.reason,
    )
    declarations.complete_declaration(session, env, caller.scope, consignment_id, said, by=caller.actor)
    caller.about(*firms_of_consignment(session, consignment_id))


def _one(session: Session, env: Env, settings: Settings, caller: Caller, consignment_id: UUID) -> dict[str, object]:
    found = find_consignment(session, consignment_id, caller.scope)
    if found is None:
        raise ConsignmentUnknown(id=str(consignment_id))
    status = found.papers.get("declaration_status")
    due = clock_of(settings).due(found.listed.imported_at) if status == PROVISIONAL else None
    return {
        "declaration": found.listed.declaration_no,
        "status": status,
        "due_at": None if due is None else format_utc(due),
        "overdue": due is not None and due < env.clock(),
        "changes": [_change(each) for each in declarations.changes_of(session, consignment_id)],
    }


def _line(each: ProvisionalDeclaration, clock: DeclarationClock, now: datetime) -> dict[str, object]:
    due = clock.due(each.imported_at)
    return {
        "consignment": str(each.consignment_id),
        "declaration": each.declaration_no,
        "container": each.container_no,
        "importer_zh": each.importer_zh,
        "importer_en": each.importer_en,
        "imported_at": format_utc(each.imported_at),
        "due_at": format_utc(due),
        "overdue": due < now,
    }


def _change(each: DeclarationChange) -> dict[str, object]:
    return {
        "before": dict(each.before),
        "after": dict(each.after),
        "reason": each.reason,
        "by": each.said_by,
        "at": format_utc(each.said_at),
    }
