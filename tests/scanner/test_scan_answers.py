"""What one scan is answered with, operation by operation."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from coldscan.answer import Result
from coldscan.bench import TIDY_EVERY
from coldscan.commands import set_counterparty
from coldscan.goods import PILE_MAX
from coldscan.operation import Operation
from coldscan.scan import take
from coldtrace.clock import parse_utc
from coldtrace.codes.digital_link import parse_trace_code
from coldtrace.codes.short_code import format_short_code, new_serial
from coldtrace.codes.signing_input import signing_input
from coldtrace.codes.token import decode_token
from coldtrace.events.facts import facts_hash
from coldtrace.events.statement import read_statement
from coldtrace.seal.b64 import b64
from coldtrace.seal.hashing import sha256
from support.scanner_device import Device
from support.scanner_server import ScannerServer
from support.scanner_world import BUYER, GTIN, OWN, World, gln, sscc


def queued(device: Device) -> list[tuple[object, ...]]:
    return device.rows("SELECT id, type, seq FROM statements ORDER BY seq")


def test_commission_carries_code_facts_and_place(device: Device, world: World, server: ScannerServer) -> None:
    text = world.carton()
    (answer,) = device.scan(text, operation=Operation.COMMISSION)
    assert (answer.result, answer.queued, answer.verdict) == (Result.SAVED, True, "valid")
    assert queued(device) == [(answer.statement_id, "commission", 1)]
    assert device.run("sync").status == 0
    (statement,) = server.of_type("commission")
    code = parse_trace_code(text)
    digest = sha256(signing_input(decode_token(code.token or "").header, code.elements))
    (line,) = statement.units.lines
    assert (line.role, line.unit, line.quantity) == ("unit", answer.unit, 1)
    assert line.attributes == {"code": b64(digest)}
    assert statement.public.facts == facts_hash(world.facts)
    assert (statement.public.place.role, statement.public.place.district) == ("first_station", "120116")
    assert (statement.public.by.value, statement.public.cold.value) == ("device", "unknown")
    assert statement.private.site == OWN
    assert statement.private.value("offset") == "+08:00"
    assert statement.header.prev is None


def test_pallet_packs_the_pile_in_the_order_of_scanning(device: Device, world: World, server: ScannerServer) -> None:
    cartons = [world.carton() for _ in range(3)]
    answers = device.scan(*cartons, world.pallet(), operation=Operation.COMMISSION)
    assert [each.queued for each in answers] == [True] * 4
    assert device.run("sync").status == 0
    (pack,) = server.of_type("pack")
    parent, *children = pack.units.lines
    assert (parent.role, parent.unit, parent.parent) == ("parent", f"(00){sscc(1)}", None)
    assert [(each.role, each.unit, each.parent) for each in children] == [
        ("child", answer.unit, parent.unit) for answer in answers[:3]
    ]
    assert device.rows("SELECT * FROM pile") == []


def test_pack_mode_picks_what_is_already_commissioned(device: Device, world: World) -> None:
    first, second = world.carton(), world.carton()
    answers = device.scan(first, second, first, world.pallet(), operation=Operation.PACK)
    assert [each.result for each in answers] == [Result.NOTED, Result.NOTED, Result.REPEAT, Result.SAVED]
    assert [each[1] for each in queued(device)] == ["pack"]


def test_an_empty_pile_packs_nothing(device: Device, world: World) -> None:
    (answer,) = device.scan(world.pallet(), operation=Operation.PACK)
    assert (answer.result, answer.code, answer.queued) == (Result.LOOK, "empty_pile", False)
    device.scan(world.carton(), world.pallet(), operation=Operation.PACK)
    (again,) = device.scan(world.pallet(), operation=Operation.PACK)
    assert (again.result, again.code) == (Result.REPEAT, "repeat")


def test_ship_needs_a_destination(device: Device, world: World, server: ScannerServer) -> None:
    pallet = world.pallet()
    early, place, late = device.scan(pallet, world.place(BUYER), pallet, operation=Operation.SHIP)
    assert (early.code, early.queued) == ("no_destination", False)
    assert (place.result, place.queued) == (Result.NOTED, False)
    assert "静海冷库" in place.say
    assert late.queued
    assert device.run("sync").status == 0
    (ship,) = server.of_type("ship")
    assert ship.private.value("to") == BUYER
    assert [(line.role, line.unit) for line in ship.units.lines] == [("unit", f"(00){sscc(1)}")]


def test_own_place_code_is_a_door(device: Device, world: World, server: ScannerServer) -> None:
    answers = device.scan(
        world.place(OWN, "D3"), world.pallet(1), world.place(OWN), world.pallet(2), operation=Operation.RECEIVE
    )
    assert [each.queued for each in answers] == [False, True, False, True]
    assert device.run("sync").status == 0
    assert [each.private.value("door") for each in server.of_type("receive")] == [f"{OWN}/D3", OWN]
    assert [each.private.value("from") for each in server.of_type("receive")] == [None, None]


def test_places_are_called_as_the_server_calls_them(device: Device, world: World, server: ScannerServer) -> None:
    server.doors = [{"gln": gln(5), "name_zh": "五号库", "name_en": "Store five"}]
    assert device.run("sync").status == 0
    named, known, number = device.scan(
        world.place(gln(5)), world.place(BUYER), world.place(gln(6)), operation=Operation.SHIP
    )
    assert "Store five" in named.say
    assert "静海冷库" in known.say
    assert gln(6) in number.say


def test_receive_names_the_sender_if_scanned(device: Device, world: World, server: ScannerServer) -> None:
    device.scan(world.pallet(1), world.place(BUYER), world.pallet(2), operation=Operation.RECEIVE)
    assert device.run("sync").status == 0
    assert [each.private.value("from") for each in server.of_type("receive")] == [None, BUYER]


def test_unpack_takes_cartons_off_the_open_pallet(device: Device, world: World, server: ScannerServer) -> None:
    carton = world.carton()
    early, opened, first, again = device.scan(carton, world.pallet(4), carton, carton, operation=Operation.UNPACK)
    assert (early.code, opened.queued, first.queued) == ("no_pallet", False, True)
    assert (again.result, again.queued) == (Result.REPEAT, False)
    assert device.run("sync").status == 0
    (statement,) = server.of_type("unpack")
    (line,) = statement.units.lines
    assert (line.role, line.unit, line.parent, line.quantity) == ("child", first.unit, f"(00){sscc(4)}", 1)


def test_sell_takes_cartons_only(device: Device, world: World, server: ScannerServer) -> None:
    pallet, carton = device.scan(world.pallet(), world.carton(), operation=Operation.SELL)
    assert (pallet.code, pallet.queued, carton.queued) == ("not_a_carton", False, True)
    assert device.run("sync").status == 0
    assert len(server.of_type("sell")) == 1


def test_commands_drive_a_whole_shift_without_keys(device: Device, world: World, server: ScannerServer) -> None:
    carton = world.carton()
    answers = device.scan(
        "CT:COMMISSION",
        carton,
        world.pallet(),
        "ct:out",
        world.place(BUYER),
        world.pallet(),
        "CT:IN",
        world.pallet(9),
        "CT:UNPACK",
        world.pallet(9),
        carton,
        "CT:SELL",
        carton,
    )
    assert [each.operation for each in answers if each.queued] == [
        "commission",
        "commission",
        "ship",
        "receive",
        "unpack",
        "sell",
    ]
    assert [each[1] for each in queued(device)] == ["commission", "pack", "ship", "receive", "unpack", "sell"]


def test_goods_before_any_operation(device: Device, world: World) -> None:
    (answer,) = device.scan(world.carton())
    assert (answer.result, answer.code, answer.verdict) == (Result.LOOK, "no_operation", "valid")


def test_unknown_command(device: Device) -> None:
    (answer,) = device.scan("CT:DANCE")
    assert (answer.result, answer.code, answer.queued) == (Result.STOP, "unknown_command", False)


@pytest.mark.parametrize(("card", "code"), [("CT:DANCE", "unknown_command"), ("CT:HOLD", "not_allowed")])
def test_after_a_refused_card_nothing_is_done(
    device: Device, server: ScannerServer, world: World, card: str, code: str
) -> None:
    server.operations = ["receive", "store", "pack"]
    device.run("sync")
    carton = world.carton()
    refused, later, back = device.scan("CT:IN", card, carton, "CT:IN")[1:]
    assert (refused.result, refused.code, refused.operation) == (Result.STOP, code, None)
    assert "scan an operation card again" in refused.say
    assert (later.code, later.queued) == ("no_operation", False)
    assert queued(device) == []
    assert (back.result, device.scan(carton)[0].queued) == (Result.NOTED, True)
    dropped, again = device.scan("CT:MOVE", world.carton(), card, card)[2:]
    assert "1 that were picked before are let go" in dropped.say
    assert "let go" not in again.say


def test_operation_that_the_enrolment_lacks(device: Device, server: ScannerServer, world: World) -> None:
    device.scan("CT:SELL")
    server.operations = ["receive"]
    assert device.run("sync").status == 0
    carton, sell = device.scan(world.carton(), "CT:SELL")
    assert (sell.code, carton.code) == ("not_allowed", "not_allowed")
    assert queued(device) == []
    assert device.run("scan", "--operation", "sell").json["code"] == "not_allowed"


def test_next_clears_pile_pallet_and_counterparty(device: Device, world: World) -> None:
    answers = device.scan(world.carton(), "CT:NEXT", world.pallet(), operation=Operation.COMMISSION)
    assert answers[1].code == "pile_cleared"
    assert answers[2].code == "empty_pile"
    answers = device.scan("CT:OUT", world.place(BUYER), "CT:NEXT", world.pallet(), "CT:UNPACK")
    assert answers[3].code == "no_destination"


def test_next_lets_a_unit_be_stated_again(device: Device, world: World) -> None:
    pallet = world.pallet()
    answers = device.scan(pallet, pallet, "CT:NEXT", pallet, operation=Operation.RECEIVE)
    assert [each.queued for each in answers] == [True, False, False, True]
    assert answers[1].result is Result.REPEAT


def test_a_repeat_outlives_the_program_but_not_the_shift(device: Device, world: World) -> None:
    pallet = world.pallet()
    device.scan(pallet, operation=Operation.RECEIVE)
    (again,) = device.scan(pallet, operation=Operation.RECEIVE)
    assert again.result is Result.REPEAT
    device.clock.forward(timedelta(hours=13))  # type: ignore[attr-defined]
    (tomorrow,) = device.scan(pallet, operation=Operation.RECEIVE)
    assert tomorrow.queued


def test_a_carton_is_commissioned_once_whatever_happens_in_between(device: Device, world: World) -> None:
    carton = world.carton()
    device.scan(carton, "CT:NEXT", operation=Operation.COMMISSION)
    device.clock.forward(timedelta(days=400))  # type: ignore[attr-defined]
    (again,) = device.scan(carton)
    assert again.result is Result.REPEAT


def test_lot_without_facts(device: Device, world: World) -> None:
    (answer,) = device.scan(world.carton(lot="OTHER"), operation=Operation.COMMISSION)
    assert (answer.result, answer.code, answer.queued) == (Result.STOP, "no_facts", False)
    assert "OTHER" in answer.say


def test_a_pile_that_nobody_closes(device: Device, world: World) -> None:
    device.scan(world.carton(), operation=Operation.PACK)
    with device.bench() as bench:
        bench.connection.executemany(
            "INSERT INTO pile (lane, role, unit) VALUES ('1', 'child', ?)", [(f"(00){n}",) for n in range(PILE_MAX)]
        )
    (answer,) = device.scan(world.carton())
    assert answer.code == "full_pile"


def test_two_lanes_have_two_piles(device: Device, world: World) -> None:
    device.scan(world.carton(), operation=Operation.PACK, lane="1")
    (answer,) = device.scan(world.pallet(), operation=Operation.PACK, lane="2")
    assert answer.code == "empty_pile"


def test_switching_away_from_an_open_pile_is_said(device: Device, world: World) -> None:
    answers = device.scan(world.carton(), "CT:OUT", operation=Operation.COMMISSION)
    assert (answers[1].result, answers[1].code) == (Result.LOOK, "pile_open")


def _inverted(text: str) -> str:
    return text.swapcase()


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "]Q1" + text,
        lambda text: "]Q3" + text,
        lambda text: f"  {text}\t",
        str.lower,
        _inverted,
        lambda text: text.replace("https://TRACE.EXAMPLE.CN", "HTTPS://trace.example.cn"),
        lambda text: text + "&utm=wall",
    ],
)
def test_what_guns_make_of_a_code(device: Device, world: World, change: Callable[[str], str]) -> None:
    text = world.carton()
    (answer,) = device.scan(change(text), operation=Operation.COMMISSION)
    assert (answer.verdict, answer.queued) == ("valid", True), answer
    assert answer.unit == parse_trace_code(text).unit_id


def test_short_code_works_once_the_device_has_read_the_full_one(device: Device, world: World) -> None:
    serial = new_serial(world.random)
    short = format_short_code(serial)
    (unknown,) = device.scan(short, operation=Operation.COMMISSION)
    assert (unknown.result, unknown.code, unknown.queued) == (Result.LOOK, "short_code_unknown", False)
    device.scan(world.carton(serial).lower())
    answers = device.scan(short.lower(), operation=Operation.RECEIVE)
    assert answers[0].queued
    assert answers[0].unit == f"(01){GTIN}(21){serial}"


def tampered(text: str) -> str:
    return text.replace("/10/L2409A17", "/10/L2409A18")


def test_codes_that_are_refused_queue_nothing_and_are_kept(device: Device, world: World) -> None:
    good = world.carton()
    stranger = World(now=world.now, name="stranger").carton()
    cases = {
        tampered(good): "bad_signature",
        stranger: "unknown_key",
        good.split("?")[0]: "unsigned",
        f"]C100{sscc(1)}": "unsigned",
        good[:-3]: "malformed_token",
        good.replace("/01/0", "/01/1"): "malformed_uri",
        "hello": "malformed_uri",
        "\x1b]0;owned\x07": "malformed_uri",
        "ｈｔｔｐｓ": "malformed_uri",
        "x" * 100_000: "malformed_uri",
        "\ufffd\x00\x1d": "malformed_uri",
        "9506000134352": "unsigned",
    }
    answers = device.scan(*cases, operation=Operation.RECEIVE)
    assert [each.verdict for each in answers] == list(cases.values())
    assert all(each.result is Result.STOP and not each.queued for each in answers)
    assert all(each.say for each in answers)
    assert queued(device) == []
    assert device.rows("SELECT COUNT(*) FROM refused_scans") == [(len(cases),)]
    assert device.run("status").json["refused_scans"] == len(cases)


def test_forged_place_code_sets_no_destination(device: Device, world: World) -> None:
    forged = World(now=world.now, name="stranger").place(BUYER)
    place, pallet = device.scan(forged, world.pallet(), operation=Operation.SHIP)
    assert (place.verdict, pallet.code) == ("unknown_key", "no_destination")


def test_revoked_key_stops_after_a_sync(device: Device, world: World) -> None:
    text = world.carton()
    world.revoked, world.seq = True, world.seq + 1
    with device.bench(Operation.RECEIVE) as bench:
        from coldscan.scan import take

        assert take(bench, text).queued
        assert device.run("sync").json["trust_list"] == "new"
        answer = take(bench, world.carton())
    assert (answer.verdict, answer.queued) == ("revoked", False)


def test_host_that_is_not_listed_is_amber_and_queued(device: Device, world: World) -> None:
    (answer,) = device.scan(world.carton(host="other.example.cn"), operation=Operation.RECEIVE)
    assert (answer.verdict, answer.result, answer.queued) == ("untrusted_host", Result.LOOK, True)
    assert "other.example.cn" in answer.say


def test_expired_list_is_amber_with_its_age_and_queued(device: Device, world: World) -> None:
    device.clock.forward(timedelta(days=8))  # type: ignore[attr-defined]
    (answer,) = device.scan(world.carton(), operation=Operation.RECEIVE)
    assert (answer.verdict, answer.result, answer.queued) == ("valid", Result.LOOK, True)
    assert answer.code == "status_unknown"
    assert "signature valid, status unknown since 2026-11-23 11:00" in answer.say


def test_statements_can_be_read_back_from_the_store(device: Device, world: World) -> None:
    device.scan(world.carton(), world.carton(), world.pallet(), operation=Operation.COMMISSION)
    rows = device.rows("SELECT header, public, private, units, sig FROM statements ORDER BY seq")
    prev = None
    for number, row in enumerate(rows, 1):
        names = ("header", "public", "private", "units", "sig")
        statement = read_statement(dict(zip(names, row, strict=True)))
        assert (statement.private.seq, statement.header.prev) == (number, prev)
        assert statement.header.seen is not None
        prev = statement.header_hash


def test_what_no_server_would_read_is_refused_before_it_is_signed(device: Device, world: World) -> None:
    """The first statement of a shape is read back, and one that cannot be read makes no shape."""
    with device.bench(Operation.SHIP) as bench:
        set_counterparty(bench, gln=None, name="x" * 2_001)
        answers = [take(bench, world.carton()) for _ in range(3)]
        assert {(answer.code, answer.queued) for answer in answers} == {("malformed_statement", False)}
        set_counterparty(bench, gln=None, name="x" * 2_000)
        assert all(take(bench, world.carton()).queued for _ in range(3))


def test_all_statements_of_one_shape_can_be_read(device: Device, world: World) -> None:
    """Only the first of them was read back by the device itself."""
    device.scan(*(world.carton() for _ in range(5)), operation=Operation.COMMISSION)
    device.scan("CT:NEXT", *(world.carton() for _ in range(5)), "CT:UNDO", operation=Operation.RECEIVE)
    rows = device.rows("SELECT header, public, private, units, sig FROM statements ORDER BY seq")
    names = ("header", "public", "private", "units", "sig")
    found = [read_statement(dict(zip(names, row, strict=True))) for row in rows]
    assert [each.private.seq for each in found] == list(range(1, 12))
    assert len({each.private.salt for each in found} | {each.units.salt for each in found}) == 22


def test_between_scans_the_log_is_brought_into_the_file(device: Device, world: World) -> None:
    with device.bench(Operation.RECEIVE) as bench:
        for _ in range(TIDY_EVERY):
            assert take(bench, world.carton()).queued
            bench.rest()
        # Somebody copies the file and forgets the log beside it.
        copy = Device(device.root.parent / "copy")
        copy.state.create()
        copy.state.store.write_bytes(device.state.store.read_bytes())
        assert copy.rows("SELECT COUNT(*) FROM statements") == [(TIDY_EVERY,)]


def test_past_the_limit_of_the_site_green_turns_amber(device: Device, world: World) -> None:
    """The list is good for days; this site wants to know after four hours that nobody has asked."""
    assert device.run("sync", "--amber-after", "4").status == 0
    assert device.run("status").json["amber_after_s"] == 4 * 3600
    device.clock.forward(timedelta(hours=3))  # type: ignore[attr-defined]
    (green,) = device.scan(world.carton(), operation=Operation.RECEIVE)
    assert (green.result, green.code) == (Result.SAVED, None)
    device.clock.forward(timedelta(hours=2))  # type: ignore[attr-defined]
    (amber,) = device.scan(world.carton())
    assert (amber.result, amber.code, amber.queued) == (Result.LOOK, "status_unknown", True)
    synced_at = str(device.run("status").json["last_server_time"])
    local = (parse_utc(synced_at) + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M")
    assert f"signature valid, status unknown since {local}" in amber.say
    assert device.run("sync").status == 0
    assert device.scan(world.carton())[0].result is Result.SAVED
    device.clock.forward(timedelta(hours=5))  # type: ignore[attr-defined]
    assert device.run("sync", "--amber-after", "0").status == 0
    device.clock.forward(timedelta(hours=5))  # type: ignore[attr-defined]
    assert device.scan(world.carton())[0].result is Result.SAVED
