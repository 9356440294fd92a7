"""One installation, one server, one enrolled device for each test of the scanner."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.scanner_device import Device
from support.scanner_server import ScannerServer, noon
from support.scanner_world import World
from support.ticking import TickingClock


@pytest.fixture
def world() -> World:
    """An installation at the noon of the tests."""
    return World(now=noon())


@pytest.fixture
def server(world: World) -> Iterator[ScannerServer]:
    """A server whose clock ticks a second with every look."""
    with ScannerServer(world, clock=TickingClock(noon())) as running:
        yield running


@pytest.fixture
def blank(tmp_path: Path) -> Device:
    """A device that is not enrolled."""
    return Device(tmp_path / "state", clock=TickingClock(noon()))


@pytest.fixture
def device(blank: Device, server: ScannerServer) -> Device:
    """An enrolled device that has synced once, so it has lots to commission."""
    enrolled = blank.run("enrol", server.invite(), "--offset", "+08:00")
    assert enrolled.status == 0, enrolled.err
    synced = blank.run("sync")
    assert synced.status == 0, synced.out
    server.requests.clear()
    return blank
