"""The proof bundle of a box, made from the record and checked by the verifier that strangers use."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from coldtrace.custody.bundle import build_bundle
from coldtrace.events.public_piece import CorrectionMode, Corrects
from coldtrace.events.statement_type import StatementType as T
from coldtrace.goods import store as goods
from coldtrace.parties.keys import read_root
from coldtrace.seal.hashing import sha256
from coldtrace.seal.root_document import parse_root
from coldtrace.verify.bundle import verify_bundle
from coldtrace.verify.report import Report, Result
from support.consignments import Consignment, commission_line, facts_of
from support.house import pack_lines
from support.road import CONTAINER, MARKET, PALLETS, PORT, SHOP, STORE, Road, binding, child, whole


def bundle_of(road: Road, unit_id: str) -> tuple[dict[str, Any], int]:
    issued = goods.issued_code(road.session, unit_id)
    assert issued is not None
    return build_bundle(road.session, road.env, code=issued.uri, unit_pk=road.unit(unit_id).unit_pk, facts=issued.facts)


def checked(road: Road, unit_id: str) -> Report:
    """Return what a stranger with the pinned root finds in the bundle of a unit."""
    road.sequence()
    bundle, waiting = bundle_of(road, unit_id)
    assert waiting == 0
    root = parse_root(read_root(road.env.keyring.folder))
    return verify_bundle(json.dumps(bundle), root=root, now=road.clock.next, asked=unit_id)


def reasons(report: Report) -> dict[str, str]:
    """Return the checks that did not simply pass."""
    return {check.name: check.reason for check in report.checks if check.result is not Result.PASSED or check.reason}


@pytest.fixture
def sold(road: Road) -> Consignment:
    """Six cartons on two pallets went from the port by the store to the market; the first one was sold."""
    consignment = road.consignment(pallets=2, cartons=3)
    road.bind_all(consignment)
    first, second = (pallet.label.unit_id for pallet in consignment.pallets)
    road.done(PORT, T.SHIP, first, second, to=STORE)
    road.done(STORE, T.RECEIVE, first, second)
    road.done(STORE, T.SHIP, first, to=MARKET)
    road.done(MARKET, T.RECEIVE, first)
    road.done(MARKET, T.UNPACK, child(consignment.carton.unit_id, first))
    road.done(MARKET, T.SELL, consignment.carton.unit_id)
    return consignment


def test_what_was_corrected_is_not_in_the_bundle_and_the_rest_holds(road: Road, sold: Consignment) -> None:
    second = sold.pallets[1]
    carton = second.cartons[0].unit_id
    wrong = road.say(STORE, T.SHIP, second.label.unit_id, to=SHOP)
    right = road.say(
        STORE,
        T.SHIP,
        second.label.unit_id,
        to=MARKET,
        corrects=Corrects(header=sha256(wrong.header.encode()), mode=CorrectionMode.INCORRECT_DATA),
    )
    never = road.say(MARKET, T.RECEIVE, second.label.unit_id)
    undone = road.say(
        MARKET,
        T.CORRECT,
        corrects=Corrects(header=sha256(never.header.encode()), mode=CorrectionMode.DID_NOT_OCCUR),
    )
    for statement in (wrong, right, never, undone):
        assert road.tell(statement)[0].status == "accepted"
    report = checked(road, carton)
    assert report.ok
    bundle, _ = bundle_of(road, carton)
    shown = {statement["header"] for statement in bundle["statements"]}
    assert right.header in shown
    assert not {wrong.header, never.header, undone.header} & shown


def test_the_bundle_of_a_sold_box_holds(road: Road, sold: Consignment) -> None:
    report = checked(road, sold.carton.unit_id)
    assert report.ok
    assert all(check.result is not Result.FAILED for check in report.checks)
    left = {check.name: check.reason for check in report.checks if check.result is Result.NOT_CHECKED}
    assert all(left.values()), "what was not checked says why"
    assert "complete" in left
    bundle, _ = bundle_of(road, sold.carton.unit_id)
    kinds = [json.loads(statement["public"])["type"] for statement in bundle["statements"]]
    assert kinds == ["commission", "pack", "ship", "receive", "ship", "receive", "unpack", "sell"]


def test_the_bundle_names_no_other_box(road: Road, sold: Consignment) -> None:
    road.sequence()
    own = sold.carton.unit_id
    written = json.dumps(bundle_of(road, own)[0], ensure_ascii=False)
    others = {code.unit_id for pallet in sold.pallets for code in pallet.cartons} - {own}
    others.add(sold.pallets[1].label.unit_id)
    assert len(others) == 6
    for unit in others:
        assert unit not in written
        serial = unit.rpartition(")")[2]
        assert serial not in written
    assert set(re.findall(r"\(01\)\d{14}\(21\)\w+", written)) == {own}


def test_the_bundle_of_a_box_still_on_its_pallet(road: Road, sold: Consignment) -> None:
    report = checked(road, sold.pallets[1].cartons[0].unit_id)
    assert report.ok
    assert reasons(report)["continuity"] == "open_as_far_as_shown"


def test_the_bundle_after_a_whole_unpacking_and_another_pallet(road: Road, sold: Consignment) -> None:
    box = sold.pallets[1].cartons[0].unit_id
    road.done(STORE, T.UNPACK, whole(sold.pallets[1].label.unit_id))
    road.done(STORE, T.PACK, *pack_lines(PALLETS[0], [box]))
    road.done(STORE, T.PACK, *pack_lines(CONTAINER, [PALLETS[0]]))
    road.done(STORE, T.SHIP, CONTAINER, to=SHOP)
    road.done(SHOP, T.RECEIVE, CONTAINER)
    road.done(SHOP, T.UNPACK, whole(CONTAINER))
    road.done(SHOP, T.UNPACK, whole(PALLETS[0]))
    road.done(SHOP, T.SELL, box)
    report = checked(road, box)
    assert report.ok, report
    assert "continuity" not in reasons(report)


def test_the_bundle_of_a_box_packed_and_loaded_in_one_statement(road: Road) -> None:
    consignment = road.consignment(cartons=1)
    road.bind_all(consignment)
    box, pallet = consignment.carton.unit_id, consignment.pallets[0].label.unit_id
    road.done(PORT, T.UNPACK, child(box, pallet))
    road.done(PORT, T.PACK, child(box, PALLETS[0]), child(PALLETS[0], CONTAINER))
    road.done(PORT, T.SHIP, CONTAINER, to=SHOP)
    assert checked(road, box).ok


def test_what_waits_for_the_log_is_left_out_and_counted(road: Road, sold: Consignment) -> None:
    box = sold.pallets[1].cartons[0].unit_id
    road.sequence()
    before = len(bundle_of(road, box)[0]["statements"])
    road.done(STORE, T.SHIP, sold.pallets[1].label.unit_id, to=SHOP)
    bundle, waiting = bundle_of(road, box)
    assert (len(bundle["statements"]), waiting) == (before, 1)
    assert checked(road, box).ok
    assert len(bundle_of(road, box)[0]["statements"]) == before + 1


def test_a_late_pack_that_still_waits_takes_its_pallets_way_along(road: Road) -> None:
    """The pallet's scans are in the log before the pack, which came late: without it they mean nothing."""
    consignment = road.consignment(cartons=1)
    box, pallet = consignment.carton.unit_id, consignment.pallets[0].label.unit_id
    road.done(PORT, T.COMMISSION, commission_line(consignment.carton), facts=facts_of(consignment.carton))
    pack = road.say(PORT, T.PACK, *pack_lines(pallet, [box]))
    road.done(PORT, T.SHIP, pallet, to=SHOP)
    road.done(SHOP, T.RECEIVE, pallet)
    road.done(SHOP, T.UNPACK, child(box, pallet))
    road.done(SHOP, T.SELL, box)
    road.sequence()
    road.tell(pack)
    bundle, waiting = bundle_of(road, box)
    assert waiting == 1
    kinds = [json.loads(statement["public"])["type"] for statement in bundle["statements"]]
    assert kinds == ["commission", "sell"]
    root = parse_root(read_root(road.env.keyring.folder))
    assert verify_bundle(json.dumps(bundle), root=root, now=road.clock.next, asked=box).ok
    assert checked(road, box).ok
    assert len(bundle_of(road, box)[0]["statements"]) == 6


