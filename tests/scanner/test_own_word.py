"""What the device itself has said of goods counts at the next scan, sent or not, until it is taken back."""

from datetime import timedelta

import pytest

from coldscan.answer import Result
from coldscan.own_word import RELEASED_AFTER
from coldtrace.seal.filter_header import FilterKind
from support.scanner_device import Device
from support.scanner_server import ScannerServer
from support.scanner_world import BUYER, World

HOLD = ("CT:HOLD", "CT:REASON:DAMAGED")
DESTROY = ("CT:DESTROY", "CT:METHOD:BURNT", "CT:WITNESS:K17")


@pytest.mark.parametrize("card", ["CT:OUT", "CT:SELL", "CT:OPEN", "CT:TRANSFORM"])
@pytest.mark.parametrize("is_sent", [False, True])
def test_what_this_device_holds_does_not_go_on(device: Device, world: World, card: str, is_sent: bool) -> None:
    carton = world.carton()
    device.scan(*HOLD, carton)
    if is_sent:
        assert device.run("sync").status == 0
    answer = device.scan(card, *([world.place(BUYER)] if card == "CT:OUT" else []), carton)[-1]
    assert (answer.result, answer.code, answer.queued) == (Result.STOP, "held", False)
    assert "on hold by this device since" in answer.say


def test_what_this_device_holds_may_come_in_and_says_so(device: Device, world: World) -> None:
    carton = world.carton()
    answer = device.scan(*HOLD, carton, "CT:IN", carton)[-1]
    assert (answer.result, answer.code, answer.queued) == (Result.LOOK, "held", True)


def test_a_hold_taken_back_holds_nothing(device: Device, world: World) -> None:
    carton = world.carton()
    sold = device.scan(*HOLD, carton, "CT:UNDO", "CT:SELL", carton)[-1]
    assert (sold.result, sold.code, sold.queued) == (Result.SAVED, None, True)


def test_a_hold_that_the_desk_lifted_ends_with_a_later_list(
    device: Device, world: World, server: ScannerServer
) -> None:
    carton = world.carton()
    device.scan(*HOLD, carton)
    server.offer(world.stop_filter(FilterKind.BLOCKED_UNITS))
    device.run("sync")
    # This list was made before the server knew of the hold.
    assert device.scan("CT:SELL", carton)[-1].code == "held"
    world.now = device.clock() + RELEASED_AFTER + timedelta(minutes=5)
    server.offer(world.stop_filter(FilterKind.BLOCKED_UNITS, seq=2))
    device.run("sync")
    assert device.scan("CT:SELL", carton)[-1].code is None


@pytest.mark.parametrize("card", ["CT:IN", "CT:SELL", "CT:HOLD", "CT:MOVE", "CT:DESTROY"])
def test_what_this_device_destroyed_is_red_for_everything(device: Device, world: World, card: str) -> None:
    carton = world.carton()
    answer = device.scan(*DESTROY, carton, "CT:CONFIRM", card, carton)[-1]
    assert (answer.result, answer.code, answer.queued) == (Result.STOP, "destroyed", False)
    assert "destroyed by this device at" in answer.say
    undone = device.scan("CT:UNDO", "CT:SELL", carton)[-1]
    assert (undone.result, undone.queued) == (Result.SAVED, True)


def test_a_second_sale_is_amber_and_kept(device: Device, world: World) -> None:
    carton = world.carton()
    first, *_, again = device.scan("CT:SELL", carton, "CT:HOLD", "CT:SELL", carton)[1:]
    assert (first.result, again.result, again.code, again.queued) == (Result.SAVED, Result.LOOK, "sold", True)
    assert "sold by this device at" in again.say


def test_a_sale_after_a_hold_is_red_though_it_was_sold_before(device: Device, world: World) -> None:
    carton = world.carton()
    again = device.scan("CT:SELL", carton, *HOLD, carton, "CT:SELL", carton)[-1]
    assert (again.result, again.code, again.queued) == (Result.STOP, "held", False)


def test_what_came_back_after_its_sale_is_goods_again(device: Device, world: World) -> None:
    carton = world.carton()
    back, _, again = device.scan("CT:SELL", carton, "CT:IN", carton, "CT:SELL", carton)[3:]
    assert (back.result, back.code) == (Result.LOOK, "sold")
    assert (again.result, again.code) == (Result.SAVED, None)


def test_what_went_into_a_repacking_is_amber_and_what_came_out_is_not(device: Device, world: World) -> None:
    goes_in, comes_out = world.carton(), world.carton()
    *_, used, fresh = device.scan(
        *("CT:TRANSFORM", goes_in, "CT:CONFIRM", comes_out, "CT:CONFIRM", "CT:SELL", goes_in, comes_out)
    )
    assert (used.result, used.code) == (Result.LOOK, "transformed")
    assert (fresh.result, fresh.code) == (Result.SAVED, None)
