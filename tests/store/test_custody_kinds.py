"""Statements of every kind on the record: what holds block, what was made of what, where lots lie."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from coldtrace.custody import rebuild
from coldtrace.custody.lots import GOODS
from coldtrace.custody.model import Overlay
from coldtrace.custody.overlays import kinds_of
from coldtrace.custody.unit_view import view_unit
from coldtrace.events.refusals import MalformedStatement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.events.unit_id import lot_unit
from coldtrace.events.units_piece import QUANTITY_MAX, Line
from coldtrace.parties.model import SiteRole
from support.consignments import GTIN, LOT, commission_line, facts_of
from support.house import OFFICE_GLN as OFFICE
from support.house import install_office, pack_lines, unit_line
from support.road import CARTONS, MARKET, PALLETS, PORT, SHOP, STORE, Road, at_site, child, statuses, whole

P, Q = PALLETS
A, B, C, D = CARTONS[:4]
L = lot_unit(gtin=GTIN, lot=LOT)
ORDERED = [("reason", "laboratory"), ("order_no", "TJ-2026-7")]


@pytest.fixture
def city(road: Road) -> Road:
    """The road with a regulator's office; every device may say everything."""
    road.sites[SiteRole.REGULATOR] = install_office(road.session, road.env)
    for gln in (PORT, STORE, MARKET, SHOP, OFFICE):
        road.device(gln)
    road.session.execute(
        text("UPDATE device SET operations = CAST(:all AS text[])"), {"all": [type.value for type in T]}
    )
    return road


def some(quantity: int, role: str = "unit", unit: str = L, **attributes: str | int | bool) -> Line:
    """Return a line about some of a lot."""
    return Line(role=role, unit=unit, parent=None, quantity=quantity, attributes=attributes)


def books(city: Road) -> dict[tuple[str, str, str], int]:
    rows = city.session.execute(text("SELECT kind, gln, to_gln, sum(quantity) FROM lot_stock GROUP BY 1, 2, 3"))
    return {(kind, gln, to): int(quantity) for kind, gln, to, quantity in rows}


def goods(city: Road) -> dict[tuple[str, str, str], int]:
    """Return what there is of lots, without what is noted beside it."""
    return {place: quantity for place, quantity in books(city).items() if place[0] in GOODS}


def told_again_is_the_same(city: Road) -> None:
    with city.session.begin_nested() as savepoint:
        report = rebuild.check(city.session)
        savepoint.rollback()
    assert report.ok, report.examples


def test_unpacking_evades_no_hold(city: Road) -> None:
    city.bound(A, B)
    city.done(PORT, T.PACK, *pack_lines(P, [A, B]))
    city.done(PORT, T.SHIP, P, to=STORE)
    city.done(STORE, T.RECEIVE, P)
    assert city.done(OFFICE, T.HOLD, P, more=ORDERED).marks == ()
    assert city.done(STORE, T.SHIP, P, to=SHOP).marks == ("held",)
    seen = view_unit(city.session, at_site(STORE), A, inside_max=0)
    assert seen is not None
    assert (seen.state, seen.overlays) == ("active", ("hold:regulator",))
    assert kinds_of(city.unit(A).effective.overlays) == {Overlay.HOLD_REGULATOR}
    city.done(STORE, T.UNPACK, whole(P))
    assert city.done(STORE, T.SHIP, A, to=SHOP).status == "blocked"
    assert city.where(A) == ("active", STORE, None)
    assert city.done(STORE, T.RELEASE, A).marks == ("hold_of_higher",)
    assert city.done(OFFICE, T.RELEASE, A).marks == ()
    assert city.done(STORE, T.SHIP, A, to=SHOP).status == "accepted"
    assert city.done(STORE, T.SELL, B).marks == ("held",)
    told_again_is_the_same(city)


def test_a_pallet_with_a_held_carton_stays(city: Road) -> None:
    city.bound(A, B)
    city.done(PORT, T.HOLD, A, more=ORDERED[:1])
    city.done(PORT, T.PACK, *pack_lines(P, [A, B]))
    for type in (T.SHIP, T.SELL, T.USE):
        assert city.done(PORT, type, P, to=STORE).marks == ("blocked_inside",)
    assert city.where(P) == ("active", PORT, None)
    city.done(PORT, T.UNPACK, child(A, P))
    assert city.done(PORT, T.SHIP, P, to=STORE).marks == ()


