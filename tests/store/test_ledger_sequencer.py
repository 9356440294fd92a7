"""The sequencer: every entry gets one place, in one order, whoever else is at work and whenever it dies."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.clock import new_id
from coldtrace.db.engine import make_engine
from coldtrace.env import FIRST_LOG, Env, Log
from coldtrace.ledger import sequencer, store
from coldtrace.ledger import service as ledger
from coldtrace.ledger.refusals import LogNotOpen, NoCheckpoint, NotLogged, NotYetIncluded
from coldtrace.ledger.sequencer import Sequencer, tick
from coldtrace.parties.keys import make_log_key
from coldtrace.seal.checkpoint import open_checkpoint
from coldtrace.seal.hashing import EMPTY_ROOT, leaf_hash
from coldtrace.seal.merkle import tree_root
from coldtrace.seal.tlog_proof import parse_tlog_proof, verify_tlog_proof
from support.house import make_env
from support.log_entries import append, grow, leaf_hashes, make_entry, placed_ids
from support.ticking import TickingClock


@pytest.fixture
def env(tmp_path: Path, sessions: sessionmaker[Session]) -> Env:
    made = replace(make_env(tmp_path / "keys"), clock=TickingClock())
    with sessions.begin() as session:
        ledger.open_log(session, made)
    return made


def run_tick(engine: Engine, env: Env) -> int:
    with engine.begin() as connection:
        return grow(connection, env)


def check_tree(engine: Engine, env: Env) -> int:
    """Check the newest checkpoint against the leaves, and the queue against the entries; return the size."""
    with engine.connect() as connection:
        hashes = leaf_hashes(connection)
        row = connection.execute(
            text("SELECT tree_size, root, note FROM ledger_checkpoint ORDER BY tree_size DESC LIMIT 1")
        ).one()
        vkey = connection.execute(text("SELECT vkey FROM ledger_log")).scalar_one()
        head = connection.execute(text("SELECT tree_size, root FROM ledger_head")).one()
        waiting = connection.execute(text("SELECT count(*) FROM ledger_pending")).scalar_one()
        entries = connection.execute(text("SELECT count(*) FROM ledger_entry")).scalar_one()
    opened = open_checkpoint(row.note, log=vkey).checkpoint
    assert (opened.origin, opened.size, opened.root) == (env.origin, len(hashes), tree_root(hashes))
    assert (row.tree_size, bytes(row.root)) == (head.tree_size, bytes(head.root)) == (opened.size, opened.root)
    assert entries == len(hashes) + waiting
    return len(hashes)


def test_an_opened_log_is_a_signed_empty_tree(engine: Engine, env: Env, sessions: sessionmaker[Session]) -> None:
    assert check_tree(engine, env) == 0
    with sessions() as session:
        assert ledger.checkpoint(session, env.log).root == EMPTY_ROOT
    assert run_tick(engine, env) == 0


def test_opening_twice_changes_nothing(env: Env, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        before = ledger.checkpoint(session, env.log)
        ledger.open_log(session, env)
        assert ledger.checkpoint(session, env.log) == before
        assert session.execute(text("SELECT count(*) FROM ledger_checkpoint")).scalar_one() == 1


def test_a_log_that_was_never_opened_signs_nothing(engine: Engine, tmp_path: Path, session: Session) -> None:
    env = make_env(tmp_path / "other")
    with pytest.raises(NoCheckpoint):
        ledger.checkpoint(session, env.log)
    with pytest.raises(LogNotOpen):
        append(session, [1])
    session.rollback()
    assert run_tick(engine, env) == 0


def test_entries_get_their_places_in_the_order_of_the_queue(
    engine: Engine, env: Env, sessions: sessionmaker[Session]
) -> None:
    ids = []
    for start in (0, 10, 15):
        with sessions.begin() as session:
            ids += append(session, range(start, start + 5))
    assert run_tick(engine, env) == 15
    assert check_tree(engine, env) == 15
    with engine.connect() as connection:
        assert placed_ids(connection) == ids
    assert run_tick(engine, env) == 0


def test_a_long_queue_is_taken_in_batches(
    engine: Engine, env: Env, sessions: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequencer, "BATCH_MAX", 7)
    with sessions.begin() as session:
        ids = append(session, range(20))
    assert [run_tick(engine, env) for _ in range(4)] == [7, 7, 6, 0]
    assert check_tree(engine, env) == 20
    with engine.connect() as connection:
        assert placed_ids(connection) == ids
        sizes = connection.execute(text("SELECT tree_size FROM ledger_checkpoint ORDER BY tree_size")).scalars().all()
    assert sizes == [0, 7, 14, 20]


def test_a_crash_before_the_commit_is_done_again(engine: Engine, env: Env, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        ids = append(session, range(300))
    for _ in range(3):
        connection = engine.connect()
        connection.begin()
        assert tick(connection, env, env.log, now=env.clock()) == 300
        connection.invalidate()  # the process died: its connection is gone
        connection.close()
    assert check_tree(engine, env) == 0
    assert run_tick(engine, env) == 300
    assert check_tree(engine, env) == 300
    with engine.connect() as connection:
        assert placed_ids(connection) == ids


def test_a_transaction_that_commits_late_is_not_lost(engine: Engine, env: Env, sessions: sessionmaker[Session]) -> None:
    """Identity values become visible out of order: whoever remembers the last one seen loses this entry."""
    with sessions() as slow:
        late = append(slow, [1])
        with sessions.begin() as quick:
            early = append(quick, [2, 3])
        assert run_tick(engine, env) == 2
        slow.commit()
    assert run_tick(engine, env) == 1
    assert check_tree(engine, env) == 3
    with engine.connect() as connection:
        assert placed_ids(connection) == [*early, *late]


def test_a_transaction_that_is_rolled_back_leaves_nothing(
    engine: Engine, env: Env, sessions: sessionmaker[Session]
) -> None:
    with sessions() as session:
        append(session, [1])
        session.rollback()
    assert run_tick(engine, env) == 0
    assert check_tree(engine, env) == 0


def test_the_second_of_two_sequencers_does_nothing(engine: Engine, env: Env, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        append(session, range(5))
    with engine.connect() as first, first.begin():
        assert tick(first, env, env.log, now=env.clock()) == 5
        assert run_tick(engine, env) == 0
    assert check_tree(engine, env) == 5


def tick_beside(engine: Engine, env: Env, first: Connection) -> list[object]:
    """Tick in a second transaction while `first` is open; return whether it had to wait, and what became of it."""
    done: list[object] = []

    def second() -> None:
        try:
            with engine.begin() as connection:
                done.append(tick(connection, env, env.log, now=env.clock()))
        except (DBAPIError, psycopg.Error) as error:  # leaves are copied past SQLAlchemy
            done.append(error)

    worker = threading.Thread(target=second)
    worker.start()
    worker.join(1)
    waited = worker.is_alive()
    first.commit()
    worker.join(30)
    return [waited, *done]


def test_the_row_of_the_head_alone_keeps_two_sequencers_apart(
    engine: Engine, env: Env, sessions: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    with sessions.begin() as session:
        append(session, range(5))
    with engine.connect() as first:
        assert tick(first, env, env.log, now=env.clock()) == 5
        with sessions.begin() as session:
            append(session, range(5, 8))
        monkeypatch.setattr(store, "SEQUENCER_LOCK", 77)
        assert tick_beside(engine, env, first) == [True, 3]
    assert check_tree(engine, env) == 8


def test_the_key_of_the_leaf_alone_keeps_two_sequencers_apart(
    engine: Engine, env: Env, sessions: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the lock and with a head that is not locked, the second finds its places taken and does nothing."""
    monkeypatch.setattr(sequencer, "text", lambda sql: text(sql.replace("FOR UPDATE OF ledger_head", "")))
    with sessions.begin() as session:
        append(session, range(5))
    with engine.connect() as first:
        assert tick(first, env, env.log, now=env.clock()) == 5
        with sessions.begin() as session:
            append(session, range(5, 8))
        monkeypatch.setattr(store, "SEQUENCER_LOCK", 77)
        waited, failed = tick_beside(engine, env, first)
    assert waited
    assert "duplicate key" in str(failed)
    assert check_tree(engine, env) == 5
    assert run_tick(engine, env) == 3
    assert check_tree(engine, env) == 8


