"""The walk from leaf to leaf: the tree grows, and at every size that somebody signed its root is compared."""

from collections.abc import Callable, Iterator, Sequence

from coldtrace.audit.finding import Report
from coldtrace.audit.finding_words import FindingCode
from coldtrace.audit.heads import Mark
from coldtrace.audit.tree import Node, Tree

Roots = Iterator[tuple[int, bytes]]
"""Stored checkpoints from the tree's size on: size and root, ascending."""


class Growth:
    """Grows a tree and compares its root with `marks` and with a stream of stored checkpoints."""

    def __init__(self, tree: Tree, report: Report, *, marks: Sequence[Mark], checkpoints: Roots) -> None:
        self.tree, self._report = tree, report
        self._marks = sorted(marks, key=lambda mark: mark.size)
        self._checkpoints = checkpoints
        self._next = next(checkpoints, None)
        self._broken: tuple[int, bytes] | None = None
        self._compare()

    def extend(self, hashes: Sequence[bytes], take: Callable[[Sequence[Node]], None]) -> None:
        """Append leaves; the nodes that they complete go to `take`."""
        at = 0
        while at < len(hashes):
            part = hashes[at : at + self._room()] if self._stops() else hashes[at:]
            at += len(part)
            if done := self.tree.extend(part):
                take(done)
            self._compare()

    def finish(self) -> None:
        """Say which signed sizes were never reached."""
        while self._next is not None:
            self._report.find(FindingCode.CHECKPOINT_BEYOND, self._next[0])
            self._next = next(self._checkpoints, None)

    def beyond(self) -> list[Mark]:
        """Return the marks that were never reached."""
        return self._marks

    def _stops(self) -> bool:
        return bool(self._marks) or self._next is not None

    def _room(self) -> int:
        sizes = [self._marks[0].size] if self._marks else []
        if self._next is not None:
            sizes.append(self._next[0])
        return min(sizes) - self.tree.size

    def _compare(self) -> None:
        size, root = self.tree.size, None
        while self._next is not None and self._next[0] <= size:
            root = root or self.tree.root()
            if self._next != (size, root):
                self._report.find(FindingCode.CHECKPOINT_ROOT, self._next[0])
                self._broken = self._next
            self._next = next(self._checkpoints, None)
        while self._marks and self._marks[0].size <= size:
            mark = self._marks.pop(0)
            root = root or self.tree.root()
            # The log has signed this one root and shown it to all: then leaves were damaged, and nobody saw two roots.
            if (mark.size, mark.root) not in ((size, root), self._broken):
                self._report.find(mark.code, mark.where, mark.note)
