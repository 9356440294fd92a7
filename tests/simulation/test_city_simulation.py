"""A month in a city: an honest one has nothing to explain, and of a dishonest one every plot becomes a case."""

from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from support.city import make_city
from support.city_days import CityDays
from support.city_plots import Plotter


def make_days(sessions: sessionmaker[Session], folder: Path, seed: int, *, scale: str) -> CityDays:
    """Return a city on its first morning."""
    consignments, pallets, cartons = (12, 12, 12) if scale == "full" else (3, 6, 8)
    with sessions.begin() as session:
        city = make_city(session, folder, consignments=consignments, pallets=pallets, cartons=cartons)
    return CityDays.of(city, sessions, seed)


def test_an_honest_month(sessions: sessionmaker[Session], tmp_path: Path, scale: str) -> None:
    days, acts = (30, 400) if scale == "full" else (3, 60)
    city = make_days(sessions, tmp_path / "keys", 1, scale=scale)
    for number in range(days):
        city.day(number, acts=acts)
    city.finish()
    with sessions() as session:
        marks = session.execute(text("SELECT DISTINCT unnest(marks) FROM statement_line")).scalars().all()
        print(marks, city.said, city.lost, city.repeated)
        print(session.execute(text("SELECT type, count(*) FROM statement GROUP BY 1")).all())
        assert marks == []
