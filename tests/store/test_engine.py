"""Addresses of databases, and servers that we do not trust with receipts."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DataError
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.db import engine as engine_module
from coldtrace.db.engine import check_server, make_engine, read_url
from coldtrace.db.migrate import upgrade
from coldtrace.db.refusals import DatabaseUnreachable, DatabaseUrlInvalid, ServerNotDurable, ServerTooOld
from coldtrace.db.supervisor import OPTIONS, run_server


@pytest.mark.parametrize(
    "spelling",
    ["postgres://a:b@h:1/d", "postgresql://a:b@h:1/d", "postgresql+psycopg://a:b@h:1/d", " postgresql://a:b@h:1/d\n"],
)
def test_usual_spellings(spelling: str) -> None:
    assert read_url(spelling).render_as_string(hide_password=False) == "postgresql+psycopg://a:b@h:1/d"


@pytest.mark.parametrize(
    "wrong", ["", "x", "mysql://h/d", "sqlite:///x", "postgresql://h", "postgresql://h:x/d", "http://h/d", "://"]
)
def test_no_address_of_a_postgresql(wrong: str) -> None:
    with pytest.raises(DatabaseUrlInvalid):
        make_engine(wrong)


def test_the_test_server_is_good_enough(engine: Engine) -> None:
    check_server(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SHOW timezone")).scalar_one() == "UTC"


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://me:secret@127.0.0.1:1/d",
        "postgresql://me:secret@/d?host=/nowhere",
        "postgresql://me@127.0.0.1:1/d?password=secret",
    ],
)
def test_nothing_answers(address: str) -> None:
    made = make_engine(address)
    with pytest.raises(DatabaseUnreachable) as refused:
        check_server(made)
    assert "secret" not in refused.value.say("en")
    with pytest.raises(DatabaseUnreachable) as refused:
        upgrade(address)
    assert "secret" not in refused.value.say("en")
    made.dispose()


def test_an_unknown_database(engine: Engine) -> None:
    made = make_engine(engine.url.set(database="absent").render_as_string(hide_password=False))
    with pytest.raises(DatabaseUnreachable) as refused:
        check_server(made)
    assert "absent" in refused.value.say("en")
    made.dispose()


def test_too_old(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "OLDEST_MAJOR", 99)
    with pytest.raises(ServerTooOld):
        check_server(engine)


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes", "synchronous_commit"])
def test_not_durable(tmp_path: Path, setting: str) -> None:
    options = {**OPTIONS, setting: "off"}
    with run_server(folder=tmp_path / "postgres", log=tmp_path / "log", options=options) as server:
        made = make_engine(server.url_of("postgres"))
        with pytest.raises(ServerNotDurable) as refused:
            check_server(made)
        made.dispose()
    assert f"{setting} = off" in refused.value.say("en")


def test_a_session_commits_at_the_end_and_rolls_back_on_an_error(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        session.execute(text("CREATE TABLE noted (number int)"))
    with pytest.raises(DataError), sessions.begin() as session:
        _write_and_fail(session)
    with sessions() as session:
        assert session.execute(text("SELECT count(*) FROM noted")).scalar_one() == 0


def _write_and_fail(session: Session) -> None:
    session.execute(text("INSERT INTO noted VALUES (1)"))
    session.execute(text("SELECT 1 / 0"))


@pytest.mark.parametrize("unasked_s", [1000.0, 0.0])
def test_a_connection_that_the_server_ended_is_replaced(
    database_url: str, monkeypatch: pytest.MonkeyPatch, unasked_s: float
) -> None:
    """Whether it was used a moment ago and is only looked at, or idle for long and asked."""
    monkeypatch.setattr("coldtrace.db.engine.IDLE_UNASKED_S", unasked_s)
    engine, other = make_engine(database_url, pool_size=2), make_engine(database_url, pool_size=1)
    with engine.connect() as first, engine.connect() as second:
        pids = {each.execute(text("SELECT pg_backend_pid()")).scalar_one() for each in (first, second)}
    for pid in pids:
        with other.begin() as connection:
            assert connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid}).scalar_one()
    with engine.connect() as first, engine.connect() as second:
        fresh = {each.execute(text("SELECT pg_backend_pid()")).scalar_one() for each in (first, second)}
    assert len(fresh) == 2
    assert not fresh & pids
    engine.dispose()
    other.dispose()
