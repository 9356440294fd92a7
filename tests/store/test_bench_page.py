"""`coldtrace bench page` measures every row of its issue, with a real server.  No figure of speed is judged here."""

import json

import pytest

from coldtrace.cli.bench import page
from coldtrace.cli.main import main


def test_pages_are_measured_and_scans_go_on_meanwhile(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(page, "SMALL", page.Scale(rounds=1, seconds=0.3, units=1_000, offered_s=0.5))
    monkeypatch.setattr(page, "OFFERED_PER_S", 100)
    monkeypatch.setattr(page, "CONNECTIONS", 20)
    status = main(["bench", "page", "--json"])
    told = capsys.readouterr()
    found = json.loads(told.out)["rows"]
    rows = {row["name"]: row for row in found}
    assert len(rows) == len(found)
    assert [row["goal"] for row in found if row["goal"]] == [
        "value >= 500",
        "ratio >= 0.6",
        "value <= 100",
        f"value >= {page.SCANS}",
        "value >= 500",
        "value <= 0",
    ]
    assert rows["page of one code, 32 clients"]["value"] > 0
    assert rows["pages of 1,200 codes in turn, 1,000 units"]["value"] > 0
    assert rows[f"meanwhile {page.SCANS} scans scanned, sent and receipted"]["met"] is True
    assert rows["answers that were errors, in all of the above"]["met"] is True, told.err
    assert status == (1 if any(row["met"] is False for row in rows.values()) else 0)
    assert rows["page of one code of a recalled lot, 32 clients"]["value"] > 0
    assert "4/4" in told.err
