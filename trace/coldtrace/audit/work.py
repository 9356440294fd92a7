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
    for where in bad_signatures(work.signatures):
        done.report.find(FindingCode.LEAF_SIGNATURE, where)
    look_at_pieces(work.pieces, read_pieces, done)
    return done


def bad_signatures(jobs: Iterable[SignatureJob]) -> list[str]:
    """Return where a signature does not verify.  What cannot be checked here (SM2 without its extra) is passed over."""
    found = []
    for where, spki, sig, body in jobs:
        try:
            good = load_public_key(spki).verify(*signed_parts(sig, body))
        except UnsupportedAlgorithm:
            continue
        if not good:
            found.append(where)
    return found


class Threads:
    """Checks signatures with all cores in one process: `cryptography` works outside the interpreter's lock."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=os.cpu_count() or 1, thread_name_prefix="signatures")

    def bad_signatures(self, jobs: Sequence[SignatureJob]) -> list[str]:
        """Return where a signature does not verify, in order."""
        slices = [jobs[at : at + _SLICE] for at in range(0, len(jobs), _SLICE)]
        return [where for bad in self._pool.map(bad_signatures, slices) for where in bad]


def look_at_pieces(told: Sequence[Told], read_pieces: ReadPieces, done: Done) -> None:
    """Compare the pieces of these statements with their headers."""
    for first in range(0, len(told), PIECES_AT_ONCE):
        part = told[first : first + PIECES_AT_ONCE]
        stored: dict[bytes, dict[str, Piece]] = {each.entry_id: {} for each in part}
        for entry_id, name, data, is_erased in read_pieces(list(stored)):
            stored[entry_id][name] = Piece(data, is_erased)
        for each in part:
            done.reads[each.entry_id] = check_pieces(each.header, stored[each.entry_id], each.where, done.report)
