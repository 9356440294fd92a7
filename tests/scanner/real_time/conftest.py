"""The installation, server and device of tests whose processes have real clocks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from coldtrace import clock
from support.scanner_device import Device
from support.scanner_server import ScannerServer
from support.scanner_world import World


@pytest.fixture
def world() -> World:
    """An installation of today: the processes have real clocks."""
    return World(now=clock.now())


@pytest.fixture
def server(world: World) -> Iterator[ScannerServer]:
    """A server with the real time."""
    with ScannerServer(world) as running:
        yield running


@pytest.fixture
def device(tmp_path: Path, server: ScannerServer) -> Device:
    """An enrolled device with the real time."""
    enrolled = Device(tmp_path / "state")
    assert enrolled.run("enrol", server.invite()).status == 0
    assert enrolled.run("sync").status == 0
    return enrolled
