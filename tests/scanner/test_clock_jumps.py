"""The wall clock jumps, the time since the last sync does not: statements say how far off the claim is."""

from datetime import timedelta
from typing import cast

import pytest

from coldscan.answer import Result
from coldscan.operation import Operation
from coldscan.steady import Steady, read_steady
from support.scanner_device import Device
from support.scanner_server import ScannerServer
from support.scanner_world import World

HOUR_S, DAY_S, YEAR_S = 3_600, 86_400, 365 * 86_400
RECEIVE = Operation.RECEIVE


class Machine:
    """The running time of a machine, and what its wall clock does beside it."""

    def __init__(self, device: Device) -> None:
        self.device, self.boot, self.ms = device, "first", 7_000_000
        device.steady = lambda: Steady(self.boot, self.ms)

    def run(self, seconds: int, *, jump_s: int = 0) -> None:
        """Let time pass; the wall clock jumps besides."""
        self.ms += seconds * 1000
        self.device.clock.forward(timedelta(seconds=seconds + jump_s))  # type: ignore[attr-defined]

    def start_anew(self, seconds: int) -> None:
        """Switch off, and on again later."""
        self.run(seconds)
        self.boot, self.ms = "second", 30_000


@pytest.fixture
def machine(device: Device) -> Machine:
    """A device that has synced since its machine was started."""
    found = Machine(device)
    device.run("sync")
    return found


def skews(server: ScannerServer) -> list[int | None]:
    """Return what the statements say of the clock, in their order."""
    return [cast(int | None, each.private.value("clock_skew")) for each in server.of_type("receive")]


@pytest.mark.parametrize("jump_s", [-30 * YEAR_S, -HOUR_S, 0, HOUR_S, 12 * YEAR_S])
def test_a_jump_after_the_sync_is_stated(
    device: Device, machine: Machine, world: World, server: ScannerServer, jump_s: int
) -> None:
    machine.run(2 * HOUR_S, jump_s=jump_s)
    device.scan(world.carton(), operation=RECEIVE)
    machine.run(DAY_S)
    device.scan(world.carton())
    device.run("sync")
    found = skews(server)
    if jump_s == 0:
        assert found == [None, None]
    assert all(abs((skew or 0) - jump_s) <= 300 for skew in found)


def test_a_clock_that_was_set_right_is_not_called_wrong_any_more(
    device: Device, machine: Machine, world: World, server: ScannerServer
) -> None:
    machine.run(60, jump_s=DAY_S)
    device.run("sync")
    device.scan(world.carton(), operation=RECEIVE)
    machine.run(60, jump_s=-DAY_S)
    device.scan(world.carton())
    device.run("sync")
    first, second = skews(server)
    assert abs((first or 0) - DAY_S) <= 300
    assert second is None


def test_a_machine_started_anew_falls_back_to_what_the_sync_found(
    device: Device, machine: Machine, world: World, server: ScannerServer
) -> None:
    machine.run(60, jump_s=HOUR_S)
    device.run("sync")
    machine.start_anew(HOUR_S)
    device.scan(world.carton(), operation=RECEIVE)
    device.run("sync")
    (skew,) = skews(server)
    assert abs((skew or 0) - HOUR_S) <= 300


def test_a_jump_makes_no_repeat_new_and_nothing_new_a_repeat(device: Device, machine: Machine, world: World) -> None:
    first, second = world.carton(), world.carton()
    device.scan(first, operation=RECEIVE)
    machine.run(60, jump_s=5 * YEAR_S)
    assert device.scan(first)[0].result is Result.REPEAT
    device.scan(second)
    machine.run(13 * HOUR_S, jump_s=-5 * YEAR_S - 13 * HOUR_S)
    assert [answer.result for answer in device.scan(first, second)] == [Result.SAVED, Result.SAVED]


@pytest.mark.parametrize("jump_s", [-30 * YEAR_S, -13 * HOUR_S, 13 * HOUR_S, 5 * YEAR_S])
def test_undo_knows_how_long_ago_it_was_whatever_the_clock_says(
    device: Device, machine: Machine, world: World, jump_s: int
) -> None:
    first, second = world.carton(), world.carton()
    device.scan(first, second, operation=RECEIVE)
    machine.run(11 * HOUR_S, jump_s=jump_s)
    assert device.scan("CT:UNDO")[0].result is Result.SAVED
    machine.run(2 * HOUR_S, jump_s=-jump_s - 13 * HOUR_S)
    assert device.scan("CT:UNDO")[0].code == "too_old_to_undo", "by the wall clock it was just now"


def test_undo_after_a_dead_battery_goes_by_the_running_time_of_the_new_start(
    device: Device, machine: Machine, world: World
) -> None:
    machine.start_anew(HOUR_S)
    device.scan(world.carton(), world.carton(), operation=RECEIVE)
    machine.run(HOUR_S, jump_s=3 * YEAR_S)
    undone = device.scan("CT:UNDO")[0]
    # By that clock, all that it has, its certificate is over as well; this is said with the answer.
    assert (undone.queued, undone.code, undone.say[:10]) == (True, "certificate_ends", "Taken back")
    machine.boot, machine.ms = "third", 30_000
    assert device.scan("CT:UNDO")[0].code == "too_old_to_undo", "nothing is known but the wall clock"
    device.run("sync")
    assert device.scan("CT:UNDO")[0].result is Result.SAVED, "a sync brings the time again"


def test_the_age_of_what_waits_does_not_jump(device: Device, machine: Machine, world: World) -> None:
    device.scan(world.carton(), operation=RECEIVE)
    machine.run(HOUR_S, jump_s=5 * DAY_S)
    status = device.run("status").json
    assert cast(int, status["oldest_unsent_age_s"]) // 60 == 60
    assert "unsent_over_24_h" not in cast(list[str], status["warnings"])
    machine.run(25 * HOUR_S, jump_s=-6 * DAY_S)
    assert "unsent_over_24_h" in cast(list[str], device.run("status").json["warnings"])


def test_the_age_of_the_list_does_not_jump(device: Device, machine: Machine, world: World) -> None:
    machine.run(HOUR_S, jump_s=YEAR_S)
    (answer,) = device.scan(world.carton(), operation=RECEIVE)
    assert (answer.result, answer.code) == (Result.SAVED, None)
    machine.run(8 * DAY_S, jump_s=-YEAR_S - 8 * DAY_S)
    (answer,) = device.scan(world.carton())
    assert answer.code == "status_unknown"


def test_doctor_sees_a_clock_that_jumped_since_the_sync(device: Device, machine: Machine) -> None:
    def clock() -> str:
        checks = cast(list[dict[str, str]], device.run("doctor").json["checks"])
        return next(each["result"] for each in checks if each["name"] == "clock")

    assert clock() == "passed"
    machine.run(60, jump_s=HOUR_S)
    assert clock() == "failed"


def test_the_steady_clock_of_this_machine() -> None:
    first, second = read_steady(), read_steady()
    assert first is not None
    assert second is not None
    assert second.since(first) in range(10_000)
    assert first.since(second) is None or first == second
    assert Steady.parse(str(first)) == first
    assert Steady.parse(None) is Steady.parse("") is Steady.parse("boot ten") is None
    assert second.since(Steady("other start", first.ms)) is None
