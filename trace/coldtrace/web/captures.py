"""The way of statements through the service: many requests, few transactions (docs/decisions/0027-hot-path.md).

One of the few paths for which a measurement asked (`coldtrace bench capture`): no framework around it, no thread for a
request.  A request is taken in or refused (`Busy`); with whatever came while the transaction before was under way it is
read (parsed, hashed, signatures checked) and written as one batch in one transaction.

Reading in a thread of its own was tried, so that it and the wait for the disk overlap: the two held up each other's
hold of the interpreter, and took a tenth more of the processor for the same number of statements.

The order that makes it safe: nothing is answered before the commit that holds it.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import psycopg
from fastapi import Request
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.custody import refused
from coldtrace.custody import service as custody
from coldtrace.custody.read_wire import ReadWire
from coldtrace.custody.refusals import DeviceRevoked, DeviceUnknown
from coldtrace.custody.service import Result
from coldtrace.db.hot_session import HotSession, make_hot_sessions
from coldtrace.env import Env
from coldtrace.errors import Refusal
from coldtrace.ledger import service as ledger
from coldtrace.parties import store as parties
from coldtrace.parties.model import LockedDevice
from coldtrace.parties.refusals import AuthenticationRequired
from coldtrace.seal.b64 import b64
from coldtrace.seal.device_request import (
    DeviceAuthorization,
    MalformedAuthorization,
    RequestSignatureRefused,
    parse_authorization,
)
from coldtrace.seal.keys import MalformedKey, PublicKey, load_public_key
from coldtrace.web.access import counted, recognise, require_signed
from coldtrace.web.database_trouble import attempts, is_race
from coldtrace.web.items import read_items
from coldtrace.web.joined import Joined
from coldtrace.web.refusals import Busy, MalformedJson, NotReady

ATTEMPTS = 4
BYTES_MAX = 400_000
"""Of one transaction at most, unless one request alone has more: some 200 scans, so that none waits long."""

LARGE_BYTES = 32 * 1024
"""Longer requests have a way of their own: a scan must not wait for somebody's thousand."""

WAITING_BYTES_MAX = 64 * 1024 * 1024
KEYS_MAX = 100_000
RETRY_S = 1


@dataclass(frozen=True, kw_only=True)
class Stored:
    """What became of a request's statements; `alone` says that it was one object, not an array or a stream."""

    results: Sequence[Result]
    alone: bool


@dataclass(frozen=True, kw_only=True)
class _Sent:
    """A request as it came."""

    request: Request
    body: bytes


@dataclass(frozen=True, kw_only=True)
class _Read:
    """A request that was read.  `authorization` is a device's word for it, `signed` whether that word is good as far as
    its key was known by then."""

    sent: _Sent
    wires: Sequence[ReadWire]
    alone: bool
    authorization: DeviceAuthorization | None
    signed: bool | None


