"""The dear part of an audit, to be done anywhere: device signatures, and pieces against their headers."""

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

from coldtrace.audit.finding import Report
from coldtrace.audit.finding_words import FindingCode
from coldtrace.audit.leaf_text import HeaderText, signed_parts
from coldtrace.audit.pieces import Piece, Read, check_pieces
from coldtrace.seal.public_key import UnsupportedAlgorithm, load_public_key

PIECES_AT_ONCE = 256
"""Statements whose pieces are in memory at a time: some 300 kB, and 30 MB where each is about a whole container."""

_SLICE = 64

ReadPieces = Callable[[Sequence[bytes]], list[tuple[bytes, str, bytes | None, bool]]]
"""Given entries, return entry, name, bytes and whether erased of each of their pieces."""


class SignatureJob(NamedTuple):
    """A statement's signature: the device's key, and what it is to have signed."""

    where: str
    spki: bytes
    sig: str
    body: bytes


class Told(NamedTuple):
    """A statement whose pieces are to be looked at; `here` is the hash of its header."""

    where: str
    entry_id: bytes
    header: HeaderText
    here: str


@dataclass(frozen=True)
class Work:
    """Neighbouring statements.  `pieces` is empty where they are left out."""

    signatures: Sequence[SignatureJob] = ()
    pieces: Sequence[Told] = ()


@dataclass
class Done:
    """What came of it; `reads` goes by entry.  `failed` says why it could not be done at all."""

    report: Report = field(default_factory=Report)
    reads: dict[bytes, Read] = field(default_factory=dict)
    failed: str | None = None


def do(work: Work, read_pieces: ReadPieces) -> Done:
    """Check signatures, then pieces."""
    done = Done()
    look_at_signatures(judge_signatures(work.signatures), done.report)
    look_at_pieces(work.pieces, read_pieces, done)
    return done


class Judged(NamedTuple):
    """Where signatures do not verify, in order, and how many cannot be checked here (SM2 without its extra)."""

    bad: list[str]
    unchecked: int


def judge_signatures(jobs: Iterable[SignatureJob]) -> Judged:
    """Check signatures."""
    bad, unchecked = [], 0
    for where, spki, sig, body in jobs:
        try:
            good = load_public_key(spki).verify(*signed_parts(sig, body))
        except UnsupportedAlgorithm:
            unchecked += 1
            continue
        if not good:
            bad.append(where)
    return Judged(bad, unchecked)


def look_at_signatures(judged: Judged, report: Report) -> None:
    """Report what was judged."""
    for where in judged.bad:
        report.find(FindingCode.LEAF_SIGNATURE, where)
    report.leave_unchecked(2, judged.unchecked)


class Threads:
    """Checks signatures with all cores in one process: `cryptography` works outside the interpreter's lock."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=os.cpu_count() or 1, thread_name_prefix="signatures")

    def judge(self, jobs: Sequence[SignatureJob]) -> Judged:
        """Check signatures."""
        slices = [jobs[at : at + _SLICE] for at in range(0, len(jobs), _SLICE)]
        parts = list(self._pool.map(judge_signatures, slices))
        return Judged([where for part in parts for where in part.bad], sum(part.unchecked for part in parts))


def look_at_pieces(told: Sequence[Told], read_pieces: ReadPieces, done: Done) -> None:
    """Compare the pieces of these statements with their headers."""
    for first in range(0, len(told), PIECES_AT_ONCE):
        part = told[first : first + PIECES_AT_ONCE]
        stored: dict[bytes, dict[str, Piece]] = {each.entry_id: {} for each in part}
        for entry_id, name, data, is_erased in read_pieces(list(stored)):
            stored[entry_id][name] = Piece(data, is_erased)
        for each in part:
            done.reads[each.entry_id] = check_pieces(each.header, stored[each.entry_id], each.where, done.report)
