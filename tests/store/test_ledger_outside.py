"""The fork guard asks witnesses: one that saw more than the database has freezes the log, nonsense does not."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse, Response
from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.db.engine import make_engine
from coldtrace.env import Env, Log
from coldtrace.ledger import sequencer as sequencer_module
from coldtrace.ledger import service as ledger
from coldtrace.ledger import store
from coldtrace.ledger.feeder import Feeder, feed
from coldtrace.ledger.fork_guard import Look, check, require_no_fork
from coldtrace.ledger.model import LogState
from coldtrace.ledger.publish import log_folder, publish
from coldtrace.ledger.refusals import ForkAhead, ForkDiffers
from coldtrace.ledger.sequencer import Sequencer
from coldtrace.ledger.witness_checkpoints import witness_checkpoints
from coldtrace.seal.checkpoint import Checkpoint, sign_checkpoint
from coldtrace.seal.cosignature import witness_vkey
from coldtrace.seal.hashing import sha256
from coldtrace.seal.keys import Ed25519Signer
from coldtrace.seal.vkey import parse_vkey
from coldtrace.seal.witness_policy import KnownWitness, k_of_n
from support.databases import Databases
from support.live_server import live_server
from support.log_entries import append
from support.open_logs import opened, sign
from support.witness_process import WitnessProcess


@pytest.fixture
def env(tmp_path: Path, sessions: sessionmaker[Session]) -> Env:
    return opened(tmp_path, sessions)


@pytest.fixture(scope="module")
def notes() -> dict[str, Response]:
    """What the witnesses of this file answer with, by their names."""
    return {}


@pytest.fixture(scope="module")
def address(notes: dict[str, Response]) -> Iterator[str]:
    app = FastAPI()

    @app.get("/{name}/{origin}/checkpoint")
    def checkpoint(name: str, origin: str) -> Response:
        assert origin == sha256(b"trace.example.cn/logs/test").hex()
        return notes[name]

    with live_server(app) as made:
        yield made


def watched_by(env: Env, *urls: str) -> Env:
    witnesses = [
        KnownWitness(vkey=witness_vkey(name=f"w{at}.example", spki=Ed25519Signer.generate().spki), url=url)
        for at, url in enumerate(urls)
    ]
    return replace(env, policy=k_of_n(0, witnesses))


def vkey_of(engine: Engine, env: Env) -> str:
    with Session(engine) as session:
        return dict(ledger.logs(session))[env.log]


def test_a_witness_that_saw_more_freezes_the_log(
    engine: Engine, env: Env, address: str, notes: dict[str, Response]
) -> None:
    sign(engine, env, 5)
    with Session(engine) as session:
        notes["same"] = PlainTextResponse(ledger.signed_head(session, env.log).note)
    ahead = sign_checkpoint(Checkpoint(env.origin, 9, bytes(32)), env.keyring.signer("log"))
    notes["ahead"] = PlainTextResponse(ahead)
    env = watched_by(env, f"{address}/same", f"{address}/ahead")
    look = witness_checkpoints(env, env.log, vkey=vkey_of(engine, env))
    found = look.found
    assert look.silent is None
    assert [each.where for each in found] == ["w0.example", "w1.example"]
    with engine.begin() as connection:
        assert check(connection, env.log, found[:1], now=env.clock()) is None
        fork = check(connection, env.log, found, now=env.clock())
    assert isinstance(fork, ForkAhead)
    assert fork.facts["where"] == "w1.example"


def test_nonsense_and_silence_stop_nobody(
    engine: Engine, env: Env, address: str, notes: dict[str, Response], caplog: pytest.LogCaptureFixture
) -> None:
    foreign = sign_checkpoint(Checkpoint(env.origin, 9, bytes(32)), Ed25519Signer.generate())
    notes |= {
        "foreign": PlainTextResponse(foreign),
        "nonsense": PlainTextResponse("hello"),
        "broken": PlainTextResponse("x", 500),
        "new": PlainTextResponse("", 404),
    }
    env = watched_by(
        env, *(f"{address}/{name}" for name in ("foreign", "nonsense", "broken", "new")), "http://127.0.0.1:1"
    )
    look = witness_checkpoints(env, env.log, vkey=vkey_of(engine, env))
    assert look.found == ()
    assert look.silent is not None
    assert look.silent.facts["silent"] == "w0.example, w1.example, w2.example, w4.example"
    assert {record.args[0] for record in caplog.records if record.args} == {  # type: ignore[index]
        "w0.example", "w1.example", "w2.example", "w4.example",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("quorum", "silent", "heard"),
    [
        (0, 0, True), (0, 1, False),  # where no quorum is asked for, each one counts
        (1, 1, False), (1, 0, True),
        (2, 1, True), (2, 2, False),
        (3, 2, True), (3, 3, False),
    ],
)  # fmt: skip
def test_enough_were_heard_when_no_quorum_is_among_the_silent(
    engine: Engine, env: Env, address: str, notes: dict[str, Response], quorum: int, silent: int, heard: bool
) -> None:
    notes["new"] = PlainTextResponse("", 404)
    urls = [*["http://127.0.0.1:1"] * silent, *[f"{address}/new"] * (3 - silent)]
    env = watched_by(env, *urls)
    env = replace(env, policy=k_of_n(quorum, env.asked.witnesses))
    assert (witness_checkpoints(env, env.log, vkey=vkey_of(engine, env)).silent is None) is heard


def test_strict_signs_nothing_before_the_witnesses_were_heard_and_the_other_asks_again(
    engine: Engine, env: Env, address: str, notes: dict[str, Response], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequencer_module, "PAUSE_S", 0.05)
    monkeypatch.setattr(sequencer_module, "ASK_AGAIN_S", 0.05)
    notes["late"] = PlainTextResponse("", 503)
    env = watched_by(env, f"{address}/late")
    vkey = vkey_of(engine, env)
    pause = threading.Event()

    def until(condition: Callable[[], object]) -> None:
        for _ in range(3000):
            if condition():
                return
            pause.wait(0.01)
        pytest.fail("it did not happen")

    def size() -> int:
        with Session(engine) as session:
            return ledger.signed_head(session, env.log).size

    def outside(log: Log) -> Look:
        return witness_checkpoints(env, log, vkey=vkey)

    with Session(engine) as session, session.begin():
        append(session, range(3))
    strict = Sequencer(engine, env, tick_s=0.01, outside=outside, strict=True)
    strict.start()
    try:
        until(lambda: strict.troubles)
        assert {each.code for each in strict.troubles.values()} == {"witnesses_silent"}
        assert size() == 0
        notes["late"] = PlainTextResponse("", 404)
        until(lambda: size() == 3)
        assert strict.troubles == {}
    finally:
        strict.stop()

    notes["late"] = PlainTextResponse("", 503)
    with Session(engine) as session, session.begin():
        append(session, range(3))
    loose = Sequencer(engine, env, tick_s=0.01, outside=outside)
    loose.start()
    try:
        until(lambda: size() == 6)
        assert [each.code for each in loose.unsure.values()] == ["witnesses_silent"]
        # It comes back and knows more: what it says is not too late to count.
        ahead = sign_checkpoint(Checkpoint(env.origin, 9, bytes(32)), env.keyring.signer("log"))
        notes["late"] = PlainTextResponse(ahead)
        until(lambda: loose.troubles)
        assert {each.code for each in loose.troubles.values()} == {"log_behind_its_checkpoint"}
    finally:
        loose.stop()


def test_a_fork_that_a_witness_sees_is_not_published(
    engine: Engine, env: Env, tmp_path: Path, databases: Databases, database_url: str
) -> None:
    """A host without the published file publishes a longer history of its own: the witness refuses it with 422."""
    sign(engine, env, 5)
    engine.dispose()
    older_url = databases.copy(database_url)
    sign(engine, env, 5, start=5)
    witness = WitnessProcess.make(
        tmp_path / "witness", name="witness.example/one", follows=parse_vkey(vkey_of(engine, env))
    )
    witness.start()
    other = make_engine(older_url)
    try:
        env = replace(env, policy=k_of_n(1, [witness.known]))
        publish(engine, env, env.log, log_folder(tmp_path, env.log), feed=lambda *asked: feed(*asked[:4], 20.0))
        looked: list[str] = []

        def look_again(origin: str) -> None:
            looked.append(origin)
            found = witness_checkpoints(env, env.log, vkey=vkey_of(other, env), timeout_s=20).found
            require_no_fork(other, env, env.log, found)

        feeder = Feeder(look_again=look_again)
        sign(other, env, 20, start=500)
        folder = log_folder(tmp_path / "other host", env.log)
        with pytest.raises(ForkDiffers, match=r"witness\.example/one"):
            publish(other, env, env.log, folder, feed=lambda *asked: feeder(*asked[:4], 20.0))
        assert looked == [env.origin]
        assert not (folder / "checkpoint").exists()
        with other.connect() as connection:
            assert store.log_status(connection)[0].state is LogState.FROZEN
        assert [each.code for each in feeder.doubts.values()] == ["witness_doubts_growth"]
        feeder.close()
    finally:
        witness.kill()
        other.dispose()
        databases.drop(older_url)
