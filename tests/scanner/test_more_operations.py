"""What coldscan states beside the road: moves, counts, openings, holds, destructions, repackings - and taking back."""

from datetime import timedelta

import pytest

from coldscan.answer import Result
from coldscan.operation import Operation
from coldtrace.codes.digital_link import parse_trace_code
from coldtrace.codes.signing_input import signing_input
from coldtrace.codes.token import decode_token
from coldtrace.events.public_piece import CorrectionMode
from coldtrace.events.statement import CheckedStatement
from coldtrace.seal.b64 import b64
from coldtrace.seal.hashing import sha256
from support.scanner_device import Device
from support.scanner_server import ScannerServer
from support.scanner_world import BUYER, OWN, World, sscc

SHELF = f"{OWN}/A-07"


def types(device: Device) -> list[object]:
    return [row[0] for row in device.rows("SELECT type FROM statements ORDER BY seq")]


def only(device: Device, server: ScannerServer, type: str) -> CheckedStatement:
    assert device.run("sync").status == 0
    (statement,) = server.of_type(type)
    return statement


def lines(statement: CheckedStatement) -> list[tuple[str, str]]:
    return [(line.role, line.unit) for line in statement.units.lines]


def test_goods_are_picked_and_then_put_somewhere(device: Device, world: World, server: ScannerServer) -> None:
    carton, again, pallet, place, after = device.scan(
        *("CT:MOVE", text := world.carton(), text, world.pallet(), world.place(OWN, "A-07"), world.place(OWN, "B-01"))
    )[1:]
    assert [each.result for each in (carton, again, pallet)] == [Result.NOTED, Result.REPEAT, Result.NOTED]
    assert (place.result, place.queued, place.operation) == (Result.SAVED, True, "store")
    assert (after.result, after.queued) == (Result.NOTED, False)
    statement = only(device, server, "store")
    assert lines(statement) == [("unit", carton.unit), ("unit", f"(00){sscc(1)}")]
    assert statement.private.value("door") == SHELF
    assert device.rows("SELECT * FROM pile") == []


def test_a_count_needs_its_place_and_ends_with_next(device: Device, world: World, server: ScannerServer) -> None:
    first, second = world.carton(), world.carton()
    early, _, one, two, twice, end = device.scan(
        first, world.place(OWN, "A-07"), first, second, first, "CT:NEXT", operation=Operation.COUNT
    )
    assert (early.code, early.queued) == ("no_place", False)
    assert [each.queued for each in (one, two, twice)] == [True, True, False]
    assert "number 1 " in one.say
    assert "number 2 " in two.say
    assert "Counted: 2" in end.say
    assert device.run("sync").status == 0
    assert server.units_of("count") == [one.unit, two.unit]
    assert {each.private.value("door") for each in server.of_type("count")} == {SHELF}


def test_a_case_is_opened_and_a_pallet_is_not(device: Device, world: World, server: ScannerServer) -> None:
    pallet, carton = device.scan(world.pallet(), world.carton(), operation=Operation.OPEN)
    assert (pallet.code, carton.queued) == ("not_a_carton", True)
    assert lines(only(device, server, "open")) == [("unit", carton.unit)]


def test_a_hold_says_why(device: Device, world: World, server: ScannerServer) -> None:
    early, reason, held = device.scan(world.pallet(), "ct:reason:damaged", world.pallet(), operation=Operation.HOLD)
    assert (early.code, early.queued) == ("no_reason", False)
    assert (reason.result, held.queued) == (Result.NOTED, True)
    statement = only(device, server, "hold")
    assert statement.private.value("reason") == "破损 damaged"
    assert lines(statement) == [("unit", f"(00){sscc(1)}")]


def test_nothing_is_destroyed_before_it_is_confirmed(device: Device, world: World, server: ScannerServer) -> None:
    first, second = world.carton(), world.carton()
    early = device.scan(first, "CT:METHOD:BURNT", first, operation=Operation.DESTROY)
    assert [each.code for each in early] == ["no_method", None, "no_method"]
    answers = device.scan("CT:CONFIRM", "CT:WITNESS:K17", first, second)
    assert [each.code for each in answers] == ["no_goods", None, None, None]
    assert types(device) == []
    (done,) = device.scan("CT:CONFIRM")
    assert (done.result, done.queued) == (Result.SAVED, True)
    statement = only(device, server, "destroy")
    assert lines(statement) == [("unit", answers[2].unit), ("unit", answers[3].unit)]
    assert (statement.private.value("method"), statement.private.value("witness")) == ("焚烧 burnt", "K17")
    assert device.scan("CT:CONFIRM")[0].code == "no_goods"


