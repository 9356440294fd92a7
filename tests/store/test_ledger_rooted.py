"""A changed row never leaves the house: neither as a tile, nor as a bundle, a proof or a file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.env import Env
from coldtrace.ledger import service as ledger
from coldtrace.ledger import store
from coldtrace.ledger.publish import Publisher, export, log_folder, publish
from coldtrace.ledger.refusals import IndexOutOfRange, OldAboveNew, StoredDiffers
from coldtrace.ledger.rooted import check_some
from coldtrace.ledger.tiles import cache_of
from support.open_logs import opened, sign

SIZE = 700
LEAF = "UPDATE ledger_leaf SET leaf_hash = decode(repeat('00', 32), 'hex') WHERE leaf_index = :at"
ENTRY = (
    "UPDATE ledger_entry SET leaf = 'other' WHERE entry_id = (SELECT entry_id FROM ledger_leaf WHERE leaf_index = :at)"
)
NODE = "UPDATE ledger_node SET hash = decode(repeat('00', 32), 'hex') WHERE level = 1 AND idx = :at"


@pytest.fixture
def env(tmp_path: Path, engine: Engine, sessions: sessionmaker[Session]) -> Env:
    """A log of 700 leaves whose checkpoints at 300 and 700 are published."""
    made = opened(tmp_path, sessions)
    for start, count in ((0, 300), (300, 400)):
        sign(engine, made, count, start=start)
        publish(engine, made, made.log, log_folder(tmp_path / "host", made.log))
    return made


def tamper(engine: Engine, change: str, at: int) -> None:
    """Change a row as the owner of the database can."""
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        assert connection.execute(text(change), {"at": at}).rowcount == 1


@contextmanager
def fresh(engine: Engine) -> Iterator[Session]:
    """Read as a process that has just started: nothing is kept yet."""
    with Session(engine) as session:
        kept = cache_of(session.connection())
        kept._tiles.clear()
        kept._rooted.clear()
        kept.roots.clear()
        kept.differing.clear()
        yield session


def test_everything_is_answered_while_the_rows_are_as_signed(engine: Engine, env: Env) -> None:
    with fresh(engine) as session:
        for path in ("tile/0/000", "tile/0/001", "tile/0/002.p/188", "tile/1/000.p/2", "tile/entries/002.p/7"):
            assert ledger.tile(session, env.log, path)
        for index in range(0, SIZE, 37):
            assert ledger.inclusion_by_index(session, env.log, index=index, size=SIZE)
        assert ledger.consistency(session, env.log, old=300, new=SIZE)
        assert ledger.differing(session) == []


@pytest.mark.parametrize(
    ("change", "at", "path"),
    [
        (LEAF, 5, "tile/0/000"),
        (LEAF, 5, "tile/0/000.p/3"),
        (LEAF, 5, "tile/entries/000"),
        (LEAF, 690, "tile/0/002.p/188"),
        (LEAF, 690, "tile/1/000.p/2"),
        (ENTRY, 5, "tile/entries/000"),
        (ENTRY, 690, "tile/entries/002.p/188"),
        (NODE, 0, "tile/0/000"),
        (NODE, 1, "tile/1/000.p/2"),
    ],
)
def test_a_tile_that_does_not_give_the_root_is_no_answer(
    engine: Engine, env: Env, change: str, at: int, path: str
) -> None:
    tamper(engine, change, at)
    with fresh(engine) as session:
        with pytest.raises(StoredDiffers):
            ledger.tile(session, env.log, path)
        assert [each.code for each in ledger.differing(session)] == ["log_tiles_differ"]


@pytest.mark.parametrize("index", [4, 5, 6])
def test_a_proof_that_a_stranger_would_find_false_is_no_answer(engine: Engine, env: Env, index: int) -> None:
    tamper(engine, LEAF, 5)
    with fresh(engine) as session:
        entry = session.execute(text("SELECT entry_id FROM ledger_leaf WHERE leaf_index = :at"), {"at": index})
        (entry_id,) = entry.one()
        with pytest.raises(StoredDiffers):
            ledger.inclusion_by_index(session, env.log, index=index, size=SIZE)
        with pytest.raises(StoredDiffers):
            ledger.tlog_proof(session, env.log, entry_id)
        assert [each.code for each in ledger.differing(session)] == ["log_tiles_differ"]
        assert ledger.inclusion_by_index(session, env.log, index=600, size=SIZE)  # what still holds is still shown


def test_a_consistency_proof_that_would_not_hold_is_no_answer(engine: Engine, env: Env) -> None:
    tamper(engine, LEAF, 299)
    with fresh(engine) as session, pytest.raises(StoredDiffers):
        ledger.consistency(session, env.log, old=300, new=SIZE)


def test_an_index_and_sizes_that_make_no_question(engine: Engine, env: Env) -> None:
    with fresh(engine) as session:
        for index in (-1, SIZE):
            with pytest.raises(IndexOutOfRange):
                ledger.inclusion_by_index(session, env.log, index=index, size=SIZE)
        with pytest.raises(OldAboveNew):
            ledger.consistency(session, env.log, old=SIZE, new=300)


@pytest.mark.parametrize(("change", "at"), [(LEAF, 5), (ENTRY, 5), (NODE, 1), (LEAF, 690)])
def test_an_export_of_other_rows_is_refused_and_has_no_checkpoint(
    engine: Engine, env: Env, tmp_path: Path, change: str, at: int
) -> None:
    with engine.connect() as connection:
        head = store.published(connection, env.log.id)
    assert head is not None
    tamper(engine, change, at)
    with pytest.raises(StoredDiffers):
        export(engine, env, env.log, tmp_path / "mirror", head=head)
    assert not (tmp_path / "mirror/checkpoint").exists()


@pytest.mark.parametrize(("change", "at"), [(LEAF, 5), (ENTRY, 650)])
def test_the_publisher_looks_through_what_is_stored_and_stops_at_what_differs(
    engine: Engine, env: Env, tmp_path: Path, change: str, at: int
) -> None:
    with engine.connect() as connection:
        assert check_some(connection, env.log, start=0, count=2) == 2
        assert check_some(connection, env.log, start=2, count=2) == 3
        assert check_some(connection, env.log, start=3, count=2) == 2  # from the beginning
    tamper(engine, change, at)
    sign(engine, env, 1, start=SIZE)
    publisher = Publisher(engine, env, data_dir=tmp_path / "host", every_s=0.01)
    publisher._round()
    assert publisher.troubles[env.log.name].code == "log_tiles_differ"
    with engine.connect() as connection:
        shown = store.published(connection, env.log.id)
    assert shown is not None
    assert shown.size == SIZE