class Captures:
    """Where requests with statements meet, one for a process and its event loop."""

    def __init__(self, engine: Engine, env: Env, *, waiting_max: int) -> None:
        self.sessions = make_hot_sessions(engine)
        self._env, self._waiting_max = env, waiting_max
        self._keys = _Keys(self.sessions)
        self._scans, self._piles = self._lane(), self._lane()
        self._waiting_bytes = 0
        self.waiting = 0

    def _lane(self) -> Joined[_Sent, "Stored | Refusal"]:
        return Joined(self._read_and_write, weigh=lambda sent: len(sent.body), weight_max=BYTES_MAX)

    @property
    def is_writing(self) -> bool:
        """Whether a transaction of scans is under way."""
        return self._scans.is_working

    @property
    def is_full(self) -> bool:
        """Whether so many wait that no more is taken in."""
        return self.waiting >= self._waiting_max or self._waiting_bytes > WAITING_BYTES_MAX

    async def store(self, request: Request, body: bytes) -> Stored:
        """Store the statements of a request and commit; raise Busy, or the Refusal of the request as a whole."""
        if self.is_full:
            raise Busy(retry_s=RETRY_S)
        lane = self._piles if len(body) > LARGE_BYTES else self._scans
        self.waiting += 1
        self._waiting_bytes += len(body)
        try:
            stored = await lane.submit(_Sent(request=request, body=body))
        finally:
            self.waiting -= 1
            self._waiting_bytes -= len(body)
        if isinstance(stored, Refusal):
            raise stored
        return stored

    def _read_and_write(self, group: Sequence[_Sent]) -> list[Stored | Refusal]:
        reads = self._read(group)
        written = iter(self._write([read for read in reads if not isinstance(read, Refusal)]))
        return [read if isinstance(read, Refusal) else next(written) for read in reads]

    # Reading: no lock, no transaction.

    def _read(self, group: Sequence[_Sent]) -> list[_Read | Refusal]:
        parsed = [_parsed(sent) for sent in group]
        self._keys.learn(_keys_of(each for each in parsed if not isinstance(each, Refusal)))
        return [each if isinstance(each, Refusal) else self._check(each) for each in parsed]

    def _check(self, read: _Read) -> _Read:
        """Check the signatures, as far as the keys are known."""
        signed = read.signed
        if read.authorization is not None and (key := self._keys.get(read.authorization.key)) is not None:
            signed = self._is_signed(read.sent, read.authorization, key)
        wires = [
            wire if wire.checked is None else wire.proved_by(self._keys.get(wire.checked.header.key))
            for wire in read.wires
        ]
        return _Read(sent=read.sent, wires=wires, alone=read.alone, authorization=read.authorization, signed=signed)

    # Writing: one transaction.

    def _write(self, group: Sequence[_Read]) -> list[Stored | Refusal]:
        """Store the statements of many requests as one batch, and commit.

        The same statement twice at one moment is normal, when a handheld was too impatient: the second one fails on
        what the first one wrote, is told again, and then finds it.  Told again after a race only when alone: of many,
        each tells its own again.
        """
        if not group:
            return []
        for _ in attempts(self._env, ATTEMPTS if len(group) == 1 else 1):
            try:
                with self.sessions() as session:
                    assert isinstance(session, HotSession)
                    tokens = self._refused_tokens(session, group)
                    with session.hot(commit=True):
                        return self._tell(session, group, tokens)
            except (SQLAlchemyError, psycopg.Error) as error:
                if not is_race(error):
                    raise
        raise NotReady()

    def _refused_tokens(self, session: Session, group: Sequence[_Read]) -> list[Refusal | None]:
        """Return for each request why its token is refused; one token is looked up once a group.

        Without credentials, or with those of a device, there is nothing to look up.
        """
        found: dict[str, Refusal | None] = {}
        refusals: list[Refusal | None] = []
        for read in group:
            header = read.sent.request.headers.get("authorization")
            if header is None or read.authorization is not None:
                refusals.append(None)
                continue
            if found.get(header, header) is not None:  # not met before, or refused: then each one counts
                try:
                    recognise(read.sent.request, session, read.sent.body)
                    found[header] = None
                except Refusal as refusal:
                    found[header] = refusal
            refusals.append(found[header])
        return refusals

    def _tell(
        self, session: Session, group: Sequence[_Read], tokens: Sequence[Refusal | None]
    ) -> list[Stored | Refusal]:
        locked = parties.ask_locked_devices(session, _keys_of(group))
        known = ledger.ask_known(session, _ids_of(group))
        devices = locked()
        refusals = [token or self._refusal(read, devices) for read, token in zip(group, tokens, strict=True)]
        heard = [read for read, refusal in zip(group, refusals, strict=True) if refusal is None]
        self._keep_unproven(session, group, refusals, devices)
        results = iter(
            custody.capture(
                session, self._env, [wire for read in heard for wire in read.wires], devices=devices, known=known()
            )
        )
        return [
            Stored(results=[next(results) for _ in read.wires], alone=read.alone) if refusal is None else refusal
            for read, refusal in zip(group, refusals, strict=True)
        ]

    def _keep_unproven(
        self,
        session: Session,
        group: Sequence[_Read],
        refusals: Sequence[Refusal | None],
        devices: Mapping[bytes, LockedDevice],
    ) -> None:
        """Keep, within the bounds of the quarantine, what came without credentials and nobody has signed."""
        unproven = [
            wire
            for read, refusal in zip(group, refusals, strict=True)
            if refusal is not None and "authorization" not in read.sent.request.headers
            for wire in read.wires
            if _is_unproven(wire, devices)
        ]
        if unproven:
            refused.keep_unproven(session, unproven, enrolled=devices.keys(), at=self._env.clock())

    def _refusal(self, read: _Read, devices: Mapping[bytes, LockedDevice]) -> Refusal | None:
        """Return why a request is not heard at all: a device's word that is worth nothing, or no credentials and
        something that nobody vouches for."""
        if "authorization" not in read.sent.request.headers:
            if read.alone and isinstance(read.wires[0].refusal, MalformedJson):
                return read.wires[0].refusal  # cut off on its way: says more than that nobody vouches for it
            return AuthenticationRequired() if any(_is_unproven(wire, devices) for wire in read.wires) else None
        if read.authorization is None:  # a token, looked up before
            return None
        try:
            with counted(read.sent.request):
                self._require_device(read, read.authorization, devices)
        except Refusal as refusal:
            return refusal
        return None

    def _require_device(
        self, read: _Read, authorization: DeviceAuthorization, devices: Mapping[bytes, LockedDevice]
    ) -> None:
        device = devices.get(authorization.key)
        if device is None:
            raise DeviceUnknown(key=b64(authorization.key))
        if device.state in ("revoked", "retired"):
            raise DeviceRevoked(key=b64(authorization.key))
        signed = read.signed
        if signed is None:
            signed = self._is_signed(read.sent, authorization, load_public_key(device.spki))
        if not signed:
            raise RequestSignatureRefused()

    def _is_signed(self, sent: _Sent, authorization: DeviceAuthorization, key: PublicKey) -> bool:
        try:
            require_signed(sent.request, self._env, authorization, key, sent.body)
        except RequestSignatureRefused:
            return False
        return True


