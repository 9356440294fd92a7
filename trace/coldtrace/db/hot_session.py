"""A session whose plain SQL goes straight to the driver, for the few paths that every scan takes.

`session.execute(text(sql), values)` costs SQLAlchemy some 150 microseconds before and after the statement, and a cursor
of the driver as much again; a batch of scans has some sixteen of them.  While a session is `hot`, the same call is sent
down the driver's pipeline (`hot_pipe.py`), in the same transaction on the same connection: prepared once a connection,
and planned once (`plan_cache_mode`), because planning a join of eleven tables takes longer than finding four rows with
it.

What is asked is not waited for until somebody looks at its rows.  They have names, like SQLAlchemy's.  Every error of
what was only written is raised by the next look at rows, or when the session is no longer hot: before the commit.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker
from sqlalchemy.sql.elements import TextClause
from sqlmodel import Session

from coldtrace.db.hot_pipe import Asked, HotPipe, open_pipe

_PLAIN_ONLY = "plain SQL only while it is hot: the driver's pipeline has no answer yet when SQLAlchemy looks for one"


class HotSession(Session):
    """A session for one transaction."""

    _pipe: HotPipe | None = None

    @contextmanager
    def hot(self, *, commit: bool = False) -> Iterator[None]:
        """Send plain SQL past SQLAlchemy inside; what was written is done, or has raised, at the end.

        With `commit` it is committed too, without a way to the server of its own.
        """
        raw = self.connection().connection.driver_connection
        assert isinstance(raw, psycopg.Connection)
        try:
            with open_pipe(raw) as self._pipe:
                self._pipe.ask("SET LOCAL plan_cache_mode = force_generic_plan", {})
                yield
                if commit:
                    self.dispatch.before_commit(self)
                    self._pipe.commit()
        finally:
            self._pipe = None

    def execute(self, statement: Any, params: Any = None, **more: Any) -> Any:
        """Run plain SQL past SQLAlchemy, anything else with it."""
        if self._pipe is None:
            return super().execute(statement, params, **more)
        if isinstance(statement, TextClause) and not more and isinstance(params, list):
            for each in params:
                self._pipe.ask(statement.text, each)
            return None
        if isinstance(statement, TextClause) and not more and (params is None or isinstance(params, Mapping)):
            return Rows(self._pipe, self._pipe.ask(statement.text, params or {}))
        raise TypeError(_PLAIN_ONLY)

    def exec(self, *arguments: Any, **more: Any) -> Any:
        """Run a query for objects; TypeError while hot."""
        if self._pipe is not None:
            raise TypeError(_PLAIN_ONLY)
        return super().exec(*arguments, **more)


class Rows:
    """What a statement gave, with as much of SQLAlchemy's result as the hot paths use."""

    def __init__(self, pipe: HotPipe, asked: Asked) -> None:
        self._pipe, self._asked = pipe, asked

    def __iter__(self) -> Iterator[Any]:
        return iter(self.all())

    def all(self) -> Sequence[Any]:
        """Return all rows."""
        return self._pipe.rows(self._asked)

    def first(self) -> Any:
        """Return the first row, None without any."""
        return next(iter(self.all()), None)

    def one(self) -> Any:
        """Return the one row; ValueError when there is another number of them (a bug)."""
        (row,) = self.all()
        return row

    def scalars(self) -> Iterator[Any]:
        """Return the first column."""
        return (row[0] for row in self.all())

    def scalar_one(self) -> Any:
        """Return the one value of the one row."""
        return self.one()[0]

    def scalar_one_or_none(self) -> Any:
        """Return the value of the one row, None without any."""
        rows = self.all()
        if not rows:
            return None
        (row,) = rows
        return row[0]


def make_hot_sessions(engine: Engine) -> "sessionmaker[Session]":
    """Make the factory of such sessions."""
    return sessionmaker(engine, class_=HotSession, expire_on_commit=False)
