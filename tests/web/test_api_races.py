"""PostgreSQL really stops the transaction of a scan: the scan is told again, kept once, and its device sees a 202."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
from psycopg.errors import DeadlockDetected, SerializationFailure
from sqlalchemy import text
from sqlmodel import Session

from coldtrace.db.engine import make_sessions
from coldtrace.events.statement import Statement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties.model import SiteRole
from coldtrace.web import captures
from support.house import unit_line
from support.web_house import STATEMENTS, WebHouse

UNITS = [f"(01)19521234543210(21)7QK4M2ZX9R{n:02}" for n in (1, 2)]
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


def is_waiting_for_a_lock(web: WebHouse) -> bool:
    with web.engine.connect() as connection:
        return bool(
            connection.execute(
                text(
                    "SELECT count(*) FROM pg_stat_activity"
                    " WHERE wait_event_type = 'Lock' AND datname = current_database()"
                )
            ).scalar_one()
        )


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
        until(lambda: is_waiting_for_a_lock(web))
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
        until(lambda: is_waiting_for_a_lock(web))
        session.commit()
        require_kept_once(web, said, answer)
    assert [type(error) for error in stopped] == [SerializationFailure]
