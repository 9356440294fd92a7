"""The daily `mark`: once behind each day on which something was said, by the first scan or sync of a later day."""

from datetime import UTC, date, datetime, timedelta

import pytest

from coldscan.day_mark import is_due, local_day
from coldscan.operation import Operation
from coldscan.statements import End
from coldscan.steady import Steady
from support.scanner_device import Device
from support.scanner_server import ScannerServer
from support.scanner_world import World

RECEIVE = Operation.RECEIVE
CHINA = timedelta(hours=8)


def chain(device: Device) -> list[str]:
    """Return the types of all that the device has said, in the order of its chain."""
    return [str(type) for (type,) in device.rows("SELECT type FROM statements ORDER BY key, seq")]


def later(device: Device, *, hours: float) -> None:
    """Let time pass."""
    device.clock.forward(timedelta(hours=hours))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("type", "at", "today", "due"),
    [
        ("receive", "2026-11-23T15:59:59.000Z", date(2026, 11, 24), True),
        ("receive", "2026-11-23T16:00:00.000Z", date(2026, 11, 24), False),
        ("correct", "2026-11-20T04:00:00.000Z", date(2026, 11, 24), True),
        ("receive", "2026-11-25T04:00:00.000Z", date(2026, 11, 24), False),
        ("mark", "2026-11-20T04:00:00.000Z", date(2026, 11, 24), False),
        ("close", "2026-11-20T04:00:00.000Z", date(2026, 11, 24), False),
    ],
)
def test_a_day_is_closed_once_it_is_over_on_site(type: str, at: str, today: date, due: bool) -> None:
    assert is_due(End(type=type, at=at), offset=CHINA, today=today) is due
    assert is_due(None, offset=CHINA, today=today) is False


def test_a_clock_at_the_end_of_the_calendar_has_a_day() -> None:
    assert local_day(datetime.max.replace(tzinfo=UTC), CHINA) == date(9999, 12, 31)


def test_the_first_scan_of_a_new_day_closes_the_day_before(device: Device, world: World, server: ScannerServer) -> None:
    device.scan(world.carton(), world.carton(), operation=RECEIVE)
    later(device, hours=24)
    device.scan(world.carton(), world.carton())
    later(device, hours=24)
    device.scan(world.carton())
    assert chain(device) == ["receive", "receive", "mark", "receive", "receive", "mark", "receive"]
    assert device.run("sync").json["ok"] is True
    first, second = server.of_type("mark")
    assert (first.private.seq, second.private.seq) == (3, 6)
    assert (str(first.public.date), str(second.public.date)) == ("2026-11-24", "2026-11-25")
    assert not first.units.lines


def test_one_running_scanner_goes_on_over_midnight(device: Device, world: World) -> None:
    with device.bench(RECEIVE) as bench:
        from coldscan.scan import take

        for hours in (0, 11.5, 1, 1):
            later(device, hours=hours)
            assert take(bench, world.carton()).queued
    assert chain(device) == ["receive", "receive", "mark", "receive", "receive"]


def test_a_sync_closes_the_day_of_a_device_that_nobody_scans_with(
    device: Device, world: World, server: ScannerServer
) -> None:
    device.scan(world.carton(), operation=RECEIVE)
    device.run("sync")
    assert server.of_type("mark") == [], "the day is not over"
    for _ in range(3):
        later(device, hours=24)
        assert device.run("sync").json["unsent"] == 0
    assert [each.private.seq for each in server.of_type("mark")] == [2], "one, not one for each silent day"


def test_a_tail_that_was_dropped_is_missed_by_the_mark(device: Device, world: World, server: ScannerServer) -> None:
    device.scan(world.carton(), world.carton(), operation=RECEIVE)
    device.run("sync")
    (key,) = server.devices
    (last,) = [each for each in server.of_type("receive") if each.private.seq == 2]
    del server.stored[str(last.header.id)]
    assert server.chain(key)["missing"] == [], "what is lost from the end leaves no hole"
    later(device, hours=24)
    device.run("sync")
    assert server.chain(key)["missing"] == [[2, 2]]


def test_a_mark_and_its_scan_are_stored_together_or_not_at_all(
    device: Device, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with device.bench(RECEIVE) as bench:
        from coldscan import saying
        from coldscan.scan import take

        take(bench, world.carton())
        later(device, hours=24)

        def full(*_: object, **__: object) -> None:
            raise OSError("disk full")

        with monkeypatch.context() as broken:
            broken.setattr(saying.lanes, "note_said", full)
            assert take(bench, world.carton()).code == "not_stored"
        assert chain(device) == ["receive"]
        take(bench, world.carton())
    assert chain(device) == ["receive", "mark", "receive"]


def test_the_wall_clock_alone_makes_no_day(device: Device, world: World) -> None:
    ran = [7_000_000]
    device.steady = lambda: Steady("first", ran[0])
    device.run("sync")
    device.scan(world.carton(), operation=RECEIVE)
    later(device, hours=500)
    device.scan(world.carton())
    assert chain(device) == ["receive", "receive"], "the machine has not run for a day"
    later(device, hours=-500)
    ran[0] += 24 * 3_600_000
    device.scan(world.carton())
    assert chain(device) == ["receive", "receive", "mark", "receive"]


def test_a_mark_is_nothing_to_undo(device: Device, world: World) -> None:
    device.scan(world.carton(), operation=RECEIVE)
    later(device, hours=11.9)
    assert device.scan(world.carton())[0].queued
    device.run("sync")
    later(device, hours=0.2)
    device.run("sync")
    device.scan("CT:UNDO")
    assert chain(device)[-1] == "correct"
    (undone,) = device.rows("SELECT seq FROM statements WHERE undone = 1")
    assert chain(device)[int(str(undone[0])) - 1] == "receive"


def test_a_revoked_device_says_nothing_more(device: Device, world: World, server: ScannerServer) -> None:
    device.scan(world.carton(), operation=RECEIVE)
    device.run("sync")
    server.revoked.update(server.devices)
    device.run("sync")
    later(device, hours=24)
    device.run("sync")
    assert chain(device) == ["receive"]
