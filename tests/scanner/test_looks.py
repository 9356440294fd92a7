"""status, verify, export, doctor: they look, and change nothing."""

import contextlib
import json
import os
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from coldscan.operation import Operation
from coldscan.store import _STEPS, SCHEMA_VERSION
from coldtrace.codes.short_code import format_short_code
from support.scanner_device import Device
from support.scanner_server import ScannerServer
from support.scanner_world import HOST, LOT, World


def checks_of(device: Device) -> dict[str, str]:
    """Return the doctor's results by name."""
    checks = cast(list[dict[str, str]], device.run("doctor").json["checks"])
    return {each["name"]: each["result"] for each in checks}


def test_status_counts_what_waits_and_for_how_long(device: Device, world: World) -> None:
    device.scan(world.carton(), world.carton(), operation=Operation.COMMISSION)
    device.clock.forward(timedelta(hours=25))  # type: ignore[attr-defined]
    status = device.run("status").json
    assert (status["unsent"], status["refused"], status["sent"]) == (2, 0, 0)
    assert 25 * 3600 <= cast(int, status["oldest_unsent_age_s"]) < 25 * 3600 + 120
    assert status["warnings"] == ["unsent_over_24_h"]
    (lane,) = cast(list[dict[str, object]], status["lanes"])
    assert (lane["operation"], lane["pile"]) == ("commission", 2)


def test_status_says_when_the_list_has_expired(device: Device) -> None:
    device.clock.forward(timedelta(days=30))  # type: ignore[attr-defined]
    status = device.run("status").json
    assert status["list_expired"] is True
    assert "trust_list_expired" in cast(list[str], status["warnings"])


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_status_in_words(device: Device, world: World, lang: str, capsys: pytest.CaptureFixture[str]) -> None:
    from coldscan.main import main

    device.scan(world.carton(), operation=Operation.RECEIVE)
    assert main(["--state", str(device.root), "--lang", lang, "status"], clock=device.clock) == 0
    out = capsys.readouterr().out
    assert ("未发送 1" if lang == "zh" else "unsent 1") in out


def test_verify_offline(device: Device, world: World, server: ScannerServer) -> None:
    text = world.carton()
    server.requests.clear()
    ran = device.run("verify", "]Q1" + text)
    assert (ran.status, ran.json["verdict"]) == (0, "valid")
    assert cast(dict[str, str], ran.json["ais"])["10"] == LOT
    ran = device.run("verify", text.replace(LOT, "L2409A18"))
    assert (ran.status, ran.json["verdict"], ran.json["ais"]) == (1, "bad_signature", {})
    assert device.run("verify", world.carton(host="x.example.cn")).status == 1
    assert device.run("verify", "\x1b[2Jhello").json["verdict"] == "malformed_uri"
    assert server.requests == []


def test_verify_says_how_old_the_list_is(device: Device, world: World) -> None:
    device.clock.forward(timedelta(days=9))  # type: ignore[attr-defined]
    ran = device.run("verify", world.carton())
    assert (ran.status, ran.json["list_expired"]) == (0, True)
    assert cast(int, ran.json["list_age_s"]) > 9 * 86_400


def test_verify_knows_short_codes_that_were_read(device: Device, world: World) -> None:
    text = world.carton()
    short = format_short_code(world.serials[-1])
    assert device.run("verify", short).status == 1
    device.scan(text, operation=Operation.RECEIVE)
    assert device.run("verify", short).json["verdict"] == "valid"


def test_export_needs_no_key_and_can_be_posted(device: Device, world: World, server: ScannerServer) -> None:
    device.scan(world.carton(), operation=Operation.RECEIVE)
    device.run("sync")
    device.scan(world.carton(), world.carton())
    for path in device.root.glob("device-*.pem"):
        path.unlink()
    lines = [json.loads(line) for line in device.run("export").out.splitlines()]
    assert [each["state"] for each in lines] == ["sent", "pending", "pending"]
    assert lines[0]["receipt"]["text"]
    assert lines[0]["statement"]["private"] is None
    wire = [json.loads(line) for line in device.run("export", "--wire").out.splitlines()]
    status, answer = server.capture(wire)
    assert status == 202
    assert [each["status"] for each in cast(dict[str, list[dict[str, str]]], answer)["results"]] == ["accepted"] * 2


