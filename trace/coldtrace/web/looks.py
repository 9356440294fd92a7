"""Counting a visitor's look at a code: once a day, by nothing that is kept beyond the day (`custody/lookups.py`)."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from fastapi import Request
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.codes.trace_code import CodeKind, TraceCode
from coldtrace.custody.history import find_unit
from coldtrace.custody.lookups import (
    Look,
    city_of,
    count_lookups,
    count_stray,
    day_of,
    looked_up,
    network_token,
    salt_of,
    visitor_token,
)
from coldtrace.db.plain_sql import text
from coldtrace.env import Env
from coldtrace.goods.store import issued_code
from coldtrace.web.joined import Joined
from coldtrace.web.limits import address_of
from coldtrace.web.shown import note_stray

SALT_BYTES = 32
AGENT_MAX = 300
TOGETHER_MAX = 200


@dataclass(frozen=True, kw_only=True)
class Glance:
    """A visitor before a code: from where, with what, when; `counts` unless it is HEAD."""

    unit_id: str
    at: datetime
    address: str
    agent: str
    city: str
    counts: bool


@dataclass(frozen=True, kw_only=True)
class Stray:
    """A visitor before a box's code of a known lot under which nothing is known; `address` is where from."""

    gtin: str
    lot: str
    unit_id: str
    signed: bool
    address: str
    at: datetime


class Looks:
    """Counts looks; knows the salt of the day."""

    def __init__(self, sessions: sessionmaker[Session], env: Env, *, city_header: str) -> None:
        """`city_header` is the name of a header in which a proxy in front tells the visitor's city; "" for none."""
        self._sessions, self._env, self._city_header = sessions, env, city_header
        self._salt: tuple[date, bytes] | None = None
        self._lock = threading.Lock()
        self._joined = Joined(self._count_together, weigh=lambda glance: 1, weight_max=TOGETHER_MAX)
        self._strays = Joined(self._note_together, weigh=lambda stray: 1, weight_max=TOGETHER_MAX)

    def know_salt(self, session: Session, at: datetime) -> None:
        """Have the salt of the day at hand.  May commit: to be called before anything is asked in a pipeline."""
        self._salt_of(session, day_of(at))

    def count_all(
        self, session: Session, looks: Sequence[tuple[Request, str]], *, at: datetime
    ) -> list[tuple[int, datetime]]:
        """Return which look at a code each of these is, and when its first was; the caller commits."""
        # A look that is lost in a power cut is a look that was not counted; nothing was promised to anybody.
        session.execute(text("SET LOCAL synchronous_commit = off"))
        return self._count(session, [self._glance(request, unit_id, at) for request, unit_id in looks])

    async def count_joined(self, request: Request, unit_id: str) -> tuple[int, datetime]:
        """Do the same in one transaction with all who look just now, in the event loop: a story of one code has
        hundreds a second, who would wait for each other's lock on its number."""
        return await self._joined.submit(self._glance(request, unit_id, self._env.clock()))

    def _count_together(self, glances: Sequence[Glance]) -> list[tuple[int, datetime]]:
        with self._sessions() as session:
            # As in `count_all`: nothing was promised to anybody.
            session.execute(text("SET LOCAL synchronous_commit = off"))
            found = self._count(session, glances)
            session.commit()
        return found

    def _count(self, session: Session, glances: Sequence[Glance]) -> list[tuple[int, datetime]]:
        counted = iter(count_lookups(session, [self._look(session, each) for each in glances if each.counts]))
        return [next(counted) if each.counts else looked_up(session, each.unit_id, at=each.at) for each in glances]

    def _glance(self, request: Request, unit_id: str, at: datetime) -> Glance:
        return Glance(
            unit_id=unit_id,
            at=at,
            address=address_of(request.scope),
            agent=request.headers.get("user-agent", "")[:AGENT_MAX],
            city=city_of(request.headers.get(self._city_header)) if self._city_header else "",
            # Whatever the query says: only the code is signed, and a copier prints what he likes behind it.  A visitor
            # who changes the language is the same one of the same day.
            counts="coldtrace.head" not in request.scope,
        )

    def _look(self, session: Session, glance: Glance) -> Look:
        day = day_of(glance.at)
        salt = self._salt_of(session, day)
        return Look(
            unit_id=glance.unit_id,
            token=visitor_token(salt, address=glance.address, agent=glance.agent),
            network=network_token(salt, address=glance.address),
            city=glance.city,
            day=day,
            at=glance.at,
        )

    def known_as(self, request: Request, session: Session, day: date) -> tuple[bytes, bytes]:
        """Return what a visitor, and the network of a visitor, is known by on a day.  May commit the day's salt."""
        agent, address = request.headers.get("user-agent", "")[:AGENT_MAX], address_of(request.scope)
        salt = self._salt_of(session, day)
        return visitor_token(salt, address=address, agent=agent), network_token(salt, address=address)

    def stray(self, request: Request, session: Session, code: TraceCode | None, *, signed: bool, at: datetime) -> None:
        """Note that somebody saw a box's code of a known lot under which nothing is known; anything else is nothing."""
        if code is not None:
            note_stray(request, code, signed=signed)
        stray = self._stray(request, code, signed, at)
        if stray is not None:
            self._note(session, [stray])
            session.commit()

    async def stray_joined(self, request: Request, code: TraceCode, *, signed: bool) -> None:
        """Do the same in one transaction with all who look just now, in the event loop."""
        stray = self._stray(request, code, signed, self._env.clock())
        if stray is not None:
            await self._strays.submit(stray)

    def _stray(self, request: Request, code: TraceCode | None, signed: bool, at: datetime) -> Stray | None:
        gtin, lot = (None, None) if code is None else (code.value("01"), code.value("10"))
        if code is None or gtin is None or lot is None or code.kind is not CodeKind.UNIT:
            return None
        if "coldtrace.head" in request.scope:
            return None
        unit_id, address = str(code.unit_id), address_of(request.scope)
        return Stray(gtin=gtin, lot=lot, unit_id=unit_id, signed=signed, address=address, at=at)

    def _note_together(self, strays: Sequence[Stray]) -> list[None]:
        with self._sessions() as session:
            self._note(session, strays)
            session.commit()
        return [None for _ in strays]

    def _note(self, session: Session, strays: Sequence[Stray]) -> None:
        days = {day_of(each.at) for each in strays}
        salts = {day: self._salt_of(session, day) for day in days}
        session.execute(text("SET LOCAL synchronous_commit = off"))
        for each in strays:
            day = day_of(each.at)
            # Asked and told the same way whatever is known: how long it takes must not say whether a number exists.
            known = [issued_code(session, each.unit_id) is not None, find_unit(session, each.unit_id) is not None]
            count_stray(
                session,
                gtin=each.gtin,
                lot=each.lot,
                unit_id=each.unit_id,
                signed=each.signed,
                network=network_token(salts[day], address=each.address),
                day=day,
                known=any(known),
            )

    def _salt_of(self, session: Session, day: date) -> bytes:
        with self._lock:
            known = self._salt
        if known is not None and known[0] == day:
            return known[1]
        salt = salt_of(session, day, fresh=self._env.random(SALT_BYTES))
        # Committed before it is used: two processes must not count by two salts.
        session.commit()
        with self._lock:
            self._salt = (day, salt)
        return salt