@pytest.mark.parametrize("away", [timedelta(days=-9000), timedelta(days=3), timedelta(days=20_000)])
def test_a_clock_that_was_off_does_not_spoil_the_proof(road: Road, sold: Consignment, away: timedelta) -> None:
    pallet = sold.pallets[1].label.unit_id
    box = sold.pallets[1].cartons[0].unit_id
    said = road.done(STORE, T.SHIP, pallet, to=SHOP, at=road.clock.next + away)
    assert (said.status, said.marks) == ("accepted", ("clock_skew",))
    road.done(SHOP, T.RECEIVE, pallet)
    road.done(SHOP, T.UNPACK, child(box, pallet))
    road.done(SHOP, T.SELL, box)
    report = checked(road, box)
    assert report.ok, report
    assert [line.type for line in road.story(box)][-4:] == ["ship", "receive", "unpack", "sell"]


def test_an_hour_off_is_shown_as_it_is(road: Road, sold: Consignment) -> None:
    box = sold.pallets[1].cartons[0].unit_id
    road.done(STORE, T.SHIP, sold.pallets[1].label.unit_id, to=SHOP, at=road.clock.next + timedelta(hours=1))
    before = len(road.story(box))
    assert checked(road, box).ok
    assert len(bundle_of(road, box)[0]["statements"]) == before


