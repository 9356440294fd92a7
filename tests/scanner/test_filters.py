"""Filters on the handheld: fetched when they changed, checked before they count, asked without a network."""

from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from coldscan.answer import Result
from coldscan.operation import Operation
from coldtrace.codes.digital_link import parse_trace_code
from coldtrace.errors import Lang
from coldtrace.seal.filter import open_filter
from coldtrace.seal.filter_header import FilterKind
from support.scanner_device import Device
from support.scanner_server import ScannerServer
from support.scanner_world import GTIN, LOT, OWN, World
from support.ticking import TickingClock

VOIDED, LOTS = FilterKind.REVOKED_UNITS, FilterKind.RECALLED_LOTS
LOT_ITEM = f"(01){GTIN}(10){LOT}"


def unit_of(uri: str) -> str:
    return str(parse_trace_code(uri).unit_id)


def verdict(device: Device, uri: str) -> object:
    return device.run("verify", uri).json["verdict"]


def filter_files(device: Device) -> list[Path]:
    return sorted(device.state.root.glob("filter-*"))


def asked(server: ScannerServer) -> list[str]:
    return [path for _, path in server.requests if path.startswith("/api/v1/filters/")]


def new_list(world: World) -> None:
    world.seq += 1


def test_a_voided_carton_is_stopped_without_a_network(device: Device, world: World, server: ScannerServer) -> None:
    voided, good = world.carton(), world.carton()
    server.offer(world.stop_filter(VOIDED, unit_of(voided)), world.stop_filter(LOTS))
    assert device.run("sync").json["filters"] == "new"
    server.requests.clear()
    (stopped,) = device.scan(voided, operation=Operation.RECEIVE)
    assert (stopped.verdict, stopped.queued) == ("revoked_unit", False)
    assert (stopped.result, "chance" in stopped.say) == (Result.STOP, False)
    (passed,) = device.scan(good, operation=Operation.RECEIVE)
    assert (passed.verdict, passed.queued) == ("valid", True)
    assert server.requests == []


def test_a_recalled_lot_is_stopped_and_let_go(device: Device, world: World, server: ScannerServer) -> None:
    carton = world.carton()
    server.offer(world.stop_filter(LOTS, LOT_ITEM))
    device.run("sync")
    assert verdict(device, carton) == "recalled_lot"
    assert "误命中" not in str(device.run("verify", carton, lang="zh").json["say"])
    (stopped,) = device.scan(carton, operation=Operation.RECEIVE)
    assert (stopped.result, stopped.queued) == (Result.STOP, False)
    server.offer(world.stop_filter(LOTS, seq=2))
    assert device.run("sync").json["filters"] == "new"
    assert verdict(device, carton) == "valid"


def test_after_one_void_and_one_recall_good_cartons_of_other_lots_pass(
    device: Device, world: World, server: ScannerServer
) -> None:
    server.offer(world.stop_filter(VOIDED, unit_of(world.carton())), world.stop_filter(LOTS, f"(01){GTIN}(10)L0"))
    device.run("sync")
    with device.bench() as bench:
        held = bench.knowledge.filters.held
    # With slots of 8 bits some twelve of these would have been red.
    good = [world.carton(lot=f"L{number}") for number in range(1, 1500)]
    assert {held.judge(uri, trust=world.trust_list(), now=world.now).verdict for uri in good} == {"valid"}


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_hit_that_may_be_chance_is_looked_up_not_stopped(
    device: Device, world: World, server: ScannerServer, bits: int, lang: Lang
) -> None:
    carton = world.carton()
    server.offer(world.stop_filter(VOIDED, unit_of(carton), bits=bits), world.stop_filter(LOTS))
    device.run("sync")
    (answer,) = device.scan(carton, operation=Operation.RECEIVE, lang=lang)
    assert (answer.verdict, answer.result, answer.code) == ("revoked_unit", Result.LOOK, "stop_uncertain")
    assert (answer.queued, device.run("status").json["unsent"]) == (True, 1)
    assert ("联网" if lang == "zh" else "online") in answer.say
    assert str(2**bits) in answer.say
    shown = device.run("verify", carton, lang=lang)
    assert (shown.json["verdict"], shown.status) == ("revoked_unit", 1)
    assert str(2**bits) in str(shown.json["say"])


