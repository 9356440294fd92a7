"""Callers that wait for the publication of their statement (`Prefer: wait`), together, and at next to no cost.

A waiter is an entry in a table of the event loop: it holds neither a thread nor a connection, so that whoever waits
stands in nobody's way.  While anybody waits, one look at the database every `LOOK_EVERY_S` serves all.  The database is
asked, not this process's publisher, because another process may be the one that publishes.
"""

import asyncio
import logging
from collections.abc import Callable, Collection
from uuid import UUID

from fastapi.concurrency import run_in_threadpool
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.env import Log
from coldtrace.ledger import service as ledger

LOOK_EVERY_S = 0.05
WAITERS_MAX = 256
"""How many may wait in one process: each holds a connection of its client open, and gets a proof of its own."""

log_file = logging.getLogger("coldtrace.web")


class AwaitedProofs:
    """Tells those who wait the proofs of their statements under the published checkpoint of `log`.

    `troubled` says whether something keeps the log from growing or being published.  For one event loop; `waiting`
    counts those who wait now.
    """

    def __init__(
        self,
        sessions: sessionmaker[Session],
        log: Log,
        *,
        troubled: Callable[[], bool],
        waiters_max: int = WAITERS_MAX,
    ) -> None:
        self._sessions, self._log, self._troubled, self._waiters_max = sessions, log, troubled, waiters_max
        self._waiters: dict[asyncio.Future[str | None], UUID] = {}
        self._looking: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many wait now."""
        return len(self._waiters)

    async def proof(self, entry_id: UUID, *, wait_s: float) -> str | None:
        """Return the `c2sp.org/tlog-proof@v1` of an entry as soon as it is published, None when it was not in time.

        None at once when too many wait already, and as soon as nothing can come: in trouble, or while the log is not
        open.
        """
        if len(self._waiters) >= self._waiters_max:
            return None
        future: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._waiters[future] = entry_id
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        try:
            return await asyncio.wait_for(future, wait_s)
        except TimeoutError:
            return None
        finally:
            del self._waiters[future]

    async def _look(self) -> None:
        """Look until nobody waits."""
        try:
            while self._waiters:
                asked = dict(self._waiters)
                found, vain = await run_in_threadpool(self._find, set(asked.values()))
                for future, entry_id in asked.items():
                    if not future.done() and (vain or entry_id in found):
                        future.set_result(found.get(entry_id))
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            self._looking = None

    def _find(self, ids: Collection[UUID]) -> tuple[dict[UUID, str], bool]:
        """Return the proofs of those that are published, and whether waiting for the others is vain."""
        try:
            with self._sessions() as session:
                found = ledger.published_proofs(session, self._log, list(ids))
                vain = self._troubled() or not ledger.is_open(session, self._log)
        except Exception:
            # Their statements are kept, and that is what the answer must say now.
            log_file.exception("those who wait for a proof get their receipts alone")
            return {}, True
        return {entry_id: proof.text() for entry_id, proof in found.items()}, vain
