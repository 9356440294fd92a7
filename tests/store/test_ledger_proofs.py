"""Proofs read from the stored tiles, against the arithmetic over all leaves and against the verifiers."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.env import Env
from coldtrace.ledger import sequencer
from coldtrace.ledger import service as ledger
from coldtrace.ledger.paths import TileReader
from coldtrace.ledger.refusals import IndexOutOfRange, NoCheckpoint, OldAboveNew
from coldtrace.seal.checkpoint import open_checkpoint
from coldtrace.seal.consistency import verify_consistency
from coldtrace.seal.hashing import leaf_hash, sha256
from coldtrace.seal.inclusion import verify_inclusion
from coldtrace.seal.merkle import (
    Frontier,
    consistency_path,
    consistency_path_from,
    inclusion_path,
    inclusion_path_from,
    root_from,
    tree_root,
)
from support.house import make_env
from support.log_entries import LOG, append, grow
from support.ticking import TickingClock

SIZES = 300
FULL = 65_536
NEAR = (FULL - 2, FULL - 1, FULL, FULL + 1, FULL + 2, FULL + 257)


@pytest.fixture
def env(tmp_path: Path, sessions: sessionmaker[Session]) -> Env:
    made = replace(make_env(tmp_path / "keys"), clock=TickingClock())
    with sessions.begin() as session:
        ledger.open_log(session, made)
    return made


@pytest.fixture
def hashes() -> list[bytes]:
    return [leaf_hash(b"leaf %d" % number) for number in range(SIZES)]


@pytest.fixture
def every_size(
    engine: Engine, env: Env, sessions: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Session]:
    """A log of 300 leaves with a checkpoint at each size."""
    monkeypatch.setattr(sequencer, "BATCH_MAX", 1)
    with sessions.begin() as session:
        append(session, range(SIZES))
    with engine.begin() as connection:
        while grow(connection, env):
            pass
    with sessions() as session:
        yield session


def sample(size: int, scale: str) -> list[int]:
    """Return leaves worth asking for in a tree of `size`: all, or the edges and the middles."""
    if scale == "full":
        return list(range(size))
    edges = {0, 1, size // 2, size - 1, size - 2, 254, 255, 256, 257, size * 7 % size if size else 0, size * 5 // 8}
    return sorted(index for index in edges if 0 <= index < size)


def test_every_checkpoint_is_the_root_of_its_leaves(every_size: Session, env: Env, hashes: list[bytes]) -> None:
    vkey = every_size.execute(text("SELECT vkey FROM ledger_log")).scalar_one()
    rows = every_size.execute(text("SELECT tree_size, root, note FROM ledger_checkpoint ORDER BY tree_size")).all()
    assert [row.tree_size for row in rows] == list(range(SIZES + 1))
    for row in rows:
        opened = open_checkpoint(row.note, log=vkey).checkpoint
        assert (opened.origin, opened.size, opened.root) == (env.origin, row.tree_size, bytes(row.root))
        assert opened.root == tree_root(hashes[: row.tree_size])


def test_inclusion_at_every_size(every_size: Session, hashes: list[bytes], scale: str) -> None:
    reader = TileReader(every_size.connection(), LOG.id)
    for size in range(1, SIZES + 1):
        root = tree_root(hashes[:size])
        assert root_from(reader, size=size) == root
        for index in sample(size, scale):
            path = inclusion_path_from(reader, index=index, size=size)
            assert path == inclusion_path(hashes, index, size)
            assert verify_inclusion(leaf_hash=hashes[index], index=index, size=size, path=path, root=root)


def test_consistency_between_all_sizes(every_size: Session, hashes: list[bytes], scale: str) -> None:
    reader = TileReader(every_size.connection(), LOG.id)
    roots = [tree_root(hashes[:size]) for size in range(SIZES + 1)]
    for new in range(SIZES + 1):
        for old in [*sample(new, scale), new]:
            path = consistency_path_from(reader, old_size=old, new_size=new)
            assert path == consistency_path(hashes, old, new)
            assert verify_consistency(old_size=old, new_size=new, old_root=roots[old], new_root=roots[new], path=path)


def test_the_service_proves_published_sizes_only(every_size: Session, hashes: list[bytes]) -> None:
    root = tree_root(hashes[:257])
    path = ledger.inclusion_by_index(every_size, LOG, index=256, size=257)
    assert verify_inclusion(leaf_hash=hashes[256], index=256, size=257, path=path, root=root)
    assert ledger.consistency(every_size, LOG, old=257, new=257) == ()
    assert ledger.consistency(every_size, LOG, old=0, new=257) == ()
    assert len(ledger.consistency(every_size, LOG, old=256, new=257)) > 0
    for index, size in ((257, 257), (-1, 257), (0, 0)):
        with pytest.raises(IndexOutOfRange):
            ledger.inclusion_by_index(every_size, LOG, index=index, size=size)
    for index, size in ((0, SIZES + 1), (0, -1), (0, 2**62)):
        with pytest.raises(NoCheckpoint):
            ledger.inclusion_by_index(every_size, LOG, index=index, size=size)
    with pytest.raises(OldAboveNew):
        ledger.consistency(every_size, LOG, old=257, new=256)
    for old, new in ((-1, 5), (5, SIZES + 1), (2**62, 2**62)):
        with pytest.raises(NoCheckpoint):
            ledger.consistency(every_size, LOG, old=old, new=new)


def test_a_proof_asks_for_few_tiles(every_size: Session, hashes: list[bytes]) -> None:
    reader = TileReader(every_size.connection(), LOG.id)
    for index in (0, 100, 255, 256, 299):
        inclusion_path_from(reader, index=index, size=SIZES)
    assert len(reader._tiles) == 3


def test_a_hole_in_the_stored_leaves_is_never_papered_over(every_size: Session) -> None:
    reader = TileReader(every_size.connection(), LOG.id)
    with pytest.raises(LookupError):
        reader(0, SIZES)
    with pytest.raises(LookupError):
        reader(8, 1)


def fill(connection: Connection, size: int) -> list[bytes]:
    """Put `size` leaves and the nodes over their full tiles into the tables directly, with a fitting head."""
    connection.execute(
        text(
            "INSERT INTO ledger_leaf (log_id, leaf_index, entry_id, leaf_hash)"
            " SELECT 1, n, gen_random_uuid(), sha256(int8send(n)) FROM generate_series(0, :last) n"
        ),
        {"last": size - 1},
    )
    hashes = [sha256(number.to_bytes(8, "big")) for number in range(size)]
    connection.execute(
        text("INSERT INTO ledger_node (log_id, level, idx, hash) VALUES (1, 1, :idx, :hash)"),
        [{"idx": tile, "hash": tree_root(hashes[256 * tile : 256 * (tile + 1)])} for tile in range(size // 256)],
    )
    frontier = Frontier()
    frontier.extend(hashes)
    connection.execute(
        text("UPDATE ledger_head SET tree_size = :size, root = :root, frontier = :frontier"),
        {"size": size, "root": frontier.root(), "frontier": frontier.to_bytes()},
    )
    return hashes


def test_a_tree_of_two_levels_of_tiles(
    engine: Engine, env: Env, sessions: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Around 65,536 leaves the first tile of the second level is completed."""
    start = FULL - 3
    with engine.begin() as connection:
        hashes = fill(connection, start)
    more = FULL + 300 - start
    with sessions.begin() as session:
        append(session, range(more))
    hashes += [leaf_hash(b"leaf %d" % number) for number in range(more)]
    with engine.begin() as connection:
        monkeypatch.setattr(sequencer, "BATCH_MAX", 1)
        for _ in range(6):
            assert grow(connection, env) == 1
        monkeypatch.setattr(sequencer, "BATCH_MAX", 10_000)
        assert grow(connection, env) == more - 6
    with sessions() as session:
        found = session.execute(text("SELECT level, count(*), max(idx) FROM ledger_node GROUP BY level ORDER BY level"))
        assert [tuple(row) for row in found] == [(1, 257, 256), (2, 1, 0)]
        reader = TileReader(session.connection(), LOG.id)
        assert reader(16, 0) == tree_root(hashes[:FULL])
        roots = {size: tree_root(hashes[:size]) for size in (1, 255, 256, 32_768, *NEAR, len(hashes))}
        for size in (*NEAR, len(hashes)):
            for index in (0, 255, 256, 40_000, 65_279, 65_280, size - 2, size - 1):
                path = inclusion_path_from(reader, index=index, size=size)
                assert verify_inclusion(leaf_hash=hashes[index], index=index, size=size, path=path, root=roots[size])
            for old in (old for old in roots if old <= size):
                path = consistency_path_from(reader, old_size=old, new_size=size)
                assert verify_consistency(
                    old_size=old, new_size=size, old_root=roots[old], new_root=roots[size], path=path
                )
        published = ledger.checkpoint(session, LOG)
        assert (published.size, published.root) == (len(hashes), roots[len(hashes)])
