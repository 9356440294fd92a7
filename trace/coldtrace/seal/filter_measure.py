"""Measure how often a filter finds what was never put in: random items, the same in each run of a seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from coldtrace.seal.filter import Filter
from coldtrace.seal.filter_header import FilterKind

TRIALS = 200_000
_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """`hits` of `trials` random items were found; `expected_in` is what one is expected in."""

    trials: int
    hits: int
    expected_in: int


def measure_chance_hits(filter: Filter, *, trials: int = TRIALS, seed: int = 1) -> Measured:
    """Ask for random units or lots, whichever the filter holds; that one was really put in has no measurable chance."""
    hits = sum(item in filter for item in random_items(filter.header.kind, trials, seed))
    return Measured(trials=trials, hits=hits, expected_in=2**filter.header.bits)


def random_items(kind: FilterKind, count: int, seed: int) -> Iterator[str]:
    """Yield unit ids, or lots, as codes carry them."""
    source = random.Random(seed)
    ai = "10" if kind is FilterKind.RECALLED_LOTS else "21"
    for _ in range(count):
        number = source.getrandbits(104)
        value = "".join(_SIGNS[number >> shift & 31] for shift in range(0, 60, 5))
        yield f"(01){(number >> 60) % 10**14:014}({ai}){value}"
