"""`coldtrace bench ledger` measures all that it promises, with real servers.  No figure is judged here."""

import json

import pytest

from coldtrace.cli.bench import ledger
from coldtrace.cli.bench.ledger_reading import KINDS
from coldtrace.cli.main import main


def test_ledger_measures_every_goal_of_its_issue_and_how_reading_fares_while_writing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ledger, "SMALL", ledger.Scale(rounds=1, seconds=0.3, leaves=1_000, proofs=40))
    status = main(["bench", "ledger", "--json"])
    told = capsys.readouterr()
    rows = json.loads(told.out)["rows"]
    goals = [row["goal"] for row in rows if row["goal"]]
    assert goals == ["ratio >= 0.4", "ratio >= 0.25", "value <= 500", "value <= 5"]
    assert all(row["value"] > 0 for row in rows)
    assert all(row["floor"] for row in rows if row["goal"] and row["goal"].startswith("ratio"))
    read = [row for row in rows if row["name"].startswith("GET of a ")]
    assert [row["name"].split(" at ")[0] for row in read] == [f"GET of a {kind}" for kind in KINDS]
    assert all(row["peer"] for row in read)
    assert status == (1 if any(row["met"] is False for row in rows) else 0)
    assert "5/5" in told.err
