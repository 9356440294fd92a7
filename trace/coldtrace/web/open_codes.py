"""Codes are for everybody's pages: answers about them may be read from anywhere, and browsers may ask first (CORS).

GS1-Conformant resolver 1.1 wants GET, HEAD and OPTIONS, and CORS.  No credentials take part: what a code answers is
the same for whoever asks.  So is the verifier, `/static/verify.js` with its modules: a page elsewhere may load it.
"""

import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

OPEN_PATHS = re.compile(r"/(01|00|414|U)/|/\.well-known/gs1resolver$", re.ASCII)
_VERIFIER = re.compile(r"/static/verify(\.js$|/)", re.ASCII)
_ANYBODY = (b"access-control-allow-origin", b"*")
_EXPOSED = (b"access-control-expose-headers", b"Link, ETag, Content-Language")
_ASKED_FIRST = [
    (b"allow", b"GET, HEAD, OPTIONS"),
    (b"access-control-allow-methods", b"GET, HEAD, OPTIONS"),
    (b"access-control-allow-headers", b"Accept, Accept-Language, If-None-Match"),
    (b"access-control-max-age", b"86400"),
    (b"content-length", b"0"),
    _ANYBODY,
]


class OpenCodes:
    """The middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; answer OPTIONS of a code's address right here."""
        if scope["type"] != "http" or not (OPEN_PATHS.match(scope["path"]) or _VERIFIER.match(scope["path"])):
            await self._app(scope, receive, send)
            return

        async def opened(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [each for each in message.get("headers", ()) if each[0].lower() != _ANYBODY[0]]
                message = {**message, "headers": [*kept, _ANYBODY, _EXPOSED]}
            await send(message)

        if scope["method"] == "OPTIONS":
            await send({"type": "http.response.start", "status": 204, "headers": _ASKED_FIRST})
            await send({"type": "http.response.body", "body": b""})
            return
        await self._app(scope, receive, opened)
