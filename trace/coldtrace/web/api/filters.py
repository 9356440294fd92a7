"""GET /api/v1/filters: the signed filters of voided units and recalled lots, and those of stolen keys (filters.md).

Public like the trust list.  A file never changes under its id, so it may be cached for ever; the index is asked often
and says what is new.
"""

from hashlib import sha256
from json import dumps
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from coldtrace.clock import format_utc
from coldtrace.goods import stop_store
from coldtrace.web.access import ReadSession, Visitor
from coldtrace.web.refusals import FilterUnknown
from coldtrace.web.tagged import names_tag

router = APIRouter(prefix="/api/v1/filters", tags=["trust"], dependencies=[Visitor])

_OPEN = {"Access-Control-Allow-Origin": "*"}
MEDIA_TYPE = "application/vnd.coldtrace.filter"


@router.get("", summary="Filters to hold offline 筛查表清单")
def get_filters(request: Request, session: ReadSession) -> Response:
    """Return which filters a verifier should hold: the newest of each kind, and one for each stolen key."""
    found = [
        {
            "kind": each.kind,
            "seq": each.seq,
            "sha256": each.id.hex(),
            "url": f"/api/v1/filters/{each.id.hex()}",
            "count": each.units,
            "bytes": each.size_bytes,
            "issued": format_utc(each.issued_at),
            "kid": None if each.key_id is None else each.key_id[:4].hex(),
        }
        for each in stop_store.listed_filters(session)
    ]
    body = dumps({"filters": found}, separators=(",", ":"))
    return _answer(request, body.encode(), tag=sha256(body.encode()).hexdigest()[:32], age="max-age=60")


@router.get("/{id}", summary="One filter file 筛查表文件")
def get_filter(
    request: Request, session: ReadSession, id: Annotated[str, Path(pattern="^[0-9a-f]{64}$", examples=["0" * 64])]
) -> Response:
    """Return the file whose header has this SHA-256, in hex."""
    data = stop_store.filter_bytes(session, bytes.fromhex(id))
    if data is None:
        raise FilterUnknown(id=id)
    return _answer(request, data, tag=id[:32], age="max-age=31536000, immutable", media_type=MEDIA_TYPE)


def _answer(request: Request, body: bytes, *, tag: str, age: str, media_type: str = "application/json") -> Response:
    headers = {"ETag": f'"{tag}"', "Cache-Control": f"public, {age}"} | _OPEN
    if names_tag(request.headers.get("if-none-match", ""), f'"{tag}"'):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)
