"""Nouns of the log."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


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
    """An entry that the log already keeps."""

    entry_id: UUID
    leaf: bytes
    leaf_hash: bytes
    received_at: datetime


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
