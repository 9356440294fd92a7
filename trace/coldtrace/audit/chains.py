"""Chains of devices: each statement follows the one before by its hash, and its number by one.

Statements may arrive in another order than they were made, so what is not there yet is waited for.  Memory goes with
the number of devices, not of statements.
"""

from dataclasses import dataclass, field

from coldtrace.audit.finding import Report
from coldtrace.audit.finding_words import FindingCode


@dataclass
class Chain:
    """One device: statements that nothing follows yet, and what came before that which it follows.

    `waiting` goes by the hash that is missing: hash, number (if it could be read) and place of what follows it.
    """

    started: bool = False
    tips: dict[str, int | None] = field(default_factory=dict)
    waiting: dict[str, tuple[str, int | None, str]] = field(default_factory=dict)


class Chains:
    """The chains of all devices, by key id; hashes are base64url."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._chains: dict[str, Chain] = {}

    def add(self, key: str, *, here: str, prev: str | None, seq: int | None, where: str) -> None:
        """Take the next statement of a device; `seq` is None if it cannot be read any more."""
        chain = self._chains.setdefault(key, Chain())
        if prev is None:
            self._follow(0, seq, where)
            if chain.started:
                self._report.find(FindingCode.CHAIN_BROKEN, where)
            chain.started = True
        elif prev in chain.tips:
            self._follow(chain.tips.pop(prev), seq, where)
        elif prev in chain.waiting:
            self._report.find(FindingCode.CHAIN_BROKEN, where)
        else:
            chain.waiting[prev] = (here, seq, where)
        if here in chain.waiting:
            _, next_seq, next_where = chain.waiting.pop(here)
            self._follow(seq, next_seq, next_where)
        else:
            chain.tips[here] = seq

    def missing(self) -> dict[str, str]:
        """Return what is still waited for: the missing hash, and the place of what follows it."""
        return {prev: after[2] for chain in self._chains.values() for prev, after in chain.waiting.items()}

    def to_json(self) -> dict[str, object]:
        """Return what a later audit needs to go on."""
        # Copies: statements that still wait for their place are looked at later, and must not be remembered as placed.
        return {key: [chain.started, dict(chain.tips), dict(chain.waiting)] for key, chain in self._chains.items()}

    def load(self, value: dict[str, list[object]]) -> None:
        """Go on from where an earlier audit stopped; ValueError for anything else."""
        for key, (started, tips, waiting) in value.items():
            if not isinstance(tips, dict) or not isinstance(waiting, dict):
                raise ValueError("chains")
            self._chains[key] = Chain(bool(started), dict(tips), {prev: tuple(each) for prev, each in waiting.items()})

    def _follow(self, before: int | None, seq: int | None, where: str) -> None:
        if before is not None and seq is not None and seq != before + 1:
            self._report.find(FindingCode.SEQ_WRONG, where)
