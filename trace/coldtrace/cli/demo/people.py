"""One person for each role of the demo world, with a password that everybody knows; production knows none of them."""

from collections.abc import Mapping
from uuid import UUID

from sqlmodel import Session

from coldtrace.env import Env
from coldtrace.people.model import PersonState
from coldtrace.people.passwords import hash_password
from coldtrace.people.persons import make_person
from coldtrace.people.tables import PersonRow
from coldtrace.rights.model import PERSON_ROLE_WORDS, Member, Role
from coldtrace.rights.rules import NEEDS_AREA

PASSWORD = "frozen prawns"
DEMO_AREA = "12"
"""Tianjin."""

PLACES: dict[Role, str] = {
    Role.COLD_STORE: "store",
    Role.DISTRIBUTOR: "depot",
    Role.MARKET: "market",
    Role.RETAILER: "shop",
}
"""At which of the demo's places a role is at home; all others are at the port's firm."""


def make_people(session: Session, env: Env, *, firms: Mapping[str, UUID]) -> list[str]:
    """Make the people and return their addresses; `firms` are the operators by place."""
    kept = hash_password(PASSWORD)
    made = []
    for role in Role:
        member = Member(
            role=role,
            operator_id=firms[PLACES.get(role, "port")],
            area=DEMO_AREA if role in NEEDS_AREA else None,
            manages=True,
        )
        person = make_person(
            session,
            env,
            email=f"{role.value}@demo.example",
            name=PERSON_ROLE_WORDS[role].zh,
            lang="zh",
            members=[member],
            made_by="demo",
            demo=True,
        )
        row = session.get_one(PersonRow, person.person_id)
        row.password_hash, row.password_at, row.state = kept, env.clock(), PersonState.ACTIVE.value
        session.add(row)
        made.append(person.email or "")
    session.flush()
    return made
