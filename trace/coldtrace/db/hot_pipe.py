"""The driver's pipeline, one floor below its cursors: what a statement of a scan costs beside its work.

A cursor of psycopg asks each value for its kind, describes each column anew and talks to the server as soon as a
statement is there: some 150 microseconds, twenty times a transaction.  Here SQL is prepared once a connection, values
travel as text, rows come back in binary form through the driver's own readers, and nothing is sent before an answer is
wanted.  What is asked in a row without looking at an answer costs one round trip.
"""

import re
import select
from collections import deque, namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from functools import lru_cache
from itertools import count
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID
from weakref import WeakKeyDictionary

import psycopg
from psycopg import pq
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result

_NAME = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")
"""A value's name in `text()`, as SQLAlchemy finds it."""

_BINARY = pq.Format.BINARY
_FAILED = pq.ExecStatus.FATAL_ERROR
_SYNCED = pq.ExecStatus.PIPELINE_SYNC
_ABORTED = pq.ExecStatus.PIPELINE_ABORTED
_ROWS = pq.ExecStatus.TUPLES_OK


class _Query(NamedTuple):
    """SQL with PostgreSQL's marks, and the names of its values in their order."""

    sql: bytes
    names: tuple[str, ...]


_prepared: "WeakKeyDictionary[psycopg.Connection[Any], dict[str, bytes]]" = WeakKeyDictionary()
"""What each connection has prepared: the name by the SQL.  It stays, since the driver drops nothing (`engine.py`)."""

_numbers = count()


class Asked:
    """A statement that was sent, or with a `name` its preparation; `result` is None until its answer was read."""

    __slots__ = ("name", "result", "sql")

    def __init__(self, sql: str, name: bytes | None = None) -> None:
        self.sql, self.name = sql, name
        self.result: Any = None


class HotPipe:
    """The pipeline of one connection while it is open (`open_pipe`)."""

    def __init__(self, raw: "psycopg.Connection[Any]") -> None:
        self._pg = raw.pgconn
        self._names = _prepared.setdefault(raw, {})
        self._new: dict[str, bytes] = {}
        self._transformer = Transformer(raw)
        self._asked: deque[Asked] = deque()
        self._syncs, self._is_done = 0, False

    def ask(self, sql: str, values: Mapping[str, Any]) -> Asked:
        """Send a statement without waiting for it."""
        self._is_done = False
        query = _query(sql)
        name = self._names.get(sql) or self._new.get(sql)
        if name is None:
            name = self._new[sql] = b"hot%d" % next(_numbers)
            self._pg.send_prepare(name, query.sql)
            self._asked.append(Asked(sql, name))
        self._pg.send_query_prepared(name, [_sent(values[each]) for each in query.names], None, _BINARY)
        asked = Asked(sql)
        self._asked.append(asked)
        return asked

    def rows(self, asked: Asked) -> Sequence[Any]:
        """Return the rows of a statement; raise the error of it or of one before it."""
        if asked.result is None:
            self._pg.send_flush_request()
            while asked.result is None:
                self._read_next()
        result = asked.result
        if result.status != _ROWS:
            return []
        self._transformer.set_pgresult(result)
        rows: Sequence[Any] = self._transformer.load_rows(0, result.ntuples, _row_maker(asked.sql, result))
        return rows

    def commit(self) -> None:
        """Commit and wait for everything; raise the first error."""
        asked = self.ask("COMMIT", {})
        self.finish()
        if asked.result.command_status != b"COMMIT":
            raise psycopg.errors.InFailedSqlTransaction("the transaction was not committed")

    def finish(self) -> None:
        """Wait for everything; raise the first error."""
        if self._is_done:
            return
        self._sync()
        while self._asked:
            self._read_next()
        self.drain()
        self._is_done = True

    def drain(self) -> None:
        """Pass over what is still on its way, so that the connection takes statements again."""
        if not self._syncs:
            self._sync()
        while self._syncs:
            result = self._next_result()
            if result is not None and result.status == _SYNCED:
                self._syncs -= 1

    def _sync(self) -> None:
        self._pg.pipeline_sync()
        self._syncs += 1

    def _read_next(self) -> None:
        asked = self._asked.popleft()
        result = self._next_result()
        if result.status in (_FAILED, _ABORTED):
            error = error_from_result(result, "utf-8")
            if isinstance(error, psycopg.errors.InvalidSqlStatementName):
                self._names.clear()  # somebody else has dropped them all
            raise error
        asked.result = result
        if asked.name is not None:
            self._names[asked.sql] = asked.name
        self._next_result()  # the end of this statement's results

    def _next_result(self) -> Any:
        """Return the next result, None for the end of a statement's."""
        pg = self._pg
        while pg.flush():  # reading meanwhile, or both sides could wait for each other
            _wait(pg.socket, select.POLLIN | select.POLLOUT)
            pg.consume_input()
        while pg.is_busy():
            _wait(pg.socket, select.POLLIN)
            pg.consume_input()
        return pg.get_result()


