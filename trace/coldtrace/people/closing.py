"""An account closed and reopened, and a lost second step taken away: what the platform's administrator does.

A closed person cannot sign in.  Sessions, own tokens, open links and waiting letters end with the closing and do not
come back; roles stay, so that reopening gives back what was had.  To take a role away is something else
(`memberships.end_membership`).
"""

from uuid import UUID

from sqlalchemy import delete, update
from sqlmodel import Session, col

from coldtrace.env import Env
from coldtrace.people import totp
from coldtrace.people.mail import post_notice
from coldtrace.people.model import PersonState
from coldtrace.people.personal_data import require_other_administrator
from coldtrace.people.refusals import NoSecondStep, PersonUnknown
from coldtrace.people.tables import ApiTokenRow, MailRow, PersonLinkRow, PersonRow, PersonSessionRow


def close_person(session: Session, env: Env, person_id: UUID) -> None:
    """Close an account; again changes nothing.  Raises PersonUnknown and LastAdministrator."""
    # The administrators first, as where a person is erased: two who close each other must not wait for each other.
    require_other_administrator(session, person_id)
    row = _held(session, person_id)
    if row.state == PersonState.CLOSED:
        return
    now = env.clock()
    row.state, row.closed_at = PersonState.CLOSED.value, now
    session.add(row)
    session.flush()
    for statement in (
        update(PersonSessionRow)
        .where(col(PersonSessionRow.person_id) == person_id, col(PersonSessionRow.ended_at).is_(None))
        .values(ended_at=now),
        update(ApiTokenRow)
        .where(col(ApiTokenRow.person_id) == person_id, col(ApiTokenRow.revoked_at).is_(None))
        .values(revoked_at=now),
        update(PersonLinkRow)
        .where(
            col(PersonLinkRow.person_id) == person_id,
            col(PersonLinkRow.used_at).is_(None),
            col(PersonLinkRow.expires_at) > now,
        )
        .values(expires_at=now),
        delete(MailRow).where(col(MailRow.person_id) == person_id),
    ):
        session.execute(statement)


def reopen_person(session: Session, person_id: UUID) -> None:
    """Reopen a closed account; one that never had a password waits for a new invitation.  Raises PersonUnknown."""
    row = _held(session, person_id)
    if row.state != PersonState.CLOSED:
        return
    row.state = (PersonState.INVITED if row.password_hash is None else PersonState.ACTIVE).value
    row.closed_at = None
    session.add(row)
    session.flush()


def remove_second_step(session: Session, env: Env, person_id: UUID, *, by_mail: bool) -> None:
    """Take the second step of somebody away who lost phone and recovery codes; with `by_mail` the person is told.

    Raises PersonUnknown, or NoSecondStep where there is none.
    """
    row = _held(session, person_id)
    if not totp.is_on(row):
        raise NoSecondStep(id=str(person_id))
    totp.stop(session, row)
    if by_mail:
        post_notice(session, env, person_id=person_id)


def _held(session: Session, person_id: UUID) -> PersonRow:
    row = session.get(PersonRow, person_id, with_for_update=True, populate_existing=True)
    if row is None or row.state == PersonState.ERASED:
        raise PersonUnknown(id=str(person_id))
    return row