def test_doctor_is_content_with_a_sound_device(device: Device, world: World) -> None:
    device.scan(world.carton(), operation=Operation.RECEIVE)
    ran = device.run("doctor")
    assert (ran.status, ran.json["ok"]) == (0, True)
    checks = checks_of(device)
    assert {checks.pop("sound"), checks.pop("guns")} == {"not_checked"}, "no gate was ever started here"
    assert set(checks.values()) == {"passed"}


def test_doctor_names_what_is_wrong(device: Device, world: World, server: ScannerServer) -> None:
    device.scan(world.carton(), world.carton(), operation=Operation.RECEIVE)
    (path,) = device.root.glob("device-*.pem")
    os.chmod(path, 0o644)
    device.rows("DELETE FROM statements WHERE seq = 1")
    device.clock.forward(timedelta(days=900))  # type: ignore[attr-defined]
    server.temper.lose_requests = 1
    ran = device.run("doctor")
    assert ran.status == 1
    server.temper.lose_requests = 1
    results = checks_of(device)
    assert {name for name, result in results.items() if result == "failed"} == {
        "key",
        "chain",
        "trust_list",
        "certificate",
        "server",
    }


def test_doctor_sees_a_clock_behind_the_last_sync(device: Device) -> None:
    device.clock.forward(timedelta(days=-400))  # type: ignore[attr-defined]
    assert checks_of(device)["clock"] == "failed"


def test_a_store_that_is_no_database(device: Device) -> None:
    device.state.store.write_bytes(b"not a database at all, " * 400)
    for command in ("scan", "status", "sync", "export", "doctor"):
        ran = device.run(command)
        assert (ran.status, ran.json["code"]) == (2, "store_fault"), command


def test_a_store_of_a_newer_program(device: Device) -> None:
    device.rows("PRAGMA user_version = 99")
    ran = device.run("status")
    assert (ran.status, ran.json["code"]) == (2, "newer_store")


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION))
def test_a_store_of_an_earlier_program_is_brought_up_to_date(tmp_path: Path, version: int) -> None:
    """Version 1 knew no units whose codes do not say their lot, 2 one pile and no lane of a statement, 3 no rolls."""
    old = Device(tmp_path / "old")
    old.state.create()
    with contextlib.closing(sqlite3.connect(old.state.store)) as connection:
        for step in _STEPS[:version]:
            connection.executescript(step)
        role = "role, " if version >= 3 else ""
        child = "'child', " if version >= 3 else ""
        picked = ", ".join(f"('1', {child}'{unit}')" for unit in ("U:FIRST", "U:SECOND"))
        connection.execute(f"INSERT INTO pile (lane, {role}unit) VALUES {picked}")
        connection.execute("INSERT INTO lanes (lane, operation, context) VALUES ('1', 'pack', 7)")
        connection.execute(f"PRAGMA user_version = {version}")
        connection.commit()
    assert old.rows("PRAGMA user_version") == [(SCHEMA_VERSION,)]
    assert old.rows("SELECT role, unit FROM pile ORDER BY number") == [("child", "U:FIRST"), ("child", "U:SECOND")]
    assert old.rows("SELECT operation, context, phase FROM lanes") == [("pack", 7, None)]
    assert old.rows("SELECT * FROM unit_lots") == []
    assert old.rows("SELECT lot FROM lanes") == [(None,)]
    assert old.rows("SELECT * FROM roll_units") == []


def test_a_folder_that_cannot_be_made(device: Device) -> None:
    blocked = Device(device.state.store / "below")
    assert blocked.run("sync").json["code"] == "store_fault"
    scanned = blocked.run("scan")
    assert (scanned.json["code"], "NOT STORED" in scanned.err) == ("store_fault", True)


def test_foreign_key_file(device: Device) -> None:
    from coldtrace.seal.keys import Ed25519Signer, save_private_key

    (path,) = device.root.glob("device-*.pem")
    path.unlink()
    assert device.run("sync").json["code"] == "unreadable_key_file"
    save_private_key(Ed25519Signer.generate(), path)
    assert device.run("sync").json["code"] == "wrong_key_file"


def test_looking_changes_nothing(device: Device, world: World) -> None:
    device.scan(world.carton(), operation=Operation.RECEIVE)

    def dump() -> list[str]:
        with sqlite3.connect(device.state.store) as connection:
            found = list(connection.iterdump())
        connection.close()
        return found

    before = dump()
    for command in (["status"], ["verify", world.carton()], ["export"], ["doctor"]):
        device.run(*command)
    assert dump() == before


def test_host_is_named_in_the_worlds_list(world: World) -> None:
    assert world.trust_list().trusts_host(HOST)
