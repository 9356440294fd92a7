"""API tokens: shown once, kept as a hash, with rights of their own or with those of a person."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.env import Env
from coldtrace.events.enrolment import token_hash
from coldtrace.parties.refusals import TokenRefused
from coldtrace.people.members import DEVELOPMENT_MEMBERS, at_sites, keep_members, reader_of_person, reader_of_token
from coldtrace.people.model import HeldToken, PersonState
from coldtrace.people.tables import ApiTokenRow, PersonRow
from coldtrace.rights.model import Member
from coldtrace.seal.b64 import b64

DEVELOPMENT_TOKEN = "development"
EVERY_RIGHT = "all"
NOTE_USE_EVERY = timedelta(hours=1)


def make_token(
    session: Session,
    env: Env,
    *,
    name: str,
    life: timedelta | None,
    members: Sequence[Member] = (),
    person_id: UUID | None = None,
    scopes: Sequence[str] = (EVERY_RIGHT,),
    sites: Sequence[str] | None = None,
    made_by: str = "",
) -> str:
    """Make a token and return it for the only time; its hash is kept.

    Either `members` say what it may do, or it is a person's and acts with that person's memberships of the moment;
    `scopes` narrow it to some rights ("unit:read"), and `sites` a person's to some sites.
    """
    token = f"ct_{b64(env.random(24))}"
    _keep(
        session,
        env,
        token=token,
        name=name,
        life=life,
        person_id=person_id,
        scopes=scopes,
        sites=sites,
        development=False,
    )
    row = session.get_one(ApiTokenRow, token_hash(token))
    keep_members(session, env, members, made_by=made_by, token_id=row.token_id)
    return token


def keep_development_token(session: Session, env: Env, *, token: str, name: str = DEVELOPMENT_TOKEN) -> None:
    """Keep a token that may do everything everywhere and that production refuses; again changes nothing."""
    if session.get(ApiTokenRow, token_hash(token)) is not None:
        return
    _keep(session, env, token=token, name=name, life=None, person_id=None, scopes=(EVERY_RIGHT,), development=True)
    row = session.get_one(ApiTokenRow, token_hash(token))
    keep_members(session, env, DEVELOPMENT_MEMBERS, made_by="development", token_id=row.token_id)


def recognise_token(session: Session, env: Env, token: str, *, production: bool) -> HeldToken:
    """Return whose token it is and what it may do now; raise TokenRefused."""
    row = session.get(ApiTokenRow, token_hash(token))
    if (
        row is None
        or row.revoked_at is not None
        or (row.expires_at is not None and row.expires_at < env.clock())
        or (production and row.development)
    ):
        raise TokenRefused()
    narrowed = None if EVERY_RIGHT in row.scopes else frozenset(row.scopes)
    if row.person_id is None:
        reader = reader_of_token(session, row.token_id, narrowed=narrowed)
    else:
        person = session.get(PersonRow, row.person_id)
        if person is None or person.state != PersonState.ACTIVE or (production and person.demo):
            raise TokenRefused()
        reader = reader_of_person(session, row.person_id, narrowed=narrowed)
        if row.sites is not None:
            reader = at_sites(session, reader, row.sites)
    return HeldToken(
        token_id=row.token_id, name=row.name, person_id=row.person_id, reader=reader, last_used_at=row.last_used_at
    )


def is_due(token: HeldToken, env: Env) -> bool:
    """Tell whether the last use of a token should be noted again: to the hour is enough to find those left lying."""
    return token.last_used_at is None or token.last_used_at + NOTE_USE_EVERY <= env.clock()


def note_use(session: Session, env: Env, token: HeldToken) -> None:
    """Note that a token is in use."""
    session.execute(
        text("UPDATE api_token SET last_used_at = :now WHERE token_id = :id"),
        {"now": env.clock(), "id": token.token_id},
    )


def _keep(
    session: Session,
    env: Env,
    *,
    token: str,
    name: str,
    life: timedelta | None,
    person_id: UUID | None,
    scopes: Sequence[str],
    development: bool,
    sites: Sequence[str] | None = None,
) -> None:
    now = env.clock()
    session.add(
        ApiTokenRow(
            token_hash=token_hash(token),
            token_id=env.new_id(),
            name=name,
            scopes=list(scopes),
            person_id=person_id,
            sites=None if sites is None else sorted(set(sites)),
            development=development,
            created_at=now,
            expires_at=None if life is None else now + life,
        )
    )
    session.flush()
