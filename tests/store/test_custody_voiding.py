"""Voiding labels: only what nobody uses, all or none, and red everywhere afterwards."""

from datetime import timedelta

import pytest

from coldtrace.codes.short_code import format_short_code
from coldtrace.custody.refusals import InCirculation, LabelBound
from coldtrace.custody.resolve import resolve
from coldtrace.custody.voiding import unit_named, units_numbered, void_units
from coldtrace.errors import Refusal
from coldtrace.events.facts import facts_hash
from coldtrace.events.statement_type import StatementType as T
from coldtrace.goods.print_refusals import CodeNotIssued
from coldtrace.goods.roll_refusals import MalformedNumbers
from coldtrace.rights.model import EVERYTHING
from coldtrace.verify.code import Verdict
from support.consignments import commission_line, facts_of
from support.road import PORT, SHOP, Road, child
from support.rolls import bind, drawn, labels, number_lists, statuses


def test_numbers_of_a_roll_are_voided(road: Road) -> None:
    road.consignment()
    roll = drawn(road)
    units = units_numbered(road.session, roll, "2, 4-5", EVERYTHING)
    done = void_units(road.session, road.env, units, EVERYTHING, reason="wet")
    assert (len(done.units), done.already) == (3, 0)
    again = void_units(road.session, road.env, units, EVERYTHING, reason="wet")
    assert (again.units, again.already) == ((), 3)
    assert number_lists(road, roll) == {"unused": "1, 3", "voided": "2, 4-5"}
    assert road.where(units[0]) == ("void", None, None)
    with pytest.raises(MalformedNumbers):
        units_numbered(road.session, roll, "5-6", EVERYTHING)


def test_a_void_code_is_red(road: Road) -> None:
    consignment = road.consignment()
    code = labels(road, drawn(road))[0]
    void_units(road.session, road.env, [code.unit_id], EVERYTHING, reason="torn")
    assert resolve(road.session, road.env, EVERYTHING, code.uri).verdict == Verdict.REVOKED_UNIT
    assert statuses(bind(road, code.uri)) == ["revoked_unit"]
    facts = facts_hash(consignment.carton.facts or "")
    result = road.done(PORT, T.COMMISSION, commission_line(code), facts=facts)
    assert result.status == "blocked"
    assert road.where(code.unit_id) == ("void", None, None)
    assert road.done(SHOP, T.RECEIVE, code.unit_id).marks == ("terminal",)
    assert number_lists(road, code.run_id) == {"unused": "2-5", "voided": "1"}


def test_a_statement_from_before_that_comes_late_moves_nothing_and_is_kept(road: Road) -> None:
    consignment = road.consignment()
    code = labels(road, drawn(road))[0]
    facts = facts_hash(consignment.carton.facts or "")
    said = road.say(PORT, T.COMMISSION, commission_line(code), facts=facts)
    road.clock.forward(timedelta(hours=1))
    void_units(road.session, road.env, [code.unit_id], EVERYTHING, reason="lost")
    result = road.tell(said)[0]
    assert (result.status, result.marks) == ("blocked", ("terminal", "facts_unknown"))
    assert road.where(code.unit_id)[0] == "void"


def test_what_is_in_use_is_not_voided(road: Road) -> None:
    consignment = road.consignment(cartons=3)
    road.bind_all(consignment)
    pallet = consignment.pallets[0]
    in_stock, shipped, sold = pallet.cartons
    road.done(PORT, T.UNPACK, *[child(each.unit_id, pallet.label.unit_id) for each in pallet.cartons])
    road.done(PORT, T.SHIP, shipped.unit_id, to=SHOP)
    for each in (sold,):
        road.done(PORT, T.SHIP, each.unit_id, to=SHOP)
        road.done(SHOP, T.RECEIVE, each.unit_id)
        road.done(SHOP, T.SELL, each.unit_id)
    for unit, state in ((in_stock, "active"), (shipped, "in_transit"), (sold, "sold")):
        with pytest.raises(InCirculation) as caught:
            void_units(road.session, road.env, [unit.unit_id], EVERYTHING, reason="wrong")
        assert caught.value.facts["state"] == state
    assert resolve(road.session, road.env, EVERYTHING, sold.uri).verdict == Verdict.VALID


def test_all_or_none(road: Road) -> None:
    consignment = road.consignment()
    roll = drawn(road)
    first, second, *_ = labels(road, roll)
    road.done(PORT, T.COMMISSION, commission_line(second), facts=facts_of(consignment.carton))
    with pytest.raises(InCirculation), road.session.begin_nested():
        void_units(road.session, road.env, [first.unit_id, second.unit_id], EVERYTHING, reason="wet")
    assert "voided" not in number_lists(road, roll)


def test_a_label_bound_by_a_desk_and_not_used_yet_can_be_spoiled(road: Road) -> None:
    road.consignment()
    roll = drawn(road)
    code = labels(road, roll)[0]
    bind(road, code.uri)
    with pytest.raises(LabelBound):
        void_units(road.session, road.env, [code.unit_id], EVERYTHING, reason="torn")
    assert void_units(road.session, road.env, [code.unit_id], EVERYTHING, reason="torn", bound=True).units == (
        code.unit_id,
    )
    assert void_units(road.session, road.env, [code.unit_id], EVERYTHING, reason="torn").already == 1


def test_a_carton_label_of_a_consignment_can_be_void_too(road: Road) -> None:
    carton = road.consignment().carton
    assert void_units(road.session, road.env, [carton.unit_id], EVERYTHING, reason="torn").units == (carton.unit_id,)
    assert resolve(road.session, road.env, EVERYTHING, carton.uri).verdict == Verdict.REVOKED_UNIT


def test_how_a_label_is_named(road: Road) -> None:
    carton = road.consignment().carton
    assert carton.serial is not None
    for text in (carton.uri, carton.uri.partition("?")[0], format_short_code(carton.serial), f"]Q1{carton.uri}"):
        assert unit_named(road.session, text, EVERYTHING) == carton.unit_id
    for text, code in (
        ("7QK4-M2ZX-9RTB-5", "code_not_issued"),
        ("hello", "unknown_code"),
        ("CT:IN", "code_not_issued"),
    ):
        with pytest.raises(Refusal) as caught:
            unit_named(road.session, text, EVERYTHING)
        assert caught.value.code == code
    with pytest.raises(CodeNotIssued):
        void_units(road.session, road.env, ["(01)09506000134352(21)X"], EVERYTHING, reason="x")
