"""`coldtrace filters show|verify` and `codes verify --filter`: base install, no network."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from coldtrace import clock
from coldtrace.cli.main import main
from coldtrace.seal.filter import open_filter
from coldtrace.seal.filter_header import FilterKind
from coldtrace.seal.filter_measure import measure_chance_hits, random_items
from coldtrace.seal.root_document import sign_root_change, write_root
from coldtrace.seal.trust_list import print_list, sign_trust_list
from support.filter_vectors import (
    COUNT,
    NOW,
    allow_file,
    code,
    envelope,
    root,
    signer,
    stop_file,
    trust_list,
    unit,
)


@pytest.fixture(autouse=True)
def _fixed_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A trust list, its root, and filters in files."""
    voided = stop_file(FilterKind.REVOKED_UNITS, [unit(number) for number in range(500)])
    contents = {
        "list": json.dumps(envelope()).encode(),
        "root": root().text.encode(),
        "allow": allow_file(),
        "voided": voided,
        "blocked": stop_file(FilterKind.BLOCKED_UNITS, [unit(number) for number in range(500)]),
        "blocked small": stop_file(FilterKind.BLOCKED_UNITS, [unit(number) for number in range(500)], bits=8),
        "small": stop_file(FilterKind.REVOKED_UNITS, [unit(number) for number in range(500)], bits=8),
        "strange": allow_file("of the thief"),
        "broken": voided[:-1],
    }
    paths = {name: tmp_path / name for name in contents}
    for name, content in contents.items():
        paths[name].write_bytes(content)
    return paths


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, dict[str, Any], str]:
    status = main([*map(str, arguments), "--json"])
    told = capsys.readouterr()
    return status, json.loads(told.out), told.err


