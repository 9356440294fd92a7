"""The public trust material: the trust list, and the root documents that stand behind it.

GET /api/v1/trust-list      ETag and gzip, so that devices ask often and fetch seldom
GET /api/v1/root            the genesis, which everybody pins
GET /api/v1/root-changes    the signed changes since, in order
"""

import gzip
import json
from functools import lru_cache
from hashlib import sha256

from fastapi import APIRouter, Request
from fastapi.responses import Response

from coldtrace.parties import store as parties
from coldtrace.parties.refusals import NotInstalled, NoTrustList
from coldtrace.parties.roots import root_changes
from coldtrace.web.accepted import takes_gzip
from coldtrace.web.access import ReadSession, Visitor
from coldtrace.web.tagged import names_tag

router = APIRouter(prefix="/api/v1", tags=["trust"], dependencies=[Visitor])

_OPEN = {"Access-Control-Allow-Origin": "*"}


@router.get("/trust-list", summary="The signed trust list 信任列表")
def get_trust_list(request: Request, session: ReadSession) -> Response:
    """Return the newest trust list as its exact signed text, compressed for whoever takes gzip.

    Each encoding has a strong ETag of its own; `If-None-Match` is answered with 304.
    """
    row = parties.newest_trust_list(session)
    if row is None:
        raise NoTrustList()
    zipped = takes_gzip(request.headers.get("accept-encoding", ""))
    tag = f'"{_digest(row.envelope)}{"-gzip" if zipped else ""}"'
    headers = {"ETag": tag, "Cache-Control": "public, max-age=60", "Vary": "Accept-Encoding"} | _OPEN
    if names_tag(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    if not zipped:
        return Response(row.envelope, media_type="application/json", headers=headers)
    body = _compressed(row.envelope)
    return Response(body, media_type="application/json", headers=headers | {"Content-Encoding": "gzip"})


@router.get("/root", summary="The genesis root document 根文件")
def get_root(session: ReadSession) -> Response:
    """Return the exact text of the genesis root document, whose SHA-256 names this installation."""
    row = parties.installation(session)
    if row is None:
        raise NotInstalled()
    return Response(row.root, media_type="application/json", headers={"Cache-Control": "public, max-age=3600"} | _OPEN)


@router.get("/root-changes", summary="Changes of the root document 根文件变更")
def get_root_changes(session: ReadSession) -> Response:
    """Return the signed envelopes that lead from the genesis to the root document in force, in order."""
    body = json.dumps({"changes": [json.loads(each) for each in root_changes(session)]}, ensure_ascii=False)
    return Response(body, media_type="application/json", headers={"Cache-Control": "public, max-age=60"} | _OPEN)


@lru_cache(maxsize=4)
def _digest(envelope: str) -> str:
    return sha256(envelope.encode()).hexdigest()[:32]


@lru_cache(maxsize=4)
def _compressed(envelope: str) -> bytes:
    # The same list gives the same bytes in every process, as a strong ETag promises: no time stamp.
    return gzip.compress(envelope.encode(), compresslevel=9, mtime=0)
