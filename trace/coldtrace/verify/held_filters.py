"""The filters that an offline verifier holds, and its verdict with them (docs/formats/filters.md, section 5).

A hit of a stop-filter is a chance hit once in 256.  Whoever has no network cannot tell, so the goods are held and the
words say that the server knows.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from coldtrace.errors import Words
from coldtrace.seal.filter import Filter
from coldtrace.seal.filter_header import FilterKind
from coldtrace.seal.trust_list import TrustList
from coldtrace.verify.code import CodeReport, LotsOf, Verdict, verify_code

ASKED_ONLINE: Final = frozenset({Verdict.REVOKED_UNIT, Verdict.RECALLED_LOT})
"""Verdicts that a filter can give by chance."""

MAY_BE_CHANCE: Final = Words(
    "离线筛查表约 256 件中有 1 件误命中：请先扣下，联网后再查一次即可确定。",
    "About 1 in 256 hits of the offline filter is chance: hold it, and look it up online to be sure.",
)


@dataclass(frozen=True, kw_only=True)
class HeldFilters:
    """Filters that `check_filter` passed: one for each stolen key, the newest of the other kinds."""

    allowed: tuple[Filter, ...] = ()
    revoked: Filter | None = None
    recalled: Filter | None = None

    @classmethod
    def of(cls, filters: Iterable[Filter]) -> "HeldFilters":
        """Sort filters by what they are; of two of one kind the higher `seq` counts."""
        by_seq = sorted(filters, key=lambda each: each.header.seq)
        newest = {each.header.kind: each for each in by_seq}
        return cls(
            allowed=tuple(each for each in by_seq if each.header.kind is FilterKind.ALLOWED_UNITS),
            revoked=newest.get(FilterKind.REVOKED_UNITS),
            recalled=newest.get(FilterKind.RECALLED_LOTS),
        )

    def is_stale(self, now: datetime) -> bool:
        """Tell whether a stop-filter is past its `expires`: what was stopped since is not known."""
        return any(each is not None and each.is_stale(now) for each in (self.revoked, self.recalled))

    def judge(self, text: str, *, trust: TrustList, now: datetime) -> CodeReport:
        """Return the verdict on a scanned text."""
        return verify_code(
            text,
            trust=trust,
            now=now,
            allowed_units=self.allowed,
            revoked_units=() if self.revoked is None else self.revoked,
            recalled_lots=() if self.recalled is None else LotsOf(self.recalled),
        )