@contextmanager
def open_pipe(raw: "psycopg.Connection[Any]") -> Iterator[HotPipe]:
    """Give the pipeline of a connection, in a transaction that is begun if none is; at the end all of it is done."""
    pg = raw.pgconn
    begun = pg.transaction_status != pq.TransactionStatus.IDLE
    pg.enter_pipeline_mode()
    try:
        pipe = HotPipe(raw)
        try:
            if not begun:
                pipe.ask("BEGIN", {})
            yield pipe
            pipe.finish()
        except BaseException:
            if pg.status == pq.ConnStatus.OK:
                pipe.drain()
            raise
    finally:
        if pg.status == pq.ConnStatus.OK:
            pg.exit_pipeline_mode()


def _wait(descriptor: int, events: int) -> None:
    poll = select.poll()
    poll.register(descriptor, events)
    poll.poll()


@lru_cache(maxsize=1024)
def _query(sql: str) -> _Query:
    names = tuple(dict.fromkeys(_NAME.findall(sql)))
    marks = {name: f"${at}" for at, name in enumerate(names, 1)}
    return _Query(_NAME.sub(lambda found: marks[found[1]], sql).encode(), names)


_makers: dict[str, Callable[[Sequence[Any]], Any]] = {}


def _row_maker(sql: str, result: Any) -> Callable[[Sequence[Any]], Any]:
    make = _makers.get(sql)
    if make is None:
        if len(_makers) > 1024:
            _makers.clear()
        make = _makers[sql] = _row(tuple(result.fname(at).decode() for at in range(result.nfields)))._make
    return make


@lru_cache(maxsize=1024)
def _row(names: tuple[str, ...]) -> Any:
    """Return the class of rows with these columns; `_mapping` is what SQLAlchemy calls it."""
    made = namedtuple("Row", names, rename=True)  # type: ignore[misc]
    made._mapping = property(lambda row: row._asdict())  # type: ignore[attr-defined]
    return made


def _sent(value: Any) -> bytes | None:
    """Return a value as text for PostgreSQL, which finds its type in the SQL; TypeError for a kind not known here."""
    if value is None:
        return None
    if type(value) is list:
        return _checked(_array(value))
    if isinstance(value, str):
        return _checked(value)
    text = _TEXTS.get(type(value))
    if text is None:
        raise TypeError(f"no text for a {type(value).__name__}")
    return text(value).encode()


def _checked(text: str) -> bytes:
    if "\x00" in text:  # would end the value there
        raise psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
    return text.encode()


@lru_cache(maxsize=4096)  # a statement's times stand in four tables
def _time(value: datetime) -> str:
    if value.tzinfo is None:
        raise TypeError("a time needs its offset")
    return value.isoformat()


_TEXTS: dict[type, Callable[[Any], str]] = {
    int: str,
    bool: str,
    UUID: attrgetter("hex"),
    bytes: lambda value: "\\x" + value.hex(),
    datetime: _time,
    date: date.isoformat,
}
_UNQUOTED = frozenset({int, bool, UUID})


def _array(values: list[Any]) -> str:
    """Return a list as the text of an array (PostgreSQL, 8.15.6), for SQL that says its type: `CAST(:x AS text[])`."""
    kinds = set(map(type, values))
    if len(kinds) == 1:
        (kind,) = kinds
        text = _TEXTS.get(kind)
        if text is not None:
            if kind in _UNQUOTED:
                return f"{{{','.join(map(text, values))}}}"
            if kind is bytes:
                return '{"\\\\x' + '","\\\\x'.join(map(bytes.hex, values)) + '"}'
            return '{"' + '","'.join(map(text, values)) + '"}'
        if kind is str:
            quoted = '","'.join(values)
            if "\\" not in quoted and quoted.count('"') == 2 * (len(values) - 1):
                return f'{{"{quoted}"}}'
    return f"{{{','.join(map(_element, values))}}}"


def _element(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    text = _TEXTS.get(type(value))
    if text is None:
        raise TypeError(f"no text for a {type(value).__name__} in an array")
    if type(value) in _UNQUOTED:
        return text(value)
    return '"' + text(value).replace("\\", "\\\\") + '"'
