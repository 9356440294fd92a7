"""Chains what the journal recorded, every few seconds, and enters its head into the log once a day.

Several service processes may do so at once: whoever finds the chain taken leaves it to the other.
"""

import logging
import threading
import time

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.env import Env
from coldtrace.errors import Refusal
from coldtrace.journal import service as journal

CHAIN_EVERY_S = 2.0
ANCHOR_EVERY_S = 60.0
"""How often it is asked whether a new day has begun."""

log = logging.getLogger("coldtrace.journal")


class JournalKeeper:
    """A thread that keeps the chain up."""

    def __init__(self, sessions: sessionmaker[Session], env: Env, *, every_s: float = CHAIN_EVERY_S) -> None:
        self._sessions, self._env, self._every_s = sessions, env, every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._asked_at = -ANCHOR_EVERY_S

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Chain what is left, and end."""
        self._stop.set()
        self._thread.join(timeout=30)

    def keep(self) -> None:
        """Chain all that waits; anchor when it is time."""
        while self._chain() == journal.CHAINED_AT_ONCE:
            pass
        if time.monotonic() - self._asked_at >= ANCHOR_EVERY_S:
            self._asked_at = time.monotonic()
            with self._sessions.begin() as session:
                journal.anchor(session, self._env)

    def _chain(self) -> int:
        with self._sessions.begin() as session:
            return journal.chain(session, self._env)

    def _run(self) -> None:
        last = False
        while not last:
            last = self._stop.wait(self._every_s)
            try:
                self.keep()
            except Refusal as refusal:
                # A frozen log takes no anchor; the records are chained all the same.
                log.warning("%s / %s", refusal.say("zh"), refusal.say("en"))
            except SQLAlchemyError:
                # A database that is away for a moment must not end the chain for good.
                log.exception("chaining the journal failed; trying again")
