"""Persons: make them, invite them, let them choose a password.

One-time links are random, kept as hashes, good for one use and a time.  What is shown or sent of them is the text that
`make_link` returns.
"""

import re
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session, col, select

from coldtrace.env import Env
from coldtrace.events.enrolment import token_hash
from coldtrace.people.members import keep_members
from coldtrace.people.model import Person, PersonState
from coldtrace.people.passwords import hash_password, require_good
from coldtrace.people.refusals import LinkRefused, MalformedEmail
from coldtrace.people.tables import PersonLinkRow, PersonRow
from coldtrace.rights.model import Member
from coldtrace.seal.b64 import b64

_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_EMAIL = re.compile(rf"(?=[^@]{{1,64}}@){_ATOM}(\.{_ATOM})*@({_LABEL}\.)+{_LABEL}")
"""RFC 5322's dot-atom, in ASCII: what every mail server takes.  Anything else could not be written to."""


class LinkPurpose(StrEnum):
    """What a one-time link is for."""

    INVITATION = "invitation"
    RESET = "reset"


LINK_LIFE: dict[LinkPurpose, timedelta] = {
    LinkPurpose.INVITATION: timedelta(days=7),
    LinkPurpose.RESET: timedelta(hours=1),
}


def parse_email(raw: str) -> str:
    """Return an address as it is kept, in lower case; raise MalformedEmail.

    >>> parse_email(" Li.Na@Example.CN ")
    'li.na@example.cn'
    """
    email = raw.strip().lower()
    if len(email) > 254 or _EMAIL.fullmatch(email) is None:
        raise MalformedEmail(email=raw[:100].encode("utf-8", "replace").decode())
    return email


def find_person(session: Session, person_id: UUID) -> Person | None:
    """Return a person, None when there is none."""
    row = session.get(PersonRow, person_id)
    return None if row is None else as_person(row)


def person_of_email(session: Session, email: str) -> Person | None:
    """Return the person with this address (as `parse_email` gives it), None when there is none."""
    row = session.exec(select(PersonRow).where(PersonRow.email == email)).first()
    return None if row is None else as_person(row)


def as_person(row: PersonRow) -> Person:
    """Return the person of a row."""
    return Person(person_id=row.person_id, email=row.email, name=row.name, lang=row.lang, state=PersonState(row.state))


def make_person(
    session: Session,
    env: Env,
    *,
    email: str,
    name: str,
    lang: str,
    members: Sequence[Member],
    made_by: str,
    demo: bool = False,
) -> Person:
    """Make a person, invited, with memberships; one that has this address is returned as it is.

    `demo` persons have passwords that everybody knows; production refuses them.
    """
    known = person_of_email(session, parse_email(email))
    if known is not None:
        return known
    row = PersonRow(
        person_id=env.new_id(),
        email=parse_email(email),
        name="".join(sign for sign in name if sign.isprintable()).strip()[:100],
        lang=lang,
        state=PersonState.INVITED.value,
        demo=demo,
        created_at=env.clock(),
    )
    session.add(row)
    session.flush()
    keep_members(session, env, members, made_by=made_by, person_id=row.person_id)
    return as_person(row)


def make_link(session: Session, env: Env, *, person_id: UUID, purpose: LinkPurpose) -> str:
    """Make a one-time link for a person and return its secret; earlier ones of the same purpose end."""
    now = env.clock()
    session.execute(
        text(
            "UPDATE person_link SET expires_at = :now WHERE person_id = :person AND purpose = :purpose"
            " AND used_at IS NULL AND expires_at > :now"
        ),
        {"now": now, "person": person_id, "purpose": purpose.value},
    )
    secret = b64(env.random(24))
    session.add(
        PersonLinkRow(
            token_hash=token_hash(secret),
            person_id=person_id,
            purpose=purpose.value,
            created_at=now,
            expires_at=now + LINK_LIFE[purpose],
        )
    )
    session.flush()
    return secret


def person_of_link(session: Session, env: Env, secret: str, purpose: LinkPurpose) -> Person:
    """Return whose link it is, without using it up; raises LinkRefused."""
    row = session.get(PersonLinkRow, token_hash(secret))
    return as_person(_usable(session, env, row, purpose))


def choose_password(session: Session, env: Env, *, secret: str, purpose: LinkPurpose, password: str) -> Person:
    """Use a link up and set the password of its person; every session and waiting link of the person ends.

    Raises LinkRefused or WeakPassword.
    """
    link = session.exec(
        select(PersonLinkRow).where(PersonLinkRow.token_hash == token_hash(secret)).with_for_update()
    ).first()
    row = _usable(session, env, link, purpose)
    require_good(password, email=row.email or "", name=row.name)
    now = env.clock()
    session.execute(
        text("UPDATE person_link SET used_at = :now WHERE person_id = :person AND used_at IS NULL"),
        {"now": now, "person": row.person_id},
    )
    row.state = PersonState.ACTIVE.value
    keep_password(session, env, row, password)
    return as_person(row)


def keep_password(session: Session, env: Env, row: PersonRow, password: str) -> None:
    """Set a password that was found good; sessions and tokens of the person end: one of them may be a thief's."""
    now = env.clock()
    row.password_hash, row.password_at = hash_password(password), now
    session.add(row)
    session.execute(
        text("UPDATE person_session SET ended_at = :now WHERE person_id = :person AND ended_at IS NULL"),
        {"now": now, "person": row.person_id},
    )
    session.execute(
        text("UPDATE api_token SET revoked_at = :now WHERE person_id = :person AND revoked_at IS NULL"),
        {"now": now, "person": row.person_id},
    )
    session.flush()


def _usable(session: Session, env: Env, link: PersonLinkRow | None, purpose: LinkPurpose) -> PersonRow:
    if link is None or link.purpose != purpose or link.used_at is not None or link.expires_at < env.clock():
        raise LinkRefused()
    row = session.exec(select(PersonRow).where(col(PersonRow.person_id) == link.person_id).with_for_update()).one()
    fits = (PersonState.INVITED,) if purpose is LinkPurpose.INVITATION else (PersonState.ACTIVE,)
    if row.state not in fits:
        raise LinkRefused()
    return row
