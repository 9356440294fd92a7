"""Connections: one engine for each process, SQLAlchemy on psycopg 3."""

import select
import time
from typing import Any

import psycopg
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InvalidatePoolError
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.db.refusals import DatabaseUnreachable, DatabaseUrlInvalid, ServerNotDurable, ServerTooOld

OLDEST_MAJOR = 15
DURABLE = {
    "fsync": {"on"},
    "full_page_writes": {"on"},
    "synchronous_commit": {"on", "remote_write", "remote_apply"},
}

IDLE_UNASKED_S = 1.0
"""A connection that was used so lately is not asked whether its server is still there."""

_SHOWN = {"host", "port"}
"""Options of an address that say where the server is; others, such as `password`, may be secrets."""


def make_engine(database_url: str, *, role: str | None = None, pool_size: int = 10, pool_overflow: int = 10) -> Engine:
    """Make an engine; nothing is connected yet.  Raises `DatabaseUrlInvalid`.

    With a `role` every connection works in that role from its first statement on (`db/roles.py`).
    """
    # The driver prepares nothing by itself: at the next rollback, which ends every reading session, it would drop what
    # it prepared and all that the hot sessions did on that connection (`db/hot_pipe.py`).
    options = "-c timezone=UTC" + ("" if role is None else f" -c role={role}")
    engine = create_engine(
        read_url(database_url),
        pool_size=pool_size,
        max_overflow=pool_overflow,
        connect_args={
            "connect_timeout": 10,
            "options": options,
            "application_name": "coldtrace",
            "prepare_threshold": None,
        },
    )
    _check_at_checkout(engine)
    return engine


def _check_at_checkout(engine: Engine) -> None:
    """Have the pool notice connections that the server ended, without asking it each time.

    A server that stops says so on the socket, which costs nothing to see.  One that vanished says nothing: a connection
    that was idle for a while is asked, as `pool_pre_ping` asks every one.
    """

    def returned(raw: Any, record: Any) -> None:
        record.info["idle_since"] = time.monotonic()

    def taken(raw: Any, record: Any, proxy: Any) -> None:
        idle_since = record.info.get("idle_since")
        if idle_since is None:  # just made
            return
        try:
            is_over = raw.closed or bool(select.select([raw.fileno()], [], [], 0)[0])
            if not is_over and time.monotonic() - idle_since > IDLE_UNASKED_S:
                engine.dialect.do_ping(raw)
        except (psycopg.Error, OSError, ValueError):
            is_over = True
        if is_over:
            raise InvalidatePoolError

    event.listen(engine, "checkin", returned)
    event.listen(engine, "checkout", taken)


def make_sessions(engine: Engine) -> sessionmaker[Session]:
    """Make the factory of sessions: `with sessions.begin() as session:` commits at the end."""
    return sessionmaker(engine, class_=Session, expire_on_commit=False)


def check_server(engine: Engine) -> None:
    """Refuse a server that cannot be reached, is too old, or does not keep what it confirms."""
    try:
        with engine.connect() as connection:
            number = int(connection.execute(text("SHOW server_version_num")).scalar_one())
            if number // 10_000 < OLDEST_MAJOR:
                raise ServerTooOld(found=number // 10_000, needed=OLDEST_MAJOR)
            for setting, good in DURABLE.items():
                value = str(connection.execute(text(f"SHOW {setting}")).scalar_one())
                if value not in good:
                    raise ServerNotDurable(setting=setting, value=value, needed="on")
    except DBAPIError as error:
        reason = " ".join(str(error.orig).split())
        raise DatabaseUnreachable(address=shown(engine.url), reason=reason) from error


def read_url(database_url: str) -> URL:
    """Read any usual spelling of a PostgreSQL address and name the driver.  Raises `DatabaseUrlInvalid`."""
    try:
        url = make_url(database_url.strip())
    except (ArgumentError, ValueError) as error:
        raise DatabaseUrlInvalid from error
    if url.drivername not in ("postgres", "postgresql", "postgresql+psycopg") or not url.database:
        raise DatabaseUrlInvalid
    return url.set(drivername="postgresql+psycopg")


def shown(url: URL) -> str:
    """Return an address as people and logs may see it: no password, neither in its place nor among the options."""
    return url.set(query={name: value for name, value in url.query.items() if name in _SHOWN}).render_as_string()
