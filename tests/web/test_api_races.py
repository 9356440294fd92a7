"""PostgreSQL really stops the transaction of a scan: the scan is told again, kept once, and its device sees a 202."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from psycopg.errors import DeadlockDetected, SerializationFailure
from sqlalchemy import text
from sqlmodel import Session

from coldtrace.custody import rebuild
from coldtrace.db.engine import make_engine, make_sessions
from coldtrace.db.roles import APP, SEQUENCER
from coldtrace.events.statement import Statement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties.model import SiteRole
from coldtrace.web import captures
from coldtrace.web.app import create_app
from support.house import pack_lines, unit_line
from support.live_server import live_server
from support.web_house import STATEMENTS, WebHouse

UNITS = [f"(01)19521234543210(21)7QK4M2ZX9R{n:02}" for n in (1, 2)]
PALLET = "(00)195212390000000015"
PATIENCE_S = 20


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> list[Exception]:
    """The races that the door met, as the driver raised them."""
    met: list[Exception] = []
    judged = captures.is_race

    def is_race(error: Exception) -> bool:
        met.append(error)
        return judged(error)

    monkeypatch.setattr(captures, "is_race", is_race)
    return met


@contextmanager
def owner(web: WebHouse) -> Iterator[Session]:
    """A transaction of somebody else."""
    with make_sessions(web.engine)() as session:
        yield session


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not reached():
        assert time.monotonic() < deadline, "it never came so far"
        time.sleep(0.005)


def waiting_for_a_lock(web: WebHouse) -> int:
    with web.engine.connect() as connection:
        return int(
            connection.execute(
                text(
                    "SELECT count(*) FROM pg_stat_activity"
                    " WHERE wait_event_type = 'Lock' AND datname = current_database()"
                )
            ).scalar_one()
        )


@contextmanager
def second_door(web: WebHouse, folder: Path) -> Iterator[httpx.Client]:
    """Another service on the same database."""
    url = web.engine.url.render_as_string(hide_password=False)
    engine, sequencer = (make_engine(url, role=role, pool_size=4) for role in (APP, SEQUENCER))
    app = create_app(web.settings.model_copy(update={"data_dir": folder}), web.env, engine, sequencer_engine=sequencer)
    try:
        with live_server(app) as address, httpx.Client(base_url=address, timeout=30) as client:
            yield client
    finally:
        for each in (engine, sequencer):
            each.dispose()


def require_kept_once(web: WebHouse, said: Statement, answer: Future[httpx.Response]) -> None:
    assert answer.result(PATIENCE_S).status_code == 202
    assert answer.result().json()["results"][0]["receipt"]
    again = web.client.post(STATEMENTS, json=said.to_json(), headers=web.bearer)
    assert (again.status_code, again.json()["results"][0]["status"]) == (200, "repeat")
    with web.sessions() as session:
        assert session.execute(text("SELECT count(*) FROM statement_line")).scalar_one() == 4


def test_a_deadlock_is_told_again(web: WebHouse, stopped: list[Exception]) -> None:
    device = web.device(SiteRole.FIRST_STATION)
    first = device.say(T.RECEIVE, [unit_line(unit) for unit in UNITS])
    assert web.client.post(STATEMENTS, json=first.to_json(), headers=web.bearer).status_code == 202
    said = device.say(T.RECEIVE, [unit_line(unit) for unit in UNITS])
    lock = text("SELECT unit_pk FROM unit WHERE unit_id = :unit FOR UPDATE")
    with ThreadPoolExecutor(1) as pool, owner(web) as session:
        # So that it is the door's transaction that notices, and is stopped.
        session.execute(text("SET LOCAL deadlock_timeout = '15s'"))
        session.execute(lock, {"unit": UNITS[1]})
        answer = pool.submit(web.client.post, STATEMENTS, json=said.to_json(), headers=web.bearer)
        until(lambda: waiting_for_a_lock(web) == 1)
        session.execute(lock, {"unit": UNITS[0]})  # which the door holds
        session.commit()
        require_kept_once(web, said, answer)
    assert [type(error) for error in stopped] == [DeadlockDetected]


def test_a_serialisation_failure_is_told_again(web: WebHouse, stopped: list[Exception]) -> None:
    """An operator may have set a stricter isolation for the whole database."""
    device = web.device(SiteRole.FIRST_STATION)
    first = device.say(T.RECEIVE, [unit_line(unit) for unit in UNITS])
    assert web.client.post(STATEMENTS, json=first.to_json(), headers=web.bearer).status_code == 202
    with web.engine.begin() as connection:
        name = connection.execute(text("SELECT current_database()")).scalar_one()
        connection.execute(text(f"ALTER DATABASE \"{name}\" SET default_transaction_isolation = 'repeatable read'"))
    web.app.state.engine.dispose()
    said = device.say(T.RECEIVE, [unit_line(unit) for unit in UNITS])
    with ThreadPoolExecutor(1) as pool, owner(web) as session:
        session.execute(text("UPDATE unit SET version = version + 1 WHERE unit_id = :unit"), {"unit": UNITS[0]})
        answer = pool.submit(web.client.post, STATEMENTS, json=said.to_json(), headers=web.bearer)
        until(lambda: waiting_for_a_lock(web) == 1)
        session.commit()
        require_kept_once(web, said, answer)
    assert [type(error) for error in stopped] == [SerializationFailure]


def test_two_late_scans_that_need_each_others_goods(web: WebHouse, stopped: list[Exception], tmp_path: Path) -> None:
    """Each locks what it names, and finds on the way that it must tell again what the other one named."""
    port, store = web.device(SiteRole.FIRST_STATION), web.device(SiteRole.COLD_STORE)
    morning = web.clock.next
    for minute, deed, lines in (
        (1, T.RECEIVE, [unit_line(unit) for unit in UNITS]),
        (2, T.PACK, pack_lines(PALLET, UNITS)),
        (8, T.UNPACK, pack_lines(PALLET, UNITS)[1:]),
        (9, T.OBSERVE, [unit_line(PALLET), *(unit_line(unit) for unit in UNITS)]),
    ):
        said = port.say(deed, lines, at=morning + timedelta(minutes=minute))
        web.clock.next = max(web.clock.next, morning + timedelta(minutes=minute))
        assert web.client.post(STATEMENTS, json=said.to_json(), headers=web.bearer).status_code == 202
    of_pallet = port.say(T.OBSERVE, [unit_line(PALLET)], at=morning + timedelta(minutes=4))
    of_carton = store.say(T.OBSERVE, [unit_line(UNITS[1])], at=morning + timedelta(minutes=5))
    with second_door(web, tmp_path / "second") as other, ThreadPoolExecutor(2) as pool:
        with owner(web) as session:
            # The first one has its pallet, and is kept from the first carton until the second has the second carton.
            session.execute(text("SELECT unit_pk FROM unit WHERE unit_id = :unit FOR UPDATE"), {"unit": UNITS[0]})
            first = pool.submit(web.client.post, STATEMENTS, json=of_pallet.to_json(), headers=web.bearer)
            until(lambda: waiting_for_a_lock(web) == 1)
            second = pool.submit(other.post, STATEMENTS, json=of_carton.to_json(), headers=web.bearer)
            until(lambda: waiting_for_a_lock(web) == 2)
        answers = [each.result(PATIENCE_S) for each in (first, second)]
        assert [answer.status_code for answer in answers] == [202, 202]
        assert [type(error) for error in stopped] == [DeadlockDetected]
        for said, answer, client in zip((of_pallet, of_carton), answers, (other, web.client), strict=True):
            again = client.post(STATEMENTS, json=said.to_json(), headers=web.bearer)
            (kept,) = again.json()["results"]
            assert (again.status_code, kept["status"]) == (200, "repeat")
            assert kept["receipt"] == answer.json()["results"][0]["receipt"]
    with web.sessions() as session:
        assert session.execute(text("SELECT count(*) FROM statement")).scalar_one() == 6
        report = rebuild.check(session)
        assert report.ok, report.examples
