"""Who sees by an area what is others': for every role and right, and that a development start is nobody of them."""

from uuid import UUID

import pytest

from coldtrace.people.members import DEVELOPMENT_MEMBERS
from coldtrace.rights.model import Extent, Kind, Member, Reader, Role, Verb
from coldtrace.rights.rules import NEEDS_AREA, RULES, sees_by_area

FIRM = UUID(int=1)


@pytest.mark.parametrize("role", list(Role))
def test_it_is_the_roles_of_an_area_and_what_their_area_shows(role: Role) -> None:
    area = "12" if role in NEEDS_AREA else None
    reader = Reader(members=(Member(role=role, operator_id=FIRM, area=area, manages=True),))
    for kind, verb in RULES:
        assert sees_by_area(reader, kind, verb) == (RULES[kind, verb].get(role) is Extent.AREA), (kind, verb)


def test_a_firms_role_beside_it_changes_nothing() -> None:
    both = (Member(role=Role.REGULATOR, operator_id=FIRM, area=""), Member(role=Role.MARKET, operator_id=FIRM))
    assert sees_by_area(Reader(members=both), Kind.UNIT, Verb.READ)
    assert not sees_by_area(Reader(members=both[1:]), Kind.UNIT, Verb.READ)


def test_a_right_that_there_is_not_and_a_development_start() -> None:
    assert not sees_by_area(Reader(members=DEVELOPMENT_MEMBERS), Kind.UNIT, Verb.READ)
    assert not sees_by_area(Reader(members=DEVELOPMENT_MEMBERS), Kind.METRICS, Verb.WRITE)
    narrowed = Reader(
        members=(Member(role=Role.REGULATOR, operator_id=FIRM, area="12"),), narrowed=frozenset({"run:read"})
    )
    assert not sees_by_area(narrowed, Kind.UNIT, Verb.READ)