def test_show_measures(files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    status, shown, said = run(capsys, "filters", "show", files["small"], "--trials", "20000", "--seed", "7")
    assert status == 0
    assert "use verify" in said
    assert (shown["kind"], shown["count"], shown["bits"], shown["seq"]) == ("revoked_units", 500, 8, 3)
    assert shown["hit_means"] == "ask_online"
    assert shown["bytes"] == files["small"].stat().st_size
    assert 9.8 < shown["bits_per_item"] < 10.5
    assert (shown["trials"], shown["expected"]) == (20000, "1/256")
    # 78 expected, and 9 is the standard deviation.
    assert 33 < shown["false_hits"] < 123
    assert shown["false_hit_rate"] == round(shown["false_hits"] / 20000, 6)
    again = run(capsys, "filters", "show", files["small"], "--trials", "20000", "--seed", "7")[1]
    assert again == shown
    for name, bits, means in (("voided", 48, "stop"), ("allow", 48, "allow")):
        shown = run(capsys, "filters", "show", files[name], "--trials", "2000")[1]
        assert (shown["bits"], shown["hit_means"], shown["false_hits"]) == (bits, means, 0)
    assert "false_hits" not in run(capsys, "filters", "show", files["voided"], "--trials", "0")[1]


def test_verify(files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    trusted = ("--trust-list", files["list"], "--root", files["root"], "--trials", "1000")
    for name in ("allow", "voided"):
        status, shown, said = run(capsys, "filters", "verify", files[name], *trusted)
        assert (status, shown["ok"], shown["stale"], shown["list_signature"], said) == (0, True, False, "passed", "")
    status, shown, said = run(capsys, "filters", "verify", files["voided"], "--trust-list", files["list"])
    assert (status, shown["list_signature"]) == (0, "not_checked")
    assert "not checked" in said
    status, refused, _ = run(capsys, "filters", "verify", files["strange"], *trusted)
    assert (status, refused["code"]) == (1, "untrusted_filter")


def test_verify_walks_along_when_the_roots_change(files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    new = write_root(roots={"r2": signer("second root").spki}, threshold=1, previous=root())
    change = sign_root_change(new, [("r1", signer("root")), ("r2", signer("second root"))])
    list_of_new = sign_trust_list(print_list(trust_list()), {"r2": signer("second root")}, root=new)
    files["list"].write_text(json.dumps(list_of_new))
    walked = files["list"].with_name("changes")
    walked.write_text(json.dumps({"changes": [change]}))
    asked = ("filters", "verify", files["voided"], "--trust-list", files["list"], "--root", files["root"])
    assert run(capsys, *asked)[0] == 1, "the roots that were pinned have signed nothing here"
    status, shown, _ = run(capsys, *asked, "--root-change", walked)
    assert (status, shown["list_signature"]) == (0, "passed")


@pytest.mark.parametrize(
    ("name", "status", "code"), [("broken", 1, "malformed_filter"), ("none", 2, "file_unreadable")]
)
def test_what_is_no_filter(
    files: dict[str, Path], capsys: pytest.CaptureFixture[str], name: str, status: int, code: str
) -> None:
    path = files.get(name, files["list"].with_name("none"))
    for command in (("show", path), ("verify", path, "--trust-list", files["list"])):
        found, shown, _ = run(capsys, "filters", *command)
        assert (found, shown["code"]) == (status, code)


def test_an_expired_filter_is_said(
    files: dict[str, Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW + timedelta(days=8))
    status, shown, said = run(capsys, "filters", "verify", files["voided"], "--trust-list", files["list"])
    assert (status, shown["stale"]) == (0, True)
    assert "past its expiry" in said
    said = run(capsys, "codes", "verify", code(900), "--trust-list", files["list"], "--filter", files["voided"])[2]
    assert "later stops are not known" in said


@pytest.mark.parametrize(
    ("number", "held", "status", "verdict"),
    [
        (700, ("allow",), 0, "valid"),
        (700, (), 1, "revoked"),
        (700, ("voided",), 1, "revoked"),
        (700, ("allow", "voided"), 0, "valid"),
        (5, ("voided", "allow"), 1, "revoked_unit"),
        (5, ("small", "allow"), 1, "revoked_unit"),
        (COUNT + 7, ("allow", "voided"), 1, "revoked"),
    ],
)
def test_a_code_with_filters(
    files: dict[str, Path],
    capsys: pytest.CaptureFixture[str],
    number: int,
    held: tuple[str, ...],
    status: int,
    verdict: str,
) -> None:
    filters = [each for name in held for each in ("--filter", files[name])]
    lists = ("--trust-list", files["list"], "--root", files["root"])
    found, shown, said = run(capsys, "codes", "verify", code(number), *lists, *filters)
    assert (found, shown["verdict"]) == (status, verdict)
    assert ("GET /api/v1/filters" in said) is (verdict == "revoked" and "allow" not in held)
    assert ("1 in 256" in said) is ("误命中" in said) is shown["may_be_chance"] is ("small" in held)


@pytest.mark.parametrize(("name", "chance"), [("blocked", False), ("blocked small", True)])
def test_a_genuine_code_of_goods_that_must_not_go_on(
    files: dict[str, Path], capsys: pytest.CaptureFixture[str], name: str, chance: bool
) -> None:
    given = ("--trust-list", files["list"], "--filter", files["allow"], "--filter", files[name])
    status, shown, said = run(capsys, "codes", "verify", code(5), *given)
    assert (status, shown["verdict"], shown["blocked"], shown["may_be_chance"]) == (1, "valid", True, chance)
    assert "must not be shipped or sold" in said
    assert "不得出库、销售" in said
    assert ("1 in 256" in said) is chance
    assert main(["codes", "verify", code(5), *map(str, given)]) == 1
    assert capsys.readouterr().out.splitlines()[:2] == ["valid", "blocked"]
    status, shown, said = run(capsys, "codes", "verify", code(700 + 57), *given)
    assert (status, shown["blocked"], "must not" in said) == (0, False, False)


@pytest.mark.parametrize(("name", "status"), [("strange", 1), ("broken", 1), ("nowhere", 2)])
def test_a_filter_that_cannot_be_used(
    files: dict[str, Path], capsys: pytest.CaptureFixture[str], name: str, status: int
) -> None:
    path = files.get(name, files["list"].with_name("nowhere"))
    found = run(capsys, "codes", "verify", code(5), "--trust-list", files["list"], "--filter", path)[0]
    assert found == status


def test_random_items_are_of_the_filters_kind() -> None:
    lots = list(random_items(FilterKind.RECALLED_LOTS, 3, 1))
    assert all("(10)" in each for each in lots)
    assert lots == list(random_items(FilterKind.RECALLED_LOTS, 3, 1))
    assert measure_chance_hits(open_filter(allow_file()), trials=5000).hits == 0
