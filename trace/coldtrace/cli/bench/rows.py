"""One figure of a benchmark, beside what limits it (its floor) or what one would have used instead (its peer).

Figures of one run are comparable, those of two machines are not: so every row that can be is a ratio, and goals are
set on ratios wherever the machine would otherwise decide.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

BETTER_HIGH: Literal["high"] = "high"
BETTER_LOW: Literal["low"] = "low"


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What a row has to reach: `high` at least `limit`, `low` at most; of the ratio, or of the value itself."""

    limit: float
    better: Literal["high", "low"]
    of: Literal["ratio", "value"]

    def text(self) -> str:
        """Return the goal as people write it."""
        sign = ">=" if self.better == BETTER_HIGH else "<="
        return f"{self.of} {sign} {self.limit:g}"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One figure.  `floor` and `peer` are in the same unit; a row has one of them, or none.

    >>> row = Row(name="mint", value=8000.0, unit="1/s", floor=10000.0, goal=Goal(limit=0.7, better="high", of="ratio"))
    >>> row.ratio, row.met
    (0.8, True)
    """

    name: str
    value: float
    unit: str
    floor: float | None = None
    peer: float | None = None
    goal: Goal | None = None

    @property
    def ratio(self) -> float | None:
        """The value over its floor or peer."""
        beside = self.floor if self.floor is not None else self.peer
        return None if not beside else self.value / beside

    @property
    def met(self) -> bool | None:
        """Whether the goal is reached; None where there is none."""
        if self.goal is None:
            return None
        measured = self.value if self.goal.of == "value" else self.ratio
        if measured is None:
            return False
        return measured >= self.goal.limit if self.goal.better == BETTER_HIGH else measured <= self.goal.limit

    def as_json(self) -> dict[str, object]:
        """Return the row as `--json` prints it."""
        body = asdict(self) | {
            "value": _rounded(self.value),
            "floor": _rounded(self.floor),
            "peer": _rounded(self.peer),
            "ratio": _rounded(self.ratio),
            "goal": None if self.goal is None else self.goal.text(),
            "met": self.met,
        }
        return body


def at_most(name: str, value: float, unit: str, limit: float) -> Row:
    """Return a row whose value must not be above `limit`."""
    return Row(name=name, value=value, unit=unit, goal=Goal(limit=limit, better=BETTER_LOW, of="value"))


def rate(work: Callable[[], int]) -> float:
    """Return how many things a second `work` did; it says how many."""
    start = time.perf_counter()
    count = work()
    return count / (time.perf_counter() - start)


def seconds(work: Callable[[], object]) -> float:
    """Return how long `work` took, in seconds."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def medians(rounds: int, works: Sequence[Callable[[], float]]) -> list[float]:
    """Return the median of each figure over `rounds` rounds; in a round all are taken in turn, so that a machine that
    slows down slows all of them."""
    taken: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for figures, work in zip(taken, works, strict=True):
            figures.append(work())
    return [statistics.median(figures) for figures in taken]


def table(rows: Sequence[Row]) -> str:
    """Return rows as lines for people."""
    lines = [f"{'':4}{'':<58}{'value':>12}  {'unit':<9}{'floor/peer':>12}  {'ratio':>7}  goal"]
    for row in rows:
        beside = row.floor if row.floor is not None else row.peer
        mark = {True: "ok", False: "MISS", None: ""}[row.met]
        lines.append(
            f"{mark:<4} {row.name:<57}{_shown(row.value):>12}  {row.unit:<9}{_shown(beside):>12}  "
            f"{_shown(row.ratio):>7}  {'' if row.goal is None else row.goal.text()}".rstrip()
        )
    return "\n".join(lines)


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
