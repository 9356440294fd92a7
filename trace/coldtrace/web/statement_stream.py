"""Statements as a stream of lines, however long: taken in batches as they come, with bounded memory.

For callers with a token and NDJSON alone: a device's signature covers the whole body, and statements without other
credentials are read only if all of them vouch for themselves, so these bodies are read whole and keep their limits.
What is no longer than one call may be anyway (1000 lines, the limit of bodies) is answered as every other call is.

Batches are committed one after another, so what stands in the answer is kept even if the connection breaks.  The
answer is held on disk, not in memory, and is sent when the last line was read: a client that sends all before it reads
is not brought to a standstill.  Whoever got no answer sends the same lines again, and gets the same receipts.
"""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from tempfile import SpooledTemporaryFile
from typing import IO

import psycopg
from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response, StreamingResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import ClientDisconnect

from coldtrace.custody import service as custody
from coldtrace.custody.read_wire import ReadWire
from coldtrace.custody.service import Result
from coldtrace.errors import Lang, Refusal
from coldtrace.parties.refusals import AuthenticationRequired
from coldtrace.web.access import recognise
from coldtrace.web.database_trouble import attempts, is_away, is_race
from coldtrace.web.items import read_line
from coldtrace.web.problems import answer, language_of
from coldtrace.web.refusals import BodyTooLarge, NotReady

LINES_MAX = 1000
"""No more lines than one call may have are no stream."""

BATCH_LINES, BATCH_BYTES = 100, 1024 * 1024
HELD_MAX_BYTES = 1024 * 1024
"""Of an answer that is longer the rest lies on disk."""

ATTEMPTS = 4
_PIECE_BYTES = 64 * 1024


AsJson = Callable[[Result, Lang], dict[str, object]]
"""How one item of the answer is written; the route knows."""


@dataclass(kw_only=True)
class _Stream:
    """One stream under way: the lines of the next batch, and the answer so far."""

    request: Request
    lang: Lang
    as_json: AsJson
    said: IO[bytes]
    lines: list[tuple[int, bytes]] = field(default_factory=list)
    size: int = 0
    told: int = 0

    def add(self, number: int, line: bytes) -> None:
        """Keep a line for the next batch."""
        if line.strip():
            self.lines.append((number, line))
            self.size += len(line)

    @property
    def is_full(self) -> bool:
        """Tell whether the batch should go."""
        return len(self.lines) >= BATCH_LINES or self.size >= BATCH_BYTES

    def flush(self) -> None:
        """Store the batch, commit, and write down its answers; in a worker thread.

        Raises a Refusal of the caller, NotReady, or what the database says: nothing of this batch was kept then.
        """
        if not self.lines:
            return
        results = _store(self.request, [read_line(line, number) for number, line in self.lines])
        for result in results:
            self.said.write(b"," if self.told else b"")
            self.said.write(json.dumps(self.as_json(result, self.lang), separators=(",", ":")).encode())
            self.told += 1
        self.lines, self.size = [], 0


async def take_stream(request: Request, as_json: AsJson) -> Response | bytes:
    """Store a stream and return its answer; or return the whole body, if it is no longer than one call may be.

    `{"results": [...], "lines": n, "stopped": null}` when all lines were read.  When it cannot go on, `stopped` says
    why and at which line to begin again; what stands in `results` is kept.  If not even its first batch could be kept,
    that is a refusal like any other.  A wrong token is refused before anything is read.
    """
    try:
        await run_in_threadpool(_require_caller, request)
    except Refusal as refusal:
        # The unread rest of a body would be taken for the next request.
        return answer(request, refusal, {"Connection": "close"})
    limit_bytes: int = request.app.state.settings.body_limit_bytes
    parts: list[bytes] = []
    size = lines = 0
    chunks = request.stream()
    try:
        async for chunk in chunks:
            parts.append(chunk)
            size += len(chunk)
            lines += chunk.count(b"\n")
            if size > limit_bytes or lines > LINES_MAX:
                return await _store_stream(request, as_json, parts, chunks, limit_bytes)
    except ClientDisconnect:
        return _nobody()
    return b"".join(parts)


def _nobody() -> Response:
    """Return what is answered to a client that went away: nobody reads it."""
    return Response(status_code=400)


async def _store_stream(
    request: Request, as_json: AsJson, parts: list[bytes], chunks: AsyncIterator[bytes], limit_bytes: int
) -> Response:
    lang = language_of(request)
    said = SpooledTemporaryFile(max_size=HELD_MAX_BYTES)  # noqa: SIM115 it is closed by the answer
    stream = _Stream(request=request, lang=lang, as_json=as_json, said=said)
    said.write(b'{"results":[')
    number, stopped, done = 0, None, 0
    try:
        async for number, line in _lines(parts, chunks, limit_bytes):
            stream.add(number, line)
            if stream.is_full:
                await run_in_threadpool(stream.flush)
        await run_in_threadpool(stream.flush)
        done = number
    except ClientDisconnect:
        said.close()
        raise
    except (Refusal, SQLAlchemyError, psycopg.Error) as error:
        refusal = _refusal_of(error)
        if refusal is None or not stream.told:
            said.close()
            if isinstance(error, Refusal):
                return answer(request, error, {"Connection": "close"})
            raise
        again = stream.lines[0][0] if stream.lines else number + 1
        done, stopped = again - 1, {"code": refusal.code, "detail": refusal.say(lang), "line": again}
    end = {"lines": done, "stopped": stopped}
    said.write(b"]," + json.dumps(end).encode()[1:])
    said.seek(0)
    return StreamingResponse(
        _pieces(said), 202, {"Connection": "close"} if stopped else None, media_type="application/json"
    )


def _refusal_of(error: Exception) -> Refusal | None:
    """Return what a stream stops with; None for what is a bug of ours."""
    if isinstance(error, Refusal):
        return error
    return NotReady() if is_away(error) else None


async def _lines(
    parts: list[bytes], chunks: AsyncIterator[bytes], limit_bytes: int
) -> AsyncIterator[tuple[int, bytes]]:
    """Give each line with its number; raises BodyTooLarge for one that is longer than a body may be."""
    number, rest = 0, bytearray()
    waiting = [b"".join(parts)]
    parts.clear()
    while True:
        for chunk in waiting:
            rest += chunk
            if b"\n" in chunk:
                *whole, last = bytes(rest).split(b"\n")
                for line in whole:
                    number += 1
                    yield number, line
                rest = bytearray(last)
            if len(rest) > limit_bytes:
                raise BodyTooLarge(limit=limit_bytes)
        try:
            waiting = [await anext(chunks)]
        except StopAsyncIteration:
            break
    if rest:
        yield number + 1, bytes(rest)


def _store(request: Request, reads: list[ReadWire]) -> list[Result]:
    """Store what can be stored of a batch, and commit; the token is looked at again, it may have been withdrawn."""
    state = request.app.state
    for _ in attempts(state.env, ATTEMPTS):
        try:
            with state.sessions.begin() as session:
                if recognise(request, session, b"") is None:
                    raise AuthenticationRequired()
                return custody.capture(session, state.env, reads)
        except (SQLAlchemyError, psycopg.Error) as error:
            if not is_race(error):
                raise
    raise NotReady()


def _require_caller(request: Request) -> None:
    with request.app.state.sessions() as session:
        if recognise(request, session, b"") is None:
            raise AuthenticationRequired()


def _pieces(said: IO[bytes]) -> Iterator[bytes]:
    with said:
        while piece := said.read(_PIECE_BYTES):
            yield piece
