"""GET /api/v1/runs: code runs, and how far they are."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from coldtrace.clock import format_utc
from coldtrace.goods import run_store
from coldtrace.goods.firms import firms_of_runs
from coldtrace.goods.refusals import RunUnknown
from coldtrace.goods.run_store import RunRecord
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import Caller, ReadSession, needs

router = APIRouter(prefix="/api/v1/runs", tags=["runs"])
PAGE_MAX = 200
RunReader = Annotated[Caller, needs(Kind.RUN, Verb.READ)]


@router.get("", summary="Code runs 赋码批清单")
def get_runs(
    session: ReadSession,
    caller: RunReader,
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 50,
    unfinished: bool = False,
) -> dict[str, object]:
    """Return code runs, newest first; `next` is the `after` of the following page."""
    found = run_store.list_runs(session, caller.scope, after=after, limit=limit, unfinished=unfinished)
    caller.about(*firms_of_runs(session, [run.run_id for run in found]))
    caller.told(rows=len(found))
    return {
        "runs": [run_json(run) for run in found],
        "next": str(found[-1].run_id) if len(found) == limit else None,
    }


@router.get("/{run_id}", summary="One code run 赋码批进度")
def get_run(run_id: UUID, session: ReadSession, caller: RunReader) -> dict[str, object]:
    """Return how many codes of a run are drawn, and how many are wanted."""
    run = run_store.find_run(session, run_id, caller.scope)
    if run is None:
        raise RunUnknown(id=str(run_id))
    caller.about(*firms_of_runs(session, [run_id]))
    return run_json(run)


def run_json(run: RunRecord) -> dict[str, object]:
    """Return a run as the API tells it."""
    return {
        "run": str(run.run_id),
        "kind": run.kind,
        "station": run.station_gln,
        "consignment": None if run.consignment_id is None else str(run.consignment_id),
        "drawn": run.drawn,
        "wanted": run.wanted,
        "state": run.state,
        "created_at": format_utc(run.created_at),
    }
