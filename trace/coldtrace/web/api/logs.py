"""The public log (C2SP tlog-tiles): checkpoint, tiles, proofs.  Only entry bundles need a token: they tell volumes."""

import gzip
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from sqlmodel import Session

from coldtrace.env import Log
from coldtrace.ledger import service as ledger
from coldtrace.ledger.fork_guard import published_file
from coldtrace.ledger.model import SignedHead
from coldtrace.ledger.publish import log_folder
from coldtrace.ledger.refusals import LogUnknown, NoTile
from coldtrace.ledger.tiles import published_path
from coldtrace.rights.model import Kind, Verb
from coldtrace.seal.b64 import b64
from coldtrace.web.accepted import takes_gzip
from coldtrace.web.access import (
    Body,
    Caller,
    CurrentSettings,
    ReadSession,
    Visitor,
    known_caller,
    noted,
    token_holder,
    with_right,
)
from coldtrace.web.refusals import PageNotFound

router = APIRouter(prefix="/logs/{name}", tags=["log"], dependencies=[Visitor])
_OPEN = {"Access-Control-Allow-Origin": "*"}
_FOR_EVER = "max-age=31536000, immutable"
_GZIP_FROM_BYTES = 512
ENTRIES = (Kind.LOG_ENTRIES, Verb.READ)
_BYTES = "application/octet-stream"
_TILE_DOC: dict[int | str, dict[str, Any]] = {
    200: {"content": {_BYTES: {"schema": {"type": "string", "format": "binary"}}}}
}


def _log(request: Request, session: Session, name: str) -> Log:
    """Return the log of this name; what was found once is remembered, as logs keep their names for ever."""
    known: dict[str, Log] = request.app.state.logs
    if name not in known:
        try:
            known[name] = ledger.log_named(session, name)
        except LogUnknown:
            raise PageNotFound(path=request.url.path) from None
    return known[name]


@router.get("/checkpoint", summary="The published checkpoint 最新检查点")
def get_checkpoint(request: Request, name: str, session: ReadSession) -> Response:
    """Return the published checkpoint as a signed note with its cosignatures (C2SP tlog-checkpoint)."""
    log = _log(request, session, name)
    note = (_outlived(request, session, log) or ledger.checkpoint(session, log)).note
    return PlainTextResponse(note, headers=_OPEN | {"Cache-Control": "public, max-age=1"})


def _entries_reader(request: Request, settings: CurrentSettings, body: Body) -> Caller | None:
    """Return who reads entries; None where the operator made them public."""
    if settings.public_entries:
        return None
    # The session of the route writes the note.
    return noted(request, with_right(token_holder(known_caller(request, body)), *ENTRIES), *ENTRIES)


_entries_reader.right, _entries_reader.devices = ENTRIES, False  # type: ignore[attr-defined]


@router.get(
    "/tile/entries/{path:path}",
    summary="Entry bundle 条目包",
    responses=_TILE_DOC,
)
def get_bundle(
    request: Request,
    name: str,
    path: str,
    session: ReadSession,
    settings: CurrentSettings,
    caller: Annotated[Caller | None, Depends(_entries_reader)],
) -> Response:
    """Return leaves, each behind its length; needs a regulator's or administrator's token unless entries are public."""
    log = _log(request, session, name)
    data = _tile(request, session, log)
    headers = _OPEN | {
        "Cache-Control": f"{'public' if settings.public_entries else 'private'}, {_FOR_EVER}",
        "Vary": "Accept-Encoding",
    }
    if len(data) >= _GZIP_FROM_BYTES and takes_gzip(request.headers.get("accept-encoding", "")):
        data, headers = gzip.compress(data, 6, mtime=0), headers | {"Content-Encoding": "gzip"}
    return Response(data, media_type=_BYTES, headers=headers)


@router.get("/tile/{path:path}", summary="Hash tile 哈希分块", responses=_TILE_DOC)
def get_tile(request: Request, name: str, path: str, session: ReadSession) -> Response:
    """Return up to 256 hashes of one level (C2SP tlog-tiles); hashes do not shrink, so nothing is compressed."""
    data = _tile(request, session, _log(request, session, name))
    return Response(data, media_type=_BYTES, headers=_OPEN | {"Cache-Control": f"public, {_FOR_EVER}"})


def _tile(request: Request, session: Session, log: Log) -> bytes:
    """Return a tile by the path as it was sent: an escaped spelling of it is another path, of nothing."""
    raw: str = request.scope["raw_path"].decode("latin-1")
    path = raw.removeprefix(f"/logs/{log.name}/")
    try:
        return ledger.tile(session, log, path)
    except NoTile:
        outlived = _outlived(request, session, log)
        if outlived is None:
            raise
        # The path is judged first: what it names is a tile of that tree, and nothing else in the folder.
        kept = log_folder(request.app.state.settings.data_dir, log) / published_path(path, size=outlived.size).text()
        if not kept.is_file():
            raise
        return kept.read_bytes()


def _outlived(request: Request, session: Session, log: Log) -> SignedHead | None:
    """Return the checkpoint that this host published if the database has forgotten its leaves; None otherwise.

    A database that is restored from a backup is older than what strangers hold.  They must not be shown a log that
    shrank: until somebody mends it they find what was published last.
    """
    known = ledger.checkpoint(session, log)
    return ledger.forgotten(session, log, published_file(log_folder(request.app.state.settings.data_dir, log)), known)


@router.get("/proof/inclusion", summary="Inclusion proof 包含证明")
def get_inclusion(request: Request, name: str, index: int, size: int, session: ReadSession) -> Response:
    """Return the path of leaf `index` in the tree of `size` leaves (RFC 9162, section 2.1.3)."""
    path = ledger.inclusion_by_index(session, _log(request, session, name), index=index, size=size)
    return JSONResponse({"index": index, "size": size, "path": [b64(each) for each in path]}, headers=_OPEN)


@router.get("/proof/consistency", summary="Consistency proof 一致性证明")
def get_consistency(request: Request, name: str, old: int, new: int, session: ReadSession) -> Response:
    """Return the proof that the tree of `new` leaves only adds to that of `old` leaves."""
    path = ledger.consistency(session, _log(request, session, name), old=old, new=new)
    return JSONResponse({"old": old, "new": new, "path": [b64(each) for each in path]}, headers=_OPEN)


@router.get("/statements/{entry_id}/proof", summary="Proof file of one entry 记录证明")
def get_proof(request: Request, name: str, entry_id: UUID, session: ReadSession) -> Response:
    """Return the `c2sp.org/tlog-proof@v1` file of one statement; as JSON to whoever asks for `application/json`."""
    proof, inclusion = ledger.tlog_proof(session, _log(request, session, name), entry_id)
    headers = _OPEN | {"Cache-Control": "public, max-age=1", "Vary": "Accept"}
    if "application/json" not in request.headers.get("accept", ""):
        return PlainTextResponse(proof.text(), headers=headers)
    body = {
        "index": proof.index,
        "size": inclusion.size,
        "leaf_hash": b64(inclusion.leaf_hash),
        "path": [b64(each) for each in proof.path],
        "checkpoint": proof.checkpoint,
    }
    return JSONResponse(body, headers=headers)
