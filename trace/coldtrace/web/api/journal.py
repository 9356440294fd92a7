"""GET /api/v1/journal: who changed what, and who saw what of whom."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from coldtrace.clock import format_utc
from coldtrace.events.canonical import decode
from coldtrace.journal import store
from coldtrace.journal.model import Record
from coldtrace.journal.store import Asked
from coldtrace.parties import store as parties
from coldtrace.rights.model import Kind, Scope, Verb
from coldtrace.web.access import Caller, ReadSession, needs

router = APIRouter(prefix="/api/v1", tags=["journal"])
PAGE_MAX = 200


@router.get("/journal", summary="The journal 审计日志")
def get_journal(
    session: ReadSession,
    caller: Annotated[Caller, needs(Kind.JOURNAL, Verb.READ, devices=False)],
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
    since: datetime | None = None,
    until: datetime | None = None,
    act: Annotated[str | None, Query(max_length=40, examples=["export"])] = None,
) -> dict[str, object]:
    """Return acts of your organisation and acts about its data, newest first; `next` is the `after` of the next page.

    With `act` those of one sort alone: `export` is the disclosure log, what left as a file.
    Of others' acts you see organisation, role and purpose, not the person, and of whose data it was only your own part.
    """
    asked = Asked(after=after, limit=limit, since=since, until=until, act=act)
    found = store.list_records(session, caller.scope, asked)
    caller.told(rows=len(found))
    named = {each for record in found for each in (*record.operators, *record.subjects)}
    firms = parties.operators_of_sites(session, caller.scope.sites)
    codes = {each.operator_id: each.uscc for each in parties.operators_by_id(session, named)}
    return {
        "records": [shown(record, caller.scope, codes, firms) for record in found],
        "next": str(found[-1].record_id) if len(found) == limit else None,
    }


def shown(
    record: Record, scope: Scope, codes: Mapping[UUID, str], firms: Collection[UUID] = frozenset()
) -> dict[str, object]:
    """Return a record as somebody with this scope sees it; `codes` are the credit codes of the organisations.

    `firms` are the organisations of the scope's sites: whoever manages a site of a firm sees who of this firm acted
    there, and no other site.
    """
    own = scope.everything or not scope.operators.isdisjoint(record.operators)
    colleague = own or not set(firms).isdisjoint(record.operators)
    seen = scope.operators | set(firms)
    return {
        "id": str(record.record_id),
        "at": format_utc(record.at),
        "actor": record.actor if colleague else None,
        "organisations": _codes(record.operators, codes),
        "roles": list(record.roles),
        "act": record.act,
        "kind": record.kind,
        "object": record.object,
        "purpose": record.purpose,
        "subjects": _codes(record.subjects if own else [each for each in record.subjects if each in seen], codes),
        "sites": list(record.sites) if own else [gln for gln in record.sites if gln in scope.sites],
        "detail": decode(record.detail) if own else {},
    }


def _codes(operators: Collection[UUID], codes: Mapping[UUID, str]) -> list[str]:
    return [codes.get(each, str(each)) for each in operators]
