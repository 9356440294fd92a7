"""Nouns of the log."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from coldtrace.env import Log


class LogState(StrEnum):
    """What may be done to a log: an open one grows, a frozen or closed one is only read."""

    OPEN = "open"
    FROZEN = "frozen"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What is to be logged: the leaf's exact bytes, and the pieces kept beside it."""

    entry_id: UUID
    leaf: bytes
    leaf_hash: bytes
    received_at: datetime
    pieces: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class StoredEntry:
    """An entry that a log of the installation already keeps."""

    log: Log
    entry_id: UUID
    leaf: bytes
    leaf_hash: bytes
    received_at: datetime


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One part of a statement as it is kept: `data` is None when all of it was erased."""

    name: str
    data: bytes | None
    erased_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Head:
    """How many leaves a tree has, and its root."""

    size: int
    root: bytes


@dataclass(frozen=True, kw_only=True)
class SignedHead:
    """One signed checkpoint: `note` is its exact text."""

    size: int
    root: bytes
    note: str


@dataclass(frozen=True, kw_only=True)
class Inclusion:
    """Where a leaf stands in the tree of `size` leaves, and the path that shows it."""

    index: int
    size: int
    leaf_hash: bytes
    path: tuple[bytes, ...]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where an entry stands in the tree, and digests of what is kept of it: leaf, public piece, units piece.

    A piece that is gone has no digest.
    """

    index: int
    leaf_hash: bytes
    received_at: datetime
    leaf: bytes
    public: bytes | None
    units: bytes | None


@dataclass(frozen=True, kw_only=True)
class LogStatus:
    """A log and how it is doing.

    `reason` says in JSON why it is frozen; `oldest_pending_s` is the age of the entry that has waited longest for its
    place, `oldest_unpublished_s` that of the first signed checkpoint behind the published one; `cosignatures` counts
    the witnesses on the published checkpoint.
    """

    log: Log
    vkey: str
    state: LogState
    reason: str | None
    opened_at: datetime
    head_size: int
    published_size: int
    published_at: datetime | None
    cosignatures: int
    pending: int
    oldest_pending_s: float
    oldest_unpublished_s: float = 0.0
