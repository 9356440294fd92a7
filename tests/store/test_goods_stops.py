"""Voided units, recalled lots, a stolen key: exact on the server, as filters for whoever is offline."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlmodel import Session

from coldtrace.events.statement_type import StatementType as T
from coldtrace.events.unit_id import MalformedUnitId, lot_unit
from coldtrace.events.units_piece import Line
from coldtrace.goods import printing, stop_store, stops
from coldtrace.goods.refusals import LotNotRecalled, RecallOfUnknownLot, StolenAtLater
from coldtrace.goods.run_labels import contents_of
from coldtrace.labels.refusals import CodeNotVerified
from coldtrace.labels.seal_check import SealReader
from coldtrace.parties import store as parties
from coldtrace.parties import trust
from coldtrace.parties.keys import read_root
from coldtrace.parties.refusals import KeyUnknown
from coldtrace.seal.filter import Filter, check_filter, open_filter
from coldtrace.seal.filter_header import FilterKind
from coldtrace.seal.root_document import parse_root
from coldtrace.seal.trust_list import TrustList, open_trust_list
from coldtrace.verify.code import LotsOf, Verdict, verify_code
from support import rolls
from support.consignments import GTIN, LOT, commission_line, facts_of
from support.house import pack_lines, unit_line
from support.road import MARKET, PALLETS, PORT, Road
from support.theft import Theft, steal


def newest(road: Road) -> TrustList:
    row = parties.newest_trust_list(road.session)
    assert row is not None
    return open_trust_list(row.envelope, root=parse_root(read_root(road.env.keyring.folder)))


def held(session: Session, kind: FilterKind) -> Filter:
    """Return the newest filter of a kind, as a device fetches it."""
    (record,) = [each for each in stop_store.listed_filters(session) if each.kind == kind]
    data = stop_store.filter_bytes(session, record.id)
    assert data is not None
    return open_filter(data)


def on_server(road: Road, uri: str) -> Verdict:
    return stops.judge_code(road.session, uri, trust_list=newest(road), now=road.clock.next).verdict


@pytest.fixture
def theft(road: Road) -> Theft:
    signer = trust.code_key(road.session, road.env, PORT, road.clock.next).signer
    return steal(road.consignment, road.clock, signer, road.env.public_host)


def test_a_stolen_key_from_end_to_end(road: Road, theft: Theft) -> None:
    codes = {"before": theft.before.uri, "pallet": theft.pallet.uri, "after": theft.after.uri, "forged": theft.forged}
    assert {on_server(road, uri) for uri in codes.values()} == {Verdict.VALID}
    told = stops.revoke_stolen(road.session, road.env, theft.kid, stolen_at=theft.stolen_at)
    assert (told.units, told.units_red) == (4, 4)
    listed = newest(road)
    (key,) = listed.keys_for(theft.kid, "code")
    assert key.is_revoked
    assert key.allow is not None
    assert (key.allow.sha256, key.allow.units) == (told.filter_id, 4)
    allow = held(road.session, FilterKind.ALLOWED_UNITS)
    check_filter(allow, listed)

    good, bad = Verdict.VALID, Verdict.REVOKED
    right = {"before": good, "pallet": good, "after": bad, "forged": bad}
    assert {name: on_server(road, uri) for name, uri in codes.items()} == right

    def offline(uri: str, *filters: Filter) -> Verdict:
        return verify_code(uri, trust=listed, now=road.clock.next, allowed_units=filters).verdict

    assert {name: offline(uri, allow) for name, uri in codes.items()} == right
    assert {name: offline(uri) for name, uri in codes.items()} == dict.fromkeys(codes, bad)


def test_a_spoiled_label_is_printed_again_only_of_what_is_older_than_the_theft(road: Road, theft: Theft) -> None:
    stops.revoke_stolen(road.session, road.env, theft.kid, stolen_at=theft.stolen_at)
    reader = SealReader(printing.seal_check(road.session, road.env))
    before, pallet, after = contents_of([theft.before, theft.pallet, theft.after])
    for each in (before, pallet):
        reader.require(each)
    with pytest.raises(CodeNotVerified) as caught:
        reader.require(after)
    assert caught.value.facts["verdict"] == "revoked"


def test_a_stolen_key_stops_the_goods_that_it_coded_later(road: Road, theft: Theft) -> None:
    stops.revoke_stolen(road.session, road.env, theft.kid, stolen_at=theft.stolen_at)
    before = road.done(PORT, T.COMMISSION, commission_line(theft.before), facts=facts_of(theft.before))
    after = road.done(PORT, T.COMMISSION, commission_line(theft.after), facts=facts_of(theft.after))
    assert (before.status, before.marks) == ("accepted", ())
    assert (after.status, after.marks) == ("blocked", ("stopped",))
    found = stop_store.stop_of(road.session, theft.after.unit_id)
    assert found is not None
    assert (found.code, found.at) == ("revoked", theft.stolen_at)
    assert stop_store.stop_of(road.session, theft.before.unit_id) is None


def test_a_theft_may_turn_out_to_be_older(road: Road, theft: Theft) -> None:
    stops.revoke_stolen(road.session, road.env, theft.kid, stolen_at=theft.stolen_at)
    again = stops.revoke_stolen(road.session, road.env, theft.kid, stolen_at=theft.stolen_at - timedelta(days=9))
    assert again.units == 0
    assert on_server(road, theft.before.uri) is Verdict.REVOKED
    allow = held(road.session, FilterKind.ALLOWED_UNITS)
    check_filter(allow, newest(road))
    assert theft.before.unit_id not in allow


def test_the_server_does_not_wait_for_roots_that_are_offline(road: Road, theft: Theft) -> None:
    before = newest(road)
    stops.revoke_stolen(road.session, road.env, theft.kid, stolen_at=theft.stolen_at)

    def verdict(uri: str) -> Verdict:
        # The published list is still the old one.
        return stops.judge_code(road.session, uri, trust_list=before, now=road.clock.next).verdict

    assert [verdict(each) for each in (theft.before.uri, theft.pallet.uri)] == [Verdict.VALID] * 2
    assert [verdict(each) for each in (theft.after.uri, theft.forged)] == [Verdict.REVOKED] * 2


def test_labels_do_not_wait_for_roots_that_are_offline(road: Road, theft: Theft) -> None:
    (road.env.keyring.folder / "root.pem").unlink()
    before = newest(road)
    stops.revoke_stolen(road.session, road.env, theft.kid, stolen_at=theft.stolen_at)
    assert newest(road) == before, "the list that says so waits to be signed"
    printing.require_live(road.session, [theft.before, theft.pallet])
    with pytest.raises(CodeNotVerified) as caught:
        printing.require_live(road.session, [theft.before, theft.after])
    assert caught.value.facts == {"label": theft.after.unit_id, "verdict": "revoked"}


def test_thefts_that_make_no_sense(road: Road, theft: Theft) -> None:
    with pytest.raises(KeyUnknown):
        stops.revoke_stolen(road.session, road.env, "00000000", stolen_at=theft.stolen_at)
    with pytest.raises(StolenAtLater):
        stops.revoke_stolen(road.session, road.env, theft.kid, stolen_at=road.clock.next + timedelta(days=1))


def test_a_voided_unit(road: Road) -> None:
    one, other = road.consignment().pallets[0].cartons[:2]
    assert stops.revoke_unit(road.session, road.env, one.unit_id, "label spoiled")
    assert not stops.revoke_unit(road.session, road.env, one.unit_id, "again")
    assert (on_server(road, one.uri), on_server(road, other.uri)) == (Verdict.REVOKED_UNIT, Verdict.VALID)
    found = stop_store.stop_of(road.session, one.unit_id)
    assert found is not None
    assert (found.code, found.reason) == ("revoked_unit", "label spoiled")
    stopped = road.done(PORT, T.COMMISSION, commission_line(one), facts=facts_of(one))
    assert (stopped.status, stopped.marks) == ("blocked", ("stopped",))
    with pytest.raises(MalformedUnitId):
        stops.revoke_unit(road.session, road.env, "carton 7", "?")


def test_a_recalled_lot_reaches_cartons_and_lets_go_of_them(road: Road) -> None:
    carton = road.consignment().carton
    assert stops.recall_lot(road.session, road.env, gtin=GTIN, lot=LOT, reason="listeria")
    assert not stops.recall_lot(road.session, road.env, gtin=GTIN, lot=LOT, reason="again")
    assert on_server(road, carton.uri) is Verdict.RECALLED_LOT
    assert [each.reason for each in stop_store.recalls(road.session)] == ["listeria"]
    stops.lift_lot(road.session, road.env, gtin=GTIN, lot=LOT)
    assert on_server(road, carton.uri) is Verdict.VALID
    with pytest.raises(LotNotRecalled):
        stops.lift_lot(road.session, road.env, gtin=GTIN, lot=LOT)
    assert stops.recall_lot(road.session, road.env, gtin=GTIN, lot=LOT, reason="listeria after all")
    assert on_server(road, carton.uri) is Verdict.RECALLED_LOT


def test_a_recall_of_a_lot_that_nobody_imported_is_meant_or_refused(road: Road) -> None:
    consignment = road.consignment()
    with pytest.raises(RecallOfUnknownLot):
        stops.recall_lot(road.session, road.env, gtin=GTIN, lot="NOPE", reason="listeria")
    assert stop_store.recalls(road.session) == []
    assert stops.recall_lot(road.session, road.env, gtin=GTIN, lot="NOPE", reason="listeria", unknown=True)
    cartons = sum(len(pallet.cartons) for pallet in consignment.pallets)
    assert stop_store.units_of_lot(road.session, GTIN, LOT) == cartons > 0
    assert stop_store.units_of_lot(road.session, GTIN, "NOPE") == 0


def test_a_recall_holds_what_is_done_after_it_and_not_before(road: Road) -> None:
    consignment = road.consignment()
    road.bind_all(consignment)
    early = road.say(PORT, T.SHIP, unit_line(consignment.carton.unit_id), to=MARKET)
    road.clock.forward(timedelta(hours=1))
    stops.recall_lot(road.session, road.env, gtin=GTIN, lot=LOT, reason="listeria")
    assert road.tell(early)[0].status == "accepted"
    arrived = road.done(MARKET, T.RECEIVE, consignment.carton.unit_id)
    assert (arrived.status, arrived.marks) == ("accepted", ())
    sold = road.done(MARKET, T.SHIP, consignment.carton.unit_id, to=PORT)
    assert (sold.status, sold.marks) == ("blocked", ("stopped",))


def test_filters_are_issued_when_something_changed_and_once_a_day(road: Road) -> None:
    def issued() -> list[tuple[str, int, int]]:
        return [(each.kind, each.seq, each.units) for each in stops.publish_filters(road.session, road.env)]

    carton = road.consignment().carton
    assert issued() == [("revoked_units", 1, 0), ("recalled_lots", 1, 0), ("blocked_units", 1, 0)]
    assert issued() == []
    stops.revoke_unit(road.session, road.env, carton.unit_id, "spoiled")
    assert issued() == [("revoked_units", 2, 1)]
    stops.recall_lot(road.session, road.env, gtin=GTIN, lot=LOT, reason="listeria")
    assert issued() == [("recalled_lots", 2, 1)]
    voided, lots = (held(road.session, kind) for kind in (FilterKind.REVOKED_UNITS, FilterKind.RECALLED_LOTS))
    for each in (voided, lots):
        check_filter(each, newest(road))
    assert carton.unit_id in voided
    assert (GTIN, LOT) in LotsOf(lots)
    stops.lift_lot(road.session, road.env, gtin=GTIN, lot=LOT)
    assert issued() == [("recalled_lots", 3, 0)]
    road.clock.forward(timedelta(days=1))
    assert issued() == [("revoked_units", 3, 1), ("recalled_lots", 4, 0), ("blocked_units", 2, 0)]
    assert [each.seq for each in stops.publish_filters(road.session, road.env, all_kinds=True)] == [4, 5, 3]
    kept = road.session.execute(text("SELECT seq FROM filter_file WHERE kind = 'recalled_lots' ORDER BY seq"))
    assert list(kept.scalars()) == [3, 4, 5]
    assert [each.seq for each in stop_store.listed_filters(road.session)] == [3, 5, 4]


def test_what_is_held_or_inside_of_it_is_on_the_block_list(road: Road) -> None:
    consignment = road.consignment(cartons=3)
    road.bind_all(consignment)
    pallet = consignment.pallets[0]
    boxes = [carton.unit_id for carton in pallet.cartons]
    road.done(PORT, T.UNPACK, Line(role="child", unit=boxes[2], parent=pallet.label.unit_id, quantity=1))
    stops.publish_filters(road.session, road.env)
    road.done(PORT, T.HOLD, boxes[0], more=[("reason", "smell")])
    (issued,) = stops.publish_filters(road.session, road.env)
    assert (issued.kind, issued.units) == ("blocked_units", 2)
    listed = held(road.session, FilterKind.BLOCKED_UNITS)
    check_filter(listed, newest(road))
    assert [unit in listed for unit in (boxes[0], pallet.label.unit_id, boxes[1], boxes[2])] == [
        True,
        True,
        False,
        False,
    ]
    road.done(PORT, T.RELEASE, boxes[0], more=[("reason", "clean")])
    (issued,) = stops.publish_filters(road.session, road.env)
    assert (issued.kind, issued.units) == ("blocked_units", 0)
    road.done(PORT, T.HOLD, pallet.label.unit_id, more=[("reason", "warm")])
    stops.publish_filters(road.session, road.env)
    listed = held(road.session, FilterKind.BLOCKED_UNITS)
    assert [unit in listed for unit in (pallet.label.unit_id, *boxes)] == [True, True, True, False]


def test_a_lot_on_hold_blocks_what_its_boxes_are_on_and_labels_that_do_not_say_their_lot(road: Road) -> None:
    """The boxes are many, and their codes name the lot; nobody sees the lot on a pallet, or on a roll's label."""
    consignment = road.consignment(cartons=3)
    road.bind_all(consignment)
    pallet = consignment.pallets[0].label.unit_id
    boxes = [carton.unit_id for carton in consignment.pallets[0].cartons]
    road.done(PORT, T.UNPACK, Line(role="child", unit=boxes[0], parent=pallet, quantity=1))
    label = rolls.labels(road, rolls.drawn(road, count=1, gtin=GTIN))[0]
    assert rolls.statuses(rolls.bind(road, label.uri, consignment_id=consignment.consignment_id)) == ["bound"]
    road.done(PORT, T.OBSERVE, label.unit_id)
    stops.publish_filters(road.session, road.env)
    lot = lot_unit(gtin=GTIN, lot=LOT)
    road.done(PORT, T.HOLD, Line(role="unit", unit=lot, parent=None, quantity=0), more=[("reason", "salmonella")])
    stops.publish_filters(road.session, road.env)
    listed = held(road.session, FilterKind.BLOCKED_UNITS)
    assert [unit in listed for unit in (lot, pallet, label.unit_id, *boxes)] == [True] * 3 + [False] * 3
    road.done(PORT, T.UNPACK, *[Line(role="child", unit=each, parent=pallet, quantity=1) for each in boxes[1:]])
    stops.publish_filters(road.session, road.env)
    assert pallet not in held(road.session, FilterKind.BLOCKED_UNITS)
    road.done(PORT, T.RELEASE, Line(role="unit", unit=lot, parent=None, quantity=0), more=[("reason", "clean")])
    (issued,) = stops.publish_filters(road.session, road.env)
    assert (issued.kind, issued.units) == ("blocked_units", 0)


