"""Codes under load: a page that many want at once is made once, and no more wait than can be served.

A story in the news sends everybody to one code.  Making its page costs some twenty questions and a check of its whole
proof, so whoever wants a page that is being made waits for that one, and it is kept for a second for those who come
next, each with a number of look-ups of his own; the page says when it was decided.  A page that nobody waited for is
not kept: where there is no crowd, everything is as fresh as the database.  Pages of different codes are made by a few
threads at a time, because scans are captured by the same process; past `waiting_max` the answer is 503 with
`Retry-After`.

What has no number of look-ups is kept whole where it is the same for all: a code that is refused or unknown, a place
and its lots; whoever is shown an unknown code is noted as if it had been made for him.

Nothing of a visitor is in a kept page: its language is part of the key, and nothing else of the request but the code.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property

import psycopg
from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coldtrace.errors import Lang
from coldtrace.web.accepted import takes_gzip
from coldtrace.web.looks import Looks
from coldtrace.web.open_codes import OPEN_PATHS
from coldtrace.web.problems import answer, answered, language_of, wants_page
from coldtrace.web.refusals import PagesBusy
from coldtrace.web.shown import NOTE, Shown
from coldtrace.web.words import page_words
from coldtrace.web.zipped import ZippedAround

FRESH_S = 1.0
"""How old a page may be: a recall, a release or a sale is seen a second later at most."""
KEPT_MAX = 500
"""Pages kept at most, of some 16 kB each."""
TURNS = 4
"""Pages made at a time: more threads make none of them earlier, and take the interpreter from the scans."""
KEPT_STATUSES = frozenset({200, 403, 404})
"""Of pages that say of a code what there is to say: also that its lot is recalled, or that it is not known."""
RETRY_S = 2

_Key = tuple[bytes, bytes, Lang]
QuickPage = Callable[[Request], Awaitable[Response | None]]


@dataclass(kw_only=True)
class _Kept:
    """A page around its number of look-ups, or the whole of one that has none."""

    status: int
    headers: list[tuple[bytes, bytes]]
    before: bytes
    after: bytes
    lang: Lang
    shown: Shown
    until_s: float

    @cached_property
    def zipped(self) -> ZippedAround:
        """The same, compressed once for all who take that."""
        return ZippedAround(self.before, self.after)


class KeptPages:
    """The middleware, the innermost: limits, headers and HEAD are looked after around it."""

    def __init__(self, app: ASGIApp, *, looks: Looks, waiting_max: int, quick: QuickPage) -> None:
        """`quick` makes the pages that most ask for, past the framework; None from it means that `app` has to."""
        self._app, self._looks, self._waiting_max, self._quick = app, looks, waiting_max, quick
        self._turns = asyncio.Semaphore(TURNS)
        self._kept: OrderedDict[_Key, _Kept] = OrderedDict()
        self._making: dict[_Key, _Making] = {}
        self._busy: dict[tuple[Lang, bool], Response] = {}
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for a code with a kept page, or have it made in its turn."""
        if scope["type"] != "http" or scope["method"] != "GET" or OPEN_PATHS.match(scope["path"]) is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        key = (scope["raw_path"], scope["query_string"], language_of(request)) if wants_page(request) else None
        kept: _Kept | _Copy | None = self._find(key)
        if kept is None:
            if self._waiting >= self._waiting_max:
                await self._refusal(request)(scope, receive, send)
                return
            self._waiting += 1
            try:
                kept = await self._made(key, scope, receive)
            finally:
                self._waiting -= 1
        # Whoever reads slowly holds nobody else up: no turn and no place among those who wait is held here.
        if isinstance(kept, _Copy):
            await kept.send_to(send)
        else:
            await self._show(kept, request, receive, send)

    def _find(self, key: _Key | None) -> _Kept | None:
        kept = None if key is None else self._kept.get(key)
        return kept if kept is not None and time.monotonic() < kept.until_s else None

    async def _made(self, key: _Key | None, scope: Scope, receive: Receive) -> "_Kept | _Copy":
        """Return the page that somebody else was making, or make it and return the answer."""
        while key is not None and key in self._making:
            self._making[key].wanted = True
            await self._making[key].done.wait()
            if (kept := self._find(key)) is not None:
                return kept
        making = _Making()
        if key is not None:
            self._making[key] = making
        try:
            scope[NOTE] = shown = Shown()
            copy = _Copy()
            await self._make(Request(scope), receive, copy)
            if key is not None and making.wanted:
                self._keep(key, shown, copy)
        finally:
            if key is not None:
                del self._making[key]
            making.done.set()
        return copy

    async def _make(self, request: Request, receive: Receive, send: Send) -> None:
        page = await answered(self._quick, request)
        if page is not None:
            await page(request.scope, receive, send)
            return
        async with self._turns:
            await self._app(request.scope, receive, send)

    def _keep(self, key: _Key, shown: Shown, copy: "_Copy") -> None:
        if copy.status not in KEPT_STATUSES or any(name == b"set-cookie" for name, _ in copy.headers):
            return
        if shown.unit_id:
            # The first look says in words of its own that nobody came before.
            parts = copy.body.split(_said(shown.count, key[2])) if shown.count >= 2 else []
        else:
            parts = [copy.body, b""] if shown.common else []
        if len(parts) != 2:
            return
        headers = [each for each in copy.headers if each[0] != b"content-length"]
        until_s = time.monotonic() + FRESH_S
        self._kept[key] = _Kept(
            status=copy.status,
            headers=headers,
            before=parts[0],
            after=parts[1],
            lang=key[2],
            shown=shown,
            until_s=until_s,
        )
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)

    async def _show(self, kept: _Kept, request: Request, receive: Receive, send: Send) -> None:
        said = b""
        try:
            if kept.shown.unit_id:
                count, _ = await self._looks.count_joined(request, kept.shown.unit_id)
                said = _said(count, kept.lang)
            elif kept.shown.stray is not None:
                code, signed = kept.shown.stray
                await self._looks.stray_joined(request, code, signed=signed)
        except (SQLAlchemyError, psycopg.Error):
            # Inside, a database that is away is answered as everywhere.
            await self._app(request.scope, receive, send)
            return
        headers = list(kept.headers)
        if takes_gzip(request.headers.get("accept-encoding", "")):
            body = kept.zipped.around(said)
            headers.append((b"content-encoding", b"gzip"))
        else:
            body = kept.before + said + kept.after
        headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": kept.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _refusal(self, request: Request) -> Response:
        """Return the answer to one too many; rendered once, for it is given when there is no time."""
        kind = (language_of(request), wants_page(request))
        if kind not in self._busy:
            self._busy[kind] = answer(request, PagesBusy(retry_s=RETRY_S))
        return self._busy[kind]


class _Making:
    """A page that is being made; `wanted` by others as well."""

    def __init__(self) -> None:
        self.done = asyncio.Event()
        self.wanted = False


class _Copy:
    """Takes an answer down, to be sent when its turn is over."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message.get("headers", ()))
        elif message["type"] == "http.response.body":
            self.body += message.get("body", b"")

    async def send_to(self, send: Send) -> None:
        """Send what was taken down."""
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})


def _said(count: int, lang: Lang) -> bytes:
    return page_words("query.nth", lang, count=count).encode()
