"""GET /api/v1/cases: what contradicts what."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from coldtrace.clock import format_utc
from coldtrace.rights.model import Kind, Verb
from coldtrace.watch import cases
from coldtrace.web.access import Caller, ReadSession, needs

router = APIRouter(prefix="/api/v1", tags=["cases"])


@router.get("/cases", summary="Cases 异常清单")
def get_cases(
    session: ReadSession,
    caller: Annotated[Caller, needs(Kind.CASE, Verb.READ)],
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=cases.PAGE_MAX)] = 50,
) -> dict[str, object]:
    """Return what a person should look at, newest first; `next` is the `after` of the following page.

    `kind` is `statement` (contradicts the record: `marks`), `unknown_code` or `refused_code` (a scan: `text`, `reason`,
    `by`, `times`), or `double_bound` (one label, two lots: the one that counts comes first).
    """
    found = cases.list_cases(session, caller.scope, after=after, limit=limit)
    caller.at(case.gln for case in found)
    caller.told(rows=len(found))
    return {
        "cases": [
            {
                "id": str(case.entry_id),
                "kind": case.kind.value,
                "type": case.type,
                "site": case.gln,
                "claimed_at": format_utc(case.claimed_at),
                "recorded_at": format_utc(case.recorded_at),
                "status": case.status,
                "marks": case.words(),
                "units": list(case.units),
                "text": case.scanned,
                "reason": case.reason,
                "by": case.by,
                "times": case.times,
                "lots": list(case.lots),
            }
            for case in found
        ],
        "next": str(found[-1].entry_id) if len(found) == limit else None,
    }
