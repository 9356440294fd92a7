"""The public log: checkpoint and proofs (tiles come with the ledger's own work).  Nothing here needs a token."""

from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from coldtrace.env import Env
from coldtrace.ledger import service as ledger
from coldtrace.seal.b64 import b64
from coldtrace.web.access import ReadSession, Visitor
from coldtrace.web.refusals import PageNotFound

router = APIRouter(prefix="/logs/{name}", tags=["log"], dependencies=[Visitor])
_OPEN = {"Access-Control-Allow-Origin": "*"}


def _own_log(request: Request, name: str) -> None:
    env: Env = request.app.state.env
    if name != env.log_name:
        raise PageNotFound(path=request.url.path)


@router.get("/checkpoint", summary="The newest signed checkpoint 最新检查点")
def get_checkpoint(request: Request, name: str, session: ReadSession) -> Response:
    """Return the newest checkpoint as a signed note (C2SP tlog-checkpoint)."""
    _own_log(request, name)
    note = ledger.checkpoint(session).note
    return PlainTextResponse(note, headers=_OPEN | {"Cache-Control": "public, max-age=1"})


@router.get("/proof/inclusion", summary="Inclusion proof 包含证明")
def get_inclusion(request: Request, name: str, index: int, size: int, session: ReadSession) -> Response:
    """Return the path of leaf `index` in the tree of `size` leaves (RFC 9162, section 2.1.3)."""
    _own_log(request, name)
    path = ledger.inclusion_by_index(session, index=index, size=size)
    return JSONResponse({"index": index, "size": size, "path": [b64(each) for each in path]}, headers=_OPEN)


@router.get("/proof/consistency", summary="Consistency proof 一致性证明")
def get_consistency(request: Request, name: str, old: int, new: int, session: ReadSession) -> Response:
    """Return the proof that the tree of `new` leaves only adds to that of `old` leaves."""
    _own_log(request, name)
    path = ledger.consistency(session, old=old, new=new)
    return JSONResponse({"old": old, "new": new, "path": [b64(each) for each in path]}, headers=_OPEN)


@router.get("/statements/{entry_id}/proof", summary="Proof file of one entry 记录证明")
def get_proof(request: Request, name: str, entry_id: UUID, session: ReadSession) -> Response:
    """Return the `c2sp.org/tlog-proof@v1` file of one statement."""
    _own_log(request, name)
    return PlainTextResponse(ledger.tlog_proof(session, entry_id), headers=_OPEN)
