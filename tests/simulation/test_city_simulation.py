"""A month in a city in which everybody is honest: there is nothing to explain."""

from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.custody import rebuild
from support.city_checks import another_database, check_warnings, list_of, live_cases, make_days, said_of, types_told
from support.city_lots import CityLots
from support.city_trade import HONEST
from support.databases import Databases


def live_honestly(city: CityLots, *, days: int, acts: int) -> None:
    """Let days pass on which nobody does anything wrong, and check that there is nothing to explain."""
    for number in range(days):
        city.day(number, acts=acts)
        city.look_for_gaps()
    city.say_what_is_left()
    city.finish()
    city.look_for_gaps()
    with city.sessions() as session:
        found = live_cases(session)
        assert found == set(), (city.seed, said_of(session, found))
        marks = session.execute(text("SELECT DISTINCT unnest(marks) FROM statement_line")).scalars().all()
        assert marks == [], city.seed
        check_warnings(session)
        report = rebuild.check(session)
        assert report.ok, (city.seed, report.to_json())
        told = types_told(session)
    assert set(told) >= HONEST, (city.seed, HONEST - set(told))
    print(
        f"counted: honest city, seed {city.seed}, {days} days: {city.said} statements of {len(told)} types,"
        f" {city.repeated} repeats, {city.lost} lost on the way, no case"
    )
    print(list_of(told))


def test_an_honest_month(sessions: sessionmaker[Session], tmp_path: Path, scale: str) -> None:
    days, acts = (30, 400) if scale == "full" else (3, 180)
    live_honestly(make_days(sessions, tmp_path / "keys", 1, scale=scale), days=days, acts=acts)


def test_other_honest_cities(databases: Databases, tmp_path: Path, scale: str) -> None:
    """Short ones of other seeds, which meet other odd moments."""
    seeds, days, acts = (range(11, 16), 3, 180) if scale == "full" else (range(12, 13), 1, 40)
    for seed in seeds:
        with another_database(databases) as sessions:
            live_honestly(make_days(sessions, tmp_path / str(seed), seed, scale="small"), days=days, acts=acts)