def _parsed(sent: _Sent) -> _Read | Refusal:
    try:
        reads, alone = read_items(sent.request, sent.body)
    except Refusal as refusal:
        return refusal
    header = sent.request.headers.get("authorization")
    authorization = None
    if header is not None:
        with suppress(MalformedAuthorization):  # then it is a token's, or nothing that anybody knows: asked later
            authorization = parse_authorization(header)
    return _Read(sent=sent, wires=reads, alone=alone, authorization=authorization, signed=None)


def _keys_of(group: Iterable[_Read]) -> set[bytes]:
    """Return the keys that requests and their statements name."""
    keys = {wire.checked.header.key for read in group for wire in read.wires if wire.checked is not None}
    return keys | {read.authorization.key for read in group if read.authorization is not None}


def _ids_of(group: Iterable[_Read]) -> list[UUID]:
    """Return the ids of the statements of requests."""
    return [wire.checked.header.id for read in group for wire in read.wires if wire.checked is not None]


def _is_unproven(wire: ReadWire, devices: Mapping[bytes, LockedDevice]) -> bool:
    """Tell whether nobody who is known vouches for what was sent."""
    if wire.checked is None:
        return True
    device = devices.get(wire.checked.header.key)
    return device is None or not wire.is_signed_by(device.spki)


class _Keys:
    """Public keys of enrolled devices by key id, which is their hash: what was learned once stays true.

    Whether a device may still say something is asked with its row locked, each time.
    """

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self._sessions = sessions
        self._known: dict[bytes, PublicKey] = {}

    def get(self, key: bytes) -> PublicKey | None:
        return self._known.get(key)

    def learn(self, keys: Iterable[bytes]) -> None:
        new = {key for key in keys if key not in self._known}
        if not new:
            return
        with self._sessions() as session:
            found = parties.public_keys(session, new)
        if len(self._known) + len(found) > KEYS_MAX:
            self._known = {}
        for key, spki in found.items():
            try:
                self._known[key] = load_public_key(spki)
            except MalformedKey:  # the row will be met again where a refusal can be given
                continue
