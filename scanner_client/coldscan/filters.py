"""The filters of voided units, recalled lots and stolen keys that this device holds, asked without a network.

The files lie beside the store, named by their ids, and are read through a memory map; which of them count is in the
cache.  A file is written whole before the cache names it and removed only when the cache no longer does, so a power
cut leaves the old ones or the new ones.  Format and rules: docs/formats/filters.md.
"""

import json
import sqlite3
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from coldscan import cache
from coldscan.cache import Name
from coldscan.refusals import UnsafeAnswer
from coldtrace.errors import Refusal
from coldtrace.seal.filter import Filter, check_filter, map_filter
from coldtrace.seal.filter_header import STOP_KINDS
from coldtrace.seal.trust_list import TrustList
from coldtrace.verify.held_filters import HeldFilters


@dataclass(frozen=True, kw_only=True)
class StoredFilters:
    """What the cache says of filters: the ids of allow-filters, and id and number of the others by kind."""

    allowed: tuple[str, ...] = ()
    stops: dict[str, tuple[str, int]] = field(default_factory=dict)

    @classmethod
    def of(cls, connection: sqlite3.Connection) -> "StoredFilters":
        """Return what is kept."""
        text = cache.get(connection, Name.FILTERS)
        if text is None:
            return cls()
        value = json.loads(text)
        stops = {kind: (str(id), int(seq)) for kind, (id, seq) in value["stops"].items()}
        return cls(allowed=tuple(value["allowed"]), stops=stops)

    def to_json(self) -> str:
        """Return the text kept in the cache."""
        return json.dumps({"allowed": self.allowed, "stops": self.stops})

    @property
    def ids(self) -> set[str]:
        """The ids of all files."""
        return {*self.allowed, *(id for id, _ in self.stops.values())}


@dataclass(frozen=True, kw_only=True)
class Filters:
    """The filters that are open.  `text` is what the cache said, `is_whole` off when a named file cannot be used."""

    held: HeldFilters
    text: str
    is_whole: bool


def load_filters(connection: sqlite3.Connection, trust: TrustList) -> Filters:
    """Return the filters that the cache names, each checked against the list; one that fails is left out."""
    stored = StoredFilters.of(connection)
    found: list[Filter] = []
    for id in stored.ids:
        with suppress(Refusal, OSError):
            found.append(open_file(folder_of(connection) / file_name(id), id, trust))
    text = cache.get(connection, Name.FILTERS) or ""
    stops = sum(each.header.kind in STOP_KINDS for each in found)
    # A stop that cannot be asked must be said.  An allow-filter that cannot only leaves a stolen key's codes red.
    return Filters(held=HeldFilters.of(found), text=text, is_whole=stops == len(stored.stops))


def open_file(path: Path, id: str, trust: TrustList) -> Filter:
    """Return the filter of a file; raise OSError and what `require_right` raises."""
    found = map_filter(path)
    require_right(found, id, trust)
    return found


def require_right(found: Filter, id: str, trust: TrustList) -> None:
    """Raise UntrustedFilter, or UnsafeAnswer for a filter of another id."""
    check_filter(found, trust)
    if found.id.hex() != id:
        raise UnsafeAnswer(what="filter_id")


def file_name(id: str) -> str:
    """Return the name of a filter's file."""
    return f"filter-{id}.ccf1"


def folder_of(connection: sqlite3.Connection) -> Path:
    """Return the folder of the device's store."""
    return Path(str(connection.execute("PRAGMA database_list").fetchone()[2])).parent