def test_a_hold_that_arrives_late_blocks_what_came_after_it(city: Road) -> None:
    city.bound(A)
    hold = city.say(OFFICE, T.HOLD, A, more=ORDERED)
    assert city.done(PORT, T.SHIP, A, to=SHOP).marks == ()
    assert city.where(A)[0] == "in_transit"
    city.tell(hold)
    assert city.where(A) == ("active", PORT, None)
    assert [(line.type, line.status, line.marks) for line in city.story(A)][1:] == [
        ("hold", "accepted", ()),
        ("ship", "blocked", ("held",)),
    ]
    told_again_is_the_same(city)


def test_what_was_before_the_hold_stands_however_late_it_is_told(city: Road) -> None:
    city.bound(A)
    ship = city.say(PORT, T.SHIP, A, to=SHOP)
    city.done(OFFICE, T.HOLD, A, more=ORDERED)
    assert city.tell(ship)[0].marks == ()
    assert city.where(A)[0] == "in_transit"


def test_a_whole_lot_is_stopped_wherever_it_lies(city: Road) -> None:
    opened = city.consignment(cartons=3)
    city.bind_all(opened)
    pallet, cartons = opened.pallets[0].label.unit_id, [code.unit_id for code in opened.pallets[0].cartons]
    city.done(PORT, T.UNPACK, child(cartons[0], pallet))
    early = city.say(PORT, T.SHIP, cartons[0], to=STORE)
    assert city.done(PORT, T.COMMISSION, replace(commission_line(opened.carton), unit=L, quantity=3),
                     facts=facts_of(opened.carton)).marks == ()  # fmt: skip
    assert city.done(SHOP, T.HOLD, some(0), more=ORDERED).marks == ("lot_of_others",)
    assert city.done(OFFICE, T.RECALL, some(0), more=ORDERED).marks == ()
    assert city.done(PORT, T.SHIP, cartons[0], to=STORE).marks == ("recalled",)
    assert city.done(PORT, T.SHIP, pallet, to=STORE).marks == ("blocked_inside",)
    assert city.done(PORT, T.SHIP, some(3), to=STORE).marks == ("recalled",)
    assert kinds_of(city.unit(cartons[1]).effective.overlays) == {Overlay.RECALL}
    assert city.tell(early)[0].marks == (), "before the recall"
    assert city.where(cartons[0])[0] == "in_transit"
    told_again_is_the_same(city)
    assert city.done(OFFICE, T.LIFT, some(0)).marks == ()
    assert statuses([city.done(PORT, T.SHIP, pallet, some(3), to=STORE)]) == ["accepted"]
    told_again_is_the_same(city)


def test_a_stop_of_a_lot_that_arrives_late(city: Road) -> None:
    opened = city.consignment(cartons=2)
    city.bind_all(opened)
    pallet, cartons = opened.pallets[0].label.unit_id, [code.unit_id for code in opened.pallets[0].cartons]
    city.done(PORT, T.UNPACK, whole(pallet))
    recall = city.say(OFFICE, T.RECALL, some(0), more=ORDERED)
    for carton in cartons:
        assert city.done(PORT, T.SHIP, carton, to=STORE).marks == ()
    lift = city.say(OFFICE, T.LIFT, some(0))
    assert city.done(PORT, T.SHIP, cartons[1], to=STORE).marks == ("already_shipped",)
    city.tell(recall)
    assert [city.where(carton)[0] for carton in cartons] == ["active", "active"]
    city.tell(lift)
    assert [city.where(carton)[0] for carton in cartons] == ["active", "in_transit"]
    assert city.story(cartons[1])[-1].marks == ()
    told_again_is_the_same(city)


