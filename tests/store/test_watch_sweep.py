"""The sweep: what no statement says by itself becomes a case, once, and is explained when its reason goes."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from coldtrace.custody.model import CaseKind
from coldtrace.events.enrolment import make_request, read_invite
from coldtrace.events.public_piece import CorrectionMode, Corrects
from coldtrace.events.statement import Statement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.events.unit_id import lot_unit
from coldtrace.events.units_piece import Line
from coldtrace.parties import service as parties
from coldtrace.rights.model import EVERYTHING
from coldtrace.seal.b64 import b64
from coldtrace.seal.hashing import sha256
from coldtrace.seal.keys import Ed25519Signer, key_id
from coldtrace.watch import work
from coldtrace.watch.cases import PAGE_MAX, Case, Wanted, list_cases
from coldtrace.watch.model import CaseState, Explanation, SweepTimes
from coldtrace.watch.refusals import ExplanationUnfit
from coldtrace.watch.sweep import Swept, sweep
from support.consignments import GTIN, LOT, Consignment, commission_line, facts_of
from support.house import pack_lines
from support.road import MARKET, PALLETS, PORT, SHOP, STORE, TRADER, Road, at_site, child, whole
from support.rolls import bind, drawn, labels

TIMES = SweepTimes()
HOUR = timedelta(hours=1)


def coded(road: Road, *, cartons: int = 2) -> list[str]:
    """Bind the codes of a consignment at the port, and put them on no pallet."""
    codes = road.consignment(cartons=cartons).pallets[0].cartons
    for code in codes:
        road.done(PORT, T.COMMISSION, commission_line(code), facts=facts_of(code))
    return [code.unit_id for code in codes]


def swept(road: Road, times: SweepTimes = TIMES) -> Swept:
    """Sweep until the present is reached."""
    opened = explained = 0
    while True:
        found = sweep(road.session, road.env, times)
        opened, explained = opened + found.opened, explained + found.explained
        if not found.more:
            return Swept(opened=opened, explained=explained)


def live(road: Road) -> list[Case]:
    return list_cases(road.session, EVERYTHING, after=None, limit=PAGE_MAX)


def explained(road: Road) -> list[Case]:
    wanted = Wanted(states=(CaseState.EXPLAINED,))
    return list_cases(road.session, EVERYTHING, after=None, limit=PAGE_MAX, wanted=wanted)


def test_a_clean_day_has_no_case(road: Road) -> None:
    boxes = coded(road)
    road.done(PORT, T.SHIP, *boxes, to=STORE)
    road.clock.forward(2 * HOUR)
    road.done(STORE, T.RECEIVE, *boxes)
    road.clock.forward(400 * HOUR)
    assert swept(road) == Swept()
    assert live(road) == []


def test_a_hole_in_a_chain_is_a_case_until_it_is_filled(road: Road) -> None:
    boxes = coded(road)
    road.done(PORT, T.SHIP, *boxes, to=STORE)
    road.clock.forward(2 * HOUR)
    kept_back = [road.say(STORE, T.OBSERVE, boxes[0]), road.say(STORE, T.OBSERVE, boxes[1])]
    road.done(STORE, T.RECEIVE, *boxes)
    assert swept(road) == Swept(), "what came just now may be followed by what was before it"
    road.clock.forward(3 * HOUR)
    assert swept(road).opened == 1
    (case,) = live(road)
    assert (case.kind, case.gln, case.key_id) == (CaseKind.GAP, STORE, key_id(road.device(STORE).signer.spki))
    assert case.detail == {"missing": [1, 2]}
    assert (case.units, case.entry_id) == ((), None)
    assert swept(road) == Swept()
    road.tell(kept_back[1])
    road.clock.forward(3 * HOUR)
    found = swept(road)
    assert (found.opened, found.explained) == (1, 1)
    assert [each.detail for each in live(road)] == [{"missing": [1, 1]}]
    road.tell(kept_back[0])
    road.clock.forward(3 * HOUR)
    assert swept(road).explained == 1
    assert live(road) == []
    assert len(explained(road)) == 2


def holed(road: Road) -> Case:
    """Have the store's handheld leave a hole in its chain; return the case."""
    (box, *_) = coded(road)
    road.done(PORT, T.SHIP, box, to=STORE)
    road.clock.forward(2 * HOUR)
    road.say(STORE, T.OBSERVE, box)
    road.done(STORE, T.RECEIVE, box)
    road.clock.forward(3 * HOUR)
    assert swept(road).opened == 1
    (case,) = live(road)
    return case


