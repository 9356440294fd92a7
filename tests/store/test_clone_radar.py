"""The radar in the sweep: looks become a case for the regulator, and one visitor poisons nothing."""

from datetime import timedelta

from coldtrace.custody.lookups import Look, count_lookup, count_stray, day_of
from coldtrace.custody.model import CaseKind
from coldtrace.events.statement_type import StatementType as T
from coldtrace.rights.model import EVERYTHING
from coldtrace.watch import work
from coldtrace.watch.cases import PAGE_MAX, Case, list_cases
from coldtrace.watch.model import Explanation, SweepTimes
from coldtrace.watch.sweep import sweep
from coldtrace.watch.work import Worker
from support.consignments import GTIN, LOT, commission_line, facts_of
from support.road import PORT, SHOP, Road

ANNE = Worker(actor="person:anne", scope=EVERYTHING, statements=EVERYTHING)
TJ, SZ = "120100", "440300"


def coded(road: Road) -> str:
    (code,) = road.consignment(cartons=1).pallets[0].cartons
    road.done(PORT, T.COMMISSION, commission_line(code), facts=facts_of(code))
    return code.unit_id


def look(road: Road, unit: str, *, who: int, city: str = TJ, network: int | None = None) -> None:
    at = road.clock.next
    known = who if network is None else network
    count_lookup(
        road.session,
        Look(unit_id=unit, token=who.to_bytes(16), network=known.to_bytes(16), city=city, day=day_of(at), at=at),
    )


def swept(road: Road) -> list[Case]:
    while sweep(road.session, road.env, SweepTimes()).more:
        pass
    return list_cases(road.session, EVERYTHING, after=None, limit=PAGE_MAX)


def test_looks_in_turn_in_two_cities_become_a_case_for_the_regulator(road: Road) -> None:
    box = coded(road)
    for who, city in enumerate((TJ, SZ, TJ, SZ, TJ, SZ), 1):
        look(road, box, who=who, city=city)
        road.clock.forward(timedelta(hours=3))
    (case,) = swept(road)
    assert (case.kind, case.units, case.gln) == (CaseKind.CLONE_SUSPECT, (box,), PORT)
    assert "two_places" in case.detail["signals"]
    assert case.detail["places"] == [["", 6]], "no place from which so few came is told"
    assert (case.detail["looks"], case.detail["provinces"]) == (6, 2)
    assert road.unit(box).suspected
    assert [each.case_id for each in swept(road)] == [case.case_id]
    work.explain(road.session, road.env, ANNE, case.case_id, note=Explanation.CODE_SHOWN)
    assert not road.unit(box).suspected
    road.clock.forward(timedelta(minutes=1))
    assert swept(road) == [], "what was settled is judged by later looks alone"


def test_one_visitor_poisons_nothing(road: Road) -> None:
    """Thirty days, many times a day, as ever another browser: one person's looks stay one person's."""
    box = coded(road)
    for day in range(30):
        for browser in range(5):
            look(road, box, who=100 * day + browser, network=7)
            look(road, box, who=100 * day + browser, network=7)
        road.clock.forward(timedelta(days=1))
        assert swept(road) == [], day
    assert not road.unit(box).suspected
    kept = road.session.connection().exec_driver_sql("SELECT max(looks), count(*) FROM look_cell").one()
    assert kept == (1, 30)


def test_one_network_turns_no_sold_box_amber_and_no_run(road: Road) -> None:
    """From another province than the goods were sold in, after the sale, at every box of the lot, day after day."""
    boxes = boxes_in_stock(road, 6)
    road.done(PORT, T.SHIP, boxes[0], to=SHOP)
    road.clock.forward(timedelta(days=2))
    road.done(SHOP, T.RECEIVE, boxes[0])
    assert road.done(SHOP, T.SELL, boxes[0]).marks == ()
    for day in range(12):
        for who, box in enumerate(boxes):
            for browser in range(3):
                look(road, box, who=1000 * day + 10 * who + browser, network=7, city=SZ)
        road.clock.forward(timedelta(days=1))
        # A device that says nothing for days is another story.
        assert not {CaseKind.CLONE_SUSPECT, CaseKind.OVER_RUN} & {case.kind for case in swept(road)}, day
    assert not any(road.unit(box).suspected for box in boxes)


