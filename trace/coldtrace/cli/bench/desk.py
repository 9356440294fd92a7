"""`coldtrace bench desk`: how long the lists of the desk and of the API take in a city with long lists.

The application answers in this process, past the network: what is measured is the service and PostgreSQL, for a person
with a session (pages) or a token (API).  Each list is asked for its first page, one far behind, and as it is narrowed.
Beside the times stands how many blocks of 8 KB its questions read, which no other work on the machine changes, and the
processor time of service and database together.
"""

import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi import FastAPI
from sqlalchemy import Engine, event, text
from sqlmodel import Session

from coldtrace.cli.bench.capture_floor import cpu_s
from coldtrace.cli.bench.desk_lists import LISTS, List
from coldtrace.cli.bench.desk_world import BIG_STORE_NUMBER, fill_desk
from coldtrace.cli.bench.ledger_writers import DATABASE
from coldtrace.cli.bench.rows import Row, at_most
from coldtrace.cli.installation import Installation, open_installation
from coldtrace.clock import now
from coldtrace.db.engine import make_engine
from coldtrace.db.supervisor import OPTIONS, run_server
from coldtrace.people.persons import make_person
from coldtrace.people.sessions import begin_session, set_purpose
from coldtrace.people.tokens import make_token
from coldtrace.rights.model import Member, Role
from coldtrace.settings import Settings
from coldtrace.watch.oversight import count_consignments, count_days, count_hours
from coldtrace.web.app import create_app

GOAL_MS = 150
WARM_UP = 2
PURPOSE = "bench"


@dataclass(frozen=True)
class Scale:
    """`units` and `statements` in the city, and how often each page is asked for."""

    units: int
    statements: int
    reads: int


SMALL = Scale(units=20_000, statements=20_000, reads=10)
FULL = Scale(units=1_000_000, statements=1_000_000, reads=20)


def bench_desk(*, full: bool, say: Callable[[str], None]) -> list[Row]:
    """Return the rows; `say` is told what is being measured."""
    scale = FULL if full else SMALL
    with _served(scale, say) as (installation, pids):
        return measure(installation, scale, say, pids)


def measure(
    installation: Installation, scale: Scale, say: Callable[[str], None], pids: Sequence[int], only: str = ""
) -> list[Row]:
    """Ask the lists of a filled installation whose names contain `only`; `pids` are of whatever works for it."""
    desk = _Desk(installation, pids)
    rows: list[Row] = []
    for each in LISTS:
        if only in each.name:
            say(each.name)
            rows += desk.rows(each, scale.reads)
    return rows


@dataclass(frozen=True)
class _Took:
    """Times of one address: waits in ms, processor time in ms for each, blocks that its questions read."""

    waits_ms: Sequence[float]
    cpu_ms: float
    blocks: int


class _Desk:
    def __init__(self, installation: Installation, pids: Sequence[int]) -> None:
        self._pids, self._engine = pids, installation.engine
        self._app = create_app(installation.settings, installation.env, installation.engine)
        with installation.sessions.begin() as session:
            self._headers = _people(session, installation)

    def rows(self, wanted: List, reads: int) -> list[Row]:
        rows = []
        with Session(self._engine) as session:
            addresses = wanted.addresses(lambda query: session.execute(text(query)).scalar_one())
        for which, path in addresses:
            took = self._ask(path, self._headers[wanted.who, path.startswith("/api")], reads)
            name = f"{wanted.name}, {which}"
            waits = sorted(took.waits_ms)
            rows += [
                Row(name=f"{name}: median", value=statistics.median(waits), unit="ms"),
                at_most(f"{name}: 95 of 100 within", waits[int(len(waits) * 0.95)], "ms", GOAL_MS),
                Row(name=f"{name}: processor", value=took.cpu_ms, unit="ms"),
                Row(name=f"{name}: blocks read", value=took.blocks, unit="8 KB"),
            ]
        return rows

    def _ask(self, path: str, headers: Mapping[str, str], reads: int) -> _Took:
        waits: list[float] = []

        async def work() -> float:
            for _ in range(WARM_UP):
                await _get(self._app, path, headers)
            before = cpu_s(*self._pids)
            for _ in range(reads):
                begun = time.perf_counter()
                await _get(self._app, path, headers)
                waits.append((time.perf_counter() - begun) * 1000)
            return cpu_s(*self._pids) - before

        spent = asyncio.run(work())
        with _questions(self._engine) as asked:
            asyncio.run(_get(self._app, path, headers))
        return _Took(waits, spent * 1000 / reads, sum(_blocks(self._engine, *each) for each in asked))