def ended(road: Road, how: str) -> None:
    """End the store's handheld in one of the ways in which a device ends."""
    key = key_id(road.device(STORE).signer.spki)
    match how:
        case "revoked":
            parties.revoke_device(road.session, road.env, key)
        case "rolled":
            invitation = parties.roll_device(road.session, road.env, key, url="http://127.0.0.1:8000")
            token = read_invite(invitation.text).token
            request, signature = make_request(net=road.env.net, token=token, signer=Ed25519Signer.generate())
            asked = parties.Enrol(request=request, request_sig=signature, token=token, name="H-new")
            parties.enrol_device(road.session, road.env, asked)


@pytest.mark.parametrize("how", ["revoked", "rolled"])
def test_the_hole_of_a_device_that_has_ended_is_settled_by_its_office(road: Road, how: str) -> None:
    case = holed(road)
    who = work.Worker(actor="person:anne", scope=EVERYTHING, statements=EVERYTHING)
    assert case.explanations == ()
    with pytest.raises(ExplanationUnfit):  # it may still say what it did
        work.explain(road.session, road.env, who, case.case_id, note=Explanation.DEVICE_REPLACED)
    ended(road, how)
    (case,) = live(road)
    assert case.explanations == (Explanation.DEVICE_REPLACED,)
    closed = work.explain(road.session, road.env, who, case.case_id, note=Explanation.DEVICE_REPLACED)
    assert (closed.state, closed.note) == (CaseState.EXPLAINED, "device_replaced")
    assert closed.closed_at is not None
    by = road.session.execute(text("SELECT closed_by FROM case_file WHERE case_id = :id"), {"id": case.case_id})
    assert by.scalar_one() == "person:anne"
    road.clock.forward(3 * HOUR)
    assert swept(road) == Swept(), "what a person settled stays so"


def test_no_word_settles_goods_that_are_missing_because_a_device_has_ended(road: Road) -> None:
    (box, *_) = coded(road)
    road.done(STORE, T.RECEIVE, box)
    ended(road, "revoked")
    (case,) = live(road)
    assert (case.kind, case.explanations) == (CaseKind.GAP, ())


def test_what_stayed_on_the_road_after_a_part_was_received(road: Road) -> None:
    one, other, third = coded(road, cartons=3)
    sent = road.say(PORT, T.SHIP, one, other, third, to=STORE)
    road.tell(sent)
    road.clock.forward(2 * HOUR)
    road.done(STORE, T.RECEIVE, one)
    road.clock.forward(23 * HOUR)
    assert swept(road) == Swept()
    road.clock.forward(2 * HOUR)
    assert swept(road).opened == 1
    (case,) = live(road)
    assert (case.kind, case.type, case.gln) == (CaseKind.QUANTITY_MISMATCH, "ship", PORT)
    assert case.detail == {"sent": 3, "left": 2, "units": [other, third]}
    road.done(STORE, T.RECEIVE, other)
    assert swept(road) == Swept()
    road.done(STORE, T.RECEIVE, third)
    assert swept(road).explained == 1
    assert live(road) == []


def test_what_nobody_received_for_a_week(road: Road) -> None:
    boxes = coded(road)
    road.done(PORT, T.SHIP, *boxes, to=STORE)
    road.clock.forward(167 * HOUR)
    assert swept(road) == Swept()
    road.clock.forward(2 * HOUR)
    assert swept(road).opened == 1
    (case,) = live(road)
    assert (case.kind, case.detail["left"], case.is_live) == (CaseKind.GAP, 2, True)
    road.done(STORE, T.RECEIVE, *boxes)
    assert swept(road).explained == 1
    assert live(road) == []


def corrects(statement: Statement) -> Corrects:
    return Corrects(header=sha256(statement.header.encode()), mode=CorrectionMode.DID_NOT_OCCUR)


def test_a_receipt_that_was_false_hides_nothing(road: Road) -> None:
    """Its window was asked long ago when the receipt is taken back: the goods are waited for again, from then on."""
    boxes = coded(road)
    road.done(PORT, T.SHIP, *boxes, to=STORE)
    road.clock.forward(2 * HOUR)
    false = road.say(STORE, T.RECEIVE, *boxes)
    road.tell(false)
    road.clock.forward(400 * HOUR)
    assert swept(road) == Swept()
    road.done(STORE, T.CORRECT, corrects=corrects(false), more=[("reason", "x")])
    road.clock.forward(30 * HOUR)
    swept(road)
    assert [case.about.split(":")[0] for case in live(road)] == ["statement"], "a correction after 24 hours"
    road.clock.forward(160 * HOUR)
    assert swept(road).opened == 1
    (case, _) = sorted(live(road), key=lambda each: each.about)
    assert (case.kind, case.about[:8]) == (CaseKind.GAP, "overdue:")
    assert case.detail == {"sent": 2, "left": 2, "units": boxes}


