"""Makes the cities of the simulations, and checks what became of what was said in them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.db.engine import make_engine, make_sessions
from coldtrace.seal.b64 import b64
from support.city import make_city
from support.city_lots import CityLots
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


@contextmanager
def another_database(databases: Databases) -> Iterator[sessionmaker[Session]]:
    """Give sessions on a database of one's own."""
    url = databases.create()
    engine = make_engine(url, pool_size=4)
    yield make_sessions(engine)
    engine.dispose()
    databases.drop(url)
