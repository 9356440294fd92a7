"""GET /api/v1/trust-list: public, with ETag, so that devices ask often and fetch seldom."""

from hashlib import sha256

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coldtrace.parties import store as parties
from coldtrace.parties.refusals import NotInstalled
from coldtrace.web.access import ReadSession, Visitor

router = APIRouter(prefix="/api/v1", tags=["trust"], dependencies=[Visitor])

_OPEN = {"Access-Control-Allow-Origin": "*"}


@router.get("/trust-list", summary="The signed trust list 信任列表")
def get_trust_list(request: Request, session: ReadSession) -> Response:
    """Return the newest trust list as its exact signed text."""
    row = parties.newest_trust_list(session)
    if row is None:
        raise NotInstalled()
    tag = f'"{sha256(row.envelope.encode()).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "public, max-age=60"} | _OPEN
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(row.envelope, media_type="application/json", headers=headers)


@router.get("/root", summary="The genesis root document 根文件")
def get_root(session: ReadSession) -> Response:
    """Return the exact text of the genesis root document, whose SHA-256 names this installation."""
    row = parties.installation(session)
    if row is None:
        raise NotInstalled()
    return Response(row.root, media_type="application/json", headers={"Cache-Control": "public, max-age=3600"} | _OPEN)
