"""Rolls, voiding and resolving by command."""

import json
from pathlib import Path
from uuid import UUID

import pytest

from coldtrace.cli.installation import open_installation
from coldtrace.goods import store
from coldtrace.settings import load_settings
from support.command_line import Run
from support.consignments import LOT, Consignment, open_consignment

NOBODY = "00000000-0000-7000-8000-000000000000"


def consignment() -> Consignment:
    with open_installation(load_settings()) as installation, installation.sessions.begin() as session:
        return open_consignment(session, installation.env)


def labels(roll: str) -> list[str]:
    with open_installation(load_settings()) as installation, installation.sessions() as session:
        return [code.uri for code in store.codes_of_run(session, UUID(roll))]


def test_a_roll_by_command(port: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    consignment()
    made = port("rolls", "new", "--count", 6, "--bind-days", 30, "--json")
    assert made.status == 0, made.err
    assert (made.json["drawn"], made.json["unused"], made.json["certified"]) == (6, 6, True)
    roll = made.json["roll"]
    one, _, three, four, *_ = labels(roll)

    bound = port("rolls", "bind", one, three, "--lot", LOT, "--json")
    assert (bound.status, bound.json["bound"], bound.err) == (0, 2, "")
    monkeypatch.setattr("sys.stdin", [f"{one}\n", "\n", "hello\n"])
    again = port("rolls", "bind", "--lot", LOT)
    assert again.status == 1
    assert [line.split("\t")[0] for line in again.out.splitlines()] == ["repeat", "refused"]
    assert "CT:COMMISSION" in again.err
    assert "handheld" in again.err
    assert "手持机" in again.err
    lost = port("rolls", "bind", one, "--lot", "X", "--json")
    assert (lost.status, lost.json["code"]) == (1, "lot_unknown")

    kept = port("codes", "void", three, "--reason", "wet", "--json")
    assert (kept.status, kept.json["code"]) == (1, "label_bound")
    void = port("codes", "void", "--roll", roll, "--numbers", "5-6", "--reason", "wet", "--json")
    assert (void.status, void.json["voided"]) == (0, 2)
    assert port("codes", "void", four, "--reason", "torn", "--json").json["voided"] == 1
    told = port("rolls", "report", roll, "--json").json["lists"]
    assert {name: each["numbers"] for name, each in told.items()} == {
        "unused": "2",
        "skipped": "2",
        "double_bound": "",
        "voided": "4-6",
    }
    people = port("rolls", "report", roll)
    assert "voided\t4-6" in people.out

    out = tmp_path / "roll.json"
    assert port("rolls", "certificate", roll, "--out", out, "--json").status == 0
    certificate = json.loads(json.loads(out.read_text())["certificate"])
    assert (certificate["roll"], certificate["last"]) == (roll, 6)
    listed = port("rolls", "list", "--json").json
    assert [each["roll"] for each in listed["rolls"]] == [roll]
    assert roll in port("rolls", "list").out

    pdf = tmp_path / "roll.pdf"
    ran = port("labels", "make", "--run", roll, "--layout", "60x40", "--format", "pdf", "--out", pdf, "--json")
    assert (ran.status, ran.json["labels"]) == (0, 3), ran.err
    assert (ran.json["skipped"], ran.json["skipped_numbers"]) == (3, "4-6")
    assert "number 4-6" in ran.err
    (job,) = port("labels", "jobs", "--run", roll, "--json").json["jobs"]
    assert (job["state"], job["done"], job["total"]) == ("done", 6, 6)
    assert port("codes", "void", "--roll", roll, "--numbers", "1-3", "--bound", "--reason", "x", "--json").status == 0
    ran = port("labels", "make", "--run", roll, "--layout", "60x40", "--format", "pdf", "--out", pdf, "--json")
    assert (ran.status, ran.json["code"]) == (1, "no_labels")


def test_labels_of_a_fresh_roll_are_printed(port: Run, tmp_path: Path) -> None:
    roll = port("rolls", "new", "--count", 3, "--json").json["roll"]
    pdf = tmp_path / "roll.pdf"
    ran = port("labels", "make", "--run", roll, "--layout", "60x40", "--format", "pdf", "--out", pdf, "--json")
    assert ran.status == 0, ran.err
    assert pdf.read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["rolls", "new", "--count", "0"], "roll_too_long"),
        (["rolls", "new", "--count", "5", "--gtin", "2000000000015"], "restricted_number"),
        (["rolls", "report", NOBODY], "roll_unknown"),
        (["rolls", "certificate", NOBODY, "--out", "x.json"], "roll_unknown"),
        (["codes", "void", "--reason", "x"], "nothing_named"),
        (["codes", "void", "7QK4-M2ZX-9RTB-5", "--roll", NOBODY, "--numbers", "1", "--reason", "x"], "nothing_named"),
        (["codes", "void", "--roll", NOBODY, "--numbers", "1", "--reason", "x"], "roll_unknown"),
        (["codes", "void", "7QK4-M2ZX-9RTB-5", "--reason", "x"], "code_not_issued"),
        (["codes", "resolve", "7QK4-M2ZX-9RTB-6"], "malformed_short_code"),
    ],
)
def test_what_commands_refuse(port: Run, arguments: list[str], code: str) -> None:
    ran = port(*arguments, "--json")
    assert (ran.status, ran.json["code"]) == (1, code)
    assert ran.err.count("\n") >= 2


def test_resolving_by_command(port: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    carton = consignment().carton
    good = port("codes", "resolve", carton.uri, "--json")
    assert (good.status, good.json["name"], good.json["verdict"]) == (0, carton.unit_id, "valid")
    assert "verdict\tvalid" in port("codes", "resolve", carton.uri).out
    unknown = port("codes", "resolve", "https://m.ab.example/77", "--json")
    assert (unknown.status, unknown.json["resolver"]) == (1, "unknown")
    assert unknown.json["case"]

    table = tmp_path / "schemes.json"
    row = {"scheme": "abcold", "name_zh": "某", "name_en": "A", "address": "*.ab.example/{value}", "confirmed": True}
    table.write_text(json.dumps({"schemes": [row]}))
    monkeypatch.setenv("COLDTRACE_FOREIGN_SCHEMES", str(table))
    known = port("codes", "resolve", "https://m.ab.example/77", "--json")
    assert (known.status, known.json["resolver"], known.json["unit_id"]) == (0, "foreign", "abcold:77")
    table.write_text("{}")
    broken = port("codes", "resolve", "x", "--json")
    assert (broken.status, broken.json["code"]) == (1, "malformed_schemes")
