"""`coldtrace verify`: exit codes, one object on standard output, no words there."""

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from coldtrace.cli.main import main
from coldtrace.seal.root_document import write_root
from support.bundle_changes import STRANGER
from support.story import NOW, UNIT, Story, build_story


@pytest.fixture(autouse=True)
def _frozen_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coldtrace.clock.now", lambda: NOW)


@pytest.fixture
def story() -> Story:
    return build_story()


@pytest.fixture
def files(tmp_path: Path, story: Story) -> dict[str, str]:
    contents = {
        "good": story.bundle(),
        "bad": story.bundle().replace('"proof":{"index":0', '"proof":{"index":1', 1),
        "root": story.root.text,
        "root_line": story.root.text + "\n",
        "other_root": write_root(roots={"r1": STRANGER.spki}, threshold=1).text,
        "rubbish": "{}",
    }
    for name, text in contents.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    return {name: str(tmp_path / name) for name in (*contents, "binary", "missing")}


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any, str]:
    code = main(["verify", *words, "--json"])
    shown = capsys.readouterr()
    return code, json.loads(shown.out), shown.err


def test_a_good_bundle(capsys: pytest.CaptureFixture[str], files: dict[str, str], story: Story) -> None:
    code, answer, _ = run(capsys, files["good"], "--root", files["root_line"], "--code", story.code)
    results = {check["name"]: check["result"] for check in answer["checks"]}
    assert (code, answer["ok"], answer["result"], answer["root_pinned"]) == (0, True, "passed", True)
    assert results["root"] == results["code_asked"] == results["inclusion[5]"] == "passed"
    assert results["trust_list_seq"] == results["complete"] == "not_checked"
    assert set(answer["checks"][0]) == {"name", "result", "reason", "zh", "en"}


def test_nothing_pinned(capsys: pytest.CaptureFixture[str], files: dict[str, str]) -> None:
    code, answer, _ = run(capsys, files["good"])
    reasons = {check["name"]: check["reason"] for check in answer["checks"]}
    assert (code, reasons["root"], reasons["code_asked"]) == (0, "root_not_pinned", "nothing_asked")
    assert (answer["ok"], answer["result"], answer["root_pinned"]) == (True, "incomplete", False)


def test_nothing_pinned_is_said_to_people_where_it_is_said_that_the_proof_holds(
    capsys: pytest.CaptureFixture[str], files: dict[str, str]
) -> None:
    assert main(["verify", files["good"]]) == 0
    *_, zh, en = capsys.readouterr().out.splitlines()
    assert zh.startswith("自身成立，但未指定信任根")
    assert en.startswith("holds, but the root was not pinned")
    assert main(["verify", files["good"], "--root", files["root"]]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("the proof holds: ")


def test_what_was_withheld_is_a_finding(
    capsys: pytest.CaptureFixture[str], files: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The facts left out, and a list past its end: nothing failed, and nothing is proved."""
    bundle = json.loads(Path(files["good"]).read_text("utf-8"))
    less = tmp_path / "less"
    less.write_text(json.dumps({**bundle, "facts": None}), encoding="utf-8")
    code, answer, _ = run(capsys, str(less), "--root", files["root"])
    assert (code, answer["ok"], answer["result"]) == (1, False, "incomplete")
    assert main(["verify", str(less), "--root", files["root"]]) == 1
    *_, zh, en = capsys.readouterr().out.splitlines()
    assert zh.startswith("尚不能判断")
    assert en.startswith("not settled")
    monkeypatch.setattr("coldtrace.clock.now", lambda: NOW + timedelta(days=30))
    code, answer, _ = run(capsys, files["good"], "--root", files["root"])
    assert (code, answer["ok"], answer["result"]) == (1, False, "incomplete")
    assert {c["name"]: c["reason"] for c in answer["checks"]}["trust_list_fresh"] == "list_expired"


@pytest.mark.parametrize(
    ("words", "failed"),
    [
        (["bad"], "inclusion[0]"),
        (["rubbish"], "format"),
        (["good", "--root", "other_root"], "root"),
        (["good", "--lowest-seq", "8"], "trust_list_seq"),
    ],
)
def test_findings(capsys: pytest.CaptureFixture[str], files: dict[str, str], words: list[str], failed: str) -> None:
    code, answer, _ = run(capsys, *(files.get(word, word) for word in words))
    assert (code, answer["ok"], answer["result"]) == (1, False, "failed")
    assert failed in {check["name"] for check in answer["checks"] if check["result"] == "failed"}


def test_the_code_of_another_box(capsys: pytest.CaptureFixture[str], files: dict[str, str], story: Story) -> None:
    code, answer, _ = run(capsys, files["good"], "--code", story.code.replace("/21/7QK4", "/21/8QK4"))
    assert code == 1
    assert {c["name"]: c["reason"] for c in answer["checks"]}["code_asked"] == "other_code"
    assert UNIT not in json.dumps(answer)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["missing"], "unreadable_file"),
        (["binary"], "unreadable_file"),
        (["good", "--root", "missing"], "unreadable_file"),
        (["good", "--root", "rubbish"], "malformed_root"),
        (["good", "--code", "no code"], "malformed_uri"),
    ],
)
def test_could_not_run(
    capsys: pytest.CaptureFixture[str], files: dict[str, str], words: list[str], reason: str
) -> None:
    code, answer, said = run(capsys, *(files.get(word, word) for word in words))
    assert (code, answer) == (2, {"code": reason})
    assert said


def test_standard_input_and_lines_for_people(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, story: Story
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(story.bundle().encode("utf-8")), "utf-8"))
    assert main(["verify", "-"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "未检查 not checked\t独立见证：目前还没有独立见证\tIndependent witnesses: no witness yet" in lines
    *checks, zh, en = lines
    assert all(len(line.split("\t")) == 3 for line in checks)
    assert zh.startswith("自身成立，")
    assert en.startswith("holds, but ")