def test_the_advisory_lock_alone_keeps_two_sequencers_apart(
    engine: Engine, env: Env, sessions: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sequencer, "text", lambda sql: text(sql.replace("FOR UPDATE OF ledger_head", "")))
    with sessions.begin() as session:
        append(session, range(5))
    with engine.connect() as first:
        assert tick(first, env, env.log, now=env.clock()) == 5
        with sessions.begin() as session:
            append(session, range(5, 8))
        assert tick_beside(engine, env, first) == [False, 0]
    assert run_tick(engine, env) == 3
    assert check_tree(engine, env) == 8


def test_two_sequencers_at_work_neither_double_nor_skip(
    engine: Engine, env: Env, sessions: sessionmaker[Session]
) -> None:
    done = threading.Event()
    failed: list[Exception] = []

    def keep_ticking() -> None:
        while not done.is_set():
            try:
                run_tick(engine, env)
            except DBAPIError as error:
                failed.append(error)

    workers = [threading.Thread(target=keep_ticking) for _ in range(2)]
    for worker in workers:
        worker.start()
    ids = []
    for number in range(60):
        with sessions.begin() as session:
            ids += append(session, range(number * 5, number * 5 + number % 9))
    done.set()
    for worker in workers:
        worker.join()
    run_tick(engine, env)
    assert failed == []
    assert check_tree(engine, env) == len(ids)
    with engine.connect() as connection:
        assert set(placed_ids(connection)) == set(ids)


