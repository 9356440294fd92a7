"""One HTTP request to an address that somebody typed: to public hosts alone, by one deadline, read a little.

The host is resolved once; every address must be public, and the connection goes to the address that was looked at: a
name that resolves differently a moment later (DNS rebinding) changes nothing.  The certificate is checked against the
name.  No redirect is followed, no proxy asked, no more than the first bytes of an answer read, none unpacked.
"""

import asyncio
import logging
import socket
import ssl
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import httpx

from coldtrace.errors import Words
from coldtrace.webhooks.model import ANSWER_BYTES_MAX
from coldtrace.webhooks.rules import is_inside, is_public

DEADLINE_S = 15.0
"""The specification asks receivers to answer at once and senders to wait 15 to 30 seconds."""

# What it says of a request has the whole address in it, and an address may hold somebody's secret.
logging.getLogger("httpx").setLevel(logging.WARNING)


class Trouble(StrEnum):
    """Why no status came back."""

    NAME_UNKNOWN = "name_unknown"
    ADDRESS_REFUSED = "address_refused"
    CERTIFICATE = "certificate"
    NO_CONNECTION = "no_connection"
    TIMEOUT = "timeout"
    NO_ANSWER = "no_answer"
    NO_SECRET = "no_secret"


TROUBLE_WORDS: dict[Trouble, Words] = {
    Trouble.NAME_UNKNOWN: Words("域名无法解析", "the host's name is unknown"),
    Trouble.ADDRESS_REFUSED: Words("内网或保留地址，未连接", "a private or reserved address: not called"),
    Trouble.NO_SECRET: Words(
        "本机收据密钥打不开其密钥，未发送；请更换密钥",
        "its secret does not open with this receipt key: make a new one",
    ),
    Trouble.CERTIFICATE: Words("证书无效", "its certificate is not valid"),
    Trouble.NO_CONNECTION: Words("无法连接", "no connection"),
    Trouble.TIMEOUT: Words("超时", "not in time"),
    Trouble.NO_ANSWER: Words("答复无法读取", "no readable answer"),
}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came back: a status with the first bytes of the answer, or why nothing did."""

    status: int | None = None
    trouble: Trouble | None = None
    answer: str = ""
    took_ms: int = 0

    @property
    def is_taken(self) -> bool:
        """Tell whether the receiver took the message: 2xx and nothing else."""
        return self.status is not None and 200 <= self.status < 300


class Sender:
    """Makes requests; `inside` names hosts that may be private and be spoken to without TLS."""

    def __init__(self, *, inside: Collection[str] = (), deadline_s: float = DEADLINE_S) -> None:
        self._inside, self._deadline_s = frozenset(inside), deadline_s

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context()

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Send one message and return what came back, in time whatever the other side does."""
        began = time.monotonic()
        outcome = asyncio.run(self._within_time(url, headers, body))
        took_ms = int((time.monotonic() - began) * 1000)
        return Outcome(status=outcome.status, trouble=outcome.trouble, answer=outcome.answer, took_ms=took_ms)

    async def _within_time(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        try:
            async with asyncio.timeout(self._deadline_s):
                return await self._post(url, headers, body)
        except TimeoutError:
            return Outcome(trouble=Trouble.TIMEOUT)
        except (httpx.InvalidURL, UnicodeError):
            return Outcome(trouble=Trouble.NAME_UNKNOWN)

    async def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> Outcome:
        asked = httpx.URL(url)
        port = asked.port or {"https": 443, "http": 80}[asked.scheme]
        inside = is_inside(url, self._inside)
        if asked.scheme != "https" and not inside:
            # The setting was another one when the address was taken.
            return Outcome(trouble=Trouble.ADDRESS_REFUSED)
        try:
            found = await asyncio.get_running_loop().getaddrinfo(asked.host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return Outcome(trouble=Trouble.NAME_UNKNOWN)
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        if not addresses:
            return Outcome(trouble=Trouble.NAME_UNKNOWN)
        if not inside and not all(is_public(each) for each in addresses):
            return Outcome(trouble=Trouble.ADDRESS_REFUSED)
        outcome = Outcome(trouble=Trouble.NO_CONNECTION)
        for address in addresses[:_ADDRESSES_MAX]:
            outcome = await self._post_to(address, asked, headers, body)
            if outcome.trouble is not Trouble.NO_CONNECTION:
                break
        return outcome

    async def _post_to(self, address: str, asked: httpx.URL, headers: Mapping[str, str], body: bytes) -> Outcome:
        """Send to one address under the name that was asked for."""
        named = {
            "Host": asked.netloc.decode("ascii"),
            "User-Agent": "coldtrace-webhooks",
            "Accept-Encoding": "identity",
        }
        try:
            async with (
                httpx.AsyncClient(
                    verify=self._tls, trust_env=False, follow_redirects=False, timeout=self._deadline_s
                ) as client,
                client.stream(
                    "POST",
                    asked.copy_with(host=address),
                    content=body,
                    headers={**headers, **named, "Content-Type": "application/json"},
                    extensions={"sni_hostname": asked.host},
                ) as response,
            ):
                return Outcome(status=response.status_code, answer=await _beginning(response))
        except httpx.ConnectError as error:
            refused = isinstance(_root_of(error), ssl.SSLError)
            return Outcome(trouble=Trouble.CERTIFICATE if refused else Trouble.NO_CONNECTION)
        except httpx.ConnectTimeout:
            return Outcome(trouble=Trouble.NO_CONNECTION)
        except httpx.TimeoutException:
            return Outcome(trouble=Trouble.TIMEOUT)
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError, ValueError):
            return Outcome(trouble=Trouble.NO_ANSWER)


_ADDRESSES_MAX = 4


async def _beginning(response: httpx.Response) -> str:
    """Return the first bytes of an answer as text that a page and a database can hold."""
    data = bytearray()
    try:
        async for part in response.aiter_raw():
            data += part
            if len(data) >= ANSWER_BYTES_MAX:
                break
    except httpx.HTTPError:
        pass  # the status came; what an answer says beside it is a courtesy
    text = bytes(data[:ANSWER_BYTES_MAX]).decode("utf-8", errors="replace")
    return "".join(sign if sign.isprintable() or sign in "\n\t" else "\ufffd" for sign in text)


def _root_of(error: BaseException) -> BaseException:
    while (deeper := error.__cause__ or error.__context__) is not None:
        error = deeper
    return error