def test_a_pack_on_a_wrong_day_takes_the_unpack_along(road: Road) -> None:
    consignment = road.consignment(cartons=2)
    for code in consignment.pallets[0].cartons:
        road.done(PORT, T.COMMISSION, commission_line(code), facts=facts_of(code))
    box, pallet = consignment.carton.unit_id, consignment.pallets[0].label.unit_id
    units = [code.unit_id for code in consignment.pallets[0].cartons]
    road.done(PORT, T.PACK, *pack_lines(pallet, units), at=road.clock.next + timedelta(days=400))
    road.done(PORT, T.SHIP, pallet, to=SHOP)
    road.done(SHOP, T.RECEIVE, pallet)
    road.done(SHOP, T.UNPACK, child(box, pallet))
    road.done(SHOP, T.UNPACK, whole(pallet))
    road.done(SHOP, T.PACK, *pack_lines(pallet, units[1:]))
    road.done(SHOP, T.UNPACK, whole(pallet))
    for unit in units:
        road.done(SHOP, T.SELL, unit)
        assert checked(road, unit).ok
    assert len(bundle_of(road, units[1])[0]["statements"]) == 4


def test_blocked_statements_are_no_part_of_the_proof(road: Road, sold: Consignment) -> None:
    unit = sold.carton.unit_id
    assert road.done(SHOP, T.COMMISSION, binding(unit)).status == "blocked"
    assert checked(road, unit).ok
    assert len(bundle_of(road, unit)[0]["statements"]) == 8


def test_erased_private_fields_leave_the_proof_whole(road: Road, sold: Consignment) -> None:
    road.session.execute(text("UPDATE statement_piece SET bytes = NULL, erased_at = now() WHERE piece = 'private'"))
    assert checked(road, sold.carton.unit_id).ok
    assert len(bundle_of(road, sold.carton.unit_id)[0]["statements"]) == 8


def test_an_erased_units_piece_leaves_its_statement_out(road: Road, sold: Consignment) -> None:
    last = road.session.execute(text("SELECT entry_id FROM statement WHERE type = 'sell'")).scalar_one()
    road.session.execute(
        text("UPDATE statement_piece SET bytes = NULL, erased_at = now() WHERE entry_id = :id AND piece = 'units'"),
        {"id": last},
    )
    assert checked(road, sold.carton.unit_id).ok
    assert len(bundle_of(road, sold.carton.unit_id)[0]["statements"]) == 7


def test_a_box_of_which_nothing_is_in_the_log_yet(road: Road) -> None:
    consignment = road.consignment(cartons=1)
    road.bind_all(consignment)
    bundle, waiting = bundle_of(road, consignment.carton.unit_id)
    assert (bundle["statements"], waiting) == ([], 2)


def test_the_wrong_facts_do_not_pass(road: Road, sold: Consignment) -> None:
    road.sequence()
    bundle, _ = bundle_of(road, sold.carton.unit_id)
    bundle["facts"] = bundle["facts"].replace("巴西", "法国")
    root = parse_root(read_root(road.env.keyring.folder))
    report = verify_bundle(json.dumps(bundle), root=root, now=road.clock.next, asked=sold.carton.unit_id)
    assert not report.ok
    assert reasons(report)["facts"] == "facts_differ"
