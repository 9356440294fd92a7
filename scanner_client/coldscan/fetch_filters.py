"""Bring filters home at sync: only those that changed, each checked before it replaces the one held."""

import os
import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from coldscan import cache
from coldscan.cache import Name
from coldscan.filters import StoredFilters, file_name, folder_of, open_file, require_right
from coldscan.json_shape import Members
from coldscan.refusals import BadAnswer, UnsafeAnswer
from coldscan.store import immediate
from coldscan.wire import Wire
from coldtrace.errors import Refusal
from coldtrace.seal.filter import open_filter
from coldtrace.seal.filter_header import STOP_KINDS
from coldtrace.seal.trust_list import TrustList

FILTERS_PATH: Final = "/api/v1/filters"
_HEX: Final = frozenset("0123456789abcdef")


def fetch_filters(connection: sqlite3.Connection, wire: Wire, *, trust: TrustList) -> str:
    """Take newer filters; return `new`, `same`, or `none` from a server that has none to offer.

    Each is checked before it counts.  Raises UnsafeAnswer for one that the list does not stand behind, that is older
    than the one held, or that has the number of the one held and other content; then the old ones stay.
    """
    stored, folder = StoredFilters.of(connection), folder_of(connection)
    is_whole = all((folder / file_name(id)).exists() for id in stored.ids)
    etag = cache.get(connection, Name.FILTERS_ETAG)
    reply = wire.get(FILTERS_PATH, {"If-None-Match": etag} if etag and is_whole else {}).require(200, 304, 404)
    if reply.status == 404:
        return "none"
    stops = _wanted(reply.members("filters"), stored) if reply.status == 200 else stored.stops
    pinned = {key.allow.sha256.hex() for key in trust.keys if key.allow is not None}
    faults: list[Refusal] = []
    for id, expected in [
        *((id, None) for id in sorted(pinned)),
        *((id, (kind, seq)) for kind, (id, seq) in stops.items()),
    ]:
        try:
            _bring(wire, folder, id, trust, expected)
        except Refusal as fault:
            faults.append(fault)
    # What could not be had leaves the others alone: the old stop-filter goes on, a stolen key's codes stay red.
    there = {id for id in (*pinned, *(id for id, _ in stops.values())) if (folder / file_name(id)).exists()}
    now = StoredFilters(
        allowed=tuple(sorted(pinned & there)),
        stops=stored.stops | {kind: (id, seq) for kind, (id, seq) in stops.items() if id in there},
    )
    with immediate(connection):
        cache.put(connection, Name.FILTERS, now.to_json())
        if reply.status == 200:
            cache.put(connection, Name.FILTERS_ETAG, None if faults else reply.headers.get("etag"))
    _sweep(folder, now.ids)
    if faults:
        raise faults[0]
    return "same" if now == stored else "new"


def _wanted(index: Members, stored: StoredFilters) -> dict[str, tuple[str, int]]:
    """Return id and number of the stop-filters that the server offers, by kind; raise UnsafeAnswer."""
    stops = dict(stored.stops)
    for each in index.objects("filters"):
        kind, seq, id = each.text("kind"), each.number("seq"), each.text("sha256")
        if len(id) != 64 or not _HEX.issuperset(id):
            raise BadAnswer(what="filters.sha256")
        if kind not in STOP_KINDS:
            continue
        known_id, known_seq = stored.stops.get(kind, ("", 0))
        if seq < known_seq:
            raise UnsafeAnswer(what="filter_rolled_back")
        if seq == known_seq and id != known_id:
            raise UnsafeAnswer(what="filter_seq_twice")
        stops[kind] = (id, seq)
    return stops


def _bring(wire: Wire, folder: Path, id: str, trust: TrustList, expected: tuple[str, int] | None) -> None:
    """See to it that the file is there and good; `expected` is what the index says of a stop-filter."""
    path = folder / file_name(id)
    with suppress(Refusal, OSError):
        open_file(path, id, trust)
        return
    data = wire.get(f"{FILTERS_PATH}/{id}").require(200).body
    try:
        found = open_filter(data)
        require_right(found, id, trust)
    except Refusal as refusal:
        raise UnsafeAnswer(what=refusal.code) from refusal
    # The header is signed, the index is not.
    if expected is not None and expected != (found.header.kind, found.header.seq):
        raise UnsafeAnswer(what="filter_other_kind")
    _write(path, data)


def _write(path: Path, data: bytes) -> None:
    """Write a file that is whole or not there, whenever the power goes."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    parent = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)


def _sweep(folder: Path, ids: Iterable[str]) -> None:
    kept = {file_name(id) for id in ids}
    for path in folder.glob("filter-*.ccf1*"):
        if path.name not in kept:
            # Another process may have it mapped, which a name that is gone does not hurt.
            path.unlink(missing_ok=True)
