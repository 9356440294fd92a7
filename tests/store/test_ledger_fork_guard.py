"""The fork guard: a database that forgot what was published signs nothing any more, and says why."""

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.db.engine import make_engine, read_url
from coldtrace.db.programs import program
from coldtrace.env import Env
from coldtrace.ledger import fork_guard, store
from coldtrace.ledger import service as ledger
from coldtrace.ledger.fork_guard import (
    Look,
    Outside,
    check,
    frozen_reason,
    published_file,
    reason_facts,
    require_growth,
)
from coldtrace.ledger.model import Head, LogState
from coldtrace.ledger.publish import export, log_folder, publish
from coldtrace.ledger.refusals import ForkAhead, ForkDiffers, HeadWentBack, LogNotOpen, OutsideUnreadable
from coldtrace.ledger.sequencer import Sequencer
from support.databases import Databases
from support.log_entries import LOG, append
from support.open_logs import opened, sign


@pytest.fixture
def env(tmp_path: Path, sessions: sessionmaker[Session]) -> Env:
    return opened(tmp_path, sessions)


@pytest.fixture
def folder(tmp_path: Path, env: Env) -> Path:
    return log_folder(tmp_path, env.log)


def state(engine: Engine) -> tuple[LogState, str | None]:
    with engine.connect() as connection:
        (found,) = store.log_status(connection)
    return found.state, found.reason


def guard(engine: Engine, env: Env, folder: Path) -> object:
    with engine.begin() as connection:
        return check(connection, env.log, published_file(folder), now=env.clock())


def run_once(engine: Engine, env: Env, folder: Path, *, until: int = 200) -> Sequencer:
    """Run a new process's sequencer until the queue is empty or it has a trouble."""
    sequencer = Sequencer(engine, env, tick_s=0.01, outside=lambda log: Look(found=tuple(published_file(folder))))
    sequencer.start()
    pause = threading.Event()
    for _ in range(until):
        with Session(engine) as session:
            if sequencer.troubles or not ledger.waiting(session, env.log):
                break
        pause.wait(0.02)
    sequencer.stop()
    return sequencer


def test_a_head_that_leads_to_what_was_published_may_sign(engine: Engine, env: Env, folder: Path) -> None:
    assert guard(engine, env, folder) is None  # nothing was ever published
    for start in (0, 5, 10):
        sign(engine, env, 5, start=start)
        if start == 5:
            publish(engine, env, env.log, folder)
        assert guard(engine, env, folder) is None
    assert state(engine) == (LogState.OPEN, None)
    with Session(engine) as session, session.begin():
        append(session, range(3))
    sequencer = run_once(engine, env, folder)
    assert sequencer.troubles == {}
    with Session(engine) as session:
        assert ledger.signed_head(session, env.log).size == 18


def dump(url: str, target: Path) -> None:
    plain = url.replace("+psycopg", "")
    subprocess.run([program("pg_dump"), "-Fc", "--no-owner", "--no-acl", "-f", target, plain], check=True)


def restore(url: str, source: Path) -> None:
    plain = url.replace("+psycopg", "")
    subprocess.run(
        [program("pg_restore"), "--no-owner", "--no-acl", "--exit-on-error", "-d", plain, source], check=True
    )


