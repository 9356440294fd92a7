"""What the server has of a device's chain comes in pages; one that fails takes nothing back of what others showed."""

from typing import cast

import pytest

from coldscan.operation import Operation
from support.scanner_device import Device
from support.scanner_server import ScannerServer
from support.scanner_world import World


def fill(device: Device, world: World, count: int) -> list[str]:
    """Receive that many cartons and return the statements' ids."""
    answers = device.scan(*(world.carton() for _ in range(count)), operation=Operation.RECEIVE)
    return [answer.statement_id or "" for answer in answers]


def test_all_that_the_server_lost_is_named_however_many_pages_that_takes(
    device: Device, world: World, server: ScannerServer
) -> None:
    ids = fill(device, world, 11)
    device.run("sync")
    for id in ids[:10:2]:
        del server.stored[id]
    server.holes_a_page = 2
    assert device.run("sync").json["chain"] == "lost"
    (key,) = server.devices
    asked = [path for _, path in server.requests if "/chain" in path]
    assert asked[-2:] == [f"/api/v1/devices/{key}/chain?after=3", f"/api/v1/devices/{key}/chain?after=7"]
    assert device.rows("SELECT value FROM cache WHERE name = 'lost'") == [("[1, 3, 5, 7, 9]",)]


def test_a_chain_whose_pages_lead_nowhere_is_no_answer(
    device: Device, world: World, server: ScannerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(device, world, 1)
    honest = server.chain
    monkeypatch.setattr(server, "chain", lambda key, after=0: honest(key) | {"next": 5})
    ran = device.run("sync")
    assert (ran.json["sent"], ran.json["chain"]) == (1, "bad_answer")
    assert any("chain.next" in str(problem) for problem in cast(list[object], ran.json["problems"]))


def test_what_one_page_of_a_chain_shows_is_kept_when_the_next_one_fails(
    device: Device, world: World, server: ScannerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = fill(device, world, 11)
    assert device.run("sync").json["chain"] == "ok"
    for id in ids[:10:2]:
        del server.stored[id]
    server.holes_a_page, honest = 2, server.chain
    monkeypatch.setattr(server, "chain", lambda key, after=0: honest(key, after) if after < 4 else {"next": "?"})
    assert device.run("sync").json["chain"] == "bad_answer"
    assert device.rows("SELECT value FROM cache WHERE name = 'lost'") == [("[1, 3, 5, 7]",)]
    # One that sees less takes nothing back; one that sees all does.
    monkeypatch.setattr(server, "chain", lambda key, after=0: honest(key) if after == 0 else {"next": "?"})
    assert device.run("sync").json["chain"] == "bad_answer"
    assert device.rows("SELECT value FROM cache WHERE name = 'lost'") == [("[1, 3, 5, 7]",)]
    monkeypatch.undo()
    assert device.run("sync").json["chain"] == "lost"
    assert device.rows("SELECT value FROM cache WHERE name = 'lost'") == [("[1, 3, 5, 7, 9]",)]


def test_a_server_that_is_ahead_retires_the_key_though_a_later_page_fails(
    device: Device, world: World, server: ScannerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(device, world, 1)
    server.extra_seq, honest = 3, server.chain
    monkeypatch.setattr(server, "chain", lambda key, after=0: honest(key) | {"next": 5})
    assert device.run("sync").json["chain"] == "bad_answer"
    ran = device.run("scan")
    assert (ran.status, ran.json["code"]) == (1, "key_retired")
