"""The answer 503 `busy` to scans, made once for each language: what is refused two thousand times a second must cost
next to nothing, or the refusing takes the time of those that were let in.

Decided before the body is taken and before anything of the framework is made of the headers.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from coldtrace.web.captures import LARGE_BYTES, RETRY_S, Captures
from coldtrace.web.problems import answer
from coldtrace.web.refusals import Busy

KEPT_MAX = 256
_SAID_BY = (b"accept-language", b"cookie")
"""Headers that choose the language (`problems.py`), beside the query."""


class BusyAnswers:
    """Gives the answer to a request with scans while too many wait, None when it must be looked at.

    A long body, one of unknown length, a stream and a client that asks first are left to the route: what is not read
    here the server drops, which is cheap only where it is short.
    """

    def __init__(self, captures: Captures) -> None:
        self._captures = captures
        self._made: dict[tuple[bytes, ...], Response] = {}

    def __call__(self, scope: Scope) -> Response | None:
        """Return the answer; it may be sent any number of times."""
        if not self._captures.is_full:
            return None
        length, key = b"", [scope["query_string"]]
        for name, value in scope["headers"]:
            if name == b"content-length":
                length = value
            elif name in _SAID_BY:
                key += (name, value)
            elif name == b"expect" or (name == b"content-type" and b"ndjson" in value.lower()):
                return None
        if not (0 < len(length) < 10 and length.isdigit() and int(length) <= LARGE_BYTES):
            return None
        made = self._made.get(tuple(key))
        if made is None:
            if len(self._made) >= KEPT_MAX:
                self._made.clear()
            made = self._made[tuple(key)] = answer(Request(scope), Busy(retry_s=RETRY_S))
        return made
