"""A session whose plain SQL goes straight to the driver, for the few paths that every scan takes.

`session.execute(text(sql), values)` costs SQLAlchemy some 150 microseconds before and after the statement; a batch of
scans has some sixteen of them.  While a session is `hot`, the same call is the driver's own, in the same transaction on
the same connection: prepared once a connection, and planned once (`plan_cache_mode`), because planning a join of eleven
tables takes longer than finding four rows with it.

What is read comes back as rows with names, like SQLAlchemy's; what is only written is not waited for: the driver's
pipeline has the server work on it while we prepare what comes next, and every error of it is raised by the next read
or by the commit at the latest.
"""

import re
from collections import namedtuple
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import RowMaker
from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker
from sqlalchemy.sql.elements import TextClause
from sqlmodel import Session

_NAME = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")
"""A value's name in `text()`, as SQLAlchemy finds it."""

_PLAIN_ONLY = "plain SQL only while it is hot: the driver's pipeline has no answer yet when SQLAlchemy looks for one"


class HotSession(Session):
    """A session for one transaction."""

    _raw: "psycopg.Connection[Any] | None" = None

    @contextmanager
    def hot(self) -> Iterator[None]:
        """Send plain SQL past SQLAlchemy inside; what was written is done, or has raised, at the end."""
        raw = self.connection().connection.driver_connection
        assert isinstance(raw, psycopg.Connection)
        self._raw = raw
        try:
            with raw.pipeline():
                raw.execute(b"SET LOCAL plan_cache_mode = force_generic_plan", prepare=False)
                yield
        finally:
            self._raw = None

    def execute(self, statement: Any, params: Any = None, **more: Any) -> Any:
        """Run plain SQL past SQLAlchemy, anything else with it."""
        if self._raw is None:
            return super().execute(statement, params, **more)
        if isinstance(statement, TextClause) and not more and isinstance(params, list):
            for each in params:
                self.execute(statement, each)
            return None
        if isinstance(statement, TextClause) and not more and (params is None or isinstance(params, Mapping)):
            cursor = self._raw.cursor(row_factory=_named)
            values = {name: _array(value) if type(value) is list else value for name, value in (params or {}).items()}
            cursor.execute(_query(statement.text), values, prepare=True)
            return Rows(cursor)
        raise TypeError(_PLAIN_ONLY)

    def exec(self, *arguments: Any, **more: Any) -> Any:
        """Run a query for objects; TypeError while hot."""
        if self._raw is not None:
            raise TypeError(_PLAIN_ONLY)
        return super().exec(*arguments, **more)


class Rows:
    """What a statement gave, with as much of SQLAlchemy's result as the hot paths use."""

    def __init__(self, cursor: "psycopg.Cursor[Any]") -> None:
        self._cursor = cursor

    def __iter__(self) -> Iterator[Any]:
        return iter(self._cursor.fetchall())

    def all(self) -> Sequence[Any]:
        """Return all rows."""
        return self._cursor.fetchall()

    def first(self) -> Any:
        """Return the first row, None without any."""
        return self._cursor.fetchone()

    def one(self) -> Any:
        """Return the one row; ValueError when there is another number of them (a bug)."""
        (row,) = self._cursor.fetchall()
        return row

    def scalars(self) -> Iterator[Any]:
        """Return the first column."""
        return (row[0] for row in self._cursor.fetchall())

    def scalar_one(self) -> Any:
        """Return the one value of the one row."""
        return self.one()[0]

    def scalar_one_or_none(self) -> Any:
        """Return the value of the one row, None without any."""
        rows = self._cursor.fetchall()
        if not rows:
            return None
        (row,) = rows
        return row[0]


def make_hot_sessions(engine: Engine) -> "sessionmaker[Session]":
    """Make the factory of such sessions."""
    return sessionmaker(engine, class_=HotSession, expire_on_commit=False)


@lru_cache(maxsize=512)
def _query(sql: str) -> bytes:
    """Return SQL with the driver's marks for values."""
    return _NAME.sub(r"%(\1)s", sql.replace("%", "%%")).encode()


def _array(values: list[Any]) -> object:
    """Return a list as the text of an array (PostgreSQL, 8.15.6), for SQL that says its type: `CAST(:x AS text[])`.

    The driver's own way asks each value for its kind, which took a tenth of a scan's time.  A list with something that
    is not known here is left to the driver.
    """
    parts = []
    for value in values:
        if value is None:
            parts.append("NULL")
        elif isinstance(value, str):
            parts.append('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"')
        elif type(value) is bytes:
            parts.append('"\\\\x' + value.hex() + '"')
        elif type(value) in _PLAIN:
            parts.append(str(value))
        elif type(value) is datetime and value.tzinfo is not None:
            parts.append('"' + value.isoformat() + '"')
        else:
            return values
    return "{" + ",".join(parts) + "}"


_PLAIN = frozenset({UUID, int, bool})
"""Whose text needs no quotes."""


def _named(cursor: "psycopg.Cursor[Any]") -> RowMaker[Any]:
    if cursor.description is None:
        return tuple
    make: RowMaker[Any] = _row(tuple(column.name for column in cursor.description))._make
    return make


@lru_cache(maxsize=512)
def _row(names: tuple[str, ...]) -> Any:
    """Return the class of rows with these columns; `_mapping` is what SQLAlchemy calls it."""
    made = namedtuple("Row", names, rename=True)  # type: ignore[misc]
    made._mapping = property(lambda row: row._asdict())  # type: ignore[attr-defined]
    return made
