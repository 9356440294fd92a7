"""What was refused and kept, for the platform's administrator: a list without the bytes, and the bytes as a file.

Nobody stands behind most of it, and what a device did sign may have personal data in it: only the administrator sees
it, each file leaves a record of an export with its purpose, and no browser runs anything in it.
"""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from sqlmodel import Session

from coldtrace.clock import format_utc
from coldtrace.custody import quarantine
from coldtrace.custody.quarantine import Kept
from coldtrace.rights.model import Kind, Verb
from coldtrace.seal.b64 import b64
from coldtrace.web.access import Caller, ReadSession, needs
from coldtrace.web.api.organisations import Limit
from coldtrace.web.refusals import QuarantineUnknown

router = APIRouter(prefix="/api/v1/quarantine", tags=["health"])
HASH = "^[0-9a-f]{64}$"
MEDIA = "application/octet-stream"
QuarantineAfter = Annotated[str | None, Query(pattern=HASH)]
QuarantineId = Annotated[str, Path(pattern=HASH, examples=["0" * 64])]


@router.get("", summary="What was refused and kept 被拒收的原文")
def get_quarantine(
    session: ReadSession,
    caller: Annotated[Caller, needs(Kind.METRICS, Verb.READ, devices=False)],
    after: QuarantineAfter = None,
    limit: Limit = 50,
) -> dict[str, object]:
    """Return statements and other bytes that were refused, the newest first: when, why, how large, how often.

    `key` is that of the device where its signature proves that it sent them.  The bytes are a call of their own; `next`
    is the `after` of the next page.
    """
    found = quarantine.newest(session, after=None if after is None else bytes.fromhex(after), limit=limit)
    caller.told(rows=len(found))
    return {
        "kept": [kept_json(each) for each in found],
        "next": found[-1].sha256.hex() if len(found) == limit else None,
    }


def kept_json(kept: Kept) -> dict[str, object]:
    """Return what is known of refused bytes; `id` is their SHA-256."""
    return {
        "id": kept.sha256.hex(),
        "reason": kept.reason,
        "proven": kept.proven,
        "key": b64(kept.key_id) if kept.proven and kept.key_id is not None else None,
        "statement": None if kept.entry_id is None else str(kept.entry_id),
        "size": kept.size_bytes,
        "received_at": format_utc(kept.received_at),
        "last_at": format_utc(kept.last_at),
        "times": kept.times,
    }


@router.get(
    "/{id}/bytes",
    summary="Refused bytes as a file 下载被拒收的原文",
    response_class=Response,
    responses={200: {"content": {MEDIA: {}}, "description": "The first 64 KiB of what came"}},
)
def get_bytes(
    id: QuarantineId,
    session: ReadSession,
    caller: Annotated[Caller, needs(Kind.METRICS, Verb.READ, devices=False, act="export", purpose_required=True)],
) -> Response:
    """Return what came, 64 KiB at most, as an attachment.  It is an export: say what for (`Coldtrace-Purpose`)."""
    return bytes_answer(session, caller, id)


def bytes_answer(session: Session, caller: Caller, id: str) -> Response:
    """Hand out the bytes that were kept under a hash; raise QuarantineUnknown."""
    data = quarantine.bytes_of(session, bytes.fromhex(id))
    if data is None:
        raise QuarantineUnknown(id=id)
    caller.told(size=len(data))
    headers = {
        "Content-Disposition": f'attachment; filename="quarantine-{id[:16]}.bin"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return Response(data, media_type=MEDIA, headers=headers)
