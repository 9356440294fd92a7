"""`Prefer: wait`: many wait at the price of none, and nobody waits for what cannot come."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from coldtrace.events.statement import Statement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.ledger import store
from coldtrace.ledger.refusals import QuorumMissing
from coldtrace.parties.model import SiteRole
from coldtrace.web.awaited_proofs import AwaitedProofs
from support.databases import Databases
from support.house import unit_line
from support.web_house import STATEMENTS, WebHouse, web_house

WAITERS = 60  # more than the 40 worker threads and the 10 connections of the application
SLOW_MS = 60_000  # the application's own threads publish nothing during a test
GETS = ("/healthz", "/logs/cn-2026/checkpoint", "/readyz")


@pytest.fixture
def web(databases: Databases, tmp_path: Path) -> Iterator[WebHouse]:
    """An application whose log is published by the test alone."""
    with web_house(databases, tmp_path, publish_every_ms=SLOW_MS) as made:
        until(lambda: bool(made.app.state.log_keeper.publisher._done))  # the round at the start is over
        yield made


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not reached():
        assert time.monotonic() < deadline, "it never came so far"
        time.sleep(0.01)


def statements(web: WebHouse, count: int) -> list[Statement]:
    device = web.device(SiteRole.FIRST_STATION)
    return [device.say(T.RECEIVE, [unit_line(f"(01)19521234543210(21)7QK4M2ZX{n:04}")]) for n in range(count)]


@contextmanager
def sent(web: WebHouse, said: Sequence[Statement], prefer: str = "wait=10") -> Iterator[list[Future[httpx.Response]]]:
    """Send each statement at once, on a connection of its own."""

    def send(statement: Statement) -> httpx.Response:
        headers = web.bearer | {"Content-Type": "application/json", "Prefer": prefer}
        body = json.dumps(statement.to_json()).encode()
        return httpx.post(f"{web.client.base_url}{STATEMENTS}", content=body, headers=headers, timeout=60)

    with ThreadPoolExecutor(len(said)) as pool:
        yield [pool.submit(send, statement) for statement in said]


def test_while_many_wait_everybody_else_is_answered(web: WebHouse) -> None:
    awaited: AwaitedProofs = web.app.state.awaited_proofs
    with sent(web, statements(web, WAITERS)) as answers:
        until(lambda: awaited.waiting == WAITERS)
        for path in GETS * 5:
            assert web.client.get(path).status_code == 200
        assert not [answer for answer in answers if answer.done()], "a waiter was answered before all the readers"
        web.settle()
    assert [answer.result().status_code for answer in answers] == [201] * WAITERS
    assert all(answer.result().json()["proof"] for answer in answers)
    assert awaited.waiting == 0


def test_whoever_waits_holds_no_connection(web: WebHouse) -> None:
    with sent(web, statements(web, WAITERS)) as answers:
        until(lambda: web.app.state.awaited_proofs.waiting == WAITERS)
        # One look for all uses one, and the keeper of the journal may; waiters with one each would leave none of ten.
        assert max(web.app.state.engine.pool.checkedout() for _ in range(100)) < 5
        web.settle()
    assert {answer.result().status_code for answer in answers} == {201}


def test_beyond_the_limit_nobody_waits(web: WebHouse) -> None:
    awaited: AwaitedProofs = web.app.state.awaited_proofs
    awaited._waiters_max = 3
    first, over = statements(web, 3), statements(web, 5)[3:]
    with sent(web, first) as answers:
        until(lambda: awaited.waiting == 3)
        with sent(web, over) as more:
            pass
        assert [answer.result().status_code for answer in more] == [202, 202]
        assert all(answer.result().json()["results"][0]["receipt"] for answer in more)
        assert not [answer for answer in answers if answer.done()]
        web.settle()
    assert [answer.result().status_code for answer in answers] == [201] * 3
    # The place is free again, for a repeat too.
    with sent(web, over[:1]) as again:
        pass
    assert again[0].result().status_code == 201


@pytest.mark.parametrize("thread", ["sequencer", "publisher"])
def test_in_trouble_nobody_waits(web: WebHouse, thread: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # However long the wait may be: the answer comes because of the trouble, not of the clock.
    monkeypatch.setattr("coldtrace.web.api.statements.WAIT_MAX_S", 600)
    keeper = web.app.state.log_keeper
    monkeypatch.setattr(keeper.sequencer, "_tick", lambda log: 0)  # else it would clear what is said below
    name = web.env.log.name
    with sent(web, statements(web, 2), "wait=600") as answers:
        until(lambda: web.app.state.awaited_proofs.waiting == 2)
        getattr(keeper, thread).troubles[name] = QuorumMissing(name=name, size=5, cosigned=0, quorum=1)
    assert [answer.result().status_code for answer in answers] == [202, 202]


def test_while_the_log_is_frozen_nobody_waits(web: WebHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coldtrace.web.api.statements.WAIT_MAX_S", 600)
    said = statements(web, 2)
    with sent(web, said, "wait=600") as answers:
        until(lambda: web.app.state.awaited_proofs.waiting == 2)
        with web.engine.begin() as connection:
            store.freeze(connection, web.env.log.id, reason="looked into", at=web.clock())
    assert [answer.result().status_code for answer in answers] == [202, 202]
    with sent(web, said[:1], "wait=600") as again:
        pass
    assert again[0].result().status_code == 200


def test_a_database_that_fails_during_the_wait_still_gives_the_receipt(
    web: WebHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coldtrace.web.api.statements.WAIT_MAX_S", 600)
    with sent(web, statements(web, 2), "wait=600") as answers:
        until(lambda: web.app.state.awaited_proofs.waiting == 2)
        with web.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE ledger_published RENAME TO ledger_hidden")
    with web.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE ledger_hidden RENAME TO ledger_published")
    assert [answer.result().status_code for answer in answers] == [202, 202]
    assert all(answer.result().json()["results"][0]["receipt"] for answer in answers)


def test_a_stream_of_one_line_may_wait_too(web: WebHouse) -> None:
    one, two = statements(web, 2)
    headers = web.bearer | {"Content-Type": "application/x-ndjson", "Prefer": "wait=10"}
    line = json.dumps(one.to_json()).encode() + b"\n"
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(web.client.post, STATEMENTS, content=line, headers=headers)
        until(lambda: web.app.state.awaited_proofs.waiting == 1)
        web.settle()
        answer = waiting.result()
    assert answer.status_code == 201
    assert answer.json()["results"][0]["status"] == "accepted"
    assert answer.json()["proof"].startswith("c2sp.org/tlog-proof@v1")
    lines = line + json.dumps(two.to_json()).encode()
    assert web.client.post(STATEMENTS, content=lines, headers=headers).status_code == 202  # of two nobody waits
