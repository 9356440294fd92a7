"""A real PostgreSQL for the tests, and databases that cost a few hundredths of a second each.

The server is the one of COLDTRACE_TEST_DATABASE_URL or an embedded one of our own, in memory where /dev/shm has
room: durability is switched on as in production, it just costs nothing there.  One template database is built by
the migrations; every test gets its own copy.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy.engine import URL

from coldtrace.db.engine import read_url
from coldtrace.db.migrate import upgrade
from coldtrace.db.supervisor import OPTIONS, is_alive, run_server

MEMORY = Path("/dev/shm")
ENOUGH = 1 << 30
LEFT = "coldtrace test "


class Databases:
    """Makes and drops databases on one server."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._numbers = count(1)
        self._prefix = f"coldtrace_test_{os.getpid()}"
        self._template = f"{self._prefix}_template"

    def build_template(self) -> None:
        """Make the database that all others are copies of, by the migrations."""
        self._execute(SQL("CREATE DATABASE {}").format(Identifier(self._template)))
        upgrade(self._url_of(self._template))

    def create(self, *, empty: bool = False) -> str:
        """Make a database with our schema, or without any, and return its URL."""
        name = f"{self._prefix}_{next(self._numbers)}"
        source = "template0" if empty else self._template
        self._execute(
            SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY WAL_LOG").format(Identifier(name), Identifier(source))
        )
        return self._url_of(name)

    def copy(self, url: str) -> str:
        """Make a copy of a database to which nobody is connected, and return its URL."""
        name = f"{self._prefix}_{next(self._numbers)}"
        source = str(read_url(url).database)
        self._execute(
            SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY WAL_LOG").format(Identifier(name), Identifier(source))
        )
        return self._url_of(name)

    def drop(self, url: str) -> None:
        """Drop a database, whoever is still connected."""
        self._execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(str(read_url(url).database))))

    def drop_template(self) -> None:
        """Drop the template at the end of the session."""
        self.drop(self._url_of(self._template))

    def _url_of(self, name: str) -> str:
        return self._url.set(database=name).render_as_string(hide_password=False)

    def _execute(self, statement: psycopg.sql.Composed) -> None:
        target = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(target, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def test_server() -> Iterator[URL]:
    """Give the URL of a server on which databases may be made."""
    if given := os.environ.get("COLDTRACE_TEST_DATABASE_URL"):
        yield read_url(given)
        return
    roomy = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ENOUGH
    base = MEMORY if roomy else Path(tempfile.gettempdir())
    _remove_left_behind(base)
    with tempfile.TemporaryDirectory(prefix=f"{LEFT}{os.getpid()} ", dir=base) as name:
        folder = Path(name)
        options = {**OPTIONS, "max_connections": "100"}
        with run_server(folder=folder / "postgres", log=folder / "postgres.log", options=options) as server:
            yield read_url(server.url_of("postgres"))


def _remove_left_behind(base: Path) -> None:
    """Remove what killed test runs left: in memory it would stay until the next boot."""
    for folder in base.glob(f"{LEFT}[0-9]* *"):
        if not is_alive(int(folder.name.removeprefix(LEFT).partition(" ")[0])):
            shutil.rmtree(folder, ignore_errors=True)
