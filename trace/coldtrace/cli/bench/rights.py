"""`coldtrace bench rights`: what it costs that everybody sees only their own, beside the same reads without any scope.

An embedded server of its own in a temporary folder, filled by SQL with a made-up city: first stations, cold stores,
shops in districts, pallets of cartons that went from one to the next.  Scoped and unscoped reads are taken in turn, one
by one, so that a busy machine slows both.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import text
from sqlmodel import Session

from coldtrace.cli.bench.ledger_writers import DATABASE
from coldtrace.cli.bench.rights_city import BIG_STORE, fill_city, operator_of
from coldtrace.cli.bench.rows import Goal, Row
from coldtrace.custody.statement_list import list_statements
from coldtrace.custody.unit_view import view_unit
from coldtrace.db.engine import make_engine, make_sessions
from coldtrace.db.migrate import upgrade
from coldtrace.db.roles import APP
from coldtrace.db.supervisor import OPTIONS, run_server
from coldtrace.rights.model import EVERYTHING, Kind, Member, Reader, Role, Scope, Verb
from coldtrace.rights.rules import scope_of
from coldtrace.watch.cases import list_cases

PAGE = 50
CHILDREN_MAX = 1000


@dataclass(frozen=True)
class Scale:
    """`units` in the city, and how often each read is taken."""

    units: int
    reads: int


SMALL, FULL = Scale(units=100_000, reads=60), Scale(units=1_000_000, reads=200)

_Read = Callable[[Session, Scope], object]


def bench_rights(*, full: bool, say: Callable[[str], None]) -> list[Row]:
    """Return the rows; `say` is told what is being measured."""
    scale = FULL if full else SMALL
    with _city(scale, say) as session:
        shop, units = _somebody(session)
        readers = {
            "a shop": _firm(Role.RETAILER, shop),
            "a store with a fifth of everything": _firm(Role.COLD_STORE, BIG_STORE),
            "a regulator of a district": Reader(members=(_regulator("120116"),)),
            "a regulator of the city": Reader(members=(_regulator("1201"),)),
        }
        rows: list[Row] = []
        for name, reader in readers.items():
            say(f"{name}: {scale.reads} x 3")
            rows += _rows(session, scale, name, reader, units[name])
    return rows


def _rows(session: Session, scale: Scale, name: str, reader: Reader, units: Sequence[str]) -> list[Row]:
    reads: list[tuple[str, Kind, Sequence[_Read]]] = [
        ("one unit with its story", Kind.UNIT, [_unit_read(unit) for unit in units]),
        ("a page of cases", Kind.CASE, [lambda session, scope: list_cases(session, scope, after=None, limit=PAGE)]),
        (
            "a page of statements",
            Kind.STATEMENT,
            [lambda session, scope: list_statements(session, scope, after=None, limit=PAGE)],
        ),
    ]
    rows = []
    for what, kind, ways in reads:
        scoped, bare = _in_turn(session, scope_of(reader, kind, Verb.READ), ways, scale.reads)
        goal = Goal(limit=1.3, better="low", of="ratio")
        rows.append(Row(name=f"{what}, {name}, beside no scope", value=scoped, unit="ms", floor=bare, goal=goal))
    return rows


def _unit_read(unit: str) -> _Read:
    def read(session: Session, scope: Scope) -> object:
        found = view_unit(session, scope, unit, inside_max=CHILDREN_MAX)
        assert found is not None, "units are chosen among those that the reader sees"
        return found

    return read


def _in_turn(session: Session, scope: Scope, ways: Sequence[_Read], count: int) -> tuple[float, float]:
    """Return the medians of scoped and unscoped reads, in milliseconds."""
    took: dict[bool, list[float]] = {True: [], False: []}
    for number in range(count + 10):
        read = ways[number % len(ways)]
        for scoped in (True, False) if number % 2 else (False, True):
            started = time.perf_counter()
            read(session, scope if scoped else EVERYTHING)
            if number >= 10:
                took[scoped].append((time.perf_counter() - started) * 1000)
    return statistics.median(took[True]), statistics.median(took[False])


def _firm(role: Role, operator_id: UUID) -> Reader:
    return Reader(members=(Member(role=role, operator_id=operator_id),))


def _regulator(area: str) -> Member:
    return Member(role=Role.REGULATOR, operator_id=UUID(int=0), area=area)


def _somebody(session: Session) -> tuple[UUID, dict[str, list[str]]]:
    """Return the organisation of an ordinary shop, and cartons that each reader may see."""
    shop = session.execute(
        text(
            "SELECT s.gln FROM statement s JOIN site USING (gln) WHERE s.type = 'receive' AND role = 'retailer'"
            " AND district = '120116' ORDER BY s.entry_id LIMIT 1"
        )
    ).scalar_one()
    at = {
        "a shop": "s.gln = :shop",
        "a store with a fifth of everything": "si.operator_id = :store",
        "a regulator of a district": "si.district = '120116'",
        "a regulator of the city": "si.district LIKE '1201%'",
    }
    found = {
        name: list(
            session.execute(
                text(
                    "SELECT c.unit_id FROM statement s JOIN site si USING (gln) JOIN statement_line l USING (entry_id)"
                    " JOIN containment k ON k.parent_pk = l.unit_pk JOIN unit c ON c.unit_pk = k.child_pk"
                    f" WHERE s.type = 'receive' AND {condition} ORDER BY md5(c.unit_id) LIMIT 40"
                ),
                {"shop": shop, "store": BIG_STORE},
            ).scalars()
        )
        for name, condition in at.items()
    }
    return operator_of(session, shop), found


@contextmanager
def _city(scale: Scale, say: Callable[[str], None]) -> Iterator[Session]:
    """Give a session of the service's role on a server with a city in it."""
    with tempfile.TemporaryDirectory(prefix="coldtrace bench ") as name:
        folder = Path(name)
        with run_server(folder=folder / "postgres", log=folder / "postgres.log", options=OPTIONS) as server:
            url = server.url_of(DATABASE)
            upgrade(url)
            owner = make_engine(url)
            say(f"a city with {scale.units:,} cartons / 造数")
            with owner.begin() as connection:
                fill_city(connection, units=scale.units)
            with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("VACUUM (ANALYZE)"))
            owner.dispose()
            engine = make_engine(url, role=APP, pool_size=1)
            try:
                with make_sessions(engine)() as session:
                    yield session
            finally:
                engine.dispose()
