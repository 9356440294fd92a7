"""All cores for one audit: signatures and pieces are checked in worker processes and come back in their order.

A few parts are under way at a time, so memory does not grow with the log.  Workers are started afresh (`spawn`) and
read the pieces themselves, each over a connection of its own to the very snapshot that the auditor reads.  A worker
whose parent is gone ends itself; one that is gone ends the audit with a refusal.
"""

import multiprocessing
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from coldtrace.audit.database import Snapshot, join_snapshot, read_pieces
from coldtrace.audit.refusals import AuditDatabase, AuditWorkerLost
from coldtrace.audit.work import Done, ReadPieces, Threads, Work, do, look_at_pieces, look_at_signatures
from coldtrace.lifeline import end_with_parent

AT_ONCE = 1024
"""Statements in one part."""

PARTS_AHEAD = 3
WORTH_A_PROCESS = 10_000
"""So many statements take about as long as a worker needs to start."""


class Workers:
    """Takes work and gives back what came of it, in order.  Without a pool the work is done here."""

    def __init__(self, pool: ProcessPoolExecutor | None, *, parts: int, pieces: ReadPieces) -> None:
        self._pool, self._parts, self._pieces = pool, parts, pieces
        self._under_way: deque[Future[Done]] = deque()
        self._threads = Threads()

    @property
    def is_full(self) -> bool:
        """Whether something must be taken back before more is given."""
        return len(self._under_way) >= self._parts

    def give(self, work: Work) -> None:
        """Begin with a part."""
        if self._pool is None:
            done: Future[Done] = Future()
            done.set_result(self._do_here(work))
        else:
            try:
                done = self._pool.submit(_do, work)
            except BrokenProcessPool as error:
                raise AuditWorkerLost() from error
        self._under_way.append(done)

    def take(self) -> Done:
        """Return what came of the oldest part, waiting for it; raise AuditDatabase or AuditWorkerLost."""
        try:
            done = self._under_way.popleft().result()
        except BrokenProcessPool as error:
            raise AuditWorkerLost() from error
        if done.failed is not None:
            raise AuditDatabase(reason=done.failed)
        return done

    def _do_here(self, work: Work) -> Done:
        done = Done()
        look_at_signatures(self._threads.judge(work.signatures), done.report)
        look_at_pieces(work.pieces, self._pieces, done)
        return done


@contextmanager
def workers(snapshot: Snapshot, pieces: ReadPieces, *, processes: int, statements: int) -> Iterator[Workers]:
    """Give workers for about so many statements: processes where these are worth their start, else this one alone."""
    if processes < 2 or statements < WORTH_A_PROCESS:
        yield Workers(None, parts=1, pieces=pieces)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, mp_context=context, initializer=_start, initargs=(snapshot,))
    try:
        yield Workers(pool, parts=processes * PARTS_AHEAD, pieces=pieces)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@dataclass
class _Worker:
    """This process, if it is a worker: the snapshot, and the connection that was made when it was first needed."""

    snapshot: Snapshot
    connection: "psycopg.Connection[tuple[object, ...]] | None" = None

    def pieces(self, ids: Sequence[bytes]) -> list[tuple[bytes, str, bytes | None, bool]]:
        if self.connection is None:
            self.connection = join_snapshot(self.snapshot)
        return read_pieces(self.connection, self.snapshot.log_id, ids)


_worker: _Worker | None = None


def _start(snapshot: Snapshot) -> None:
    global _worker
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent says what becomes of it
    _worker = _Worker(snapshot)


def _do(work: Work) -> Done:
    assert _worker is not None, "the pool calls _start first"
    try:
        return do(work, _worker.pieces)
    except psycopg.Error as error:
        return Done(failed=" ".join(str(error).split()))
