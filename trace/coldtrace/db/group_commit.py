"""Natural group commit: callers that wait while a commit is under way share the next one.

No timer and no thread of its own.  Whoever comes when nothing is being written writes at once, alone; whoever comes
meanwhile waits, and one of those who wait then writes for all of them.  So a lone caller loses nothing, and under
load a commit, which is a wait for the disk, is paid once for many.  Each caller is answered after the commit that
holds its own item, never before.

The order that makes it safe: take the batch, write it, commit, note the answers, pass the turn on, wake the callers.
A process that is killed anywhere before the commit has answered nobody of the batch.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

ITEMS_MAX = 200
"""Items of one commit at most, so that none waits long for the others."""


class _Turn(Enum):
    """What a caller finds when it is woken."""

    ANSWERED = auto()
    WRITES_FOR_ALL = auto()
    WRITES_ALONE = auto()


class _Waiting(Generic[Item, Answer]):
    """A caller, its item, and what became of it; it sleeps on its own lock."""

    __slots__ = ("answer", "item", "sleep", "turn")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.turn = _Turn.WRITES_FOR_ALL
        self.answer: Answer
        self.sleep = threading.Lock()
        self.sleep.acquire()

    def wake(self, turn: _Turn) -> None:
        self.turn = turn
        self.sleep.release()


class GroupCommit(Generic[Item, Answer]):
    """Joins items of concurrent callers into few calls of `write`; safe between threads.

    `write` makes all items of one call durable, or none, and returns an answer for each, in order; it raises only for
    what concerns the whole call.  When a joined call raises, each of its callers writes its own item alone, so that one
    item can spoil no other.  Whether a commit that was cut off went through is unknown then: `write` must take an item
    that it stored already for a repeat.
    """

    def __init__(self, write: Callable[[Sequence[Item]], Sequence[Answer]], *, items_max: int = ITEMS_MAX) -> None:
        self._write, self._items_max = write, items_max
        self._lock = threading.Lock()
        self._is_writing = False
        self._queue: deque[_Waiting[Item, Answer]] = deque()

    def submit(self, item: Item) -> Answer:
        """Return the answer for `item` after its commit; raise what `write` raised for this item alone."""
        mine: _Waiting[Item, Answer] = _Waiting(item)
        with self._lock:
            must_wait = self._is_writing
            if must_wait:
                self._queue.append(mine)
            else:
                self._is_writing = True
        if must_wait:
            mine.sleep.acquire()
        if mine.turn is _Turn.WRITES_FOR_ALL:
            self._write_for_all(mine)
        if mine.turn is _Turn.WRITES_ALONE:
            (mine.answer,) = self._write([item])
        return mine.answer

    def _write_for_all(self, mine: _Waiting[Item, Answer]) -> None:
        with self._lock:
            others = [self._queue.popleft() for _ in range(min(len(self._queue), self._items_max - 1))]
        turn = _Turn.WRITES_ALONE
        try:
            answers = self._write([mine.item, *(each.item for each in others)])
            for each, answer in zip([mine, *others], answers, strict=True):
                each.answer = answer
            turn = _Turn.ANSWERED
        except Exception:
            if not others:
                raise
        finally:
            # Also when this thread is being ended: whoever waits must be woken.
            mine.turn = turn
            for each in others:
                each.wake(turn)
            self._pass_on()

    def _pass_on(self) -> None:
        """Let the first of those who came meanwhile write for them, or note that nobody writes."""
        with self._lock:
            following = self._queue.popleft() if self._queue else None
            self._is_writing = following is not None
        if following is not None:
            following.wake(_Turn.WRITES_FOR_ALL)
