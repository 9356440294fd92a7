"""Logs for tests of what reads, publishes and guards them: opened, grown, on disk."""

from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.env import Env
from coldtrace.ledger import service as ledger
from coldtrace.ledger.sequencer import tick
from support.house import make_env
from support.log_entries import append
from support.ticking import TickingClock


def opened(folder: Path, sessions: sessionmaker[Session]) -> Env:
    """Return the Env of an installation with keys in `folder` and an open, empty log."""
    made = replace(make_env(folder / "keys"), clock=TickingClock())
    with sessions.begin() as session:
        ledger.open_log(session, made)
    return made


def sign(engine: Engine, env: Env, count: int, *, start: int = 0) -> None:
    """Append `count` entries and have the sequencer sign; nothing is published."""
    with Session(engine) as session, session.begin():
        append(session, range(start, start + count))
    with engine.begin() as connection:
        assert tick(connection, env, env.log, now=env.clock()) == count


def vkey_of_log(connection: Connection) -> str:
    """Return the vkey of the first log."""
    return str(connection.execute(text("SELECT vkey FROM ledger_log WHERE log_id = 1")).scalar_one())
