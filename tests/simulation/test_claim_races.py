"""Two devices claim the same box at the same moment, 1,000 times: one is right, the other has a case, nobody is stuck.

Two real services on one database, each with its own connections, so that the claims meet over the same rows.  Some
claims are sent to one service both: there they share a transaction, or follow each other.  By whose event was first,
the device that is heard first is right, or wrong, or, in the very same millisecond, right because it was heard first.
"""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.cli.installation import Installation, open_installation
from coldtrace.custody import rebuild
from coldtrace.custody import service as custody
from coldtrace.db.engine import read_url
from coldtrace.events.header import read_header
from coldtrace.events.statement import Statement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties.model import SiteRole
from coldtrace.settings import load_settings
from support.consignments import commission_line, facts_of, open_consignment
from support.house import Handheld, install, unit_line
from support.kills import PATIENCE_S, Killed
from support.live_house import LiveHouse, make_hosts, send_alone

ALONE, TOGETHER, BOXES = 1_000, 60, 5
"""Races for one box each, and races for some boxes each, which the two devices name in opposite orders."""
BATCH = 100
QUIET = {"SEQUENCER_TICK_MS": "1000", "PUBLISH_EVERY_MS": "1000"}
MARKS = {T.RECEIVE: "gap", T.SELL: "sold_twice"}
KINDS = {T.RECEIVE: "gap", T.SELL: "conflict"}


@dataclass(frozen=True, kw_only=True)
class Race:
    """Two devices with a claim each, the door to which each brings it, and whose event was first if one was."""

    type: T
    units: Sequence[str]
    devices: tuple[Handheld, Handheld]
    claims: tuple[Statement, Statement]
    doors: tuple[int, int]
    first: int | None

    @property
    def ids(self) -> tuple[UUID, UUID]:
        """The ids of both claims."""
        return read_header(self.claims[0].header).id, read_header(self.claims[1].header).id


@dataclass
class Watcher:
    """Somebody who looks at the database all the time, and counts when a transaction waits for another."""

    database: str
    seen_waiting: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Look until told to stop."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            while not self.stop.wait(0.05):
                self.seen_waiting += one(
                    connection,
                    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                    " AND datname = current_database()",
                )


def one(connection: "psycopg.Connection[Any]", question: str) -> int:
    row = connection.execute(question).fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture
def houses(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> list[LiveHouse]:
    """Two data folders with the same keys, on the database of this test."""
    monkeypatch.setenv("COLDTRACE_DATABASE_URL", database_url)
    return make_hosts(tmp_path, "first door", "second door")


@contextmanager
def watched(database: str) -> Iterator[Watcher]:
    """Give a watcher that looks meanwhile."""
    watcher = Watcher(database)
    watching = threading.Thread(target=watcher.run, daemon=True)
    watching.start()
    yield watcher
    watcher.stop.set()
    watching.join(PATIENCE_S)


def test_two_devices_claim_a_box_and_one_of_them_has_a_case(houses: list[LiveHouse], database_url: str) -> None:
    database = read_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with ExitStack() as stack:
        installation = stack.enter_context(open_installation(load_settings(data_dir=houses[0].data_dir), create=True))
        races = prepare(installation)
        doors = [Killed(house, stack, settings=QUIET) for house in houses]
        with ThreadPoolExecutor(len(doors)) as both:
            list(both.map(Killed.start, doors))
        watcher = stack.enter_context(watched(database))
        answers = run(races, [door.url for door in doors])
    assert Counter(answer.status_code for answer in answers) == {202: 2 * len(races)}
    assert {status_of(answer) for answer in answers} == {"accepted"}
    with open_installation(load_settings(data_dir=houses[0].data_dir)) as installation:
        overtaken = check(installation.sessions, races)
    with psycopg.connect(database) as connection:
        deadlocks = one(connection, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    assert deadlocks == 0, "two claims waited for each other"
    assert watcher.seen_waiting > 0, "nobody ever waited: that was no race"
    assert overtaken > 0, "whoever was first was always heard first"
    print(
        f"counted: {len(races)} races for {sum(len(race.units) for race in races)} boxes, {overtaken} times the later"
        f" one was heard first, seen waiting {watcher.seen_waiting} times, {deadlocks} deadlocks in the database"
    )


def prepare(installation: Installation) -> list[Race]:
    """Bring boxes to where two devices can claim them, and have all claims signed."""
    with installation.sessions.begin() as session:
        sites = install(session, installation.env)
        opened = open_consignment(
            session,
            installation.env,
            station=sites[SiteRole.FIRST_STATION].gln,
            pallets=2,
            cartons=(ALONE + TOGETHER * BOXES) // 2,
        )
        port, store, trader, till, other_till = (
            Handheld.enrol(session, installation.env, sites[role])
            for role in (
                SiteRole.FIRST_STATION,
                SiteRole.COLD_STORE,
                SiteRole.DISTRIBUTOR,
                SiteRole.RETAILER,
                SiteRole.RETAILER,
            )
        )
    codes = [code for pallet in opened.pallets for code in pallet.cartons]
    said = [port.say(T.COMMISSION, [commission_line(code)], facts=facts_of(code)) for code in codes]
    units = [code.unit_id for code in codes]
    shares = [units[number : number + 1] for number in range(ALONE)]
    shares += [units[at : at + BOXES] for at in range(ALONE, len(units), BOXES)]
    ways: dict[T, list[str]] = {T.RECEIVE: [], T.SELL: []}
    for number, share in enumerate(shares):
        ways[type_of(number)] += share
    for lines in batches([unit_line(unit) for unit in ways[T.RECEIVE]]):
        said.append(port.say(T.SHIP, lines))  # whoever it is for: two stores say that it is theirs
    for lines in batches([unit_line(unit) for unit in ways[T.SELL]]):
        said.append(port.say(T.SHIP, lines, to=till.site.gln))
    for lines in batches([unit_line(unit) for unit in ways[T.SELL]]):
        said.append(till.say(T.RECEIVE, lines))
    for batch in batches(said):
        with installation.sessions.begin() as session:
            results = custody.capture(session, installation.env, [each.to_json() for each in batch])
            assert {result.status for result in results} == {"accepted"}
    present = installation.env.clock()
    claimants = {T.RECEIVE: (store, trader), T.SELL: (till, other_till)}
    return [
        make_race(number, share, type_of(number), claimants[type_of(number)], present)
        for number, share in enumerate(shares)
    ]


def type_of(number: int) -> T:
    """Two stores receive every other box; two tills of a shop sell the others."""
    return T.SELL if number % 2 else T.RECEIVE


def make_race(
    number: int, units: Sequence[str], type: T, devices: tuple[Handheld, Handheld], present: datetime
) -> Race:
    first = (None, 0, 1)[number // 2 % 3]
    delays = [timedelta(milliseconds=first is not None and side != first) for side in (0, 1)]
    orders = (units, units[::-1])
    claims = [
        device.say(type, [unit_line(unit) for unit in order], at=present + delay)
        for device, order, delay in zip(devices, orders, delays, strict=True)
    ]
    doors = ((0, 1), (1, 0), (0, 1), (1, 0), (number % 2, number % 2))[number // 6 % 5]
    return Race(type=type, units=units, devices=devices, claims=(claims[0], claims[1]), doors=doors, first=first)


def batches(every: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (every[at : at + BATCH] for at in range(0, len(every), BATCH))


def run(races: Sequence[Race], urls: Sequence[str]) -> list[httpx.Response]:
    """Let both sides of each race send their claim when both are ready; return all answers."""
    ready = threading.Barrier(2, timeout=PATIENCE_S)

    def side(number: int) -> list[httpx.Response]:
        with ExitStack() as stack:
            clients = [stack.enter_context(httpx.Client(base_url=url, timeout=PATIENCE_S)) for url in urls]
            answers = []
            try:
                for race in races:
                    ready.wait()
                    answers.append(send_alone(clients[race.doors[number]], race.devices[number], race.claims[number]))
            except BaseException:
                ready.abort()
                raise
            return answers

    with ThreadPoolExecutor(2) as both:
        return [answer for answers in both.map(side, (0, 1)) for answer in answers]


def status_of(answer: httpx.Response) -> str:
    (result,) = answer.json()["results"]
    assert result["receipt"], result
    return str(result["status"])


def check(sessions: sessionmaker[Session], races: Sequence[Race]) -> int:
    """Of each race one claim is clean and the other has a case; return how often the later event was heard first."""
    with sessions() as session:
        marks: dict[UUID, list[list[str]]] = {}
        for row in session.execute(text("SELECT entry_id, marks FROM statement_line ORDER BY entry_id, line_no")):
            marks.setdefault(row.entry_id, []).append(list(row.marks))
        heard = {
            # Two services may hear something in one and the same millisecond; then the order is that of the record.
            row.entry_id: (row.recorded_at, row.seq, row.entry_id)
            for row in session.execute(text("SELECT entry_id, recorded_at, seq FROM statement"))
        }
        cases = [
            (row.entry_id, row.kind, row.live, row.state)
            for row in session.execute(text("SELECT entry_id, kind, live, state FROM case_file"))
        ]
        overtaken = 0
        expected = []
        for race in races:
            early = 0 if heard[race.ids[0]] < heard[race.ids[1]] else 1
            right = early if race.first is None else race.first
            overtaken += right != early
            clean, wrong = race.ids[right], race.ids[1 - right]
            assert marks[clean] == [[]] * len(race.units), race
            assert marks[wrong] == [[MARKS[race.type]]] * len(race.units), race
            expected.append((wrong, KINDS[race.type], True, "open"))
        assert sorted(cases) == sorted(expected)
        report = rebuild.check(session)
        assert report.ok, report.examples
        return overtaken
