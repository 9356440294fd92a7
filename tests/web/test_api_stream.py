"""Statements as a stream: stored as they come, with bounded memory, and an answer for each line."""

import json
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from coldtrace.custody import service as custody
from coldtrace.events.statement import Statement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties.model import SiteRole
from coldtrace.web import statement_stream
from support.databases import Databases
from support.house import Handheld, unit_line
from support.web_house import STATEMENTS, WebHouse, web_house

NDJSON = {"Content-Type": "application/x-ndjson"}
LIMIT = 64 * 1024


@pytest.fixture(scope="module")
def small(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebHouse]:
    """An application that takes bodies of 64 kilobytes."""
    with web_house(databases, tmp_path_factory.mktemp("small"), body_limit_bytes=LIMIT) as made:
        yield made


@pytest.fixture
def port(small: WebHouse) -> Handheld:
    with small.sessions.begin() as session:
        return Handheld.enrol(session, small.env, small.sites[SiteRole.FIRST_STATION])


def say(device: Handheld, count: int) -> list[Statement]:
    return [device.say(T.RECEIVE, [unit_line(f"(01)19521234543210(21)7QK4M2ZX{n:04}")]) for n in range(count)]


def line(statement: Statement) -> bytes:
    return json.dumps(statement.to_json()).encode() + b"\n"


def post(web: WebHouse, body: bytes | Iterator[bytes], **headers: str) -> httpx.Response:
    return web.client.post(STATEMENTS, content=body, headers=web.bearer | NDJSON | headers)


def kept(web: WebHouse, device: Handheld) -> int:
    from coldtrace.seal.keys import key_id

    with web.sessions() as session:
        return int(
            session.execute(
                text("SELECT count(*) FROM statement WHERE key_id = :key"), {"key": key_id(device.signer.spki)}
            ).scalar_one()
        )


def test_more_than_a_body_may_hold_is_stored_line_by_line(small: WebHouse, port: Handheld) -> None:
    said = say(port, 250)
    body = b"".join(line(each) for each in said)
    assert len(body) > 3 * LIMIT
    answer = post(small, body)
    assert answer.status_code == 202
    found = answer.json()
    assert (found["lines"], found["stopped"]) == (250, None)
    ids = [json.loads(each.header)["id"] for each in said]
    assert [(each["id"], each["status"]) for each in found["results"]] == [(id, "accepted") for id in ids]
    assert all(each["receipt"] for each in found["results"])
    assert kept(small, port) == 250
    again = post(small, body).json()["results"]
    assert [(each["status"], each["receipt"]) for each in again] == [
        ("repeat", each["receipt"]) for each in found["results"]
    ]


def test_a_client_that_reads_nothing_before_it_sent_all_is_served(small: WebHouse, port: Handheld) -> None:
    """In chunks that end in the middle of lines, without a length."""
    body = b"".join(line(each) for each in say(port, 120))
    pieces = (body[start : start + 7001] for start in range(0, len(body), 7001))
    found = post(small, pieces).json()
    assert {each["status"] for each in found["results"]} == {"accepted"}
    assert found["lines"] == len(found["results"]) == 120


def test_a_line_that_is_wrong_stops_no_other(small: WebHouse, port: Handheld) -> None:
    said = say(port, 120)
    lines = [line(each) for each in said]
    lines[3:3] = [b"\n", b"{cut o\n", b"[]\n", b"\xff\n", b"[" * 3000 + b"\n"]
    found = post(small, b"".join(lines)[:-1]).json()
    statuses = [each["status"] for each in found["results"]]
    assert statuses == ["accepted"] * 3 + ["refused"] * 4 + ["accepted"] * 117
    codes = [each["code"] for each in found["results"][3:7]]
    assert codes == ["malformed_json", "malformed_statement", "malformed_json", "malformed_json"]
    assert "5" in found["results"][3]["detail"], "the line is named"
    assert (found["lines"], found["stopped"]) == (125, None)


