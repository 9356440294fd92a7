"""What routes ask for: a session, the Env, and who is calling.

Everything needs a token or a device signature but consumer pages, the trust list, the log and enrolment; people,
roles and rights come next (docs/architecture.md).
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from sqlmodel import Session

from coldtrace.custody.refusals import DeviceRevoked, DeviceUnknown
from coldtrace.env import Env
from coldtrace.errors import Lang, Refusal
from coldtrace.parties import service as parties
from coldtrace.parties import store as parties_store
from coldtrace.parties.model import Device
from coldtrace.parties.refusals import AuthenticationRequired
from coldtrace.seal.b64 import b64
from coldtrace.seal.device_request import parse_authorization, verify_request
from coldtrace.seal.keys import load_public_key
from coldtrace.settings import Settings
from coldtrace.web.limits import AnonymousLimit, address_of
from coldtrace.web.problems import language_of
from coldtrace.web.refusals import TooManyRequests

Transactions = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who is calling: a token by its name, or a device."""

    token_name: str | None = None
    device: Device | None = None

    @property
    def name(self) -> str:
        """Who it was, for the record: `token:NAME` or `device:KEY`."""
        return f"token:{self.token_name}" if self.device is None else f"device:{b64(self.device.key_id)}"


def _read_session(request: Request) -> Iterator[Session]:
    with request.app.state.sessions() as session:
        yield session


def _write_session(request: Request) -> Iterator[Session]:
    # The function scope commits before the answer leaves: a 202 is never followed by a failed commit.
    with request.app.state.sessions.begin() as session:
        yield session


def _env(request: Request) -> Env:
    env: Env = request.app.state.env
    return env


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


async def _body(request: Request) -> bytes:
    body: bytes = request.scope["coldtrace.body"]
    return body


def _transactions(request: Request) -> Transactions:
    begin: Transactions = request.app.state.sessions.begin
    return begin


ReadSession = Annotated[Session, Depends(_read_session, scope="function")]
WriteSession = Annotated[Session, Depends(_write_session, scope="function")]
Begin = Annotated[Transactions, Depends(_transactions)]
"""For a route whose work is too long for one transaction: `with begin() as session:` for each piece."""
CurrentEnv = Annotated[Env, Depends(_env)]
CurrentSettings = Annotated[Settings, Depends(_settings)]
Body = Annotated[bytes, Depends(_body)]
CallerLang = Annotated[Lang, Depends(language_of)]


def recognise(request: Request, session: Session, body: bytes) -> Caller | None:
    """Return who is calling, None without credentials; raise a Refusal for wrong ones, and count those."""
    header = request.headers.get("authorization")
    if header is None:
        return None
    env, settings = _env(request), _settings(request)
    try:
        scheme, _, rest = header.partition(" ")
        if scheme.lower() == "bearer":
            name = parties.recognise_token(session, env, rest.strip(), production=settings.env == "production")
            return Caller(token_name=name)
        return Caller(device=_device(request, session, header, body))
    except Refusal:
        limit: AnonymousLimit = request.app.state.anonymous
        limit.count(address_of(request.scope))
        raise


def _device(request: Request, session: Session, header: str, body: bytes) -> Device:
    authorization = parse_authorization(header)
    device = parties_store.devices_by_key(session, [authorization.key]).get(authorization.key)
    if device is None:
        raise DeviceUnknown(key=b64(authorization.key))
    if device.state in ("revoked", "retired"):
        raise DeviceRevoked(key=b64(authorization.key))
    query = request.scope["query_string"].decode("latin-1")
    path = request.scope["raw_path"].decode("latin-1") + (f"?{query}" if query else "")
    verify_request(
        authorization,
        public_key=load_public_key(device.spki),
        net=_env(request).net,
        method="HEAD" if "coldtrace.head" in request.scope else request.method,
        path=path,
        body=body,
    )
    return device


def known_caller(request: Request, body: Body) -> Caller:
    """Return who is calling; raise AuthenticationRequired without credentials, a Refusal for wrong ones."""
    # A session of its own, closed before the route opens one: a request that held one connection and waited for a
    # second would stand in the way of all others doing the same.
    with request.app.state.sessions() as session:
        caller = recognise(request, session, body)
    if caller is None:
        raise AuthenticationRequired()
    return caller


KnownCaller = Annotated[Caller, Depends(known_caller)]
"""A route with this parameter answers 401 without a valid token or device signature."""


def token_holder(caller: KnownCaller) -> Caller:
    """Return the caller if it has a token; raise AuthenticationRequired for a device."""
    if caller.token_name is None:
        raise AuthenticationRequired()
    return caller


TokenHolder = Annotated[Caller, Depends(token_holder)]
"""A route with this parameter is not for devices."""


def count_visitor(request: Request, body: Body) -> None:
    """Count a request of a public route whose credentials are worth nothing; the door counted those without any.

    Wrong credentials are no reason to hide what everybody may see, but neither a way around the limit.
    """
    if "authorization" not in request.headers:
        return
    with request.app.state.sessions() as session:
        try:
            recognise(request, session, body)
        except TooManyRequests:
            raise
        except Refusal:
            return


Visitor = Depends(count_visitor)
"""For the routers of public routes."""
