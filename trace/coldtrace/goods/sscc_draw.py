"""SSCCs that tell nothing: each drawn at random from those of a company prefix that are still free.

Numbers in a row would tell whoever buys two pallets' boxes how many pallets lay between them, because a box's proof
names its pallet.  A counter keeps how many of a prefix are given out, so that nobody is promised more than there are;
whoever draws holds its row until the commit, so what is free stays free.
"""

from collections.abc import Callable, Iterator

from sqlmodel import Session

from coldtrace.codes.sscc import Sscc, highest_reference, make_sscc
from coldtrace.goods import run_store
from coldtrace.goods.refusals import SsccSpent

ROUNDS = 20
"""Rounds of lots drawn; where nearly all numbers of a prefix are given out, the rest is looked for one by one."""
WINDOW = 5_000
"""Numbers looked at in one question."""
_SPARE = 16


def draw_ssccs(
    session: Session, prefix: str, extension: int, *, count: int, random: Callable[[int], bytes]
) -> list[Sscc]:
    """Return `count` SSCCs of a company prefix that nobody has and nobody else gets; raise SsccSpent for too many.

    `random` gives bytes of a CSPRNG.
    """
    highest = highest_reference(prefix)
    if not run_store.take_references(session, prefix, count=count, most=highest):
        raise SsccSpent(prefix=prefix, count=count)
    found: dict[Sscc, None] = {}
    for candidates in _candidates(highest, count, random):
        ssccs = [make_sscc(extension=extension, company_prefix=prefix, reference=each) for each in candidates]
        fresh = [each for each in dict.fromkeys(ssccs) if each not in found]
        taken = run_store.issued_among(session, [f"(00){each}" for each in fresh])
        for each in fresh:
            if f"(00){each}" not in taken:
                found[each] = None
            if len(found) == count:
                return list(found)
    raise SsccSpent(prefix=prefix, count=count)


def _candidates(highest: int, count: int, random: Callable[[int], bytes]) -> Iterator[list[int]]:
    """Yield references to try, 1 to `highest`: lots first, then all there are from a random one on."""

    def lot() -> int:
        # Of 128 bits the remainder favours no number by more than one part in 10^26.
        return 1 + int.from_bytes(random(16), "big") % highest

    for _ in range(ROUNDS):
        yield [lot() for _ in range(count + _SPARE)]
    first = lot()
    for start in range(0, highest, WINDOW):
        yield [1 + (first + at) % highest for at in range(start, min(start + WINDOW, highest))]
