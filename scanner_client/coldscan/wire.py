"""The link to the server: every request has a short time limit, and each is vouched for by the device's key.

No redirect is followed, so nothing signed for one host reaches another; an answer over the limit is dropped.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Final
from urllib.parse import urlsplit

import httpx

from coldscan.json_shape import Members, parse_object
from coldscan.refusals import BadAnswer, ServerRefused, ServerTrouble, ServerUnreachable
from coldtrace.errors import Lang
from coldtrace.seal.device_request import sign_request
from coldtrace.seal.signer import Signer

TIMEOUT: Final = httpx.Timeout(connect=3.0, read=10.0, write=10.0, pool=3.0)
ANSWER_MAX: Final = 16 * 1024 * 1024
AGENT: Final = "coldscan/0.1"

# Said by something on the way or by a server that wants a pause: worth asking again.
_AGAIN: Final = frozenset({408, 425, 429})


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def is_trouble(self) -> bool:
        """Tell whether the fault is the server's, or a matter of waiting."""
        return self.status >= 500 or self.status in _AGAIN

    def problem(self) -> tuple[str, str]:
        """Return code and words of a problem answer, as far as it has them."""
        try:
            members = parse_object(self.body, where="problem")
            code = members.optional_text("code")
            words = [each for name in ("title", "detail") if (each := members.optional_text(name))]
        except BadAnswer:
            code, words = None, []
        stop = ". " if all(each.isascii() for each in words[:1]) else "。"
        said = stop.join([*(each.rstrip(".。") for each in words[:-1]), *words[-1:]])
        return (code or f"http_{self.status}"), (said or f"HTTP {self.status}")[:500]

    def require(self, *statuses: int) -> "Reply":
        """Return the reply if it has one of these statuses; raise ServerTrouble or ServerRefused."""
        if self.status in statuses:
            return self
        if self.is_trouble:
            raise ServerTrouble(status=self.status)
        code, said = self.problem()
        raise ServerRefused(status=self.status, reason=code, words=said)

    def members(self, where: str) -> Members:
        """Return the JSON object of the body; raise BadAnswer."""
        return parse_object(self.body, where=where)


class Wire:
    """One connection to the server, closed by `with`.  Without a signer (before enrolment) nothing is vouched for."""

    def __init__(
        self,
        url: str,
        *,
        signer: Signer | None,
        net: bytes,
        lang: Lang,
        clock: Callable[[], datetime],
        timeout: httpx.Timeout = TIMEOUT,
    ) -> None:
        self.url = url.rstrip("/")
        self._signer, self._net, self._clock = signer, net, clock
        headers = {"User-Agent": AGENT, "Accept-Language": lang}
        # A plain http server (a test, a LAN) needs no certificates; loading them takes a fifth of a second.
        is_https = urlsplit(self.url).scheme == "https"
        self._client = httpx.Client(timeout=timeout, headers=headers, follow_redirects=False, verify=is_https)

    def __enter__(self) -> "Wire":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Reply:
        """Ask for a path; raise ServerUnreachable."""
        return self._send("GET", path, b"", dict(headers or {}))

    def post(self, path: str, value: object) -> Reply:
        """Send a JSON value; raise ServerUnreachable."""
        body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
        return self._send("POST", path, body, {"Content-Type": "application/json"})

    def _send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        try:
            request = self._client.build_request(method, self.url + path, content=body, headers=headers)
            if self._signer is not None:
                request.headers["Authorization"] = sign_request(
                    signer=self._signer,
                    net=self._net,
                    method=method,
                    path=request.url.raw_path.decode("ascii"),
                    body=body,
                    at=self._clock(),
                )
            response = self._client.send(request, stream=True)
            try:
                return Reply(status=response.status_code, headers=response.headers, body=_read(response))
            finally:
                response.close()
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            host = urlsplit(self.url).netloc or self.url
            raise ServerUnreachable(url=host, reason=str(error) or type(error).__name__) from error


def _read(response: httpx.Response) -> bytes:
    body = bytearray()
    for part in response.iter_bytes():
        body += part
        if len(body) > ANSWER_MAX:
            raise BadAnswer(what="length")
    return bytes(body)