def test_a_line_longer_than_a_body_may_be_stops_the_stream_and_says_where(small: WebHouse, port: Handheld) -> None:
    lines = [line(each) for each in say(port, 110)]
    body = b"".join([*lines, b'{"header": "' + b"x" * 2 * LIMIT + b'"}\n', line(port.say(T.MARK, []))])
    answer = post(small, body)
    found = answer.json()
    assert answer.headers["connection"] == "close"
    assert (answer.status_code, found["stopped"]["code"], len(found["results"])) == (202, "body_too_large", 100)
    assert (found["lines"], found["stopped"]["line"]) == (100, 101)
    assert kept(small, port) == 100
    rest = post(small, b"".join(lines[found["lines"] :])).json()["results"]
    assert {each["status"] for each in rest} == {"accepted"}


def test_what_is_committed_stands_when_the_database_goes_away(
    small: WebHouse, port: Handheld, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = custody.capture, []

    def capture(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise OperationalError("", {}, psycopg.OperationalError("gone"), connection_invalidated=True)
        return real(*arguments)

    monkeypatch.setattr(statement_stream.custody, "capture", capture)
    body = b"".join(line(each) for each in say(port, 250))
    answer = post(small, body)
    found = answer.json()
    assert (answer.status_code, len(found["results"]), found["lines"]) == (202, 200, 200)
    assert (found["stopped"]["code"], found["stopped"]["line"]) == ("not_ready", 201)
    assert kept(small, port) == 200
    calls[:] = [1, 1]
    refused = post(small, body)
    assert (refused.status_code, refused.json()["code"]) == (503, "not_ready")
    statuses = [each["status"] for each in post(small, body).json()["results"]]
    assert statuses == ["repeat"] * 200 + ["accepted"] * 50


def test_a_token_that_is_withdrawn_on_the_way_stops_the_stream(small: WebHouse, port: Handheld) -> None:
    from coldtrace.people import tokens
    from coldtrace.rights.model import Member, Role

    member = Member(role=Role.FIRST_STATION, operator_id=port.site.operator_id)
    with small.sessions.begin() as session:
        token = tokens.make_token(session, small.env, name="brief", life=None, members=[member])
    said = say(port, 300)
    sent = threading.Event()

    def pieces() -> Iterator[bytes]:
        yield b"".join(line(each) for each in said[:200])
        while kept(small, port) < 200:
            sent.wait(0.05)
        with small.engine.begin() as connection:
            connection.execute(text("UPDATE api_token SET revoked_at = now() WHERE name = 'brief'"))
        yield b"".join(line(each) for each in said[200:])

    found = post(small, pieces(), Authorization=f"Bearer {token}").json()
    assert (len(found["results"]), found["stopped"]["code"]) == (200, "token_refused")
    assert kept(small, port) == 200


def test_a_wrong_token_is_refused_before_anything_is_read(small: WebHouse, port: Handheld) -> None:
    body = b"".join(line(each) for each in say(port, 110))
    answer = post(small, body, Authorization="Bearer nonsense")
    assert (answer.status_code, answer.json()["code"]) == (401, "token_refused")
    assert answer.headers["connection"] == "close"
    assert kept(small, port) == 0


def test_others_keep_the_limit_of_bodies(small: WebHouse, port: Handheld) -> None:
    body = b"".join(line(each) for each in say(port, 110))
    for headers in ({}, small.signed_by(port, "POST", STATEMENTS, body)):
        answer = small.client.post(STATEMENTS, content=body, headers=NDJSON | headers)
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_a_longer_stream_takes_no_more_memory(small: WebHouse, port: Handheld, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is in this process, so what both ends hold is seen."""
    monkeypatch.setattr(statement_stream, "HELD_MAX_BYTES", 16 * 1024)
    one = line(port.say(T.RECEIVE, [unit_line("(01)19521234543210(21)7QK4M2ZX9RTB")]))

    def peak_of(count: int) -> int:
        pieces = (one * 10 for _ in range(count // 10))
        tracemalloc.start()
        try:
            with small.client.stream(
                "POST", STATEMENTS, content=pieces, headers=small.bearer | NDJSON, timeout=None
            ) as answer:
                received = sum(len(piece) for piece in answer.iter_bytes())
            assert received > count * 400
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak_of(200)  # what is made once
    # Long enough that what the collector has not taken back yet does not decide.
    short, long = peak_of(600), peak_of(6000)
    through = 5400 * len(one)
    assert long < short + through / 4
    assert kept(small, port) == 1


def test_the_answer_lies_on_disk_and_is_taken_away(small: WebHouse, port: Handheld, tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        post(small, b"".join(line(each) for each in say(port, 110)))
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 4
