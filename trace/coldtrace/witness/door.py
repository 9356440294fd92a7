"""The HTTP side of a witness: a plain ASGI application without a framework, three addresses and strict limits.

    POST /add-checkpoint              C2SP tlog-witness; `coldtrace/seal/add_checkpoint.py` has the bytes
    GET  /<hex sha256(origin)>/checkpoint
                                      for monitors: the newest checkpoint that we cosigned
    GET  /                            our vkey

Any host may ask: there is no secret in the answers, and nobody but the log can make us sign.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from coldtrace.errors import Refusal
from coldtrace.seal.add_checkpoint import SIZE_TYPE
from coldtrace.witness.refusals import (
    GrowthNotProved,
    LogUnreachable,
    NothingCosigned,
    NotSignedByLog,
    RequestTooLarge,
    RequestTooSlow,
    RootConflict,
    SizeConflict,
    StoreBehind,
    StoreUnavailable,
    UnknownLog,
    WitnessMethod,
)
from coldtrace.witness.service import Witness

BODY_MAX = 65_536
"""Bytes: 63 proof lines and a checkpoint with a hundred cosignatures take a third of it."""

BODY_WITHIN_S = 10
STATUS: dict[type[Refusal], int] = {
    NotSignedByLog: 403,
    UnknownLog: 404,
    NothingCosigned: 404,
    WitnessMethod: 405,
    RequestTooSlow: 408,
    SizeConflict: 409,
    RootConflict: 409,
    RequestTooLarge: 413,
    GrowthNotProved: 422,
    StoreUnavailable: 503,
    StoreBehind: 503,
    LogUnreachable: 503,
}
"""Every other refusal is 400: the request cannot be read, or proves backwards."""

_MONITOR = re.compile(r"/([0-9a-f]{64})/checkpoint")
_PLAIN = "text/plain; charset=utf-8"
_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]


class Door:
    """The application."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness

    async def __call__(self, scope: _Message, receive: _Receive, send: _Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        headers = {}
        try:
            status, kind, body = 200, _PLAIN, await self._answer(scope, receive)
        except (SizeConflict, RootConflict) as refusal:
            # The protocol wants the size and nothing else, so that a publisher can make the proof from there.
            status, kind, body = STATUS[type(refusal)], SIZE_TYPE, f"{refusal.facts['size']}\n"
        except Refusal as refusal:
            status, kind = STATUS.get(type(refusal), 400), _PLAIN
            body = f"{refusal.code}\n{refusal.say('zh')}\n{refusal.say('en')}\n"
            if isinstance(refusal, WitnessMethod):
                headers["allow"] = str(refusal.facts["allowed"])
        await _send_answer(send, status, {"content-type": kind, "cache-control": "no-store", **headers}, body)

    async def _answer(self, scope: _Message, receive: _Receive) -> str:
        path, method = scope["path"], scope["method"]
        if path == "/add-checkpoint":
            _require_method(method, "POST")
            body = await _read_body(receive)
            return await asyncio.to_thread(self._witness.add_checkpoint, body)
        _require_method(method, "GET", "HEAD")
        if found := _MONITOR.fullmatch(path):
            return await asyncio.to_thread(self._witness.newest, found[1])
        if path == "/":
            return f"{self._witness.vkey.text()}\n"
        raise NothingCosigned()


def _require_method(method: str, *allowed: str) -> None:
    if method not in allowed:
        raise WitnessMethod(allowed=", ".join(allowed))


async def _read_body(receive: _Receive) -> bytes:
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            return await _read_parts(receive)
    except TimeoutError:
        raise RequestTooSlow(limit=BODY_WITHIN_S) from None


async def _read_parts(receive: _Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > BODY_MAX:
            raise RequestTooLarge(limit=BODY_MAX)
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return bytes(body)


async def _send_answer(send: _Send, status: int, headers: dict[str, str], body: str) -> None:
    data = body.encode("utf-8")
    pairs = {**headers, "content-length": str(len(data))}
    raw = [(name.encode("ascii"), value.encode("latin-1")) for name, value in pairs.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": data})