def note_published(engine: Engine, env: Env) -> None:
    with engine.begin() as connection:
        grow(connection, env)


@pytest.fixture
def running(engine: Engine, env: Env) -> Iterator[Sequencer]:
    thread = Sequencer(engine, env, tick_s=0.02, placed=lambda: note_published(engine, env))
    thread.start()
    yield thread
    thread.stop()


def test_the_background_sequencer_places_what_comes(
    running: Sequencer, engine: Engine, env: Env, sessions: sessionmaker[Session]
) -> None:
    for number in range(3):
        with sessions.begin() as session:
            ids = append(session, [number])
        waited = threading.Event()
        for _ in range(500):
            with sessions() as session:
                if ledger.find_proof(session, env.log, ids[0]) is not None:
                    break
            waited.wait(0.01)
        else:
            pytest.fail("not placed within five seconds")
    running.stop()
    assert check_tree(engine, env) == 3


def test_the_background_sequencer_outlives_a_fault(
    engine: Engine, env: Env, sessions: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    faults = iter([RuntimeError("the disk is full")])
    plain = sequencer.tick

    def faulty(*args: object, **values: object) -> int:
        for fault in faults:
            raise fault
        return plain(*args, **values)  # type: ignore[arg-type]

    monkeypatch.setattr(sequencer, "tick", faulty)
    thread = Sequencer(engine, env, tick_s=0.02, placed=lambda: note_published(engine, env))
    monkeypatch.setattr(thread._stop, "wait", lambda seconds: thread._stop.is_set())
    with sessions.begin() as session:
        ids = append(session, [1])
    thread.start()
    pause = threading.Event()
    for _ in range(500):
        with sessions() as session:
            if ledger.find_proof(session, env.log, ids[0]) is not None:
                break
        pause.wait(0.01)
    thread.stop()
    assert "the disk is full" in caplog.text
    assert check_tree(engine, env) == 1


def test_a_commit_whose_answer_is_lost_is_not_done_twice(
    engine: Engine, env: Env, sessions: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """The server committed, the connection went before it could say so: the head tells, nothing is assumed."""
    plain = sequencer.tick
    cuts = iter([True])

    def cut_off(connection: Connection, *args: object, **values: object) -> int:
        placed = plain(connection, *args, **values)  # type: ignore[arg-type]
        if placed and next(cuts, False):
            connection.commit()
            raise OperationalError("COMMIT", None, Exception("the server closed the connection unexpectedly"))
        return placed

    monkeypatch.setattr(sequencer, "tick", cut_off)
    monkeypatch.setattr(sequencer, "PAUSE_S", 0.01)
    with sessions.begin() as session:
        append(session, range(5))
    thread = Sequencer(engine, env, tick_s=0.01)
    thread.start()
    pause = threading.Event()
    for _ in range(300):
        if "closed the connection" in caplog.text:
            break
        pause.wait(0.02)
    with sessions.begin() as session:
        append(session, range(5, 8))
    for _ in range(300):
        with sessions() as session:
            if not ledger.waiting(session, env.log):
                break
        pause.wait(0.02)
    thread.stop()
    assert check_tree(engine, env) == 8


def test_two_processes_may_host_it(engine: Engine, env: Env, sessions: sessionmaker[Session]) -> None:
    """Each of two sequencers has its own engine, as two server processes have."""
    other = make_engine(str(engine.url.render_as_string(hide_password=False)), pool_size=2)
    hosts = [Sequencer(each, env, tick_s=0.005) for each in (engine, other)]
    for host in hosts:
        host.start()
    for number in range(40):
        with sessions.begin() as session:
            append(session, range(number * 10, number * 10 + 10))
    pause = threading.Event()
    for _ in range(500):
        with sessions() as session:
            if not ledger.waiting(session, env.log):
                break
        pause.wait(0.01)
    for host in hosts:
        host.stop()
        assert host.troubles == {}
    other.dispose()
    assert check_tree(engine, env) == 400


def test_a_frozen_log_signs_nothing(engine: Engine, env: Env, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        append(session, [1])
        session.execute(text("UPDATE ledger_log SET state = 'frozen'"))
    assert run_tick(engine, env) == 0
    assert check_tree(engine, env) == 0


@pytest.mark.parametrize("damage", ["tree_size = tree_size + 1", "root = sha256('x')", "frontier = frontier || 'x'"])
def test_a_damaged_head_is_never_signed(engine: Engine, env: Env, sessions: sessionmaker[Session], damage: str) -> None:
    with sessions.begin() as session:
        append(session, range(3))
    run_tick(engine, env)
    with sessions.begin() as session:
        append(session, range(3))
        session.execute(text(f"UPDATE ledger_head SET {damage}"))
    with pytest.raises(Exception, match=r"frontier|前沿"):
        run_tick(engine, env)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT max(tree_size) FROM ledger_checkpoint")).scalar_one() == 3


def test_a_damaged_log_does_not_stop_the_logs_after_it(
    engine: Engine, env: Env, sessions: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_log_key(env, "north")
    with sessions.begin() as session:
        north = ledger.open_named_log(session, env, origin="trace.example.cn/logs/north")
    monkeypatch.setattr(sequencer, "PAUSE_S", 0.01)
    plain = sequencer.tick
    damages = {"log_head_damaged": None, "log_signing_failed": ValueError("a fault of our own")}
    for number, (code, fault) in enumerate(damages.items(), 1):

        def faulty(connection: Connection, env: Env, log: Log, *, now: datetime, fault: object = fault) -> int:
            if log.id == FIRST_LOG and isinstance(fault, Exception):
                raise fault
            return plain(connection, env, log, now=now)

        monkeypatch.setattr(sequencer, "tick", faulty)
        with sessions.begin() as session:
            append(session, range(3))
            ledger.append(session, north, [make_entry(number)])
            session.execute(text("UPDATE ledger_head SET root = sha256('x') WHERE log_id = 1"))
        thread = Sequencer(engine, env, tick_s=0.01)
        thread.start()
        pause = threading.Event()
        for _ in range(500):
            with sessions() as session:
                if ledger.signed_head(session, north).size == number:
                    break
            pause.wait(0.01)
        else:
            pytest.fail("the damaged log kept the other from growing")
        thread.stop()
        assert {name: each.code for name, each in thread.troubles.items()} == {"test": code}
        with sessions() as session:
            assert ledger.signed_head(session, env.log).size == 0


def test_the_proof_file_of_one_entry(engine: Engine, env: Env, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        ids = append(session, range(10))
        for wrong in (ids[0], new_id()):
            with pytest.raises(NotYetIncluded if wrong in ids else NotLogged):
                ledger.tlog_proof(session, env.log, wrong)
    run_tick(engine, env)
    with sessions() as session:
        vkey = session.execute(text("SELECT vkey FROM ledger_log")).scalar_one()
        for number, entry_id in enumerate(ids):
            proof = ledger.tlog_proof(session, env.log, entry_id)[0].text()
            assert parse_tlog_proof(proof).index == number
            opened = verify_tlog_proof(proof, leaf_hash=leaf_hash(b"leaf %d" % number), log=vkey)
            assert opened.checkpoint.size == 10


def test_receipted_entries_are_leaves_or_wait(engine: Engine, env: Env, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        first = append(session, range(4))
    run_tick(engine, env)
    with sessions.begin() as session:
        second = append(session, range(3))
        known = ledger.known_entries(session, [*first, *second, new_id()])
        assert set(known) == {*first, *second}
        head = ledger.checkpoint(session, env.log)
        assert set(ledger.prove(session, env.log, [*first, *second], head)) == set(first)
