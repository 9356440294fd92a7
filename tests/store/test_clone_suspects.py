"""What a live case says of a code is told beside what statements laid, blocks nothing, and goes with the case."""

from datetime import timedelta

from sqlalchemy import text

from coldtrace.custody import rebuild
from coldtrace.custody.model import CaseKind, Overlay
from coldtrace.custody.place_stock import stock
from coldtrace.custody.unit_view import view_unit
from coldtrace.events.statement_type import StatementType as T
from coldtrace.rights.model import EVERYTHING
from coldtrace.watch import work
from coldtrace.watch.cases import PAGE_MAX, Case, list_cases
from coldtrace.watch.model import Explanation, SweepTimes
from coldtrace.watch.sweep import sweep
from coldtrace.watch.work import Worker
from support.consignments import commission_line, facts_of
from support.house import pack_lines
from support.road import MARKET, PALLETS, PORT, SHOP, STORE, Road

ANNE = Worker(actor="person:anne", scope=EVERYTHING, statements=EVERYTHING)


def coded(road: Road, *, cartons: int = 2) -> list[str]:
    codes = road.consignment(cartons=cartons).pallets[0].cartons
    for code in codes:
        road.done(PORT, T.COMMISSION, commission_line(code), facts=facts_of(code))
    return [code.unit_id for code in codes]


def travel(road: Road) -> Case:
    (case,) = [
        case
        for case in list_cases(road.session, EVERYTHING, after=None, limit=PAGE_MAX)
        if case.kind is CaseKind.IMPOSSIBLE_TRAVEL
    ]
    return case


def in_two_places(road: Road, unit: str, *, at: str = STORE, seen: str = MARKET) -> None:
    """Let a unit stand at one site, and be seen at another a minute later."""
    road.done(PORT, T.SHIP, unit, to=at)
    road.clock.forward(timedelta(hours=1))
    road.done(at, T.RECEIVE, unit)
    road.done(seen, T.OBSERVE, unit)
    while sweep(road.session, road.env, SweepTimes()).more:
        pass


def test_goods_faster_than_the_road_are_in_doubt_until_the_case_is_settled(road: Road) -> None:
    box, other = coded(road)
    in_two_places(road, box)
    unit = road.unit(box)
    assert (unit.suspected, unit.lying) == (True, {Overlay.CLONE_SUSPECT})
    assert (unit.holding.overlays, unit.effective.overlays) == (frozenset(), frozenset())
    assert road.unit(other).lying == frozenset()
    view = view_unit(road.session, EVERYTHING, box, inside_max=0)
    assert view is not None
    assert view.suspected
    assert [row.suspected for row in stock(road.session, STORE, after=None, limit=10)] == [True]
    work.explain(road.session, road.env, ANNE, travel(road).case_id, note=Explanation.SEEN_AND_RIGHT)
    assert not road.unit(box).suspected
    assert [row.suspected for row in stock(road.session, STORE, after=None, limit=10)] == [False]


def test_a_suspicion_of_a_case_blocks_nothing(road: Road) -> None:
    box, _ = coded(road)
    in_two_places(road, box, at=SHOP)
    assert road.unit(box).suspected
    sold = road.done(SHOP, T.SELL, box)
    assert (sold.status, road.where(box)[0]) == ("accepted", "sold")
    assert "clone_suspect" not in sold.marks


def test_what_is_on_a_suspected_pallet_is_in_doubt(road: Road) -> None:
    box, other = coded(road)
    road.done(PORT, T.PACK, *pack_lines(PALLETS[0], [box, other]))
    in_two_places(road, PALLETS[0])
    assert road.unit(PALLETS[0]).suspected
    assert road.unit(box).suspected
    road.done(STORE, T.UNPACK, *pack_lines(PALLETS[0], [box, other]))
    assert not road.unit(box).suspected


def test_the_picture_is_rebuilt_without_the_suspicion(road: Road) -> None:
    """The overlay is no part of what statements say, so nothing of it is kept with the goods."""
    box, _ = coded(road)
    in_two_places(road, box)
    assert road.unit(box).suspected
    with road.session.begin_nested() as savepoint:
        report = rebuild.check(road.session)
        savepoint.rollback()
    assert report.ok
    kept = road.session.execute(text("SELECT count(*) FROM unit WHERE overlays <> '{}'")).scalar_one()
    assert kept == 0
