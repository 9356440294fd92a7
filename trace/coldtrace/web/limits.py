"""Limits at the door, as plain ASGI middleware: body size, anonymous requests, request id, security headers.

A body is read whole, up to the limit, before a route sees it: routes never meet half a body, and a client that goes
away in the middle leaves nothing behind.
"""

import json
import time
from collections import OrderedDict

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coldtrace.clock import random_bytes
from coldtrace.errors import Refusal
from coldtrace.web.problems import language_of, problem, status_of
from coldtrace.web.refusals import BodyTooLarge, TooManyRequests

ADDRESSES_MAX = 20_000
WINDOW_S = 60.0
FREE_PATHS = ("/static/", "/healthz", "/readyz")
"""What a page needs to look right, and probes, do not count as requests of a visitor."""

SECURITY = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none';"
    " form-action 'self'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class AnonymousLimit:
    """Counts requests without credentials by address in windows of a minute; one counter a process."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def count(self, address: str) -> None:
        """Count one request; raise TooManyRequests past the limit."""
        present = time.monotonic()
        start, count = self._windows.pop(address, (present, 0))
        if present - start >= WINDOW_S:
            start, count = present, 0
        self._windows[address] = (start, count + 1)
        if len(self._windows) > ADDRESSES_MAX:
            self._windows.popitem(last=False)
        if count >= self._per_minute:
            raise TooManyRequests(limit=self._per_minute, retry_s=int(WINDOW_S - (present - start)) + 1)


class Door:
    """The middleware: every request passes here first."""

    def __init__(self, app: ASGIApp, *, body_limit_bytes: int, anonymous: AnonymousLimit) -> None:
        self._app, self._body_limit, self._anonymous = app, body_limit_bytes, anonymous

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["coldtrace.request_id"] = random_bytes(8).hex()
        headers = Headers(scope=scope)

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                marked = MutableHeaders(scope=message)
                marked["X-Request-Id"] = scope["coldtrace.request_id"]
                for name, value in SECURITY.items():
                    marked.setdefault(name, value)
            await send(message)

        try:
            if "authorization" not in headers and not scope["path"].startswith(FREE_PATHS):
                self._anonymous.count(scope["client"][0] if scope.get("client") else "-")
            body = await self._read_body(headers, receive)
        except Refusal as refusal:
            await _refuse(scope, send_marked, refusal)
            return
        if body is None:
            return
        scope["coldtrace.body"] = body  # a form parser uses the stream up; device signatures need the bytes too
        await self._app(scope, _Replay(body, receive), send_marked)

    async def _read_body(self, headers: Headers, receive: Receive) -> bytes | None:
        """Return the whole body, or None when the client went away in the middle of it."""
        announced = headers.get("content-length", "0")
        if announced.isdigit() and int(announced) > self._body_limit:
            raise BodyTooLarge(limit=self._body_limit)
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            part = message.get("body", b"")
            size += len(part)
            if size > self._body_limit:
                raise BodyTooLarge(limit=self._body_limit)
            parts.append(part)
            if not message.get("more_body", False):
                return b"".join(parts)


class _Replay:
    """Gives the read body once, then whatever the connection says."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


async def _refuse(scope: Scope, send: Send, refusal: Refusal) -> None:
    lang = language_of(Request(scope))
    body = json.dumps(problem(refusal, lang), ensure_ascii=False).encode()
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-language", lang.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        # The unread rest of a body would be taken for the next request.
        (b"connection", b"close"),
    ]
    if "retry_s" in refusal.facts:
        headers.append((b"retry-after", str(refusal.facts["retry_s"]).encode()))
    await send({"type": "http.response.start", "status": status_of(refusal), "headers": headers})
    await send({"type": "http.response.body", "body": body})
