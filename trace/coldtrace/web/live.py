"""Counts that keep up by themselves: one stream of server-sent events for a page that somebody looks at.

The stream asks again every few seconds who is signed in and what that person may see, as a page does, and ends when
the session does, when the page is left, and after a quarter of an hour, when the browser opens the next one by itself.
A look counts as no use of the session: a page left open does not keep anybody signed in.  Streams are few: a place
each, some of one session; whoever finds none has the page's plain numbers.  HTML standard, section 9.2.
"""

import asyncio
import json
import time

from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from starlette.types import Receive, Scope, Send

from coldtrace.people.members import reader_of_person
from coldtrace.people.sessions import person_of_session
from coldtrace.web.refusals import StreamsTaken
from coldtrace.web.today import MOST, count_today

EVERY_S = 10.0
LIFE_S = 900.0
STREAMS_MAX = 60
STREAMS_OF_A_SESSION = 3
RETRY_S = 60


class LiveRoom:
    """Who has a stream: at most `streams` of them, and a few of one session.  Asked in the event loop alone."""

    def __init__(
        self,
        *,
        streams: int = STREAMS_MAX,
        of_a_session: int = STREAMS_OF_A_SESSION,
        every_s: float = EVERY_S,
        life_s: float = LIFE_S,
    ) -> None:
        self.every_s, self.life_s = every_s, life_s
        self._streams, self._of_a_session = streams, of_a_session
        self._open: dict[str, int] = {}

    def enter(self, secret: str) -> None:
        """Take a place; raise StreamsTaken where there is none."""
        own = self._open.get(secret, 0)
        if own >= self._of_a_session or sum(self._open.values()) >= self._streams:
            raise StreamsTaken(retry_s=RETRY_S)
        self._open[secret] = own + 1

    def leave(self, secret: str) -> None:
        """Give a place back."""
        left = self._open[secret] - 1
        if left:
            self._open[secret] = left
        else:
            del self._open[secret]


class LiveCounts(Response):
    """The stream of a session.  It holds a place of the room from its first byte until it ends, however it ends."""

    media_type = "text/event-stream"

    def __init__(self, request: Request, secret: str) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._app: FastAPI = request.app
        self._secret = secret
        self._room: LiveRoom = request.app.state.live_room

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the counts whenever they changed."""
        self._room.enter(self._secret)
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            if "coldtrace.head" not in scope:
                await self._tell(receive, send)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._room.leave(self._secret)

    async def _tell(self, receive: Receive, send: Send) -> None:
        end, told = time.monotonic() + self._room.life_s, None
        while time.monotonic() < end:
            found = await run_in_threadpool(_look, self._app, self._secret)
            if found is None:
                await _event(send, b"event: over\ndata: {}\n\n")
                return
            line = json.dumps(found, separators=(",", ":")).encode()
            # A comment keeps proxies from closing a connection on which nothing changes.
            await _event(send, b": as before\n\n" if line == told else b"event: counts\ndata: " + line + b"\n\n")
            told = line
            if await _left(receive, self._room.every_s):
                return


async def _event(send: Send, event: bytes) -> None:
    await send({"type": "http.response.body", "body": event, "more_body": True})


async def _left(receive: Receive, wait_s: float) -> bool:
    """Wait for the next look; tell whether the browser went away meanwhile."""
    try:
        async with asyncio.timeout(wait_s):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return False
    return True


def _look(app: FastAPI, secret: str) -> dict[str, object] | None:
    """Return what the person of a session may count at this moment; None when nobody is signed in by it any more."""
    state = app.state
    with state.sessions() as session:
        person = person_of_session(session, state.env, secret, production=state.settings.env == "production")
        if person is None:
            return None
        counts = count_today(app, session, reader_of_person(session, person.person_id))
    return {"most": MOST, "counts": counts}
