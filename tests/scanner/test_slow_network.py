"""A network that takes a request and never answers: scanning goes on, the sync gives up by itself and comes back."""

import contextlib
import threading
import time

import httpx

from coldscan.device import load_device
from coldscan.operation import Operation
from coldscan.store import open_store
from coldscan.sync import SyncReport, sync_once
from coldscan.watch import Pace
from coldscan.wire import TIMEOUT, Wire
from support.scanner_device import Device
from support.scanner_server import ScannerServer
from support.scanner_world import World

STALL_S = 3.0
SHORT = httpx.Timeout(0.3)


def sync(device: Device, *, batch: int = 50, timeout: httpx.Timeout = TIMEOUT) -> SyncReport:
    """Do one sync."""
    with contextlib.closing(open_store(device.state)) as connection:
        enrolled = load_device(connection, device.state, None)
        with Wire(
            enrolled.url, signer=enrolled.signer, net=enrolled.net, lang="en", clock=device.clock, timeout=timeout
        ) as wire:
            return sync_once(connection, enrolled, wire, clock=device.clock, batch=batch)


def test_a_network_that_never_answers_holds_no_scan_up_and_is_left_by_itself(
    device: Device, world: World, server: ScannerServer
) -> None:
    device.scan(*(world.carton() for _ in range(20)), operation=Operation.RECEIVE)
    server.temper.stall_s = STALL_S
    found: list[SyncReport] = []
    asking = threading.Thread(target=lambda: found.append(sync(device, timeout=SHORT)))
    begun = time.monotonic()
    asking.start()
    beside = device.scan(*(world.carton() for _ in range(20)))
    asking.join()
    assert time.monotonic() - begun < STALL_S * 20, "it was given up, not waited for"
    assert all(answer.queued for answer in beside)
    (stalled,) = found
    assert not stalled.reached
    assert [each.code for each in stalled.problems] == ["server_unreachable"], "one try, then no more questions"
    assert stalled.unsent >= 20
    pace = Pace(batch_max=50, random=bytes)
    assert pace.after(stalled) == 2.0
    assert pace.batch == 25, "a slow network gets smaller pieces"
    server.temper.stall_s = 0
    report = sync(device, batch=pace.batch)
    assert (report.ok, report.unsent) == (True, 0)
    pace.after(report)
    assert pace.batch == 50
    assert len(server.of_type("receive")) == 40
    assert device.run("status").json["unsent"] == 0


def test_the_limits_are_short() -> None:
    assert (TIMEOUT.connect, TIMEOUT.read) == (3.0, 10.0)
