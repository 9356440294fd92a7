"""What the log cannot keep is an alarm: on /readyz, in /metrics, and in the answer to whoever wants to write."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text

from coldtrace.db.roles import RolesMissing
from coldtrace.events.statement_type import StatementType as T
from coldtrace.ledger import service as ledger
from coldtrace.ledger import store
from coldtrace.ledger.model import LogState
from coldtrace.ledger.refusals import ForkAhead, QuorumMissing, WitnessDoubts, WitnessesSilent
from coldtrace.parties.model import SiteRole
from support.house import unit_line
from support.log_entries import make_entry
from support.web_house import STATEMENTS, WebHouse

UNIT = "(00)395212340000000014"


def freeze(web: WebHouse, reason: str | None) -> None:
    with web.engine.begin() as connection:
        connection.execute(text("UPDATE ledger_log SET state = 'frozen', frozen_reason = :reason"), {"reason": reason})


def test_a_frozen_log_says_why_and_takes_nothing(web: WebHouse) -> None:
    device = web.device(SiteRole.MARKET)
    why = ForkAhead(name=web.env.log.name, head=5, size=10, where="logs/cn-2026/checkpoint")
    freeze(web, json.dumps({"code": why.code, **why.facts}))
    answer = web.client.get("/readyz")
    assert answer.status_code == 503
    (alarm,) = answer.json()["alarms"]
    assert (alarm["code"], alarm["size"], alarm["head"]) == ("log_behind_its_checkpoint", 10, 5)
    assert alarm["zh"] == why.say("zh")
    frozen = [line for line in web.client.get("/metrics", headers=web.bearer).text.splitlines() if "frozen{" in line]
    assert frozen[0].endswith(" 1")
    said = device.say(T.RECEIVE, [unit_line(UNIT)])
    refused = web.post_json(STATEMENTS, said.to_json(), web.bearer)
    assert (refused.status_code, refused.json()["code"]) == (503, "log_not_open")
    assert web.client.get(f"/logs/{web.env.log.name}/checkpoint").status_code == 200


def test_a_log_frozen_by_hand_is_an_alarm_too(web: WebHouse) -> None:
    freeze(web, None)
    assert [each["code"] for each in web.client.get("/readyz").json()["alarms"]] == ["log_not_open"]


@contextmanager
def no_sequencer(web: WebHouse) -> Iterator[None]:
    """Hold the sequencer's lock, as one that hangs would."""
    with web.engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock, 1)"), {"lock": store.SEQUENCER_LOCK})
        yield


def test_an_entry_that_waits_longer_than_promised(web: WebHouse) -> None:
    web.settle()
    with no_sequencer(web):
        with web.sessions.begin() as session:
            ledger.append(session, web.env.log, [make_entry(1, at=web.clock.next)])
        assert web.client.get("/readyz").json() == {"status": "ready"}
        web.clock.forward(timedelta(seconds=61))
        answer = web.client.get("/readyz")
        lines = web.client.get("/metrics", headers=web.bearer).text.splitlines()
    assert answer.status_code == 503
    (alarm,) = answer.json()["alarms"]
    assert (alarm["code"], alarm["pending"], alarm["promise_s"]) == ("pending_overdue", 1, 60)
    (oldest,) = [line for line in lines if line.startswith("coldtrace_log_oldest_pending_seconds{")]
    assert 61 <= float(oldest.split()[1]) < 120


def test_troubles_of_this_process_and_warnings(web: WebHouse) -> None:
    web.app.state.publisher.troubles["x"] = QuorumMissing(name="x", size=5, cosigned=1, quorum=2)
    assert web.client.get("/readyz").json()["alarms"][0]["code"] == "witness_quorum_missing"
    web.app.state.publisher.troubles.clear()
    web.app.state.notices = (RolesMissing(user="someone", role="coldtrace_app"),)
    answer = web.client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert answer.json()["warnings"] == ["database_roles_missing"]
    web.app.state.sequencer.unsure["x"] = WitnessesSilent(name="x", silent="w.example")
    assert web.client.get("/readyz").json()["warnings"] == ["database_roles_missing", "witnesses_silent"]
    feeder = web.app.state.feeder
    feeder.doubts["x", "w.example"] = WitnessDoubts(name="x", witness="w.example", size=5)
    assert [each["code"] for each in web.client.get("/readyz").json()["alarms"]] == ["witness_doubts_growth"]
    feeder.look_again(web.env.origin)  # without witnesses there is nothing to find
    with web.engine.connect() as connection:
        assert store.log_status(connection)[0].state is LogState.OPEN


@pytest.mark.parametrize("wanted", ["wait=1", "wait=99"])
def test_waiting_is_capped_and_ends_with_the_receipt(
    web: WebHouse, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coldtrace.web.api.statements.WAIT_MAX_S", 1)
    said = web.device(SiteRole.MARKET).say(T.RECEIVE, [unit_line(UNIT)])
    web.settle()
    with no_sequencer(web):
        answer = web.post_json(STATEMENTS, said.to_json(), web.bearer | {"Prefer": wanted})
    assert answer.status_code == 202
    assert "proof" not in answer.json()
    assert answer.json()["results"][0]["receipt"] is not None