def test_a_receipt_of_the_wrong_pallet_hides_nothing(road: Road) -> None:
    """It is corrected by the right receipt, which is of the type of every receipt: of the other pallet."""
    one, other = coded(road)
    road.done(PORT, T.SHIP, one, to=STORE)
    road.done(PORT, T.SHIP, other, to=STORE)
    road.clock.forward(2 * HOUR)
    false = road.say(STORE, T.RECEIVE, one)
    road.tell(false)
    road.clock.forward(300 * HOUR)
    swept(road)
    before = {case.about for case in live(road)}
    right = Corrects(header=sha256(false.header.encode()), mode=CorrectionMode.INCORRECT_DATA)
    road.done(STORE, T.RECEIVE, other, corrects=right, more=[("reason", "x")])
    assert road.where(one)[0] == "in_transit"
    road.clock.forward(200 * HOUR)
    swept(road)
    fresh = [case for case in live(road) if case.about not in before and case.about.startswith("overdue:")]
    assert [(case.kind, case.detail["units"]) for case in fresh] == [(CaseKind.GAP, [one])]


def test_of_two_receipts_one_was_false(road: Road) -> None:
    one, other = coded(road)
    road.done(PORT, T.SHIP, one, other, to=STORE)
    road.clock.forward(2 * HOUR)
    road.done(STORE, T.RECEIVE, one)
    false = road.say(STORE, T.RECEIVE, other)
    road.tell(false)
    road.clock.forward(30 * HOUR)
    assert swept(road) == Swept()
    road.done(STORE, T.CORRECT, corrects=corrects(false), more=[("reason", "x")])
    road.clock.forward(30 * HOUR)
    assert swept(road).opened == 1
    (case, _) = sorted(live(road), key=lambda each: each.about)
    assert (case.kind, case.about[:10]) == (CaseKind.QUANTITY_MISMATCH, "remainder:")
    assert case.detail == {"sent": 2, "left": 1, "units": [other]}
    assert swept(road) == Swept()


def test_only_an_arrival_ends_the_wait_and_no_word_does(road: Road) -> None:
    boxes = coded(road)
    road.done(PORT, T.SHIP, *boxes, to=STORE)
    road.clock.forward(100 * HOUR)
    road.done(STORE, T.TEMPERATURE, *boxes)
    road.done(STORE, T.OBSERVE, boxes[0])
    road.clock.forward(70 * HOUR)
    assert swept(road).opened == 1
    (case,) = live(road)
    assert (case.kind, case.detail["left"], case.detail["units"]) == (CaseKind.GAP, 2, boxes)
    road.done(STORE, T.OBSERVE, boxes[1])
    assert swept(road) == Swept()
    road.done(STORE, T.RECEIVE, boxes[0])
    assert swept(road).explained == 1, "something arrived"
    road.done(STORE, T.TEMPERATURE, boxes[1])
    road.clock.forward(25 * HOUR)
    assert swept(road).opened == 1
    assert [each.detail for each in live(road)] == [{"sent": 2, "left": 1, "units": [boxes[1]]}]


def test_what_is_sent_again_from_the_same_place_waits_anew(road: Road) -> None:
    box, _ = coded(road)
    road.done(PORT, T.SHIP, box, to=STORE)
    road.clock.forward(100 * HOUR)
    again = road.say(PORT, T.SHIP, box, to=STORE)
    road.tell(again)
    road.clock.forward(100 * HOUR)
    assert swept(road) == Swept()
    road.clock.forward(70 * HOUR)
    assert swept(road).opened == 1


def test_what_is_sent_back_is_waited_for_too(road: Road) -> None:
    one, other = coded(road)
    road.done(PORT, T.SHIP, one, other, to=STORE)
    road.clock.forward(HOUR)
    road.done(STORE, T.RECEIVE, one, other)
    road.done(STORE, T.RETURN, one, other, to=PORT)
    road.clock.forward(169 * HOUR)
    assert swept(road).opened == 1
    (case,) = live(road)
    assert (case.type, case.gln, case.detail["left"]) == ("return", STORE, 2)
    road.done(PORT, T.RECEIVE, one)
    road.clock.forward(25 * HOUR)
    found = swept(road)
    assert (found.opened, found.explained) == (1, 1)
    assert [(each.kind, each.detail["units"]) for each in live(road)] == [(CaseKind.QUANTITY_MISMATCH, [other])]


