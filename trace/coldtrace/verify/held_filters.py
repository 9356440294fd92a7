"""The filters that an offline verifier holds, and its verdict with them (docs/formats/filters.md, section 5).

A hit of a stop-filter with slots of 32 bits or more is as good as certain: the goods are stopped.  With smaller
slots, which only a very long list has, it may be chance (once in 65,536 or 256).  Whoever has no network cannot tell;
such a hit is said, the goods go on, and the server, which has the tables, judges exactly.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from coldtrace.codes.trace_code import TraceCode, unit_id_of
from coldtrace.errors import Lang, Words
from coldtrace.seal.filter import Filter
from coldtrace.seal.filter_header import FilterKind
from coldtrace.seal.trust_list import TrustList
from coldtrace.verify.code import CodeReport, LotsOf, Verdict, verify_code

MAY_BE_CHANCE: Final = Words(
    "离线筛查表很长，此命中可能是误命中（未列入者约 {of} 件中有 1 件）；请联网查询确认。",
    "The offline filter is long, and this hit may be chance (about 1 in {of} of what is not on it): look it up "
    "online to be sure.",
)


@dataclass(frozen=True, kw_only=True)
class FilteredReport(CodeReport):
    """The verdict, and if a filter gave it whose hit may be chance, once in how many of the units not on it.

    `blocked` says of a right code that its goods are not to go on.
    """

    chance_in: int | None = None
    blocked: "Blocked | None" = None

    @property
    def may_be_chance(self) -> bool:
        """Tell whether only a filter says so whose hits are not certain: no reason to stop goods."""
        return self.chance_in is not None

    def say_chance(self, lang: Lang) -> str:
        """Return in words that the hit may be chance; nothing if it is not."""
        return "" if self.chance_in is None else MAY_BE_CHANCE.say(lang, of=self.chance_in)


@dataclass(frozen=True, kw_only=True)
class Blocked:
    """Goods that may be received and counted and must not go on.  `chance_in`: once in so many it is chance.

    By the list of `issued`, which names them as `whole_lot` or as one.
    """

    chance_in: int | None
    issued: datetime
    whole_lot: bool


@dataclass(frozen=True, kw_only=True)
class HeldFilters:
    """Filters that `check_filter` passed: one for each stolen key, the newest of the other kinds."""

    allowed: tuple[Filter, ...] = ()
    revoked: Filter | None = None
    recalled: Filter | None = None
    blocked: Filter | None = None

    @classmethod
    def of(cls, filters: Iterable[Filter]) -> "HeldFilters":
        """Sort filters by what they are; of two of one kind the higher `seq` counts."""
        by_seq = sorted(filters, key=lambda each: each.header.seq)
        newest = {each.header.kind: each for each in by_seq}
        return cls(
            allowed=tuple(each for each in by_seq if each.header.kind is FilterKind.ALLOWED_UNITS),
            revoked=newest.get(FilterKind.REVOKED_UNITS),
            recalled=newest.get(FilterKind.RECALLED_LOTS),
            blocked=newest.get(FilterKind.BLOCKED_UNITS),
        )

    @property
    def stops(self) -> tuple[Filter, ...]:
        """The stop-filters that are held."""
        return tuple(each for each in (self.revoked, self.recalled, self.blocked) if each is not None)

    def is_stale(self, now: datetime) -> bool:
        """Tell whether a stop-filter is past its `expires`: what was stopped since is not known."""
        return any(each.is_stale(now) for each in self.stops)

    def blocks(self, code: TraceCode) -> "Blocked | None":
        """Return whether goods are on hold, recalled or destroyed, themselves or their whole lot; None if not."""
        gtin, lot = code.value("01"), code.value("10")
        lot_id = None if gtin is None or lot is None else unit_id_of({"01": gtin, "10": lot})
        if self.blocked is None:
            return None
        of_lot = lot_id is not None and lot_id in self.blocked
        if not of_lot and (code.unit_id is None or code.unit_id not in self.blocked):
            return None
        header = self.blocked.header
        chance_in = 2**header.bits if header.may_hit_by_chance else None
        return Blocked(chance_in=chance_in, issued=header.issued, whole_lot=of_lot)

    def judge(self, text: str, *, trust: TrustList, now: datetime) -> FilteredReport:
        """Return the verdict on a scanned text; a hit that may be chance hides no stop that is certain."""
        report = self._judge(text, self.revoked, trust=trust, now=now)
        chance_in = self._chance_in(report.verdict)
        if report.verdict is Verdict.REVOKED_UNIT and chance_in is not None:
            without = self._judge(text, None, trust=trust, now=now)
            if without.verdict is Verdict.RECALLED_LOT and self._chance_in(without.verdict) is None:
                report, chance_in = without, None
        valid = report.verdict is Verdict.VALID and report.code is not None
        blocked = self.blocks(report.code) if valid and report.code is not None else None
        return FilteredReport(**vars(report), chance_in=chance_in, blocked=blocked)

    def _judge(self, text: str, revoked: Filter | None, *, trust: TrustList, now: datetime) -> CodeReport:
        return verify_code(
            text,
            trust=trust,
            now=now,
            allowed_units=self.allowed,
            revoked_units=() if revoked is None else revoked,
            recalled_lots=() if self.recalled is None else LotsOf(self.recalled),
        )

    def _chance_in(self, verdict: Verdict) -> int | None:
        """Return once in how many a verdict that came of a filter is chance, or None if it is certain."""
        found = {Verdict.REVOKED_UNIT: self.revoked, Verdict.RECALLED_LOT: self.recalled}.get(verdict)
        return None if found is None or not found.header.may_hit_by_chance else 2**found.header.bits
