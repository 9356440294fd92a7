"""A database as an earlier version left it, brought up to date."""

from collections.abc import Callable

from alembic import command
from sqlalchemy import Connection

from coldtrace.db.engine import make_engine
from coldtrace.db.migrate import configuration, upgrade


def upgrade_filled(url: str, *, revision: str, fill: Callable[[Connection], object]) -> None:
    """Build an empty database up to `revision`, let `fill` put rows into it, and upgrade it to the present."""
    config = configuration()
    engine = make_engine(url)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
    with engine.begin() as connection:
        fill(connection)
    engine.dispose()
    upgrade(url)
