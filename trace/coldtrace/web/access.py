"""What routes ask for: a session, the Env, and who is calling with which right.

A route names the one right that it needs: `caller: Annotated[Caller, needs(Kind.RUN, Verb.READ)]`, and passes
`caller.scope` to its queries.  Routes without it are public, or answer whoever signed what they are sent
(docs/decisions/0016-people-and-rights.md).
"""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from sqlmodel import Session

from coldtrace.custody.refusals import DeviceRevoked, DeviceUnknown
from coldtrace.env import Env
from coldtrace.errors import Lang, Refusal
from coldtrace.parties import store as parties_store
from coldtrace.parties.model import Device
from coldtrace.parties.refusals import AuthenticationRequired
from coldtrace.people import tokens
from coldtrace.people.members import reader_of_device
from coldtrace.people.model import HeldToken
from coldtrace.rights.model import NOTHING, Kind, Reader, Scope, Verb
from coldtrace.rights.refusals import RightMissing
from coldtrace.rights.rules import scope_of, sees_by_area
from coldtrace.seal.b64 import b64
from coldtrace.seal.device_request import DeviceAuthorization, parse_authorization, verify_request
from coldtrace.seal.keys import PublicKey, load_public_key
from coldtrace.settings import Settings
from coldtrace.web.journal import Note, is_taken_on, note_of, open_note, take_on, write_alone
from coldtrace.web.limits import AnonymousLimit, address_of
from coldtrace.web.open_codes import OPEN_PATHS
from coldtrace.web.problems import language_of
from coldtrace.web.refusals import TooManyRequests

Transactions = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who is calling: a token, a device, or a person with a session; what they may do; and as far as `scope` here.

    `scope` is what the right that the route needs reaches.
    """

    token: HeldToken | None = None
    device: Device | None = None
    person_id: UUID | None = None
    reader: Reader = field(default_factory=Reader)
    scope: Scope = NOTHING
    note: Note | None = None

    @property
    def actor(self) -> str:
        """Who it was, for the records: `person:ID`, `token:ID` or `device:KEY`.  A person's own token is that person.

        Never a name: records outlive an erasure.
        """
        if self.device is not None:
            return f"device:{b64(self.device.key_id)}"
        if self.person_id is not None:
            return f"person:{self.person_id}"
        assert self.token is not None, "nobody else is a caller"
        return f"token:{self.token.token_id}"

    @property
    def token_detail(self) -> dict[str, str]:
        """Return by which of its tokens a person acts."""
        return {"token": str(self.token.token_id)} if self.token is not None and self.person_id is not None else {}

    def about(self, *operators: UUID | None) -> None:
        """Say for the journal whose data it was, by organisation."""
        if self.note is not None:
            self.note.about(*operators)

    def at(self, glns: Iterable[str | None]) -> None:
        """Say for the journal whose data it was, by the sites of the rows."""
        if self.note is not None:
            self.note.at(glns)

    def named(self, object: object) -> None:
        """Say for the journal what it is about, where the path does not: something that was made just now."""
        if self.note is not None:
            self.note.object = str(object)

    def keep(self, session: Session) -> None:
        """Write the record into a transaction of the route's own: the first one that keeps something."""
        if self.note is not None:
            self.note.write(session)

    def keep_again(self) -> None:
        """Say that the transaction with the record was rolled back: the next one keeps it."""
        if self.note is not None:
            self.note.is_open = True

    def drop(self) -> None:
        """Leave no record: nothing was kept, and nothing of anybody was shown."""
        if self.note is not None:
            self.note.drop()

    def told(self, **detail: str | int | None) -> None:
        """Say more for the journal: how many rows, which reason.  Never personal data."""
        if self.note is not None:
            self.note.detail.update(detail)

    @property
    def organisation(self) -> UUID | None:
        """The one organisation that the caller is a member of; None without any, or with several."""
        found = {member.operator_id for member in self.reader.members}
        return found.pop() if len(found) == 1 else None

    def scope_for(self, kind: Kind, verb: Verb) -> Scope:
        """Return what another right of the caller reaches."""
        return scope_of(self.reader, kind, verb)


def _read_session(request: Request) -> Iterator[Session]:
    take_on(request)
    with request.app.state.sessions() as session:
        yield session
        note = note_of(request)
        if note is not None:
            # Whatever the route may have written by accident goes; the record alone is kept, before the answer leaves.
            session.rollback()
            note.write(session)
            session.commit()


def _write_session(request: Request) -> Iterator[Session]:
    take_on(request)
    # The function scope commits before the answer leaves: a 202 is never followed by a failed commit.
    with request.app.state.sessions.begin() as session:
        yield session
        note = note_of(request)
        if note is not None:
            note.write(session)


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
    with counted(request):
        scheme, _, rest = header.partition(" ")
        if scheme.lower() == "bearer":
            holder = tokens.recognise_token(session, env, rest.strip(), production=settings.env == "production")
            return Caller(token=holder, person_id=holder.person_id, reader=holder.reader)
        device = _device(request, session, header, body)
        site = parties_store.site(session, device.gln)
        assert site is not None, "a device always belongs to a registered site"
        return Caller(device=device, reader=reader_of_device(device, site))


