"""What a log serves, over HTTP or as published files, and its comparison with the leaves (C2SP tlog-tiles)."""

import errno
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import httpx

from coldtrace.audit.finding import Report
from coldtrace.audit.finding_words import FindingCode
from coldtrace.audit.refusals import SourceUnreachable
from coldtrace.audit.tree import WIDTH, Node
from coldtrace.seal.entry_bundle import MalformedBundle, read_bundle
from coldtrace.seal.hashing import HASH_BYTES
from coldtrace.seal.tile_path import TilePath, tile_of

ANSWER_MAX = 32 * 1024 * 1024
"""Bytes: a bundle of 256 leaves of the largest size takes half of it."""


class Closed(Exception):
    """The source has it and does not show it to us (401 or 403)."""


class Source(Protocol):
    """Where a log is read from, by paths under its prefix."""

    def read(self, path: str) -> bytes | None:
        """Return the bytes at a path, None if there is nothing; raise Closed or SourceUnreachable."""
        ...

    def close(self) -> None:
        """Let go of what reading needs."""
        ...


class HttpSource:
    """A log behind an address.  `token` opens the entry bundles where they are not public."""

    def __init__(self, prefix: str, *, token: str | None = None, timeout_s: float = 30) -> None:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._prefix = prefix.rstrip("/")
        self._client = httpx.Client(timeout=timeout_s, headers=headers, follow_redirects=False)

    def read(self, path: str) -> bytes | None:
        address = f"{self._prefix}/{path}"
        try:
            with self._client.stream("GET", address) as response:
                data = bytearray()
                for part in response.iter_bytes():
                    data += part
                    if len(data) > ANSWER_MAX:
                        raise SourceUnreachable(what=address, reason="too long")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise SourceUnreachable(what=address, reason=str(error) or type(error).__name__) from error
        if response.status_code in (401, 403):
            raise Closed
        if response.status_code == httpx.codes.OK:
            return bytes(data)
        if response.status_code == httpx.codes.NOT_FOUND:
            return None
        raise SourceUnreachable(what=address, reason=str(response.status_code))

    def close(self) -> None:
        self._client.close()


