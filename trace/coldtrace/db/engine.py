"""Connections: one engine for each process, SQLAlchemy on psycopg 3."""

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.db.refusals import DatabaseUnreachable, DatabaseUrlInvalid, ServerNotDurable, ServerTooOld

OLDEST_MAJOR = 15
DURABLE = {
    "fsync": {"on"},
    "full_page_writes": {"on"},
    "synchronous_commit": {"on", "remote_write", "remote_apply"},
}

_SHOWN = {"host", "port"}
"""Options of an address that say where the server is; others, such as `password`, may be secrets."""


def make_engine(database_url: str, *, role: str | None = None, pool_size: int = 10, pool_overflow: int = 10) -> Engine:
    """Make an engine; nothing is connected yet.  Raises `DatabaseUrlInvalid`.

    With a `role` every connection works in that role from its first statement on (`db/roles.py`).
    """
    options = "-c timezone=UTC" + ("" if role is None else f" -c role={role}")
    return create_engine(
        read_url(database_url),
        pool_size=pool_size,
        max_overflow=pool_overflow,
        pool_pre_ping=True,
        connect_args={"connect_timeout": 10, "options": options, "application_name": "coldtrace"},
    )


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
