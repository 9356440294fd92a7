"""Parties of statements: whence a receiver took goods, who imported what was coded, and when neither is anybody."""

import json
from datetime import timedelta
from itertools import permutations
from uuid import UUID

import pytest
from sqlalchemy import text

from coldtrace.events.statement import Statement
from coldtrace.events.statement_type import StatementType as T
from support.consignments import commission_line, facts_of
from support.house import pack_lines
from support.road import CARTONS, MARKET, PALLETS, PORT, SHOP, STORE, TRADER, Road, binding
from support.rolls import bind, drawn, labels

A, B, C = CARTONS[:3]


def sources(road: Road, said: Statement) -> set[str]:
    """Return the sites that a statement's goods came from."""
    return {gln for relation, gln in parties(road, said) if relation == "from"}


def parties(road: Road, said: Statement) -> set[tuple[str, str]]:
    """Return (relation, GLN or the organisation's number) of a statement's further parties."""
    rows = road.session.execute(
        text(
            "SELECT relation, COALESCE(gln, uscc) AS name FROM statement_party JOIN operator USING (operator_id)"
            " WHERE entry_id = :id AND relation IN ('from', 'importer')"
        ),
        {"id": _id(said)},
    )
    return {(row.relation, row.name) for row in rows}


def test_a_receiver_takes_goods_from_whoever_shipped_them(road: Road) -> None:
    road.bound(A, B)
    road.done(PORT, T.SHIP, A, B, to=STORE)
    received = road.say(STORE, T.RECEIVE, A, B)
    road.tell(received)
    assert parties(road, received) == {("from", PORT)}


def test_one_receipt_may_name_goods_of_several(road: Road) -> None:
    road.bound(A, B, C)
    road.done(PORT, T.SHIP, A, to=STORE)
    road.done(PORT, T.SHIP, B, to=TRADER)
    road.done(TRADER, T.RECEIVE, B)
    road.done(TRADER, T.SHIP, B, to=STORE)
    received = road.say(STORE, T.RECEIVE, A, B, C)
    road.tell(received)
    assert sources(road, received) == {PORT, TRADER}


def test_cartons_on_a_pallet_came_with_it(road: Road) -> None:
    road.bound(A, B)
    road.done(PORT, T.PACK, *pack_lines(PALLETS[0], [A, B]))
    road.done(PORT, T.SHIP, PALLETS[0], to=STORE)
    received = road.say(STORE, T.RECEIVE, A)
    road.tell(received)
    assert sources(road, received) == {PORT}


def test_goods_taken_by_another_than_was_named_still_came_from_the_shipper(road: Road) -> None:
    road.bound(A)
    road.done(PORT, T.SHIP, A, to=STORE)
    received = road.say(SHOP, T.RECEIVE, A)
    assert "not_addressed_here" in road.tell(received)[0].marks
    assert sources(road, received) == {PORT}


def test_nothing_in_transit_came_from_nobody(road: Road) -> None:
    road.bound(A)
    gap = road.say(SHOP, T.RECEIVE, A)
    again = road.say(SHOP, T.RECEIVE, A)
    road.tell(gap, again)
    assert parties(road, gap) == parties(road, again) == set()


def test_an_out_scan_that_comes_late_makes_its_site_a_party(road: Road) -> None:
    road.bound(A)
    shipped = road.say(PORT, T.SHIP, A, to=STORE)
    received = road.say(STORE, T.RECEIVE, A)
    road.tell(received)
    assert sources(road, received) == set()
    road.tell(shipped)
    assert sources(road, received) == {PORT}


def test_a_receipt_between_comes_late_and_takes_the_place_of_the_first_shipper(road: Road) -> None:
    road.bound(A)
    road.done(PORT, T.SHIP, A, to=STORE)
    between = [road.say(STORE, T.RECEIVE, A), road.say(STORE, T.SHIP, A, to=SHOP)]
    received = road.say(SHOP, T.RECEIVE, A)
    road.tell(received)
    assert sources(road, received) == {PORT}
    road.tell(*between)
    assert sources(road, received) == {STORE}
    assert sources(road, between[0]) == {PORT}


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_in_any_order_of_arrival(road: Road, order: tuple[int, ...]) -> None:
    consignment = road.consignment(cartons=2)
    first, second = consignment.pallets[0].cartons[:2]
    said = [
        road.say(PORT, T.COMMISSION, commission_line(first), facts=facts_of(first)),
        road.say(PORT, T.SHIP, first.unit_id, to=STORE),
        road.say(STORE, T.RECEIVE, first.unit_id, second.unit_id),
        road.say(PORT, T.SHIP, second.unit_id, to=STORE),
    ]
    for number in order:
        road.tell(said[number])
    assert [parties(road, each) for each in said] == [
        {("importer", "91120118MA00000011")},
        set(),
        {("from", PORT)},
        set(),
    ]


def test_a_line_that_moves_nothing_has_no_party(road: Road) -> None:
    consignment = road.consignment(cartons=2)
    carton = consignment.carton
    device = road.device(PORT)
    road.session.execute(
        text("UPDATE device SET operations = '{ship}' WHERE key_id = sha256(:spki)"), {"spki": device.signer.spki}
    )
    refused = road.say(PORT, T.COMMISSION, commission_line(carton), facts=facts_of(carton))
    assert road.tell(refused)[0].status == "blocked"
    assert parties(road, refused) == set()