def test_a_lot_by_quantity_on_its_way(city: Road) -> None:
    opened = city.consignment(cartons=50)
    line = replace(commission_line(opened.carton), unit=L, quantity=50)
    assert city.done(PORT, T.COMMISSION, line, facts=facts_of(opened.carton)).marks == ()
    assert city.done(PORT, T.SHIP, some(30), to=STORE).marks == ()
    late = city.say(STORE, T.RECEIVE, some(20))
    assert city.done(STORE, T.RECEIVE, some(12)).marks == ()
    assert goods(city) == {("here", PORT, ""): 20, ("transit", PORT, STORE): 18, ("here", STORE, ""): 12}
    city.tell(late)
    assert goods(city) == {("here", PORT, ""): 20, ("here", STORE, ""): 32}
    assert [line.marks for line in city.story(L)][-1] == ("over_received",), "the one that came after it"
    seen = view_unit(city.session, at_site(STORE), L, inside_max=0)
    assert seen is not None
    assert [(place.kind, place.gln, quantity) for place, quantity in seen.stock] == [("here", STORE, 32)]
    assert view_unit(city.session, at_site(MARKET), L, inside_max=0) is None
    assert city.done(STORE, T.SHIP, some(40), to=SHOP).marks == ("short_stock",)
    assert city.done(STORE, T.COUNT, some(3)).marks == ("count_differs",)
    told_again_is_the_same(city)


def test_no_lot_comes_from_nothing_without_a_mark(city: Road) -> None:
    """By adopting what is on its way here, by finding what nobody lost, by coding more than was imported."""
    opened = city.consignment(cartons=3)
    line, facts = replace(commission_line(opened.carton), unit=L), facts_of(opened.carton)
    assert city.done(PORT, T.COMMISSION, replace(line, quantity=2), facts=facts).marks == ()
    late = city.say(PORT, T.COMMISSION, replace(line, quantity=1), facts=facts)
    more = city.done(PORT, T.COMMISSION, replace(line, quantity=2), facts=facts)
    assert (more.status, more.marks) == ("accepted", ("count_differs",))
    assert city.done(PORT, T.SHIP, some(2), to=STORE).marks == ()
    assert city.done(STORE, T.ADOPT, some(2)).marks == ()
    assert goods(city) == {("here", PORT, ""): 2, ("here", STORE, ""): 2}
    assert city.done(STORE, T.ADOPT, some(1)).marks == ("gap",), "of an imported lot somebody should have sent it"
    lost = city.say(STORE, T.LOSE, some(1), more=[("reason", "nowhere to be found")])
    assert city.done(STORE, T.FIND, some(1)).marks == ("count_differs",)
    city.tell(lost)
    assert city.story(L)[-1].marks == (), "it had been lost before"
    assert goods(city) == {("here", PORT, ""): 2, ("here", STORE, ""): 3}
    city.tell(late)
    assert [each.marks for each in city.story(L)][:3] == [(), (), ("count_differs",)]
    seen = view_unit(city.session, at_site(PORT), L, inside_max=0)
    assert seen is not None
    assert {place.kind for place, _ in seen.stock} == {"here"}, "notes are no goods"
    told_again_is_the_same(city)


def test_a_scan_of_a_lot_writes_the_places_that_it_changes_and_no_others(city: Road) -> None:
    """A lot may lie in a thousand places: the others' rows are not written again."""
    for gln in (PORT, STORE, MARKET, SHOP):
        city.done(gln, T.ADOPT, some(10))
    rows = "SELECT gln, kind, ctid, quantity FROM lot_stock"
    before = {(gln, kind): (at, quantity) for gln, kind, at, quantity in city.session.execute(text(rows))}
    late = city.say(STORE, T.COUNT, some(10))
    city.done(STORE, T.SHIP, some(4), to=SHOP)
    city.done(MARKET, T.SELL, some(10))
    city.tell(late)
    after = {(gln, kind): (at, quantity) for gln, kind, at, quantity in city.session.execute(text(rows))}
    assert {place for place in before if after.get(place) == before[place]} == {(PORT, "here"), (SHOP, "here")}
    assert {place: quantity for place, (_, quantity) in after.items()} == {
        (PORT, "here"): 10, (STORE, "here"): 6, (STORE, "transit"): 4, (SHOP, "here"): 10,
    }  # fmt: skip
    told_again_is_the_same(city)