def test_the_boxes_of_a_sent_pallet_are_watched(road: Road) -> None:
    """Some are taken off it at the door, and the pallet with the rest never comes."""
    boxes = coded(road, cartons=3)
    pallet = PALLETS[0]
    road.done(PORT, T.PACK, *pack_lines(pallet, boxes))
    road.done(PORT, T.SHIP, pallet, to=STORE)
    road.clock.forward(HOUR)
    road.done(STORE, T.RECEIVE, boxes[0])
    road.clock.forward(25 * HOUR)
    assert swept(road).opened == 1
    found = [case for case in live(road) if case.kind is CaseKind.QUANTITY_MISMATCH]
    assert [(case.type, case.detail) for case in found] == [
        ("ship", {"sent": 3, "left": 2, "units": sorted(boxes[1:])})
    ]
    road.done(STORE, T.RECEIVE, boxes[1])
    assert swept(road) == Swept()
    road.done(STORE, T.RECEIVE, pallet)
    assert swept(road).explained == 1
    assert [case for case in live(road) if case.kind is CaseKind.QUANTITY_MISMATCH] == []


def test_packages_of_a_lot_are_watched(road: Road) -> None:
    lot = lot_unit(gtin=GTIN, lot=LOT)
    road.consignment(cartons=100)

    def some(quantity: int) -> Line:
        return Line(role="unit", unit=lot, parent=None, quantity=quantity)

    road.done(PORT, T.COMMISSION, replace(some(100), attributes={"code": b64(bytes(32))}))
    road.done(PORT, T.SHIP, some(30), to=STORE)
    road.clock.forward(10 * HOUR)
    road.done(PORT, T.SHIP, some(50), to=STORE)
    road.done(STORE, T.RECEIVE, some(40))
    road.clock.forward(25 * HOUR)
    assert swept(road).opened == 1
    (case,) = [each for each in live(road) if each.kind is CaseKind.QUANTITY_MISMATCH]
    assert case.detail == {"sent": 50, "left": 40, "units": [lot]}
    road.done(STORE, T.RECEIVE, some(40))
    assert swept(road).explained == 1
    road.done(PORT, T.SHIP, some(20), to=STORE)
    road.clock.forward(170 * HOUR)
    assert swept(road).opened == 1
    assert [each.detail["left"] for each in live(road) if each.kind is CaseKind.GAP] == [20]


def test_nobody_waits_for_a_receiver_that_is_not_registered(road: Road) -> None:
    boxes = coded(road)
    road.done(PORT, T.SHIP, *boxes, to="6901234567892")
    road.clock.forward(400 * HOUR)
    assert swept(road) == Swept()


def test_one_serial_in_two_districts_sooner_than_the_road_takes(road: Road) -> None:
    box, _ = coded(road)
    road.device(MARKET)
    road.done(PORT, T.SHIP, box, to=STORE)
    road.done(STORE, T.RECEIVE, box)
    road.clock.forward(HOUR)
    # It comes late; when it was seen is what counts.
    road.done(MARKET, T.OBSERVE, box, at=road.clock.next - timedelta(minutes=58))
    assert swept(road).opened == 2
    found = [case for case in live(road) if case.kind is CaseKind.IMPOSSIBLE_TRAVEL]
    assert [(case.gln, case.units, case.detail["road_min"]) for case in found] in (
        [(MARKET, (box,), 5), (STORE, (box,), 5)],
        [(STORE, (box,), 5), (MARKET, (box,), 5)],
    )
    assert swept(road) == Swept()


def test_the_road_is_long_enough(road: Road) -> None:
    box, _ = coded(road)
    road.done(PORT, T.SHIP, box, to=STORE)
    road.clock.forward(timedelta(minutes=6))
    road.done(STORE, T.RECEIVE, box)
    assert swept(road) == Swept()
    slower = SweepTimes(same_city_min=30)
    road.done(SHOP, T.OBSERVE, box)
    assert swept(road, slower).opened >= 1


