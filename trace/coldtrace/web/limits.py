"""Limits at the door, as plain ASGI middleware: body size, anonymous requests, request id, security headers.

A body is read whole, up to the limit, before a route sees it: routes never meet half a body, and a client that goes
away in the middle leaves nothing behind.  A stream of statements alone is let through.  HEAD is answered as GET
without the body.  A crash is answered here too, so that its answer carries the same headers as every other one.
"""

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping

from starlette.datastructures import Headers
from starlette.requests import Request, cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coldtrace.clock import random_bytes
from coldtrace.errors import Refusal
from coldtrace.network import network_of
from coldtrace.web.open_codes import OPEN_PATHS
from coldtrace.web.problems import HotRoute, answer, answer_crash, answered
from coldtrace.web.refusals import BodyTooLarge, TooManyRequests

ADDRESSES_MAX = 20_000
WINDOW_S = 60.0
FREE_PATHS = re.compile(r"/static/|/healthz|/readyz|/logs/[^/]+/tile/[0-9]", re.ASCII)
"""What a page needs to look right, probes, and the hash tiles of a log, which whoever audits it reads all, do not count
as requests of a visitor."""

SESSION_COOKIES = ("coldtrace", "__Host-coldtrace")
"""Names of the session's cookie: without TLS, and with it one that no other host can set (`__Host-`, RFC 6265bis)."""

DESK_PATHS = re.compile(r"/desk(/|$)|/account(/|$)|/sign-out$", re.ASCII)
COOKIE_PATHS = re.compile(r"/(desk|account|sign-in|sign-out|forgot|invitation|reset)(/|$)", re.ASCII)
"""Pages of people, who are known by a cookie alone: a header there vouches for nobody (`page_session.py`)."""

STREAMED = ("POST", "/api/v1/statements", "application/x-ndjson")
"""What may go on for ever and is stored as it comes (`statement_stream.py`), if a token came with it."""

LENGTH_DIGITS_MAX = 18

SECURITY = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none';"
    " form-action 'self'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


_SECURITY = [(name.lower().encode(), value.encode()) for name, value in SECURITY.items()]


class AnonymousLimit:
    """Counts requests without valid credentials by network in windows of a minute; one counter a process."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._lock = threading.Lock()  # counted in the event loop and in the threads of routes

    def count(self, address: str) -> None:
        """Count one request; raise TooManyRequests past the limit."""
        present, network = time.monotonic(), network_of(address)
        with self._lock:
            start, count = self._windows.pop(network, (present, 0))
            if present - start >= WINDOW_S:
                start, count = present, 0
            self._windows[network] = (start, count + 1)
            if len(self._windows) > ADDRESSES_MAX:
                self._windows.popitem(last=False)
        if count >= self._per_minute:
            raise TooManyRequests(limit=self._per_minute, retry_s=int(WINDOW_S - (present - start)) + 1)


class Door:
    """The middleware: every request passes here first."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        body_limit_bytes: int,
        anonymous: AnonymousLimit,
        hot: Mapping[tuple[str, str], HotRoute] | None = None,
        larger: Mapping[tuple[str, str], int] | None = None,
        shut: Callable[[Scope], Response | None] = lambda scope: None,
    ) -> None:
        """`shut` gives the answer to a request that is not even taken in.

        `larger` are limits of bodies by method and path, where a photo comes.

        `hot` are routes by method and path that are called right here: the stack of a framework costs a scan as much
        as all that is checked of it.
        """
        self._app, self._body_limit, self._anonymous = app, body_limit_bytes, anonymous
        self._hot, self._larger, self._shut = hot or {}, larger or {}, shut

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # A copy: the server goes on reading its own scope, which must still say HEAD.
        scope = dict(scope) | {"coldtrace.request_id": random_bytes(8).hex()}
        out = _Marked(scope, send)
        early = self._shut(scope)
        if early is not None:
            await early(scope, receive, out)
            return
        if scope["method"] == "HEAD":
            scope |= {"method": "GET", "coldtrace.head": True}
        headers = Headers(scope=scope)
        try:
            if not FREE_PATHS.match(scope["path"]) and not _is_judged_later(scope, headers):
                self._anonymous.count(address_of(scope))
            # A stream of statements is read by its route, a batch at a time.
            streams = may_stream(scope, headers)
            body = b"" if streams else await self._read_body(self._limit_of(scope), headers, receive)
        except Refusal as refusal:
            # The unread rest of a body would be taken for the next request.
            await answer(Request(scope), refusal, {"Connection": "close"})(scope, receive, out)
            return
        if body is None:
            return
        if streams:
            scope["coldtrace.streams"] = True
        scope["coldtrace.body"] = body  # a form parser uses the stream up; device signatures need the bytes too
        try:
            replay = receive if streams else _Replay(body, receive)
            hot = self._hot.get((scope["method"], scope["path"]))
            if hot is None:
                await self._app(scope, replay, out)
            else:
                await (await answered(hot, Request(scope, replay)))(scope, replay, out)
        except Exception as error:
            if out.started:
                raise
            await answer_crash(Request(scope), error)(scope, receive, out)

    def _limit_of(self, scope: Scope) -> int:
        return self._larger.get((scope["method"], scope["path"]), self._body_limit)

    async def _read_body(self, limit: int, headers: Headers, receive: Receive) -> bytes | None:
        """Return the whole body, or None when the client went away in the middle of it."""
        announced = headers.get("content-length", "0")
        if announced.isdecimal() and int(announced[:LENGTH_DIGITS_MAX]) > limit:
            raise BodyTooLarge(limit=limit)
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            part = message.get("body", b"")
            size += len(part)
            if size > limit:
                raise BodyTooLarge(limit=limit)
            parts.append(part)
            if not message.get("more_body", False):
                return b"".join(parts)


def may_stream(scope: Scope, headers: Headers) -> bool:
    """Tell whether a body is let through unread."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return (scope["method"], scope["path"], kind) == STREAMED and headers.get("authorization", "").lower().startswith(
        "bearer "
    )


def _is_judged_later(scope: Scope, headers: Headers) -> bool:
    """Tell whether the route looks at the credentials of a request, and counts it if they are worth nothing."""
    if COOKIE_PATHS.match(scope["path"]) is not None:
        return _at_desk(scope, headers)
    # What a code answers is the same for whoever asks, and may be answered before a route sees it (`kept_pages.py`).
    return "authorization" in headers and OPEN_PATHS.match(scope["path"]) is None


def _at_desk(scope: Scope, headers: Headers) -> bool:
    """Tell whether somebody with a session asks for a page of the desk; the page counts a session that is none."""
    if DESK_PATHS.match(scope["path"]) is None:
        return False
    cookies = cookie_parser(headers.get("cookie", ""))
    return any(name in cookies for name in SESSION_COOKIES)


def address_of(scope: Scope) -> str:
    """Return the address that a request is counted under."""
    client = scope.get("client")
    return str(client[0]) if client else "-"


class _Marked:
    """Sends an answer with the request's id and the security headers, and a HEAD's answer without its body."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._request_id, self._is_head, self._send = scope["coldtrace.request_id"], scope["method"] == "HEAD", send
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            headers = [each for each in message.get("headers", ()) if each[0] != b"x-request-id"]
            named = {name for name, _ in headers}
            headers += [each for each in _SECURITY if each[0] not in named]
            headers.append((b"x-request-id", self._request_id.encode()))
            message = {**message, "headers": headers}
        elif self._is_head and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self._send(message)


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
