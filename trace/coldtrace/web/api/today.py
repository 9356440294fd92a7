"""GET /api/v1/today: the counts of the desk's first page, for a wall board or a firm's own system."""

from typing import Annotated

from fastapi import APIRouter, Request

from coldtrace.clock import format_utc
from coldtrace.rights.model import Kind, Verb
from coldtrace.web.access import Caller, CurrentEnv, ReadSession, needs
from coldtrace.web.today import MOST, count_today

router = APIRouter(prefix="/api/v1", tags=["today"])

Worker = Annotated[Caller, needs(Kind.WORK, Verb.READ, devices=False, recorded=False)]


@router.get("/today", summary="What matters today 今日要事")
def get_today(request: Request, session: ReadSession, env: CurrentEnv, caller: Worker) -> dict[str, object]:
    """Return how much waits for somebody: units `expected` and `in_transit`, `cases` open, `overdue` of them past their
    time, devices `silent` for a day.

    Counted is what is one's own, as far as the roles go, up to `most`: that many means that many or more.
    """
    return {
        "at": format_utc(env.clock()),
        "counts": count_today(request.app, session, caller.reader),
        "most": MOST,
    }