def test_the_largest_quantities_are_booked_and_no_sum_of_them_overflows(city: Road) -> None:
    """Whole pages of the largest number that a line may have: the books go on."""
    for _ in range(3):
        assert city.done(STORE, T.ADOPT, some(QUANTITY_MAX)).status == "accepted"
    assert books(city) == {("here", STORE, ""): 3 * QUANTITY_MAX}
    with pytest.raises(MalformedStatement) as refused:  # of the device; what the server reads: tests/vectors/events
        city.say(STORE, T.ADOPT, some(QUANTITY_MAX + 1))
    assert refused.value.facts == {"piece": "units", "where": "lines: quantity"}
    told_again_is_the_same(city)


def test_a_serial_with_a_quantity_moves_as_one_and_opens_a_case(city: Road) -> None:
    city.bound(A)
    line = replace(unit_line(A), quantity=50)
    assert city.done(PORT, T.SHIP, line, to=STORE).marks == ("not_one",)
    early = city.say(PORT, T.OBSERVE, A)
    assert city.done(STORE, T.RECEIVE, A).marks == ()
    city.tell(early)
    assert city.story(A)[1].marks == ("not_one",), "also when it is judged again"
    kinds = city.session.execute(text("SELECT kind FROM case_file WHERE kind = 'quantity_mismatch'")).all()
    assert len(kinds) == 1
    told_again_is_the_same(city)


def test_a_breach_in_a_blocked_statement_lies_on_the_goods(city: Road) -> None:
    city.bound(A)
    city.done(OFFICE, T.HOLD, A, more=ORDERED)
    warm = city.done(PORT, T.SHIP, A, to=STORE, cold="breach")
    assert (warm.status, warm.marks) == ("blocked", ("held",))
    assert city.where(A)[:2] == ("active", PORT)
    city.done(OFFICE, T.RELEASE, A)
    city.tell(city.say(PORT, T.OBSERVE, A, at=city.clock.next - timedelta(minutes=2)))
    assert kinds_of(city.unit(A).effective.overlays) == set(), "a regulator released the breach too"
    city.done(OFFICE, T.HOLD, A, more=ORDERED)
    late = city.say(PORT, T.OBSERVE, A)
    city.done(PORT, T.SHIP, A, to=STORE, cold="breach")
    city.tell(late)
    assert kinds_of(city.unit(A).effective.overlays) == {Overlay.HOLD_REGULATOR, Overlay.TEMP_BREACH}
    told_again_is_the_same(city)


def test_what_was_made_of_what(city: Road) -> None:
    city.bound(A, B)
    made = city.done(
        PORT,
        T.TRANSFORM,
        *(replace(unit_line(unit), role="input") for unit in (A, B)),
        *(replace(unit_line(unit), role="output") for unit in (C, D)),
    )
    assert made.marks == ("not_issued",)
    assert [city.where(unit)[0] for unit in (A, B, C, D)] == ["transformed", "transformed", "active", "active"]
    rows = city.session.execute(
        text(
            "SELECT i.unit_id, o.unit_id FROM derivation d JOIN unit i ON i.unit_pk = d.input_pk"
            " JOIN unit o ON o.unit_pk = d.output_pk"
        )
    )
    assert sorted(tuple(row) for row in rows) == [(A, C), (A, D), (B, C), (B, D)]
    assert city.done(SHOP, T.RECEIVE, A).marks == ("after_end",)


def test_a_late_hold_on_what_went_in_reaches_what_came_out(city: Road) -> None:
    city.bound(A)
    hold = city.say(OFFICE, T.HOLD, A, more=ORDERED)
    for old, new in ((A, B), (B, C)):
        city.done(PORT, T.TRANSFORM, replace(unit_line(old), role="input"), replace(unit_line(new), role="output"))
    city.done(PORT, T.SHIP, C, to=SHOP)
    city.tell(hold)
    assert [city.where(unit)[0] for unit in (A, B, C)] == ["active", "transformed", "in_transit"]
    assert [line.marks for line in city.story(B)] == [("not_issued", "input_blocked"), ("not_commissioned",)]
    told_again_is_the_same(city)


def test_a_new_label_on_a_pallet(city: Road) -> None:
    city.bound(A, B)
    city.done(PORT, T.PACK, *pack_lines(P, [A, B]))
    city.done(PORT, T.RELABEL, replace(unit_line(A), role="input"), replace(unit_line(C), role="output"))
    city.done(PORT, T.SHIP, P, to=STORE)
    assert (city.where(C), city.where(A)[0]) == (("in_transit", PORT, P), "transformed")
    city.done(STORE, T.RECEIVE, P)
    assert city.done(STORE, T.UNPACK, whole(P)).marks == ()
    assert city.where(C) == ("active", STORE, None)
    told_again_is_the_same(city)


