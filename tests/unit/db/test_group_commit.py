"""Natural group commit: who waits shares the next commit, and nobody pays for another's item."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from coldtrace.db.group_commit import GroupCommit

PATIENCE_S = 20.0


class Disk:
    """Stands for the database: keeps what was written, and holds each write back until it is let go."""

    def __init__(self, *, refuses: str | None = None) -> None:
        self.calls: list[list[str]] = []
        self.refuses = refuses
        self.begun = threading.Semaphore(0)
        self.may_commit = threading.Semaphore(0)

    def write(self, items: Sequence[str]) -> list[str]:
        self.calls.append(list(items))
        self.begun.release()
        assert self.may_commit.acquire(timeout=PATIENCE_S)
        if self.refuses in items:
            raise ValueError(f"{self.refuses} spoils it")
        return [item.upper() for item in items]


def submit_while_busy(
    pool: ThreadPoolExecutor, disk: Disk, group: GroupCommit[str, str], items: Sequence[str]
) -> list[Future[str]]:
    """Have the first item written, and the others come while that is under way, in order."""
    futures = [pool.submit(group.submit, items[0])]
    assert disk.begun.acquire(timeout=PATIENCE_S)
    for number, item in enumerate(items[1:], 1):
        futures.append(pool.submit(group.submit, item))
        wait_until(lambda number=number: len(group._queue) == number)
    return futures


def wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(int(PATIENCE_S * 1000)):
        if condition():
            return
        threading.Event().wait(0.001)
    raise AssertionError("waited in vain")


def test_a_lone_caller_is_written_at_once_and_alone() -> None:
    disk = Disk()
    disk.may_commit.release(2)
    group = GroupCommit(disk.write)
    assert [group.submit("a"), group.submit("b")] == ["A", "B"]
    assert disk.calls == [["a"], ["b"]]


def test_those_who_come_meanwhile_share_the_next_write_and_each_gets_its_own_answer() -> None:
    disk = Disk()
    group = GroupCommit(disk.write)
    with ThreadPoolExecutor(8) as pool:
        futures = submit_while_busy(pool, disk, group, "abcde")
        disk.may_commit.release()
        assert futures[0].result(PATIENCE_S) == "A"
        assert disk.begun.acquire(timeout=PATIENCE_S)
        assert not any(each.done() for each in futures[1:]), "answered before the commit"
        disk.may_commit.release()
        assert [each.result(PATIENCE_S) for each in futures] == list("ABCDE")
    assert disk.calls == [["a"], list("bcde")]


def test_one_item_that_spoils_a_write_fails_no_other() -> None:
    disk = Disk(refuses="c")
    group = GroupCommit(disk.write)
    with ThreadPoolExecutor(8) as pool:
        futures = submit_while_busy(pool, disk, group, "abcd")
        disk.may_commit.release(10)
        assert [futures[at].result(PATIENCE_S) for at in (0, 1, 3)] == ["A", "B", "D"]
        with pytest.raises(ValueError, match="c spoils it"):
            futures[2].result(PATIENCE_S)
    assert disk.calls[:2] == [["a"], list("bcd")]
    assert sorted(disk.calls[2:]) == [["b"], ["c"], ["d"]]
    assert group.submit("e") == "E", "it goes on"


def test_the_caller_of_a_lone_write_that_failed_gets_its_error_and_is_not_written_twice() -> None:
    disk = Disk(refuses="a")
    disk.may_commit.release(3)
    group = GroupCommit(disk.write)
    with pytest.raises(ValueError, match="a spoils it"):
        group.submit("a")
    assert group.submit("b") == "B"
    assert disk.calls == [["a"], ["b"]]


def test_a_write_that_does_not_answer_for_each_is_told_one_by_one() -> None:
    started, go_on = threading.Event(), threading.Event()

    def write(items: Sequence[str]) -> list[str]:
        if items == ["a"]:
            started.set()
            go_on.wait(PATIENCE_S)
        return [items[0].upper()]  # of many, only the first

    group = GroupCommit(write)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(group.submit, "a")
        assert started.wait(PATIENCE_S)
        others = [pool.submit(group.submit, item) for item in "bc"]
        wait_until(lambda: len(group._queue) == 2)
        go_on.set()
        assert [each.result(PATIENCE_S) for each in [first, *others]] == ["A", "B", "C"]


def test_a_thread_that_is_ended_while_it_writes_for_all_leaves_nobody_waiting() -> None:
    started, go_on = threading.Event(), threading.Event()

    def write(items: Sequence[str]) -> list[str]:
        if items == ["a"]:
            started.set()
            go_on.wait(PATIENCE_S)
        if len(items) > 1:
            raise KeyboardInterrupt
        return [item.upper() for item in items]

    group = GroupCommit(write)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(group.submit, "a")
        assert started.wait(PATIENCE_S)
        leader = pool.submit(group.submit, "b")
        wait_until(lambda: len(group._queue) == 1)
        follower = pool.submit(group.submit, "c")
        wait_until(lambda: len(group._queue) == 2)
        go_on.set()
        assert first.result(PATIENCE_S) == "A"
        with pytest.raises(KeyboardInterrupt):
            leader.result(PATIENCE_S)
        assert follower.result(PATIENCE_S) == "C"
        assert group.submit("d") == "D"


def test_no_write_takes_more_than_it_should() -> None:
    disk = Disk()
    group = GroupCommit(disk.write, items_max=3)
    with ThreadPoolExecutor(16) as pool:
        futures = submit_while_busy(pool, disk, group, "abcdefgh")
        disk.may_commit.release(10)
        assert [each.result(PATIENCE_S) for each in futures] == list("ABCDEFGH")
    assert disk.calls == [["a"], list("bcd"), list("efg"), ["h"]]


def test_many_callers_all_get_their_own_answers() -> None:
    def write(items: Sequence[int]) -> list[int]:
        return [item * 7 for item in items]

    group = GroupCommit(write)
    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(group.submit, range(5000))) == [number * 7 for number in range(5000)]
    assert not group._is_writing
    assert not group._queue
