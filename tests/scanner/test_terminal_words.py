"""What a terminal says at its edges: never enrolled, revoked, refused, a place without a signature."""

import errno
import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Final, get_args

import pytest

from coldscan.answer import Result
from coldscan.fault_words import say_fault
from coldscan.gun import read_gun
from coldscan.loop import footer
from coldscan.main import main
from coldscan.operation import Operation
from coldscan.refusals import KeyRevoked, ServerUnreachable, StoreFault, UnstableGun
from coldscan.server_words import REFUSED_WORDS, say_answer
from coldscan.status import WARNINGS
from coldscan.wire import Reply
from coldscan.words_looks import TYPE_NAMES
from coldtrace.errors import Lang
from coldtrace.events.statement_type import StatementType
from support.scanner_device import Device
from support.scanner_server import ScannerServer
from support.scanner_world import OWN, World

LANGS: Final[tuple[Lang, ...]] = get_args(Lang)


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


def test_the_doctor_looks_at_a_store_that_takes_nothing(device: Device, world: World) -> None:
    device.scan(world.carton(), operation=Operation.RECEIVE)
    device.rows("PRAGMA wal_checkpoint(TRUNCATE)")
    # As on a full disk, SQLite cannot make the log beside the file.
    for name in ("coldscan.db-wal", "coldscan.db-shm"):
        (device.root / name).unlink(missing_ok=True)
        (device.root / name).mkdir()
    ran = device.run("doctor")
    checks = ran.json["checks"]
    assert isinstance(checks, list)
    results = {each["name"]: each["result"] for each in checks}
    assert (ran.status, results["disk"], results["key"]) == (1, "failed", "passed")
    (queue,) = [each for each in checks if each["name"] == "queue"]
    assert queue["result"] == "failed"
    assert "can only be read: 1 statements in the file, 1 of them unsent" in queue["reason"]


def test_an_unsigned_place_is_called_one(device: Device) -> None:
    (answer,) = device.scan(f"https://id.example.org/414/{OWN}", operation=Operation.STORE)
    assert (answer.result, answer.verdict) == (Result.STOP, "unsigned")
    assert "place without a signature" in answer.say
    assert "scan the printed door code" in answer.say


def test_title_and_detail_of_a_refusal_are_two_sentences() -> None:
    body = b'{"code":"c","title":"Not taken","detail":"The key is revoked."}'
    assert Reply(status=403, headers={}, body=body).problem() == ("c", "Not taken. The key is revoked.")