def test_one_browser_poisons_nothing_at_all(road: Road) -> None:
    box = coded(road)
    for _ in range(30):
        for _ in range(10):
            look(road, box, who=7)
        road.clock.forward(timedelta(days=1))
        assert swept(road) == []


def stray(road: Road, serial: str, *, network: int, signed: bool = False) -> None:
    count_stray(
        road.session,
        gtin=GTIN,
        lot=LOT,
        unit_id=f"(01){GTIN}(21){serial}",
        signed=signed,
        network=network.to_bytes(16),
        day=day_of(road.clock.next),
    )


def test_codes_of_a_lot_that_were_never_issued(road: Road) -> None:
    coded(road)
    for number in range(200):
        stray(road, f"A{number:04d}", network=1)
    assert swept(road) == [], "one visitor who counts numbers up"
    assert road.count("stray_look") == 20
    for _ in range(8):
        road.clock.forward(timedelta(days=1))
        for number in range(5):
            stray(road, f"A{number:04d}", network=1)
        assert swept(road) == [], "nor who comes back on other days"
    for network in range(2, 7):
        stray(road, f"B{network:04d}", network=network)
    (case,) = swept(road)
    assert (case.kind, case.detail["visitors"]) == (CaseKind.OVER_RUN, 6)
    assert case.detail["signals"] == ["stray_codes", "guessable"]
    assert len(swept(road)) == 1


def test_serials_that_were_adopted_are_not_made_up(road: Road) -> None:
    """Goods of another platform came with serials that follow one another; their buyers looked before they arrived."""
    coded(road)
    for network in range(1, 8):
        for number in range(1, 5):
            stray(road, f"A{number:04d}", network=network)
    for number in range(1, 5):
        road.session.connection().exec_driver_sql(
            "INSERT INTO unit (unit_id, state, last_at) VALUES (%s, 'active', now())",
            (f"(01){GTIN}(21)A{number:04d}",),
        )
    assert swept(road) == []
    for network in range(11, 18):
        stray(road, f"B{network:04d}", network=network)
    (case,) = swept(road)
    assert case.detail["strays"] == 7
    assert not any("(21)A" in code for code in case.detail["codes"])


def test_one_code_that_is_rightly_signed_and_was_never_issued_is_enough(road: Road) -> None:
    coded(road)
    stray(road, "7QK4M2ZX9RTB", network=1, signed=True)
    (case,) = swept(road)
    assert (case.kind, case.detail["signals"]) == (CaseKind.OVER_RUN, ["signed_stray"])


def boxes_in_stock(road: Road, count: int) -> list[str]:
    codes = road.consignment(cartons=count).pallets[0].cartons
    for code in codes:
        road.done(PORT, T.COMMISSION, commission_line(code), facts=facts_of(code))
    return [code.unit_id for code in codes]


def test_boxes_in_stock_that_are_looked_up_together_elsewhere(road: Road) -> None:
    boxes = boxes_in_stock(road, 6)
    for who, (box, city) in enumerate(zip(boxes[:4], ("310100", "330100", "420100", "510100"), strict=True), 1):
        look(road, box, who=who, city=city)
    assert swept(road) == [], "pictures that a store sends to its buyers are looked at everywhere"
    for who, box in enumerate(boxes[:4], 11):
        look(road, box, who=who, city=SZ)
    (case,) = swept(road)
    assert (case.kind, case.detail["signals"], case.detail["boxes"]) == (CaseKind.CLONE_SUSPECT, ["burst"], 4)
    assert [road.unit(box).suspected for box in boxes] == [True] * 4 + [False] * 2
    look(road, boxes[4], who=31, city=SZ)
    assert len(swept(road)) == 1
    assert road.unit(boxes[4]).suspected, "a box that comes later is noted with the case"


def test_a_clerk_with_a_phone_from_elsewhere_is_no_burst(road: Road) -> None:
    boxes = boxes_in_stock(road, 14)
    for box in boxes:
        look(road, box, who=1, city=SZ)
    for who, box in enumerate(boxes[:7], 11):
        look(road, box, who=who, city=SZ)
    assert swept(road) == []
