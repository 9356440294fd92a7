"""`coldtrace bench capture` measures every row of its issue, with real servers.  No figure of speed is judged here."""

import json

import pytest

from coldtrace.cli.bench import capture
from coldtrace.cli.main import main


def test_capture_is_measured_beside_its_floor_and_nothing_acknowledged_is_lost(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small = capture.Scale(rounds=1, seconds=0.3, history=(1_000,), overload_s=0.5)
    monkeypatch.setattr(capture, "SMALL", small)
    monkeypatch.setattr(capture, "OFFERED_PER_S", 400)
    monkeypatch.setattr(capture, "CONNECTIONS", 40)
    status = main(["bench", "capture", "--json"])
    told = capsys.readouterr()
    found = json.loads(told.out)["rows"]
    rows = {row["name"]: row for row in found}
    assert len(rows) == len(found)
    goals = [row["goal"] for row in rows.values() if row["goal"]]
    assert goals[:12] == [
        "ratio >= 0.35",
        "value <= 60",
        "value <= 10",
        "value <= 4",
        "ratio >= 20",
        "ratio >= 0.45",
        "value >= 60000",
        "ratio <= 0.5",
        "value <= 0.6",
        "value <= 0.45",
        "ratio >= 0.5",
        "ratio >= 0.75",
    ]
    assert all(row["value"] > 0 for row in rows.values() if row["unit"] == "1/s" and "503" not in row["name"])
    assert all(row["floor"] for row in rows.values() if "beside F" in row["name"])
    assert rows["one a request, beside the same as a tutorial has it"]["peer"] > 0
    assert rows["acknowledged and not in the log"]["met"] is True
    assert rows["answers that were errors, in all of the above"]["met"] is True, told.err
    assert status == (1 if any(row["met"] is False for row in rows.values()) else 0)
    assert "5/5" in told.err
