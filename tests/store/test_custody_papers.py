"""The paper gate: what leaves a first station without the papers that a policy asks for."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from coldtrace.custody import rebuild
from coldtrace.custody.model import CaseKind
from coldtrace.custody.service import Result
from coldtrace.errors import Words
from coldtrace.events.statement_type import StatementType as T
from coldtrace.events.units_piece import Line
from coldtrace.goods.paper_policies import NewPolicy, add_policy
from coldtrace.goods.paper_rules import Need, NeedLevel, PaperKind, PolicyScope
from coldtrace.goods.papers import DeclarePaper, declare_paper
from coldtrace.rights.model import EVERYTHING
from coldtrace.watch.model import RESOLUTIONS
from coldtrace.working_days import LOCAL
from support.consignments import Consignment, commission_line, facts_of
from support.house import pack_lines
from support.paper_calls import PDF
from support.road import PALLETS, PORT, STORE, Road, child, whole

KIND = PaperKind.QUARANTINE_CERTIFICATE


def ask_for(road: Road, level: NeedLevel, *, days: int = 0, **scope: Any) -> None:
    today = road.env.clock().astimezone(LOCAL).date()
    new = NewPolicy(
        name="meat",
        title=Words("肉类", "Meat"),
        scope=PolicyScope(**scope),
        needs=[Need(kind=KIND, level=level)],
        begins=today + timedelta(days=days),
    )
    add_policy(road.session, road.env, new, by="tests")


def add_paper(road: Road, consignment: Consignment) -> None:
    command = DeclarePaper(
        consignment_id=consignment.consignment_id, kind=KIND, issuer="天津海关", number="1", data=PDF
    )
    declare_paper(road.session, road.env, EVERYTHING, command, by="tests", limit_bytes=len(PDF))


def cases(road: Road) -> list[str]:
    return sorted(road.session.execute(text("SELECT kind FROM case_file WHERE live")).scalars())


def lacking(result: Result) -> list[tuple[str, str]]:
    return [(each.kind.value, each.level.value) for each in result.lacking]


def told_again_is_the_same(road: Road) -> None:
    with road.session.begin_nested() as savepoint:
        report = rebuild.check(road.session)
        savepoint.rollback()
    assert report.ok, report.examples


@pytest.fixture
def bound(road: Road) -> Consignment:
    """A consignment on its pallet at the port."""
    opened = road.consignment(cartons=2)
    road.bind_all(opened)
    return opened


def test_goods_without_a_paper_stay_and_leave_once_it_is_there(road: Road, bound: Consignment) -> None:
    ask_for(road, NeedLevel.BLOCK)
    pallet = bound.pallets[0].label.unit_id
    stopped = road.done(PORT, T.SHIP, pallet, to=STORE)
    assert (stopped.status, stopped.marks) == ("blocked", ("papers_missing",))
    assert stopped.receipt is not None
    assert lacking(stopped) == [("quarantine_certificate", "block")]
    assert cases(road) == ["blocked"]
    assert road.where(pallet) == ("active", PORT, None)
    road.clock.forward(timedelta(hours=1))
    add_paper(road, bound)
    # What leaves with its papers is also what closes the case.
    assert T.SHIP in RESOLUTIONS[CaseKind.BLOCKED]
    went = road.done(PORT, T.SHIP, pallet, to=STORE)
    assert (went.status, went.marks, went.lacking) == ("accepted", (), ())
    assert road.where(pallet)[0] == "in_transit"
    told_again_is_the_same(road)


def test_a_policy_that_warns_lets_them_go_and_opens_no_case(road: Road, bound: Consignment) -> None:
    ask_for(road, NeedLevel.WARN)
    went = road.done(PORT, T.SHIP, bound.carton.unit_id, to=STORE)
    assert (went.status, went.marks[0], lacking(went)) == ("accepted", "papers_due", [(KIND.value, "warn")])
    assert "blocked" not in cases(road)
    # The gate is the first station's alone: whoever has the goods afterwards has no papers to add.
    road.done(STORE, T.RECEIVE, bound.carton.unit_id)
    assert road.done(STORE, T.SHIP, bound.carton.unit_id, to=PORT).lacking == ()
    told_again_is_the_same(road)


def test_judged_is_by_the_policy_and_the_papers_of_the_event(road: Road, bound: Consignment) -> None:
    early = road.say(PORT, T.SHIP, bound.pallets[0].cartons[0].unit_id, to=STORE)
    road.clock.forward(timedelta(hours=1))
    ask_for(road, NeedLevel.BLOCK)
    without = road.say(PORT, T.SHIP, bound.pallets[0].cartons[1].unit_id, to=STORE)
    road.clock.forward(timedelta(hours=1))
    add_paper(road, bound)
    first, second = road.tell(early, without)
    assert first.lacking == ()
    assert "papers_missing" not in first.marks
    assert second.marks[0] == "papers_missing"
    told_again_is_the_same(road)


def test_what_is_packed_and_shipped_in_one_batch_is_asked_for_too(road: Road) -> None:
    opened = road.consignment(cartons=2)
    for code in opened.pallets[0].cartons:
        road.done(PORT, T.COMMISSION, commission_line(code), facts=facts_of(code))
    ask_for(road, NeedLevel.BLOCK)
    # A pallet whose label was not issued with the consignment says nothing by itself.
    pack = road.say(PORT, T.PACK, *pack_lines(PALLETS[0], [code.unit_id for code in opened.pallets[0].cartons]))
    ship = road.say(PORT, T.SHIP, PALLETS[0], to=STORE)
    assert [each.marks for each in road.tell(pack, ship)] == [(), ("papers_missing",)]
    unpacked = road.done(PORT, T.SHIP, opened.carton.unit_id, to=STORE)
    assert "papers_missing" in unpacked.marks


def test_goods_of_another_scope_or_of_no_consignment_are_not_asked(road: Road, bound: Consignment) -> None:
    ask_for(road, NeedLevel.BLOCK, origins=frozenset({"NO"}))
    assert road.done(PORT, T.SHIP, bound.carton.unit_id, to=STORE).lacking == ()
    ask_for(road, NeedLevel.BLOCK, days=1)
    stranger = "(01)19521234543210(21)7QK4M2ZX9RTB"
    road.bound(stranger)
    assert road.done(PORT, T.SHIP, stranger, to=STORE).lacking == ()


def loose(road: Road) -> tuple[Consignment, str, str, str]:
    """Two cartons of one consignment that lacks a paper, on pallets whose labels say nothing by themselves."""
    opened = road.consignment(cartons=2)
    one, other = (code.unit_id for code in opened.pallets[0].cartons)
    for code in opened.pallets[0].cartons:
        road.done(PORT, T.COMMISSION, commission_line(code), facts=facts_of(code))
    stranger = "(01)19521234543210(21)7QK4M2ZX9RTB"
    road.bound(stranger)
    road.done(PORT, T.PACK, *pack_lines(PALLETS[0], [one, other, stranger]))
    ask_for(road, NeedLevel.BLOCK)
    return opened, one, other, stranger


def test_what_was_taken_off_in_the_same_batch_stops_nothing(road: Road) -> None:
    _, one, other, _ = loose(road)
    off = road.say(PORT, T.UNPACK, child(one, PALLETS[0]), child(other, PALLETS[0]))
    ship = road.say(PORT, T.SHIP, PALLETS[0], to=STORE)
    told = road.tell(off, ship)
    assert [(each.status, each.marks, each.lacking) for each in told] == [("accepted", (), ())] * 2
    assert road.where(PALLETS[0])[0] == "in_transit"
    told_again_is_the_same(road)


def test_a_pallet_that_was_emptied_and_laden_anew_in_one_batch(road: Road) -> None:
    _, one, _, stranger = loose(road)
    off = road.say(PORT, T.UNPACK, whole(PALLETS[0]))
    on = road.say(PORT, T.PACK, *pack_lines(PALLETS[0], [stranger]))
    went = road.say(PORT, T.SHIP, PALLETS[0], to=STORE)
    again = road.say(PORT, T.PACK, *pack_lines(PALLETS[1], [one]))
    stays = road.say(PORT, T.SHIP, PALLETS[1], to=STORE)
    told = road.tell(off, on, went, again, stays)
    assert [(each.status, bool(each.lacking)) for each in told] == [
        ("accepted", False),
        ("accepted", False),
        ("accepted", False),
        ("accepted", False),
        ("blocked", True),
    ]
    told_again_is_the_same(road)


def test_what_was_taken_off_after_the_pallet_stops_it(road: Road) -> None:
    _, one, other, _ = loose(road)
    ship = road.say(PORT, T.SHIP, PALLETS[0], to=STORE)
    off = road.say(PORT, T.UNPACK, child(one, PALLETS[0]), child(other, PALLETS[0]))
    half = road.say(PORT, T.PACK, *pack_lines(PALLETS[0], [one]))
    last = road.say(PORT, T.SHIP, PALLETS[0], to=STORE)
    assert [each.status for each in road.tell(ship, off, half, last)] == ["blocked", "accepted", "accepted", "blocked"]


def test_a_late_batch_is_judged_by_its_own_words(road: Road) -> None:
    """Something later is known of the goods already: nothing moves until all is told again."""
    _, one, other, stranger = loose(road)
    off = road.say(PORT, T.UNPACK, child(one, PALLETS[0]), child(other, PALLETS[0]))
    went = road.say(PORT, T.SHIP, PALLETS[0], to=STORE)
    on = road.say(PORT, T.PACK, *pack_lines(PALLETS[1], [one]))
    stays = road.say(PORT, T.SHIP, PALLETS[1], to=STORE)
    road.done(PORT, T.TEMPERATURE, PALLETS[0], one, other, stranger)
    told = road.tell(off, went, on, stays)
    assert [bool(each.lacking) for each in told] == [False, False, False, True]
    assert (road.where(PALLETS[0])[0], road.where(one)[0]) == ("in_transit", "active")


def test_a_new_label_takes_nothing_past_the_gate(road: Road) -> None:
    _, one, _, _ = loose(road)
    new = "(01)19521234543210(21)7QK4M2ZX9RTC"
    relabel = road.say(PORT, T.RELABEL, Line("input", one, None, 1, {}), Line("output", new, None, 1, {}))
    ship = road.say(PORT, T.SHIP, new, to=STORE)
    assert [bool(each.lacking) for each in road.tell(relabel, ship)] == [False, True]


def test_nothing_gets_past_the_gate_as_a_return(road: Road, bound: Consignment) -> None:
    ask_for(road, NeedLevel.BLOCK)
    pallet = bound.pallets[0].label.unit_id
    why = ("return_no", "R-1")
    back = road.done(PORT, T.RETURN, pallet, to=STORE, more=[why])
    assert (back.status, back.marks[0], lacking(back)) == ("blocked", "papers_missing", [(KIND.value, "block")])
    assert road.where(pallet) == ("active", PORT, None)
    ordered = road.done(PORT, T.RETURN, bound.carton.unit_id, to=STORE, more=[("order_no", "津市监 1")])
    assert (ordered.status, ordered.lacking) == ("accepted", ())
    abroad = road.done(PORT, T.RETURN, pallet, more=[("export_country", "BR"), why])
    assert (abroad.status, abroad.lacking) == ("accepted", ())
    assert road.where(pallet)[0] == "exported"
