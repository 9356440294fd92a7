"""Labels that were printed ahead are bound to a lot at the door, without a network."""

from datetime import timedelta

import pytest

from coldscan.answer import Answer, Result
from coldscan.operation import Operation
from coldtrace.codes.digital_link import parse_trace_code
from coldtrace.codes.short_code import new_serial
from coldtrace.events.facts import facts_hash, write_facts
from support.scanner_device import Device
from support.scanner_server import ScannerServer
from support.scanner_world import BUYER, GTIN, LOT, World
from support.ticking import counting_bytes

ROLL, OTHER_ROLL = "01939f6e-1c00-7000-8000-00000000c0de", "01939f6e-1c00-7000-8000-00000000c0df"
PLAIN = f"(01){GTIN}(10){LOT}"
OTHER_GTIN = "19521234543210"
COMMISSION = Operation.COMMISSION


@pytest.fixture
def serials(world: World) -> list[str]:
    """The serials of a roll."""
    return [new_serial(world.random) for _ in range(5)]


@pytest.fixture(params=[GTIN, None], ids=["gtin", "u"])
def labels(
    device: Device, world: World, server: ScannerServer, serials: list[str], request: pytest.FixtureRequest
) -> list[str]:
    """The labels of a roll that a sync has told of; after it there is no network."""
    gtin: str | None = request.param
    server.rolls = {ROLL: world.roll(*serials, id=ROLL, gtin=gtin)}
    assert device.run("sync").json["rolls"] == "new"
    return [world.roll_label(serial, gtin) for serial in serials]


def said(answers: list[Answer]) -> list[tuple[Result, str | None, bool]]:
    return [(answer.result, answer.code, answer.queued) for answer in answers]


def another_lot(server: ScannerServer, world: World, lot: str = "L2410B02", gtin: str = GTIN) -> str:
    """Let the server name another lot and return its plain barcode."""
    facts = write_facts({"product_zh": "冻鸡腿", "product_en": "Frozen legs", "gtin": gtin, "lot": lot}, world.random)
    server.lots.append({"gtin": gtin, "lot": lot, "facts": facts})
    return f"(01){gtin}(10){lot}"


def test_the_makers_barcode_chooses_the_lot_and_labels_are_commissioned(
    device: Device, world: World, server: ScannerServer, labels: list[str]
) -> None:
    answers = device.scan(PLAIN, *labels[:3], world.pallet(), operation=COMMISSION)
    assert said(answers[:1]) == [(Result.NOTED, None, False)]
    assert LOT in answers[0].say
    assert "Frozen beef brisket" in answers[0].say
    assert said(answers[1:]) == [(Result.SAVED, None, True)] * 4
    assert device.run("sync").json["sent"] == 4
    assert {each.public.facts for each in server.of_type("commission")} == {facts_hash(world.facts)}
    assert [len(each.units.lines) for each in server.of_type("pack")] == [4]


def test_without_a_chosen_lot_a_label_waits(device: Device, labels: list[str]) -> None:
    (answer,) = device.scan(labels[0], operation=COMMISSION)
    assert said([answer]) == [(Result.LOOK, "no_lot_chosen", False)]
    assert "(01)(10)" in answer.say


def test_the_chosen_lot_survives_a_dead_battery_and_ends_with_next(device: Device, labels: list[str]) -> None:
    device.scan(PLAIN, operation=COMMISSION)
    assert said(device.scan(labels[0], "CT:NEXT", labels[1])) == [
        (Result.SAVED, None, True),
        (Result.LOOK, "pile_cleared", False),
        (Result.LOOK, "no_lot_chosen", False),
    ]


def test_the_same_label_again_is_a_repeat_whatever_lot_is_chosen(
    device: Device, world: World, server: ScannerServer, labels: list[str]
) -> None:
    other = another_lot(server, world)
    device.run("sync")
    answers = device.scan(PLAIN, labels[0], other, labels[0], operation=COMMISSION)
    assert [answer.result for answer in answers] == [Result.NOTED, Result.SAVED, Result.NOTED, Result.REPEAT]


def test_a_barcode_of_no_known_lot_chooses_nothing(device: Device, labels: list[str]) -> None:
    answers = device.scan(PLAIN, f"(01){GTIN}(10)ELSEWHERE", labels[0], operation=COMMISSION)
    assert said(answers[1:]) == [(Result.STOP, "no_facts", False), (Result.SAVED, None, True)]


def test_a_plain_barcode_is_unsigned_in_every_other_operation(device: Device, labels: list[str]) -> None:
    for operation in (Operation.RECEIVE, Operation.SHIP, Operation.COUNT):
        assert device.scan(PLAIN, operation=operation)[0].code == "unsigned"


def test_a_roll_for_one_product_takes_no_other(device: Device, world: World, server: ScannerServer) -> None:
    serial = new_serial(world.random)
    server.rolls = {ROLL: world.roll(serial, id=ROLL)}
    other = another_lot(server, world, gtin=OTHER_GTIN)
    device.run("sync")
    answers = device.scan(other, world.roll_label(serial), operation=COMMISSION)
    assert said(answers[1:]) == [(Result.STOP, "other_product", False)]


