"""A hot session gives what SQLAlchemy's gives, in the same transaction, and tells every error before the commit."""

from datetime import UTC, date, datetime
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, select

from coldtrace.custody.model import Mark
from coldtrace.db.hot_session import HotSession, make_hot_sessions
from coldtrace.parties.tables import SiteRow
from coldtrace.web.database_trouble import is_race

VALUES = {
    "names": ['a "quoted", {one}', "b%\\\\ \\", ":c '' 冻品 \n"],
    "ids": [UUID(int=1), UUID(int=2), None],
    "times": [datetime(2026, 11, 28, tzinfo=UTC), None, None],
    "data": [b"\x00\xff", b"", b"x"],
    "mark": Mark.GAP,
    "none": None,
}
QUERY = (
    "SELECT name, id, at, data, CAST(:mark AS text) AS mark, CAST(:none AS text) AS none, name LIKE '%b%' AS has_b, 1"
    " FROM unnest(CAST(:names AS text[]), CAST(:ids AS uuid[]), CAST(:times AS timestamptz[]), CAST(:data AS bytea[]))"
    " AS v (name, id, at, data)"
)


@pytest.fixture
def hot(engine: Engine) -> HotSession:
    """A hot session on a database of this test."""
    session = make_hot_sessions(engine)()
    assert isinstance(session, HotSession)
    return session


def test_the_same_rows_as_without(hot: HotSession, session: Session) -> None:
    expected = session.execute(text(QUERY), VALUES).all()
    with hot, hot.hot():
        rows = hot.execute(text(QUERY), VALUES).all()
    assert [tuple(row) for row in rows] == [tuple(row) for row in expected]
    assert [row.name for row in rows] == VALUES["names"]
    assert [row._mapping["has_b"] for row in rows] == [row._mapping["has_b"] for row in expected]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("text", ["", "NULL", "null", "\\", '"', "{}", ",", " a ", None, "\U0001f9ca", Mark.GAP]),
        ("bytea", [b"", b"\\x", bytes(range(256)), None]),
        ("uuid", [UUID(int=0), UUID(int=2**128 - 1), None]),
        ("bigint", [0, -1, 2**63 - 1, -(2**63), None]),
        ("boolean", [True, False, None]),
        ("timestamptz", [datetime(1, 1, 2, tzinfo=UTC), datetime(2026, 11, 28, 1, 2, 3, 456789, tzinfo=UTC), None]),
        ("date", [date(2026, 11, 28), None]),
        ("text", []),
        ("bigint", [None]),
    ],
)
def test_every_value_of_an_array_arrives_as_it_is(hot: HotSession, kind: str, values: list[object]) -> None:
    with hot, hot.hot():
        rows = hot.execute(text(f"SELECT v FROM unnest(CAST(:values AS {kind}[])) AS v"), {"values": values}).all()
    assert [row.v for row in rows] == values


def test_a_zero_byte_is_refused_and_never_cuts_a_text_off(hot: HotSession) -> None:
    with hot, hot.hot(), pytest.raises(psycopg.DataError):
        hot.execute(text("SELECT CAST(:values AS text[])"), {"values": ["a\x00b"]}).all()


def test_one_value_and_none(hot: HotSession) -> None:
    with hot, hot.hot():
        assert hot.execute(text("SELECT 7")).scalar_one() == 7
        assert hot.execute(text("SELECT 7 WHERE false")).scalar_one_or_none() is None
        assert hot.execute(text("SELECT 7 WHERE false")).first() is None
        assert list(hot.execute(text("SELECT * FROM generate_series(1, 3)")).scalars()) == [1, 2, 3]
        with pytest.raises(ValueError, match="unpack"):
            hot.execute(text("SELECT * FROM generate_series(1, 3)")).one()


def test_what_was_written_is_read_and_rolled_back_with_the_session(hot: HotSession, engine: Engine) -> None:
    with hot, hot.hot():
        hot.execute(text("CREATE TABLE kept (n int)"))
        hot.execute(text("INSERT INTO kept VALUES (:n)"), {"n": 1})
        assert hot.execute(text("SELECT n FROM kept")).scalar_one() == 1
    with engine.connect() as connection:
        assert connection.execute(text("SELECT to_regclass('kept')")).scalar_one() is None


