"""A month in a city in which somebody cheats, forgets or fails every week: every plot becomes a case."""

from collections import Counter
from pathlib import Path

from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.custody import rebuild
from coldtrace.custody.model import CaseKind
from support.city_checks import another_database, check_warnings, list_of, live_cases, make_days, said_of
from support.city_lots import CityLots
from support.city_schemes import Schemer
from support.databases import Databases

OF_LOOKS = {CaseKind.CLONE_SUSPECT, CaseKind.OVER_RUN}
"""What the public's looks give away: nobody in this city scans as a buyer.  They have a world of their own
(`coldtrace bench radar`)."""


def live_with_plots(city: CityLots, *, days: int, acts: int) -> None:
    """Let every scheme be carried out once a week among honest days, and check that all become cases, and only they."""
    plotter = Schemer(city)
    for number in range(days):
        for scheme in plotter.schemes() if number % 7 == 0 else ():
            city.bring_all_home()
            scheme()
        city.day(number, acts=acts)
        city.look_for_gaps()
    plotter.finish()
    planted = {(plot.kind.value, plot.about) for plot in city.plots}
    assert len(planted) == len(city.plots)
    assert {plot.kind for plot in city.plots} == set(CaseKind) - OF_LOOKS
    with city.sessions() as session:
        found = live_cases(session)
        assert planted - found == set(), (city.seed, said_of(session, planted - found))
        about = {thing for plot in city.plots for thing in (plot.about, *plot.beside)} | {
            unit for unit in city.lines if unit not in {b.unit for b in city.boxes}
        }
        others = {case for case in found if case[1] not in about}
        assert others == set(), (city.seed, said_of(session, others))
        check_warnings(session)
        report = rebuild.check(session)
        assert report.ok, (city.seed, report.to_json())
    kinds = Counter(plot.kind.value for plot in city.plots)
    print(
        f"counted: plots, seed {city.seed}, {days} days, {city.said} statements: all {len(planted)} planted anomalies"
        f" became cases ({list_of(dict(sorted(kinds.items())))}), of {len(found)} live cases none about other goods"
    )


def test_every_plot_becomes_a_case(sessions: sessionmaker[Session], tmp_path: Path, scale: str) -> None:
    days, acts = (30, 300) if scale == "full" else (2, 60)
    live_with_plots(make_days(sessions, tmp_path / "keys", 2, scale=scale), days=days, acts=acts)


def test_plots_in_other_cities(databases: Databases, tmp_path: Path, scale: str) -> None:
    """Short ones of other seeds, which meet other odd moments."""
    seeds, days, acts = (range(11, 16), 3, 180) if scale == "full" else (range(12, 13), 1, 40)
    for seed in seeds:
        with another_database(databases) as sessions:
            live_with_plots(make_days(sessions, tmp_path / str(seed), seed, scale="small"), days=days, acts=acts)