def test_a_hit_that_may_be_chance_hides_no_recall(device: Device, world: World, server: ScannerServer) -> None:
    carton = world.carton()
    server.offer(world.stop_filter(VOIDED, unit_of(carton), bits=16), world.stop_filter(LOTS, LOT_ITEM))
    device.run("sync")
    (answer,) = device.scan(carton, operation=Operation.RECEIVE)
    assert (answer.verdict, answer.result, answer.queued) == ("recalled_lot", Result.STOP, False)


def test_goods_on_hold_come_in_and_do_not_go_on(device: Device, world: World, server: ScannerServer) -> None:
    held, good = world.carton(), world.carton()
    server.offer(
        world.stop_filter(VOIDED), world.stop_filter(LOTS), world.stop_filter(FilterKind.BLOCKED_UNITS, unit_of(held))
    )
    device.run("sync")
    (received,) = device.scan(held, operation=Operation.RECEIVE)
    assert (received.result, received.code, received.queued) == (Result.LOOK, "held", True)
    assert "on hold" in received.say
    (stopped,) = device.scan(held, operation=Operation.SELL)
    assert (stopped.result, stopped.code, stopped.queued) == (Result.STOP, "held", False)
    assert "must not be shipped or sold" in stopped.say
    (sold,) = device.scan(good, operation=Operation.SELL)
    assert (sold.code, sold.queued) == (None, True)
    assert verdict(device, held) == "valid"


def test_a_lot_on_hold_holds_its_cartons(device: Device, world: World, server: ScannerServer) -> None:
    carton = world.carton()
    server.offer(world.stop_filter(FilterKind.BLOCKED_UNITS, LOT_ITEM))
    device.run("sync")
    (stopped,) = device.scan(carton, operation=Operation.SELL)
    assert (stopped.result, stopped.code, stopped.queued) == (Result.STOP, "held", False)
    server.offer(world.stop_filter(FilterKind.BLOCKED_UNITS, seq=2))
    device.run("sync")
    (sold,) = device.scan(carton, operation=Operation.SELL)
    assert (sold.code, sold.queued) == (None, True)


def test_a_hold_that_may_be_chance_is_looked_up(device: Device, world: World, server: ScannerServer) -> None:
    carton = world.carton()
    server.offer(world.stop_filter(FilterKind.BLOCKED_UNITS, unit_of(carton), bits=16))
    device.run("sync")
    (sold,) = device.scan(carton, operation=Operation.SELL)
    assert (sold.result, sold.code, sold.queued) == (Result.LOOK, "held", True)
    assert "65536" in sold.say


def test_a_stolen_key(device: Device, world: World, server: ScannerServer) -> None:
    before, forged = world.carton(), world.carton()
    file = world.allow_filter(unit_of(before))
    new_list(world)
    # The new list alone: everything of the key is red, whatever the server does with the filter.
    server.offer()
    server.filter_files = {}
    told = device.run("sync").json
    assert (told["trust_list"], told["ok"]) == ("new", False)
    assert (verdict(device, before), verdict(device, forged)) == ("revoked", "revoked")
    server.offer(file)
    assert device.run("sync").json["filters"] == "new"
    assert (verdict(device, before), verdict(device, forged)) == ("valid", "revoked")
    assert verdict(device, world.place(OWN)) == "revoked"


def test_filters_are_fetched_only_when_they_changed(device: Device, world: World, server: ScannerServer) -> None:
    server.offer(world.stop_filter(VOIDED), world.stop_filter(LOTS))
    device.run("sync")
    assert len(asked(server)) == 2
    server.requests.clear()
    assert device.run("sync").json["filters"] == "same"
    assert asked(server) == []
    server.offer(world.stop_filter(VOIDED, "(00)1", seq=2), *server.filter_files.values())
    server.filters = [each for each in server.filters or [] if (each["kind"], each["seq"]) != (str(VOIDED), 1)]
    device.run("sync")
    assert len(asked(server)) == 1
    assert len(filter_files(device)) == 2
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in filter_files(device))


