"""A month in a city: an honest one has nothing to explain, and of a dishonest one every plot becomes a case."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.custody import rebuild
from coldtrace.custody.model import CaseKind
from coldtrace.db.engine import make_engine, make_sessions
from coldtrace.seal.b64 import b64
from support.city import make_city
from support.city_lots import CityLots
from support.city_schemes import Schemer
from support.city_trade import HONEST
from support.databases import Databases


def make_days(sessions: sessionmaker[Session], folder: Path, seed: int, *, scale: str) -> CityLots:
    """Return a city on its first morning."""
    consignments, pallets, cartons, bulk, labels = (12, 12, 12, 6, 300) if scale == "full" else (3, 6, 8, 2, 40)
    with sessions.begin() as session:
        city = make_city(
            session, folder, consignments=consignments, pallets=pallets, cartons=cartons, bulk=bulk, labels=labels
        )
    return CityLots.of(city, sessions, seed)


def live_cases(session: Session) -> set[tuple[str, str]]:
    """Return (kind, what it is about) of every live case: each unit of its statement, or the device's key."""
    rows = session.execute(
        text(
            "SELECT c.kind, COALESCE(u.unit_id, c.unit_id, replace(rtrim(translate(encode(c.key_id, 'base64'),"
            " '+/', '-_'), '='), chr(10), ''), c.about) AS thing FROM case_file c"
            " LEFT JOIN statement_line l ON l.entry_id = c.entry_id LEFT JOIN unit u USING (unit_pk) WHERE c.live"
            " AND NOT starts_with(c.about, 'late:')"
        )
    )
    return {(row.kind, row.thing) for row in rows}


def check_warnings(session: Session) -> None:
    """Check that exactly those devices have a warning that told something more than a day late, and not three."""
    late = "SELECT about FROM case_file WHERE starts_with(about, 'late:')"
    warned = {row.about.split(":")[1] for row in session.execute(text(late))}
    delays = session.execute(text("SELECT key_id, recorded_at - claimed_at AS delay FROM statement")).all()
    day = timedelta(days=1)
    assert warned == {b64(bytes(row.key_id)) for row in delays if day < row.delay <= 3 * day}


def said_of(session: Session, cases: Iterable[tuple[str, str]]) -> str:
    """Return what was said of the units of these cases, for a person who looks for the reason."""
    found = []
    for kind, thing in sorted(cases):
        rows = session.execute(
            text(
                "SELECT s.type, s.gln, s.event_at, l.marks, s.marks AS own FROM statement s"
                " JOIN statement_line l USING (entry_id) JOIN unit u USING (unit_pk) WHERE u.unit_id = :unit"
                " ORDER BY s.event_at"
            ),
            {"unit": thing},
        )
        found.append(f"{kind} {thing}\n" + "\n".join(f"    {tuple(row)}" for row in rows))
    return "\n".join(found)


def types_told(session: Session) -> dict[str, int]:
    """Return how often each type of statement was told."""
    rows = session.execute(text("SELECT type, count(*) AS told FROM statement GROUP BY type ORDER BY type"))
    return {row.type: row.told for row in rows}


def list_of(counts: dict[str, int]) -> str:
    """Return counts for a person: `2 gap, 1 late`."""
    return ", ".join(f"{count} {what}" for what, count in counts.items())


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
    assert {plot.kind for plot in city.plots} == set(CaseKind)
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


@contextmanager
def another_database(databases: Databases) -> Iterator[sessionmaker[Session]]:
    """Give sessions on a database of one's own."""
    url = databases.create()
    engine = make_engine(url, pool_size=4)
    yield make_sessions(engine)
    engine.dispose()
    databases.drop(url)


def test_an_honest_month(sessions: sessionmaker[Session], tmp_path: Path, scale: str) -> None:
    days, acts = (30, 400) if scale == "full" else (3, 180)
    live_honestly(make_days(sessions, tmp_path / "keys", 1, scale=scale), days=days, acts=acts)


def test_every_plot_becomes_a_case(sessions: sessionmaker[Session], tmp_path: Path, scale: str) -> None:
    days, acts = (30, 300) if scale == "full" else (2, 60)
    live_with_plots(make_days(sessions, tmp_path / "keys", 2, scale=scale), days=days, acts=acts)


def test_other_cities(databases: Databases, tmp_path: Path, scale: str) -> None:
    """Short ones of other seeds, which meet other odd moments."""
    seeds, days, acts = (range(11, 16), 3, 180) if scale == "full" else (range(12, 13), 1, 40)
    for seed in seeds:
        with another_database(databases) as sessions:
            live_honestly(make_days(sessions, tmp_path / f"honest{seed}", seed, scale="small"), days=days, acts=acts)
        with another_database(databases) as sessions:
            live_with_plots(make_days(sessions, tmp_path / f"plots{seed}", seed, scale="small"), days=days, acts=acts)
