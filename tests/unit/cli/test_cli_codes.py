"""`coldtrace codes parse` and `verify`: one JSON object on standard output, words on standard error, exit codes."""

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coldtrace import clock
from coldtrace.cli.codes import add_parser
from coldtrace.seal.keys import Ed25519Signer
from coldtrace.seal.root_document import write_root
from coldtrace.seal.trust_list import TrustList, print_list, sign_trust_list, trusted_key
from support.code_vectors import listed, own_gs1, trust_of

FIRST = own_gs1("cct1_signed_codes.json")
WORKED = FIRST["worked_example"]["uri"]


@pytest.fixture(autouse=True)
def _fixed_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 23, 4, 0, tzinfo=UTC))


def _run(*arguments: str | Path) -> int:
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers(required=True))
    parsed = parser.parse_args(["codes", *map(str, arguments)])
    return int(parsed.func(parsed))


def _bare_list(folder: Path) -> Path:
    path = folder / "list.json"
    content = {
        "v": 1,
        "seq": 412,
        "issued": "2026-11-23T02:00:00Z",
        "expires": "2026-11-30T02:00:00Z",
        "hosts": ["trace.example.cn"],
        "keys": [listed(key) for key in FIRST["keys"]],
    }
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_parse(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("parse", WORKED, "--json") == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == {
        "ais": {"01": "09506000134352", "10": "L2409A17", "21": "7QK4M2ZX9RTB"},
        "kind": "unit",
        "host": "trace.example.cn",
        "signed": True,
        "unit": "(01)09506000134352(21)7QK4M2ZX9RTB",
    }
    assert err == ""


def test_parse_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("parse", "7qk4m2zx9rtb5") == 0
    assert capsys.readouterr().out == "kind\tshort\nserial\t7QK4M2ZX9RTB\n"
    assert _run("parse", "CT:IN") == 0
    assert capsys.readouterr().out == "kind\tcommand\ncommand\tCT:IN\n"


def test_parse_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("parse", "https://a.cn/01/09506000134353", "--json") == 1
    out, err = capsys.readouterr()
    assert json.loads(out) == {"verdict": "malformed_uri", "code": "malformed_uri"}
    assert "校验位" in err
    assert "check digit" in err
    assert _run("parse", "https://a.cn/01/09506000134353") == 1
    assert capsys.readouterr().out == "malformed_uri\n"


def test_verify(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert _run("verify", WORKED, "--trust-list", _bare_list(tmp_path), "--json") == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == {
        "verdict": "valid",
        "ais": {"01": "09506000134352", "10": "L2409A17", "21": "7QK4M2ZX9RTB"},
        "kid": "28dcfa90",
        "list_age_s": 7200,
        "stale": False,
        "may_be_chance": False,
        "list_signature": "not_checked",
    }
    assert "not checked" in err


@pytest.mark.parametrize("case", FIRST["cases"], ids=lambda case: case["name"])
def test_verify_says_the_word_and_exits_with_it(
    case: dict[str, str], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    expected = case["verdict"]
    code = _run("verify", case["uri"], "--trust-list", _bare_list(tmp_path), "--json")
    assert json.loads(capsys.readouterr().out)["verdict"] == expected
    assert code == (0 if expected == "valid" else 1)


def test_verify_for_people(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert _run("verify", WORKED.replace("L2409A17", "L2409A18"), "--trust-list", _bare_list(tmp_path)) == 1
    out, err = capsys.readouterr()
    assert out == "bad_signature\n"
    assert "签名与码的内容不符" in err


def test_a_file_that_cannot_be_read(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert _run("verify", WORKED, "--trust-list", tmp_path / "none.json", "--json") == 2
    assert json.loads(capsys.readouterr().out) == {"code": "unreadable_file"}
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    assert _run("verify", WORKED, "--trust-list", tmp_path / "bytes") == 2


def test_a_list_that_is_none(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text('{"v":1}', encoding="utf-8")
    assert _run("verify", WORKED, "--trust-list", tmp_path / "list.json", "--json") == 1
    assert json.loads(capsys.readouterr().out) == {"code": "malformed_trust_list"}


def test_with_a_root_the_lists_signature_counts(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    signer = Ed25519Signer.from_seed(bytes(32))
    root = write_root(roots={"r1": signer.spki}, threshold=1)
    bare = trust_of(listed(FIRST["keys"][0]))
    trust = TrustList(
        net=root.net,
        seq=1,
        issued=bare.issued,
        expires=bare.expires,
        hosts=bare.hosts,
        stations=(),
        keys=(trusted_key(use="code", spki=bare.keys[0].spki),),
    )
    envelope = sign_trust_list(print_list(trust), {"r1": signer})
    (tmp_path / "root.json").write_text(root.text + "\n", encoding="utf-8")
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(envelope), encoding="utf-8")
    bad.write_text(json.dumps({**envelope, "sigs": []}), encoding="utf-8")
    assert _run("verify", WORKED, "--trust-list", good, "--root", tmp_path / "root.json", "--json") == 0
    assert json.loads(capsys.readouterr().out)["list_signature"] == "passed"
    assert _run("verify", WORKED, "--trust-list", bad, "--root", tmp_path / "root.json", "--json") == 1
    assert json.loads(capsys.readouterr().out) == {"code": "untrusted_trust_list"}


def test_a_stale_list_is_said_aloud(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 12, 1, tzinfo=UTC))
    assert _run("verify", WORKED, "--trust-list", _bare_list(tmp_path), "--json") == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["stale"] is True
    assert "信任列表已过期" in err