def test_a_label_of_another_lot_is_stopped_at_the_carton(device: Device, world: World, server: ScannerServer) -> None:
    """What the code or the desk says and what was scanned on the carton must be one lot."""
    other = another_lot(server, world)
    server.rolls = {}
    device.run("sync")
    answers = device.scan(other, world.carton(), PLAIN, world.carton(), operation=COMMISSION)
    assert said(answers[1::2]) == [(Result.STOP, "other_lot", False), (Result.SAVED, None, True)]
    assert "L2410B02" in answers[1].say
    assert LOT in answers[1].say


def test_a_lot_that_came_twice_gives_each_carton_its_own_facts(
    device: Device, world: World, server: ScannerServer
) -> None:
    first, second = world.carton(), world.carton()
    facts = {"product_zh": "冻牛腩", "product_en": "Frozen beef brisket", "gtin": GTIN, "lot": LOT}
    other = write_facts(facts, counting_bytes("another consignment"))
    server.lots.append({"gtin": GTIN, "lot": LOT, "facts": world.facts})
    server.lots.append({"gtin": GTIN, "lot": LOT, "facts": other})
    server.unit_lots = [
        {"facts": text, "units": [str(parse_trace_code(uri).unit_id)]}
        for text, uri in ((world.facts, first), (other, second))
    ]
    device.run("sync")
    device.scan(f"(01){GTIN}(10){LOT}", first, second, operation=Operation.COMMISSION)
    device.run("sync")
    stated = [each.public.facts for each in server.of_type("commission")]
    assert stated == [facts_hash(world.facts), facts_hash(other)]


def test_a_lot_that_is_gone_since_it_was_chosen(
    device: Device, world: World, server: ScannerServer, labels: list[str]
) -> None:
    device.scan(PLAIN, operation=COMMISSION)
    server.lots.clear()
    device.run("sync")
    assert said(device.scan(labels[0])) == [(Result.STOP, "no_facts", False)]


def test_past_its_time_a_label_is_kept_and_said_so(device: Device, labels: list[str]) -> None:
    device.clock.forward(timedelta(days=91))  # type: ignore[attr-defined]
    answers = device.scan(PLAIN, labels[0], operation=COMMISSION)
    assert said(answers[1:]) == [(Result.LOOK, "bound_late", True)]
    assert "time to be bound is over" in answers[1].say


def test_a_revoked_key_ends_its_rolls_even_where_a_filter_lets_its_labels_pass(
    device: Device, world: World, server: ScannerServer, serials: list[str]
) -> None:
    server.rolls = {ROLL: world.roll(*serials, id=ROLL)}
    device.run("sync")
    label = world.roll_label(serials[0])
    server.offer(world.allow_filter(f"(01){GTIN}(21){serials[0]}"))
    world.seq += 1
    device.run("sync")
    answers = device.scan(PLAIN, label, operation=COMMISSION)
    assert said(answers[1:]) == [(Result.STOP, "no_lot", False)]


def test_rolls_are_fetched_once_and_forgotten_when_they_are_not_named(
    device: Device, world: World, server: ScannerServer, serials: list[str]
) -> None:
    paths = [f"/api/v1/rolls/{id}/certificate" for id in (ROLL, OTHER_ROLL)]
    more = [new_serial(world.random)]
    server.rolls = {ROLL: world.roll(*serials, id=ROLL), OTHER_ROLL: world.roll(*more, id=OTHER_ROLL)}
    assert device.run("sync").json["rolls"] == "new"
    assert device.run("sync").json["rolls"] == "same"
    assert [sum(path == asked for _, asked in server.requests) for path in paths] == [1, 1]
    assert device.rows("SELECT COUNT(*) FROM roll_units") == [(6,)]
    del server.rolls[ROLL]
    assert device.run("sync").json["rolls"] == "new"
    assert device.rows("SELECT unit FROM roll_units") == [(f"(01){GTIN}(21){more[0]}",)]


def test_a_certificate_that_nobody_vouches_for_is_left_out_and_the_rest_goes_on(
    device: Device, world: World, server: ScannerServer, serials: list[str]
) -> None:
    forged = world.roll(*serials[:2], id=ROLL)[:-3] + 'A"}'
    server.rolls = {ROLL: forged, OTHER_ROLL: world.roll(*serials[2:], id=OTHER_ROLL)}
    synced = device.run("sync")
    assert (synced.status, synced.json["rolls"]) == (0, "roll_certificate_refused")
    answers = device.scan(PLAIN, *(world.roll_label(serial) for serial in serials[1:3]), operation=COMMISSION)
    assert said(answers[1:]) == [(Result.STOP, "no_lot", False), (Result.SAVED, None, True)]
    for bad, code in (("", "roll_unknown"), ("{}", "malformed_roll_certificate"), ("{", "not_canonical")):
        server.rolls = {ROLL: bad}
        assert device.run("sync").json["rolls"] in (code, "server_refused"), bad


def test_the_certificate_of_another_roll_or_site_is_no_answer(
    device: Device, world: World, server: ScannerServer, serials: list[str]
) -> None:
    server.rolls = {ROLL: world.roll(*serials, id=OTHER_ROLL)}
    assert device.run("sync").json["rolls"] == "bad_answer"
    server.rolls = {ROLL: world.roll(*serials, id=ROLL, site=BUYER)}
    assert device.run("sync").json["rolls"] == "roll_certificate_refused"
    assert device.rows("SELECT * FROM rolls") == []


def test_names_of_rolls_that_are_no_names(device: Device, server: ScannerServer) -> None:
    server.rolls = {"../../x": ""}
    assert device.run("sync").json["work"] == "bad_answer"
