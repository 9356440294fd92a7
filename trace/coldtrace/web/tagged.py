"""Tags for the answers of the API: whoever has an answer already is told so in a few bytes (RFC 9110, 8.8 and 13).

A GET under /api/v1/ that is answered 200 with JSON in one piece gets a strong ETag of its bytes; `If-None-Match` with
that tag is answered 304.  The work is done and recorded in the journal all the same: only the bytes are spared.  What
streams, and what brings its own tag (the trust list, filters), goes through as it is.
"""

from hashlib import sha256

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PREFIX = "/api/v1/"
_KEPT = ("etag", "cache-control", "vary", "content-language", "coldtrace-time")


class Tagged:
    """The middleware; it stands inside the door, which turns HEAD into GET and takes the body away again."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and tag its answer."""
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"].startswith(PREFIX):
            send = _Tagging(send, Headers(scope=scope).get("if-none-match", ""))
        await self._app(scope, receive, send)


class _Tagging:
    """Holds the head of an answer back until it is known whether its body comes in one piece."""

    def __init__(self, send: Send, wanted: str) -> None:
        self._send, self._wanted = send, wanted
        self._head: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_taggable(message):
            self._head = message
            return
        head, self._head = self._head, None
        if head is None:
            await self._send(message)
            return
        if message.get("more_body", False):
            await self._send(head)
            await self._send(message)
            return
        headers = MutableHeaders(scope=head)
        tag = f'"{sha256(message["body"]).hexdigest()[:32]}"'
        headers["ETag"] = tag
        headers.setdefault("Cache-Control", "private, no-cache")
        headers.setdefault("Vary", "Authorization, Cookie, Accept-Language")
        if names_tag(self._wanted, tag):
            head["status"] = 304
            head["headers"] = [(name, value) for name, value in headers.raw if name.decode("latin-1") in _KEPT]
            message = {**message, "body": b""}
        await self._send(head)
        await self._send(message)


def _is_taggable(message: Message) -> bool:
    headers = Headers(raw=message["headers"])
    return message["status"] == 200 and headers.get("content-type") == "application/json" and "etag" not in headers


def names_tag(wanted: str, tag: str) -> bool:
    """Tell whether If-None-Match names this tag; a proxy may have weakened it."""
    return any(each.strip().removeprefix("W/") in (tag, "*") for each in wanted.split(","))
