"""What a terminal says at its edges: never enrolled, revoked, refused, a place without a signature."""

from coldscan.answer import Result
from coldscan.operation import Operation
from coldscan.refusals import KeyRevoked
from coldscan.status import WARNINGS
from coldscan.wire import Reply
from support.scanner_device import Device
from support.scanner_server import ScannerServer
from support.scanner_world import OWN, World


def test_a_wrong_folder_is_said_and_not_made(blank: Device) -> None:
    for command in ("status", "export"):
        ran = blank.run(command)
        assert (ran.status, ran.json["code"]) == (2, "not_enrolled")
        assert ran.err.count("Not enrolled") == 1
    assert not blank.root.exists()
    blank.rows("SELECT 1")
    assert blank.run("export").json["code"] == "not_enrolled"


def test_an_enrolled_device_without_statements_exports_nothing(device: Device) -> None:
    ran = device.run("export")
    assert (ran.status, ran.out) == (0, "")


def test_a_revoked_terminal_says_what_to_do(device: Device, world: World, server: ScannerServer) -> None:
    device.scan(world.pallet(), operation=Operation.RECEIVE)
    server.revoked = set(server.devices)
    ran = device.run("sync")
    assert ran.status == 1
    warnings = device.run("status").json["warnings"]
    assert isinstance(warnings, list)
    assert "key_revoked" in warnings
    for said in (WARNINGS["key_revoked"].say("en"), KeyRevoked().say("en")):
        assert "Take another terminal" in said
        assert "coldscan export saves it" in " ".join(said.split())


def test_the_doctor_looks_at_a_store_that_takes_nothing(device: Device) -> None:
    # As on a full disk, SQLite cannot make the log beside the file.
    for name in ("coldscan.db-wal", "coldscan.db-shm"):
        (device.root / name).unlink(missing_ok=True)
        (device.root / name).mkdir()
    ran = device.run("doctor")
    checks = ran.json["checks"]
    assert isinstance(checks, list)
    results = {each["name"]: each["result"] for each in checks}
    assert (ran.status, results["disk"], results["key"]) == (1, "failed", "passed")


def test_an_unsigned_place_is_called_one(device: Device) -> None:
    (answer,) = device.scan(f"https://id.example.org/414/{OWN}", operation=Operation.STORE)
    assert (answer.result, answer.verdict) == (Result.STOP, "unsigned")
    assert "place without a signature" in answer.say
    assert "scan the printed door code" in answer.say


def test_title_and_detail_of_a_refusal_are_two_sentences() -> None:
    body = b'{"code":"c","title":"Not taken","detail":"The key is revoked."}'
    assert Reply(status=403, headers={}, body=body).problem() == ("c", "Not taken. The key is revoked.")
