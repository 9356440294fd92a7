"""Corrections and other moments over HTTP: what is sent, what is answered, and what a unit then looks like."""

from datetime import timedelta

import pytest

from coldtrace.clock import format_utc
from coldtrace.events.public_piece import CorrectionMode, Corrects
from coldtrace.events.statement import Statement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.parties.model import SiteRole
from coldtrace.seal.hashing import sha256
from support.house import GLNS, Handheld, unit_line
from support.web_house import STATEMENTS, WebHouse

UNIT = "(01)19521234543210(21)CRRCTN"


@pytest.fixture
def port(shared: WebHouse) -> Handheld:
    with shared.sessions.begin() as session:
        return Handheld.enrol(session, shared.env, shared.sites[SiteRole.FIRST_STATION])


def post(web: WebHouse, statement: Statement) -> dict[str, object]:
    answer = web.client.post(STATEMENTS, json=statement.to_json(), headers=web.bearer)
    assert answer.status_code == 202
    found: dict[str, object] = answer.json()["results"][0]
    return found


def naming(statement: Statement) -> Corrects:
    return Corrects(header=sha256(statement.header.encode()), mode=CorrectionMode.DID_NOT_OCCUR)


def test_a_correction_and_what_was_read_before_it(shared: WebHouse, port: Handheld) -> None:
    unit = f"{UNIT}1"
    assert post(shared, port.say(T.RECEIVE, [unit_line(unit)]))["status"] == "accepted"
    sent = port.say(T.SHIP, [unit_line(unit)], to=GLNS[SiteRole.MARKET])
    shipped = post(shared, sent)
    get = f"/api/v1/units/{unit}"
    before = shared.client.get(get, headers=shared.bearer).json()
    assert (before["state"], before["view"], before["as_of"], before["known_at"]) == (
        "in_transit",
        "corrected",
        None,
        None,
    )
    correction = post(shared, port.say(T.CORRECT, [], corrects=naming(sent)))
    assert (correction["status"], correction["marks"]) == ("accepted", [])
    after = shared.client.get(get, headers=shared.bearer).json()
    assert after["state"] == "active"
    assert [line["type"] for line in after["history"]] == ["receive"]
    whole = shared.client.get(get, params={"view": "all"}, headers=shared.bearer).json()
    assert whole["state"] == "active"
    assert [(line["type"], line["annulled"], line["corrects"]) for line in whole["history"]] == [
        ("receive", False, None),
        ("ship", True, None),
        ("correct", False, shipped["id"]),
    ]
    known_at = before["history"][-1]["recorded_at"]
    then = shared.client.get(get, params={"known_at": known_at}, headers=shared.bearer).json()
    assert (then["state"], then["known_at"]) == ("in_transit", known_at)
    assert then["history"] == before["history"]
    early = format_utc(port.env.clock() - timedelta(days=1))
    nothing = shared.client.get(get, params={"as_of": early}, headers=shared.bearer).json()
    assert (nothing["state"], nothing["site"], nothing["history"]) == ("unknown", None, [])
    assert shared.client.get(get, headers=shared.bearer).json() == after
    listed = shared.client.get(STATEMENTS, headers=shared.bearer).json()["statements"]
    assert {one["id"]: one["annulled"] for one in listed if unit in one["units"]} == {
        before["history"][0]["id"]: False,
        shipped["id"]: True,
    }


def test_a_correction_of_somebody_elses_statement(shared: WebHouse, port: Handheld) -> None:
    with shared.sessions.begin() as session:
        market = Handheld.enrol(session, shared.env, shared.sites[SiteRole.MARKET])
    sent = port.say(T.RECEIVE, [unit_line(f"{UNIT}2")])
    post(shared, sent)
    answer = post(shared, market.say(T.CORRECT, [], corrects=naming(sent)))
    assert (answer["status"], answer["code"]) == ("blocked", "correction_not_permitted")
    assert answer["receipt"] is not None


def test_a_moment_as_it_was_told_includes_what_arrived_at_it(shared: WebHouse, port: Handheld) -> None:
    """Two statements of one request are a microsecond apart; answers tell milliseconds."""
    unit = f"{UNIT}3"
    both = [port.say(T.RECEIVE, [unit_line(unit)]), port.say(T.SHIP, [unit_line(unit)])]
    sent = shared.client.post(STATEMENTS, json=[one.to_json() for one in both], headers=shared.bearer)
    assert sent.status_code == 202
    get = f"/api/v1/units/{unit}"
    now = shared.client.get(get, headers=shared.bearer).json()
    at = now["history"][-1]["recorded_at"]
    then = shared.client.get(get, params={"known_at": at, "as_of": at}, headers=shared.bearer).json()
    assert (then["state"], len(then["history"])) == ("in_transit", 2)


@pytest.mark.parametrize(
    "wrong",
    ["view=both", "as_of=2026-11-28T12:00:00", "known_at=yesterday", "as_of=0001-01-01T00:00:00%2B14:00"],
)
def test_what_is_asked_for_must_be_clear(shared: WebHouse, wrong: str) -> None:
    answer = shared.client.get(f"/api/v1/units/{UNIT}1?{wrong}", headers=shared.bearer)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
