"""Who takes part as a person or by a token."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from coldtrace.rights.model import Reader, Role


class PersonState(StrEnum):
    """Where a person's account stands."""

    INVITED = "invited"
    ACTIVE = "active"
    CLOSED = "closed"
    ERASED = "erased"


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who can sign in.  `email` is None once the person's data were erased."""

    person_id: UUID
    email: str | None
    name: str
    lang: str
    state: PersonState


@dataclass(frozen=True, kw_only=True)
class Membership:
    """One role of a person or of a token in one organisation (`rights.model.Member`), as it is kept."""

    membership_id: UUID
    person_id: UUID | None
    token_id: UUID | None
    operator_id: UUID | None
    role: Role
    sites: tuple[str, ...] | None
    area: str | None
    manages: bool
    made_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class HeldToken:
    """A token that was recognised: its name for the record, whose it is, and what it may do now."""

    token_id: UUID
    name: str
    person_id: UUID | None
    reader: Reader
    last_used_at: datetime | None = None
