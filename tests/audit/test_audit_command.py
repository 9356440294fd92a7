"""`coldtrace ledger audit` and `ledger monitor`: exit codes, JSON, progress."""

import io
import json
import sys
from pathlib import Path

import pytest

from coldtrace.audit.finding_words import STEPS, WORDS, FindingCode
from coldtrace.cli.main import main
from support.audited_log import AuditedLog
from support.source_tree import REPOSITORY


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    capsys.readouterr()
    status = main([str(each) for each in words])
    told = capsys.readouterr()
    return status, told.out, told.err


def test_a_clean_log(log: AuditedLog, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = tmp_path / "auditor.json"
    words = ("ledger", "audit", "--db", log.url, "--vkey", log.vkey.text(), "--state", state, "--json")
    status, out, err = run(capsys, *words)
    told = json.loads(out)
    assert (status, err, told["ok"], told["size"]) == (0, "", True, max(log.sizes()))
    assert [step["result"] for step in told["steps"]] == ["passed"] * 6 + ["not_checked"] * 3
    assert state.stat().st_size > 0
    status, out, _ = run(capsys, *words, "--since", "saved")
    assert (status, json.loads(out)["leaves"]) == (0, 0)
    assert json.loads(out)["steps"][7]["result"] == "passed"
    status, out, _ = run(capsys, *words, "--since", max(log.sizes()))
    assert status == 0


def test_a_clean_result_says_how_much_was_checked(log: AuditedLog, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "ledger", "audit", "--db", log.url, "--vkey", log.vkey.text())
    assert status == 0
    assert "clean as far as checked (6 of 9)" in out.splitlines()[-1]
    assert "9 步中的 6 步" in out.splitlines()[-1]


def test_a_folder_that_is_not_there_is_no_finding(
    log: AuditedLog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("ledger", "monitor", "--url", tmp_path / "nope", "--vkey", log.vkey.text(), "--state", tmp_path / "m.json")
    status, out, _ = run(capsys, *words, "--rounds", 1, "--json")
    assert (status, json.loads(out.splitlines()[-1])["code"]) == (2, "audit_source_unreachable")


def test_findings(log: AuditedLog, capsys: pytest.CaptureFixture[str]) -> None:
    log.run("UPDATE ledger_node SET hash = sha256('x')")
    words = ("ledger", "audit", "--db", log.url, "--vkey", log.vkey.text())
    status, out, _ = run(capsys, *words)
    assert status == 1
    assert "node_wrong" in out
    assert "有误" in out
    status, out, _ = run(capsys, *words, "--json")
    (finding,) = json.loads(out)["findings"]
    assert (status, finding["code"], finding["step"], finding["where"]) == (1, "node_wrong", 3, "1/0")


def test_what_is_left_out_is_said(log: AuditedLog, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("ledger", "audit", "--db", log.url, "--vkey", log.vkey.text(), "--no-signatures", "--no-pieces", "--json")
    _, out, _ = run(capsys, *words)
    told = json.loads(out)
    assert told["steps"][5]["result"] == "not_checked"
    assert any("signatures" in note for note in told["notes"])


@pytest.mark.parametrize(
    "words",
    [
        ("--db", "postgresql://nobody@127.0.0.1:9/none"),
        ("--db", "no address"),
        ("--url", "http://127.0.0.1:9", "--vkey", "VKEY"),
        ("--url", "folder"),
        ("--db", "DB", "--since", "5"),
        ("--db", "DB", "--since", "soon"),
        ("--db", "DB", "--log", "other"),
        ("--db", "DB", "--witness-policy", "missing"),
        ("--db", "DB", "--vkey", "nonsense"),
    ],
)
def test_what_could_not_run(log: AuditedLog, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    given = [{"DB": log.url, "VKEY": log.vkey.text()}.get(word, word) for word in words]
    status, out, err = run(capsys, "ledger", "audit", *given, "--json")
    assert (status, set(json.loads(out))) == (2, {"code", "zh", "en"})
    assert err


@pytest.mark.parametrize("command", ["audit", "monitor"])
def test_a_fault_of_the_auditor_is_no_verdict(
    log: AuditedLog,
    tmp_path: Path,
    command: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(self: object, *given: object) -> None:
        raise KeyError("a fault")

    monkeypatch.setattr("coldtrace.audit.leaves.Leaves.read", broken)
    folder = log.publish(tmp_path / "published")
    more = ("--state", tmp_path / "state", "--rounds", 1) if command == "monitor" else ()
    words = ("ledger", command, "--url", folder, "--vkey", log.vkey.text(), *more, "--json")
    status, out, err = run(capsys, *words)
    assert (status, json.loads(out)["code"]) == (2, "audit_broke")
    assert "KeyError" in err
    assert "Traceback" in err


def test_a_monitor_watches_and_stops_at_the_first_finding(
    log: AuditedLog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, state = tmp_path / "published", tmp_path / "monitor.json"
    log.publish(folder, size=log.sizes()[-3])
    words = ("ledger", "monitor", "--url", folder, "--vkey", log.vkey.text(), "--state", state, "--interval", 0)
    status, out, _ = run(capsys, *words, "--rounds", 2, "--json")
    assert (status, [json.loads(line)["ok"] for line in out.splitlines()]) == (0, [True, True])
    log.publish(folder)
    status, out, _ = run(capsys, *words, "--rounds", 1)
    assert (status, out.count("\n")) == (0, 1)
    log.publish(folder, size=log.sizes()[-4])
    status, out, _ = run(capsys, *words)
    assert status == 1
    assert "log_shrank" in out


def test_a_monitor_needs_its_own_memory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "ledger", "monitor", "--url", tmp_path)[0] == 2
    words = ("ledger", "monitor", "--url", "http://127.0.0.1:9", "--rounds", 1, "--state", tmp_path / "s")
    assert run(capsys, *words)[0] == 2


def test_a_progress_bar_on_a_terminal(
    log: AuditedLog, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert main(["ledger", "audit", "--db", log.url, "--vkey", log.vkey.text()]) == 0
    size = max(log.sizes())
    assert f"[{'#' * 30}] {size}/{size}" in terminal.getvalue()
    assert "✓ 1" in capsys.readouterr().out


def test_every_finding_has_its_words_and_its_line_in_the_guide() -> None:
    guide = (REPOSITORY / "docs" / "guides" / "audit-the-log.md").read_text(encoding="utf-8")
    assert set(WORDS) == set(FindingCode)
    assert {step for step, _ in WORDS.values()} == set(STEPS)
    assert {code.value for code in FindingCode} - {word.strip("`") for word in guide.split()} == set()