def test_the_importer_is_a_party_where_its_goods_are_coded_and_not_afterwards(road: Road) -> None:
    consignment = road.consignment(cartons=1)
    coded = road.say(PORT, T.COMMISSION, commission_line(consignment.carton), facts=facts_of(consignment.carton))
    shipped = road.say(PORT, T.SHIP, consignment.carton.unit_id, to=STORE)
    road.tell(coded, shipped)
    assert parties(road, coded) == {("importer", "91120118MA00000011")}
    assert parties(road, shipped) == set()


def test_a_code_that_is_not_the_issued_one_makes_nobody_a_party(road: Road) -> None:
    consignment = road.consignment(cartons=1)
    wrong = road.say(PORT, T.COMMISSION, binding(consignment.carton.unit_id), facts=facts_of(consignment.carton))
    road.tell(wrong)
    assert parties(road, wrong) == set()


def test_a_station_that_imported_itself_is_no_further_party(road: Road) -> None:
    consignment = road.consignment(cartons=1)
    road.session.execute(
        text("UPDATE consignment SET importer_id = s.operator_id FROM site s WHERE s.gln = station_gln")
    )
    coded = road.say(PORT, T.COMMISSION, commission_line(consignment.carton), facts=facts_of(consignment.carton))
    road.tell(coded)
    assert parties(road, coded) == set()


def test_a_label_of_a_roll_has_the_importer_of_the_lot_that_it_is_bound_to(road: Road) -> None:
    road.consignment(cartons=1)
    label = labels(road, drawn(road, count=1))[0]
    bind(road, label.uri)
    (bound,) = labels(road, _roll_of(road, label.unit_id))
    coded = road.say(PORT, T.COMMISSION, commission_line(bound), facts=facts_of(bound))
    road.tell(coded)
    assert parties(road, coded) == {("importer", "91120118MA00000011")}


def test_what_contradicts_is_listed_as_long_as_it_does(road: Road) -> None:
    road.bound(A)
    before = _marked(road)
    shipped = road.say(PORT, T.SHIP, A, to=STORE)
    received = road.say(STORE, T.RECEIVE, A)
    road.tell(received)
    assert _marked(road) - before == {_id(received)}
    road.clock.forward(timedelta(minutes=1))
    road.tell(shipped)
    assert _marked(road) == before


def test_a_party_is_one_of_the_case_of_its_statement(road: Road) -> None:
    road.bound(A)
    road.done(PORT, T.SHIP, A, to=STORE)
    received = road.say(MARKET, T.RECEIVE, A)
    road.tell(received)
    concerned = text(
        "SELECT p.gln FROM case_party p JOIN case_file c USING (case_id) WHERE c.entry_id = :id AND p.live"
    )
    assert set(road.session.execute(concerned, {"id": _id(received)}).scalars()) == {MARKET, PORT}


def _held(road: Road, said: Statement) -> dict[str, list[str]]:
    """Return who held the goods of a statement's case before, by the record."""
    query = text("SELECT detail -> 'held' AS held FROM case_file WHERE entry_id = :id AND kind IN ('gap', 'conflict')")
    (found,) = {json.dumps(row.held) for row in road.session.execute(query, {"id": _id(said)})}
    return json.loads(found) or {}


def test_who_held_goods_by_the_record_is_a_party_of_what_contradicts_it(road: Road) -> None:
    road.bound(A, B, C)
    road.done(PORT, T.PACK, *pack_lines(PALLETS[0], [A, B]))
    road.done(PORT, T.SHIP, PALLETS[0], to=STORE)
    road.done(STORE, T.RECEIVE, PALLETS[0])
    road.done(STORE, T.OBSERVE, A)
    # On the pallet that the store received: it is the pallet's place that counts.
    taken = road.say(SHOP, T.RECEIVE, A, C)
    road.tell(taken)
    assert _held(road, taken) == {PORT: [C], STORE: [A]}
    counted = road.say(MARKET, T.COUNT, A, B)
    road.tell(counted)
    assert _held(road, counted) == {SHOP: [A], STORE: [B]}
    concerned = text("SELECT p.gln FROM case_party p JOIN case_file c USING (case_id) WHERE c.entry_id = :id")
    assert set(road.session.execute(concerned, {"id": _id(counted)}).scalars()) == {MARKET, SHOP, STORE}
    assert parties(road, counted) == set(), "the statement is no more theirs than before"


def test_goods_where_the_record_has_them_are_nobody_elses(road: Road) -> None:
    road.bound(A)
    again = road.say(PORT, T.COMMISSION, binding(A))
    road.tell(again)
    assert _held(road, again) == {}


def test_who_held_goods_is_another_once_late_words_tell_it(road: Road) -> None:
    """What the shop contradicts is the same, but not whom."""
    road.bound(A)
    late = [road.say(PORT, T.SHIP, A, to=TRADER), road.say(TRADER, T.RECEIVE, A)]
    taken = road.say(SHOP, T.RECEIVE, A)
    road.tell(taken)
    assert _held(road, taken) == {PORT: [A]}
    road.tell(*late)
    assert _held(road, taken) == {TRADER: [A]}


def _marked(road: Road) -> set[UUID]:
    return set(road.session.execute(text("SELECT entry_id FROM case_file WHERE live")).scalars())


def _roll_of(road: Road, unit: str) -> UUID:
    found: UUID = road.session.execute(
        text("SELECT run_id FROM issued_code WHERE unit_id = :unit"), {"unit": unit}
    ).scalar_one()
    return found


def _id(said: Statement) -> UUID:
    return UUID(json.loads(said.header)["id"])
