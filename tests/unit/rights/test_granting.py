"""Granting: nobody gives a right that they have not; the administrator, who keeps people, is the one exception."""

from itertools import product
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldtrace.rights.granting import may_grant
from coldtrace.rights.model import Kind, Member, Party, Reader, Role, Verb
from coldtrace.rights.rules import NEEDS_AREA, RULES, covers, scope_of

FIRMS = (UUID(int=1), UUID(int=2))
SITES = {firm: (f"{firm.int}1", f"{firm.int}2") for firm in FIRMS}
AREAS = ("", "12", "120116", "31")
PARTIES = [
    Party(operator_id=owner, gln=gln, district=district, kind=kind, market_gln=market, market_operator_id=keeper)
    for owner in FIRMS
    for gln in (*SITES[owner], None)
    for district in ("120116", "120104", "310101", None)
    for kind in ("first_station", "caterer", None)
    for keeper, market in [(None, None), *((firm, each) for firm in FIRMS for each in SITES[firm])]
]
"""Every place there can be: whose, where, and in whose market."""


@st.composite
def members(draw: st.DrawFn, *, role: Role | None = None) -> Member:
    firm = draw(st.sampled_from(FIRMS))
    role = role or draw(st.sampled_from([each for each in Role if each is not Role.ADMINISTRATOR]))
    return Member(
        role=role,
        operator_id=firm,
        sites=draw(st.none() | st.frozensets(st.sampled_from(SITES[firm]), min_size=1)),
        area=draw(st.sampled_from(AREAS)) if role in NEEDS_AREA else None,
        manages=draw(st.booleans()),
    )


RIGHTS = sorted(f"{kind}:{verb}" for kind, verb in RULES)
narrowings = st.none() | st.frozensets(st.sampled_from(RIGHTS), min_size=1, max_size=6)


@st.composite
def grants(draw: st.DrawFn) -> tuple[Reader, Member, frozenset[str] | None]:
    held = draw(st.lists(members(), min_size=1, max_size=3))
    # The same role more often than not: otherwise hardly anything is granted.
    role = draw(st.sampled_from([each.role for each in held]) | st.sampled_from(list(Role)))
    reader = Reader(members=tuple(held), narrowed=draw(narrowings))
    few = st.frozensets(st.sampled_from(sorted(reader.narrowed)), min_size=1) if reader.narrowed else st.nothing()
    return reader, draw(members(role=role)), draw(narrowings | few)


@settings(max_examples=400)
@given(grants())
def test_nobody_gives_a_right_that_they_have_not(given_: tuple[Reader, Member, frozenset[str] | None]) -> None:
    giver, wanted, rights = given_
    if not may_grant(giver, wanted, rights):
        return
    made = Reader(members=(wanted,), narrowed=rights)
    for kind, verb in product(Kind, Verb):
        if (kind, verb) not in RULES:
            continue
        given_scope, held_scope = scope_of(made, kind, verb), scope_of(giver, kind, verb)
        if given_scope.everything:
            assert held_scope.everything, (kind, verb)
        for party in PARTIES:
            assert not covers(given_scope, party) or covers(held_scope, party), (kind, verb, party)


OWN = Member(role=Role.MARKET, operator_id=FIRMS[0], manages=True)
REGULATOR = Member(role=Role.REGULATOR, operator_id=FIRMS[0], area="12", manages=True)


def wanted(like: Member, **other: object) -> Member:
    fields = {name: getattr(like, name) for name in ("role", "operator_id", "sites", "area", "manages")}
    return Member(**(fields | other))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("held", "asked", "granted"),
    [
        (OWN, wanted(OWN), True),
        (OWN, wanted(OWN, sites=frozenset(SITES[FIRMS[0]][:1]), manages=False), True),
        (OWN, wanted(OWN, role=Role.RETAILER), False),
        (OWN, wanted(OWN, role=Role.ADMINISTRATOR), False),
        (OWN, wanted(OWN, operator_id=FIRMS[1]), False),
        (OWN, wanted(OWN, operator_id=None), False),
        (OWN, wanted(OWN, area="12"), False),
        (wanted(OWN, manages=False), wanted(OWN, manages=False), False),
        (wanted(OWN, sites=frozenset({"11"})), wanted(OWN), False),
        (wanted(OWN, sites=frozenset({"11"})), wanted(OWN, sites=frozenset({"11", "12"})), False),
        (wanted(OWN, sites=frozenset({"11"})), wanted(OWN, sites=frozenset({"11"})), True),
        (REGULATOR, wanted(REGULATOR, area="120116"), True),
        (REGULATOR, wanted(REGULATOR, area="31"), False),
        (REGULATOR, wanted(REGULATOR, area=""), False),
        (REGULATOR, wanted(REGULATOR, area=None), False),
        (wanted(REGULATOR, area=None), wanted(REGULATOR), False),
    ],
)
def test_a_manager_gives_its_own_role_or_less(held: Member, asked: Member, granted: bool) -> None:
    assert may_grant(Reader(members=(held,)), asked) is granted


def test_an_administrator_gives_every_role_that_makes_sense() -> None:
    giver = Reader(members=(Member(role=Role.ADMINISTRATOR, operator_id=FIRMS[0]),))
    for role in Role:
        for area in (None, "12"):
            asked = Member(role=role, operator_id=FIRMS[1], area=area)
            assert may_grant(giver, asked) is ((area is not None) == (role in NEEDS_AREA)), (role, area)
    assert not may_grant(giver, Member(role=Role.MARKET, operator_id=None))


def test_a_narrowed_token_gives_no_more_than_it_was_made_for() -> None:
    """Also an administrator's: otherwise whoever may make tokens with it may make one that does everything."""
    for held in (OWN, Member(role=Role.ADMINISTRATOR, operator_id=FIRMS[0])):
        giver = Reader(members=(held,), narrowed=frozenset({"token:write", "unit:read"}))
        assert may_grant(giver, OWN, ["unit:read"])
        assert not may_grant(giver, OWN, ["unit:read", "case:read"])
        assert not may_grant(giver, OWN)
