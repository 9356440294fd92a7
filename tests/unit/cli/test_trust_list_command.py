"""`coldtrace trust-list show|verify`, run as a person would."""

import argparse
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from coldtrace.cli import trust_list as command
from support.tlog_vectors import NOW, frozen, root_document

VECTORS = frozen("trust_list.json")


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coldtrace.clock.now", lambda: NOW + timedelta(hours=1))


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with the frozen list, its root and a root change."""
    (tmp_path / "list.json").write_text(json.dumps(VECTORS["envelope"]), encoding="utf-8")
    (tmp_path / "root.json").write_text(root_document().text + "\n", encoding="utf-8")
    (tmp_path / "change.json").write_text(json.dumps(VECTORS["root_change"]), encoding="utf-8")
    (tmp_path / "bytes").write_bytes(b"\xff")
    return tmp_path


def run(*words: object) -> int:
    """Run the sub-command and return its exit code."""
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())
    arguments = parser.parse_args(["trust-list", *map(str, words)])
    return int(arguments.func(arguments))


def results(output: str) -> dict[str, str]:
    """Return the result of each check."""
    body: dict[str, Any] = json.loads(output)
    return {check["name"]: check["result"] for check in body["checks"]}


def test_show(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("show", files / "list.json") == 0
    said = capsys.readouterr()
    for word in ("412", "trace.example.cn", "滨海首站", "witness.example/one", "enrolment", "cut "):
        assert word in said.out
    assert "not checked" in said.err


def test_show_json(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("show", files / "list.json", "--json") == 0
    body = json.loads(capsys.readouterr().out)
    assert (body["seq"], body["stale"], body["age_s"]) == (412, False, 3600)
    assert len(body["keys"]) == 5


def test_show_says_expired(files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coldtrace.clock.now", lambda: NOW + timedelta(days=8))
    assert run("show", files / "list.json") == 0
    assert "expired" in capsys.readouterr().out
    assert run("verify", files / "list.json", "--json") == 1
    assert results(capsys.readouterr().out)["fresh"] == "failed"


def test_verify_with_root(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("verify", files / "list.json", "--root", files / "root.json", "--lowest-seq", 412, "--json") == 0
    output = capsys.readouterr().out
    assert json.loads(output)["ok"] is True
    assert set(results(output).values()) == {"passed"}


def test_verify_without_root_does_not_pretend(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("verify", files / "list.json", "--json") == 0
    found = results(capsys.readouterr().out)
    assert (found["format"], found["root"], found["signatures"]) == ("passed", "not_checked", "not_checked")


def test_verify_finds_an_older_list(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("verify", files / "list.json", "--lowest-seq", 413) == 1
    assert "413" in capsys.readouterr().out


def test_verify_follows_root_changes(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """After the change r1 alone is a threshold, and r1 has signed the frozen list."""
    change = ("--root-change", files / "change.json")
    assert run("verify", files / "list.json", "--root", files / "root.json", *change, "--json") == 0
    assert results(capsys.readouterr().out)["signatures"] == "passed"
    assert run("verify", files / "list.json", "--root", files / "root.json", *change, *change, "--json") == 1
    found = results(capsys.readouterr().out)
    assert (found["root"], found["signatures"]) == ("failed", "not_checked")


def test_verify_finds_a_changed_list(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    envelope = VECTORS["envelope"] | {"list": VECTORS["list"].replace("trace.example.cn", "trace.example.cm")}
    (files / "list.json").write_text(json.dumps(envelope), encoding="utf-8")
    assert run("verify", files / "list.json", "--root", files / "root.json", "--json") == 1
    assert results(capsys.readouterr().out)["signatures"] == "failed"


def test_what_is_no_list(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for verb in ("show", "verify"):
        assert run(verb, files / "root.json") == 1
        assert run(verb, files / "missing") == 2
        assert run(verb, files / "bytes") == 2
    assert "cannot be read" in capsys.readouterr().err
