"""Nouns of the journal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

COMMAND_LINE = "command line"
"""Who acts through a command on the machine itself.  The name of its user is personal and says little: not kept."""

PURPOSE_CHARACTERS_MAX = 200


@dataclass(frozen=True, kw_only=True)
class Act:
    """One change or one disclosure, as whoever does it tells it.

    `actor` is "person:ID", "token:ID", "device:KEY" or COMMAND_LINE; `operators` and `roles` are the organisations
    for which, and the roles in which, it has the right.  `object` is the id of what was changed or shown, or the
    query of a list.  `subjects` are the organisations whose data it was, `sites` their sites.  `detail` is a canonical
    JSON object and never holds personal data.
    """

    actor: str
    act: str
    kind: str
    object: str
    operators: frozenset[UUID] = frozenset()
    roles: frozenset[str] = frozenset()
    purpose: str | None = None
    subjects: frozenset[UUID] = frozenset()
    sites: frozenset[str] = frozenset()
    detail: Mapping[str, str | int | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Record:
    """An act as it is kept: organisations and roles in order, `detail` as its exact text."""

    record_id: UUID
    at: datetime
    actor: str
    operators: tuple[UUID, ...]
    roles: tuple[str, ...]
    act: str
    kind: str
    object: str
    purpose: str | None
    subjects: tuple[UUID, ...]
    detail: str
    sites: tuple[str, ...] = ()
    """At which sites the data were, as far as the act is about some."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """A record's place in the chain, and the hash that covers it and all before it."""

    seq: int
    record: Record
    hash: bytes


@dataclass(frozen=True, kw_only=True)
class Head:
    """How far the chain reaches: `hash` covers records 1 to `seq`."""

    seq: int
    hash: bytes


@dataclass(frozen=True, kw_only=True)
class Anchor:
    """A head of the chain that was entered into the log as entry `entry_id` on `day` (UTC)."""

    day: date
    head: Head
    entry_id: UUID
