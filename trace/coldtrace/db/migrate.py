"""Bring a database to the schema of this program, by the Alembic scripts in `migrations/`.

In a checkout the scripts lie at its top; a wheel carries them as `coldtrace/_migrations`.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

import coldtrace
from coldtrace.db import roles
from coldtrace.db.engine import read_url, shown
from coldtrace.db.refusals import DatabaseIsNewer, DatabaseUnreachable

LOCK = 0x636F6C64  # "cold": the advisory lock that lets one of several starting processes migrate


def upgrade(database_url: str) -> None:
    """Run the migrations that the database has not seen, and see to the roles; several processes may call this at once.

    Raises `DatabaseIsNewer`, having changed nothing, when the database knows a migration that we do not.
    """
    engine = create_engine(read_url(database_url), poolclass=NullPool, connect_args={"connect_timeout": 10})
    try:
        # The lock has a connection of its own, so that a migration is free to commit as it goes.
        with engine.connect() as guard:
            guard.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": LOCK})
            with engine.connect() as connection:
                _run(connection)
            with engine.connect() as connection:
                roles.establish(connection)
    except DBAPIError as error:
        if not error.connection_invalidated and error.statement is not None:
            raise  # a migration that fails is a bug, not an answer
        reason = " ".join(str(error.orig).split())
        raise DatabaseUnreachable(address=shown(engine.url), reason=reason) from error
    finally:
        engine.dispose()


def configuration() -> Config:
    """Return Alembic's configuration for our scripts."""
    config = Config()
    config.set_main_option("script_location", str(scripts_folder()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def scripts_folder() -> Path:
    """Return where the migration scripts lie, in a wheel or in a checkout."""
    package = Path(coldtrace.__file__).resolve().parent
    packed = package / "_migrations"
    return packed if packed.is_dir() else package.parents[1] / "migrations"


def _run(connection: Connection) -> None:
    config = configuration()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    for revision in MigrationContext.configure(connection).get_current_heads():
        if revision not in known:
            raise DatabaseIsNewer(revision=revision)
    connection.rollback()  # reading the version opened a transaction; the migrations begin their own
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