def test_a_lost_file_is_fetched_again_and_said_meanwhile(device: Device, world: World, server: ScannerServer) -> None:
    server.offer(world.stop_filter(VOIDED))
    device.run("sync")
    (path,) = filter_files(device)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert "stops_unknown" in device.run("status").json["warnings"]  # type: ignore[operator]
    (answer,) = device.scan(world.carton(), operation=Operation.RECEIVE)
    assert (answer.queued, answer.code) == (True, "status_unknown")
    path.unlink()
    assert device.run("sync").json["filters"] == "same"
    assert device.run("status").json["warnings"] == []
    assert filter_files(device) == [path]


def test_an_expired_filter_turns_green_to_amber(device: Device, world: World, server: ScannerServer) -> None:
    carton = world.carton()
    server.offer(world.stop_filter(VOIDED, life=timedelta(hours=2)))
    device.run("sync")
    (held,) = cast(list[dict[str, object]], device.run("status").json["filters"])
    assert (held["kind"], held["seq"], held["count"], held["expired"]) == ("revoked_units", 1, 0, False)
    cast(TickingClock, device.clock).forward(timedelta(hours=3))
    shown = device.run("verify", carton).json
    assert (shown["verdict"], shown["list_expired"], shown["stops_unknown"]) == ("valid", False, True)
    (answer,) = device.scan(carton, operation=Operation.RECEIVE)
    assert answer.code == "status_unknown"


BAD: dict[str, tuple[str, dict[str, object]]] = {
    "rolled back": ("filter_rolled_back", {}),
    "two of one number": ("filter_seq_twice", {}),
    "by a stranger": ("untrusted_filter", {}),
    "broken": ("malformed_filter", {}),
    "another number in the index": ("filter_other_kind", {"seq": 9}),
    "another kind in the index": ("filter_other_kind", {"kind": "recalled_lots", "seq": 6}),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_filter_leaves_the_old_one(name: str, device: Device, world: World, server: ScannerServer) -> None:
    voided = world.carton()
    server.offer(world.stop_filter(VOIDED, unit_of(voided), seq=5))
    device.run("sync")
    before = filter_files(device)
    code, said = BAD[name]
    seq = {"rolled back": 4, "two of one number": 5}.get(name, 6)
    by = world.station if name == "by a stranger" else None
    server.offer(world.stop_filter(VOIDED, seq=seq, by=by), **said)
    if name == "broken":
        server.filter_files = {id: file[:-1] + b"\xff" for id, file in server.filter_files.items()}
        server.filter_files = {id: file + b"\xff" for id, file in server.filter_files.items()}
    told = device.run("sync").json
    assert (told["ok"], told["filters"]) == (False, "unsafe_answer")
    assert code in str(told["problems"])
    assert verdict(device, voided) == "revoked_unit"
    assert filter_files(device) == before
    # The next sync asks again, and takes a good one.
    server.offer(world.stop_filter(VOIDED, seq=7))
    assert device.run("sync").json["filters"] == "new"
    assert verdict(device, voided) == "valid"


def test_one_bad_filter_leaves_the_others(device: Device, world: World, server: ScannerServer) -> None:
    carton = world.carton()
    bad, good = world.stop_filter(VOIDED, by=world.station), world.stop_filter(LOTS, LOT_ITEM)
    server.offer(bad, good)
    assert device.run("sync").json["filters"] == "unsafe_answer"
    assert verdict(device, carton) == "recalled_lot"
    assert [path.name for path in filter_files(device)] == [f"filter-{open_filter(good).id.hex()}.ccf1"]


@pytest.mark.parametrize("id", ["../../etc/passwd", "0" * 63, "G" * 64])
def test_an_index_that_names_no_filter(id: str, device: Device, world: World, server: ScannerServer) -> None:
    server.filters = [{"kind": str(VOIDED), "seq": 1, "sha256": id}]
    told = device.run("sync").json
    assert told["filters"] == "bad_answer"
    assert filter_files(device) == []


def test_a_server_without_filters(device: Device, world: World, server: ScannerServer) -> None:
    server.filters = None
    told = device.run("sync").json
    assert (told["ok"], told["filters"]) == (True, "none")
    assert verdict(device, world.carton()) == "valid"
