"""The demo's people: their password is known to everybody, and production knows none of them."""

from dataclasses import dataclass
from typing import Final

from sqlmodel import Session, col, select

from coldtrace.people.model import PersonState
from coldtrace.people.tables import MembershipRow, PersonRow
from coldtrace.rights.model import Role

DEMO_PASSWORD: Final = "frozen prawns"


@dataclass(frozen=True, kw_only=True)
class DemoPerson:
    """Somebody as whom everybody may sign in, while this is a demo."""

    email: str
    role: Role


def demo_people(session: Session) -> list[DemoPerson]:
    """Return one demo person for each role that has one, in the order of roles; none where there is no demo."""
    asked = (
        select(PersonRow.email, MembershipRow.role)
        .join(MembershipRow, col(MembershipRow.person_id) == col(PersonRow.person_id))
        .where(
            col(PersonRow.demo),
            PersonRow.state == PersonState.ACTIVE.value,
            col(PersonRow.email).is_not(None),
            col(MembershipRow.ended_at).is_(None),
        )
        .order_by(col(PersonRow.created_at), col(PersonRow.person_id))
        .limit(10 * len(Role))
    )
    found: dict[Role, DemoPerson] = {}
    for email, role in session.exec(asked):
        assert email is not None, "those without an address are left out"
        found.setdefault(Role(role), DemoPerson(email=email, role=Role(role)))
    return [found[role] for role in Role if role in found]
