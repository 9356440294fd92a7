"""Several logs in one database: each has its number first in every key, its own rows, head and signing key."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.env import Env, Log
from coldtrace.ledger import service as ledger
from coldtrace.ledger.refusals import LogExists, LogNotOpen, LogUnknown
from coldtrace.ledger.sequencer import tick
from coldtrace.parties.keys import make_log_key
from coldtrace.seal.checkpoint import open_checkpoint
from support.log_entries import LOG, make_entry
from support.open_logs import opened


@pytest.fixture
def env(tmp_path: Path, sessions: sessionmaker[Session]) -> Env:
    return opened(tmp_path, sessions)


def open_second(env: Env, sessions: sessionmaker[Session]) -> Log:
    make_log_key(env, "north")
    with sessions.begin() as session:
        return ledger.open_named_log(session, env, origin="trace.example.cn/logs/north")


def test_the_log_comes_first_in_every_key(session: Session) -> None:
    rows = session.execute(
        text(
            "SELECT c.conrelid::regclass::text AS table, a.attname AS column FROM pg_constraint c"
            " JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]"
            " WHERE c.contype IN ('p', 'u') AND (c.conrelid::regclass::text LIKE 'ledger\\_%'"
            " OR c.conrelid::regclass::text = 'statement_piece')"
        )
    ).all()
    found = {(row.table, row.column) for row in rows} - {("ledger_log", "origin")}
    assert len(found) >= 10
    assert {column for _, column in found} == {"log_id"}


def test_two_logs_grow_apart(engine: Engine, env: Env, sessions: sessionmaker[Session]) -> None:
    north = open_second(env, sessions)
    assert (north.id, north.name, north.key_name) == (2, "north", "log-north")
    same = make_entry(1)
    with sessions.begin() as session:
        ledger.append(session, LOG, [same, make_entry(2)])
        ledger.append(session, north, [same])
    with engine.begin() as connection:
        assert tick(connection, env, env.log, now=env.clock()) == 2
    with engine.begin() as connection:
        assert tick(connection, env, north, now=env.clock()) == 1
    with sessions() as session:
        vkeys = dict(ledger.logs(session))
        heads = {log: ledger.signed_head(session, log) for log in vkeys}
        parts = session.execute(text("SELECT tableoid::regclass::text, count(*) FROM ledger_leaf GROUP BY 1")).all()
        assert ledger.current_log(session) == LOG
        assert ledger.log_named(session, "north") == north
        assert ledger.waiting(session, LOG) == ledger.waiting(session, north) == 0
    assert {tuple(row) for row in parts} == {("ledger_leaf_1", 2), ("ledger_leaf_2", 1)}
    for log, head in heads.items():
        read = open_checkpoint(head.note, log=vkeys[log]).checkpoint
        assert (read.origin, read.size, read.root) == (log.origin, head.size, head.root)
    assert vkeys[LOG].split("+")[2] != vkeys[north].split("+")[2]


def test_a_name_is_given_once(env: Env, sessions: sessionmaker[Session]) -> None:
    open_second(env, sessions)
    for origin in ("trace.example.cn/logs/north", "other.example/logs/north", env.origin):
        with sessions.begin() as session, pytest.raises(LogExists):
            ledger.open_named_log(session, env, origin=origin)
    with sessions() as session:
        assert len(ledger.logs(session)) == 2
        with pytest.raises(LogUnknown):
            ledger.log_named(session, "south")


def test_a_log_that_is_not_open_takes_nothing(env: Env, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        session.execute(text("UPDATE ledger_log SET state = 'frozen'"))
    with sessions.begin() as session:
        for log in (LOG, Log(id=7, origin="trace.example.cn/logs/none")):
            with pytest.raises(LogNotOpen):
                ledger.append(session, log, [make_entry(1)])
        ledger.append(session, LOG, [])
        assert session.execute(text("SELECT count(*) FROM ledger_entry")).scalar_one() == 0


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE ledger_log SET origin = 'x/logs/y'",
        "UPDATE ledger_log SET vkey = 'another'",
        "DELETE FROM ledger_log",
        "UPDATE ledger_log SET state = 'open'",
    ],
)
def test_a_log_keeps_its_name_and_stays_frozen(env: Env, sessions: sessionmaker[Session], sql: str) -> None:
    with sessions.begin() as session:
        session.execute(text("UPDATE ledger_log SET state = 'frozen'"))
    with sessions.begin() as session, pytest.raises(DBAPIError, match=r"never (rewritten|opened)"):
        session.execute(text(sql))


def test_partitions_of_a_new_log_cannot_be_emptied(env: Env, sessions: sessionmaker[Session]) -> None:
    north = open_second(env, sessions)
    with sessions.begin() as session:
        ledger.append(session, north, [make_entry(1)])
    for table in ("ledger_entry_2", "ledger_leaf_2"):
        with sessions.begin() as session, pytest.raises(DBAPIError, match="never rewritten"):
            session.execute(text(f"TRUNCATE {table}"))


def test_a_frozen_log_that_its_owner_closes_makes_way_for_the_next(env: Env, sessions: sessionmaker[Session]) -> None:
    """What docs/guides/run-in-production.md, section 6b, tells to do when leaves are gone for good."""
    second = open_second(env, sessions)
    with sessions.begin() as session:
        session.execute(text("UPDATE ledger_log SET state = 'frozen', frozen_at = now() WHERE log_id = 1"))
    with sessions() as session:
        assert ledger.current_log(session) == LOG
    with sessions.begin() as session:
        session.execute(
            text("UPDATE ledger_log SET state = 'closed', closed_at = now() WHERE origin = :origin"),
            {"origin": LOG.origin},
        )
    with sessions() as session:
        assert ledger.current_log(session) == second