def test_a_restored_older_backup_freezes_the_log(
    engine: Engine, database_url: str, empty_database_url: str, env: Env, folder: Path, tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    sign(engine, env, 5)
    publish(engine, env, env.log, folder)
    dump(database_url, tmp_path / "backup")
    sign(engine, env, 5, start=5)
    publish(engine, env, env.log, folder)
    restore(empty_database_url, tmp_path / "backup")
    restored = make_engine(empty_database_url, pool_size=4)
    try:
        with Session(restored) as session, session.begin():
            append(session, range(50, 53))
        sequencer = run_once(restored, env, folder)
        assert {name: each.code for name, each in sequencer.troubles.items()} == {"test": "log_behind_its_checkpoint"}
        found, reason = state(restored)
        assert found is LogState.FROZEN
        assert reason is not None
        assert json.loads(reason) == {
            "code": "log_behind_its_checkpoint", "name": "test", "head": 5, "size": 10, "where": "logs/test/checkpoint",
        }  # fmt: skip
        why = frozen_reason(reason)
        assert isinstance(why, ForkAhead)
        assert "10" in why.say("zh")
        assert "restored to an older state" in caplog.text
        with Session(restored) as session:
            assert ledger.signed_head(session, env.log).size == 5
            with pytest.raises(LogNotOpen):
                append(session, [1])
        # Another start changes nothing, and nobody thaws it in passing.
        assert run_once(restored, env, folder, until=5).troubles == {}
        with Session(restored) as session, session.begin(), pytest.raises(DBAPIError, match="never opened again"):
            session.execute(text("UPDATE ledger_log SET state = 'open'"))
    finally:
        restored.dispose()


def test_the_whole_backup_passes(
    engine: Engine, database_url: str, empty_database_url: str, env: Env, folder: Path, tmp_path: Path
) -> None:
    sign(engine, env, 5)
    publish(engine, env, env.log, folder)
    dump(database_url, tmp_path / "backup")
    restore(empty_database_url, tmp_path / "backup")
    restored = make_engine(empty_database_url)
    try:
        assert guard(restored, env, folder) is None
        sign(restored, env, 5, start=5)
    finally:
        restored.dispose()


def test_a_rewritten_history_freezes_the_log(engine: Engine, env: Env, folder: Path) -> None:
    sign(engine, env, 300)
    publish(engine, env, env.log, folder)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE ledger_leaf DISABLE TRIGGER USER"))
        connection.execute(text("UPDATE ledger_leaf SET leaf_hash = sha256('forged') WHERE leaf_index = 299"))
        connection.execute(text("ALTER TABLE ledger_leaf ENABLE TRIGGER USER"))
    assert isinstance(guard(engine, env, folder), ForkDiffers)
    assert state(engine)[0] is LogState.FROZEN


def test_leaves_that_are_gone_freeze_the_log(engine: Engine, env: Env, folder: Path) -> None:
    sign(engine, env, 10)
    publish(engine, env, env.log, folder)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE ledger_leaf DISABLE TRIGGER USER"))
        connection.execute(text("DELETE FROM ledger_leaf WHERE leaf_index = 3"))
    assert isinstance(guard(engine, env, folder), ForkDiffers)


def test_an_unreadable_checkpoint_outside_stops_signing_without_freezing(
    engine: Engine, env: Env, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sign(engine, env, 5)
    publish(engine, env, env.log, folder)
    good = (folder / "checkpoint").read_bytes()
    (folder / "checkpoint").write_bytes(good[:-20])
    with Session(engine) as session, session.begin():
        append(session, range(3))
    sequencer = run_once(engine, env, folder)
    assert [each.code for each in sequencer.troubles.values()] == ["outside_checkpoint_unreadable"]
    assert state(engine) == (LogState.OPEN, None)
    with Session(engine) as session:
        assert ledger.signed_head(session, env.log).size == 5
    (folder / "checkpoint").write_bytes(good)
    assert run_once(engine, env, folder).troubles == {}
    with Session(engine) as session:
        assert ledger.signed_head(session, env.log).size == 8


def test_what_another_log_signed_is_no_checkpoint_of_ours(engine: Engine, env: Env, tmp_path: Path) -> None:
    sign(engine, env, 1)
    note = b"trace.example.cn/logs/test\n1\n" + b"A" * 43 + b"=\n\n\xe2\x80\x94 x AAAAAAAA\n"
    with engine.begin() as connection, pytest.raises(OutsideUnreadable, match="untrusted_note"):
        check(connection, LOG, [Outside(note=note, where="a witness")], now=env.clock())


def test_a_log_that_was_never_opened_has_nothing_to_guard(session: Session, env: Env, databases: Databases) -> None:
    from coldtrace.env import Log

    never = Log(id=9, origin="trace.example.cn/logs/never")
    assert check(session.connection(), never, [Outside(note=b"x", where="y")], now=env.clock()) is None
    assert fork_guard.frozen_reason(None) is None


@pytest.mark.parametrize("words", ["by hand, ticket 7", "7", '"text"', "[]", '{"code": "log_of_tomorrow"}', ""])
def test_a_log_frozen_by_hand_keeps_the_words_of_who_did_it(words: str) -> None:
    assert frozen_reason(words) is None
    assert reason_facts(words) == ({"code": "log_of_tomorrow"} if "tomorrow" in words else words or None)


def test_after_a_fault_the_guard_asks_again(
    engine: Engine, env: Env, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that was away may have come back as an older copy of itself."""
    asked: list[int] = []

    def outside(log: object) -> Look:
        asked.append(1)
        return Look()

    own = make_engine(engine.url.render_as_string(hide_password=False), pool_size=1, pool_overflow=0)
    sequencer = Sequencer(own, env, tick_s=0.01, outside=outside)  # one connection, so that only the fault counts
    faults = iter([ConnectionError("cut off at the commit")])
    from coldtrace.ledger import sequencer as module

    plain = module.tick

    def faulty(*args: object, **values: object) -> int:
        for fault in faults:
            raise fault
        return plain(*args, **values)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "tick", faulty)
    monkeypatch.setattr(module, "PAUSE_S", 0.01)
    with Session(engine) as session, session.begin():
        append(session, range(3))
    sequencer.start()
    pause = threading.Event()
    for _ in range(300):
        with Session(engine) as session:
            if ledger.signed_head(session, env.log).size == 3:
                break
        pause.wait(0.02)
    sequencer.stop()
    own.dispose()
    assert len(asked) == 2
    assert "cut off at the commit" in caplog.text
    with Session(engine) as session:
        assert ledger.signed_head(session, env.log).size == 3


# A server that becomes an older copy of itself behind the same address


def swap(database_url: str, other_url: str) -> str:
    """End all connections, and give the other database the name of the first; return the URL of what was there."""
    here, other = (str(read_url(url).database) for url in (database_url, other_url))
    admin = read_url(database_url).set(drivername="postgresql", database="postgres")
    with psycopg.connect(admin.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ANY(%s)", ([here, other],)
        )
        for old, new in ((here, f"{here}_gone"), (other, here)):
            connection.execute(SQL("ALTER DATABASE {} RENAME TO {}").format(Identifier(old), Identifier(new)))
    return read_url(database_url).set(database=f"{here}_gone").render_as_string(hide_password=False)


def wait_until(happened: Callable[[], object], *, patience_s: float = 15) -> None:
    pause = threading.Event()
    for _ in range(int(patience_s / 0.02)):
        if happened():
            return
        pause.wait(0.02)
    pytest.fail("it did not happen")


@pytest.fixture
def older_url(engine: Engine, env: Env, folder: Path, databases: Databases, database_url: str) -> Iterator[str]:
    """A copy of the database from before its last five leaves; the database has ten, all published."""
    sign(engine, env, 5)
    engine.dispose()
    url = databases.copy(database_url)
    sign(engine, env, 5, start=5)
    publish(engine, env, env.log, folder)
    engine.dispose()
    yield url
    databases.drop(url)


def test_a_connection_that_was_renewed_in_silence_is_guarded_anew(
    env: Env, folder: Path, databases: Databases, database_url: str, older_url: str
) -> None:
    """Between two ticks the pool puts a new connection in the place of a dead one, and nothing is raised."""
    asked: list[int] = []

    def outside(log: object) -> Look:
        asked.append(1)
        return Look(found=tuple(published_file(folder)))

    engine = make_engine(database_url, pool_size=2)
    sequencer = Sequencer(engine, env, tick_s=1.0, outside=outside)
    gone = None
    try:
        sequencer.start()
        wait_until(lambda: asked and not sequencer.troubles and sequencer._seen)
        gone = swap(database_url, older_url)
        with Session(engine) as session, session.begin():
            append(session, range(900, 903))
        wait_until(lambda: sequencer.troubles)
        assert {each.code for each in sequencer.troubles.values()} == {"log_behind_its_checkpoint"}
        with Session(engine) as session:
            assert ledger.signed_head(session, env.log).size == 5
        assert state(engine)[0] is LogState.FROZEN
    finally:
        sequencer.stop()
        engine.dispose()
        if gone is not None:
            databases.drop(gone)


def test_a_process_remembers_where_the_log_stood(
    env: Env, databases: Databases, database_url: str, older_url: str
) -> None:
    """Also where nothing outside the database could tell: no file, no witness."""
    engine = make_engine(database_url, pool_size=2)
    sequencer = Sequencer(engine, env, tick_s=0.05)
    gone = None
    try:
        sequencer.start()
        wait_until(lambda: sequencer._seen.get(env.log.id, Head(size=0, root=b"")).size == 10)
        gone = swap(database_url, older_url)
        with Session(engine) as session, session.begin():
            append(session, range(900, 910))
        wait_until(lambda: isinstance(sequencer.troubles.get(env.log.name), HeadWentBack))
        with Session(engine) as session:
            assert ledger.signed_head(session, env.log).size == 5
        assert state(engine)[0] is LogState.OPEN
    finally:
        sequencer.stop()
        engine.dispose()
        if gone is not None:
            databases.drop(gone)


def test_growth_by_another_host_is_no_step_back(engine: Engine, env: Env) -> None:
    sign(engine, env, 300)
    with engine.connect() as connection:
        before = store.head(connection, env.log.id)
    sign(engine, env, 5, start=300)
    with engine.connect() as connection:
        now = store.head(connection, env.log.id)
        assert require_growth(connection, env.log, since=before) == now
        assert require_growth(connection, env.log, since=now) == now
        for other in (Head(size=300, root=bytes(32)), Head(size=305, root=bytes(32)), Head(size=306, root=bytes(32))):
            with pytest.raises(HeadWentBack):
                require_growth(connection, env.log, since=other)


def test_publishing_freezes_a_log_that_does_not_lead_to_what_was_published(
    env: Env, folder: Path, older_url: str
) -> None:
    """The backup grew beyond the published size: its checkpoint is larger, and of another history."""
    honest = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    forked = make_engine(older_url)
    try:
        sign(forked, env, 400, start=5000)
        with Session(forked) as session:
            head = ledger.signed_head(session, env.log)
        with pytest.raises(ForkDiffers):
            export(forked, env, env.log, folder, head=head)
        assert state(forked)[0] is LogState.FROZEN
        with pytest.raises(ForkDiffers):
            publish(forked, env, env.log, folder)
    finally:
        forked.dispose()
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == honest


def test_publishing_from_an_older_database_freezes_it(env: Env, folder: Path, older_url: str) -> None:
    older = make_engine(older_url)
    try:
        with pytest.raises(ForkAhead):
            publish(older, env, env.log, folder)
        assert state(older)[0] is LogState.FROZEN
    finally:
        older.dispose()
