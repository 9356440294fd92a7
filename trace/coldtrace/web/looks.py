"""Counting a visitor's look at a code: once a day, by nothing that is kept beyond the day (`custody/lookups.py`)."""

import threading
from datetime import date, datetime

from fastapi import Request
from sqlmodel import Session

from coldtrace.custody.lookups import Look, city_of, count_lookup, looked_up, salt_of, visitor_token
from coldtrace.env import Env
from coldtrace.web.formats import LOCAL
from coldtrace.web.limits import address_of

SALT_BYTES = 32
AGENT_MAX = 300


class Looks:
    """Counts looks; knows the salt of the day."""

    def __init__(self, env: Env, *, city_header: str) -> None:
        """`city_header` is the name of a header in which a proxy in front tells the visitor's city; "" for none."""
        self._env, self._city_header = env, city_header
        self._salt: tuple[date, bytes] | None = None
        self._lock = threading.Lock()

    def count(self, request: Request, session: Session, unit_id: str, *, at: datetime) -> tuple[int, datetime]:
        """Return which look at a code this is, and when the first was.

        HEAD, and a reload in another language, are no looks of their own.
        """
        if "coldtrace.head" in request.scope or "lang" in request.query_params:
            return looked_up(session, unit_id, at=at)
        day = at.astimezone(LOCAL).date()
        agent = request.headers.get("user-agent", "")[:AGENT_MAX]
        token = visitor_token(self._salt_of(session, day), address=address_of(request.scope), agent=agent)
        city = city_of(request.headers.get(self._city_header)) if self._city_header else ""
        return count_lookup(session, Look(unit_id=unit_id, token=token, city=city, day=day, at=at))

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
