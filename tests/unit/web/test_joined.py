"""Callers of one event loop that come while work is under way share the next call."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from coldtrace.web.joined import FILLS_MAX, TURNS, Joined


class Work:
    """Work that waits until it may go on, and notes what it was called with."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def do(self, items: Sequence[str]) -> list[str]:
        self.calls.append(list(items))
        assert self.may_go_on.wait(10)
        if "bad" in items:
            raise ValueError(f"bad among {len(items)}")
        return [item.upper() for item in items]


def share(work: Work, first: str, others: Sequence[str], *, weight_max: int = 100) -> list[str | BaseException]:
    """Send one item, and all others while it is being worked on; return the answers."""

    async def run() -> list[str | BaseException]:
        joined = Joined(work.do, weigh=len, weight_max=weight_max)
        work.may_go_on.clear()
        tasks = [asyncio.create_task(joined.submit(first))]
        while not work.calls:
            await asyncio.sleep(0.001)
        tasks += [asyncio.create_task(joined.submit(item)) for item in others]
        await asyncio.sleep(0)
        assert joined.waiting == len(others)
        work.may_go_on.set()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)
        assert not joined.is_working
        return answers

    return asyncio.run(run())


def test_whoever_comes_meanwhile_rides_together_in_the_next_group() -> None:
    work = Work()
    assert share(work, "a", ["b", "c", "d"]) == ["A", "B", "C", "D"]
    assert work.calls == [["a"], ["b", "c", "d"]]


def test_a_group_is_not_heavier_than_its_bound_unless_one_item_is() -> None:
    work = Work()
    assert share(work, "a", ["bb", "cc", "ddddddd", "e"], weight_max=4) == ["A", "BB", "CC", "DDDDDDD", "E"]
    assert work.calls == [["a"], ["bb", "cc"], ["ddddddd"], ["e"]]


def test_one_bad_item_spoils_no_other() -> None:
    work = Work()
    answers = share(work, "a", ["b", "bad", "c"])
    assert [answers[0], answers[1], answers[3]] == ["A", "B", "C"]
    assert isinstance(answers[2], ValueError)
    assert str(answers[2]) == "bad among 1"
    assert work.calls == [["a"], ["b", "bad", "c"], ["b"], ["bad"], ["c"]]


def test_those_who_ask_again_once_they_are_answered_ride_together() -> None:
    work = Work()

    async def ask(joined: Joined[str, str], name: str, hops: int) -> None:
        for _ in range(3):
            for _ in range(hops):  # the way of an answer, and of the next request
                await asyncio.sleep(0)
            assert await joined.submit(name) == name.upper()

    async def run() -> None:
        joined = Joined(work.do, weigh=len, weight_max=100)
        await asyncio.gather(*(ask(joined, name, hops) for hops, name in enumerate("abcdefgh")))

    asyncio.run(run())
    assert work.calls == [list("abcdefgh")] * 3


@pytest.mark.parametrize(("weight_max", "most"), [(10**9, TURNS * FILLS_MAX + 2), (100, 100)])
def test_who_waits_is_not_held_up_by_all_who_keep_coming(weight_max: int, most: int) -> None:
    work = Work()

    async def run() -> int:
        joined = Joined(work.do, weigh=len, weight_max=weight_max)
        tasks = [asyncio.create_task(joined.submit("a"))]
        waiting = 0
        while joined.waiting >= waiting:  # until the first group is taken
            waiting = joined.waiting
            tasks.append(asyncio.create_task(joined.submit("b")))
            await asyncio.sleep(0)
        await asyncio.gather(*tasks)
        return waiting

    assert asyncio.run(run()) <= most + TURNS


def test_whoever_goes_away_takes_only_its_answer_along() -> None:
    work = Work()

    async def run() -> None:
        joined = Joined(work.do, weigh=len, weight_max=100)
        work.may_go_on.clear()
        gone = asyncio.create_task(joined.submit("a"))
        while not work.calls:
            await asyncio.sleep(0.001)
        other = asyncio.create_task(joined.submit("b"))
        await asyncio.sleep(0)
        gone.cancel()
        work.may_go_on.set()
        assert await other == "B"
        with pytest.raises(asyncio.CancelledError):
            await gone

    asyncio.run(run())
    assert work.calls == [["a"], ["b"]]
