"""Which logs there are, and by which key each is checked: where an auditor or a witness begins."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from coldtrace.clock import format_utc
from coldtrace.ledger import service as ledger
from coldtrace.ledger.model import LogStatus
from coldtrace.web.access import CurrentEnv, ReadSession, Visitor
from coldtrace.web.refusals import PageNotFound

router = APIRouter(prefix="/logs", tags=["log"], dependencies=[Visitor])
_HEADERS = {"Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=1"}


@router.get("/", summary="The logs 日志清单")
def get_logs(session: ReadSession, env: CurrentEnv) -> Response:
    """Return each log with its vkey, state and published size; `current` is the one that statements go to."""
    found = ledger.status(session, now=env.clock())
    return JSONResponse({"logs": [_shown(each, current=env.log.name) for each in found]}, headers=_HEADERS)


@router.get("/{name}/", summary="One log 一份日志")
def get_log(request: Request, name: str, session: ReadSession, env: CurrentEnv) -> Response:
    """Return one log as the list has it.  Rely on a vkey from a contract or on paper, not on this one."""
    for each in ledger.status(session, now=env.clock()):
        if each.log.name == name:
            return JSONResponse(_shown(each, current=env.log.name), headers=_HEADERS)
    raise PageNotFound(path=request.url.path)


def _shown(status: LogStatus, *, current: str) -> dict[str, object]:
    """Return what everybody may know: of sizes the published one alone."""
    return {
        "name": status.log.name,
        "origin": status.log.origin,
        "vkey": status.vkey,
        "state": status.state.value,
        "current": status.log.name == current,
        "size": status.published_size,
        "published_at": None if status.published_at is None else format_utc(status.published_at),
        "cosignatures": status.cosignatures,
        "checkpoint": f"/logs/{status.log.name}/checkpoint",
    }
