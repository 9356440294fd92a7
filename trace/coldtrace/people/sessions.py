"""Sessions of people in a browser: a random secret in a cookie, its hash here.

A session ends 12 hours after it was last used, 7 days after it began, at sign-out, and when the password changes or
the account closes.  A new sign-in always makes a new secret.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select

from coldtrace.env import Env
from coldtrace.events.enrolment import token_hash
from coldtrace.people.model import Person, PersonState
from coldtrace.people.persons import as_person
from coldtrace.people.tables import PersonRow, PersonSessionRow
from coldtrace.seal.b64 import b64

IDLE = timedelta(hours=12)
LIFE = timedelta(days=7)
TOUCH_EVERY = timedelta(minutes=1)
AGENT_MAX = 200


@dataclass(frozen=True, kw_only=True)
class OpenSession:
    """A session as its person sees it.  `id` is the hash of the secret."""

    id: bytes
    created_at: datetime
    seen_at: datetime
    agent: str


def begin_session(session: Session, env: Env, *, person_id: UUID, agent: str) -> str:
    """Begin a session and return its secret for the cookie."""
    secret = b64(env.random(32))
    now = env.clock()
    session.add(
        PersonSessionRow(
            session_hash=token_hash(secret),
            person_id=person_id,
            created_at=now,
            seen_at=now,
            expires_at=now + LIFE,
            agent="".join(sign for sign in agent if sign.isprintable())[:AGENT_MAX],
        )
    )
    session.execute(
        text("UPDATE person SET last_sign_in_at = :now WHERE person_id = :id"), {"now": now, "id": person_id}
    )
    session.flush()
    return secret


def person_of_session(session: Session, env: Env, secret: str, *, production: bool) -> Person | None:
    """Return who is signed in by a secret, None when nobody is.  Production knows no demo persons."""
    now = env.clock()
    row = session.get(PersonSessionRow, token_hash(secret))
    if row is None or row.ended_at is not None or row.expires_at < now or row.seen_at + IDLE < now:
        return None
    person = session.get(PersonRow, row.person_id)
    if person is None or person.state != PersonState.ACTIVE or (production and person.demo):
        return None
    return as_person(person)


def purpose_of_session(session: Session, secret: str) -> str | None:
    """Return what a session says that it looks for."""
    row = session.get(PersonSessionRow, token_hash(secret))
    return None if row is None else row.purpose


def set_purpose(session: Session, secret: str, purpose: str) -> None:
    """Keep what a session looks for, at most 200 characters, until it ends or says something else."""
    session.execute(
        text("UPDATE person_session SET purpose = :purpose WHERE session_hash = :hash"),
        {"purpose": purpose, "hash": token_hash(secret)},
    )


def touch_session(session: Session, env: Env, secret: str) -> None:
    """Note that a session is in use, at most once a minute."""
    now = env.clock()
    session.execute(
        text("UPDATE person_session SET seen_at = :now WHERE session_hash = :hash AND seen_at < :before"),
        {"now": now, "hash": token_hash(secret), "before": now - TOUCH_EVERY},
    )


def end_session(session: Session, env: Env, *, id: bytes, person_id: UUID) -> None:
    """End one session of a person; again, or somebody else's, changes nothing."""
    session.execute(
        text(
            "UPDATE person_session SET ended_at = :now WHERE session_hash = :hash AND person_id = :person"
            " AND ended_at IS NULL"
        ),
        {"now": env.clock(), "hash": id, "person": person_id},
    )


def open_sessions(session: Session, env: Env, person_id: UUID) -> list[OpenSession]:
    """Return the sessions of a person that are open, the last used first, fifty at most."""
    now = env.clock()
    rows = session.exec(
        select(PersonSessionRow)
        .where(
            PersonSessionRow.person_id == person_id,
            col(PersonSessionRow.ended_at).is_(None),
            col(PersonSessionRow.expires_at) >= now,
            col(PersonSessionRow.seen_at) >= now - IDLE,
        )
        .order_by(col(PersonSessionRow.seen_at).desc())
        .limit(50)
    )
    return [
        OpenSession(id=row.session_hash, created_at=row.created_at, seen_at=row.seen_at, agent=row.agent)
        for row in rows
    ]
