"""The fork guard asks witnesses: one that saw more than the database has freezes the log, nonsense does not."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse, Response
from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.env import Env
from coldtrace.ledger import service as ledger
from coldtrace.ledger.fork_guard import check
from coldtrace.ledger.refusals import ForkAhead
from coldtrace.ledger.witness_checkpoints import witness_checkpoints
from coldtrace.seal.checkpoint import Checkpoint, sign_checkpoint
from coldtrace.seal.cosignature import witness_vkey
from coldtrace.seal.hashing import sha256
from coldtrace.seal.keys import Ed25519Signer
from coldtrace.seal.witness_policy import KnownWitness, k_of_n
from support.live_server import live_server
from support.open_logs import opened, sign


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
    found = witness_checkpoints(env, env.log, vkey=vkey_of(engine, env))
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
    assert witness_checkpoints(env, env.log, vkey=vkey_of(engine, env)) == []
    assert {record.args[0] for record in caplog.records if record.args} == {  # type: ignore[index]
        "w0.example", "w1.example", "w2.example", "w4.example",
    }  # fmt: skip
