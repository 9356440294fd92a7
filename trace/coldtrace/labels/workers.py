"""Two cores for one run of labels: pages are made in worker processes and come back in their order.

A few batches are under way at a time, never the run, so memory does not grow with it.  Workers are started afresh
(`spawn`): they share no connection, lock or thread with the process that asked.  A worker whose parent is gone ends
itself; one that is gone ends the run with a refusal.
"""

import atexit
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice

from coldtrace.errors import Fact, Refusal
from coldtrace.labels.press import Group, Order, Press, Printed
from coldtrace.labels.refusals import LabelWorkerLost
from coldtrace.lifeline import end_with_parent

BATCH_LABELS = 40
BATCHES_AHEAD = 2
WORTH_A_PROCESS = 120
"""So many labels take about as long as a worker needs to start."""


@dataclass(frozen=True)
class _Refused:
    """A refusal on its way between processes: exceptions with facts by name do not travel by themselves."""

    kind: type[Refusal]
    facts: dict[str, Fact]


_Batch = tuple[list[Printed], _Refused | None]


def printed(pages: Iterator[Group], order: Order, *, workers: int) -> Generator[Printed, None, None]:
    """Yield the finished pages in their order, made by up to `workers` processes (0: in this one).

    Raises the refusal of the first page that may not leave, after all pages before it were yielded.
    """
    first = _take(pages, WORTH_A_PROCESS) if workers else []
    if sum(len(group.contents) for group in first) < WORTH_A_PROCESS:
        press = Press(order)
        yield from (press.print(group) for group in _chained(first, pages))
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start, initargs=(order,))
    under_way: deque[Future[_Batch]] = deque()
    rest = _chained(first, pages)
    try:
        while True:
            while len(under_way) < workers * BATCHES_AHEAD and (batch := _take(rest, BATCH_LABELS)):
                under_way.append(pool.submit(_print_batch, batch))
            if not under_way:
                return
            done, refused = under_way.popleft().result()
            yield from done
            if refused is not None:
                raise refused.kind(**refused.facts)
    except BrokenProcessPool as error:
        raise LabelWorkerLost() from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _take(pages: Iterator[Group], labels: int) -> list[Group]:
    """The next pages, about `labels` labels together."""
    taken: list[Group] = []
    count = 0
    while count < labels and (more := list(islice(pages, 1))):
        taken += more
        count += len(more[0].contents)
    return taken


def _chained(first: list[Group], rest: Iterator[Group]) -> Iterator[Group]:
    while first:  # emptied while it is used: the run's start need not be kept
        yield first.pop(0)
    yield from rest


_press: Press | None = None


def _start(order: Order) -> None:
    """Make this worker's press; end with the parent, however that ends."""
    global _press
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent says what becomes of it
    # At a normal end the barcode library complains on standard error about what Python no longer cleans up.
    atexit.register(os._exit, 0)
    _press = Press(order)


def _print_batch(batch: list[Group]) -> _Batch:
    assert _press is not None, "the pool calls _start first"
    done: list[Printed] = []
    try:
        for group in batch:
            done.append(_press.print(group))
    except Refusal as refusal:
        return done, _Refused(type(refusal), refusal.facts)
    return done, None