def test_goods_that_were_not_on_the_emptied_pallet_are_no_longer_faster_than_the_road(road: Road) -> None:
    """What emptying a pallet implied of a box is gone once the box's leaving the pallet arrives, and so is its case."""
    box, other = coded(road)
    pallet = PALLETS[0]
    road.done(PORT, T.PACK, *pack_lines(pallet, [box, other]))
    kept_back = road.say(PORT, T.UNPACK, child(box, pallet))
    road.done(PORT, T.SHIP, pallet, to=STORE)
    road.clock.forward(2 * HOUR)
    road.done(STORE, T.RECEIVE, pallet)
    road.done(PORT, T.OBSERVE, box)
    road.done(STORE, T.UNPACK, whole(pallet))
    assert swept(road).opened == 2, "the hole in the chain, and the travel"
    (case,) = [each for each in live(road) if each.kind is CaseKind.IMPOSSIBLE_TRAVEL]
    assert case.detail["units"] == [box]
    road.tell(kept_back)
    assert swept(road).explained == 2
    assert [each for each in live(road) if each.kind is CaseKind.IMPOSSIBLE_TRAVEL] == []


def test_a_case_names_the_goods_of_its_reader_alone(road: Road) -> None:
    """One receipt of two firms' boxes, then both seen elsewhere too soon: each sender reads of its own box."""
    ours, theirs = coded(road)
    for gln in (TRADER, STORE, MARKET):
        road.device(gln)
    road.done(PORT, T.SHIP, ours, theirs, to=TRADER)
    road.clock.forward(HOUR)
    road.done(TRADER, T.RECEIVE, theirs)
    road.done(TRADER, T.SHIP, theirs, to=STORE)
    road.clock.forward(HOUR)
    road.done(STORE, T.RECEIVE, ours, theirs)
    road.done(MARKET, T.OBSERVE, ours, theirs)
    assert swept(road).opened > 0
    both = {ours, theirs}
    assert any(both <= set(map(str, _named(case))) for case in live(road)), "no case is about both"
    for gln, others in ((PORT, theirs), (TRADER, ours)):
        for case in list_cases(road.session, at_site(gln), after=None, limit=PAGE_MAX):
            if case.gln != gln:
                assert others not in (*case.units, *_named(case)), (gln, case.kind)


def _named(case: Case) -> list[object]:
    units = case.detail.get("units", [])
    assert isinstance(units, list)
    return units


def by_quantity(road: Road, consignment: Consignment, quantity: int) -> tuple[str, ...]:
    """Commission packages of the consignment's lot by quantity; return the marks."""
    line = replace(commission_line(consignment.carton), unit=lot_unit(gtin=GTIN, lot=LOT), quantity=quantity)
    return tuple(road.done(PORT, T.COMMISSION, line, facts=facts_of(consignment.carton)).marks)


def test_cases_by_serial_and_by_quantity_are_no_more_than_declared(road: Road) -> None:
    consignment = road.consignment(cartons=3)
    one, two, _ = consignment.pallets[0].cartons
    road.done(PORT, T.COMMISSION, commission_line(one), facts=facts_of(one))
    assert by_quantity(road, consignment, 2) == ()
    assert swept(road).opened == 0, "three are declared"
    told = road.say(PORT, T.COMMISSION, commission_line(two), facts=facts_of(two))
    road.tell(told)
    road.clock.forward(HOUR)
    assert swept(road).opened == 1
    (case,) = live(road)
    assert (case.kind, case.gln) == (CaseKind.QUANTITY_MISMATCH, PORT)
    assert case.detail | {"held": None} == {"declared": 3, "coded": 2, "serials": 2, "held": None}
    assert sweep(road.session, road.env, TIMES).opened == 0
    mistake = Corrects(header=sha256(told.header.encode()), mode=CorrectionMode.DID_NOT_OCCUR)
    road.done(PORT, T.CORRECT, corrects=mistake)
    assert swept(road).explained == 1
    assert live(road) == []


def test_labels_of_rolls_count_towards_what_is_declared(road: Road) -> None:
    consignment = road.consignment(cartons=2)
    assert by_quantity(road, consignment, 2) == ()
    (label, *_) = labels(road, drawn(road))
    road.done(PORT, T.COMMISSION, commission_line(label), facts=facts_of(consignment.carton))
    road.clock.forward(HOUR)
    assert swept(road).opened == 1
    assert [case.detail.get("serials") for case in live(road)] == [1]
    road.consignment(cartons=1, declaration="020220261000000777")
    assert swept(road).explained == 1


def test_a_new_label_on_packages_that_were_counted_is_no_further_case(road: Road) -> None:
    consignment = road.consignment(cartons=2)
    by_quantity(road, consignment, 2)
    label = labels(road, drawn(road))[0]
    lot = lot_unit(gtin=GTIN, lot=LOT)
    road.done(PORT, T.RELABEL, Line("input", lot, None, 1), Line("output", label.unit_id, None, 1))
    bind(road, label.uri)
    road.clock.forward(HOUR)
    assert swept(road).opened == 0
