"""Benchmarks: what a row says, and that the one of codes measures all it promises.  No figure is judged here."""

import json

import pytest

from coldtrace.cli.bench import codes
from coldtrace.cli.bench.codes import Scale
from coldtrace.cli.bench.rows import Goal, Row, medians, table
from coldtrace.cli.main import main

TINY = Scale(codes=100, each=200, labels=3, voided=500, rounds=1)


@pytest.mark.parametrize(
    ("row", "ratio", "met"),
    [
        (Row(name="a", value=3.0, unit="s"), None, None),
        (Row(name="a", value=3.0, unit="s", peer=2.0), 1.5, None),
        (Row(name="a", value=7.0, unit="1/s", floor=10.0, goal=Goal(limit=0.7, better="high", of="ratio")), 0.7, True),
        (
            Row(name="a", value=6.9, unit="1/s", floor=10.0, goal=Goal(limit=0.7, better="high", of="ratio")),
            0.69,
            False,
        ),
        (Row(name="a", value=60.1, unit="s", peer=9.0, goal=Goal(limit=60, better="low", of="value")), 60.1 / 9, False),
        (Row(name="a", value=60.0, unit="s", goal=Goal(limit=60, better="low", of="value")), None, True),
        (Row(name="a", value=1.0, unit="s", goal=Goal(limit=1, better="low", of="ratio")), None, False),
    ],
)
def test_a_row_knows_its_ratio_and_whether_the_goal_is_met(row: Row, ratio: float | None, met: bool | None) -> None:
    assert row.ratio == pytest.approx(ratio)
    assert row.met is met


def test_figures_are_medians_and_taken_in_turn() -> None:
    taken: list[str] = []
    figures = {"a": iter([1.0, 9.0, 2.0]), "b": iter([5.0, 4.0, 6.0])}

    def work(name: str) -> float:
        taken.append(name)
        return next(figures[name])

    assert medians(3, [lambda: work("a"), lambda: work("b")]) == [2.0, 5.0]
    assert taken == ["a", "b"] * 3


def test_codes_measures_every_goal_of_its_issue(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(codes, "SMALL", TINY)
    status = main(["bench", "codes", "--json"])
    told = capsys.readouterr()
    body = json.loads(told.out)
    rows = {row["name"]: row for row in body["rows"]}
    goals = [row["goal"] for row in rows.values() if row["goal"]]
    assert goals == ["ratio >= 0.7", "ratio >= 1.8", "value <= 0.35", "value <= 20", "value <= 60", "value <= 40"]
    assert all(row["value"] > 0 for row in rows.values())
    assert all(row["floor"] or row["peer"] for row in rows.values() if row["goal"])
    assert set(body) == {"bench", "scale", "cores", "python", "rows"}
    assert status == (1 if any(row["met"] is False for row in rows.values()) else 0)
    assert "6/6" in told.err
    assert "the time of 10,000 labels is reckoned from 600" in told.err


def test_the_help_says_what_the_exit_code_means(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["bench", "codes", "--help"])
    assert "exit 1 when a goal is missed" in " ".join(capsys.readouterr().out.split())
    assert codes.SMALL.labels == 600, "as the help and the first line say"


def test_people_get_a_table() -> None:
    goal = Goal(limit=0.7, better="high", of="ratio")
    rows = [Row(name="mint", value=6900.0, unit="1/s", floor=10_000.0, goal=goal), Row(name="b", value=1.5, unit="s")]
    lines = table(rows).splitlines()
    assert len(lines) == 3
    assert lines[1].split() == ["MISS", "mint", "6,900", "1/s", "10,000", "0.69", "ratio", ">=", "0.7"]
