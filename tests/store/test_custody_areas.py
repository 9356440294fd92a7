"""A regulator lets go on, and corrects, what is of its area; elsewhere only what it said itself."""

import pytest

from coldtrace.custody import rebuild
from coldtrace.custody.areas import covers
from coldtrace.events.public_piece import CorrectionMode, Corrects
from coldtrace.events.statement import Statement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.events.unit_id import lot_unit
from coldtrace.events.units_piece import Line
from coldtrace.parties import service as parties
from coldtrace.parties.model import SiteRole
from coldtrace.seal.hashing import sha256
from support.consignments import GTIN, LOT
from support.house import DISTRICTS, Handheld
from support.road import CARTONS, PORT, SHOP, STORE, Road

A, B = CARTONS[:2]
BINHAI, JINGHAI = "9521234000112", "9521234000129"
"""Offices of the port's district and of the store's."""
WHY = [("reason", "residue"), ("order_no", "JS-1")]
FISH = Line("unit", lot_unit(gtin=GTIN, lot=LOT), None, 1)


def opened(road: Road, gln: str, district: str, number: int) -> None:
    operator = parties.register_operator(
        road.session,
        road.env,
        uscc=_uscc(number),
        name_zh="监管局",
        name_en="Office",
        city_zh="天津",
        city_en="Tianjin",
    )
    site = parties.register_site(
        road.session,
        road.env,
        parties.RegisterSite(
            gln=gln,
            operator=operator,
            name_zh="监管局",
            name_en="Office",
            role=SiteRole.REGULATOR,
            district=district,
        ),
    )
    road.devices[gln] = Handheld.enrol(road.session, road.env, site)


def _uscc(number: int) -> str:
    return ("11120116MB0000001E", "91120118MA00000011", "91120116MA05TE5T1N")[number]


@pytest.fixture
def areas(road: Road) -> Road:
    """A carton at the port and one at the store; offices of both districts."""
    opened(road, BINHAI, DISTRICTS[SiteRole.FIRST_STATION], 0)
    opened(road, JINGHAI, DISTRICTS[SiteRole.COLD_STORE], 1)
    road.bound(A, B)
    road.done(PORT, T.SHIP, B, to=STORE)
    road.done(STORE, T.RECEIVE, B)
    return road


def is_as_told(road: Road) -> None:
    with road.session.begin_nested() as savepoint:
        report = rebuild.check(road.session)
        savepoint.rollback()
    assert report.ok, report.examples


def error_of(statement: Statement) -> Corrects:
    return Corrects(header=sha256(statement.header.encode()), mode=CorrectionMode.DID_NOT_OCCUR)


@pytest.mark.parametrize(
    ("office", "place", "is_there"),
    [
        ("120116", "120116", True),
        ("120116", "120118", False),
        ("120100", "120118", True),
        ("120100", "120221", False),
        ("120000", "120221", True),
        ("120000", "310115", False),
        ("000000", "310115", True),
    ],
)
def test_the_area_of_an_office(office: str, place: str, is_there: bool) -> None:
    assert covers(office, place) is is_there


@pytest.mark.parametrize(("lays", "lifts"), [(T.HOLD, T.RELEASE), (T.RECALL, T.LIFT)], ids=["hold", "recall"])
def test_what_another_office_laid_stays_outside_of_the_own_area(areas: Road, lays: T, lifts: T) -> None:
    areas.done(BINHAI, lays, A, more=WHY)
    away = areas.done(JINGHAI, lifts, A)
    assert (away.status, away.marks) == ("blocked", ("hold_of_higher",))
    assert areas.unit(A).holding.overlays
    is_as_told(areas)
    assert areas.done(BINHAI, lifts, A).marks == ()
    assert not areas.unit(A).holding.overlays
    is_as_told(areas)


def test_goods_that_came_into_the_area_are_the_office_s_there(areas: Road) -> None:
    areas.done(BINHAI, T.HOLD, A, more=WHY)
    assert areas.done(JINGHAI, T.RELEASE, A).marks == ("hold_of_higher",)
    # On hold they may not go; all the same they came.
    areas.done(STORE, T.RECEIVE, A)
    assert areas.done(JINGHAI, T.RELEASE, A).marks == ()
    assert not areas.unit(A).holding.overlays
    is_as_told(areas)


def test_what_is_on_its_way_is_of_both_ends(areas: Road) -> None:
    areas.done(PORT, T.SHIP, A, to=STORE)
    areas.done(BINHAI, T.HOLD, A, more=WHY)
    assert areas.done(JINGHAI, T.RELEASE, A).marks == ()
    is_as_told(areas)


def test_an_office_takes_back_what_it_laid_itself_wherever_that_went(areas: Road) -> None:
    areas.done(BINHAI, T.HOLD, B, more=WHY)
    assert areas.done(BINHAI, T.RELEASE, B).marks == ()
    is_as_told(areas)


def test_a_breach_is_let_go_by_the_office_of_the_place(areas: Road) -> None:
    areas.done(STORE, T.OBSERVE, B, cold="breach")
    assert areas.done(BINHAI, T.RELEASE, B).marks == ("nothing_to_lift",)
    assert areas.unit(B).holding.overlays == {"temp_breach"}
    assert areas.done(JINGHAI, T.RELEASE, B).marks == ()
    is_as_told(areas)


def test_a_whole_lot_is_let_go_where_it_was_coded(areas: Road) -> None:
    areas.consignment()
    areas.done(BINHAI, T.HOLD, FISH, more=WHY)
    assert areas.done(JINGHAI, T.RELEASE, FISH).marks == ("hold_of_higher",)
    areas.done(JINGHAI, T.HOLD, FISH, more=WHY)
    assert areas.done(BINHAI, T.RELEASE, FISH).marks == ()
    assert not areas.unit(FISH.unit).holding.overlays
    is_as_told(areas)


def test_a_statement_is_corrected_by_the_office_of_its_place(areas: Road) -> None:
    sold = areas.say(SHOP, T.RECEIVE, B)
    areas.tell(sold)
    other = areas.say(STORE, T.OBSERVE, B)
    areas.tell(other)
    for wrong, office, marks in (
        (sold, JINGHAI, ("correction_not_permitted",)),
        (other, BINHAI, ("correction_not_permitted",)),
        (other, JINGHAI, ()),
    ):
        assert areas.done(office, T.CORRECT, corrects=error_of(wrong)).marks == marks
    assert areas.where(B)[:2] == ("active", SHOP)
    # Also where it comes before what it corrects.
    late = areas.say(STORE, T.RECEIVE, B)
    assert areas.done(BINHAI, T.CORRECT, corrects=error_of(late)).marks == ("corrects_unknown",)
    areas.tell(late)
    assert areas.where(B)[:2] == ("active", STORE)
    is_as_told(areas)