def test_too_warm_at_any_scan(city: Road) -> None:
    city.bound(A)
    city.done(PORT, T.SHIP, A, to=SHOP)
    assert city.done(SHOP, T.RECEIVE, A, cold="breach").marks == ()
    assert city.done(SHOP, T.SELL, A).marks == ("temp_breach",)
    assert city.done(SHOP, T.RETURN, A, to=PORT, more=[("voucher", "RN-1")]).marks == ()


def test_a_statement_without_its_reason_counts_and_is_marked(city: Road) -> None:
    city.bound(A)
    assert city.done(OFFICE, T.HOLD, A).marks == ("reason_missing",)
    assert city.done(PORT, T.SHIP, A, to=SHOP).marks == ("held",)
    assert (
        city.done(PORT, T.DESTROY, A, more=[("order_no", "TJ-1"), ("method", "burnt"), ("witness", "W1")]).marks == ()
    )
    assert city.done(PORT, T.SELL, A).marks == ("terminal",)


def test_what_lets_a_carton_go_lets_its_pallet_go_however_late_it_is_told(city: Road) -> None:
    for number, (type, place) in enumerate([(T.RELEASE, PORT), (T.UNPACK, PORT)]):
        carton, pallet = (A, P) if number == 0 else (C, Q)
        city.bound(carton)
        city.done(PORT, T.PACK, *pack_lines(pallet, [carton]))
        city.done(PORT, T.HOLD, carton, more=ORDERED[:1])
        late = city.say(place, type, child(carton, pallet) if type is T.UNPACK else carton)
        assert city.done(PORT, T.SHIP, pallet, to=STORE).marks == ("blocked_inside",)
        assert city.where(pallet)[0] == "active"
        city.tell(late)
        assert city.where(pallet) == ("in_transit", PORT, None)
        assert [line.marks for line in city.story(pallet) if line.type == "ship"] == [()]
    told_again_is_the_same(city)


def test_what_stops_a_carton_stops_its_pallet_however_late_it_is_told(city: Road) -> None:
    city.bound(A, B)
    city.done(PORT, T.PACK, *pack_lines(P, [A, B]))
    hold = city.say(OFFICE, T.HOLD, A, more=ORDERED)
    assert city.done(PORT, T.SHIP, P, to=STORE).marks == ()
    city.tell(hold)
    assert city.where(B) == ("active", PORT, P)
    assert [line.marks for line in city.story(P) if line.type == "ship"] == [("blocked_inside",)]
    told_again_is_the_same(city)


def made(type: T, city: Road, old: list[Line | str], new: list[Line | str], gln: str = PORT) -> tuple[str, ...]:
    """Let something become something else; return the marks."""
    lines = [
        replace(unit_line(each) if isinstance(each, str) else each, role=role)
        for role, given in (("input", old), ("output", new))
        for each in given
    ]
    return tuple(city.done(gln, type, *lines).marks)


def weighed(unit: str, grams: int) -> Line:
    return replace(unit_line(unit), attributes={"net_g": grams})


def test_new_labels_evade_no_hold(city: Road) -> None:
    city.bound(A, B)
    city.done(OFFICE, T.HOLD, A, more=ORDERED)
    assert set(made(T.RELABEL, city, [A, B], [C, D])) == {"labels_unpaired", "not_issued"}
    for unit in (C, D):
        assert city.done(PORT, T.SHIP, unit, to=STORE).marks == ("held",)
    told_again_is_the_same(city)


def test_what_is_held_becomes_no_part_of_a_lot(city: Road) -> None:
    city.bound(A, B)
    city.done(OFFICE, T.HOLD, A, more=ORDERED)
    assert set(made(T.RELABEL, city, [A], [some(1)])) == {"held", "input_blocked"}
    assert (city.where(A)[0], books(city)) == ("active", {})
    assert set(made(T.RELABEL, city, [B], [some(1)])) == set()
    assert books(city) == {("here", PORT, ""): 1}
    told_again_is_the_same(city)