async def _get(app: FastAPI, path: str, headers: Mapping[str, str]) -> None:
    """Ask the application for an address; raise RuntimeError unless it answers 200."""
    where, _, query = path.partition("?")
    said: list[bytes] = []
    status = 0
    waiting = asyncio.Event()

    async def receive() -> dict[str, Any]:
        if waiting.is_set():
            return {"type": "http.disconnect"}
        waiting.set()
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = int(str(message["status"]))
        else:
            said.append(bytes(message.get("body", b"")))

    sent = {"host": "bench", "accept-language": "zh-CN", **headers}
    await app(
        {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": where,
            "raw_path": where.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in sent.items()],
            "client": ("127.0.0.1", 1),
            "server": ("bench", 80),
            "state": {},
        },
        receive,
        send,
    )
    if status != 200:
        raise RuntimeError(f"{path} answered {status}: {b''.join(said)[:300]!r}")


@contextmanager
def _questions(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """Give what the database is asked meanwhile, in the driver's own form."""
    found: list[tuple[str, Any]] = []

    def note(_c: object, _cursor: object, statement: str, parameters: Any, _context: object, _many: bool) -> None:
        if statement.lstrip().startswith(("SELECT", "WITH")):
            found.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


def _blocks(engine: Engine, statement: str, parameters: Any) -> int:
    """Return how many blocks a question reads, wherever it finds them."""
    with engine.connect() as connection:
        (plans,) = connection.exec_driver_sql(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}",
            parameters,
        ).one()
        connection.rollback()
    read = plans if isinstance(plans, list) else json.loads(plans)
    plan = read[0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def _people(session: Session, installation: Installation) -> dict[tuple[str, bool], dict[str, str]]:
    """Make those who ask; return their headers by name, for pages and for the API (`True`)."""
    env, store = installation.env, UUID(int=BIG_STORE_NUMBER)
    members = {
        "store": Member(role=Role.COLD_STORE, operator_id=store, manages=True),
        "station": Member(role=Role.FIRST_STATION, operator_id=UUID(int=1), manages=True),
        "city": Member(role=Role.REGULATOR, operator_id=store, area="1201"),
        "country": Member(role=Role.REGULATOR, operator_id=store, area=""),
        "administrator": Member(role=Role.ADMINISTRATOR, operator_id=store, manages=True),
    }
    found: dict[tuple[str, bool], dict[str, str]] = {}
    for name, member in members.items():
        person = make_person(
            session, env, email=f"{env.new_id()}@bench.example", name=name, lang="zh", members=[member], made_by="bench"
        )
        session.execute(text("UPDATE person SET state = 'active' WHERE person_id = :id"), {"id": person.person_id})
        secret = begin_session(session, env, person_id=person.person_id, agent="bench")
        set_purpose(session, secret, PURPOSE)
        found[name, False] = {"cookie": f"coldtrace={secret}"}
        token = make_token(session, env, name=name, life=None, members=[member])
        found[name, True] = {"authorization": f"Bearer {token}", "coldtrace-purpose": PURPOSE}
    return found


@contextmanager
def _served(scale: Scale, say: Callable[[str], None]) -> Iterator[tuple[Installation, Sequence[int]]]:
    """Give an installation on an embedded server with the city in it, and the processes that answer."""
    with tempfile.TemporaryDirectory(prefix="coldtrace bench ") as name:
        folder = Path(name)
        with run_server(folder=folder / "postgres", log=folder / "postgres.log", options=OPTIONS) as server:
            url = server.url_of(DATABASE)
            settings = Settings(database_url=url, data_dir=folder / "data", env="development")
            with open_installation(settings, create=True) as installation:
                say(f"a city with {scale.units:,} cartons and {scale.statements:,} statements / 造数")
                owner = make_engine(url)
                fill_desk(owner, units=scale.units, statements=scale.statements, now=now(), say=say)
                owner.dispose()
                with installation.sessions.begin() as session:
                    while count_days(session, now()) or count_consignments(session, now()):
                        pass
                    count_hours(session, now())
                yield installation, (os.getpid(), server.pid)