class FolderSource:
    """A log as published files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, path: str) -> bytes | None:
        try:
            return (self._folder / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except PermissionError:
            raise Closed from None
        except OSError as error:
            raise SourceUnreachable(what=str(self._folder / path), reason=error.strerror or str(error)) from error

    def close(self) -> None:
        pass


def open_source(place: str, *, token: str | None = None) -> Source:
    """Return the source of an address or a folder; raise SourceUnreachable if there is no such folder."""
    if place.startswith(("http://", "https://")):
        return HttpSource(place, token=token)
    if not Path(place).is_dir():
        raise SourceUnreachable(what=place, reason=os.strerror(errno.ENOENT))
    return FolderSource(Path(place))


@dataclass
class _Run:
    """Neighbouring hashes or leaves from index `first` on, up to the end of a tile."""

    first: int
    items: list[bytes] = field(default_factory=list)


class Comparison:
    """Compares tiles and bundles of a served log of `size` leaves with leaves and nodes as they are derived.

    From the middle of a tile on, as after `--since`, the rest of that tile is compared.
    """

    def __init__(self, source: Source, report: Report, *, size: int, bundles: bool) -> None:
        self._source, self._report, self._size = source, report, size
        self._hashes: dict[int, _Run] = {}
        self._leaves: _Run | None = None
        self._bundles = bundles

    def leaves(self, first: int, hashes: Sequence[bytes], leaves: Sequence[bytes | None]) -> None:
        """Take leaves in order."""
        room = max(0, self._size - first)
        self._take(0, first, hashes[:room])
        if self._bundles and all(leaf is not None for leaf in leaves[:room]):
            self._take_leaves(first, [leaf for leaf in leaves[:room] if leaf is not None])

    def nodes(self, nodes: Sequence[Node]) -> None:
        """Take nodes in the order in which the leaves complete them."""
        for node in nodes:
            if node.at < self._size >> 8 * node.level:
                self._take(node.level, node.at, [node.hash])

    def finish(self) -> None:
        """Compare the partial tiles at the right edge."""
        for level, run in self._hashes.items():
            self._compare(level, run)
        if self._leaves is not None:
            self._compare_bundle(self._leaves)

    def _take(self, level: int, first: int, hashes: Sequence[bytes]) -> None:
        at = 0
        while at < len(hashes):
            run = self._hashes.setdefault(level, _Run(first + at))
            room = WIDTH - (run.first + len(run.items)) % WIDTH
            run.items += hashes[at : at + room]
            at += room
            if (run.first + len(run.items)) % WIDTH == 0:
                self._compare(level, self._hashes.pop(level))

    def _take_leaves(self, first: int, leaves: Sequence[bytes]) -> None:
        at = 0
        while at < len(leaves):
            run = self._leaves = self._leaves or _Run(first + at)
            room = WIDTH - (run.first + len(run.items)) % WIDTH
            run.items += leaves[at : at + room]
            at += room
            if (run.first + len(run.items)) % WIDTH == 0:
                self._compare_bundle(run)
                self._leaves = None

    def _compare(self, level: int, run: _Run) -> None:
        number, skipped = divmod(run.first, WIDTH)
        tile = TilePath(level=level, number=number, width=skipped + len(run.items))
        data = read_tile(self._source, tile, self._report)
        if data is not None and data[HASH_BYTES * skipped :] != b"".join(run.items):
            self._report.find(FindingCode.SERVED_DIFFERS, tile.text())

    def _compare_bundle(self, run: _Run) -> None:
        if not self._bundles:
            return
        number, skipped = divmod(run.first, WIDTH)
        tile = TilePath(level=None, number=number, width=skipped + len(run.items))
        leaves = read_entries(self._source, tile, self._report)
        if leaves is None:
            self._bundles = self._bundles and BUNDLES_CLOSED not in self._report.notes
        elif leaves[skipped:] != run.items:
            self._report.find(FindingCode.SERVED_DIFFERS, tile.text())


BUNDLES_CLOSED = "entry bundles: not shown to us, give --token-file / 条目包未向我们开放，请用 --token-file"


def read_tile(source: Source, tile: TilePath, report: Report) -> bytes | None:
    """Return the bytes of a hash tile of the right width, None with a finding otherwise."""
    try:
        data = source.read(tile.text())
    except Closed:
        data = None
    if data is None:
        report.find(FindingCode.SERVED_MISSING, tile.text())
    elif len(data) != HASH_BYTES * tile.width:
        report.find(FindingCode.SERVED_WIDTH, tile.text())
    else:
        return data
    return None


def read_entries(source: Source, tile: TilePath, report: Report) -> list[bytes] | None:
    """Return the leaves of a bundle, None with a finding, or with a note if it is not shown to us."""
    try:
        data = source.read(tile.text())
    except Closed:
        report.note(BUNDLES_CLOSED)
        return None
    if data is None:
        report.find(FindingCode.SERVED_MISSING, tile.text())
        return None
    try:
        return read_bundle(data, count=tile.width)
    except MalformedBundle:
        report.find(FindingCode.SERVED_WIDTH, tile.text())
        return None


def level_0(source: Source, report: Report, *, first: int, size: int) -> Iterator[tuple[int, list[bytes]]]:
    """Give the leaf hashes of a served log of `size` leaves from index `first` on, tile by tile; stop at a bad one."""
    full, partial = tile_of(0, size=size)
    for number in range(first // WIDTH, full + (partial > 0)):
        tile = TilePath(level=0, number=number, width=WIDTH if number < full else partial)
        data = read_tile(source, tile, report)
        if data is None:
            return
        hashes = [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]
        start = max(first, number * WIDTH)
        yield start, hashes[start - number * WIDTH :]