@pytest.mark.parametrize("lang", LANGS)
def test_every_word_of_the_server_is_said_in_both_languages(lang: Lang) -> None:
    from coldtrace.custody import refusals as custody
    from coldtrace.custody.model import BLOCKING, MARK_WORDS
    from coldtrace.events import refusals as events
    from coldtrace.events.canonical import NotCanonical
    from coldtrace.events.unit_id import MalformedUnitId

    refused = {
        *(each.code for each in (custody.DeviceUnknown, custody.DeviceRevoked, custody.OtherInstallation)),
        *(each.code for each in (custody.IdConflict, NotCanonical, MalformedUnitId)),
        *(each.code for each in vars(events).values() if isinstance(each, type) and each.__module__ == events.__name__),
    }
    assert refused <= set(REFUSED_WORDS)
    for code in {*refused, *(mark.value for mark in MARK_WORDS)}:
        said = say_answer(code, "a sentence of another language", lang)
        assert (said != "a sentence of another language", "_" in said) == (True, False)
    assert {mark.value for mark in BLOCKING} <= set(MARK_WORDS)
    assert say_answer("new_code", "what it says itself", lang) == "what it says itself"
    assert say_answer("new_code", None, lang) == "new_code"


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("zh", ("已收下，未生效", "入库", "货物已被封存", "11-23 12:")),
        ("en", ("Kept, without effect", "Receive,", "The goods are on hold", "11-23 12:")),
    ],
)
def test_status_says_in_one_language_what_the_server_thought(
    device: Device, world: World, server: ScannerServer, lang: Lang, words: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    server.temper.blocks = lambda statement: "held"
    device.scan(world.carton(), operation=Operation.RECEIVE)
    device.run("sync", lang="en" if lang == "zh" else "zh")
    assert main(["--state", str(device.root), "--lang", lang, "status"], clock=device.clock) == 0
    out = capsys.readouterr().out
    assert [word for word in words if word not in out] == []
    assert ("held" in out, "receive " in out, "T04:" in out) == (False, False, False)


@pytest.mark.parametrize(("lang", "words"), [("zh", ("信任名单：未变", "见下")), ("en", ("unchanged", "below"))])
def test_a_sync_says_what_came_of_the_list(
    device: Device, server: ScannerServer, lang: Lang, words: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--state", str(device.root), "--lang", lang, "sync"]
    assert main(arguments, clock=device.clock) == 0
    assert words[0] in capsys.readouterr().out
    server.temper.lose_requests = 1
    assert main(arguments, clock=device.clock) == 2
    out = capsys.readouterr().out
    assert words[1] in out
    assert "server_unreachable" not in out


@pytest.mark.parametrize("lang", LANGS)
def test_every_type_that_a_device_says_has_a_name(lang: Lang) -> None:
    names = [TYPE_NAMES[each].say(lang) for each in StatementType]
    assert len(set(names)) == len(names)


def test_faults_of_the_machine_are_said_in_chinese() -> None:
    for text in (
        "database or disk is full", "attempt to write a readonly database", "[Errno 111] Connection refused",
        "[Errno -2] Name or service not known", "timed out", os.strerror(errno.ENODEV), os.strerror(errno.EBUSY),
        os.strerror(errno.ENOENT), os.strerror(errno.EACCES), os.strerror(errno.EIO), os.strerror(errno.ENOSPC),
    ):  # fmt: skip
        assert not re.search("[a-z]{3}", say_fault(text, "zh")), text
    assert say_fault("something new", "zh") == "something new"
    assert "磁盘已满" in StoreFault(path="x", reason="database or disk is full").say("zh")
    assert "超时" in ServerUnreachable(url="x", reason="timed out").say("zh")


def test_a_reason_that_is_on_no_card_is_refused_and_the_known_ones_are_named(device: Device, world: World) -> None:
    _, first, wrong, goods = device.scan("CT:HOLD", "CT:REASON:DAMAGED", "CT:REASON:X9", world.carton())
    assert first.result is Result.NOTED
    assert (wrong.result, wrong.code, wrong.queued) == (Result.STOP, "unknown_word", False)
    assert "no reason X9" in wrong.say
    assert "damaged, too warm, wrong label" in wrong.say
    assert (goods.code, goods.queued) == ("no_reason", False), "the reason before is not taken for the new one"
    assert "破损、温度异常" in device.scan("CT:REASON:X9", lang="zh")[0].say
    held = device.scan("CT:REASON:DAMAGED", world.carton(), lang="zh")[1]
    assert held.queued
    assert "破损" in held.say
    assert "damaged" not in held.say


def test_a_method_that_is_on_no_card_is_refused(device: Device, world: World) -> None:
    answers = device.scan("CT:DESTROY", "CT:METHOD:EATEN", "CT:WITNESS:K17", world.carton())
    assert [each.code for each in answers] == [None, "unknown_word", None, "no_method"]
    assert "burnt, rendered, buried" in answers[1].say


def test_next_says_what_is_forgotten_and_what_stays(device: Device, world: World) -> None:
    saved = device.scan(world.carton(), "CT:NEXT", operation=Operation.RECEIVE)[1].say
    assert "what was saved stays saved" in saved
    picked = device.scan("CT:PACK", world.carton(), "CT:NEXT")[-1]
    assert (picked.code, "NOT recorded" in picked.say) == ("pile_cleared", True)


def test_what_is_wrong_with_the_passphrase_is_said(
    blank: Device, server: ScannerServer, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLDSCAN_PASSPHRASE", "frozen prawns")
    assert blank.run("enrol", server.invite()).status == 0
    assert blank.run("sync").status == 0
    monkeypatch.setenv("COLDSCAN_PASSPHRASE", "frozen beef")
    ran = blank.run("sync")
    assert (ran.status, ran.json["code"]) == (2, "wrong_passphrase")
    monkeypatch.delenv("COLDSCAN_PASSPHRASE")
    ran = blank.run("sync")
    assert (ran.status, ran.json["code"]) == (2, "key_locked")
    assert "set COLDSCAN_PASSPHRASE" in ran.err


def test_a_passphrase_for_a_key_without_one(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLDSCAN_PASSPHRASE", "frozen prawns")
    ran = device.run("sync")
    assert (ran.status, ran.json["code"]) == (2, "key_not_locked")


def test_without_a_gun_the_form_of_a_stable_name_is_shown(tmp_path: Path) -> None:
    with pytest.raises(UnstableGun) as refused:
        read_gun("/dev/ttyUSB0", lane="in", baud=9600, devices=tmp_path)
    for lang in LANGS:
        assert "/dev/serial/by-id/..." in refused.value.say(lang)
        assert "：-" not in refused.value.say(lang)


def test_the_footer_says_whose_age_it_is(device: Device) -> None:
    with device.bench(Operation.RECEIVE) as bench:
        assert "trust list issued 1 h" in footer(bench)
        device.clock.forward(timedelta(days=30))  # type: ignore[attr-defined]
        assert "trust list EXPIRED, issued" in footer(bench)


@pytest.mark.parametrize("lang", LANGS)
def test_the_enrolment_says_in_words_what_the_device_may_do(
    blank: Device, server: ScannerServer, lang: Lang, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--state", str(blank.root), "--lang", lang, "enrol", server.invite()], clock=blank.clock) == 0
    out = capsys.readouterr().out
    assert ("赋码、组托" if lang == "zh" else "Commission, Pack") in out
