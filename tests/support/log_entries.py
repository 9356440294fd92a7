"""Entries of a log for tests: the leaf says its number and nothing else."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, text
from sqlmodel import Session

from coldtrace.clock import new_id
from coldtrace.env import FIRST_LOG, Env, Log
from coldtrace.ledger import service as ledger
from coldtrace.ledger import store
from coldtrace.ledger.model import Entry
from coldtrace.ledger.sequencer import tick
from coldtrace.seal.hashing import leaf_hash
from support.ticking import START

LOG = Log(id=FIRST_LOG, origin="trace.example.cn/logs/test")


def make_entry(number: int, *, at: datetime = START) -> Entry:
    """Return an entry with a fresh id."""
    leaf = b"leaf %d" % number
    return Entry(entry_id=new_id(at), leaf=leaf, leaf_hash=leaf_hash(leaf), received_at=at)


def grow(connection: Connection, env: Env) -> int:
    """Have the sequencer tick once, and note its head as published; return how many entries were placed."""
    placed = tick(connection, env, env.log, now=env.clock())
    head = store.newest_checkpoint(connection, env.log.id)
    if head is not None:
        store.set_published(connection, env.log.id, head, cosignatures=0, at=env.clock())
    return placed


def append(session: Session, numbers: Iterable[int]) -> list[UUID]:
    """Append entries with these numbers and return their ids."""
    entries = [make_entry(number) for number in numbers]
    ledger.append(session, LOG, entries)
    return [entry.entry_id for entry in entries]


def leaf_hashes(connection: Connection) -> list[bytes]:
    """Return the hashes of all leaves, and check that their places are dense."""
    rows = connection.execute(text("SELECT leaf_index, leaf_hash FROM ledger_leaf ORDER BY leaf_index")).all()
    assert [row.leaf_index for row in rows] == list(range(len(rows)))
    return [bytes(row.leaf_hash) for row in rows]


def placed_ids(connection: Connection) -> Sequence[UUID]:
    """Return the entries in the order of their places."""
    return [row[0] for row in connection.execute(text("SELECT entry_id FROM ledger_leaf ORDER BY leaf_index"))]