def test_an_error_of_what_was_only_written_is_raised_before_the_commit(engine: Engine) -> None:
    sessions = make_hot_sessions(engine)

    def write() -> None:
        with sessions.begin() as session:
            assert isinstance(session, HotSession)
            with session.hot():
                session.execute(text("CREATE TABLE kept (n int PRIMARY KEY)"))
                session.execute(text("INSERT INTO kept VALUES (1)"))
                session.execute(text("INSERT INTO kept VALUES (1)"))

    with pytest.raises(psycopg.errors.UniqueViolation):
        write()
    with sessions.begin() as session:  # the connection is as good as before
        assert session.execute(text("SELECT to_regclass('kept')")).scalar_one() is None


def test_after_it_was_hot_a_session_is_as_ever_and_plans_as_before(hot: HotSession) -> None:
    with hot:
        with hot.hot():
            assert hot.execute(text("SHOW plan_cache_mode")).scalar_one() == "force_generic_plan"
            with pytest.raises(TypeError):
                hot.exec(select(SiteRow))
        assert hot.exec(select(SiteRow)).all() == []
        hot.rollback()
        assert hot.execute(text("SHOW plan_cache_mode")).scalar_one() == "auto"


def test_answers_may_be_looked_at_in_any_order(hot: HotSession) -> None:
    with hot, hot.hot():
        first, second = (hot.execute(text("SELECT CAST(:n AS int) AS n"), {"n": n}) for n in (1, 2))
        assert (second.scalar_one(), first.scalar_one(), second.scalar_one()) == (2, 1, 2)


def test_much_may_be_on_its_way_in_both_directions(hot: HotSession) -> None:
    """More than the buffers of both sides hold: whoever wrote on without reading would wait for ever."""
    said = "x" * 1_000_000
    with hot, hot.hot():
        asked = [hot.execute(text("SELECT CAST(:said AS text) || :said"), {"said": said}) for _ in range(40)]
        assert {len(each.scalar_one()) for each in asked} == {2_000_000}
        for _ in range(40):
            hot.execute(text("SELECT CAST(:said AS text) || :said"), {"said": said})


def test_after_an_error_the_connection_prepares_what_is_missing(engine: Engine) -> None:
    """Also what was sent behind the error, and never prepared."""
    sessions = make_hot_sessions(engine)

    def run(divisor: int) -> list[int]:
        with sessions.begin() as session:
            assert isinstance(session, HotSession)
            with session.hot():
                first = session.execute(text("SELECT 8 / CAST(:by AS int)"), {"by": divisor})
                second = session.execute(text("SELECT 9 / CAST(:by AS int)"), {"by": divisor})
                return [first.scalar_one(), second.scalar_one()]

    for _ in range(2):
        with pytest.raises(psycopg.errors.DivisionByZero):
            run(0)
        assert run(1) == [8, 9]


def test_what_somebody_deallocated_is_a_race_and_prepared_again(engine: Engine) -> None:
    sessions = make_hot_sessions(engine)

    def run() -> int:
        with sessions.begin() as session:
            assert isinstance(session, HotSession)
            with session.hot():
                return int(session.execute(text("SELECT 7")).scalar_one())

    assert run() == 7
    with sessions.begin() as session:
        session.execute(text("DEALLOCATE ALL"))
    with pytest.raises(psycopg.errors.InvalidSqlStatementName) as raised:
        run()
    assert is_race(raised.value)
    assert run() == 7


def test_reads_between_leave_what_a_hot_session_prepared(engine: Engine) -> None:
    """The driver would prepare a query at its sixth time, and at the next rollback drop it and everything else."""
    sessions = make_hot_sessions(engine)

    def run() -> int:
        with sessions.begin() as session:
            assert isinstance(session, HotSession)
            with session.hot():
                return int(session.execute(text("SELECT 7")).scalar_one())

    assert run() == 7
    with sessions() as session:
        for _ in range(8):
            assert session.execute(text("SELECT 8")).scalar_one() == 8
    assert run() == 7


def test_a_value_of_a_kind_that_has_no_text_is_a_bug_told_at_once(hot: HotSession) -> None:
    with hot, hot.hot():
        for value in ({"a": 1}, [[1]], datetime(2026, 11, 28)):  # noqa: DTZ001
            with pytest.raises(TypeError):
                hot.execute(text("SELECT CAST(:value AS text)"), {"value": value})
        assert hot.execute(text("SELECT 7")).scalar_one() == 7
