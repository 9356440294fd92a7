"""Natural group commit for an event loop: what waits while work is under way is worked on next, together.

No timer.  Whoever comes when nothing is under way is worked on at once, with those who come in the same few turns of
the loop; whoever comes meanwhile rides in the next group.  The work runs in a thread of its own, which no route can
hold, so the loop goes on taking requests, and a caller that waits holds neither thread nor connection.

The order that makes it safe: take the group, do its work (which commits), then answer everybody in it.  For callers
that are threads `db/group_commit.py` does the same.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

TURNS = 16
"""Of the loop, some 5 microseconds each, in which nobody came: then whoever is here goes."""

FILLS_MAX = 32
"""How often it is looked for more at most, however many keep coming."""


class Joined(Generic[Item, Answer]):
    """Joins items of concurrent tasks into few calls of `work`; for one event loop.

    `work` returns an answer for each item, in order.  When a call with several items raises, each of them is worked on
    alone, so that one can spoil no other; what it raises then is its own caller's.  `weigh` says how much of
    `weight_max` an item takes; a heavier one goes alone.
    """

    def __init__(
        self, work: Callable[[Sequence[Item]], Sequence[Answer]], *, weigh: Callable[[Item], int], weight_max: int
    ) -> None:
        self._work, self._weigh, self._weight_max = work, weigh, weight_max
        self._queue: deque[tuple[Item, asyncio.Future[Answer]]] = deque()
        self._weight = 0  # of the queue
        self._running: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="joined")

    @property
    def waiting(self) -> int:
        """How many wait for the work that is under way to end."""
        return len(self._queue)

    @property
    def is_working(self) -> bool:
        """Whether work is under way."""
        return self._running is not None

    async def submit(self, item: Item) -> Answer:
        """Return the answer for `item`; raise what `work` raised for this item alone."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._queue.append((item, future))
        self._weight += self._weigh(item)
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        # Whoever hangs up takes its answer away, not the work: that is the group's, and may be half done.
        return await future

    async def _run(self) -> None:
        try:
            while self._queue:
                await self._fill()
                await self._serve(self._take())
        finally:
            self._running = None

    async def _fill(self) -> None:
        """Let the loop take in what lies there already, as long as a few turns of it bring more.

        Everybody in a group is answered at the same moment, and most ask again at once.  The first of them alone would
        be a group of its own, and all others would wait for it: groups of 1 and 31 in turn, where 32 fit.
        """
        for _ in range(FILLS_MAX):
            waiting = len(self._queue)
            if self._weight >= self._weight_max:
                return
            for _ in range(TURNS):
                await asyncio.sleep(0)
            if len(self._queue) == waiting:
                return

    def _take(self) -> list[tuple[Item, asyncio.Future[Answer]]]:
        group = [self._queue.popleft()]
        weight = self._weigh(group[0][0])
        while self._queue and weight + (more := self._weigh(self._queue[0][0])) <= self._weight_max:
            group.append(self._queue.popleft())
            weight += more
        self._weight -= weight
        return group

    async def _serve(self, group: list[tuple[Item, asyncio.Future[Answer]]]) -> None:
        items = [item for item, _ in group]
        called = asyncio.get_running_loop().run_in_executor(self._thread, self._work, items)
        await asyncio.wait([called])
        error = called.exception()
        if error is None:
            for (_, future), answer in zip(group, called.result(), strict=True):
                if not future.done():
                    future.set_result(answer)
        elif len(group) > 1:
            for each in group:
                await self._serve([each])
        elif not group[0][1].done():
            group[0][1].set_exception(error)
