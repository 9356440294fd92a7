"""What the log cannot keep is an alarm: on /readyz, in /metrics, and in the answer to whoever wants to write."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from coldtrace.db.roles import RolesMissing
from coldtrace.events.statement_type import StatementType as T
from coldtrace.ledger import publish, store
from coldtrace.ledger import service as ledger
from coldtrace.ledger.model import LogState
from coldtrace.ledger.publish import log_folder
from coldtrace.ledger.published_files import publishing
from coldtrace.ledger.refusals import ForkAhead, QuorumMissing, WitnessDoubts, WitnessesSilent
from coldtrace.ledger.sequencer import tick
from coldtrace.parties.model import SiteRole
from coldtrace.seal.checkpoint import Checkpoint, sign_checkpoint
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


@contextmanager
def hanging_publisher(web: WebHouse, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have the publisher's thread wait in the middle of its round, as for a disk that does not answer."""
    entered, go_on = threading.Event(), threading.Event()
    write = publish.write_tiles

    def hang(*args: Any, **more: Any) -> None:
        entered.set()
        go_on.wait()
        write(*args, **more)

    monkeypatch.setattr(publish, "write_tiles", hang)
    try:
        signed(web)
        web.app.state.log_keeper.publisher.wake()
        assert entered.wait(timeout=120)
        yield
    finally:
        go_on.set()


@contextmanager
def taken_folder(web: WebHouse, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hold the published folder, as a process that hangs would."""
    with ExitStack() as held:
        while not held.enter_context(publishing(log_folder(web.settings.data_dir, web.env.log))):
            time.sleep(0.1)  # a round is under way
        signed(web)
        yield


def signed(web: WebHouse) -> None:
    """Have the log sign one leaf more."""
    with web.sessions.begin() as session:
        ledger.append(session, web.env.log, [make_entry(web.tree_size() + 1, at=web.clock.next)])
    with web.engine.begin() as connection:
        tick(connection, web.env, web.env.log, now=web.env.clock())


@pytest.mark.parametrize("blocked", [hanging_publisher, taken_folder], ids=["hanging", "taken"])
def test_a_publisher_that_hangs(
    web: WebHouse,
    blocked: Callable[[WebHouse, pytest.MonkeyPatch], AbstractContextManager[None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    web.settle()
    with blocked(web, monkeypatch):
        assert web.client.get("/readyz").json() == {"status": "ready"}
        web.clock.forward(timedelta(seconds=61))
        answer = web.client.get("/readyz")
        lines = web.client.get("/metrics", headers=web.bearer).text.splitlines()
    assert answer.status_code == 503
    (alarm,) = answer.json()["alarms"]
    assert (alarm["code"], alarm["promise_s"]) == ("publication_overdue", 60)
    assert 0 < alarm["published"] < alarm["size"]
    (oldest,) = [line for line in lines if line.startswith("coldtrace_log_oldest_unpublished_seconds{")]
    assert float(oldest.split()[1]) > 60
    web.settle()
    assert web.client.get("/readyz").json() == {"status": "ready"}


def test_troubles_of_this_process_and_warnings(web: WebHouse) -> None:
    web.app.state.log_keeper.publisher.troubles["x"] = QuorumMissing(name="x", size=5, cosigned=1, quorum=2)
    assert web.client.get("/readyz").json()["alarms"][0]["code"] == "witness_quorum_missing"
    web.app.state.log_keeper.publisher.troubles.clear()
    web.app.state.notices = (RolesMissing(user="someone", role="coldtrace_app"),)
    answer = web.client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert answer.json()["warnings"] == ["database_roles_missing"]
    web.app.state.log_keeper.sequencer.unsure["x"] = WitnessesSilent(name="x", silent="w.example")
    assert web.client.get("/readyz").json()["warnings"] == ["database_roles_missing", "witnesses_silent"]
    feeder = web.app.state.log_keeper.feeder
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


def test_each_log_has_its_own_alarm(web: WebHouse) -> None:
    troubles = web.app.state.log_keeper.publisher.troubles
    for name in ("one", "two"):
        troubles[name] = QuorumMissing(name=name, size=5, cosigned=1, quorum=2)
    alarms = web.client.get("/readyz").json()["alarms"]
    assert [(each["code"], each["name"]) for each in alarms] == [
        ("witness_quorum_missing", "one"),
        ("witness_quorum_missing", "two"),
    ]


def test_what_is_held_back_is_counted_and_every_metric_says_what_it_is(web: WebHouse) -> None:
    name = web.env.log.name
    web.app.state.log_keeper.publisher.stop()  # or it would find that nothing is held back
    web.app.state.log_keeper.publisher.troubles[name] = QuorumMissing(name=name, size=5, cosigned=1, quorum=2)
    lines = web.client.get("/metrics", headers=web.bearer).text.splitlines()
    assert f'coldtrace_log_held_back{{log="{name}"}} 1' in lines
    helped = {line.split()[2] for line in lines if line.startswith("# HELP ")}
    assert helped == {line.split()[2] for line in lines if line.startswith("# TYPE ")} != set()


def test_a_changed_row_is_an_alarm_and_no_proof(web: WebHouse) -> None:
    said = web.device(SiteRole.MARKET).say(T.RECEIVE, [unit_line(UNIT)])
    assert web.post_json(STATEMENTS, said.to_json(), web.bearer).status_code == 202
    web.settle()
    with web.engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("UPDATE ledger_leaf SET leaf_hash = decode(repeat('00', 32), 'hex')"))
    size = web.tree_size()
    answer = web.client.get(f"/logs/{web.env.log.name}/proof/inclusion?index=0&size={size}")
    assert (answer.status_code, answer.json()["code"]) == (503, "log_tiles_differ")
    ready = web.client.get("/readyz")
    assert "log_tiles_differ" in [each["code"] for each in ready.json()["alarms"]]


def test_a_restored_database_does_not_make_the_log_shrink(web: WebHouse) -> None:
    """The folder has a checkpoint of more leaves than the database: strangers go on seeing that one, and its tiles."""
    web.settle()
    log = web.env.log
    size = web.tree_size()
    signer = web.env.keyring.signer(log.key_name)
    later = sign_checkpoint(Checkpoint(origin=log.origin, size=size + 1, root=bytes(32)), signer)
    folder = log_folder(web.settings.data_dir, log)
    freeze(web, None)
    (folder / "tile/0").mkdir(parents=True, exist_ok=True)
    (folder / f"tile/0/000.p/{size + 1}").parent.mkdir(exist_ok=True)
    (folder / f"tile/0/000.p/{size + 1}").write_bytes(b"as it was")
    # A publication that was under way when the log froze still writes its own checkpoint.
    kept = 0
    for _ in range(100):
        if kept == 0:
            (folder / "checkpoint").write_text(later)
        time.sleep(0.1)
        kept = kept + 1 if (folder / "checkpoint").read_text() == later else 0
        if kept == 20:
            break
    assert web.client.get(f"/logs/{log.name}/checkpoint").text == later
    assert web.client.get(f"/logs/{log.name}/tile/0/000.p/{size + 1}").content == b"as it was"
    assert web.client.get(f"/logs/{log.name}/tile/0/000.p/{size + 2}").status_code == 404
    (folder / "checkpoint").write_text(later.replace(str(size + 1), str(size + 5), 1))  # signed by nobody
    assert web.client.get(f"/logs/{log.name}/checkpoint").text != later
    assert web.client.get(f"/logs/{log.name}/checkpoint").status_code == 200