@contextmanager
def counted(request: Request) -> Iterator[None]:
    """Count a request whose credentials are refused inside like one without any; raise TooManyRequests past that."""
    try:
        yield
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
    require_signed(request, _env(request), authorization, load_public_key(device.spki), body)
    return device


def require_signed(
    request: Request, env: Env, authorization: DeviceAuthorization, public_key: PublicKey, body: bytes
) -> None:
    """Raise RequestSignatureRefused unless the key vouches for this request."""
    query = request.scope["query_string"].decode("latin-1")
    path = request.scope["raw_path"].decode("latin-1") + (f"?{query}" if query else "")
    verify_request(
        authorization,
        public_key=public_key,
        net=env.net,
        method="HEAD" if "coldtrace.head" in request.scope else request.method,
        path=path,
        body=body,
    )


def known_caller(request: Request, body: Body) -> Caller:
    """Return who is calling; raise AuthenticationRequired without credentials, a Refusal for wrong ones."""
    # A session of its own, closed before the route opens one: a request that held one connection and waited for a
    # second would stand in the way of all others doing the same.
    with request.app.state.sessions() as session:
        caller = recognise(request, session, body)
    if caller is None:
        raise AuthenticationRequired()
    if caller.token is not None and tokens.is_due(caller.token, _env(request)):
        with request.app.state.sessions.begin() as session:
            tokens.note_use(session, _env(request), caller.token)
    return caller


KnownCaller = Annotated[Caller, Depends(known_caller)]
"""A route with this parameter answers 401 without a valid token or device signature."""


def with_right(caller: Caller, kind: Kind, verb: Verb) -> Caller:
    """Return the caller with the scope of a right; raise RightMissing without it, whatever the thing is."""
    scope = scope_of(caller.reader, kind, verb)
    if scope.is_empty:
        raise RightMissing(right=f"{kind}:{verb}")
    return replace(caller, scope=scope)


def needs(
    kind: Kind,
    verb: Verb,
    *,
    devices: bool = True,
    act: str | None = None,
    recorded: bool = True,
    purpose_required: bool = False,
    shows: Collection[Kind] = (),
) -> Any:
    """Return what a route writes as `Annotated[Caller, needs(kind, verb)]`: the caller, with the scope of that right.

    The call is recorded in the journal (`web/journal.py`) as `act`, or as what its method and path say, unless it is
    `recorded=False`, which docs/guides/journal.md explains for each such route.

    `shows` are further kinds of things that the answer tells of: who sees one of these by an area says what for, too.

    Without credentials 401, also for a device where `devices` are kept out: a handheld that was lost must not do what
    only a person should.  Without the right RightMissing.  The dependency carries `right` and `devices` for the OpenAPI
    document and for the tests that walk the routes.
    """

    async def caller_with_right(request: Request, caller: KnownCaller) -> AsyncIterator[Caller]:
        found = with_right(caller if devices else token_holder(caller), kind, verb)
        if not recorded:
            yield found
            return
        asked = purpose_required or any(sees_by_area(found.reader, each, Verb.READ) for each in shows)
        yield noted(request, found, kind, verb, act=act, purpose_required=asked)
        await end_note(request)

    caller_with_right.right = (kind, verb)  # type: ignore[attr-defined]
    caller_with_right.devices = devices  # type: ignore[attr-defined]
    caller_with_right.recorded = recorded  # type: ignore[attr-defined]
    return Depends(caller_with_right, scope="function")


async def end_note(request: Request) -> None:
    """Write the note of a request, if no session of it has or will."""
    if note_of(request) is not None and not is_taken_on(request):
        await run_in_threadpool(write_alone, request)


def noted(
    request: Request,
    caller: Caller,
    kind: Kind,
    verb: Verb,
    *,
    act: str | None = None,
    purpose_required: bool = False,
) -> Caller:
    """Return the caller with the note of this request: for `needs`, and for pages, which know callers otherwise."""
    note = open_note(
        request,
        actor=caller.actor,
        reader=caller.reader,
        kind=kind,
        verb=verb,
        act=act,
        purpose_required=purpose_required,
        detail=caller.token_detail,
    )
    return replace(caller, note=note)


def token_holder(caller: KnownCaller) -> Caller:
    """Return the caller if it has a token; raise AuthenticationRequired for a device."""
    if caller.token is None:
        raise AuthenticationRequired()
    return caller


TokenHolder = Annotated[Caller, Depends(token_holder)]
"""A route with this parameter is not for devices."""


def count_visitor(request: Request, body: Body) -> None:
    """Count a request of a public route whose credentials are worth nothing; the door counted those without any,
    and all that ask for a code.

    Wrong credentials are no reason to hide what everybody may see, but neither a way around the limit.
    """
    if "authorization" not in request.headers or OPEN_PATHS.match(request.scope["path"]) is not None:
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