def test_nothing_leaves_a_stopped_lot_by_a_new_label(city: Road) -> None:
    opened = city.consignment(cartons=2)
    line = replace(commission_line(opened.carton), unit=L, quantity=3)
    city.done(PORT, T.COMMISSION, line, facts=facts_of(opened.carton))
    city.done(OFFICE, T.RECALL, some(0), more=ORDERED)
    assert {"recalled", "input_blocked"} <= set(made(T.RELABEL, city, [some(1)], [D]))
    assert goods(city) == {("here", PORT, ""): 3}
    told_again_is_the_same(city)


def test_one_carton_is_not_used_up_twice(city: Road) -> None:
    city.bound(A)
    city.done(PORT, T.ADOPT, weighed(B, 1_000))
    assert "mass_balance" not in made(T.TRANSFORM, city, [weighed(B, 600)], [weighed(C, 600)])
    assert city.where(B)[0] == "opened"
    late = city.say(PORT, T.OBSERVE, B)
    assert "mass_balance" in made(T.TRANSFORM, city, [weighed(B, 600)], [weighed(D, 600)])
    city.tell(late)
    assert city.where(B)[0] == "transformed"
    told_again_is_the_same(city)


def test_a_lot_that_is_made_lasts_as_long_as_what_it_is_made_of(city: Road) -> None:
    own = lot_unit(gtin="09521234543213", lot="SAUSAGE-1")
    dated = [
        replace(unit_line(unit), attributes={"expiry": day}) for unit, day in ((A, "2027-03-01"), (B, "2027-01-01"))
    ]
    for line in dated:
        city.done(PORT, T.ADOPT, line)
    made(T.TRANSFORM, city, [A], [some(10, unit=own)])
    assert city.unit(own).holding.expires_on == date(2027, 3, 1)
    made(T.TRANSFORM, city, [B], [some(10, unit=own)])
    assert city.unit(own).holding.expires_on == date(2027, 1, 1)
    told_again_is_the_same(city)


def test_a_pallet_with_boxes_keeps_its_code(city: Road) -> None:
    city.bound(A, B)
    city.done(PORT, T.PACK, *pack_lines(P, [A, B]))
    city.done(OFFICE, T.HOLD, A, more=ORDERED)
    assert set(made(T.RELABEL, city, [P], [Q])) == {"not_empty", "input_blocked"}
    assert city.done(PORT, T.SHIP, P, to=STORE).marks == ("blocked_inside",)
    empty = city.say(PORT, T.UNPACK, whole(P))
    assert "not_empty" in made(T.RELABEL, city, [P], [Q])
    city.tell(empty)
    assert (city.where(P)[0], city.where(Q)[0]) == ("transformed", "active")
    told_again_is_the_same(city)


def test_a_stopped_code_is_not_voided(city: Road) -> None:
    city.bound(A)
    city.done(OFFICE, T.HOLD, A, more=ORDERED)
    assert "held" in city.done(PORT, T.VOID, A).marks
    assert city.where(A)[0] == "active"


def test_whoever_may_not_stop_a_lot_tells_nobody_again(city: Road) -> None:
    opened = city.consignment(cartons=2)
    city.bind_all(opened)
    early = city.say(SHOP, T.HOLD, some(0), more=ORDERED)
    city.done(PORT, T.SHIP, opened.pallets[0].label.unit_id, to=STORE)
    assert city.tell(early)[0].marks == ("lot_of_others",)
    assert city.count("lot_stop") == 0


def test_a_sample_that_held_its_lot_keeps_its_place_in_the_books(city: Road) -> None:
    """A late word about a box tells of its lot only what stopped that."""
    opened = city.consignment(cartons=2)
    city.bind_all(opened)
    line = replace(commission_line(opened.carton), unit=L, quantity=2)
    city.done(PORT, T.COMMISSION, line, facts=facts_of(opened.carton))
    late = city.say(PORT, T.OBSERVE, opened.carton.unit_id)
    assert city.done(PORT, T.SAMPLE, some(1, hold=True), more=[("record_no", "S-7")]).marks == ()
    city.done(PORT, T.OBSERVE, opened.carton.unit_id)
    city.tell(late)
    assert [line.marks for line in city.story(L)] == [(), ()]
    told_again_is_the_same(city)
