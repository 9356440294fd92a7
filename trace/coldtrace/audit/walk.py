"""What both walks share: the tree that grows, the leaves that are read, the marks that are passed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coldtrace.audit.finding import Report
from coldtrace.audit.finding_words import FindingCode
from coldtrace.audit.growth import Growth, Roots
from coldtrace.audit.heads import Mark
from coldtrace.audit.leaves import Leaves
from coldtrace.audit.prefix import Hashes, HashesMissing, roots_at
from coldtrace.audit.saved import Saved
from coldtrace.audit.tree import Tree
from coldtrace.seal.public_key import PublicKey
from coldtrace.seal.vkey import Vkey
from coldtrace.seal.witness_policy import WitnessPolicy

Progress = Callable[[int, int], None]
"""Told how many leaves of how many are done."""

_NOT_REACHED = {
    FindingCode.HISTORY_REWRITTEN: FindingCode.LOG_SHRANK,
    FindingCode.WITNESS_DIFFERS: FindingCode.WITNESS_AHEAD,
    FindingCode.SPLIT_VIEW: FindingCode.SERVED_DIFFERS,
}
"""What it means when a signed size is beyond the last leaf."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """What to walk through and against what; `start` is None for a walk from the first leaf."""

    report: Report
    vkey: Vkey
    policy: WitnessPolicy
    start: Saved | None
    marks: Sequence[Mark]
    signatures: bool
    pieces: bool
    processes: int
    root: str | None
    progress: Progress

    @property
    def first(self) -> int:
        """The index of the first leaf to walk."""
        return 0 if self.start is None else self.start.size

    def tree(self) -> Tree:
        """Return the tree before the first leaf of the walk."""
        return Tree() if self.start is None else self.start.tree()

    def leaves(self, enrolment_keys: Sequence[PublicKey], *, net: str | None) -> Leaves:
        """Return the reader of leaves, with what it knew when it stopped."""
        made = Leaves(self.report, enrolment_keys=enrolment_keys, net=net, signatures=self.signatures)
        if self.start is not None:
            made.load_keys(self.start.keys)
            made.chains.load(self.start.chains)
        return made

    def growth(self, hashes: Hashes, checkpoints: Roots, *, more: Sequence[Mark] = ()) -> Growth:
        """Return the growth of the tree; marks before the first leaf are judged here, from stored hashes."""
        marks = [*self.marks, *more]
        for mark in marks:
            if mark.size < self.first:
                self._compare_before(mark, hashes)
        ahead = [mark for mark in marks if mark.size >= self.first]
        return Growth(self.tree(), self.report, marks=ahead, checkpoints=checkpoints)

    def is_shorter(self, size: int, note: str) -> bool:
        """Tell whether a log of this size lacks what was saved, which is a finding: there is nothing to walk then."""
        if self.start is None or size >= self.start.size:
            return False
        self.report.check(8)
        self.report.find(FindingCode.LOG_SHRANK, f"{self.start.size} > {size}", self.start.note, note)
        return True

    def finish(self, growth: Growth) -> None:
        """Say which signed sizes the log does not reach."""
        growth.finish()
        for mark in growth.beyond():
            code = _NOT_REACHED.get(mark.code, mark.code)
            self.report.find(code, f"{mark.where} > {growth.tree.size}", mark.note)

    def _compare_before(self, mark: Mark, hashes: Hashes) -> None:
        assert self.start is not None, "only a walk that goes on has a before"
        try:
            root, saved_root = roots_at(hashes, old=mark.size, new=self.start.size)
        except HashesMissing as error:
            self.report.find(FindingCode.NODE_MISSING, str(error))
            return
        if saved_root != self.start.root:
            self.report.find(FindingCode.NODE_WRONG, f"below {self.start.size}")
        elif root != mark.root:
            self.report.find(mark.code, mark.where, mark.note)


@dataclass(frozen=True, kw_only=True)
class Walked:
    """Where a walk ended, and what the next one needs to go on from there."""

    tree: Tree
    note: str
    keys: Mapping[str, str]
    chains: Mapping[str, Any]
    lists: int