def test_the_pallet_that_held_goods_went_to_is_on_the_block_list(road: Road) -> None:
    """As many units are blocked as before, and no hold was said since: the pallet is another one."""
    consignment = road.consignment(cartons=2)
    road.bind_all(consignment)
    pallet = consignment.pallets[0].label.unit_id
    box = sorted(carton.unit_id for carton in consignment.pallets[0].cartons)[0]
    road.done(PORT, T.HOLD, box, more=[("reason", "warm")])
    stops.publish_filters(road.session, road.env)
    assert stops.publish_filters(road.session, road.env) == []
    road.done(PORT, T.UNPACK, Line(role="child", unit=box, parent=pallet, quantity=1))
    road.done(PORT, T.PACK, *pack_lines(PALLETS[0], [box]))
    (issued,) = stops.publish_filters(road.session, road.env)
    assert (issued.kind, issued.units) == ("blocked_units", 2)
    listed = held(road.session, FilterKind.BLOCKED_UNITS)
    assert [unit in listed for unit in (box, PALLETS[0], pallet)] == [True, True, False]
    assert stops.publish_filters(road.session, road.env) == []


def test_what_a_statement_voided_or_a_sample_holds_is_on_the_block_list(road: Road) -> None:
    consignment = road.consignment(cartons=3)
    road.bind_all(consignment)
    boxes = [carton.unit_id for carton in consignment.pallets[0].cartons]
    pallet = consignment.pallets[0].label.unit_id
    for box in boxes:
        road.done(PORT, T.UNPACK, Line(role="child", unit=box, parent=pallet, quantity=1))
    stops.publish_filters(road.session, road.env)
    assert road.done(PORT, T.VOID, boxes[0]).marks == ()
    (issued,) = stops.publish_filters(road.session, road.env)
    assert (issued.kind, issued.units) == ("blocked_units", 1)
    road.session.execute(text("UPDATE device SET operations = operations || '{sample}'"))
    road.done(PORT, T.HOLD, boxes[1], more=[("reason", "smell")])
    road.done(PORT, T.SAMPLE, Line(role="unit", unit=boxes[2], parent=None, quantity=1, attributes={"hold": True}))
    stops.publish_filters(road.session, road.env)
    listed = held(road.session, FilterKind.BLOCKED_UNITS)
    assert [unit in listed for unit in (*boxes, pallet)] == [True, True, True, False]


def test_a_hold_that_a_sample_lays_is_news_whatever_the_number_of_units(road: Road) -> None:
    box = road.consignment().carton.unit_id
    road.done(PORT, T.OBSERVE, box)
    at = road.clock.next
    assert not stop_store.changed_since(road.session, "blocked_units", at=at, units=0)
    road.session.execute(text("UPDATE device SET operations = operations || '{sample}'"))
    road.clock.forward(timedelta(minutes=1))
    road.done(PORT, T.SAMPLE, Line(role="unit", unit=box, parent=None, quantity=1, attributes={"hold": True}))
    assert stop_store.changed_since(road.session, "blocked_units", at=at, units=1)
