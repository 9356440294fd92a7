"""`coldtrace bench desk` asks for every list it names, by whom it names, and counts.  Speed is not judged here."""

import json

import pytest

from coldtrace.cli.bench import desk
from coldtrace.cli.bench.desk_lists import LISTS
from coldtrace.cli.main import main


def test_every_list_is_asked_for_its_first_page_a_far_one_and_as_it_is_narrowed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(desk, "SMALL", desk.Scale(units=6_000, statements=3_000, reads=1))
    monkeypatch.setattr(desk, "GOAL_MS", 1e9)
    assert main(["bench", "desk", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    names = [row["name"] for row in rows]
    assert len(set(names)) == len(names)
    for each in LISTS:
        for page in [
            "first page",
            *(["a page far behind"] if each.deep else []),
            *(f"with {it}" for it in each.narrowed),
        ]:
            own = {row["name"].rpartition(": ")[2] for row in rows if row["name"].startswith(f"{each.name}, {page}: ")}
            assert own == {"median", "95 of 100 within", "processor", "blocks read"}, (each.name, page)
    assert {row["met"] for row in rows if row["goal"]} == {True}
    assert all(row["value"] > 0 for row in rows if row["name"].endswith("blocks read"))