def test_what_goes_in_and_what_comes_out(device: Device, world: World, server: ScannerServer) -> None:
    goes_in, comes_out = [world.carton(), world.carton()], [world.carton() for _ in range(3)]
    answers = device.scan(
        *("CT:CONFIRM", *goes_in, "CT:CONFIRM", goes_in[0], "CT:CONFIRM", *comes_out),
        operation=Operation.TRANSFORM,
    )
    assert [each.code for each in answers[:6]] == ["no_goods", None, None, None, "already_input", "no_goods"]
    assert answers[4].result is Result.STOP
    assert types(device) == []
    (done,) = device.scan("CT:CONFIRM")
    assert (done.queued, "2 went in, 3 came out" in done.say) == (True, True)
    statement = only(device, server, "transform")
    units = [each.unit for each in (*answers[1:3], *answers[6:9])]
    assert lines(statement) == list(zip(["input"] * 2 + ["output"] * 3, units, strict=True))
    for line, text in zip(statement.units.lines[2:], comes_out, strict=True):
        code = parse_trace_code(text)
        digest = sha256(signing_input(decode_token(code.token or "").header, code.elements))
        assert line.attributes == {"code": b64(digest)}
    # The next one begins with what goes in.
    (fresh,) = device.scan(world.carton())
    assert device.rows("SELECT role, unit FROM pile") == [("input", fresh.unit)]


def test_undo_corrects_the_last_statement_and_it_can_be_said_again(
    device: Device, world: World, server: ScannerServer
) -> None:
    first, second = world.pallet(1), world.pallet(2)
    answers = device.scan(first, second, "CT:UNDO", second, "CT:UNDO", "CT:UNDO", operation=Operation.RECEIVE)
    assert all(each.queued for each in answers)
    assert types(device) == ["receive", "receive", "correct", "receive", "correct", "correct"]
    assert device.run("sync").status == 0
    received = {each.private.seq: each for each in server.of_type("receive")}
    corrected = [each.public.corrects for each in server.of_type("correct")]
    assert [each.header for each in corrected if each] == [received[seq].header_hash for seq in (2, 4, 1)]
    assert {each.mode for each in corrected if each} == {CorrectionMode.DID_NOT_OCCUR}
    assert device.scan("CT:UNDO")[0].code == "nothing_to_undo"


def test_undo_puts_a_pick_back_first(device: Device, world: World) -> None:
    answers = device.scan(
        *(world.pallet(1), "CT:PACK", world.carton(), world.carton(), "CT:UNDO", "CT:UNDO", "CT:UNDO"),
        operation=Operation.RECEIVE,
    )
    assert [each.queued for each in answers[4:]] == [False, False, True]
    assert device.rows("SELECT * FROM pile") == []
    assert types(device) == ["receive", "correct"]


def test_a_commission_taken_back_leaves_the_pile(device: Device, world: World, server: ScannerServer) -> None:
    wrong, right = world.carton(), world.carton()
    device.scan(wrong, "CT:UNDO", right, world.pallet(), operation=Operation.COMMISSION)
    assert [line.unit for line in only(device, server, "pack").units.lines[1:]] == [parse_trace_code(right).unit_id]
    (again,) = device.scan(wrong)
    assert again.queued


def test_what_another_lane_said_or_another_shift_is_not_taken_back(device: Device, world: World) -> None:
    device.scan(world.pallet(), operation=Operation.RECEIVE, lane="1")
    assert device.scan("CT:UNDO", lane="2")[0].code == "nothing_to_undo"
    device.clock.forward(timedelta(hours=13))  # type: ignore[attr-defined]
    assert device.scan("CT:UNDO", lane="1")[0].code == "too_old_to_undo"
    assert types(device) == ["receive"]


def test_a_device_that_may_not_correct_does_not(device: Device, world: World, server: ScannerServer) -> None:
    device.scan(world.pallet(), operation=Operation.RECEIVE)
    server.operations = ["receive"]
    device.run("sync")
    (answer,) = device.scan("CT:UNDO")
    assert (answer.result, answer.code) == (Result.STOP, "not_allowed")
    assert types(device) == ["receive"]


def test_what_was_picked_for_one_thing_is_not_done_to_another(device: Device, world: World) -> None:
    answers = device.scan("CT:PACK", world.carton(), "CT:MOVE", world.carton(), "CT:PACK", world.pallet())
    assert [each.code for each in answers] == [None, None, "pile_open", None, "picks_dropped", None]
    assert types(device) == ["pack"]
    assert device.rows("SELECT * FROM pile") == []


def test_a_confirmation_that_nobody_asked_for(device: Device, world: World) -> None:
    (answer,) = device.scan("CT:CONFIRM", operation=Operation.RECEIVE)
    assert (answer.result, answer.code, answer.queued) == (Result.LOOK, "nothing_to_confirm", False)


@pytest.mark.parametrize("operation", list(Operation))
def test_every_operation_is_refused_to_a_device_without_it(
    device: Device, server: ScannerServer, operation: Operation
) -> None:
    server.operations = ["correct"]
    device.run("sync")
    assert device.run("scan", "--operation", operation.value).json["code"] == "not_allowed"


def test_a_repacking_goes_on_where_the_battery_died(device: Device, world: World) -> None:
    goes_in, comes_out = world.carton(), world.carton()
    for text in (goes_in, "CT:CONFIRM", comes_out):
        device.scan(text, operation=Operation.TRANSFORM)
    (done,) = device.scan("CT:CONFIRM")
    assert done.queued
    assert types(device) == ["transform"]


def test_what_goes_out_is_not_moved(device: Device, world: World) -> None:
    answers = device.scan(world.carton(), world.place(BUYER), operation=Operation.STORE)
    assert (answers[1].result, answers[1].queued) == (Result.LOOK, False)
    assert types(device) == []
