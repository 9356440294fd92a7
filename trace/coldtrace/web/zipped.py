"""Public pages and files, compressed for whoever takes gzip: a phone in a shop loads a page in a fraction of the bytes.

Only what is the same for everybody is compressed here: a page that holds a secret beside what a stranger put into its
address would tell the secret by its length.  So the desk, sign-in, forms and complaints' own pages go as they are, and
so does what streams, and what brings an encoding of its own.
"""

import gzip
import re
import zlib
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coldtrace.web.accepted import takes_gzip
from coldtrace.web.open_codes import OPEN_PATHS

LEVEL: Final = 4
"""Of a page that is made for one: a third of level 9's time, a few hundred bytes more."""
_FROM_BYTES: Final = 600
_KINDS = re.compile(r"text/html|application/(\w|[.+-])*json", re.ASCII)
_PUBLIC_PAGES: Final = frozenset({"/", "/recalls", "/complaints", "/privacy"})
_HEAD: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


class Zipped:
    """The middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; compress the answer if it is public and its asker takes that."""
        if scope["type"] == "http" and scope["method"] == "GET" and _is_public(scope["path"]):
            send = _Zipping(send, takes_gzip(Headers(scope=scope).get("accept-encoding", "")))
        await self._app(scope, receive, send)


def _is_public(path: str) -> bool:
    return path in _PUBLIC_PAGES or OPEN_PATHS.match(path) is not None


class _Zipping:
    """Holds the head of an answer back until its body is here."""

    def __init__(self, send: Send, wanted: bool) -> None:
        self._send, self._wanted = send, wanted
        self._head: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if _KINDS.match(headers.get("content-type", "")) is not None:
                headers.add_vary_header("Accept-Encoding")
                if self._wanted and "content-encoding" not in headers:
                    self._head = message
                    return
            await self._send(message)
            return
        head, self._head = self._head, None
        if head is not None:
            if not message.get("more_body", False) and len(message.get("body", b"")) >= _FROM_BYTES:
                message = {**message, "body": gzip.compress(message["body"], LEVEL, mtime=0)}
                headers = MutableHeaders(scope=head)
                headers["Content-Encoding"] = "gzip"
                headers["Content-Length"] = str(len(message["body"]))
            await self._send(head)
        await self._send(message)


class ZippedAround:
    """A body that is compressed but for a few bytes in its middle, which may be others each time."""

    def __init__(self, before: bytes, after: bytes) -> None:
        self._before = _HEAD + _deflated(before, zlib.Z_FULL_FLUSH)
        self._after, self._plain = _deflated(after, zlib.Z_FINISH), after
        self._crc, self._size = zlib.crc32(before), len(before) + len(after)

    def around(self, middle: bytes) -> bytes:
        """Return the whole as a gzip file; `middle` may have 65 535 bytes."""
        # A stored block of deflate (RFC 1951, 3.2.4); what is before it ends at a byte.
        stored = b"\x00" + len(middle).to_bytes(2, "little") + (len(middle) ^ 0xFFFF).to_bytes(2, "little") + middle
        crc = zlib.crc32(self._plain, zlib.crc32(middle, self._crc))
        size = (self._size + len(middle)) & 0xFFFFFFFF
        return self._before + stored + self._after + crc.to_bytes(4, "little") + size.to_bytes(4, "little")


def _deflated(data: bytes, end: int) -> bytes:
    made = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return made.compress(data) + made.flush(end)
